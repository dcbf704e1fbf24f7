"""Web Modeler's API v1, path by path. The table `V1` is all there is of it.

Files may also be posted to `/files/{type}` with `parentId`, as clients do that were written before the API was public.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from procession.errors import Invalid
from procession.modeler.filters import search_v1
from procession.modeler.serving import Call, Handler, deleting
from procession.modeler.store import Row, Store

EXTENSIONS = {"connector_template": "json", "rpa": "rpa", "markdown": "md", "tests": "test.json"}


def instant(at: datetime) -> str:
    """A time as both APIs write it."""
    return at.isoformat().replace("+00:00", "Z")


def person(name: str) -> Row:
    """A user or client as both APIs write it."""
    return {"name": name, "email": name if "@" in name else f"{name}@localhost"}


def stamps(row: Row) -> Row:
    """Who made and changed a row, and when."""
    return {
        "created": instant(row["created"]),
        "createdBy": person(row["created_by"]),
        "updated": instant(row["updated"]),
        "updatedBy": person(row["updated_by"]),
    }


def simple_path(row: Row) -> str:
    """Names from the root to the file, with `/` inside a name escaped, and the type's extension."""
    extension = f".{EXTENSIONS.get(row['type'], row['type'])}"
    file = row["name"] if row["name"].endswith(extension) else row["name"] + extension
    return "/".join(name.replace("/", "\\/") for name in (*(name for _, name in row["path"]), file))


def _project(row: Row) -> Row:
    return {"id": row["id"], "name": row["name"], **stamps(row)}


def _application(row: Row) -> Row:
    return {"id": row["id"], "name": row["name"], "projectId": row["project_id"], **stamps(row)}


def _folder(row: Row) -> Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "projectId": row["project_id"],
        "parentId": row["parent_id"],
        "processApplicationId": row["application_id"],
        **stamps(row),
    }


def _file(row: Row) -> Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "projectId": row["project_id"],
        "folderId": row["folder_id"],
        "processApplicationId": row["application_id"],
        "simplePath": simple_path(row),
        "canonicalPath": [{"id": folder, "name": name} for folder, name in row["path"]],
        "revision": row["revision"],
        "type": row["type"].upper(),
        **stamps(row),
    }


def _version(row: Row) -> Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "fileId": row["file_id"],
        "description": row["description"],
        "organizationPublic": row["organization_public"],
        **stamps(row),
    }


def _each(shape: Any, rows: Iterable[Row]) -> list[Row]:
    return [shape(row) for row in rows]


def _info(call: Call) -> tuple[int, Any]:
    allowed = dict.fromkeys(("createPermission", "readPermission", "updatePermission", "deletePermission"), True)
    return 200, {"version": "v1", "authorizedOrganization": "local", **allowed}


def _place(call: Call, folder: str) -> Row:
    body = call.body
    place = {
        "project_id": body.get("projectId"),
        "application_id": body.get("processApplicationId"),
        "folder_id": body.get(folder),
    }
    if call.options.applications_only and not place["application_id"] and not place["folder_id"]:
        raise Invalid("Files and folders live in process applications: processApplicationId is missing")
    return place


def _get_project(call: Call) -> tuple[int, Any]:
    row = call.store.project(call.path["id"])
    folders, files, applications = call.store.project_content(row["id"])
    content = {
        "folders": _each(_folder, folders),
        "files": _each(_file, files),
        "processApplications": _each(_application, applications),
    }
    return 200, {"metadata": _project(row), "content": content}


def _get_application(call: Call) -> tuple[int, Any]:
    row = call.store.application(call.path["id"])
    folders, files = call.store.application_content(row["id"])
    return 200, {
        "metadata": _application(row),
        "content": {"folders": _each(_folder, folders), "files": _each(_file, files)},
    }


def _get_folder(call: Call) -> tuple[int, Any]:
    row = call.store.folder(call.path["id"])
    folders, files = call.store.folder_content(row["id"])
    return 200, {
        "metadata": _folder(row),
        "content": {"folders": _each(_folder, folders), "files": _each(_file, files)},
    }


