"""Patterns with back-references: a small program per pattern, run with a stack of its own and a budget of steps.

Matching with back-references takes exponential time at worst, so a match that takes more than MAX_STEPS is null with a
warning. What one character must be is asked of RE2. This file knows no flags of FEEL but those of XPath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import re2  # type: ignore[import-untyped]

from procession.feel.evaluation import Null
from procession.feel.patterns import Translation

MAX_STEPS = 100_000
"""Instructions that one search may take."""
MAX_PROGRAM = 5_000
"""Instructions that a pattern may have, its repetitions written out."""

_Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Step:
    """An instruction: `one` tests a character, `split` tries `to` and then `other`, `mark` notes the place in a slot.

    `moved` goes to `other` where the place is still the one in the slot, `again` is a back-reference, `edge` is `^` or `$`.
    """

    kind: str
    test: _Test | None = None
    to: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A place where a pattern matches, as `re` has it."""

    text: str
    slots: tuple[int, ...]

    def span(self) -> tuple[int, int]:
        """The first character, and the one after the last."""
        return self.slots[0], self.slots[1]

    def group(self, number: int = 0) -> str | None:
        """What a group caught, or None."""
        start, end = self.slots[2 * number], self.slots[2 * number + 1]
        return None if start < 0 or end < 0 else self.text[start:end]


