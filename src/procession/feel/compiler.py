"""From syntax to Python closures, once. A closure takes an `Env` and gives a FEEL value; it raises only for limits.

Each form has one method here. Calls and iterations, which are long, are in `calling` and `iterating`.
Nothing in here looks up a Python attribute by a name from an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from procession.feel import iterating
from procession.feel.arithmetic import EXACT, OPERATORS, effort, negate
from procession.feel.builtins import BUILTINS
from procession.feel.builtins.registry import as_function
from procession.feel.calling import compile_call
from procession.feel.comparing import COMPARISONS, SIMPLE, member
from procession.feel.compiling import Closure
from procession.feel.environment import MISSING, Env, within
from procession.feel.evaluation import Null
from procession.feel.java import function_of
from procession.feel.properties import get_property
from procession.feel.syntax import (
    Arithmetic,
    AtLiteral,
    Between,
    Call,
    Comparison,
    Conjunction,
    ContextLiteral,
    Disjunction,
    Filter,
    For,
    FunctionLiteral,
    If,
    Input,
    InstanceOf,
    ListLiteral,
    Literal,
    Membership,
    Name,
    Negation,
    Node,
    OperatorTest,
    Path,
    Quantified,
    RangeLiteral,
    Type,
    path_of,
)
from procession.feel.temporal import read_temporal
from procession.feel.types import accept, conforms
from procession.feel.values import Function, Range, type_name

INPUT = "?"
"""The name under which a unary test's input is in scope."""


