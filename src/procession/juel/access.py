"""Properties and methods: of maps, lists and values by table, of beans by their protocol. Never of Python objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from procession.expressions import Bean
from procession.juel.coercion import MOST_TEXT, coerce_long, coerce_string, java_class, plain
from procession.juel.faults import Fault, NoSuchMethod, NoSuchProperty, Thrown
from procession.juel.methods import OBJECT, entry, table_of
from procession.juel.moments import Moment
from procession.values import INT_MAX, INT_MIN, Long


def read_property(target: Any, key: Any) -> Any:
    """`target.key` and `target[key]`. Null has no properties and gives null. Raises Fault."""
    target, key = plain(target), plain(key)
    if target is None or key is None:
        return None
    if isinstance(target, Mapping):
        return entry(target, key)
    if isinstance(target, list):
        return _element(target, key)
    name = coerce_string(key)
    if isinstance(target, Bean):
        return _bean_property(target, name)
    for getter in _getters(name):
        for parameters, function in table_of(target).get(getter, ()):
            if not parameters:
                return _call(function, target, [])
    raise NoSuchProperty(f"The class '{java_class(target)}' does not have the property '{name}'.")


def call_method(target: Any, key: Any, arguments: list[Any], target_text: str) -> Any:
    """`target.key(arguments)`. Raises Fault, and whatever a bean raises."""
    target, name = plain(target), coerce_string(plain(key))
    if target is None:
        raise NoSuchProperty(f"Target unreachable, base expression '{target_text}' resolved to null")
    if isinstance(target, Bean):
        return _bean_method(target, name, arguments)
    arguments = [plain(argument) for argument in arguments]
    for parameters, function in table_of(target).get(name) or OBJECT.get(name, ()):
        converted = _converted(parameters, arguments)
        if converted is not None:
            return _call(function, target, converted)
    raise _no_method(target, name, arguments)


def _call(function: Callable[..., Any], target: Any, arguments: list[Any]) -> Any:
    try:
        result = function(target, *arguments)
    except (ValueError, TypeError, OverflowError) as fault:
        raise Thrown(f"java.lang.IllegalArgumentException: {fault}") from fault
    if isinstance(result, str) and len(result) > MOST_TEXT:
        raise Thrown("java.lang.OutOfMemoryError: the text becomes too long")
    return result


def _converted(parameters: str, arguments: list[Any]) -> list[Any] | None:
    """The arguments as the parameters want them; None where they do not fit."""
    if len(parameters) != len(arguments):
        return None
    try:
        return [_CONVERSIONS[letter](argument) for letter, argument in zip(parameters, arguments, strict=True)]
    except Thrown:
        raise
    except Fault:
        return None


def _as_int(value: Any) -> int:
    number = coerce_long(value)
    if not INT_MIN <= number <= INT_MAX:
        raise Fault(f"{number} is not an int")
    return number


def _as_characters(value: Any) -> str:
    if value is None:
        reason = 'Cannot invoke "java.lang.CharSequence.toString()" because "s" is null'
        raise Thrown(f"java.lang.NullPointerException: {reason}")
    if not isinstance(value, str):
        raise Fault(f"{java_class(value)} does not fit")
    return value


def _as_instance(kind: type) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, kind):
            raise Fault(f"{java_class(value)} does not fit")
        return value

    return convert


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "i": _as_int,
    "l": lambda value: Long(coerce_long(value)),
    "s": coerce_string,
    "c": _as_characters,
    "o": lambda value: value,
    "m": _as_instance(Moment),
    "t": _as_instance(datetime),
}


def _element(items: list[Any], key: Any) -> Any:
    match key:
        case str():
            try:
                index = int(key) if len(key) <= 11 else len(items)
            except ValueError:
                raise Fault(f'For input string: "{key[:200]}"') from None
        case bool() | int() | float():
            index = coerce_long(key) if not isinstance(key, bool) else int(key)
        case _:
            raise Fault(f"Cannot coerce property {java_class(key)} to an index")
    return items[index] if 0 <= index < len(items) else None


def _getters(name: str) -> tuple[str, str]:
    capital = name[:1].upper() + name[1:]
    return "get" + capital, "is" + capital


def _bean_property(bean: Bean, name: str) -> Any:
    try:
        return bean.get_property(name)
    except KeyError as fault:
        _only_about(name, fault)
    for getter in _getters(name):
        try:
            return bean.call_method(getter, [])
        except KeyError as fault:
            _only_about(getter, fault)
    raise NoSuchProperty(f"The class '{java_class(bean)}' does not have the property '{name}'.")


def _bean_method(bean: Bean, name: str, arguments: list[Any]) -> Any:
    try:
        return bean.call_method(name, arguments)
    except KeyError as fault:
        _only_about(name, fault)
    prefix = next((prefix for prefix in ("get", "is") if name.startswith(prefix) and len(name) > len(prefix)), None)
    if prefix is not None and not arguments:
        rest = name[len(prefix) :]
        wanted = rest[0].lower() + rest[1:]
        try:
            return bean.get_property(wanted)
        except KeyError as fault:
            _only_about(wanted, fault)
    if name == "toString" and not arguments:
        return java_class(bean)
    raise _no_method(bean, name, arguments)


def _only_about(name: str, fault: KeyError) -> None:
    """Lets pass a KeyError that the bean's own code raised about something else."""
    if fault.args and fault.args[0] != name:
        raise fault


def _no_method(target: Any, name: str, arguments: list[Any]) -> NoSuchMethod:
    classes = ", ".join(java_class(argument) for argument in arguments)
    return NoSuchMethod(f"Method not found: class {java_class(target)}.{name[:200]}({classes})")
