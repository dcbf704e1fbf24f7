"""List functions, with sorting and statistics (DMN 10.3.4.4 and 10.3.4.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from procession.feel.arithmetic import OPERATORS
from procession.feel.builtins.registry import builtin
from procession.feel.comparing import order, order_key, same
from procession.feel.evaluation import Evaluation, Null, check_items, check_text
from procession.feel.functions import apply
from procession.feel.values import MATH, Date, DateTime, DaysTime, Function, Time, YearsMonths, number, type_name

_SCALARS = (Decimal, str, bool, Date, DaysTime, YearsMonths)


@builtin("list contains(list: list, element: any)")
def list_contains(items: list[Any], element: Any) -> bool:
    return any(same(item, element) for item in items)


@builtin("count(list: list)")
def count(items: list[Any]) -> Decimal:
    return number(len(items))


def _extreme(items: Sequence[Any], sign: int) -> Any:
    best = None
    for item in items:
        if best is None:
            best = item
            continue
        found = order(item, best)
        if found is None:
            raise Null(f"cannot compare {type_name(item)} and {type_name(best)}")
        if found == sign:
            best = item
    if best is not None and len(items) == 1 and order(best, best) is None:
        raise Null(f"values of type {type_name(best)} have no order")
    if any(item is None for item in items):
        raise Null("the list contains null")
    return best


@builtin("min(list: list)")
def min_(items: list[Any]) -> Any:
    return _extreme(items, -1)


@builtin("min(...c: any)")
def min_arguments(*items: Any) -> Any:
    return _extreme(items, -1)


@builtin("max(list: list)")
def max_(items: list[Any]) -> Any:
    return _extreme(items, 1)


@builtin("max(...c: any)")
def max_arguments(*items: Any) -> Any:
    return _extreme(items, 1)


def _total(items: Sequence[Decimal], operator: str) -> Any:
    if not items:
        return None
    operate, total = OPERATORS[operator], items[0]
    for item in items[1:]:
        total = operate(total, item)
        if total is None:
            raise Null("the result is out of range")
    return total


def _numbers(items: Sequence[Any]) -> list[Decimal]:
    for item in items:
        if not isinstance(item, Decimal):
            raise Null(f"the list contains {type_name(item)}, not only numbers")
    return list(items)


@builtin("sum(list: list)")
def sum_(items: list[Any]) -> Any:
    return _total(_numbers(items), "+")


@builtin("sum(...n: any)")
def sum_arguments(*items: Any) -> Any:
    return sum_(list(items))


@builtin("product(list: list)")
def product(items: list[Any]) -> Any:
    return _total(_numbers(items), "*")


@builtin("product(...n: any)")
def product_arguments(*items: Any) -> Any:
    return product(list(items))


@builtin("mean(list: list)")
def mean(items: list[Any]) -> Any:
    total = _total(_numbers(items), "+")
    return None if total is None else OPERATORS["/"](total, number(len(items)))


@builtin("mean(...n: any)")
def mean_arguments(*items: Any) -> Any:
    return mean(list(items))


@builtin("median(list: list)", cost=10)
def median(items: list[Any]) -> Decimal | None:
    ordered = sorted(_numbers(items))
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return MATH.divide(MATH.add(ordered[middle - 1], ordered[middle]), number(2))


@builtin("median(...n: any)", cost=10)
def median_arguments(*items: Any) -> Decimal | None:
    return median(list(items))


@builtin("stddev(list: list)", cost=10)
def stddev(items: list[Any]) -> Decimal | None:
    numbers = _numbers(items)
    if len(numbers) < 2:
        raise Null("stddev: at least two numbers are needed")
    average = MATH.divide(_total(numbers, "+"), number(len(numbers)))
    squares = [MATH.power(MATH.subtract(item, average), number(2)) for item in numbers]
    return MATH.sqrt(MATH.divide(_total(squares, "+"), number(len(numbers) - 1)))


@builtin("stddev(...n: any)", cost=10)
def stddev_arguments(*items: Any) -> Decimal | None:
    return stddev(list(items))


@builtin("mode(list: list)", cost=10)
def mode(items: list[Any]) -> list[Any]:
    counts: dict[Decimal, int] = {}
    for item in _numbers(items):
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, times in counts.items() if times == most)


@builtin("mode(...n: any)", cost=10)
def mode_arguments(*items: Any) -> list[Any]:
    return mode(list(items))


def _position(items: Sequence[Any], position: Decimal) -> int:
    """The index from 0 of a FEEL position (from 1, or from the end)."""
    place = int(position) if abs(position) <= len(items) else 0
    if not place:
        raise Null(f"there is no position {position} in a list of {len(items)}")
    return place - 1 if place > 0 else len(items) + place


@builtin("sublist(list: list, start position: number, length?: number)")
def sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any]:
    first = _position(items, start)
    if length is None:
        return items[first:]
    if length < 1:
        raise Null("sublist: the length must be at least 1")
    return items[first : first + int(min(length, Decimal(len(items))))]


@builtin("append(list: list, ...item: any)")
def append(items: list[Any], *more: Any) -> list[Any]:
    check_items(len(items) + len(more))
    return [*items, *more]


@builtin("concatenate(...list: list)")
def concatenate(*lists: list[Any]) -> list[Any]:
    check_items(sum(map(len, lists)))
    return [item for items in lists for item in items]


@builtin("insert before(list: list, position: number, newItem: any)")
def insert_before(items: list[Any], position: Decimal, item: Any) -> list[Any]:
    place = _position(items, position)
    return [*items[:place], item, *items[place:]]


@builtin("remove(list: list, position: number)")
def remove(items: list[Any], position: Decimal) -> list[Any]:
    if abs(position) > len(items):
        return items
    place = _position(items, position)
    return [*items[:place], *items[place + 1 :]]


@builtin("list replace(list: list, position: number, newItem: any)")
def list_replace(items: list[Any], position: Decimal, item: Any) -> list[Any]:
    place = _position(items, position)
    return [*items[:place], item, *items[place + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any)", needs_evaluation=True)
def list_replace_matching(evaluation: Evaluation, items: list[Any], match: Function, item: Any) -> list[Any]:
    verdicts = [apply(match, evaluation, [old, item]) for old in items]
    if not all(isinstance(verdict, bool) for verdict in verdicts):
        raise Null("list replace: the function must give a boolean")
    return [item if verdict else old for old, verdict in zip(items, verdicts, strict=True)]


@builtin("reverse(list: list)")
def reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@builtin("index of(list: list, match: any)")
def index_of(items: list[Any], match: Any) -> list[Decimal]:
    return [number(place) for place, item in enumerate(items, 1) if same(item, match)]


def distinct(evaluation: Evaluation, items: Iterable[Any]) -> list[Any]:
    """The first of each group of equal items. Scalars are found by hash, others by comparison, which is counted."""
    seen: set[Any] = set()
    others: list[Any] = []
    found: list[Any] = []
    for item in items:
        if item is None or isinstance(item, _SCALARS):
            key = (type(item), item)
            if key in seen:
                continue
            seen.add(key)
        else:
            evaluation.spend(len(others) + 1)
            if any(same(item, other) for other in others):
                continue
            others.append(item)
        found.append(item)
    return found


@builtin("union(...list: list)", needs_evaluation=True)
def union(evaluation: Evaluation, *lists: list[Any]) -> list[Any]:
    return distinct(evaluation, concatenate(*lists))


@builtin("distinct values(list: list)", needs_evaluation=True)
def distinct_values(evaluation: Evaluation, items: list[Any]) -> list[Any]:
    return distinct(evaluation, items)


@builtin("flatten(list: list)")
def flatten(items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    open_lists = [iter(items)]
    while open_lists:
        for item in open_lists[-1]:
            if isinstance(item, list):
                open_lists.append(iter(item))
                check_items(len(open_lists))
                break
            flat.append(item)
            check_items(len(flat))
        else:
            open_lists.pop()
    return flat


@builtin("string join(list: list, delimiter?: string?)")
def string_join(items: list[Any], delimiter: str | None = None) -> str:
    parts = [item for item in items if item is not None]
    if not all(isinstance(part, str) for part in parts):
        raise Null("string join: every item must be a string or null")
    check_text(sum(map(len, parts)) + len(delimiter or "") * len(parts))
    return (delimiter or "").join(parts)


def _precedes(evaluation: Evaluation, precedes: Function) -> Callable[[Any, Any], int]:
    # Python's sort is stable and asks for nothing but "less than".
    return lambda left, right: -1 if apply(precedes, evaluation, [left, right]) is True else 0


@builtin("sort(list: list, precedes: function)", needs_evaluation=True)
def sort(evaluation: Evaluation, items: list[Any], precedes: Function) -> list[Any]:
    return sorted(items, key=cmp_to_key(_precedes(evaluation, precedes)))


@builtin("sort(list: list)")
def sort_naturally(items: list[Any]) -> list[Any]:
    kinds = {type(item) for item in items}
    if len(kinds) > 1 or not kinds <= {Decimal, str, Date, DateTime, Time, DaysTime, YearsMonths}:
        raise Null("sort: the items have no order between them")
    return sorted(items, key=order_key)
