"""Variables on the command line: `--var age=17 --var name=Ann --var due:Date=2026-01-31T00:00:00.000+0000`.

What reads as JSON is that value (`17`, `true`, `null`, `{"a": 1}`, `"17"`); everything else is text. A type after the
name is Camunda 7's type, and its value is taken as that type wants it. `@file` reads the value from a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from camunda_client.c7.values import FileValue, TypedValue, XmlValue, parse_date
from procession.cli.exits import Exit, Quit

Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--var", "-v", metavar="NAME[:TYPE]=VALUE", help="A variable: JSON or text; @FILE reads it from a file."
    ),
]
VariablesFile = Annotated[
    Path | None,
    typer.Option("--vars", exists=True, dir_okay=False, help="A JSON file with an object of variables."),
]


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _whole(kind: str) -> Callable[[str], TypedValue]:
    return lambda text: TypedValue(kind, int(text))


_BY_TYPE: dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "date": parse_date,
    "double": float,
    "integer": _whole("Integer"),
    "json": json.loads,
    "long": _whole("Long"),
    "null": lambda text: None,
    "short": _whole("Short"),
    "string": str,
    "xml": XmlValue,
}


def read_variables(given: Sequence[str] | None, file: Path | None = None) -> dict[str, Any]:
    """Variables by name; those on the command line win over the file. Raises Quit."""
    values: dict[str, Any] = {}
    if file is not None:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Quit(Exit.USAGE, f"{file}: not JSON: {error}") from None
        if not isinstance(content, dict):
            raise Quit(Exit.USAGE, f"{file}: an object with variables is expected")
        values |= content
    for item in given or ():
        name, value = _read(item)
        values[name] = value
    return values


def _read(item: str) -> tuple[str, Any]:
    left, equals, text = item.partition("=")
    name, _, kind = left.partition(":")
    if not equals or not name.strip():
        raise Quit(Exit.USAGE, f"--var {item!r}: write NAME=VALUE or NAME:TYPE=VALUE")
    kind = kind.strip().lower()
    try:
        if text.startswith("@"):
            path = Path(text[1:])
            if kind == "file":
                return name.strip(), FileValue(path.read_bytes(), path.name)
            if kind == "bytes":
                return name.strip(), path.read_bytes()
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Quit(Exit.USAGE, f"--var {item!r}: {error}") from None
    if not kind:
        return name.strip(), _guess(text)
    if kind not in _BY_TYPE:
        known = ", ".join(sorted(name.title() for name in [*_BY_TYPE, "bytes", "file"]))
        raise Quit(Exit.USAGE, f"--var {item!r}: the types are {known}; Bytes and File take @FILE")
    try:
        return name.strip(), _BY_TYPE[kind](text)
    except ValueError as error:
        raise Quit(Exit.USAGE, f"--var {item!r}: {error}") from None


def _guess(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
