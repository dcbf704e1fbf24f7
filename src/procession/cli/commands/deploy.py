"""`procession deploy`: look first, then deploy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.text import Text

from camunda_client.c7.client import Camunda7Client
from camunda_client.c7.models import Deployment
from camunda_client.errors import BadRequest
from procession.cli.connection import AsJson, Tenant, Url, User, connect
from procession.cli.exits import Exit, Quit
from procession.cli.models import Check, Model, check, collect
from procession.cli.output import notes, print_json, results, table
from procession.cli.preview import Change, State, compare, together
from procession.cli.registry import command
from procession.errors import Problem

STYLES = {State.NEW: "green", State.CHANGED: "yellow", State.UNCHANGED: "dim", State.ALONG: "cyan"}
SOURCE = "procession deploy"


@command
def deploy(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders with models and forms.", metavar="FILES…")],
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Name of the deployment. Default: the file's or folder's name.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and end.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse models with warnings as well.")] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Leave the verdict about the models to the server alone.")
    ] = False,
    tenant: Tenant = None,
    url: Url = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Deploy models to any Camunda 7 server, after showing what would change.

    Files are read and validated here first. Then each definition is compared with the latest version on the server;
    only what is new or changed is sent, in one transaction.
    """
    checked = check(collect(files), validate=not no_check)
    _judge(checked, strict)
    title = name or _title(files)
    with connect(url, user) as client:
        version = client.version()
        changes = _compare(client, checked.models, title, tenant)
        sent = _to_send(checked.models, changes)
        report: dict[str, Any] = {
            "target": client.root,
            "engineVersion": version,
            "name": title,
            "changes": [change.as_json() for change in changes],
            "warnings": [str(warning) for warning in checked.warnings],
            "dryRun": dry_run,
            "deployment": None,
        }
        if not as_json:
            _show(f"{title} → {client.root} (Camunda {version})", changes)
        if sent and not dry_run:
            _ask(len(sent), yes)
            deployment = _send(client, sent, title, tenant)
            report["deployment"] = deployment.model_dump(mode="json", by_alias=True, exclude={"links"})
            if not as_json:
                _tell(deployment)
        elif not sent and not as_json:
            results().print("Nothing to do: everything is deployed already.")
    if as_json:
        print_json(report)


def _title(files: Sequence[Path]) -> str:
    first = files[0].resolve()
    if len(files) == 1 and first.is_file():
        return first.name.split(".")[0]
    return first.name if first.is_dir() else first.parent.name


def _judge(checked: Check, strict: bool) -> None:
    """Shows warnings, ends where there are problems. Raises Quit."""
    if checked.warnings:
        _list_problems("Warnings", checked.warnings, "yellow")
    if checked.problems:
        _list_problems("Problems", checked.problems, "red")
        count = f"{len(checked.problems)} problem{'s' * (len(checked.problems) > 1)}"
        raise Quit(Exit.MODEL, f"{count}; nothing was sent (--no-check leaves the verdict to the server)")
    if strict and checked.warnings:
        raise Quit(Exit.MODEL, "There are warnings, and --strict was given; nothing was sent")


def _list_problems(title: str, problems: Sequence[Problem], style: str) -> None:
    columns = ("File", "Line", "Element", title)
    rows = [
        (problem.resource, problem.line or None, ", ".join(problem.elements), Text(problem.message, style=style))
        for problem in problems
    ]
    notes().print(table("", columns, rows))


def _compare(client: Camunda7Client, models: Sequence[Model], title: str, tenant: str | None) -> list[Change]:
    changes: list[Change] = []
    console = notes()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for found in progress.track(compare(client, models, title, tenant), total=len(models), description="Comparing"):
            changes += found
    return together(models, changes)


def _to_send(models: Sequence[Model], changes: Sequence[Change]) -> list[Model]:
    moving = {change.file for change in changes if change.state is not State.UNCHANGED}
    return [model for model in models if model.name in moving]


def _show(title: str, changes: Sequence[Change]) -> None:
    columns = ("State", "Kind", "Key", "Version", "Running", "File")
    rows = [
        (
            Text(change.state.value, style=STYLES[change.state]),
            change.kind,
            change.key,
            _versions(change),
            f"{change.instances} on v{change.before}" if change.instances else None,
            change.file,
        )
        for change in changes
    ]
    results().print(table(title, columns, rows))


def _versions(change: Change) -> str | None:
    if change.after is None:
        return None
    return str(change.after) if change.before in (None, change.after) else f"{change.before} → {change.after}"


def can_ask() -> bool:
    """True where a person sits at the other end."""
    return sys.stdin.isatty()


def _ask(count: int, yes: bool) -> None:
    if yes:
        return
    if not can_ask():
        raise Quit(Exit.DECLINED, "Nobody can be asked here: give --yes to deploy, or --dry-run to look only")
    if not typer.confirm(f"Deploy {count} file{'s' * (count > 1)}?", err=True):
        raise Quit(Exit.DECLINED, "Nothing was deployed")


def _send(client: Camunda7Client, models: Sequence[Model], title: str, tenant: str | None) -> Deployment:
    contents: dict[str, bytes | str] = {model.name: model.content for model in models}
    console = notes()
    try:
        with console.status("Deploying"):
            return client.deploy(contents, name=title, source=SOURCE, tenant_id=tenant)
    except BadRequest as error:
        problems = list(_reported(error.body))
        if not problems:
            raise
        _list_problems("The server refuses", problems, "red")
        raise Quit(Exit.MODEL, "Nothing was deployed") from None


def _reported(body: Any) -> Sequence[Problem]:
    """The problems in a server's parse report."""
    details = body.get("details") if isinstance(body, dict) else None
    if not isinstance(details, dict):
        return []
    return [
        Problem(
            str(fault.get("message")),
            fault.get("line") or 0,
            fault.get("column") or 0,
            tuple(fault.get("elementIds") or filter(None, [fault.get("mainElementId")])),
            resource,
        )
        for resource, found in details.items()
        for fault in (found or {}).get("errors") or []
    ]


def _tell(deployment: Deployment) -> None:
    kinds = {
        "process": deployment.deployed_process_definitions,
        "decision": deployment.deployed_decision_definitions,
    }
    out = results()
    out.print(f"Deployed as {deployment.id}", markup=False)
    for kind, found in kinds.items():
        for definition in (found or {}).values():
            out.print(f"  {kind} {definition.key} version {definition.version}", markup=False)
