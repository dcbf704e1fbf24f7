"""Splits the inside of `${…}` into tokens. Bounded: an expression has at most 10,000 tokens and 64 Ki characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from procession.errors import ExpressionFailed
from procession.juel.syntax import RESERVED

MOST_CHARACTERS = 65_536
MOST_TOKENS = 10_000

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_SYMBOL = re.compile(r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,\[\](){}]")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is name, word (reserved), string, integer, float, symbol or end; `text` is the string's content."""

    kind: str
    text: str
    position: int
    end: int


def tokens(source: str, start: int) -> list[Token]:
    """The tokens from an offset up to the closing brace that ends the expression, which is the last of them.

    Raises ExpressionFailed for characters that begin no token and for wrong escapes.
    """
    result: list[Token] = []
    braces = 0
    position = start
    while True:
        if space := _SPACE.match(source, position):
            position = space.end()
        if position >= len(source):
            result.append(Token("end", "null", position, position))
            return result
        token = _token(source, position)
        result.append(token)
        position = token.end
        if token.kind == "symbol" and token.text == "{":
            braces += 1
        elif token.kind == "symbol" and token.text == "}":
            if not braces:
                return result
            braces -= 1
        if len(result) > MOST_TOKENS:
            raise ExpressionFailed(f"Error parsing expression: more than {MOST_TOKENS} tokens", source, position)


def _token(source: str, position: int) -> Token:
    character = source[position]
    if character in "'\"":
        return _string(source, position)
    if number := _NUMBER.match(source, position):
        text = number[0]
        return Token("integer" if text.isdigit() else "float", text, position, number.end())
    if name := _NAME.match(source, position):
        return Token("word" if name[0] in RESERVED else "name", name[0], position, name.end())
    if symbol := _SYMBOL.match(source, position):
        return Token("symbol", symbol[0], position, symbol.end())
    raise lexical(source, position, f"invalid character '{character}', expected expression token")


def _string(source: str, position: int) -> Token:
    quote = source[position]
    content: list[str] = []
    index = position + 1
    while index < len(source):
        character = source[index]
        if character == quote:
            return Token("string", "".join(content), position, index + 1)
        if character == "\\":
            index += 1
            character = source[index : index + 1]
            if character not in ("\\", quote):
                escape = f"invalid escape sequence \\{character}, expected \\{quote} or \\\\"
                raise lexical(source, position, escape)
        content.append(character)
        index += 1
    raise lexical(source, position, f"unterminated string, expected {quote}")


def lexical(source: str, position: int, reason: str) -> ExpressionFailed:
    """The failure of a lexer, as JUEL words it."""
    shown = source if len(source) <= 500 else source[:500] + "…"
    return ExpressionFailed(
        f"Error parsing '{shown}': lexical error at position {position}, encountered {reason}", source, position
    )