class Program:
    """A pattern, ready; `groups` counts its groups."""

    def __init__(self, steps: list[_Step], groups: int, slots: int, ignore_case: bool, lines: bool) -> None:
        self._steps = steps
        self.groups = groups
        self._slots = slots
        self._ignore_case = ignore_case
        self._lines = lines

    def finditer(self, text: str, spend: Callable[[int], None]) -> Iterator[Match]:
        """All matches that do not overlap; `spend` pays for the steps. Raises Null for a search of too many."""
        place, left = 0, [MAX_STEPS]
        while place <= len(text):
            before = left[0]
            try:
                found = self._match(text, place, left)
            finally:
                spend((before - left[0]) // 2 + 1)
            if found is None:
                place += 1
                continue
            yield found
            start, end = found.span()
            place = end if end > start else end + 1

    def _match(self, text: str, start: int, left: list[int]) -> Match | None:
        waiting = [(0, start, (start, *(-1 for _ in range(self._slots - 1))))]
        while waiting:
            at, place, slots = waiting.pop()
            while True:
                left[0] -= 1
                if left[0] < 0:
                    raise Null(f"a pattern with back-references takes more than {MAX_STEPS} steps")
                step = self._steps[at]
                at += 1
                if step.kind == "one":
                    if place >= len(text) or step.test is None or not step.test(text[place]):
                        break
                    place += 1
                elif step.kind == "split":
                    waiting.append((step.other, place, slots))
                    at = step.to
                elif step.kind == "go":
                    at = step.to
                elif step.kind == "mark":
                    slots = (*slots[: step.to], place, *slots[step.to + 1 :])
                elif step.kind == "moved":
                    # A repetition that took nothing is the last one, for it could go on for ever.
                    if slots[step.to] == place:
                        at = step.other
                elif step.kind == "again":
                    length = self._again(text, place, slots[2 * step.to], slots[2 * step.to + 1])
                    if length < 0:
                        break
                    place += length
                elif step.kind == "edge":
                    if not self._at_edge(text, place, step.to):
                        break
                else:
                    return Match(text, (slots[0], place, *slots[2:]))
        return None

    def _again(self, text: str, place: int, start: int, end: int) -> int:
        """How many characters a back-reference takes here, -1 where it does not match; a group unset is empty."""
        if start < 0 or end < 0:
            return 0
        wanted, found = text[start:end], text[place : place + end - start]
        same = found.casefold() == wanted.casefold() if self._ignore_case else found == wanted
        return end - start if same else -1

    def _at_edge(self, text: str, place: int, end: int) -> bool:
        if end:
            return place == len(text) or (self._lines and text[place] == "\n")
        return place == 0 or (self._lines and text[place - 1] == "\n")


class _Writer:
    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = pattern
        self._flags = flags
        self._pieces = Translation(pattern, "s" in flags, "x" in flags)
        self._place = 0
        self._steps: list[_Step] = []
        self._groups = 0
        self._closed: set[int] = set()
        self._slots = 0

    def program(self) -> Program:
        self._slots = 2 * (1 + self._pattern.count("("))
        steps = self._choice(0)
        if self._place < len(self._pattern):
            raise Null("the pattern has a ')' without a '('")
        return Program([*steps, _Step("end")], self._groups, self._slots, "i" in self._flags, "m" in self._flags)

    def _next(self) -> str:
        while "x" in self._flags and self._pattern[self._place : self._place + 1].isspace():
            self._place += 1
        return self._pattern[self._place : self._place + 1]

    def _choice(self, depth: int) -> list[_Step]:
        if depth > 50:
            raise Null("the pattern is nested deeper than 50")
        branches = [self._sequence(depth)]
        while self._next() == "|":
            self._place += 1
            branches.append(self._sequence(depth))
        steps = branches.pop()
        for branch in reversed(branches):
            first = len(branch) + 2
            steps = self._bounded(
                [
                    _Step("split", to=1, other=first),
                    *_moved(branch, 1),
                    _Step("go", to=first + len(steps)),
                    *_moved(steps, first),
                ]
            )
        return steps

    def _bounded(self, steps: list[_Step]) -> list[_Step]:
        if len(steps) > MAX_PROGRAM:
            raise Null(f"the pattern has more than {MAX_PROGRAM} steps")
        return steps

    def _sequence(self, depth: int) -> list[_Step]:
        steps: list[_Step] = []
        while (char := self._next()) and char not in "|)":
            piece = self._repeated(self._atom(char, depth))
            steps = self._bounded([*steps, *_moved(piece, len(steps))])
        return steps

    def _atom(self, char: str, depth: int) -> list[_Step]:
        if char == "(":
            return self._group(depth)
        if char in "^$":
            self._place += 1
            return [_Step("edge", to=int(char == "$"))]
        if char in "*+?{":
            raise Null(f"the pattern repeats nothing at '{char}'")
        if char == "\\" and self._pattern[self._place + 1 : self._place + 2].isdigit():
            return [_Step("again", to=self._reference())]
        if char == "[":
            piece, self._place = self._pieces.character_class(self._place)
        elif char == "\\":
            piece, self._place = self._pieces.escape(self._place, False)
        else:
            piece, self._place = (re2.escape(char) if char != "." else _any("s" in self._flags)), self._place + 1
        return [_Step("one", _character(piece, "i" in self._flags))]

    def _group(self, depth: int) -> list[_Step]:
        self._place += 1
        if self._pattern.startswith("?:", self._place):
            self._place += 2
            inside, number = self._choice(depth + 1), 0
        else:
            self._groups += 1
            number = self._groups
            inside = self._choice(depth + 1)
            self._closed.add(number)
        if self._next() != ")":
            raise Null("the pattern has a '(' without a ')'")
        self._place += 1
        if not number:
            return inside
        return [_Step("mark", to=2 * number), *_moved(inside, 1), _Step("mark", to=2 * number + 1)]

    def _reference(self) -> int:
        end = self._place + 2
        while self._pattern[end : end + 1].isdigit() and int(self._pattern[self._place + 1 : end + 1]) <= self._groups:
            end += 1
        number = int(self._pattern[self._place + 1 : end])
        if number not in self._closed:
            raise Null(f"the pattern refers back to the group {number}, which is not closed there")
        self._place = end
        return number

    def _repeated(self, piece: list[_Step]) -> list[_Step]:
        char = self._next()
        if not char or char not in "*+?{":
            return piece
        least, most = self._bounds(char)
        lazy = self._next() == "?"
        self._place += lazy
        slot = self._slots
        self._slots += 1
        steps: list[_Step] = []
        for _ in range(least):
            steps = self._bounded([*steps, *_moved(piece, len(steps))])
        if most is None:
            start = len(steps)
            after = start + len(piece) + 4
            body = [_Step("mark", to=slot), *_moved(piece, start + 2), _Step("moved", to=slot, other=after)]
            return self._bounded([*steps, _fork(start + 1, after, lazy), *body, _Step("go", to=start)])
        for _ in range(most - least):
            start = len(steps)
            # The way out of all further repetitions is the end, which is known only when they are written.
            steps = self._bounded([*steps, _Step("out", other=start), *_moved(piece, start + 1)])
        return [_fork(step.other + 1, len(steps), lazy) if step.kind == "out" else step for step in steps]

    def _bounds(self, char: str) -> tuple[int, int | None]:
        self._place += 1
        if char != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        end = self._pattern.find("}", self._place)
        low, comma, high = self._pattern[self._place : end].partition(",")
        if end < 0 or not low.isdigit() or (high and not high.isdigit()) or max(len(low), len(high)) > 4:
            raise Null("the pattern has a '{' that is no number of repetitions")
        self._place = end + 1
        most = None if comma and not high else int(high or low)
        if most is not None and most < int(low):
            raise Null("the pattern repeats at most fewer times than at least")
        return int(low), most


def _fork(to: int, other: int, lazy: bool) -> _Step:
    return _Step("split", to=other, other=to) if lazy else _Step("split", to=to, other=other)


def _moved(steps: list[_Step], by: int) -> list[_Step]:
    """Steps that begin elsewhere: their targets move along."""
    return [
        _Step(step.kind, None, step.to + by, step.other + by)
        if step.kind in ("split", "go")
        else (_Step("moved", None, step.to, step.other + by) if step.kind == "moved" else step)
        for step in steps
    ]


def _any(dot_all: bool) -> str:
    return r"(?s:.)" if dot_all else r"[^\n\r]"


def _character(piece: str, ignore_case: bool) -> _Test:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        compiled = re2.compile(piece, options)
    except re2.error as failure:
        raise Null(f"cannot read '{piece[:60]}' in the pattern: {failure}") from None

    @lru_cache(maxsize=256)
    def test(char: str) -> bool:
        return compiled.fullmatch(char) is not None

    return test


def program(pattern: str, flags: str) -> Program:
    """The program of a pattern. Raises Null for one that cannot be read."""
    return _Writer(pattern, flags).program()
