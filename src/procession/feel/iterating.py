"""Everything that goes through a list or range: `for`, `some`, `every`, filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from procession.feel.compiling import Closure, Compiling
from procession.feel.environment import Env
from procession.feel.evaluation import Evaluation, Null, check_items
from procession.feel.limits import LIMITS
from procession.feel.syntax import Filter, For, Literal, Negation, Node, Quantified
from procession.feel.syntax import Iterator as IteratorForm
from procession.feel.values import Date, Range, date_of_ordinal, number, type_name

_FEW = 16
"""Entries of a context that are copied sooner than looked up in a layer of their own."""
_Domain = Callable[[Env], Sequence[Any]]


def numbers(start: int, end: int) -> list[Decimal]:
    """All whole numbers from `start` to `end`, upwards or downwards, both included."""
    check_items(abs(end - start) + 1)
    step = 1 if start <= end else -1
    return [number(value) for value in range(start, end + step, step)]


def _whole(value: Any) -> bool:
    return isinstance(value, Decimal) and value.adjusted() < 20 and value == value.to_integral_value()


def between(start: Any, end: Any) -> list[Any]:
    """The items of `start..end`: whole numbers or days. Raises Null for other ends."""
    if _whole(start) and _whole(end):
        return list(numbers(int(start), int(end)))
    if isinstance(start, Date) and isinstance(end, Date):
        first, last = start.ordinal(), end.ordinal()
        check_items(abs(last - first) + 1)
        step = 1 if first <= last else -1
        return [date_of_ordinal(day) for day in range(first, last + step, step)]
    raise Null(f"cannot iterate from {type_name(start)} to {type_name(end)}")


def items_of(value: Any) -> Sequence[Any]:
    """What an iteration over a value goes through: a list's items, a closed range's, or the value itself."""
    if isinstance(value, list):
        return value
    if isinstance(value, Range):
        found = between(value.start, value.end)
        return found[0 if value.start_closed else 1 : None if value.end_closed else -1]
    if value is None:
        raise Null("cannot iterate over null")
    return [value]


def _domain(compiler: Compiling, iterator: IteratorForm) -> _Domain:
    source = compiler.compile(iterator.source)
    if iterator.end is None:
        return lambda env: items_of(source(env))
    end = compiler.compile(iterator.end)
    return lambda env: between(source(env), end(env))


def _combinations(env: Env, iterators: Sequence[tuple[str, _Domain]], place: int = 0) -> Iterator[Env]:
    name, domain = iterators[place]
    last = place == len(iterators) - 1
    evaluation, scope = env.evaluation, env.scope
    values = domain(env)
    evaluation.spend(3 * len(values))
    for value in values:
        inside = Env(evaluation, scope, {name: value}, env)
        if last:
            yield inside
        else:
            yield from _combinations(inside, iterators, place + 1)


def _iterators(compiler: Compiling, forms: Sequence[IteratorForm]) -> list[tuple[str, _Domain]]:
    iterators = []
    for form in forms:
        iterators.append((form.name, _domain(compiler, form)))
        compiler.bound[-1].add(form.name)
    return iterators


def compile_for(compiler: Compiling, node: For) -> Closure:
    """`for`: the list of results. `partial` is copied per step, and only where the result reads it."""
    compiler.bound.append({"partial"})
    iterators = _iterators(compiler, node.iterators)
    outer, compiler.reads = compiler.reads, set()
    result = compiler.compile(node.result)
    partial = "partial" in compiler.reads
    compiler.reads |= outer
    compiler.bound.pop()
    at = node.at

    def collect(env: Env) -> Any:
        results: list[Any] = []
        limit = LIMITS.items
        try:
            for inside in _combinations(env, iterators):
                if partial:
                    env.evaluation.spend(len(results))
                    inside.names["partial"] = list(results)
                results.append(result(inside))
                if len(results) > limit:
                    check_items(len(results))
        except Null as failure:
            return env.evaluation.warn(str(failure), at)
        return results

    return collect


def compile_quantified(compiler: Compiling, node: Quantified) -> Closure:
    """`some` and `every`, in three-valued logic."""
    compiler.bound.append(set())
    iterators = _iterators(compiler, node.iterators)
    condition = compiler.compile(node.condition)
    compiler.bound.pop()
    decisive, at = not node.every, node.at

    def verdict(env: Env) -> Any:
        known = True
        try:
            for inside in _combinations(env, iterators):
                value = condition(inside)
                if value is decisive:
                    return decisive
                if value is not (not decisive):
                    known = False
        except Null as failure:
            return env.evaluation.warn(str(failure), at)
        return (not decisive) if known else None

    return verdict


def compile_filter(compiler: Compiling, node: Filter) -> Closure:
    """`source[condition]`: an index where the condition is a number, else the items for which it is true."""
    source, at = compiler.compile(node.source), node.at
    if _is_number(node.condition):
        index = compiler.compile(node.condition)
        return lambda env: _item(env.evaluation, source(env), index(env), at)
    compiler.bound.append({"item"})
    condition = compiler.compile(node.condition)
    compiler.bound.pop()

    def select(env: Env) -> Any:
        value = source(env)
        items = value if isinstance(value, list) else [value]
        found = []
        if not items:
            verdict = condition(_item_env(env, None))
            return env.evaluation.warn("the list is empty", at) if isinstance(verdict, Decimal) else []
        env.evaluation.spend(len(items))
        for place, item in enumerate(items):
            verdict = condition(_item_env(env, item))
            if verdict is True:
                found.append(item)
            elif place == 0 and isinstance(verdict, Decimal):
                return _item(env.evaluation, value, verdict, at)
        return found

    return select


def _is_number(node: Node) -> bool:
    node = node.operand if isinstance(node, Negation) else node
    return isinstance(node, Literal) and isinstance(node.value, Decimal)


def _item_env(env: Env, item: Any) -> Env:
    if type(item) is dict and len(item) < _FEW:
        return Env(env.evaluation, env.scope, {"item": item, **item}, env)
    inside = env.inside({"item": item})
    return inside.inside(item) if isinstance(item, dict) else inside


def _item(evaluation: Evaluation, value: Any, index: Any, at: int) -> Any:
    items = value if isinstance(value, list) else [value]
    if not isinstance(index, Decimal) or not _whole(index):
        return evaluation.warn("an index must be a whole number", at)
    place = int(index)
    if 1 <= place <= len(items):
        return items[place - 1]
    if -len(items) <= place <= -1:
        return items[place]
    return evaluation.warn(f"there is no item {place} in a list of {len(items)}", at)
