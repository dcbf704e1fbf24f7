"""Regular expressions of FEEL (those of XPath 2.0) on RE2, whose time is linear in the text.

Patterns with back-references, which RE2 cannot have, run on `backtracking`, which counts its steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from procession.feel.backtracking import Program, program
from procession.feel.evaluation import Evaluation, Null
from procession.feel.limits import LIMITS
from procession.feel.patterns import Translation

_REFERENCE = re.compile(r"\\(.)|\$([0-9]+)|([\\$])", re.DOTALL)
_BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str) -> Any:
    """A compiled pattern. Flags are XPath's `s`, `m`, `i`, `x` and `q`. Raises Null where RE2 cannot take it."""
    if len(pattern) > LIMITS.pattern:
        raise Null(f"the pattern is longer than {LIMITS.pattern} characters")
    if set(flags) - set("smixq"):
        raise Null(f"'{flags[:20]}' are no flags; there are s, m, i, x and q")
    if "q" in flags:
        text = re2.escape(pattern)
    elif _BACK_REFERENCE.search(pattern):
        return program(pattern, flags)
    else:
        text = Translation(pattern, "s" in flags, "x" in flags).text()
    inline = "".join(flag for flag in "smi" if flag in flags)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(f"(?{inline}){text}" if inline else text, options)
    except (re2.error, UnicodeError) as failure:
        reason = failure.args[0].decode("utf-8", "replace") if isinstance(failure, re2.error) else str(failure)
        raise Null(f"cannot read the pattern '{pattern[:60]}': {reason}") from None


def found(evaluation: Evaluation, pattern: Any, text: str) -> Iterator[Any]:
    """The matches of a compiled pattern, one by one; each is paid for."""
    matches = pattern.finditer(text, evaluation.spend) if isinstance(pattern, Program) else pattern.finditer(text)
    for match in matches:
        evaluation.spend(8)
        yield match


def replacement(text: str, groups: int) -> list[str | int]:
    """A replacement string as texts and group numbers: `$1`, `$0`, `\\$`. Raises Null for a stray `$` or backslash."""
    parts: list[str | int] = []
    place = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[place : found.start()])
        place = found.end()
        if found[1] is not None:
            if found[1] not in "$\\":
                raise Null("in a replacement, a backslash stands before '$' or a backslash only")
            parts.append(found[1])
        elif found[2] is not None:
            digits = found[2][:1]
            for longer in range(2, min(len(found[2]), 3) + 1):
                if int(found[2][:longer]) <= groups:
                    digits = found[2][:longer]
            if int(digits) <= groups:
                parts.append(int(digits))
            parts.append(found[2][len(digits) :])
        else:
            raise Null("in a replacement, '$' stands before a number only")
    parts.append(text[place:])
    return [part for part in parts if part != ""]
