"""Finding a route: literals before parameters, one segment each, 404 and 405 as Camunda answers them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from procession.camunda7.api import load, router
from procession.camunda7.exchange import Request, Response
from procession.camunda7.problems import Answered
from procession.camunda7.routes import Route, Router


def handler(request: Request, engine: Any) -> Response:
    return Response(200)


ROUTER = Router(
    [
        Route("GET", path, handler)
        for path in ("/task", "/task/count", "/task/{id}", "/task/{id}/form", "/task/{id}/variables/{name}")
    ]
)


@pytest.mark.parametrize(
    ("path", "template", "params"),
    [
        ("/task", "/task", {}),
        ("/task/", "/task", {}),
        ("/task/count", "/task/count", {}),
        ("/task/7", "/task/{id}", {"id": "7"}),
        ("/task/count/form", "/task/{id}/form", {"id": "count"}),
        ("/task/a%2Fb", "/task/{id}", {"id": "a/b"}),
        ("/task/7/variables/%C3%A4%20b", "/task/{id}/variables/{name}", {"id": "7", "name": "ä b"}),
        ("/task/7/variables/__proto__", "/task/{id}/variables/{name}", {"id": "7", "name": "__proto__"}),
        ("/task/%FF", "/task/{id}", {"id": "\ufffd"}),
    ],
)
def test_found(path: str, template: str, params: dict[str, str]) -> None:
    entry, found = ROUTER.find("GET", path)
    assert (entry.path, found) == (template, params)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "//task", 404),
        ("GET", "/task/7/form/8", 404),
        ("GET", "/task/" + "x" * 10_000, 404),
        ("GET", "/task" + "/a" * 3000, 404),
        ("POST", "/task/7", 405),
    ],
)
def test_not_found(method: str, path: str, status: int) -> None:
    with pytest.raises(Answered) as caught:
        ROUTER.find(method, path)
    assert caught.value.status == status


def test_head_is_get() -> None:
    assert ROUTER.find("HEAD", "/task")[0].method == "GET"


def test_one_operation_has_one_function() -> None:
    with pytest.raises(ValueError, match="Two functions"):
        Router([Route("GET", "/a/{x}", handler), Route("GET", "/a/{y}", handler)])


def test_every_route_is_found_by_its_own_path() -> None:
    for entry in load():
        found, _ = router().find(entry.method, entry.path)
        assert found.path == entry.path


def test_every_route_says_what_it_does() -> None:
    assert [entry.path for entry in load() if not (entry.handler.__doc__ or "").strip()] == []


OPERATIONS = Path(__file__).parents[3] / "shared" / "reference" / "camunda7-openapi.json"


@pytest.mark.skipif(
    not OPERATIONS.is_file(), reason="Camunda 7's own description of its API is not beside this checkout"
)
def test_every_operation_of_camunda_7_is_answered() -> None:
    """By an endpoint, or by 501 with a reason; OPTIONS is answered for every path."""
    methods = {"get": "GET", "post": "POST", "put": "PUT", "delete": "DELETE"}
    paths = json.loads(OPERATIONS.read_text(encoding="utf-8"))["paths"]
    asked = [(methods[name], path) for path, operations in paths.items() for name in operations if name in methods]
    missing = []
    for method, path in asked:
        try:
            router().find(method, re.sub(r"\{[^}]+\}", "x", path))
        except Answered:
            missing.append(f"{method} {path}")
    assert len(asked) > 380
    assert missing == []


def test_what_is_refused_says_why() -> None:
    entry, params = router().find("PUT", "/group/admins/members/ann")
    with pytest.raises(Answered) as caught:
        entry.handler(Request("PUT", "/group/admins/members/ann", params), None)
    assert (caught.value.status, caught.value.type) == (501, "RestException")
    assert caught.value.message.startswith(
        "PUT /group/{id}/members/{userId} is not carried out. Users and groups are not"
    )
