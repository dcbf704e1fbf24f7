"""The transfer itself: project, folder, files, time stamp, in this order, each step remembered before the next.

1. The journal's entry is taken. A fresh one makes a folder named after the service and the time; a known one goes on
   in its folder, or starts anew where somebody deleted that folder.
2. Files that the entry has and the folder still holds are done; the others are uploaded.
3. `record` sets the time of the transfer: after all files as after some of them, as the report says which.

Whatever raises before the report leaves the journal's entry free for the next run, with all that was done in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from camunda_client.errors import NotFound
from camunda_client.modeler.backend import Folder, Place, Project
from camunda_client.modeler.body import TransferRequest
from camunda_client.modeler.client import CamundaClient
from camunda_client.modeler.journal import Entry, Journal
from camunda_client.modeler.uploading import upload

log = logging.getLogger("camunda_client.modeler")

RESERVE = 3.0
"""Seconds of a run kept for the database and the answer."""

LEASE = 300.0
"""Seconds for which a run without a time limit holds its entry."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was transferred. `failures` are (file name, reason)."""

    project: Project
    project_url: str
    folder: Folder
    uploaded: int
    failures: tuple[tuple[str, str], ...]

    @property
    def complete(self) -> bool:
        """Whether every file is there."""
        return not self.failures


def transfer(
    request: TransferRequest,
    client: CamundaClient,
    journal: Journal,
    record: Callable[[datetime], object],
    seconds: float | None = None,
    folder_name: str | None = None,
) -> Report:
    """Transfers all files of a request within `seconds`.

    `folder_name` replaces the time-stamped name: an existing folder of that name is then brought up to date.
    Raises a CamundaError where project or folder cannot be had, DatabaseUnavailable.
    """
    connection = client.connection
    clock = connection.clock
    started = clock.now()
    connection.deadline = None if seconds is None else clock.monotonic() + seconds - RESERVE
    lease = LEASE if seconds is None else seconds
    entry = journal.begin(folder_name or f"{request.service_name} {started:%Y%m%d-%H%M}", lease, request.force)
    log.info(
        "Transfer begins",
        extra={
            "event": "begin",
            "service_id": request.service_id,
            "files": len(request.files),
            "again": not entry.fresh,
        },
    )
    try:
        run = _Run(request, client, journal, entry, existing=folder_name is not None)
        report = run.go(started)
        record(clock.now())
        journal.end("complete" if report.complete else "partial")
    except Exception:  # a process that is killed leaves the lease to end by itself
        _release(journal)
        raise
    finally:
        connection.deadline = None
    log.info(
        "Transfer ends",
        extra={
            "event": "end",
            "service_id": request.service_id,
            "folder_id": report.folder.id,
            "uploaded": report.uploaded,
            "failed": len(report.failures),
            "seconds": (clock.now() - started).total_seconds(),
        },
    )
    return report


def _release(journal: Journal) -> None:
    try:
        journal.end("failed")
    except Exception as error:  # the first error is the one to report
        log.warning("The transfer's lease stays", extra={"event": "lease_stays", "reason": type(error).__name__})


class _Run:
    """One run of one transfer."""

    def __init__(
        self, request: TransferRequest, client: CamundaClient, journal: Journal, entry: Entry, existing: bool
    ) -> None:
        self.request = request
        self.client = client
        self.backend = client.backend
        self.persist = client.connection.persist
        self.settings = client.connection.settings
        self.journal = journal
        self.entry = entry
        self.existing = existing

    def go(self, started: datetime) -> Report:
        """Uploads what is missing."""
        found = self._known_folder()
        # A folder we did not make in this run may hold files that nobody noted.
        uncertain = found is not None
        if found is None:
            project = self.persist(self._project)
            place = self._application(project)
            name = self.entry.folder_name
            if self.entry.folder_id is not None and not self.existing:
                name = f"{self.request.service_name} {started:%Y%m%d-%H%M}"
            folder = None
            if self.existing or not self.entry.fresh:
                folder = self.persist(lambda _: self._adopt(place, name))
                uncertain = folder is not None
            if folder is None:
                folder = self.persist(lambda doubt: self._folder(place, name, doubt))
            self.journal.place(project, folder)
            done: dict[str, str] = {}
        else:
            project, place, folder, done = found
        there = Place(place.project_id, place.application_id, folder.id)
        missing = [file for file in self.request.files if file.key not in done]
        outcome = upload(
            self.client.connection, self.backend, there, missing, uncertain=uncertain, on_done=self.journal.file
        )
        return Report(
            project,
            self.client.get_project_url(project.id),
            folder,
            len(done) + len(outcome.done),
            tuple((file.name, outcome.failed[file.key]) for file in missing if file.key in outcome.failed),
        )

    def _known_folder(self) -> tuple[Project, Place, Folder, dict[str, str]] | None:
        """Where an earlier run went, and the files of its that are still there."""
        entry = self.entry
        if entry.project is None or entry.folder_id is None:
            return None
        place = self._application(entry.project)
        there = Place(place.project_id, place.application_id, entry.folder_id)
        try:
            held = {file.id for file in self.persist(lambda _: self.backend.files(there))}
        except NotFound:
            log.info("The folder was deleted", extra={"event": "folder_gone", "folder_id": entry.folder_id})
            return None
        done = {key: file_id for key, file_id in entry.files.items() if file_id in held}
        wanted = {file.key for file in self.request.files}
        folder = Folder(entry.folder_id, entry.folder_name)
        return entry.project, place, folder, {key: done[key] for key in done if key in wanted}

    def _project(self, _: bool) -> Project:
        # Looking comes first in every try, so that a project whose making was not answered is found.
        found = self.backend.find_projects(self.settings.project_name)
        if len(found) > 1:
            log.warning("Several projects have this name", extra={"event": "projects", "count": len(found)})
        return found[0] if found else self.backend.create_project(self.settings.project_name)

    def _application(self, project: Project) -> Place:
        wanted = self.request.process_application_id or self.settings.process_application_id
        return Place(project.id, self.persist(lambda _: self.backend.application(project, wanted)))

    def _folder(self, place: Place, name: str, doubt: bool) -> Folder:
        found = self._adopt(place, name) if doubt else None
        return found or self.backend.create_folder(place, name)

    def _adopt(self, place: Place, name: str) -> Folder | None:
        """The folder of this name that belongs to no transfer: made by a run that died before it could note it."""
        found = [folder for folder in self.backend.find_folders(place, name) if not self.journal.owned(folder.id)]
        return found[0] if len(found) == 1 else None


def note_nothing(_: datetime) -> None:
    """A `record` for transfers without a database."""
