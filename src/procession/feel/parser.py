"""A Pratt parser for FEEL expressions and unary tests (DMN 1.5, 10.3.1.2), bounded in depth.

Binding powers, loosest first: or, and, comparison, sum, product, power, minus sign, `instance of`, path/filter/call.
A minus sign binds tighter than a power, as the grammar says: `-2 ** 2` is 4.
Where words follow each other that no known name explains, they are read as one name, for nothing else could be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from procession.errors import ExpressionFailed
from procession.feel.lexer import Token, tokens
from procession.feel.limits import LIMITS
from procession.feel.names import Names, joined, layer_of
from procession.feel.syntax import (
    Arithmetic,
    AtLiteral,
    Between,
    Call,
    Comparison,
    Conjunction,
    ContextLiteral,
    ContextType,
    Disjunction,
    Filter,
    For,
    FunctionLiteral,
    FunctionType,
    If,
    Input,
    InstanceOf,
    Iterator,
    ListLiteral,
    ListType,
    Literal,
    Membership,
    Name,
    NamedType,
    Negation,
    Node,
    OperatorTest,
    Parameter,
    Path,
    Quantified,
    RangeLiteral,
    RangeType,
    Tests,
    Type,
)
from procession.feel.values import number

_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _POWER, _SIGN, _INSTANCE, _POSTFIX = range(1, 10)
_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_ARITHMETIC = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}
_NAME_SYMBOLS = frozenset("./-'’+*")
_WORDS = frozenset(("name", "keyword", "quoted"))
_PROPERTIES = Names(layer_of(("time offset", "start included", "end included")))
_TYPES = Names(
    layer_of(
        (
            "date and time",
            "days and time duration",
            "years and months duration",
            "day-time duration",
            "year-month duration",
        )
    )
)
_STARTS = frozenset(("(", "[", "{", "-", "@", "?", "<", "<=", ">", ">=", "=", "!="))


class Parser:
    """Reads one source. `names` are the known names of several words; `free` collects the names it does not bind."""

    def __init__(self, source: str, names: Names) -> None:
        self.source = source
        self.words = tokens(source)
        self.place = 0
        self.names = names
        self.free: set[str] = set()
        self._keys = Names({})
        self._bound: list[set[str]] = []
        self._depth = 0
        self._range_end = False

    # --- what the outside asks for ---

    def whole_expression(self) -> Node:
        """The source as one expression."""
        node = self.expression()
        self._end()
        return node

    def whole_tests(self) -> Tests:
        """The source as unary tests; an empty one is `-`."""
        if self._at("end") or (self.words[0].text == "-" and self.words[1].kind == "end"):
            return Tests(())
        if self.words[0].text == "not" and self.words[1].text == "(":
            self.place = 2
            negated = Tests(self._tests(), negated=True)
            if self._take(")") and self._at("end"):
                return negated
            self.place = 0
        tests = Tests(self._tests())
        self._end()
        return tests

    # --- words ---

    def _at(self, kind: str) -> bool:
        return self.words[self.place].kind == kind

    def _is(self, text: str) -> bool:
        word = self.words[self.place]
        return word.text == text and word.kind in ("symbol", "keyword")

    def _take(self, text: str) -> bool:
        if self._is(text):
            self.place += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._fault(f"expected '{text}'")

    def _end(self) -> None:
        if not self._at("end"):
            raise self._fault("expected the end")

    def _fault(self, message: str) -> ExpressionFailed:
        word = self.words[self.place]
        found = "the end" if word.kind == "end" else f"'{self.source[word.start : word.end][:40]}'"
        return ExpressionFailed(f"{message}, found {found} at position {word.start}", self.source, word.start)

    # --- expressions ---

    def expression(self, power: int = 0) -> Node:
        """An expression whose operators bind tighter than `power`."""
        self._depth += 1
        if self._depth > LIMITS.depth:
            raise self._fault(f"the expression is nested deeper than {LIMITS.depth}")
        left = self._prefix()
        chain = 0
        while True:
            word = self.words[self.place]
            if word.kind == "symbol":
                text = word.text
                if text in (".", "[", "("):
                    if text == "[" and self._range_end and not self._starts(self.place + 1):
                        break
                    chain += 1
                    if chain > LIMITS.depth:
                        raise self._fault(f"more than {LIMITS.depth} steps in one path")
                    left = self._postfix(left, word)
                elif text in _ARITHMETIC and _ARITHMETIC[text] > power:
                    self.place += 1
                    left = Arithmetic(text, left, self.expression(_ARITHMETIC[text]), word.start)
                elif text in _COMPARISONS and power < _COMPARISON:
                    self.place += 1
                    left = Comparison(text, left, self.expression(_COMPARISON), word.start)
                else:
                    break
            elif word.kind == "keyword":
                text = word.text
                if text == "or" and power < _OR:
                    left = Disjunction(self._operands(left, "or", _OR), word.start)
                elif text == "and" and power < _AND:
                    left = Conjunction(self._operands(left, "and", _AND), word.start)
                elif text == "between" and power < _COMPARISON:
                    self.place += 1
                    low = self.expression(_COMPARISON)
                    self._expect("and")
                    left = Between(left, low, self.expression(_COMPARISON), word.start)
                elif text == "in" and power < _COMPARISON:
                    self.place += 1
                    left = Membership(left, self._membership(), word.start)
                elif text == "instance" and power < _INSTANCE:
                    self.place += 1
                    if self.words[self.place].text != "of":
                        raise self._fault("expected 'of'")
                    self.place += 1
                    left = InstanceOf(left, self._type(), word.start)
                else:
                    break
            else:
                break
        self._depth -= 1
        return left

    def _operands(self, first: Node, word: str, power: int) -> tuple[Node, ...]:
        operands = [first]
        while self._take(word):
            operands.append(self.expression(power))
        return tuple(operands)

    def _starts(self, place: int) -> bool:
        """Whether the token can begin an expression."""
        word = self.words[place]
        if word.kind == "symbol":
            return word.text in _STARTS
        if word.kind == "keyword":
            return word.text in ("if", "for", "some", "every", "function", "null", "true", "false")
        return word.kind != "end"

    def _prefix(self) -> Node:
        word = self.words[self.place]
        if word.kind in ("name", "keyword", "number"):
            name, size = self.names.longest(self.words, self.place)
            if size:
                self.place += size
                return self._name(name, word.start)
        if word.kind == "number":
            value = number(word.text)
            if not value.is_finite():
                raise self._fault("this number is out of range")
            self.place += 1
            return Literal(value, word.start)
        if word.kind == "string":
            self.place += 1
            return Literal(word.text, word.start)
        if word.kind in ("name", "quoted"):
            return self._name(self._free_words(), word.start)
        reader = _PREFIXES.get(word.text) if word.kind in ("symbol", "keyword") else None
        if reader is None:
            raise self._fault("expected a value")
        return reader(self, word)

    def _free_words(self) -> str:
        """A name no entry explains: words up to the next thing that is not a word."""
        start = self.place
        self.place += 1
        if self.words[start].kind != "quoted":
            while self._at("name"):
                self.place += 1
        return joined(self.words[start : self.place])

    def _name(self, name: str, at: int) -> Name:
        if not any(name in layer for layer in self._bound):
            self.free.add(name)
        return Name(name, at)

    def _constant(self, word: Token) -> Node:
        self.place += 1
        return Literal({"null": None, "true": True, "false": False}[word.text], word.start)

    def _sign(self, word: Token) -> Node:
        self.place += 1
        if self._at("number"):
            # The sign belongs to the number (grammar rule 35): `-1 instance of number` is true.
            return Negation(self._prefix(), word.start)
        return Negation(self.expression(_SIGN), word.start)

    def _at_literal(self, word: Token) -> Node:
        self.place += 1
        text = self.words[self.place]
        if text.kind != "string":
            raise self._fault("expected a string after '@'")
        self.place += 1
        return AtLiteral(text.text, word.start)

    def _input(self, word: Token) -> Node:
        self.place += 1
        return Input(word.start)

    def _operator_test(self, word: Token) -> Node:
        self.place += 1
        return OperatorTest(word.text, self.expression(_COMPARISON), word.start)

    def _nested(self) -> Node:
        outer, self._range_end = self._range_end, False
        node = self.expression()
        self._range_end = outer
        return node

    def _range(self, start: Node, closed: bool, at: int) -> RangeLiteral:
        """The rest of a range after its first end; this token is `..`."""
        self._expect("..")
        outer, self._range_end = self._range_end, True
        end = self.expression()
        self._range_end = outer
        if self._take("]"):
            return RangeLiteral(start, end, closed, True, at)
        if self._take(")") or self._take("["):
            return RangeLiteral(start, end, closed, False, at)
        raise self._fault("expected the end of the range")

    def _parenthesis(self, word: Token) -> Node:
        self.place += 1
        node = self._nested()
        if self._is(".."):
            return self._range(node, False, word.start)
        self._expect(")")
        return node

    def _bracket(self, word: Token) -> Node:
        self.place += 1
        items: list[Node] = []
        while not self._take("]"):
            if items:
                self._expect(",")
            items.append(self._nested())
            if len(items) == 1 and self._is(".."):
                return self._range(items[0], True, word.start)
        return ListLiteral(tuple(items), word.start)

    def _open_range(self, word: Token) -> Node:
        self.place += 1
        return self._range(self._nested(), False, word.start)

    def _context(self, word: Token) -> Node:
        self.place += 1
        entries: list[tuple[str, Node]] = []
        self.names.open()
        self._bound.append(set())
        while not self._take("}"):
            if entries:
                self._expect(",")
            key = self._key()
            self._expect(":")
            entries.append((key, self._nested()))
            self._bound[-1].add(key)
            self.names.add(key)
            # Behind a dot the keys of every context read so far are known: `{a-b: 1}.a-b`.
            self._keys.add(key)
        self._bound.pop()
        self.names.close()
        return ContextLiteral(tuple(entries), word.start)

    def _key(self) -> str:
        """A context's key or a parameter: a string, or words and signs up to `:`."""
        start = self.place
        if self._at("string"):
            self.place += 1
            return self.words[start].text
        while True:
            word = self.words[self.place]
            if not (
                word.kind in _WORDS
                or word.kind == "number"
                or (word.kind == "symbol" and word.text[0] in _NAME_SYMBOLS)
            ):
                break
            self.place += 1
        if self.place == start:
            raise self._fault("expected a name")
        return joined(self.words[start : self.place])

    # --- control ---

    def _if(self, word: Token) -> Node:
        self.place += 1
        condition = self._nested()
        self._expect("then")
        yes = self._nested()
        self._expect("else")
        return If(condition, yes, self.expression(), word.start)

    def _iterators(self) -> tuple[Iterator, ...]:
        iterators: list[Iterator] = []
        while True:
            start = self.place
            while self.words[self.place].kind in ("name", "quoted", "number"):
                self.place += 1
            name = joined(self.words[start : self.place])
            if not name:
                raise self._fault("expected a name")
            self._expect("in")
            source = self._nested()
            end = self._nested() if self._take("..") else None
            iterators.append(Iterator(name, source, end))
            self._bound[-1].add(name)
            self.names.add(name)
            if not self._take(","):
                return tuple(iterators)

    def _for(self, word: Token) -> Node:
        self.place += 1
        self.names.open()
        self._bound.append({"partial"})
        iterators = self._iterators()
        self._expect("return")
        node = For(iterators, self.expression(), word.start)
        self._bound.pop()
        self.names.close()
        return node

    def _quantified(self, word: Token) -> Node:
        self.place += 1
        self.names.open()
        self._bound.append(set())
        iterators = self._iterators()
        self._expect("satisfies")
        node = Quantified(word.text == "every", iterators, self.expression(), word.start)
        self._bound.pop()
        self.names.close()
        return node

    def _function(self, word: Token) -> Node:
        self.place += 1
        self._expect("(")
        self.names.open()
        self._bound.append(set())
        parameters: list[Parameter] = []
        while not self._take(")"):
            if parameters:
                self._expect(",")
            name = self._key()
            parameters.append(Parameter(name, self._type() if self._take(":") else None))
            self._bound[-1].add(name)
            self.names.add(name)
        external = self._take("external")
        body = self.expression()
        self._bound.pop()
        self.names.close()
        return FunctionLiteral(tuple(parameters), body, external, word.start)

    # --- what follows a value ---

    def _postfix(self, source: Node, word: Token) -> Node:
        self.place += 1
        if word.text == ".":
            return Path(source, self._property(), word.start)
        if word.text == "[":
            self._bound.append({"item"})
            condition = self._nested()
            self._bound.pop()
            self._expect("]")
            return Filter(source, condition, word.start)
        return self._call(source, word)

    def _property(self) -> str:
        for known in (self.names, self._keys, _PROPERTIES):
            name, size = known.longest(self.words, self.place)
            if size:
                self.place += size
                return name
        if self.words[self.place].kind not in _WORDS:
            raise self._fault("expected a name after '.'")
        return self._free_words()

    def _call(self, function: Node, word: Token) -> Node:
        arguments: list[Node] = []
        names: list[str] = []
        named = self._argument_is_named()
        while not self._take(")"):
            if arguments:
                self._expect(",")
            if named:
                names.append(self._key())
                self._expect(":")
            arguments.append(self._nested())
        return Call(function, tuple(arguments), tuple(names) if named else None, word.start)

    def _argument_is_named(self) -> bool:
        place = self.place
        while self.words[place].kind in _WORDS or (place > self.place and self.words[place].kind == "number"):
            place += 1
        return place > self.place and self.words[place].text == ":" and self.words[place].kind == "symbol"

    def _membership(self) -> tuple[Node, ...]:
        word = self.words[self.place]
        if word.text == "(" and word.kind == "symbol":
            self.place += 1
            outer, self._range_end = self._range_end, False
            first = self._test()
            if self._is(".."):
                self._range_end = outer
                return (self._range(first, False, word.start),)
            tests = [first]
            while self._take(","):
                tests.append(self._test())
            self._range_end = outer
            self._expect(")")
            return tuple(tests)
        if word.kind == "symbol" and word.text in _COMPARISONS:
            return (self._operator_test(word),)
        return (self.expression(_COMPARISON),)

    # --- unary tests ---

    def _tests(self) -> tuple[Node, ...]:
        tests = [self._test()]
        while self._take(","):
            tests.append(self._test())
        return tuple(tests)

    def _test(self) -> Node:
        return self._nested()

    # --- types ---

    def _type(self) -> Type:
        self._depth += 1
        if self._depth > LIMITS.depth:
            raise self._fault(f"the expression is nested deeper than {LIMITS.depth}")
        found = self._type_inside()
        self._depth -= 1
        return found

    def _type_inside(self) -> Type:
        start = self.place
        name, size = _TYPES.longest(self.words, start)
        if not size:
            name, size = self.names.longest(self.words, start)
        if size:
            self.place += size
            return NamedType(name)
        if self.words[start].kind not in _WORDS:
            raise self._fault("expected a type")
        self.place += 1
        word = self.words[start].text
        if self._is("<") and word in ("list", "range", "context", "function"):
            self.place += 1
            if word in ("list", "range"):
                element = self._type()
                self._expect(">")
                return ListType(element) if word == "list" else RangeType(element)
            if word == "context":
                return self._context_type()
            return self._function_type()
        while self._at("name") or (self._is(".") and self.words[self.place + 1].kind in _WORDS):
            self.place += 1
        return NamedType(joined(self.words[start : self.place]))

    def _context_type(self) -> Type:
        entries: list[tuple[str, Type]] = []
        while not self._take(">"):
            if entries:
                self._expect(",")
            name = self._key()
            self._expect(":")
            entries.append((name, self._type()))
        return ContextType(tuple(entries))

    def _function_type(self) -> Type:
        parameters: list[Type] = []
        while not self._take(">"):
            if parameters:
                self._expect(",")
            parameters.append(self._type())
        self._expect("->")
        return FunctionType(tuple(parameters), self._type())


_PREFIXES: Mapping[str, Callable[[Parser, Token], Node]] = {
    "null": Parser._constant,
    "true": Parser._constant,
    "false": Parser._constant,
    "-": Parser._sign,
    "@": Parser._at_literal,
    "?": Parser._input,
    "(": Parser._parenthesis,
    "[": Parser._bracket,
    "]": Parser._open_range,
    "{": Parser._context,
    "if": Parser._if,
    "for": Parser._for,
    "some": Parser._quantified,
    "every": Parser._quantified,
    "function": Parser._function,
} | dict.fromkeys(_COMPARISONS, Parser._operator_test)
