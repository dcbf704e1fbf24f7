"""What a step makes goes when the step is done, whatever a process has put into its variables."""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import procession.engine
import procession.kernel
from procession.errors import ProcessionError
from procession.kernel.records import Frozen
from procession.kernel.stepping import Step
from tests.kernel.diagram import diagram, on, user
from tests.kernel.harness import on_kernel

SIMPLE = (int, str, bool, float, bytes, NoneType, datetime, timedelta)


def _frozen(above: type[Any] = Frozen) -> Iterator[type[Any]]:
    for below in above.__subclasses__():
        yield below
        yield from _frozen(below)


def _holds_more(hint: Any, seen: tuple[type[Any], ...] = ()) -> bool:
    """True where it may hold what a garbage collector has to look into."""
    if hint in SIMPLE or hint is Ellipsis or get_origin(hint) is Literal:
        return False
    if get_origin(hint) is not None or isinstance(hint, UnionType):
        is_plain = get_origin(hint) in (Union, UnionType) or inspect.isclass(get_origin(hint))
        return not is_plain or any(_holds_more(inner, seen) for inner in get_args(hint))
    if not inspect.isclass(hint) or hint is object:
        return True
    if issubclass(hint, Frozen):
        return hint not in seen and any(_holds_more(of, (*seen, hint)) for of in get_type_hints(hint).values())
    return not issubclass(hint, Enum)


def test_what_the_collector_passes_by_holds_no_values() -> None:
    for package in (procession.kernel, procession.engine):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found = list(_frozen())
    assert len(found) > 50
    assert [kind.__name__ for kind in found if _holds_more(kind)] == []


@pytest.mark.parametrize("value", ["1", "execution"])
def test_a_value_that_knows_its_step_does_not_keep_it(value: str) -> None:
    model = diagram("s > a > e", a=user(on("start", f"${{execution.setVariable('x', {value})}}")))
    before = _steps()
    for _ in range(3):
        with suppress(ProcessionError):  # it cannot be stored
            on_kernel(model).start()
    assert _steps() == before


def _steps() -> int:
    gc.collect()
    return sum(type(thing) is Step for thing in gc.get_objects())
