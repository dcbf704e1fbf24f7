"""Decision tables of a given size and kind, written for every engine, and inputs whose answers are known.

A table is a grid: rule `i` stands at one place of it, so that under UNIQUE and FIRST every input has one answer; under
COLLECT three rules share each place. Every third rule of FIRST leaves one column open, so that rules overlap.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

SIZES = (10, 100, 1_000, 10_000)
KINDS = ("string", "range", "boolean", "date", "mixed")
POLICIES = ("UNIQUE", "FIRST", "COLLECT")
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Column:
    """An input. `kind` is string, number, boolean or date; dates come as texts, as JSON has them."""

    name: str
    kind: str

    @property
    def expression(self) -> str:
        """The input expression in FEEL."""
        return f"date({self.name})" if self.kind == "date" else self.name


@dataclass(frozen=True, slots=True)
class Cell:
    """A condition: any (nothing given), one of `names`, a span (of days: with its end, else without), or a truth value."""

    names: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)
    truth: bool | None = None

    @property
    def open(self) -> bool:
        """Whether it matches everything."""
        return not self.names and self.span == (0, 0) and self.truth is None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its inputs (JSON-like) and the answers to them."""

    kind: str
    policy: str
    columns: tuple[Column, ...]
    rules: tuple[tuple[tuple[Cell, ...], int, str], ...]
    inputs: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """As `mixed-first-1000`."""
        return f"{self.kind}-{self.policy.lower()}-{len(self.rules)}"


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "string": (Column("region", "string"), Column("product", "string"), Column("tier", "string")),
    "range": (Column("amount", "number"), Column("age", "number"), Column("score", "number")),
    "boolean": (*(Column(name, "boolean") for name in ("new", "vip", "paid", "abroad")), Column("code", "string")),
    "date": (Column("ordered", "date"), Column("due", "date")),
    "mixed": (Column("region", "string"), Column("amount", "number"), Column("vip", "boolean"), Column("due", "date")),
}


