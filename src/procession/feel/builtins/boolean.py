"""Boolean functions (DMN 10.3.4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from procession.feel.builtins.registry import builtin
from procession.feel.evaluation import Null


@builtin("not(negand: any)")
def not_(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Null("not: the argument is not boolean")
    return not value


def _known(items: Sequence[Any], decisive: bool) -> bool | None:
    if any(item is decisive for item in items):
        return decisive
    return (not decisive) if all(isinstance(item, bool) for item in items) else None


@builtin("all(list: list)")
def all_(items: list[Any]) -> bool | None:
    return _known(items, False)


@builtin("all(...list: any)")
def all_arguments(*items: Any) -> bool | None:
    return _known(items, False)


@builtin("any(list: list)")
def any_(items: list[Any]) -> bool | None:
    return _known(items, True)


@builtin("any(...list: any)")
def any_arguments(*items: Any) -> bool | None:
    return _known(items, True)


@builtin("is(value1: any, value2: any)")
def is_(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)