class Compiler:
    """Compiles the forms of one expression. `types` are item definitions by name, `declared` the variables told of.

    `external` lets functions name Java methods of the list in `java`.
    `reads` collects every name met, so that a form can see what its parts read.
    """

    def __init__(self, types: Mapping[str, Type], declared: frozenset[str], external: bool = False) -> None:
        self.types = types
        self.declared = declared
        self.external = external
        self.reads: set[str] = set()
        self.bound: list[set[str]] = []

    def compile(self, node: Node) -> Closure:
        """The closure of a form."""
        return _FORMS[type(node)](self, node)

    def is_bound(self, name: str) -> bool:
        """Whether a name is a parameter, an iterator or an entry of a context around this place."""
        return any(name in layer for layer in self.bound)

    # --- values ---

    def _literal(self, node: Literal) -> Closure:
        value = node.value
        return lambda env: value

    def _at_literal(self, node: AtLiteral) -> Closure:
        value, at = read_temporal(node.text) if node.text else None, node.at
        if value is not None:
            return lambda env: value
        message = f"'{node.text[:40]}' is no date, time or duration"
        return lambda env: env.evaluation.warn(message, at)

    def _list(self, node: ListLiteral) -> Closure:
        items = [self.compile(item) for item in node.items]
        if all(type(item) is Literal for item in node.items):
            # Values are never changed, so one list does for all.
            values = [item.value for item in node.items if isinstance(item, Literal)]
            return lambda env: values
        return lambda env: [item(env) for item in items]

    def _context(self, node: ContextLiteral) -> Closure:
        keys = [key for key, _ in node.entries]
        if len(set(keys)) != len(keys):
            return lambda env: env.evaluation.warn("a context has two entries of one name", node.at)
        self.bound.append(set())
        entries = []
        for key, inner in node.entries:
            entries.append((key, self.compile(inner)))
            self.bound[-1].add(key)
        self.bound.pop()

        def context(env: Env) -> Any:
            values: dict[str, Any] = {}
            inside = env.inside(values)
            for key, entry in entries:
                values[key] = entry(inside)
            return values

        return context

    def _range(self, node: RangeLiteral) -> Closure:
        start, end, closures = self.compile(node.start), self.compile(node.end), (node.start_closed, node.end_closed)
        at = node.at
        ends = [one.value for one in (node.start, node.end) if isinstance(one, Literal) and type(one.value) is Decimal]
        if len(ends) == 2:
            known = Range(ends[0], ends[1], *closures)
            return lambda env: known

        def bounds(env: Env) -> Any:
            low, high = start(env), end(env)
            broken = low is None or high is None
            if not broken and COMPARISONS["<="](low, high) is None:
                return env.evaluation.warn(f"{type_name(low)} and {type_name(high)} make no range", at)
            return Range(low, high, *closures, broken)

        return bounds

    def _operator_range(self, node: OperatorTest) -> Closure:
        operand, operator, at = self.compile(node.operand), node.operator, node.at

        def bounds(env: Env) -> Any:
            value = operand(env)
            match operator:
                case "=":
                    return Range(value, value, True, True, value is None)
                case "<" | "<=":
                    return Range(None, value, False, operator == "<=", value is None)
                case ">" | ">=":
                    return Range(value, None, operator == ">=", False, value is None)
                case _:
                    return env.evaluation.warn("'!=' makes no range", at)

        return bounds

    def _function(self, node: FunctionLiteral) -> Closure:
        if node.external and not self.external:
            return lambda env: env.evaluation.warn("external functions are not executed", node.at)
        names = tuple(parameter.name for parameter in node.parameters)
        wanted = [
            (place, parameter.type) for place, parameter in enumerate(node.parameters) if parameter.type is not None
        ]
        self.bound.append(set(names))
        body, types = self.compile(node.body), self.types
        self.bound.pop()
        if node.external:
            return _external(body, names, node.at)

        def function(env: Env) -> Function:
            def invoke(evaluation: Any, arguments: Any) -> Any:
                values = list(arguments)
                for place, type_ in wanted:
                    fits, values[place] = accept(values[place], type_, types)
                    if not fits:
                        raise Null(f"'{names[place]}' is of the wrong type: {type_name(arguments[place])}")
                evaluation.enter()
                result = body(Env(evaluation, env.scope, dict(zip(names, values, strict=True)), env))
                evaluation.leave()
                return result

            return Function(names, invoke)

        return function

    # --- reading ---

    def _name(self, node: Name) -> Closure:
        name, at = node.name, node.at
        self.reads.add(name)
        fallback = as_function(name) if name in BUILTINS else None

        def read(env: Env) -> Any:
            names = env.names
            if name in names:
                return names[name]
            value = env.read(name) if env.parent is None else env.find(name)
            if value is not MISSING:
                return value
            if fallback is not None:
                return fallback
            return env.evaluation.warn(f"there is no variable '{name}'", at)

        return read

    def _input(self, node: Input) -> Closure:
        self.reads.add(INPUT)

        def read(env: Env) -> Any:
            value = env.find(INPUT)
            return None if value is MISSING else value

        return read

    def _path(self, node: Path) -> Closure:
        source, name, at = self.compile(node.source), node.name, node.at
        names = path_of(node)
        given = names[0] if names and not self.is_bound(names[0]) else None

        def read(env: Env) -> Any:
            if given is not None and env.parent is None and given not in env.names:
                # Of a variable that is read here first only what the path names is converted.
                found = within(env.scope, names)
                if found is not MISSING:
                    return found
            value = source(env)
            if type(value) is dict and name in value:
                return value[name]
            try:
                return get_property(value, name)
            except Null as failure:
                return env.evaluation.warn(str(failure), at)

        return read

    def _call(self, node: Call) -> Closure:
        return compile_call(self, node)

    # --- operators ---

    def _arithmetic(self, node: Arithmetic) -> Closure:
        # A long sum leans to the left; it is taken apart here, so that its length does not become depth.
        steps = []
        left: Node = node
        while isinstance(left, Arithmetic):
            steps.append((OPERATORS[left.operator], left.operator, self.compile(left.right), left.at))
            left = left.left
        first = self.compile(left)
        if len(steps) == 1 and steps[0][1] in EXACT:
            return _of_two(first, *steps[0])
        steps.reverse()

        def calculate(env: Env) -> Any:
            value = first(env)
            for operate, sign, operand, at in steps:
                other = operand(env)
                if sign == "**":
                    env.evaluation.spend(effort(other))
                result = operate(value, other)
                if result is None:
                    env.evaluation.warn(f"no result for {type_name(value)} {sign} {type_name(other)}", at)
                elif type(result) is str:
                    env.evaluation.spend(len(result) >> 6)
                value = result
            return value

        return calculate

    def _negation(self, node: Negation) -> Closure:
        operand, at = self.compile(node.operand), node.at

        def calculate(env: Env) -> Any:
            value = operand(env)
            result = negate(value)
            return env.evaluation.warn(f"cannot negate {type_name(value)}", at) if result is None else result

        return calculate

    def _comparison(self, node: Comparison) -> Closure:
        compare, left, right, at = (
            COMPARISONS[node.operator],
            self.compile(node.left),
            self.compile(node.right),
            node.at,
        )
        sign = node.operator
        simple = SIMPLE[sign]

        def verdict(env: Env) -> Any:
            one, other = left(env), right(env)
            kind = type(one)
            if kind is type(other) and (kind is Decimal or kind is str):
                return simple(one, other)
            result = compare(one, other)
            if result is None:
                env.evaluation.warn(f"cannot compare {type_name(one)} {sign} {type_name(other)}", at)
            return result

        return verdict

    def _conjunction(self, node: Conjunction) -> Closure:
        return self._logic(node.operands, False)

    def _disjunction(self, node: Disjunction) -> Closure:
        return self._logic(node.operands, True)

    def _logic(self, operands: tuple[Node, ...], decisive: bool) -> Closure:
        parts = [self.compile(operand) for operand in operands]
        neutral = not decisive

        def verdict(env: Env) -> Any:
            known = True
            for part in parts:
                value = part(env)
                if value is decisive:
                    return decisive
                if value is not neutral:
                    known = False
            return neutral if known else None

        return verdict

    def _between(self, node: Between) -> Closure:
        value, low, high = self.compile(node.value), self.compile(node.low), self.compile(node.high)
        at_least, at_most, at = COMPARISONS[">="], COMPARISONS["<="], node.at

        def verdict(env: Env) -> Any:
            found = value(env)
            above, below = at_least(found, low(env)), at_most(found, high(env))
            if above is None or below is None:
                return env.evaluation.warn(f"cannot compare {type_name(found)} in 'between'", at)
            return above and below

        return verdict

    def _membership(self, node: Membership) -> Closure:
        value, tests = self.compile(node.value), [self.compile_test(test) for test in node.tests]

        def verdict(env: Env) -> Any:
            found = value(env)
            known: bool | None = False
            for test in tests:
                result = test(env, found)
                if result is True:
                    return True
                if result is None:
                    known = None
            return known

        return verdict

    def compile_test(self, node: Node) -> Callable[[Env, Any], bool | None]:
        """A test of a value against an operator, a range, a list or another value."""
        if isinstance(node, OperatorTest):
            compare, operand = COMPARISONS[node.operator], self.compile(node.operand)
            return lambda env, value: compare(value, operand(env))
        expected, at = self.compile(node), node.at

        def verdict(env: Env, value: Any) -> bool | None:
            test = expected(env)
            if isinstance(test, list):
                env.evaluation.spend(len(test) >> 3)
            result = member(value, test)
            if result is None:
                env.evaluation.warn(f"cannot tell whether {type_name(value)} is in {type_name(test)}", at)
            return result

        return verdict

    def _instance(self, node: InstanceOf) -> Closure:
        value, type_, types, at = self.compile(node.value), node.type, self.types, node.at

        def verdict(env: Env) -> Any:
            result = conforms(value(env), type_, types)
            return env.evaluation.warn("there is no such type", at) if result is None else result

        return verdict

    # --- control ---

    def _if(self, node: If) -> Closure:
        condition, yes, no, at = self.compile(node.condition), self.compile(node.yes), self.compile(node.no), node.at

        def choose(env: Env) -> Any:
            verdict = condition(env)
            if verdict is True:
                return yes(env)
            if verdict is not False:
                env.evaluation.warn(f"the condition is {type_name(verdict)}, not boolean", at)
            return no(env)

        return choose

    def _for(self, node: For) -> Closure:
        return iterating.compile_for(self, node)

    def _quantified(self, node: Quantified) -> Closure:
        return iterating.compile_quantified(self, node)

    def _filter(self, node: Filter) -> Closure:
        return iterating.compile_filter(self, node)


