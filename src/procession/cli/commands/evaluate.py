"""`procession evaluate`: a decision, on the server or from a file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from procession.cli.connection import AsJson, Tenant, Url, User, connect
from procession.cli.output import notes, print_json, results, table
from procession.cli.registry import command
from procession.cli.variables import Variables, VariablesFile, read_variables


@command
def evaluate(
    decision: Annotated[str, typer.Argument(help="Key of a decision on the server.", metavar="KEY")],
    var: Variables = None,
    vars_file: VariablesFile = None,
    tenant: Tenant = None,
    url: Url = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a decision and print one row for each result."""
    variables = read_variables(var, vars_file)
    with connect(url, user) as client:
        rows = client.evaluate_decision(decision, variables, tenant_id=tenant)
    show(rows, as_json)


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Prints the rows of a decision's result."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        notes().print("No rule matched.")
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    results().print(table("", columns, [[row.get(name) for name in columns] for row in rows]))
