"""Camunda Hub's API v2, path by path, over the same store: workspaces are its projects, projects its process
applications, and files and folders live in projects only. The table `HUB` is all there is of it.
"""

from __future__ import annotations

from typing import Any

from procession.errors import Invalid
from procession.modeler.filters import search_hub
from procession.modeler.serving import Call, Handler, deleting
from procession.modeler.store import Row, Store
from procession.modeler.v1 import simple_path, stamps


def _workspace(row: Row) -> Row:
    return {"workspaceKey": row["id"], "name": row["name"], "description": None, **stamps(row)}


def _project(row: Row) -> Row:
    return {"projectKey": row["id"], "name": row["name"], "workspaceKey": row["project_id"], **stamps(row)}


def _folder(row: Row) -> Row:
    return {
        "folderKey": row["id"],
        "name": row["name"],
        "projectKey": row["application_id"],
        "parentFolderKey": row["parent_id"],
        **stamps(row),
    }


def _file(row: Row) -> Row:
    return {
        "fileKey": row["id"],
        "name": row["name"],
        "projectKey": row["application_id"],
        "folderKey": row["folder_id"],
        "simplePath": simple_path(row),
        "canonicalPath": "/".join(folder for folder, _ in row["path"]),
        "revision": row["revision"],
        "type": "element-template" if row["type"] == "connector_template" else row["type"],
        "content": row.get("content"),
        **stamps(row),
    }


def _version(row: Row) -> Row:
    return {
        "versionKey": row["id"],
        "name": row["name"],
        "fileKey": row["file_id"],
        "description": row["description"],
        "organizationPublic": row["organization_public"],
        "content": row.get("content"),
        **stamps(row),
    }


def _place(body: Row, folder: str) -> Row:
    if not body.get("projectKey") and not body.get(folder):
        raise Invalid("projectKey is missing")
    return {"application_id": body.get("projectKey"), "folder_id": body.get(folder)}


def _files(call: Call) -> list[Row]:
    return [_file(row) for row in call.store.files() if row["application_id"]]


def _get_workspace(call: Call) -> tuple[int, Any]:
    row = call.store.project(call.path["key"])
    _, _, projects = call.store.project_content(row["id"])
    return 200, {"workspace": _workspace(row), "content": {"projects": [_project(found) for found in projects]}}


def _get_project(call: Call) -> tuple[int, Any]:
    row = call.store.application(call.path["key"])
    folders, files = call.store.application_content(row["id"])
    content = {"folders": [_folder(found) for found in folders], "files": [_file(found) for found in files]}
    return 200, {"project": _project(row), "content": content}


def _get_folder(call: Call) -> tuple[int, Any]:
    row = call.store.folder(call.path["key"])
    folders, files = call.store.folder_content(row["id"])
    content = {"folders": [_folder(found) for found in folders], "files": [_file(found) for found in files]}
    return 200, {"folder": _folder(row), "content": content}


def _create_file(call: Call) -> tuple[int, Any]:
    body = call.body
    place = _place(body, "folderKey")
    return 201, _file(
        call.store.create_file(body.get("name"), body.get("type"), body.get("content"), place, call.actor)
    )


def _update_file(call: Call) -> tuple[int, Any]:
    body = call.body
    changes = {
        "name": body.get("name"),
        "content": body.get("content"),
        "application_id": body.get("projectKey"),
        "folder_id": body.get("folderKey"),
    }
    return 200, _file(call.store.update_file(call.path["key"], body.get("revision"), changes, call.actor))


def _create_project(call: Call) -> tuple[int, Any]:
    return 201, _project(
        call.store.create_application(call.body.get("workspaceKey"), call.body.get("name"), call.actor)
    )


def _create_folder(call: Call) -> tuple[int, Any]:
    place = _place(call.body, "parentFolderKey")
    return 201, _folder(call.store.create_folder(call.body.get("name"), place, call.actor))


def _create_version(call: Call) -> tuple[int, Any]:
    body = call.body
    row = call.store.create_version(
        body.get("fileKey"), body.get("name"), body.get("description"), body.get("organizationPublic"), call.actor
    )
    return 201, _version(row)


HUB: list[tuple[str, str, Handler]] = [
    (
        "POST",
        "/workspaces",
        lambda call: (201, _workspace(call.store.create_project(call.body.get("name"), call.actor))),
    ),
    (
        "POST",
        "/workspaces/search",
        lambda call: (200, search_hub([_workspace(row) for row in call.store.projects()], call.body)),
    ),
    ("GET", "/workspaces/{key}", _get_workspace),
    (
        "PATCH",
        "/workspaces/{key}",
        lambda call: (200, _workspace(call.store.rename_project(call.path["key"], call.body.get("name"), call.actor))),
    ),
    ("DELETE", "/workspaces/{key}", deleting(Store.delete_project, "key")),
    ("POST", "/projects", _create_project),
    ("GET", "/projects/{key}", _get_project),
    (
        "PATCH",
        "/projects/{key}",
        lambda call: (
            200,
            _project(call.store.rename_application(call.path["key"], call.body.get("name"), call.actor)),
        ),
    ),
    ("DELETE", "/projects/{key}", deleting(Store.delete_application, "key")),
    ("POST", "/folders", _create_folder),
    ("GET", "/folders/{key}", _get_folder),
    (
        "PATCH",
        "/folders/{key}",
        lambda call: (200, _folder(call.store.rename_folder(call.path["key"], call.body.get("name"), call.actor))),
    ),
    ("DELETE", "/folders/{key}", deleting(Store.delete_folder, "key")),
    ("POST", "/files", _create_file),
    ("POST", "/files/search", lambda call: (200, search_hub(_files(call), call.body))),
    ("GET", "/files/{key}", lambda call: (200, _file(call.store.file(call.path["key"])))),
    ("PATCH", "/files/{key}", _update_file),
    ("DELETE", "/files/{key}", deleting(Store.delete_file, "key")),
    ("POST", "/versions", _create_version),
    (
        "POST",
        "/versions/search",
        lambda call: (200, search_hub([_version(row) for row in call.store.versions()], call.body)),
    ),
    ("GET", "/versions/{key}", lambda call: (200, _version(call.store.version(call.path["key"])))),
    ("DELETE", "/versions/{key}", deleting(Store.delete_version, "key")),
    (
        "POST",
        "/versions/{key}/restoration",
        lambda call: (200, _file(call.store.restore_version(call.path["key"], call.actor))),
    ),
]
