"""Item definitions as checks: a value fits its type, is converted to it (DMN 10.3.2.9.4), or is null."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from procession.dmn.model import ItemDefinition, Text
from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import Date, DateTime, Function, Time, UnaryTests, compile_unary_tests
from procession.feel.syntax import ContextType, FunctionType, ListType, NamedType, Type
from procession.feel.types import SIMPLE

Fit = Callable[[Any, int], tuple[bool, Any]]
"""A value (not null) and the depth so far to whether it fits, and the value as the type has it."""

MOST_NESTED = 50
_ANYTHING = ("Any", "any", "")


def _fits_anything(value: Any, depth: int) -> tuple[bool, Any]:
    return True, value


@dataclass(slots=True)
class Types:
    """The types of one model. `prefixes` are the names of imports, whose types are `prefix.name`."""

    definitions: dict[str, ItemDefinition] = field(default_factory=dict)
    feel: dict[str, Type] = field(default_factory=dict)
    _fits: dict[str, Fit] = field(default_factory=dict)

    @classmethod
    def of(cls, own: Iterable[ItemDefinition], imported: Mapping[str, Types]) -> Types:
        """The types of a model: its own, and those of imported models under the name of the import."""
        types = cls({item.name: item for item in own})
        for prefix, others in imported.items():
            before = f"{prefix}." if prefix else ""
            for name in others.definitions:
                types.definitions.setdefault(before + name, _renamed(others.definitions[name], before, others))
        types.feel = {name: _feel_type(item, 0) for name, item in types.definitions.items()}
        return types

    def names(self) -> set[str]:
        """The names of components, as paths may use them."""
        found: set[str] = set()
        todo = list(self.definitions.values())
        while todo:
            item = todo.pop()
            for component in item.components:
                found.add(component.name)
                todo.append(component)
        return found

    def fit(self, name: str | None) -> Fit | None:
        """The check of a type by its name; None where every value fits."""
        known = self._name(name)
        if known in _ANYTHING:
            return None
        if known not in self._fits:
            self._fits[known] = self._named(known)
        return self._fits[known]

    def convert(self, value: Any, name: str | None) -> tuple[bool, Any]:
        """Whether a value fits a type, and the value as the type has it; null fits all."""
        fit = self.fit(name)
        if value is None or fit is None:
            return True, value
        return converted(fit, value)

    def result(self, name: str | None) -> str | None:
        """What a function of that type gives; another type is its own (a service may be typed either way)."""
        item = self.definitions.get(self._name(name))
        return name if item is None or item.function is None else item.function[1]

    def filled(self, value: Any, name: str | None, depth: int = 0) -> Any:
        """The same with null for every component that a structure of that type lacks."""
        item = self.definitions.get(self._name(name))
        return value if item is None else self._filled(value, item, depth)

    def _filled(self, value: Any, item: ItemDefinition, depth: int) -> Any:
        if depth > MOST_NESTED:
            return value
        if isinstance(value, list):
            return [self._filled(one, item, depth + 1) for one in value]
        if not item.components:
            return self.filled(value, item.type, depth + 1)
        if not isinstance(value, dict):
            return value
        parts = {part.name: self._filled(value.get(part.name), part, depth + 1) for part in item.components}
        return {**value, **parts}

    def _name(self, name: str | None) -> str:
        if not name:
            return ""
        if name in self.definitions:
            return name
        return name.rpartition(":")[2] if ":" in name else name

    def _named(self, name: str) -> Fit:
        if name in self.definitions:
            return self._item(self.definitions[name])
        simple = SIMPLE.get(name)
        if simple is None:
            # An unknown type declares nothing: that is what a reader of the model can still work with.
            return _fits_anything
        if name in ("date and time", "dateTime"):
            return _date_time
        return lambda value, depth: (simple(value), value)

    def _item(self, item: ItemDefinition) -> Fit:
        one = self._one(item)
        allowed = _tests(item.allowed)
        if allowed is not None:
            one = _restricted(one, allowed)
        if item.collection:
            one = _list_of(one)
        constraint = _tests(item.constraint)
        return one if constraint is None else _restricted(one, constraint)

    def _one(self, item: ItemDefinition) -> Fit:
        if item.components:
            parts = {component.name: self._item(component) for component in item.components}
            return lambda value, depth: _context(value, parts, depth)
        if item.function is not None:
            return lambda value, depth: (isinstance(value, Function), value)
        name = self._name(item.type)
        if name in _ANYTHING:
            return _fits_anything

        def later(value: Any, depth: int) -> tuple[bool, Any]:
            # Types may name themselves, so a name is looked up when a value comes.
            fit = self.fit(name)
            return (False, None) if depth > MOST_NESTED else (True, value) if fit is None else fit(value, depth + 1)

        return later


def converted(fit: Fit, value: Any) -> tuple[bool, Any]:
    """As a type has it: the value itself, the only item of a list, or a list of the value alone."""
    fits, found = fit(value, 0)
    if fits:
        return True, found
    if isinstance(value, list) and len(value) == 1 and value[0] is not None:
        fits, found = fit(value[0], 0)
        if fits:
            return True, found
    if not isinstance(value, list):
        fits, found = fit([value], 0)
        if fits:
            return True, found
    return False, None


def _date_time(value: Any, depth: int) -> tuple[bool, Any]:
    if isinstance(value, Date):
        return True, DateTime(value, Time(0, 0, 0, 0, 0))
    return isinstance(value, DateTime), value


def _context(value: Any, parts: Mapping[str, Fit], depth: int) -> tuple[bool, Any]:
    if not isinstance(value, dict) or depth > MOST_NESTED:
        return False, None
    found = dict(value)
    for name, part in parts.items():
        if name not in value:
            return False, None
        inner = value[name]
        if inner is None:
            continue
        fits, found[name] = part(inner, depth + 1)
        if not fits:
            return False, None
    return True, found


def _list_of(one: Fit) -> Fit:
    def fit(value: Any, depth: int) -> tuple[bool, Any]:
        if not isinstance(value, list):
            return False, None
        found = []
        for item in value:
            fits, inner = (True, None) if item is None else one(item, depth + 1)
            if not fits:
                return False, None
            found.append(inner)
        return True, found

    return fit


def _restricted(one: Fit, tests: UnaryTests) -> Fit:
    nothing = MappingScope({})

    def fit(value: Any, depth: int) -> tuple[bool, Any]:
        fits, found = one(value, depth)
        return (True, found) if fits and tests.matches(nothing, found) is True else (False, None)

    return fit


def _tests(text: Text | None) -> UnaryTests | None:
    if text is None or text.text is None:
        return None
    try:
        return compile_unary_tests(text.text)
    except ExpressionFailed:
        return None


def _feel_type(item: ItemDefinition, depth: int) -> Type:
    if depth > MOST_NESTED:
        return NamedType("Any")
    if item.components:
        made: Type = ContextType(tuple((part.name, _feel_type(part, depth + 1)) for part in item.components))
    elif item.function is not None:
        parameters, result = item.function
        made = FunctionType(tuple(NamedType(one.type or "Any") for one in parameters), NamedType(result or "Any"))
    else:
        made = NamedType((item.type or "Any").rpartition(":")[2])
    return ListType(made) if item.collection else made


def _renamed(item: ItemDefinition, before: str, others: Types) -> ItemDefinition:
    """An imported type whose names of further imported types carry the name of the import."""
    type_ = item.type
    if type_ is not None and type_.rpartition(":")[2] in others.definitions:
        type_ = before + type_.rpartition(":")[2]
    components = tuple(_renamed(part, before, others) for part in item.components)
    return ItemDefinition(item.name, type_, item.collection, components, item.allowed, item.constraint, item.function)
