"""Names of several words. FEEL lets a name contain spaces and `. / - ' + *`: the names in scope tell its end.

A name of one word needs no entry here. Matching compares words; where an operator sign is part of the name, the spaces
around it must agree too, so that `a-b` can be a name beside `a - b`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from procession.feel.lexer import Token, tokens

_Shape = tuple[tuple[str, bool, bool], ...]


@lru_cache(maxsize=4096)
def _shape(name: str) -> _Shape:
    words = tokens(name)[:-1] if '"' not in name and "`" not in name and "/*" not in name else []
    return tuple((word.text, word.kind == "symbol", word.spaced) for word in words)


def joined(words: Sequence[Token]) -> str:
    """Words as one name: white space counts as one space."""
    return "".join((" " if word.spaced and place else "") + word.text for place, word in enumerate(words))


class Names:
    """Known names of several words, in layers: the parser opens a layer per context, iteration and function."""

    __slots__ = ("_layers",)

    def __init__(self, *layers: dict[str, list[tuple[_Shape, str]]]) -> None:
        self._layers = list(layers)

    def open(self) -> None:
        self._layers.append({})

    def close(self) -> None:
        self._layers.pop()

    def add(self, name: str) -> None:
        """Make a name known in the innermost layer."""
        add_name(self._layers[-1], name)

    def longest(self, words: Sequence[Token], start: int) -> tuple[str, int]:
        """The longest known name of several words at `start`, and how many tokens it takes; 0 if there is none."""
        best, size = "", 0
        first = words[start].text
        for layer in self._layers:
            for shape, name in layer.get(first, ()):
                if len(shape) > size and _fits(shape, words, start):
                    best, size = name, len(shape)
        return best, size


def _fits(shape: _Shape, words: Sequence[Token], start: int) -> bool:
    if start + len(shape) >= len(words):
        return False
    after_symbol = False
    for place, (text, symbol, spaced) in enumerate(shape):
        word = words[start + place]
        if word.text != text or word.kind in ("string", "quoted"):
            return False
        if place and (symbol or after_symbol) and word.spaced != spaced:
            return False
        after_symbol = symbol
    return True


def add_name(layer: dict[str, list[tuple[_Shape, str]]], name: str) -> None:
    """Enter a name of several words; others are ignored."""
    shape = _shape(name)
    if len(shape) > 1:
        entry = (shape, " ".join(name.split()))
        entries = layer.setdefault(shape[0][0], [])
        if entry not in entries:
            entries.append(entry)


def layer_of(names: Iterable[str]) -> dict[str, list[tuple[_Shape, str]]]:
    """A layer of names."""
    layer: dict[str, list[tuple[_Shape, str]]] = {}
    for name in names:
        add_name(layer, name)
    return layer
