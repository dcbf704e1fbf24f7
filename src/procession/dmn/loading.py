"""Decisions for programs that only want decisions: a model in, values out.

model = procession.dmn.load(Path("routing.dmn"))
model.decide("Routing", {"weight": 12})
"""

from __future__ import annotations

from typing import Protocol

from procession.dmn.deciding import Compiled, compile_definitions
from procession.dmn.model import Definitions
from procession.dmn.reader import read_dmn


class Readable(Protocol):
    """What gives bytes: `pathlib.Path`, or anything like it."""

    def read_bytes(self) -> bytes:
        """All of it."""


Source = bytes | str | Readable
"""A DMN document: its bytes, its text, or what it can be read from."""


def load(source: Source, *imports: Source, external: bool = False) -> Compiled:
    """A model, ready to be decided by; `imports` are the models it imports, in any order.

    `external` lets it call the pure Java methods that `procession.feel.java` provides. Raises ParseFailed with all
    problems of a document that cannot be read. Texts that cannot be read do not fail here: see `Compiled.faults`.
    """
    return compile_definitions(_read(source), [_read(one) for one in imports], external=external)


def _read(source: Source) -> Definitions:
    match source:
        case bytes():
            return read_dmn(source)
        case str():
            if not source.lstrip("\ufeff \t\r\n").startswith("<"):
                raise ValueError(f"'{source[:60]}' is no DMN document; for a file give pathlib.Path({source[:60]!r})")
            return read_dmn(source.encode())
        case _:
            return read_dmn(source.read_bytes(), str(source))
