"""Compiled expressions and unary tests: what the rooms above hold and evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope, Scope
from procession.feel.builtins import BUILTINS
from procession.feel.calling import CONSTRUCTORS
from procession.feel.comparing import COMPARISONS, member
from procession.feel.compiler import INPUT, Compiler
from procession.feel.compiling import Closure
from procession.feel.conversion import to_feel
from procession.feel.environment import Env
from procession.feel.evaluation import Evaluation
from procession.feel.limits import LIMITS
from procession.feel.names import Names, layer_of
from procession.feel.parser import Parser
from procession.feel.syntax import (
    AtLiteral,
    Call,
    ListLiteral,
    Literal,
    Name,
    Negation,
    Node,
    OperatorTest,
    RangeLiteral,
    Tests,
    Type,
)

_Test = Callable[[Env, Any], bool | None]


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """A FEEL expression. Implements `procession.expressions.Expression`; values are FEEL values."""

    source: str
    node: Node
    names: frozenset[str]
    constant: bool
    _run: Closure = field(repr=False, compare=False)

    def evaluate(self, scope: Scope, evaluation: Evaluation | None = None) -> Any:
        """The value; null where something failed (`evaluation.warnings` says why). ExpressionFailed is for limits."""
        if evaluation is None:
            env = Env(Evaluation([], LIMITS.steps, 0, scope.now), scope, {})
        else:
            env = _env(scope, evaluation)
        try:
            return self._run(env)
        except ExpressionFailed as failure:
            failure.source = failure.source or self.source
            raise
        except RecursionError:
            raise ExpressionFailed("the expression or its values are nested too deep", self.source) from None


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """A cell of a decision table. `syntax` is there for indexing; `names` are the variables it may read."""

    source: str
    syntax: Tests
    names: frozenset[str]
    _tests: tuple[_Test, ...] = field(repr=False, compare=False)

    @property
    def any(self) -> bool:
        """True for `-`: everything matches."""
        return not self.syntax.tests

    @property
    def constant(self) -> bool:
        """True where the verdict depends on the input alone."""
        return all(_is_constant(test) for test in self.syntax.tests)

    def matches(self, scope: Scope, input_value: Any, evaluation: Evaluation | None = None) -> bool | None:
        """Whether the input passes: any test is true (or with `not`, none is). None is "cannot be told"."""
        if not self._tests:
            return True
        env = _env(scope, evaluation)
        value = to_feel(input_value)
        env.names[INPUT] = value
        verdict: bool | None = False
        try:
            for test in self._tests:
                result = test(env, value)
                if result is True:
                    verdict = True
                    break
                if result is None:
                    verdict = None
        except ExpressionFailed as failure:
            failure.source = failure.source or self.source
            raise
        except RecursionError:
            raise ExpressionFailed("the test or its values are nested too deep", self.source) from None
        if self.syntax.negated:
            return None if verdict is None else not verdict
        return verdict


def _env(scope: Scope, evaluation: Evaluation | None) -> Env:
    if evaluation is None:
        evaluation = Evaluation(clock=scope.now)
    elif evaluation.clock is None:
        evaluation.clock = scope.now
    return Env(evaluation, scope, {})


NOT_CONSTANT: Any = object()
"""What `constant_value` gives for a form whose value depends on something."""


def constant_value(node: Node) -> Any:
    """The FEEL value of a literal, a range of literals, or a date, time or duration of one string; else NOT_CONSTANT.

    For indexing cells: `constant_value(test.operand)` of an `OperatorTest`, or of a test itself.
    """
    if not _is_constant(node):
        return NOT_CONSTANT
    return Compiler({}, frozenset()).compile(node)(Env(Evaluation(), MappingScope({}), {}))


def _is_constant(node: Node) -> bool:
    match node:
        case Literal() | AtLiteral():
            return True
        case Call(Name(name), (Literal(str()),), None):
            return name in CONSTRUCTORS
        case Negation(operand) | OperatorTest(_, operand):
            return _is_constant(operand)
        case RangeLiteral(start, end):
            return _is_constant(start) and _is_constant(end)
        case ListLiteral(items):
            return all(map(_is_constant, items))
        case _:
            return False


@lru_cache(maxsize=1)
def _builtin_layer() -> dict[str, Any]:
    return layer_of(BUILTINS)


def _parser(text: str, names: Iterable[str]) -> Parser:
    return Parser(text, Names(_builtin_layer(), layer_of(names), {}))


def compile_expression(
    text: str, names: Iterable[str] = (), types: Mapping[str, Type] | None = None, *, external: bool = False
) -> CompiledExpression:
    """Read and compile an expression.

    `names` are variables (and entries of contexts) whose names have several words or signs, as `Full Name` or `a-b`;
    a name given here also hides a built-in function of that name. `types` are item definitions for `instance of` and
    parameters. `external` lets functions name the Java methods that `procession.feel.java` provides. Raises
    ExpressionFailed with the position of the first fault.
    """
    known = frozenset(names)
    try:
        parser = _parser(text, known)
        node = parser.whole_expression()
        run = Compiler(types or {}, known, external).compile(node)
    except RecursionError:
        raise ExpressionFailed("the expression is nested too deep", text) from None
    return CompiledExpression(text, node, _variables(parser, known), _is_constant(node), run)


def compile_unary_tests(
    text: str, names: Iterable[str] = (), types: Mapping[str, Type] | None = None, *, conditions: bool = True
) -> UnaryTests:
    """Read and compile a cell of a decision table; no text and `-` match everything. See `compile_expression`.

    A test that is true passes whatever the input is; with `conditions=False` a boolean input must equal it, as DMN's
    conformance kit has it.
    """
    known = frozenset(names)
    try:
        parser = _parser(text, known)
        syntax = parser.whole_tests()
        tests = tuple(_compile_test(node, types or {}, known, conditions) for node in syntax.tests)
    except RecursionError:
        raise ExpressionFailed("the test is nested too deep", text) from None
    return UnaryTests(text, syntax, _variables(parser, known), tests)


def _variables(parser: Parser, known: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in parser.free if name in known or name not in BUILTINS)


def _compile_test(node: Node, types: Mapping[str, Type], known: frozenset[str], conditions: bool) -> _Test:
    compiler = Compiler(types, known)
    if isinstance(node, OperatorTest):
        compare, operand, sign, at = COMPARISONS[node.operator], compiler.compile(node.operand), node.operator, node.at

        def by_operator(env: Env, value: Any) -> bool | None:
            verdict = compare(value, operand(env))
            return env.evaluation.warn(f"cannot test the input with '{sign}'", at) if verdict is None else verdict

        return by_operator
    run = compiler.compile(node)
    literal = isinstance(node, Literal)
    if INPUT in compiler.reads:

        def by_condition(env: Env, value: Any) -> bool | None:
            verdict = run(env)
            return verdict if isinstance(verdict, bool) or verdict is None else member(value, verdict)

        return by_condition

    def by_value(env: Env, value: Any) -> bool | None:
        test = run(env)
        if test is True and not literal and (conditions or not isinstance(value, bool)):
            # A condition that holds passes, whatever the input is; the word `true` alone is a value to equal.
            return True
        return member(value, test)

    return by_value
