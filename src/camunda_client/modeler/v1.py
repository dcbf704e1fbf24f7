"""Web Modeler's REST API v1: projects, folders and files, with process applications since August 2026."""

from __future__ import annotations

from typing import Any

from camunda_client.errors import BadRequest, NotFound
from camunda_client.modeler.backend import Folder, ModelFile, Place, Project, RemoteFile, member, type_name
from camunda_client.modeler.connection import Connection

PAGE = 50
"""The largest page the API gives."""


class WebModelerV1:
    """`ModelerBackend` over `/api/v1`."""

    def __init__(self, connection: Connection) -> None:
        self._call = connection.call

    def find_projects(self, name: str) -> list[Project]:
        """Projects of this name, the oldest first."""
        found: list[Project] = []
        page = seen = 0
        while True:
            answer = self._call("POST", "/projects/search", {"filter": {"name": name}, "page": page, "size": PAGE})
            items = member(answer, "items")
            found += [_project(item) for item in items if member(item, "name") == name]
            seen += len(items)
            page += 1
            if not items or seen >= int(answer.get("total", seen)):
                return sorted(found, key=lambda project: (project.created, project.id))

    def create_project(self, name: str) -> Project:
        """A new project."""
        return _project(self._call("POST", "/projects", {"name": name}))

    def application(self, project: Project, wanted: str | None) -> str | None:
        """The wanted process application; without one, files live in the project itself, as before 2026."""
        return wanted

    def find_folders(self, place: Place, name: str) -> list[Folder]:
        """Folders of this name that lie in no other folder."""
        content = member(self._call("GET", f"/projects/{place.project_id}"), "content")
        return [
            Folder(member(folder, "id"), name)
            for folder in content.get("folders") or ()
            if member(folder, "name") == name
            and not folder.get("parentId")
            and folder.get("processApplicationId") in (None, place.application_id)
        ]

    def create_folder(self, place: Place, name: str) -> Folder:
        """A new folder. A refusal without a process application says how to name one."""
        body = _without_none(name=name, projectId=place.project_id, processApplicationId=place.application_id)
        try:
            answer = self._call("POST", "/folders", body)
        except (BadRequest, NotFound) as error:
            if place.application_id is None:
                error.message += "; where folders live in process applications, set CAMUNDA_PROCESS_APPLICATION_ID"
            raise
        return Folder(member(answer, "id"), member(answer, "name"))

    def files(self, place: Place) -> list[RemoteFile]:
        """The files of a folder."""
        answer = self._call("GET", f"/folders/{place.folder_id}")
        return [_file(item) for item in member(answer, "content").get("files") or ()]

    def read(self, file_id: str) -> tuple[RemoteFile, str]:
        """A file and its content."""
        answer = self._call("GET", f"/files/{file_id}")
        return _file(member(answer, "metadata")), str(member(answer, "content"))

    def create_file(self, place: Place, file: ModelFile) -> RemoteFile:
        """A new file."""
        body = _without_none(
            name=file.name,
            content=file.content,
            fileType=file.type,
            projectId=place.project_id,
            folderId=place.folder_id,
            processApplicationId=place.application_id,
        )
        return _file(self._call("POST", "/files", body))

    def update_file(self, file_id: str, revision: int, content: str) -> RemoteFile:
        """New content."""
        return _file(self._call("PATCH", f"/files/{file_id}", {"revision": revision, "content": content}))


def _project(item: Any) -> Project:
    return Project(member(item, "id"), member(item, "name"), str(item.get("created") or ""))


def _file(item: Any) -> RemoteFile:
    return RemoteFile(
        member(item, "id"), member(item, "name"), type_name(item.get("type")), int(item.get("revision") or 0)
    )


def _without_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
