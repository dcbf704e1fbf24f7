"""How a built-in function is declared: its signature is data, a text that is also its documentation.

    @builtin("substring(string: string, start position: number, length?: number)")

A parameter is `name: type`; `name?` may be left out; `...name` takes all further arguments (at least one). A type is
one of `PARAMETER_TYPES`, several with `|`; a trailing `?` lets null through, every other null makes the result null.
Several declarations of one name are tried in order. A body gets FEEL values, positionally, and returns one; it raises
`Null` for "null, because". With `needs_evaluation` its first argument is the `Evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from procession.feel.evaluation import Evaluation, Null
from procession.feel.values import Date, DateTime, DaysTime, Function, Range, Time, YearsMonths, type_name

_KINDS: dict[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (Date,),
    "time": (Time,),
    "date and time": (DateTime,),
    "days and time duration": (DaysTime,),
    "years and months duration": (YearsMonths,),
    "list": (list,),
    "context": (dict,),
    "range": (Range,),
    "function": (Function,),
    "any": (object,),
}
PARAMETER_TYPES = frozenset(_KINDS)
"""Types a signature may name."""

Body = Callable[..., Any]
_Body = TypeVar("_Body", bound=Body)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a signature."""

    name: str
    kinds: tuple[type, ...]
    types: str
    optional: bool
    nullable: bool
    rest: bool


@dataclass(frozen=True, slots=True)
class Builtin:
    """One declaration: a signature and its body. `family` is the file that declares it."""

    name: str
    signature: str
    parameters: tuple[Parameter, ...]
    body: Body
    needs_evaluation: bool
    family: str
    cost: int = 0

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        needed = sum(not parameter.optional for parameter in self.parameters)
        return needed <= count and (count <= len(self.parameters) or self._rest)

    @property
    def _rest(self) -> bool:
        return bool(self.parameters) and self.parameters[-1].rest

    def positions(self, names: Sequence[str]) -> list[int] | None:
        """Where named arguments go, or None where a name is unknown, twice or missing. What may be null may be missing."""
        known = {parameter.name: place for place, parameter in enumerate(self.parameters) if not parameter.rest}
        if len(set(names)) != len(names) or any(name not in known for name in names):
            return None
        if any(
            not (parameter.optional or parameter.nullable) and parameter.name not in names
            for parameter in self.parameters
        ):
            return None
        return [known[name] for name in names]

    def convert(self, arguments: Sequence[Any]) -> list[Any]:
        """The arguments as the parameters want them. Raises Null where one does not fit."""
        return [
            self._fit(self.parameters[min(place, len(self.parameters) - 1)], value)
            for place, value in enumerate(arguments)
        ]

    def _fit(self, parameter: Parameter, value: Any) -> Any:
        kinds = parameter.kinds
        if value is None:
            if parameter.nullable:
                return None
            raise Null(f"{self.name}: '{parameter.name}' is null")
        if isinstance(value, kinds):
            return value
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], kinds):
            return value[0]
        if list in kinds:
            return [value]
        if DateTime in kinds and isinstance(value, Date):
            return DateTime(value, Time(0, 0, 0, 0, 0))
        raise Null(f"{self.name}: '{parameter.name}' must be {parameter.types}, not {type_name(value)}")


BUILTINS: dict[str, tuple[Builtin, ...]] = {}
"""All declarations by name, in the order in which they are tried."""


def _parameter(text: str) -> Parameter:
    name, _, types = text.partition(":")
    name, types = name.strip(), types.strip()
    rest, optional, nullable = name.startswith("..."), name.endswith("?"), types.endswith("?") or types == "any"
    types = types.removesuffix("?")
    parts = [part.strip() for part in types.split("|")]
    kinds = tuple(kind for part in parts for kind in _KINDS[part])
    return Parameter(name.removeprefix("...").removesuffix("?"), kinds, " or ".join(parts), optional, nullable, rest)


def builtin(signature: str, *, needs_evaluation: bool = False, cost: int = 0) -> Callable[[_Body], _Body]:
    """Declare a built-in function by its signature. `cost` are steps that a call takes beyond those of its arguments."""
    name, _, rest = signature.partition("(")
    inside = rest.removesuffix(")").strip()
    parameters = tuple(_parameter(text) for text in inside.split(",")) if inside else ()

    def declare(body: _Body) -> _Body:
        family = body.__module__.rpartition(".")[2]
        made = Builtin(name, signature, parameters, body, needs_evaluation, family, cost)
        BUILTINS[name] = (*BUILTINS.get(name, ()), made)
        return body

    return declare


