"""The local modeler speaks Web Modeler's API v1."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from procession.modeler import ModelerOptions, open_store
from tests.modeler.local_modeler import SECRET, LocalModeler

API = "/api/v1"


def post(http: httpx.Client, path: str, **body: Any) -> Any:
    answer = http.post(API + path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def project(http: httpx.Client, name: str = "Orders") -> str:
    return str(post(http, "/projects", name=name)["id"])


def test_a_file_goes_into_a_folder_of_a_project(http: httpx.Client) -> None:
    home = project(http)
    outer = post(http, "/folders", name="a/b", projectId=home)
    inner = post(http, "/folders", name="inner", parentId=outer["id"])
    made = post(http, "/files", name="order", content="<x/>", fileType="BPMN", folderId=inner["id"])
    assert made["type"] == "BPMN"
    assert made["revision"] == 1
    assert made["projectId"] == home
    assert made["simplePath"] == "a\\/b/inner/order.bpmn"
    assert [step["name"] for step in made["canonicalPath"]] == ["a/b", "inner"]
    assert made["created"].endswith("Z")
    assert http.get(f"{API}/files/{made['id']}").json() == {"metadata": made, "content": "<x/>"}
    assert http.get(f"{API}/folders/{inner['id']}").json()["content"]["files"] == [made]
    assert {row["name"] for row in http.get(f"{API}/projects/{home}").json()["content"]["folders"]} == {"a/b", "inner"}


def test_the_older_shape_names_the_type_in_the_path_and_the_folder_as_parent(http: httpx.Client) -> None:
    home = project(http)
    folder = post(http, "/folders", name="f", projectId=home)
    made = post(http, "/files/form", name="a.form", projectId=home, content="{}", parentId=folder["id"])
    assert (made["type"], made["folderId"], made["simplePath"]) == ("FORM", folder["id"], "f/a.form")


def test_a_revision_that_is_not_the_latest_is_a_conflict(http: httpx.Client) -> None:
    made = post(http, "/files", name="x", content="1", fileType="bpmn", projectId=project(http))
    changed = http.patch(f"{API}/files/{made['id']}", json={"revision": 1, "content": "2", "name": "y"}).json()
    assert (changed["revision"], changed["name"]) == (2, "y")
    refused = http.patch(f"{API}/files/{made['id']}", json={"revision": 1, "content": "3"})
    assert refused.status_code == 409
    assert refused.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "There was a revision conflict while processing your file.",
        "instance": f"/api/v1/files/{made['id']}",
    }


@pytest.mark.parametrize("revision", [-1, "1", None, True, 1.0, 2**70])
def test_a_revision_that_is_none_changes_nothing(http: httpx.Client, revision: Any) -> None:
    made = post(http, "/files", name="x", content="1", fileType="bpmn", projectId=project(http))
    answer = http.patch(f"{API}/files/{made['id']}", json={"revision": revision, "content": "2"})
    assert answer.status_code in (400, 409)
    assert http.get(f"{API}/files/{made['id']}").json()["content"] == "1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/projects", {}),
        ("/projects", {"name": ""}),
        ("/projects", {"name": "x" * 256}),
        ("/projects", {"name": 7}),
        ("/projects", {"name": "\x00"}),
        ("/folders", {"name": "no place"}),
        ("/files", {"name": "x", "content": "1", "fileType": "exe", "projectId": "?"}),
        ("/projects/search", {"size": 51}),
        ("/projects/search", {"page": -1}),
        ("/projects/search", {"filter": []}),
        ("/projects/search", {"filter": {"created": "yesterday"}}),
    ],
)
def test_bad_bodies_are_400(http: httpx.Client, path: str, body: Any) -> None:
    home = project(http)
    if body.get("projectId") == "?":
        body = body | {"projectId": home}
    answer = http.post(API + path, json=body)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


@pytest.mark.parametrize("content", [b"{", b"[]", b"[" * 100_000, b'{"name": "\\ud800"}'])
def test_what_is_no_json_object_is_400(http: httpx.Client, content: bytes) -> None:
    assert http.post(f"{API}/projects", content=content).status_code == 400


def test_a_body_may_not_be_larger_than_allowed() -> None:
    local = LocalModeler(ModelerOptions(max_body=100))
    with local.http() as http:
        assert http.post(f"{API}/projects", json={"name": "x" * 200}).status_code == 400
    local.end()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/projects/x"), ("DELETE", "/files/x"), ("PATCH", "/folders/x"), ("GET", "/process-applications/x")],
)
def test_what_is_not_there_is_404(http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, API + path, json={"name": "x"} if method == "PATCH" else None).status_code == 404


def test_process_applications_hold_folders_and_are_none(http: httpx.Client, modeler: LocalModeler) -> None:
    home = project(http)
    app = modeler.store.create_application(home, "App", "me")["id"]
    folder = post(http, "/folders", name="f", projectId=home, processApplicationId=app)
    assert (folder["parentId"], folder["processApplicationId"]) == (None, app)
    made = post(http, "/files", name="x", content="1", fileType="dmn", folderId=folder["id"], processApplicationId=app)
    assert (made["processApplicationId"], made["simplePath"]) == (app, "f/x.dmn")
    for wrong in ({"parentId": app}, {"processApplicationId": folder["id"]}, {"processApplicationId": "none"}):
        assert http.post(f"{API}/folders", json={"name": "g", "projectId": home, **wrong}).status_code == 404
    assert http.get(f"{API}/folders/{app}").status_code == 404
    content = http.get(f"{API}/process-applications/{app}").json()["content"]
    assert ([row["name"] for row in content["folders"]], content["files"]) == (["f"], [])
    assert [row["name"] for row in http.get(f"{API}/projects/{home}").json()["content"]["processApplications"]] == [
        "App"
    ]
    found = post(http, "/files/search", filter={"processApplicationId": app})
    assert (found["total"], found["items"][0]["id"]) == (1, made["id"])


def test_where_only_process_applications_hold_files_a_project_does_not() -> None:
    local = LocalModeler(ModelerOptions(applications_only=True))
    with local.http() as http:
        home = project(http)
        assert http.post(f"{API}/folders", json={"name": "f", "projectId": home}).status_code == 400
        app = local.store.create_application(home, "App", "me")["id"]
        post(http, "/folders", name="f", processApplicationId=app)
    local.end()


def test_search_pages_sorts_and_filters(http: httpx.Client) -> None:
    for number in range(12):
        project(http, f"P{number:02}")
    first = post(http, "/projects/search")
    assert (len(first["items"]), first["total"]) == (10, 12)
    last = post(http, "/projects/search", page=1, sort=[{"field": "name", "direction": "DESC"}])
    assert [row["name"] for row in last["items"]] == ["P01", "P00"]
    assert post(http, "/projects/search", filter={"name": "P03"})["total"] == 1
    assert post(http, "/projects/search", filter={"createdBy": {"name": "local"}})["total"] == 12


@pytest.mark.parametrize(
    ("date", "total"),
    [
        ("2026-11-21T00:00:00Z||/d", 1),
        ("2026-11-20T00:00:00Z||/d", 0),
        ("2026-01-01T00:00:00Z||/y", 1),
        (">=2026-11-21T09:00:00Z", 1),
        ("<2026-11-01T00:00:00Z||/M", 0),
        ("2026-11-21T10:00:00+01:00", 1),
    ],
)
def test_dates_are_compared_as_exactly_as_asked(http: httpx.Client, date: str, total: int) -> None:
    project(http)
    assert post(http, "/projects/search", filter={"created": date})["total"] == total


def test_versions_keep_and_restore_a_content(http: httpx.Client) -> None:
    file = post(http, "/files", name="x", content="old", fileType="bpmn", projectId=project(http))["id"]
    kept = post(http, "/versions", fileId=file, name="1.0", description="first")
    http.patch(f"{API}/files/{file}", json={"revision": 1, "content": "new"})
    assert http.get(f"{API}/versions/{kept['id']}").json()["content"] == "old"
    assert post(http, f"/versions/{kept['id']}/restore")["revision"] == 3
    assert http.get(f"{API}/files/{file}").json()["content"] == "old"
    assert post(http, "/milestones/search", filter={"fileId": file})["items"] == [kept]
    renamed = http.patch(f"{API}/versions/{kept['id']}", json={"name": "1.1"}).json()
    assert (renamed["name"], renamed["description"]) == ("1.1", "first")
    assert http.delete(f"{API}/versions/{kept['id']}").status_code == 204
    assert post(http, "/versions/search")["total"] == 0


def test_deleting_a_folder_deletes_what_is_in_it_and_a_project_must_be_empty(http: httpx.Client) -> None:
    home = project(http)
    folder = post(http, "/folders", name="f", projectId=home)["id"]
    inner = post(http, "/folders", name="g", parentId=folder)["id"]
    file = post(http, "/files", name="x", content="1", fileType="bpmn", folderId=inner)["id"]
    post(http, "/versions", fileId=file)
    assert http.delete(f"{API}/projects/{home}").status_code == 409
    assert http.delete(f"{API}/folders/{folder}").status_code == 204
    assert http.get(f"{API}/files/{file}").status_code == 404
    assert http.delete(f"{API}/projects/{home}").status_code == 204


def test_info_and_renaming(http: httpx.Client, modeler: LocalModeler) -> None:
    assert http.get(f"{API}/info").json()["createPermission"] is True
    home = project(http)
    app = modeler.store.create_application(home, "App", "me")["id"]
    folder = post(http, "/folders", name="f", projectId=home)["id"]
    for path in (f"/projects/{home}", f"/process-applications/{app}", f"/folders/{folder}"):
        assert http.patch(API + path, json={"name": "new"}).json()["name"] == "new"
    assert http.delete(f"{API}/process-applications/{app}").status_code == 204


@pytest.mark.parametrize("how", ["data", "json"])
def test_a_token_is_given_for_a_form_and_for_json(how: str) -> None:
    local = LocalModeler()
    fields = {"grant_type": "client_credentials", "client_id": "the-client", "client_secret": SECRET}
    with local.http() as http:
        token = http.post("/oauth/token", **{how: fields}).json()["access_token"]  # type: ignore[arg-type]
        assert http.get(f"{API}/info").status_code == 401
        assert http.get(f"{API}/info", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        local.time.seconds += 301
        assert http.get(f"{API}/info", headers={"Authorization": f"Bearer {token}"}).status_code == 401
        for wrong in ({"client_secret": "x"}, {"client_id": "x"}):
            assert http.post("/oauth/token", **{how: fields | wrong}).status_code == 401  # type: ignore[arg-type]
        for wrong in ({"grant_type": "password"}, {"client_id": ""}):
            assert http.post("/oauth/token", **{how: fields | wrong}).status_code == 400  # type: ignore[arg-type]
    local.end()


def test_more_requests_than_allowed_are_429_until_the_minute_is_over() -> None:
    local = LocalModeler()
    local.end()
    time = local.time
    local = LocalModeler(ModelerOptions(rate_limit=3, seconds=lambda: time.seconds), time)
    with local.http() as http:
        assert [http.get(f"{API}/info").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert http.get(f"{API}/info").headers["Retry-After"] == "61"
        time.seconds += 61
        assert http.get(f"{API}/info").status_code == 200
    local.end()


def test_the_store_is_the_same_on_every_database(database_url: str) -> None:
    store = open_store(database_url)
    home = store.create_project("P", "me")
    folder = store.create_folder("f", {"project_id": home["id"]}, "me")
    file = store.create_file("x", "bpmn", "1", {"folder_id": folder["id"]}, "me")
    store.close()
    store = open_store(database_url)
    assert store.file(file["id"]) == file
    assert store.update_file(file["id"], 1, {"content": "2"}, "you")["updated_by"] == "you"
    store.delete_folder(folder["id"])
    assert store.files() == []
    store.close()
