"""From text to tokens. Names are not joined here: which words belong together depends on the names in scope.

Strings keep an escape that FEEL does not define as it is, so that `"\\d+"` reaches the regular expression whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from procession.errors import ExpressionFailed
from procession.feel.limits import LIMITS

KEYWORDS = frozenset(
    [
        "and",
        "or",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "instance",
        "function",
        "external",
        "true",
        "false",
        "null",
    ]
)

# One alternative per kind; none nests a repetition, so reading is linear.
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    |(?P<number>[0-9]+(?:\.(?!\.)[0-9]+)?(?:[eE][+-]?[0-9]+(?![A-Za-z0-9_]))?|\.[0-9]+(?:[eE][+-]?[0-9]+(?![A-Za-z0-9_]))?)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<quoted>`[^`]*`)
    |(?P<name>(?:[^\W\d]|[\U00010000-\U000EFFFF\u2070-\u218F\u2C00-\u2FEF])[\w\U00010000-\U000EFFFF\u2070-\u218F\u2C00-\u2FEF]*)
    |(?P<symbol>\*\*|\.\.|->|<=|>=|!=|==|.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the source. `text` is the value of a string or quoted name, and as written for everything else."""

    kind: str
    text: str
    start: int
    end: int
    spaced: bool


def unescape(text: str) -> str:
    """The value of a string literal's inside."""

    def value(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if code is None:
            return _SIMPLE.get(found[3], found[0])
        point = int(code, 16)
        return chr(point) if point <= 0x10FFFF else found[0]

    if "\\" not in text:
        return text
    # A character beyond the first plane may be written as two surrogate escapes.
    return _ESCAPE.sub(value, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tokens(source: str) -> list[Token]:
    """All tokens and one of kind `end`. Raises ExpressionFailed for a string or comment without end or too long."""
    if len(source) > LIMITS.source:
        raise ExpressionFailed(f"the expression is longer than {LIMITS.source} characters", source[:100], LIMITS.source)
    found: list[Token] = []
    position, spaced = 0, False
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:  # pragma: no cover - the last alternative takes any character
            raise ExpressionFailed("cannot read this character", source, position)
        kind, text = match.lastgroup or "", match.group()
        if kind == "space":
            spaced = True
        else:
            if text == '"':
                raise ExpressionFailed("this string has no closing quote", source, position)
            if text == "`":
                raise ExpressionFailed("this name has no closing backtick", source, position)
            if text == "/" and source.startswith("/*", position):
                raise ExpressionFailed("this comment has no end", source, position)
            if kind == "string":
                text = unescape(text[1:-1])
            elif kind == "quoted":
                kind, text = "quoted", text[1:-1]
            elif kind == "name" and text in KEYWORDS:
                kind = "keyword"
            found.append(Token(kind, text, position, match.end(), spaced))
            spaced = False
        position = match.end()
    found.append(Token("end", "", len(source), len(source), spaced))
    return found
