"""What the two workers do with one task, without a server."""

from __future__ import annotations

import importlib.util
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from camunda_client import BpmnError
from tests.examples.rest import INSURANCE


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, INSURANCE / "python-workers" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RISK, INSURANCE_WORKER = _load("worker_risk"), _load("worker_insurance")
NOTHING = {"age": None, "vehicleMake": None, "vehicleModel": None, "region": None}


def test_an_application_with_a_name_alone_has_all_facts_as_null() -> None:
    assert RISK.facts({"applicantName": "John Doe"}) == NOTHING


def test_facts_are_cleaned() -> None:
    found = RISK.facts({"age": " 41 ", "vehicleMake": " Toyota ", "vehicleModel": "", "region": "Wales"})
    assert found == {"age": 41, "vehicleMake": "Toyota", "vehicleModel": None, "region": "Wales"}


@pytest.mark.parametrize("age", [16, -1, 131, "old", ""])
def test_an_impossible_age_is_a_business_error(age: Any) -> None:
    with pytest.raises(BpmnError):
        RISK.facts({"age": age})


def test_a_repeated_task_issues_the_same_policy() -> None:
    task = SimpleNamespace(business_key="APP-1", process_instance_id="x")
    assert INSURANCE_WORKER.issue_policy(task) == INSURANCE_WORKER.issue_policy(task)


def test_an_instance_without_business_key_gets_a_policy_too() -> None:
    task = SimpleNamespace(business_key=None, process_instance_id="abc")
    assert INSURANCE_WORKER.issue_policy(task)["policyNumber"].startswith("P-")


@pytest.mark.parametrize("documents", [None, "", "unreadable scan"])
def test_unusable_documents_are_a_business_error(documents: str | None) -> None:
    with pytest.raises(BpmnError):
        INSURANCE_WORKER.validate_documents(SimpleNamespace(variables={"documents": documents}))


@pytest.mark.parametrize("topic", sorted(INSURANCE_WORKER.LETTERS))
def test_every_letter_can_be_written_without_any_variable(topic: str) -> None:
    recipient, text = INSURANCE_WORKER.letter(topic, {})
    assert recipient
    assert "{" not in text


@pytest.mark.seed(4, 788)
def test_every_topic_of_the_models_is_served() -> None:
    models = "".join(path.read_text(encoding="utf-8") for path in (INSURANCE / "camunda").glob("*.bpmn"))
    topics = {part.split('"')[0] for part in models.split('camunda:topic="')[1:]}
    assert topics == {"determine-riskgroup", "issue-policy", "validate-documents", *INSURANCE_WORKER.LETTERS}
