"""What a command writes: results to standard output, everything else to standard error, JSON where it was asked for.

Without a terminal nothing is coloured, cut off or wrapped, so that results can be piped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 10_000


def results() -> Console:
    """Where results go."""
    return _console(sys.stdout.isatty(), stderr=False)


def notes() -> Console:
    """Where progress, questions and complaints go."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(terminal: bool, stderr: bool) -> Console:
    return Console(stderr=stderr, width=None if terminal else PIPE_WIDTH, highlight=False, soft_wrap=not terminal)


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates and the like as text."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A plain table; empty cells for None. Cells are text, never markup."""
    grid = Table(title=title or None, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row))
    return grid


def complain(message: str) -> None:
    """A message for people on standard error."""
    notes().print(Text(message, style="red"))