def _of_two(left: Closure, operate: Callable[[Any, Any], Any], sign: str, right: Closure, at: int) -> Closure:
    exact = EXACT[sign]

    def calculate(env: Env) -> Any:
        one, other = left(env), right(env)
        if type(one) is Decimal and type(other) is Decimal:
            result = exact(one, other)
            if result.is_finite():
                return result
        found = operate(one, other)
        if found is None:
            env.evaluation.warn(f"no result for {type_name(one)} {sign} {type_name(other)}", at)
        elif type(found) is str:
            env.evaluation.spend(len(found) >> 6)
        return found

    return calculate


def _external(mapping: Closure, names: tuple[str, ...], at: int) -> Closure:
    def function(env: Env) -> Any:
        found = mapping(env)
        try:
            return function_of(found.get("java") if isinstance(found, dict) else None, names)
        except Null as failure:
            return env.evaluation.warn(str(failure), at)

    return function


_FORMS: dict[type, Callable[[Compiler, Any], Closure]] = {
    Literal: Compiler._literal,
    AtLiteral: Compiler._at_literal,
    ListLiteral: Compiler._list,
    ContextLiteral: Compiler._context,
    RangeLiteral: Compiler._range,
    OperatorTest: Compiler._operator_range,
    FunctionLiteral: Compiler._function,
    Name: Compiler._name,
    Input: Compiler._input,
    Path: Compiler._path,
    Filter: Compiler._filter,
    Call: Compiler._call,
    Arithmetic: Compiler._arithmetic,
    Negation: Compiler._negation,
    Comparison: Compiler._comparison,
    Conjunction: Compiler._conjunction,
    Disjunction: Compiler._disjunction,
    Between: Compiler._between,
    Membership: Compiler._membership,
    InstanceOf: Compiler._instance,
    If: Compiler._if,
    For: Compiler._for,
    Quantified: Compiler._quantified,
}
