"""Camunda Hub's REST API v2, the successor of Web Modeler's: what was a project is a workspace, what was a process
application is a project, ids are keys, and files live in projects only.
"""

from __future__ import annotations

from typing import Any

from camunda_client.modeler.backend import Folder, ModelFile, Place, Project, RemoteFile, member, type_name
from camunda_client.modeler.connection import Connection

PAGE = 100


class HubV2:
    """`ModelerBackend` over `/api/v2`."""

    def __init__(self, connection: Connection) -> None:
        self._call = connection.call

    def find_projects(self, name: str) -> list[Project]:
        """Workspaces of this name, the oldest first."""
        found: list[Project] = []
        start = 0
        while True:
            query = {"filter": {"name": {"$eq": name}}, "page": {"from": start, "limit": PAGE}}
            answer = self._call("POST", "/workspaces/search", query)
            items = member(answer, "items")
            found += [_workspace(item) for item in items if member(item, "name") == name]
            start += len(items)
            if not items or start >= int(member(answer, "page").get("totalItems", start)):
                return sorted(found, key=lambda project: (project.created, project.id))

    def create_project(self, name: str) -> Project:
        """A new workspace."""
        return _workspace(self._call("POST", "/workspaces", {"name": name}))

    def application(self, project: Project, wanted: str | None) -> str | None:
        """The wanted project, else the workspace's project of the same name, which is created where it is missing."""
        if wanted is not None:
            return wanted
        content = member(self._call("GET", f"/workspaces/{project.id}"), "content")
        for item in content.get("projects") or ():
            if member(item, "name") == project.name:
                return str(member(item, "projectKey"))
        made = self._call("POST", "/projects", {"name": project.name, "workspaceKey": project.id})
        return str(member(made, "projectKey"))

    def find_folders(self, place: Place, name: str) -> list[Folder]:
        """Folders of this name at the root of the project."""
        content = member(self._call("GET", f"/projects/{place.application_id}"), "content")
        return [
            Folder(member(folder, "folderKey"), name)
            for folder in content.get("folders") or ()
            if member(folder, "name") == name and not folder.get("parentFolderKey")
        ]

    def create_folder(self, place: Place, name: str) -> Folder:
        """A new folder."""
        answer = self._call("POST", "/folders", {"name": name, "projectKey": place.application_id})
        return Folder(member(answer, "folderKey"), member(answer, "name"))

    def files(self, place: Place) -> list[RemoteFile]:
        """The files of a folder."""
        answer = self._call("GET", f"/folders/{place.folder_id}")
        return [_file(item) for item in member(answer, "content").get("files") or ()]

    def read(self, file_id: str) -> tuple[RemoteFile, str]:
        """A file and its content."""
        answer = self._call("GET", f"/files/{file_id}")
        return _file(answer), str(member(answer, "content"))

    def create_file(self, place: Place, file: ModelFile) -> RemoteFile:
        """A new file."""
        kind = "element-template" if file.type == "connector_template" else file.type
        body = {"name": file.name, "content": file.content, "type": kind}
        body |= {"projectKey": str(place.application_id), "folderKey": str(place.folder_id)}
        return _file(self._call("POST", "/files", body))

    def update_file(self, file_id: str, revision: int, content: str) -> RemoteFile:
        """New content."""
        return _file(self._call("PATCH", f"/files/{file_id}", {"revision": revision, "content": content}))


def _workspace(item: Any) -> Project:
    return Project(member(item, "workspaceKey"), member(item, "name"), str(item.get("created") or ""))


def _file(item: Any) -> RemoteFile:
    return RemoteFile(
        member(item, "fileKey"), member(item, "name"), type_name(item.get("type")), int(item.get("revision") or 0)
    )
