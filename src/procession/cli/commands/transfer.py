"""`procession transfer`: the models and forms of a folder to Web Modeler, Camunda Hub, or a modeler of one's own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from camunda_client.modeler.backend import EXTENSIONS, ModelFile
from camunda_client.modeler.body import LONGEST_NAME, LONGEST_SERVICE_NAME, TransferRequest, manifest_file, read_service
from camunda_client.modeler.checking import check
from camunda_client.modeler.client import CamundaClient
from camunda_client.modeler.errors import BadBody, DatabaseUnavailable
from camunda_client.modeler.journal import Forgetful, Journal, content_hash
from camunda_client.modeler.postgres import Database, PostgresJournal, record_transfer
from camunda_client.modeler.settings import ModelerSettings
from camunda_client.modeler.transfer import Report, note_nothing
from camunda_client.modeler.transfer import transfer as run_transfer
from procession.cli.exits import Exit, Quit
from procession.cli.output import complain, notes, print_json
from procession.cli.registry import command
from procession.serverless.linting import examine

MANIFEST = "manifest.json"
TEMPLATES = "element-templates"


@command
def transfer(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Folder with .bpmn, .dmn and .form files, and perhaps a manifest.json with serviceId and serviceName.",
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the service. Default: the manifest's, else DIR's.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", help="Bring this folder of the project up to date, instead of a new one with the time."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Transfer again what was transferred already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and list the files; send nothing.")] = False,
    lint: Annotated[
        bool, typer.Option("--lint/--no-lint", help="Refuse models in which `procession lint` finds errors.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Upload the models and forms of a folder to a modeler.

    Where it is and who we are there: CAMUNDA_MODELER_API_URL, CAMUNDA_OAUTH_URL, CAMUNDA_CLIENT_ID,
    CAMUNDA_CLIENT_SECRET, CAMUNDA_TARGET_PROJECT_NAME. With DATABASE_HOST and a serviceId, a repeat goes on where the
    last run ended, and the time of the transfer is noted.
    """
    try:
        request = _request(folder, name, force)
    except BadBody as error:
        raise Quit(Exit.USAGE, str(error)) from None
    findings = (examine if lint else check)(request.files)
    for finding in findings:
        complain(str(finding))
    if findings:
        raise Quit(Exit.MODEL)
    if dry_run:
        for file in request.files:
            print(f"{file.type}\t{file.name}")
        return
    settings = ModelerSettings.load(os.environ)
    client = CamundaClient(settings)
    database = Database(os.environ) if os.environ.get("DATABASE_HOST") and request.service_id and not into else None
    journal: Journal = Forgetful()
    record: Any = note_nothing
    if database is not None and request.service_id is not None:
        journal = PostgresJournal(
            database, client.connection.clock, request.service_id, content_hash(request, settings)
        )
        record = partial(record_transfer, database, request.service_id)
    try:
        report = run_transfer(request, client, journal, record, settings.seconds, into)
    except DatabaseUnavailable as error:
        raise Quit(Exit.FAILED, str(error)) from None
    finally:
        client.close()
        if database is not None:
            database.close()
    _show(report, as_json)


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        failures = [{"name": name, "error": error} for name, error in report.failures]
        print_json(
            {
                "success": report.complete,
                "projectUrl": report.project_url,
                "folderName": report.folder.name,
                "folderId": report.folder.id,
                "uploadedFiles": report.uploaded,
                "failures": failures,
            }
        )
    else:
        notes().print(f"{report.uploaded} files in {report.folder.name!r} of {report.project.name!r}", markup=False)
        print(report.project_url)
    for name, error in report.failures:
        complain(f"{name}: {error}")
    if not report.complete:
        raise Quit(Exit.FAILED, "Some files are not there; the same command goes on with these")


def _request(folder: Path, name: str | None, force: bool) -> TransferRequest:
    manifest = _manifest(folder)
    service_id, manifest_name = read_service(manifest)
    service = name or manifest_name or folder.resolve().name
    if not 1 <= len(service) <= LONGEST_SERVICE_NAME:
        raise BadBody("--name", f"must have 1 to {LONGEST_SERVICE_NAME} characters")
    found = sorted(path for path in folder.rglob("*") if path.suffix in EXTENSIONS and _is_model(path))
    # The service's own model comes first, as the others belong to it.
    found.sort(key=lambda path: path.stem not in (service, folder.resolve().name, "main"))
    files = [_file(path, folder) for path in found]
    if not files:
        raise BadBody("DIR", "has no .bpmn, .dmn or .form file")
    if manifest:
        files.append(manifest_file(manifest))
    names = [file.key for file in files]
    if twice := next((file for file in files if names.count(file.key) > 1), None):
        raise BadBody(twice.field, f"the name {twice.name!r} is there more than once; names in a folder must differ")
    return TransferRequest(service_id, service, tuple(files), force=force)


def _is_model(path: Path) -> bool:
    # Most JSON is something else; templates live in a folder of this name, as the desktop modeler wants it.
    return path.is_file() and (path.suffix != ".json" or path.parent.name == TEMPLATES)


def _file(path: Path, folder: Path) -> ModelFile:
    where = path.relative_to(folder).as_posix()
    if len(path.name) > LONGEST_NAME:
        raise BadBody(where, f"has a name of more than {LONGEST_NAME} characters")
    return ModelFile(path.name, _read(path, where), EXTENSIONS[path.suffix], where)


def _manifest(folder: Path) -> Mapping[str, Any]:
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        found = json.loads(_read(path, MANIFEST))
    except (ValueError, RecursionError):
        raise BadBody(MANIFEST, "is not JSON") from None
    if not isinstance(found, dict):
        raise BadBody(MANIFEST, "is not a JSON object")
    return found


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadBody(where, f"cannot be read as UTF-8 ({type(error).__name__})") from None
