"""The small parts of the transfer: settings, limiter, checks, body."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camunda_client.errors import SettingsError
from camunda_client.modeler.backend import ModelFile, type_name
from camunda_client.modeler.checking import BPMN, check_file
from camunda_client.modeler.clock import Clock
from camunda_client.modeler.limiter import RateLimit
from camunda_client.modeler.settings import ModelerSettings

ENVIRONMENT = {
    "CAMUNDA_CLIENT_ID": "id",
    "CAMUNDA_CLIENT_SECRET": "hush",
    "CAMUNDA_OAUTH_URL": "https://login.test/oauth/token",
    "CAMUNDA_MODELER_API_URL": "https://modeler.test/api/v1/",
}


def findings(content: str, kind: str = "bpmn") -> list[str]:
    return [f"{finding.line}: {finding.message}" for finding in check_file(ModelFile("x", content, kind, "x"))]


def bpmn(inside: str) -> str:
    return f'<b:definitions xmlns:b="{BPMN}">\n{inside}\n</b:definitions>'


def test_settings_show_no_secret() -> None:
    settings = ModelerSettings.load(ENVIRONMENT)
    assert "hush" not in repr(settings)
    assert settings.modeler_api_url == "https://modeler.test/api/v1"


def test_a_secret_may_be_in_a_file(tmp_path: object) -> None:
    path = f"{tmp_path}/secret"
    with open(path, "w") as file:
        file.write("from-file\n")
    environment = ENVIRONMENT | {"CAMUNDA_CLIENT_SECRET": "", "CAMUNDA_CLIENT_SECRET_FILE": path}
    assert ModelerSettings.load(environment).client_secret == "from-file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAMUNDA_CLIENT_ID", ""),
        ("CAMUNDA_OAUTH_URL", "login.test"),
        ("CAMUNDA_MODELER_API_URL", "ftp://x"),
        ("CAMUNDA_MODELER_API_URL", "https://user:hush@x"),
        ("CAMUNDA_MODELER_API", "v3"),
        ("CAMUNDA_TOKEN_REQUEST", "xml"),
        ("CAMUNDA_TRANSFER_CHECK", "maybe"),
        ("CAMUNDA_TRANSFER_SECONDS", "soon"),
        ("CAMUNDA_TRANSFER_SECONDS", "-1"),
        ("CAMUNDA_TRANSFER_SECONDS", "nan"),
        ("CAMUNDA_PROCESS_APPLICATION_ID", "../x"),
    ],
)
def test_settings_that_cannot_be_used_name_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        ModelerSettings.load(ENVIRONMENT | {name: value})
    assert "hush" not in str(caught.value)


@given(st.lists(st.floats(0, 3), max_size=60))
def test_no_window_holds_more_requests_than_allowed(gaps: list[float]) -> None:
    now = 0.0
    sent: list[float] = []
    limit = RateLimit(Clock(monotonic=lambda: now), requests=5, window=6.0)
    for gap in gaps:
        now += gap
        now += limit.wait()
        limit.sent()
        sent.append(now)
    assert all(later - earlier >= 6.0 - 1e-9 for earlier, later in zip(sent, sent[5:], strict=False))


@pytest.mark.parametrize(
    ("text", "name"),
    [("BPMN", "bpmn"), ("element-template", "connector_template"), ("element_template", "connector_template")],
)
def test_types_have_several_spellings(text: str, name: str) -> None:
    assert type_name(text) == name


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (bpmn('<b:process id="p"/>'), []),
        (bpmn('<b:collaboration id="c"/>'), []),
        (bpmn(""), ["0: it has no process"]),
        (bpmn('<b:process id="p"/>\n<b:message id="p"/>'), ["3: the id 'p' is already used in line 2"]),
        (
            bpmn('<b:process id="p"><b:task id="t"/><b:sequenceFlow id="f" sourceRef="t" targetRef="u"/></b:process>'),
            ["2: targetRef names 'u', which is not there"],
        ),
        (
            bpmn('<b:process id="p"><b:boundaryEvent id="e" attachedToRef="x:t"/><b:task id="t"/></b:process>'),
            [],
        ),
        (
            bpmn('<b:process id="p"><b:exclusiveGateway id="g" default="f"/></b:process>'),
            ["2: default names 'f', which is not there"],
        ),
        (
            bpmn('<b:process id="p"><b:signalEventDefinition id="s" signalRef="m"/></b:process>'),
            ["2: signalRef names 'm', which is not there"],
        ),
        ("<a", ["1: it is not well-formed XML: unclosed token"]),
        ("", ["1: it is not well-formed XML: no element found"]),
        ("<a/>", ["1: its root element is not BPMN's definitions"]),
        ("<!DOCTYPE a SYSTEM 'http://169.254.169.254/'><a/>", ["1: a DOCTYPE is not allowed"]),
        ('<?xml version="1.0" encoding="UTF-16"?><a/>', ["1: its root element is not BPMN's definitions"]),
    ],
)
def test_models_are_read_before_they_are_uploaded(content: str, found: list[str]) -> None:
    assert findings(content) == found


@pytest.mark.parametrize(
    ("content", "kind", "found"),
    [
        ('{"components": []}', "form", []),
        ("{}", "form", ["0: it has no list of components"]),
        ("[]", "form", ["0: it is not a JSON object"]),
        ('{\n"a"}', "form", ["2: it is not JSON: Expecting ':' delimiter"]),
        ("{}", "connector_template", []),
        ("[" * 100_000, "form", ["0: it is not JSON that can be read"]),
        ('<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "dmn", []),
        ("<definitions/>", "dmn", ["1: its root element is not DMN's definitions"]),
    ],
)
def test_forms_and_decisions_too(content: str, kind: str, found: list[str]) -> None:
    assert findings(content, kind) == found


@pytest.mark.parametrize(
    "content",
    [
        "<a>" * 200_000,
        '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
        bpmn("<x>" * 300 + "</x>" * 300),
        "<a " + " ".join(f'b{number}="1"' for number in range(20_000)) + "/>",
        "x" * (17 * 1024 * 1024),
    ],
)
def test_hostile_models_are_refused_at_once(content: str) -> None:
    started = time.perf_counter()
    assert len(findings(content)) >= 1
    assert time.perf_counter() - started < 2
