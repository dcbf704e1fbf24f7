"""What a transfer remembers between runs, so that a repeat does nothing twice and a broken one goes on.

An entry belongs to a service and a content hash. Whoever works on it has a lease until a given time; a run that was
killed leaves one that ends by itself.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Protocol

from camunda_client.modeler.backend import Folder, ModelFile, Project
from camunda_client.modeler.body import TransferRequest
from camunda_client.modeler.settings import ModelerSettings


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a transfer. `fresh` says that no earlier run ever began it; `files` are ids by file key."""

    folder_name: str
    fresh: bool = True
    project: Project | None = None
    folder_id: str | None = None
    files: dict[str, str] = field(default_factory=dict)


class Journal(Protocol):
    """The memory of one transfer."""

    def begin(self, folder_name: str, lease: float, force: bool) -> Entry:
        """Takes the entry for `lease` seconds; `force` forgets what it held. Raises AlreadyRunning."""

    def owned(self, folder_id: str) -> bool:
        """Whether any transfer's entry has this folder."""

    def place(self, project: Project, folder: Folder) -> None:
        """Notes where the files go; files noted before are forgotten."""

    def file(self, file: ModelFile, file_id: str) -> None:
        """Notes that a file is there."""

    def end(self, state: str) -> None:
        """Gives the lease back. `state` is `complete`, `partial` or `failed`."""


class Forgetful:
    """A journal for one run: where there is no database."""

    def begin(self, folder_name: str, lease: float, force: bool) -> Entry:
        """A fresh entry."""
        return Entry(folder_name)

    def owned(self, folder_id: str) -> bool:
        """Nothing is known."""
        return False

    def place(self, project: Project, folder: Folder) -> None:
        """Forgotten."""

    def file(self, file: ModelFile, file_id: str) -> None:
        """Forgotten."""

    def end(self, state: str) -> None:
        """Forgotten."""


def content_hash(request: TransferRequest, settings: ModelerSettings) -> str:
    """The same for the same files to the same place: SHA-256, in hexadecimal digits."""
    parts = [
        settings.modeler_api_url,
        settings.project_name,
        request.process_application_id or settings.process_application_id or "",
        request.service_name,
        *([file.key, hashlib.sha256(file.content.encode()).hexdigest()] for file in request.files),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
