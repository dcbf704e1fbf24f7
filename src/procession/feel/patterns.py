"""Patterns of XPath 2.0 (XQuery Functions and Operators 7.6.1) rewritten for RE2: classes, subtraction, blocks, categories."""

from __future__ import annotations

import re

from procession.feel.evaluation import Null

_BLOCKS = {
    "BasicLatin": r"\x{0}-\x{7F}",
    "Latin-1Supplement": r"\x{80}-\x{FF}",
    "LatinExtended-A": r"\x{100}-\x{17F}",
    "LatinExtended-B": r"\x{180}-\x{24F}",
    "Greek": r"\x{370}-\x{3FF}",
    "GreekandCoptic": r"\x{370}-\x{3FF}",
    "Cyrillic": r"\x{400}-\x{4FF}",
    "Hebrew": r"\x{590}-\x{5FF}",
    "Arabic": r"\x{600}-\x{6FF}",
    "GeneralPunctuation": r"\x{2000}-\x{206F}",
    "CurrencySymbols": r"\x{20A0}-\x{20CF}",
    "CJKUnifiedIdeographs": r"\x{4E00}-\x{9FFF}",
}
# What stands inside a class; outside it gets brackets.
_CLASSES = {"d": r"\p{Nd}", "w": r"\p{L}\p{N}_", "i": r"\p{L}_:", "c": r"\p{L}\p{Nd}\-._:·", "s": r"\s"}
_SUBTRACTION = re.compile(r"-\[(\^?)([^\[\]]*)\]$")


class Translation:
    """The text of a pattern for RE2. `escape` and `character_class` give one piece and the place after it."""

    def __init__(self, pattern: str, dot_all: bool, spaced: bool) -> None:
        self.pattern = pattern
        self.dot_all = dot_all
        self.spaced = spaced

    def text(self) -> str:
        out: list[str] = []
        place = 0
        while place < len(self.pattern):
            char = self.pattern[place]
            if char == "\\":
                piece, place = self.escape(place, False)
            elif char == "[":
                piece, place = self.character_class(place)
            else:
                piece = r"[^\n\r]" if char == "." and not self.dot_all else char
                if self.spaced and char.isspace():
                    piece = ""
                place += 1
            out.append(piece)
        return "".join(out)

    def escape(self, place: int, inside: bool) -> tuple[str, int]:
        following = place + 1
        if self.spaced and not inside:
            while following < len(self.pattern) and self.pattern[following].isspace():
                following += 1
        char = self.pattern[following : following + 1]
        if not char or char.isdigit():
            raise Null("the pattern ends with a backslash, or has one before a digit in a class")
        if char in "pP":
            return self._category(following, inside)
        lower = char.lower()
        if lower in _CLASSES:
            return self._named(_CLASSES[lower], char.isupper(), inside), following + 1
        return "\\" + char, following + 1

    def _named(self, content: str, negated: bool, inside: bool) -> str:
        if not negated:
            return content if inside else f"[{content}]"
        if content == r"\s":
            return r"\S"
        if inside and content == _CLASSES["w"]:
            return r"\p{P}\p{Z}\p{C}\p{M}\p{S}"
        if inside and content != r"\p{Nd}":
            raise Null("the pattern uses a negated class inside a class")
        return r"\P{Nd}" if content == r"\p{Nd}" else f"[^{content}]"

    def _category(self, place: int, inside: bool) -> tuple[str, int]:
        end = self.pattern.find("}", place)
        if self.pattern[place + 1 : place + 2] != "{" or end < 0:
            raise Null("the pattern has a character category without braces")
        name, sign = self.pattern[place + 2 : end], self.pattern[place]
        if self.spaced:
            name = "".join(name.split())
        if not name.startswith("Is"):
            return f"\\{sign}{{{name}}}", end + 1
        content = _BLOCKS.get(name.removeprefix("Is"))
        if content is None:
            raise Null(f"the pattern uses an unknown block of characters '{name[:40]}'")
        return self._named(content, sign == "P", inside), end + 1

    def character_class(self, place: int) -> tuple[str, int]:
        start, depth, end = place, 0, place
        while end < len(self.pattern):
            char = self.pattern[end]
            if char == "\\":
                end += 1
            elif char == "[":
                depth += 1
            elif char == "]":
                depth -= 1
                if depth == 0 and end > start + 1:
                    break
            end += 1
        content = self.pattern[start + 1 : end]
        if depth or end >= len(self.pattern):
            raise Null("the pattern has a class without end")
        found = _SUBTRACTION.search(content)
        if found is not None:
            return _subtracted(content[: found.start()], found[2], bool(found[1])), end + 1
        out: list[str] = []
        inner = 0
        while inner < len(content):
            if content[inner] == "\\":
                piece, after = self.escape(start + 1 + inner, True)
                inner = after - start - 1
            else:
                piece, inner = "\\[" if content[inner] == "[" else content[inner], inner + 1
            out.append(piece)
        return f"[{''.join(out)}]", end + 1


def _ranges(content: str) -> list[tuple[int, int]]:
    if "\\" in content:
        raise Null("the pattern subtracts classes that are not plain characters")
    found = []
    place = 0
    while place < len(content):
        if content[place + 1 : place + 2] == "-" and place + 2 < len(content):
            found.append((ord(content[place]), ord(content[place + 2])))
            place += 3
        else:
            found.append((ord(content[place]), ord(content[place])))
            place += 1
    return found


def _subtracted(content: str, without: str, kept: bool) -> str:
    """`[A-Z-[OI]]` as the ranges that remain."""
    if content.startswith("^"):
        raise Null("the pattern subtracts from a negated class")
    remaining = _ranges(content)
    for low, high in _ranges(without):
        remaining = [piece for span in remaining for piece in _cut(span, low, high)]
    if kept:
        removed = remaining
        remaining = _ranges(content)
        for low, high in removed:
            remaining = [piece for span in remaining for piece in _cut(span, low, high)]
    if not remaining:
        return r"[^\x{0}-\x{10FFFF}]"
    return "[" + "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in remaining) + "]"


def _cut(span: tuple[int, int], low: int, high: int) -> list[tuple[int, int]]:
    start, end = span
    pieces = [(start, min(end, low - 1)), (max(start, high + 1), end)]
    return [piece for piece in pieces if piece[0] <= piece[1]]