def _create_file(call: Call) -> tuple[int, Any]:
    body = call.body
    kind = call.path.get("type") or body.get("fileType")
    place = _place(call, "parentId" if "type" in call.path and "folderId" not in body else "folderId")
    return 200, _file(call.store.create_file(body.get("name"), kind, body.get("content"), place, call.actor))


def _get_file(call: Call) -> tuple[int, Any]:
    row = call.store.file(call.path["id"])
    return 200, {"metadata": _file(row), "content": row["content"]}


def _update_file(call: Call) -> tuple[int, Any]:
    body = call.body
    changes = {
        "name": body.get("name"),
        "content": body.get("content"),
        "project_id": body.get("projectId"),
        "application_id": body.get("processApplicationId"),
        "folder_id": body.get("folderId"),
    }
    return 200, _file(call.store.update_file(call.path["id"], body.get("revision"), changes, call.actor))


def _create_version(call: Call) -> tuple[int, Any]:
    body = call.body
    row = call.store.create_version(
        body.get("fileId"), body.get("name"), body.get("description"), body.get("organizationPublic"), call.actor
    )
    return 200, _version(row)


def _get_version(call: Call) -> tuple[int, Any]:
    row = call.store.version(call.path["id"])
    return 200, {"metadata": _version(row), "content": row["content"]}


def _update_version(call: Call) -> tuple[int, Any]:
    row = call.store.update_version(call.path["id"], call.body.get("name"), call.body.get("description"), call.actor)
    return 200, _version(row)


V1: list[tuple[str, str, Handler]] = [
    ("GET", "/info", _info),
    ("POST", "/projects", lambda call: (200, _project(call.store.create_project(call.body.get("name"), call.actor)))),
    ("POST", "/projects/search", lambda call: (200, search_v1(_each(_project, call.store.projects()), call.body))),
    ("GET", "/projects/{id}", _get_project),
    (
        "PATCH",
        "/projects/{id}",
        lambda call: (200, _project(call.store.rename_project(call.path["id"], call.body.get("name"), call.actor))),
    ),
    ("DELETE", "/projects/{id}", deleting(Store.delete_project, "id")),
    ("GET", "/process-applications/{id}", _get_application),
    (
        "PATCH",
        "/process-applications/{id}",
        lambda call: (
            200,
            _application(call.store.rename_application(call.path["id"], call.body.get("name"), call.actor)),
        ),
    ),
    ("DELETE", "/process-applications/{id}", deleting(Store.delete_application, "id")),
    (
        "POST",
        "/folders",
        lambda call: (
            200,
            _folder(call.store.create_folder(call.body.get("name"), _place(call, "parentId"), call.actor)),
        ),
    ),
    ("GET", "/folders/{id}", _get_folder),
    (
        "PATCH",
        "/folders/{id}",
        lambda call: (200, _folder(call.store.rename_folder(call.path["id"], call.body.get("name"), call.actor))),
    ),
    ("DELETE", "/folders/{id}", deleting(Store.delete_folder, "id")),
    ("POST", "/files", _create_file),
    ("POST", "/files/search", lambda call: (200, search_v1(_each(_file, call.store.files()), call.body))),
    ("POST", "/files/{type}", _create_file),
    ("GET", "/files/{id}", _get_file),
    ("PATCH", "/files/{id}", _update_file),
    ("DELETE", "/files/{id}", deleting(Store.delete_file, "id")),
]

# Versions were called milestones before 8.9; both names are served.
for _root in ("/versions", "/milestones"):
    V1 += [
        ("POST", _root, _create_version),
        ("POST", f"{_root}/search", lambda call: (200, search_v1(_each(_version, call.store.versions()), call.body))),
        ("GET", f"{_root}/{{id}}", _get_version),
        ("PATCH", f"{_root}/{{id}}", _update_version),
        ("DELETE", f"{_root}/{{id}}", deleting(Store.delete_version, "id")),
        (
            "POST",
            f"{_root}/{{id}}/restore",
            lambda call: (200, _file(call.store.restore_version(call.path["id"], call.actor))),
        ),
    ]