CALL = 4
"""Steps of a call, at least."""


def _weight(value: Any) -> int:
    kind = type(value)
    if kind is list or kind is dict:
        return len(value) >> 1
    return len(value) >> 6 if kind is str else 0


def _cost(arguments: Sequence[Any]) -> int:
    return CALL + sum(map(_weight, arguments))


def call(overloads: Sequence[Builtin], evaluation: Evaluation, arguments: Sequence[Any]) -> Any:
    """The result of the first declaration that the arguments fit. Raises Null where none does."""
    evaluation.spend(_cost(arguments))
    reason: Null | None = None
    for overload in overloads:
        if not overload.takes(len(arguments)):
            continue
        try:
            values = overload.convert(arguments)
        except Null as failure:
            reason = reason or failure
            continue
        return _run(overload, evaluation, values)
    raise reason or Null(f"{overloads[0].name} takes no {len(arguments)} arguments")


def prepared(overloads: Sequence[Builtin], count: int) -> Callable[[Evaluation, Sequence[Any]], Any]:
    """As `call`, for calls with so many arguments: values that fit as they are take no detour."""
    fitting = [overload for overload in overloads if overload.takes(count)]
    if not fitting:
        return lambda evaluation, arguments: call(overloads, evaluation, arguments)
    first = fitting[0]
    last = len(first.parameters) - 1
    kinds = [frozenset(first.parameters[min(place, last)].kinds) for place in range(count)]
    kinds = [frozenset() if object in wanted else wanted for wanted in kinds]
    least, body, needs_evaluation = CALL + first.cost, first.body, first.needs_evaluation

    def invoke(evaluation: Evaluation, arguments: Sequence[Any]) -> Any:
        cost = least
        # `count` of both; saying so by keyword costs a tenth of a short call (measured: 120 ns)
        for value, wanted in zip(arguments, kinds):  # noqa: B905
            kind = type(value)
            if wanted and kind not in wanted:
                return call(overloads, evaluation, arguments)
            if kind is str:
                cost += len(value) >> 6
            elif kind is list or kind is dict:
                cost += len(value) >> 1
        evaluation.steps -= cost
        if evaluation.steps < 0:
            evaluation.spend(0)
        result = body(evaluation, *arguments) if needs_evaluation else body(*arguments)
        kind = type(result)
        if kind is list or kind is str:
            evaluation.spend(CALL + _weight(result))
        return result

    return invoke


def call_named(
    overloads: Sequence[Builtin], evaluation: Evaluation, names: Sequence[str], arguments: Sequence[Any]
) -> Any:
    """As `call`, with named arguments; a parameter left out is null."""
    reason: Null | None = None
    for overload in overloads:
        positions = overload.positions(names)
        if positions is None:
            continue
        needed = sum(not (parameter.optional or parameter.rest) for parameter in overload.parameters)
        values: list[Any] = [None] * max(needed, *(position + 1 for position in positions))
        for position, value in zip(positions, arguments, strict=True):
            values[position] = value
        try:
            return _call_gaps(overload, evaluation, values, set(positions))
        except Null as failure:
            reason = reason or failure
    raise reason or Null(f"{overloads[0].name} has no parameters {', '.join(names)}")


def _call_gaps(overload: Builtin, evaluation: Evaluation, values: Sequence[Any], given: set[int]) -> Any:
    evaluation.spend(_cost(values))
    fitted = [
        overload._fit(overload.parameters[place], value) if place in given else None
        for place, value in enumerate(values)
    ]
    return _run(overload, evaluation, fitted)


def _run(overload: Builtin, evaluation: Evaluation, values: Sequence[Any]) -> Any:
    if overload.cost:
        evaluation.spend(overload.cost)
    result = overload.body(evaluation, *values) if overload.needs_evaluation else overload.body(*values)
    kind = type(result)
    if kind is list or kind is str:
        evaluation.spend(_cost((result,)))
    return result


def as_function(name: str) -> Function:
    """A built-in as a value that can be passed around."""
    overloads = BUILTINS[name]
    longest = max(overloads, key=lambda overload: len(overload.parameters))
    parameters = tuple(parameter.name for parameter in longest.parameters)

    def invoke(evaluation: Evaluation, arguments: Sequence[Any]) -> Any:
        return call(overloads, evaluation, arguments)

    return Function(parameters, invoke, name, rest=True)
