"""Reads text with expressions into a tree: a Pratt parser whose depth, and the depth of its tree, are bounded."""

from __future__ import annotations

import re

from procession.errors import ExpressionFailed
from procession.juel.lexer import MOST_CHARACTERS, Token, tokens
from procession.juel.syntax import (
    LITERALS,
    POWERS,
    WORDS,
    Binary,
    Choice,
    Composite,
    Constant,
    FunctionCall,
    Invocation,
    Name,
    Node,
    Property,
    Unary,
)
from procession.values import LONG_MAX, Long

MOST_NESTED = 60
MOST_CHAINED = 200

_OPENING = re.compile(r"(\\?)([$#])\{")
_START = "<IDENTIFIER>|<STRING>|<FLOAT>|<INTEGER>|'true'|'false'|'null'|'-'|'!'|'not'|'empty'|'('"


def parse(source: str) -> Node:
    """The tree of a text. Raises ExpressionFailed with the position of the first fault."""
    if len(source) > MOST_CHARACTERS:
        raise ExpressionFailed(f"Error parsing expression: longer than {MOST_CHARACTERS} characters", source, 0)
    parts: list[Node] = []
    text: list[str] = []
    marker = ""
    position = 0
    while found := _OPENING.search(source, position):
        text.append(source[position : found.start()])
        if found[1]:
            text.append(found[2] + "{")
            position = found.end()
            continue
        if marker and found[2] != marker:
            raise _syntax(source, found.start(), found[2] + "{", f"'{marker}{{'")
        marker = found[2]
        if "".join(text):
            parts.append(Constant("".join(text)))
        text = []
        reader = _Reader(source, tokens(source, found.end()))
        parts.append(reader.whole())
        position = reader.end
    text.append(source[position:])
    if not parts:
        return Constant("".join(text))
    if "".join(text):
        parts.append(Constant("".join(text)))
    return parts[0] if len(parts) == 1 else Composite(tuple(parts))


class _Reader:
    """Reads one expression from its tokens."""

    def __init__(self, source: str, stream: list[Token]) -> None:
        self.source = source
        self.stream = stream
        self.index = 0
        self.nested = 0
        self.chained = 0
        self.end = 0

    def whole(self) -> Node:
        tree = self.expression()
        self.end = self.expect("}").end
        return tree

    @property
    def token(self) -> Token:
        return self.stream[self.index]

    def advance(self) -> Token:
        token = self.stream[self.index]
        if self.index < len(self.stream) - 1:
            self.index += 1
        return token

    def at(self, *symbols: str) -> bool:
        return self.token.kind == "symbol" and self.token.text in symbols

    def expect(self, symbol: str) -> Token:
        if not self.at(symbol):
            raise self.unexpected(f"'{symbol}'")
        token = self.token
        self.advance()
        return token

    def unexpected(self, expected: str) -> ExpressionFailed:
        return _syntax(self.source, self.token.position, self.token.text, expected)

    def expression(self) -> Node:
        self.deeper()
        tree = self.binary(1)
        if self.at("?"):
            self.advance()
            yes = self.expression()
            self.expect(":")
            tree = Choice(tree, yes, self.expression())
        self.nested -= 1
        return tree

    def deeper(self) -> None:
        self.nested += 1
        if self.nested > MOST_NESTED:
            reason = f"Error parsing expression: nested more than {MOST_NESTED} levels deep"
            raise ExpressionFailed(reason, self.source, self.token.position)

    def longer(self) -> None:
        """Counts operators that make the tree deeper without nesting: `a + a + …`, `a.a.a…`."""
        self.chained += 1
        if self.chained > MOST_CHAINED:
            reason = f"Error parsing expression: more than {MOST_CHAINED} operators"
            raise ExpressionFailed(reason, self.source, self.token.position)

    def operator(self) -> str:
        if self.token.kind == "word":
            return WORDS.get(self.token.text, "")
        return self.token.text if self.token.kind == "symbol" else ""

    def binary(self, least: int) -> Node:
        left = self.unary()
        while (power := POWERS.get(operator := self.operator(), 0)) >= least:
            self.longer()
            self.advance()
            left = Binary(operator, left, self.binary(power + 1))
        return left

    def unary(self) -> Node:
        operator = self.operator()
        if operator not in ("-", "!", "empty"):
            return self.value()
        self.advance()
        self.deeper()
        operand = self.unary()
        self.nested -= 1
        return Unary(operator, operand)

    def value(self) -> Node:
        start = self.token.position
        tree = self.primary()
        while self.at(".", "["):
            self.longer()
            target_text = self.source[start : self.stream[self.index - 1].end]
            key: Node
            if self.advance().text == ".":
                if self.token.kind != "name":
                    raise self.unexpected("<IDENTIFIER>")
                key = Constant(self.advance().text)
            else:
                key = self.expression()
                self.expect("]")
            if self.at("("):
                tree = Invocation(tree, key, self.arguments(), target_text)
            else:
                tree = Property(tree, key)
        return tree

    def primary(self) -> Node:
        token = self.token
        match token.kind:
            case "string":
                self.advance()
                return Constant(token.text)
            case "integer":
                if len(token.text) > 19 or int(token.text) > LONG_MAX:
                    raise self.unexpected("<INTEGER>")
                self.advance()
                return Constant(Long(token.text))
            case "float":
                self.advance()
                return Constant(float(token.text))
            case "name":
                self.advance()
                return FunctionCall(token.text, self.arguments()) if self.at("(") else Name(token.text)
            case "word" if token.text in LITERALS:
                self.advance()
                return Constant(LITERALS[token.text])
            case "symbol" if token.text == "(":
                self.advance()
                tree = self.expression()
                self.expect(")")
                return tree
            case _:
                raise self.unexpected(_START)

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        result: list[Node] = []
        if not self.at(")"):
            result.append(self.expression())
            while self.at(","):
                self.advance()
                result.append(self.expression())
        self.expect(")")
        return tuple(result)


def _syntax(source: str, position: int, encountered: str, expected: str) -> ExpressionFailed:
    shown = source if len(source) <= 500 else source[:500] + "…"
    reason = f"syntax error at position {position}, encountered '{encountered[:100]}', expected {expected}"
    return ExpressionFailed(f"Error parsing '{shown}': {reason}", source, position)