def make(kind: str, policy: str, size: int, inputs: int = 200) -> Table:
    """A table of `size` rules, always the same."""
    random_ = random.Random(f"{kind} {policy} {size}")
    columns = COLUMNS[kind]
    places = -(-size // 3) if policy == "COLLECT" else size
    rules = []
    for number in range(size):
        place = number // 3 if policy == "COLLECT" else number
        cells = list(_cells(kind, place, places))
        if policy == "FIRST" and number % 3 == 2:
            cells[1] = Cell()
        rules.append((tuple(cells), number, f"rule {number}"))
    given = []
    for _ in range(inputs):
        cells = list(rules[random_.randrange(size)][0])
        given.append({one.name: _value(one, cell, random_) for one, cell in zip(columns, cells, strict=True)})
    return Table(kind, policy, columns, tuple(rules), tuple(given))


def _side(places: int, dimensions: int) -> int:
    side = 1
    while side**dimensions < places:
        side += 1
    return side


def _cells(kind: str, place: int, places: int) -> Sequence[Cell]:
    if kind == "string":
        side = _side(places, 3)
        a, b, c = place % side, place // side % side, place // side // side
        return Cell((f"r{a}",)), Cell((f"p{b}", f"old p{b}")), Cell((f"t{c}",))
    if kind == "boolean":
        bits = [Cell(truth=bool(place >> bit & 1)) for bit in range(4)]
        return *bits, Cell((f"c{place >> 4}",))
    side = _side(places, 2)
    a, b = place % side, place // side
    if kind == "range":
        return Cell(span=(a * 100, a * 100 + 100)), Cell(span=(b * 10, b * 10 + 10)), Cell(span=(0, 1000))
    if kind == "date":
        return Cell(span=(a * 30, a * 30 + 29)), Cell(span=(b * 7, b * 7 + 6))
    return (
        Cell((f"r{a}",)),
        Cell(span=(b * 100, b * 100 + 100)),
        Cell(truth=bool(place & 1)),
        Cell(span=(a % 50 * 30, a % 50 * 30 + 5000)),
    )


def _value(column: Column, cell: Cell, random_: random.Random) -> Any:
    if column.kind == "string":
        return random_.choice(cell.names) if cell.names else "p0"
    if column.kind == "boolean":
        return random_.random() < 0.5 if cell.truth is None else cell.truth
    if column.kind == "date":
        return day(random_.randint(*cell.span))
    return random_.randrange(*(cell.span if cell.span[1] else (0, 10)))


def day(number: int) -> str:
    """A day as a text."""
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


def answer(table: Table, given: Mapping[str, Any]) -> Any:
    """What the table gives, found the plain way: rule by rule, cell by cell."""
    found = [
        {"rate": rate, "label": label}
        for cells, rate, label in table.rules
        if all(_passes(one, cell, given[one.name]) for one, cell in zip(table.columns, cells, strict=True))
    ]
    return found if table.policy == "COLLECT" else found[0]


def _passes(column: Column, cell: Cell, value: Any) -> bool:
    if cell.open:
        return True
    if cell.names:
        return value in cell.names
    if cell.truth is not None:
        return value is cell.truth
    if column.kind == "date":
        return day(cell.span[0]) <= value <= day(cell.span[1])
    return cell.span[0] <= value < cell.span[1]


# --- written for engines ---------------------------------------------------------------------------------------------

Write = Callable[[Column, Cell], str]


def feel(column: Column, cell: Cell) -> str:
    """A cell in FEEL."""
    if cell.open:
        return "-"
    if cell.names:
        return ", ".join(f'"{name}"' for name in cell.names)
    if cell.truth is not None:
        return str(cell.truth).lower()
    if column.kind == "date":
        return f'[date("{day(cell.span[0])}")..date("{day(cell.span[1])}")]'
    return f"[{cell.span[0]}..{cell.span[1]})"


def python(column: Column, cell: Cell) -> str:
    """A cell in Python, as SpiffWorkflow reads it: `?` is the input."""
    if cell.open:
        return "-"
    if cell.names:
        return f'"{cell.names[0]}"' if len(cell.names) == 1 else f"? in {list(cell.names)}"
    if cell.truth is not None:
        return str(cell.truth)
    if column.kind == "date":
        return f'date("{day(cell.span[0])}") <= ? <= date("{day(cell.span[1])}")'
    return f"{cell.span[0]} <= ? < {cell.span[1]}"


def zen(column: Column, cell: Cell) -> str:
    """A cell in ZEN's language; of the ways to write a span of days this is the one that works."""
    if cell.open:
        return ""
    if column.kind == "date":
        return f'd($) >= d("{day(cell.span[0])}") and d($) <= d("{day(cell.span[1])}")'
    return feel(column, cell)


_TYPES = {"string": "string", "number": "number", "boolean": "boolean", "date": "date"}


def dmn(table: Table, write: Write = feel) -> str:
    """The table as a DMN 1.3 file with one decision `decision`."""
    inputs = "".join(
        f'<input id="i{n}" label="{one.name}"><inputExpression id="e{n}" typeRef="{_TYPES[one.kind]}">'
        f"<text>{one.expression}</text></inputExpression></input>"
        for n, one in enumerate(table.columns)
    )
    outputs = '<output id="o1" name="rate" label="rate" typeRef="number"/>'
    outputs += '<output id="o2" name="label" label="label" typeRef="string"/>'
    rules = []
    for number, (cells, rate, label) in enumerate(table.rules):
        entries = "".join(
            f'<inputEntry id="c{number}_{n}"><text>{escape(write(one, cell))}</text></inputEntry>'
            for n, (one, cell) in enumerate(zip(table.columns, cells, strict=True))
        )
        for n, text in enumerate((str(rate), f'"{label}"')):
            entries += f'<outputEntry id="r{number}_{n}"><text>{text}</text></outputEntry>'
        rules.append(f'<rule id="rule{number}">{entries}</rule>')
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions xmlns="{DMN}" id="model" name="model" namespace="bench">'
        f'<decision id="decision" name="decision"><decisionTable id="table" hitPolicy={quoteattr(table.policy)}>'
        f"{inputs}{outputs}{''.join(rules)}</decisionTable></decision></definitions>"
    )


def jdm(table: Table) -> str:
    """The table as ZEN's JSON; it has no UNIQUE, so that is `first` there."""
    rules = [
        {"_id": f"r{number}", "rate": str(rate), "label": f'"{label}"'}
        | {one.name: zen(one, cell) for one, cell in zip(table.columns, cells, strict=True)}
        for number, (cells, rate, label) in enumerate(table.rules)
    ]
    content = {
        "hitPolicy": "collect" if table.policy == "COLLECT" else "first",
        "inputs": [
            {"id": one.name, "name": one.name, "field": one.name, "type": "expression"} for one in table.columns
        ],
        "outputs": [{"id": name, "name": name, "field": name, "type": "expression"} for name in ("rate", "label")],
        "rules": rules,
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", "content": {}},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": content},
        {"id": "out", "name": "out", "type": "outputNode", "content": {}},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
    ]
    return json.dumps({"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges})
