"""The local modeler speaks Camunda Hub's API v2 over the same content."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import Invalid
from procession.modeler.filters import search_hub

API = "/api/v2"


def post(http: httpx.Client, path: str, status: int = 201, **body: Any) -> Any:
    answer = http.post(API + path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_workspace_project_folder_file_version(http: httpx.Client) -> None:
    space = post(http, "/workspaces", name="W")["workspaceKey"]
    project = post(http, "/projects", name="P", workspaceKey=space)["projectKey"]
    folder = post(http, "/folders", name="f", projectKey=project)["folderKey"]
    file = post(http, "/files", name="x", type="element-template", content="{}", folderKey=folder, projectKey=project)
    assert (file["type"], file["content"], file["canonicalPath"], file["simplePath"]) == (
        "element-template",
        "{}",
        folder,
        "f/x.json",
    )
    assert http.get(f"{API}/files/{file['fileKey']}").json() == file
    changed = http.patch(f"{API}/files/{file['fileKey']}", json={"revision": 1, "content": "[]"}).json()
    assert (changed["revision"], changed["content"]) == (2, "[]")
    assert http.patch(f"{API}/files/{file['fileKey']}", json={"content": "[]"}).status_code == 400
    assert http.patch(f"{API}/files/{file['fileKey']}", json={"revision": 1}).status_code == 409
    version = post(http, "/versions", fileKey=file["fileKey"], name="1")["versionKey"]
    assert post(http, f"/versions/{version}/restoration", 200)["revision"] == 3
    assert http.get(f"{API}/versions/{version}").json()["content"] == "[]"
    assert post(http, "/versions/search", 200)["page"]["totalItems"] == 1
    assert http.delete(f"{API}/versions/{version}").status_code == 204
    listed = http.get(f"{API}/folders/{folder}").json()
    assert (listed["folder"]["parentFolderKey"], listed["content"]["files"][0]["content"]) == (None, None)
    assert [row["name"] for row in http.get(f"{API}/workspaces/{space}").json()["content"]["projects"]] == ["P"]
    assert [row["name"] for row in http.get(f"{API}/projects/{project}").json()["content"]["folders"]] == ["f"]
    assert http.get(f"/api/v1/files/{file['fileKey']}").json()["metadata"]["processApplicationId"] == project
    for path in (f"/workspaces/{space}", f"/projects/{project}", f"/folders/{folder}"):
        assert http.patch(API + path, json={"name": "new"}).json()["name"] == "new"
    assert http.delete(f"{API}/folders/{folder}").status_code == 204
    assert http.delete(f"{API}/projects/{project}").status_code == 204
    assert http.delete(f"{API}/workspaces/{space}").status_code == 204


def test_files_need_a_project(http: httpx.Client) -> None:
    space = post(http, "/workspaces", name="W")["workspaceKey"]
    for path in ("/files", "/folders"):
        assert http.post(API + path, json={"name": "x", "workspaceKey": space}).status_code == 400


ROWS = [
    {"name": "order", "type": "bpmn", "folderKey": None, "created": "2026-11-21T09:00:00Z"},
    {"name": "pay", "type": "form", "folderKey": "1", "created": "2026-11-22T09:00:00Z"},
]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"name": "order"}, ["order"]),
        ({"name": {"$eq": "pay"}}, ["pay"]),
        ({"name": {"$neq": "pay"}}, ["order"]),
        ({"name": {"$like": "%ord_r"}}, ["order"]),
        ({"type": {"$in": ["form"]}}, ["pay"]),
        ({"type": {"$notIn": ["form"]}}, ["order"]),
        ({"folderKey": {"$exists": False}}, ["order"]),
        ({"created": {"$gte": "2026-11-21T09:00:00Z", "$lt": "2026-11-22T09:00:00Z"}}, ["order"]),
        ({"created": {"$eq": "2026-11-22T10:00:00+01:00"}}, ["pay"]),
        ({"$or": [{"type": "bpmn"}, {"name": "pay"}]}, ["order", "pay"]),
        ({}, ["order", "pay"]),
    ],
)
def test_filters(condition: dict[str, Any], names: list[str]) -> None:
    assert [row["name"] for row in search_hub(ROWS, {"filter": condition})["items"]] == names


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"name": {"$regex": "x"}}},
        {"filter": {"name": {"$gt": 1}}},
        {"filter": {"name": {"$in": "x"}}},
        {"filter": {"$or": {}}},
        {"filter": {"name": {"$like": "%" * 1000}}},
        {"filter": {"created": {"$gt": "soon"}}},
        {"page": []},
        {"page": {"limit": 100_000}},
        {"page": {"from": -1}},
        {"sort": [{"field": "name", "order": "UP"}]},
        {"sort": "name"},
    ],
)
def test_bad_queries(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        search_hub(ROWS, body)


def test_pages_and_order() -> None:
    found = search_hub(ROWS, {"sort": [{"field": "name", "order": "DESC"}], "page": {"from": 0, "limit": 1}})
    assert ([row["name"] for row in found["items"]], found["page"]["totalItems"]) == (["pay"], 2)


@given(st.text("ab", max_size=8), st.text("ab%_", max_size=8))
def test_like_is_what_its_definition_says(text: str, pattern: str) -> None:
    def like(text: str, pattern: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "%":
            return any(like(text[start:], pattern[1:]) for start in range(len(text) + 1))
        return bool(text) and pattern[0] in ("_", text[0]) and like(text[1:], pattern[1:])

    found = search_hub([{"name": text}], {"filter": {"name": {"$like": pattern}}})
    assert bool(found["items"]) == like(text, pattern)
