"""Functions on ranges: how two ranges or points lie to each other (DMN 10.3.4.9, table 78)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from procession.errors import ExpressionFailed
from procession.feel.builtins.registry import BUILTINS, builtin, call
from procession.feel.comparing import order, within
from procession.feel.evaluation import Evaluation, Null
from procession.feel.names import Names, layer_of
from procession.feel.parser import Parser
from procession.feel.syntax import AtLiteral, Call, Literal, Name, Negation, Node, RangeLiteral
from procession.feel.temporal import read_temporal
from procession.feel.values import MATH, Range, type_name


def _compare(left: Any, right: Any) -> int:
    found = order(left, right)
    if found is None:
        raise Null(f"cannot compare {type_name(left)} and {type_name(right)}")
    return found


def _span(value: Any) -> tuple[Any, Any, bool, bool]:
    """The ends of a range; a point is a range of one value. A list of one value is that value (DMN 10.3.2.9.4)."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Range):
        if value.start is None or value.end is None:
            raise Null("the range has an open end")
        return value.start, value.end, value.start_closed, value.end_closed
    return value, value, True, True


def _ranges(left: Any, right: Any) -> tuple[tuple[Any, Any, bool, bool], tuple[Any, Any, bool, bool]]:
    return _span(left), _span(right)


def _precedes(left: Any, right: Any) -> bool:
    (_, end, _, end_closed), (start, _, start_closed, _) = _ranges(left, right)
    found = _compare(end, start)
    return found < 0 or (found == 0 and not (end_closed and start_closed))


@builtin("before(a: any, b: any)")
@builtin("before(point1: any, point2: any)")
@builtin("before(point: any, range: range)")
@builtin("before(range: range, point: any)")
@builtin("before(range1: range, range2: range)")
def before(left: Any, right: Any) -> bool:
    return _precedes(left, right)


@builtin("after(a: any, b: any)")
@builtin("after(point1: any, point2: any)")
@builtin("after(point: any, range: range)")
@builtin("after(range: range, point: any)")
@builtin("after(range1: range, range2: range)")
def after(left: Any, right: Any) -> bool:
    return _precedes(right, left)


@builtin("meets(range1: range, range2: range)")
def meets(left: Range, right: Range) -> bool:
    (_, end, _, end_closed), (start, _, start_closed, _) = _ranges(left, right)
    return end_closed and start_closed and _compare(end, start) == 0


@builtin("met by(range1: range, range2: range)")
def met_by(left: Range, right: Range) -> bool:
    return meets(right, left)


@builtin("overlaps(range1: range, range2: range)")
def overlaps(left: Range, right: Range) -> bool:
    return not _precedes(left, right) and not _precedes(right, left)


def _start_order(left: Any, right: Any) -> int:
    (start, _, closed, _), (other, _, other_closed, _) = _ranges(left, right)
    return _compare(start, other) or (other_closed - closed)


def _end_order(left: Any, right: Any) -> int:
    (_, end, _, closed), (_, other, _, other_closed) = _ranges(left, right)
    return _compare(end, other) or (closed - other_closed)


@builtin("overlaps before(range1: range, range2: range)")
def overlaps_before(left: Range, right: Range) -> bool:
    return _start_order(left, right) < 0 and not _precedes(left, right) and _end_order(left, right) <= 0


@builtin("overlaps after(range1: range, range2: range)")
def overlaps_after(left: Range, right: Range) -> bool:
    return _start_order(left, right) > 0 and not _precedes(right, left) and _end_order(left, right) >= 0


def _is_finishing(point: Any, span: Range) -> bool:
    point = _span(point)[0]
    return span.end_closed and _compare(point, span.end) == 0


def _is_starting(point: Any, span: Range) -> bool:
    point = _span(point)[0]
    return span.start_closed and _compare(point, span.start) == 0


@builtin("finishes(point: any, range: range)")
@builtin("finishes(range1: range, range2: range)")
def finishes(left: Any, right: Range) -> bool:
    if not isinstance(left, Range):
        return _is_finishing(left, right)
    return _end_order(left, right) == 0 and _start_order(left, right) >= 0


@builtin("finished by(range: range, point: any)")
@builtin("finished by(range1: range, range2: range)")
def finished_by(left: Range, right: Any) -> bool:
    return finishes(right, left)


@builtin("includes(range: range, point: any)")
@builtin("includes(range1: range, range2: range)")
def includes(left: Range, right: Any) -> bool:
    if not isinstance(right, Range):
        found = within(left, _span(right)[0])
        if found is None:
            raise Null(f"cannot tell whether {type_name(right)} is in the range")
        return found
    return _start_order(left, right) <= 0 and _end_order(left, right) >= 0


@builtin("during(point: any, range: range)")
@builtin("during(range1: range, range2: range)")
def during(left: Any, right: Range) -> bool:
    return includes(right, left)


@builtin("starts(point: any, range: range)")
@builtin("starts(range1: range, range2: range)")
def starts(left: Any, right: Range) -> bool:
    if not isinstance(left, Range):
        return _is_starting(left, right)
    return _start_order(left, right) == 0 and _end_order(left, right) <= 0


@builtin("started by(range: range, point: any)")
@builtin("started by(range1: range, range2: range)")
def started_by(left: Range, right: Any) -> bool:
    return starts(right, left)


@builtin("coincides(point1: any, point2: any)")
@builtin("coincides(range1: range, range2: range)")
def coincides(left: Any, right: Any) -> bool:
    if isinstance(left, Range) != isinstance(right, Range):
        raise Null("coincides: two points or two ranges are needed")
    return _start_order(left, right) == 0 and _end_order(left, right) == 0


_CONSTRUCTORS = frozenset(("date", "time", "date and time", "duration"))
_NAMES = Names(layer_of(_CONSTRUCTORS))


def _end_value(node: Node, evaluation: Evaluation) -> Any:
    """An end as `range(…)` allows it: a literal, or a date, time or duration made from one string."""
    match node:
        case Literal(value) if value is not None and not isinstance(value, bool):
            return value
        case Negation(Literal(value)) if isinstance(value, Decimal):
            return MATH.minus(value)
        case AtLiteral(text):
            return read_temporal(text) if text else None
        case Call(Name(name), (Literal(str() as text),), None) if name in _CONSTRUCTORS:
            return call(BUILTINS[name], evaluation, [text])
        case _:
            raise Null("range: an end must be a literal")


@builtin("range(from: string)", needs_evaluation=True)
def range_(evaluation: Evaluation, text: str) -> Range:
    if len(text) > 1000:
        raise Null("range: the text is longer than 1000 characters")
    try:
        node = Parser(text, _NAMES).whole_expression()
    except ExpressionFailed:
        raise Null(f"range: '{text[:40]}' is no range") from None
    if not isinstance(node, RangeLiteral):
        raise Null(f"range: '{text[:40]}' is no range")
    start, end = _end_value(node.start, evaluation), _end_value(node.end, evaluation)
    if start is None or end is None or _compare(start, end) > 0:
        raise Null("range: the ends are missing or in the wrong order")
    return Range(start, end, node.start_closed, node.end_closed)
