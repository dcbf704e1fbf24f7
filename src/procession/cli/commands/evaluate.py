"""`procession evaluate`: a decision, on the server or from a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Any

import typer
from rich.text import Text as RichText

from camunda_client.c7.values import decode, encode
from procession.cli.connection import AsJson, Tenant, Url, User, connect
from procession.cli.exits import Exit, Quit
from procession.cli.models import DMN_SUFFIXES
from procession.cli.output import complain, notes, print_json, results, table
from procession.cli.registry import command
from procession.cli.variables import VariablesFile, read_variables
from procession.dmn import DecisionRecord, Definitions, Evaluation
from procession.dmn.model import Table, Text
from procession.feel.chance import CHANCE

Rows = Sequence[Mapping[str, Any]]
MATCHED = "▶"


@command
def evaluate(
    decision: Annotated[
        str,
        typer.Argument(help="Key of a decision on the server, or a .dmn file to evaluate here.", metavar="KEY|FILE"),
    ],
    var: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            "--var",
            "-v",
            metavar="NAME[:TYPE]=VALUE",
            help="An input: JSON or text; @FILE reads it from a file. Or all inputs as one JSON object.",
        ),
    ] = None,
    vars_file: VariablesFile = None,
    which: Annotated[
        str | None, typer.Option("--decision", "-d", help="Which decision of a file; default: the one at the top.")
    ] = None,
    standard: Annotated[
        bool,
        typer.Option(
            "--standard", help="A file as the DMN standard has it, with knowledge models, services and imports."
        ),
    ] = False,
    explain: Annotated[
        bool | None,
        typer.Option("--explain/--no-explain", help="Show the tables of a file with the rules that matched."),
    ] = None,
    tenant: Tenant = None,
    url: Url = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a decision and print one row for each matched rule.

    A file is evaluated here, without any server, as Camunda 7 would, or with --standard as the DMN standard says. On a
    terminal its tables are shown, the rules that matched marked.
    """
    variables = _inputs(var, vars_file)
    CHANCE.bits = SystemRandom().getrandbits
    if decision.endswith(DMN_SUFFIXES):
        file = Path(decision)
        if not file.is_file():
            raise Quit(Exit.USAGE, f"{file}: no such file")
        definitions, found = (_standard if standard else _camunda)(file, which, variables)
        for warning in found.warnings:
            complain(f"{warning.decision_id}: {warning.message}")
        if not as_json and (sys.stdout.isatty() if explain is None else explain):
            _explain(definitions, found.decisions)
        if standard and as_json:
            print_json(found.value)
            return
        rows: Rows = found.rows
    else:
        with connect(url, user) as client:
            rows = client.evaluate_decision(decision, variables, tenant_id=tenant)
    _show(rows, as_json)


def _inputs(given: Sequence[str] | None, file: Path | None) -> dict[str, Any]:
    named = [item for item in given or () if not item.lstrip().startswith("{")]
    values = read_variables(named, file)
    for item in given or ():
        if item not in named:
            try:
                values |= json.loads(item)
            except ValueError as error:
                raise Quit(Exit.USAGE, f"the inputs are no JSON object: {error}") from None
    return values


def _camunda(file: Path, which: str | None, variables: Mapping[str, Any]) -> tuple[Definitions, Evaluation]:
    from procession.camunda7.decisions import read_decisions

    decisions = read_decisions(file.read_bytes(), file.name)
    chosen = _chosen(file, which, {decision.id: decision.decisions for decision in decisions.executable})
    values = {name: decode(encode(value)) for name, value in variables.items()}
    return decisions.definitions, decisions.evaluate(chosen, values, datetime.now(UTC))


def _standard(file: Path, which: str | None, variables: Mapping[str, Any]) -> tuple[Definitions, Evaluation]:
    from procession.dmn import load

    beside = sorted(other for suffix in DMN_SUFFIXES for other in file.parent.glob(f"*{suffix}"))
    model = load(file, *(other for other in beside if other.name != file.name))
    definitions = model.definitions
    shown = {decision.id: decision.name or decision.id for decision in definitions.decisions.values()}
    known = {shown[id_]: [shown.get(one, one) for one in definitions.decisions[id_].decisions] for id_ in shown}
    services = {name for one in definitions.services.values() for name in (one.id, one.name)}
    chosen = str(which) if which in services else _chosen(file, shown.get(which or "", which), known)
    return definitions, model.evaluate(chosen, variables, datetime.now(UTC))


def _chosen(file: Path, which: str | None, known: Mapping[str, Sequence[str]]) -> str:
    """The decision asked for, or the only one that no other requires."""
    if which is None:
        required = {name for names in known.values() for name in names}
        top = [name for name in known if name not in required]
        which = top[0] if len(top) == 1 else None
    if which is None or which not in known:
        raise Quit(Exit.USAGE, f"{file}: choose one of its decisions with --decision: {', '.join(known) or 'none'}")
    return which


def _explain(definitions: Definitions, records: Sequence[DecisionRecord]) -> None:
    for record in records:
        decision = definitions.decisions.get(record.decision_id)
        if decision is not None and isinstance(decision.logic, Table):
            results().print(_marked(decision.name or decision.id, decision.logic, record))


def _marked(name: str, logic: Table, record: DecisionRecord) -> Any:
    """A table as it was drawn, its inputs' values on top, the rules that matched marked."""
    heads = [clause.label or _written(clause.expression) for clause in logic.inputs]
    heads += [clause.label or clause.name or "result" for clause in logic.outputs]
    matched = {one.rule for one in record.outputs}
    values = [_plain(one.value) for one in record.inputs] + [""] * len(logic.outputs)
    rows: list[list[object]] = [["", "", *(RichText(value, style="cyan") for value in values)]]
    for number, rule in enumerate(logic.rules, 1):
        cells = [_written(cell) or "-" for cell in rule.inputs] + [_written(cell) for cell in rule.outputs]
        style = "bold green" if number in matched else "dim"
        mark = MATCHED if number in matched else ""
        rows.append([RichText(cell, style=style) for cell in (mark, str(number), *cells)])
    return table(f"{name} ({logic.policy})", ["", "", *heads], rows)


def _written(text: Text | None) -> str:
    return " ".join(((text.text if text is not None else None) or "").split())


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


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
