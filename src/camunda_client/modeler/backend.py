"""The port to a modeler: what a transfer needs of one, whichever API it speaks.

A *project* holds folders, perhaps inside a *process application*; Camunda Hub calls the two workspace and project.
Names are not unique in either, ids are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from camunda_client.errors import EngineUnavailable

FILE_TYPES = ("bpmn", "dmn", "form", "connector_template")
"""Types of files, as Web Modeler v1 spells them; `BPMN` and `element_template` are other spellings of the same."""

EXTENSIONS = {".bpmn": "bpmn", ".dmn": "dmn", ".form": "form", ".json": "connector_template"}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file to upload. `field` says where in the caller's request it came from, like `forms[0]`."""

    name: str
    content: str
    type: str
    field: str = ""

    @property
    def key(self) -> str:
        """What tells it from the other files of its folder."""
        return f"{self.type}:{self.name}"


@dataclass(frozen=True, slots=True)
class Project:
    """A project (Hub: workspace)."""

    id: str
    name: str
    created: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where files go. `application_id` is the process application (Hub: project), None where there is none."""

    project_id: str
    application_id: str | None = None
    folder_id: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that the modeler has; `revision` counts its changes."""

    id: str
    name: str
    type: str
    revision: int

    @property
    def key(self) -> str:
        """The same as `ModelFile.key` of the file it was made from."""
        return f"{self.type}:{self.name}"


class ModelerBackend(Protocol):
    """One API of a modeler. Every method is one attempt and raises a CamundaError."""

    def find_projects(self, name: str) -> list[Project]:
        """All projects of exactly this name, the oldest first."""

    def create_project(self, name: str) -> Project:
        """A new project."""

    def application(self, project: Project, wanted: str | None) -> str | None:
        """The process application to use inside a project: the wanted one, or what this API needs."""

    def find_folders(self, place: Place, name: str) -> list[Folder]:
        """Folders of exactly this name at the root of a place."""

    def create_folder(self, place: Place, name: str) -> Folder:
        """A new folder at the root of a place."""

    def files(self, place: Place) -> list[RemoteFile]:
        """The files directly in a place's folder. Raises NotFound where the folder is gone."""

    def read(self, file_id: str) -> tuple[RemoteFile, str]:
        """A file and its content."""

    def create_file(self, place: Place, file: ModelFile) -> RemoteFile:
        """A new file."""

    def update_file(self, file_id: str, revision: int, content: str) -> RemoteFile:
        """New content for a file whose revision is still this one. Raises Conflict where it is not."""


def type_name(text: object) -> str:
    """A file type as this library spells it, whatever an API says: `BPMN`, `element-template`."""
    name = str(text).lower().replace("-", "_")
    return "connector_template" if name == "element_template" else name


def member(answer: Any, *path: str) -> Any:
    """A value inside an answer. Raises EngineUnavailable where the answer has another shape."""
    for name in path:
        if not isinstance(answer, dict) or name not in answer:
            raise EngineUnavailable(f"the answer has no {'.'.join(path)}: is this the address of the modeler's API?")
        answer = answer[name]
    return answer
