"""`procession lint`: what breaks in models when they run, before anybody deploys them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from procession.cli.exits import Exit, Quit
from procession.cli.models import collect
from procession.cli.output import notes, print_json, results
from procession.cli.registry import command
from procession.lint import Finding, Severity, check, rules
from procession.serverless.linting import dialect_of

STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"


@command
def lint(
    files: Annotated[
        list[Path], typer.Argument(help="Files, or folders with models and forms, of one deployment.", metavar="FILES…")
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="Lines of text, or one JSON list.")] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", help="Rule to pass over, or RULE:ELEMENT for one element. Repeatable."),
    ] = None,
    elsewhere: Annotated[
        list[str] | None,
        typer.Option("--elsewhere", help="Key of a process, decision or form that is deployed already. Repeatable."),
    ] = None,
    variable: Annotated[
        list[str] | None, typer.Option("--variable", help="Variable that callers always give. Repeatable.")
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", help="Topic that workers serve; others are then errors. Repeatable."),
    ] = None,
) -> None:
    """Find what breaks when models run: references to nothing, missing conditions and paths, unknown variables.

    Models of Camunda 7 and of Camunda 8. The rules, each with what to do instead: docs/reference/lint. Warnings alone
    end with 0, unless --strict is given.
    """
    found = collect(files)
    paths = {path.name: path for path in found}
    passed_over = frozenset(ignore or ())
    if unknown := sorted({name.split(":")[0] for name in passed_over} - set(rules())):
        raise Quit(Exit.USAGE, f"There is no rule {', '.join(unknown)}; the rules are {', '.join(rules())}")
    findings = check(
        [(path.name, path.read_bytes()) for path in found],
        dialect_of,
        elsewhere=elsewhere or (),
        variables=variable or (),
        topics=topic,
    )
    findings = [
        one for one in findings if one.rule not in passed_over and f"{one.rule}:{one.element}" not in passed_over
    ]
    report(findings, paths, as_json=format is Format.JSON)
    if any(finding.severity is Severity.ERROR or strict for finding in findings):
        raise Quit(Exit.MODEL)


def report(findings: list[Finding], paths: dict[str, Path], *, as_json: bool) -> None:
    """Writes the findings, with the paths that were given."""
    if as_json:
        print_json([{**finding.as_json(), "file": str(paths[finding.file])} for finding in findings])
        return
    out = results()
    for finding in findings:
        text = str(finding).replace(finding.file, str(paths[finding.file]), 1)
        out.print(Text(text, style=STYLES[finding.severity] if out.is_terminal else ""))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    count = f"{len(paths)} files, {errors} errors, {len(findings) - errors} warnings"
    notes().print(count, style="green" if not findings else "")
