"""Files into a folder: each once, spaced out, with three tries, and never twice.

Where an earlier request may have been carried out unseen (a time-out, a 500, a run that was killed), the folder is
asked before anything is sent again: the same content is taken as done, other content is replaced with its revision,
and a name that means two files is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from camunda_client.errors import CamundaError, Conflict, NotAuthenticated
from camunda_client.modeler.backend import ModelerBackend, ModelFile, Place
from camunda_client.modeler.connection import TRIES, Connection
from camunda_client.modeler.errors import Ambiguous, OutOfTime

log = logging.getLogger("camunda_client.modeler")

SPACING = 0.2
"""Seconds between two uploads."""

REVISION_TRIES = 3
"""How often a file that others change at the same time is read again."""


@dataclass(slots=True)
class Outcome:
    """What became of the files: ids by `ModelFile.key`, and reasons by it."""

    done: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def upload(
    connection: Connection,
    backend: ModelerBackend,
    place: Place,
    files: Sequence[ModelFile],
    *,
    tries: int = TRIES,
    uncertain: bool = False,
    on_done: Callable[[ModelFile, str], None] | None = None,
) -> Outcome:
    """Uploads the files in order. `uncertain` says that an earlier run may have uploaded some of them.

    A file's failure does not stop the others; the end of the time and a refused login do: what is left fails with it.
    `on_done` hears of each file and its id as soon as it is there.
    """
    outcome = Outcome()
    stopped: str | None = None
    for number, file in enumerate(files):
        if stopped is None:
            try:
                if number:
                    connection.pause(SPACING)
                made = connection.persist(
                    lambda doubt, file=file: _settle(backend, place, file, doubt),  # type: ignore[misc]
                    tries,
                    uncertain,
                )
            except CamundaError as error:
                outcome.failed[file.key] = str(error)
                if isinstance(error, OutOfTime | NotAuthenticated):
                    stopped = str(error)
                log.warning(
                    "Not uploaded",
                    extra={"event": "upload_failed", "file": file.name, "type": file.type, "reason": str(error)},
                )
                continue
            outcome.done[file.key] = made
            log.info("Uploaded", extra={"event": "uploaded", "file": file.name, "type": file.type, "file_id": made})
            if on_done is not None:
                on_done(file, made)
        else:
            outcome.failed[file.key] = stopped
    return outcome


def _settle(backend: ModelerBackend, place: Place, file: ModelFile, uncertain: bool) -> str:
    if not uncertain or place.folder_id is None:
        return backend.create_file(place, file).id
    there = [remote for remote in backend.files(place) if remote.key == file.key]
    if len(there) > 1:
        raise Ambiguous(f"the folder has {len(there)} files of this name and type; neither is changed")
    return agree(backend, there[0].id, file) if there else backend.create_file(place, file).id


def agree(backend: ModelerBackend, file_id: str, file: ModelFile) -> str:
    """Makes an existing file's content that of `file`. Raises Conflict where others keep changing it."""
    seen: list[int] = []
    for _ in range(REVISION_TRIES):
        remote, content = backend.read(file_id)
        if content == file.content:
            return file_id
        seen.append(remote.revision)
        try:
            return backend.update_file(file_id, remote.revision, file.content).id
        except Conflict:
            continue
    raise Conflict(f"somebody changes this file at the same time (revisions {', '.join(map(str, seen))})", status=409)
