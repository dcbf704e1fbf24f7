"""`procession evaluate`: a decision, on the server or from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from camunda_client.c7.values import decode, encode
from procession.cli.connection import AsJson, Tenant, Url, User, connect
from procession.cli.exits import Exit, Quit
from procession.cli.models import DMN_SUFFIXES
from procession.cli.output import complain, notes, print_json, results, table
from procession.cli.registry import command
from procession.cli.variables import Variables, VariablesFile, read_variables

Rows = Sequence[Mapping[str, Any]]


@command
def evaluate(
    decision: Annotated[
        str,
        typer.Argument(help="Key of a decision on the server, or a .dmn file to evaluate here.", metavar="KEY|FILE"),
    ],
    var: Variables = None,
    vars_file: VariablesFile = None,
    which: Annotated[
        str | None, typer.Option("--decision", "-d", help="Which decision of a file; default: the one at the top.")
    ] = None,
    tenant: Tenant = None,
    url: Url = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a decision and print one row for each matched rule.

    A file is evaluated here, without any server, as Camunda 7 would.
    """
    variables = read_variables(var, vars_file)
    if decision.endswith(DMN_SUFFIXES):
        rows = _from_file(Path(decision), which, variables)
    else:
        with connect(url, user) as client:
            rows = client.evaluate_decision(decision, variables, tenant_id=tenant)
    _show(rows, as_json)


def _from_file(file: Path, which: str | None, variables: Mapping[str, Any]) -> Rows:
    from procession.camunda7.decisions import read_decisions

    if not file.is_file():
        raise Quit(Exit.USAGE, f"{file}: no such file")
    decisions = read_decisions(file.read_bytes(), file.name)
    known = {decision.id: decision for decision in decisions.executable}
    if which is None:
        required = {name for decision in known.values() for name in decision.decisions}
        top = [name for name in known if name not in required]
        which = top[0] if len(top) == 1 else None
    if which not in known:
        raise Quit(Exit.USAGE, f"{file}: choose one of its decisions with --decision: {', '.join(known) or 'none'}")
    values = {name: decode(encode(value)) for name, value in variables.items()}
    evaluation = decisions.evaluate(which, values, datetime.now(UTC))
    for warning in evaluation.warnings:
        complain(f"{warning.decision_id}: {warning.message}")
    return evaluation.rows


def _show(rows: Rows, as_json: bool) -> None:
    if as_json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        notes().print("No rule matched.")
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    results().print(
        table("", [name or "result" for name in columns], [[row.get(name) for name in columns] for row in rows])
    )
