"""`procession tasks`: what waits for people."""

from __future__ import annotations

from typing import Annotated

import typer

from procession.cli.connection import AsJson, Tenant, Url, User, connect
from procession.cli.output import notes, print_json, results, table
from procession.cli.registry import command


@command
def tasks(
    assignee: Annotated[str | None, typer.Option("--assignee", "-a", help="Tasks of this user.")] = None,
    group: Annotated[str | None, typer.Option("--group", "-g", help="Tasks this group may take.")] = None,
    process: Annotated[str | None, typer.Option("--process", "-p", help="Tasks of this process (its key).")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most, oldest first.")] = 50,
    tenant: Tenant = None,
    url: Url = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """List open user tasks."""
    with connect(url, user) as client:
        found = client.tasks(
            assignee=assignee,
            candidate_group=group,
            process_definition_key=process,
            tenant_id_in=tenant,
            sort_by="created",
            sort_order="asc",
            max_results=limit,
        )
    if as_json:
        print_json([task.model_dump(mode="json", by_alias=True) for task in found])
        return
    if not found:
        notes().print("No open tasks.")
        return
    columns = ("Task", "Name", "Assignee", "Process", "Created", "Due")
    rows = [
        (
            task.id,
            task.name or task.task_definition_key,
            task.assignee,
            (task.process_definition_id or "").split(":")[0],
            task.created and f"{task.created:%Y-%m-%d %H:%M}",
            task.due and f"{task.due:%Y-%m-%d %H:%M}",
        )
        for task in found
    ]
    results().print(table("", columns, rows))
