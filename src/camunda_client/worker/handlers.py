"""Reads a handler's signature once, and turns a job's variables into its arguments.

- the first parameter without annotation, or one annotated with the task's type, gets the task;
- one annotated with a pydantic model, a dataclass or a TypedDict gets it built from all variables;
- any other gets the variable of its own name, checked and converted to its annotation; a default makes it optional;
- `Annotated[Order, Variable("order")]` takes one variable whatever its type; `**rest` gets all variables not named.

A result of None completes without variables; a dict, dataclass or pydantic model gives the variables to write.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError

from camunda_client.worker.execution import Execution
from camunda_client.worker.outcomes import Complete, Fail, Outcome, TaskFailure, ThrowError
from camunda_client.worker.source import Job


class HandlerSignatureError(TypeError):
    """A handler cannot be called with a task; raised when it is registered, not when the first task comes."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Marks a parameter as one variable: `Annotated[Order, Variable("order")]`; without a name, the parameter's."""

    name: str | None = None


Read = Callable[[Job], Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """A registered function. `reads` names the variables it needs, None means all of them."""

    topic: str
    function: Callable[..., Any]
    is_async: bool
    arguments: Mapping[str, Read]
    positional: tuple[str, ...]
    rest: bool
    reads: tuple[str, ...] | None
    execution: Execution

    def bind(self, job: Job) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for a job. Raises TaskFailure (no retries) where variables do not fit."""
        try:
            values = {name: read(job) for name, read in self.arguments.items()}
        except ValidationError as error:
            faults = "; ".join(_fault(item) for item in error.errors(include_url=False, include_input=False))
            raise TaskFailure(f"The variables do not fit {self.topic!r}: {faults}", retries=0) from None
        positional = [values.pop(name) for name in self.positional]
        if self.rest:
            values |= {name: value for name, value in job.variables.items() if name not in self.arguments}
        return positional, values


def read_handler(
    topic: str,
    function: Callable[..., Any],
    task_type: type,
    values: tuple[type, ...] = (),
    execution: Execution = "auto",
) -> Handler:
    """Reads a signature. `values` are classes that are variables themselves, although they look like dataclasses."""
    target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
    try:
        hints = get_type_hints(target, include_extras=True)
    except NameError as error:
        raise HandlerSignatureError(
            f"{_name(function)}: {error}. Annotations of a handler must be importable: define the class in a module"
        ) from None
    arguments: dict[str, Read] = {}
    positional: list[str] = []
    reads: list[str] | None = []
    rest = taken = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            raise HandlerSignatureError(f"{_name(function)}: *{parameter.name} has no meaning for a task")
        if parameter.kind is parameter.VAR_KEYWORD:
            rest, reads = True, None
            continue
        hint = hints.get(parameter.name)
        if parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(parameter.name)
        if (hint is None and not taken) or (hint is not object and hint in task_type.__mro__):
            taken, reads = True, None
            arguments[parameter.name] = _whole
            continue
        try:
            read, names = _reader(parameter, hint, values)
        except PydanticUserError as error:
            raise HandlerSignatureError(f"{_name(function)}: {error.message}") from None
        arguments[parameter.name] = read
        reads = None if reads is None or names is None else [*reads, *names]
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(target)
    names_read = None if reads is None else tuple(dict.fromkeys(reads))
    return Handler(topic, function, is_async, arguments, tuple(positional), rest, names_read, execution)


def outcome_of(result: Any) -> Outcome:
    """What a handler's result means. Raises TaskFailure for a result that means nothing."""
    match result:
        case None:
            return Complete()
        case Complete() | ThrowError() | Fail():
            return result
        case Mapping() | BaseModel():
            return Complete(result)
        case _ if is_dataclass(result) and not isinstance(result, type):
            return Complete(result)
    kind = type(result).__name__
    raise TaskFailure(f"The handler returned {kind}; return a dict, dataclass, pydantic model or None", retries=0)


def takes_job_or_records(function: Callable[..., Any], task_type: type) -> bool:
    """True where some parameter gets the task itself, is built from variables, or is marked as one: False for a function
    that takes nothing, or plain values alone, and may not be meant as a handler at all."""
    target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
    hints = get_type_hints(target, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        marked = get_origin(hint) is Annotated and any(isinstance(item, Variable) for item in get_args(hint)[1:])
        if hint is None or marked or _is_record(hint) or (hint is not object and hint in task_type.__mro__):
            return parameter.kind is not parameter.VAR_KEYWORD
    return False


def _whole(job: Job) -> Any:
    return job


def _reader(parameter: inspect.Parameter, hint: Any, values: tuple[type, ...]) -> tuple[Read, tuple[str, ...] | None]:
    """How to get one parameter from a job, and the variables it needs (None: all)."""
    marker = None
    if get_origin(hint) is Annotated:
        marker = next((item for item in get_args(hint)[1:] if isinstance(item, Variable)), None)
    if marker is None and _is_record(hint) and hint not in values:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        return (lambda job: adapter.validate_python(dict(job.variables))), _field_names(hint)
    name = (marker.name if marker else None) or parameter.name
    if hint is None or hint is Any or hint in values:
        return _plain_reader(name, parameter.default), (name,)
    return _checked_reader(name, parameter.default, TypeAdapter(hint)), (name,)


def _plain_reader(name: str, default: Any) -> Read:
    def read(job: Job) -> Any:
        if name in job.variables:
            return job.variables[name]
        if default is inspect.Parameter.empty:
            raise TaskFailure(f"Variable {name!r} is missing", retries=0)
        return default

    return read


def _checked_reader(name: str, default: Any, adapter: TypeAdapter[Any]) -> Read:
    plain = _plain_reader(name, default)

    def read(job: Job) -> Any:
        value = plain(job)
        if name not in job.variables:
            return value
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            faults = "; ".join(item["msg"] for item in error.errors(include_url=False, include_input=False))
            raise TaskFailure(f"Variable {name!r} does not fit: {faults}", retries=0) from None

    return read


def _is_record(hint: Any) -> bool:
    if not isinstance(hint, type):
        return False
    typed_dict = issubclass(hint, dict) and "__total__" in vars(hint)
    return issubclass(hint, BaseModel) or is_dataclass(hint) or typed_dict


def _field_names(record: type) -> tuple[str, ...] | None:
    """The variables a record is built from; None where that cannot be told."""
    if issubclass(record, BaseModel):
        config = record.model_config
        plain = all(isinstance(item.validation_alias, str | None) for item in record.model_fields.values())
        if config.get("extra") == "allow" or config.get("populate_by_name") or config.get("validate_by_name"):
            return None
        if not plain or record.__pydantic_decorators__.model_validators:
            return None
        return tuple(str(item.validation_alias or name) for name, item in record.model_fields.items())
    return tuple(item.name for item in fields(record)) if is_dataclass(record) else None


def _fault(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return f"{where}: {item['msg']}" if where else str(item["msg"])


def _name(function: Callable[..., Any]) -> str:
    return function.__qualname__ if inspect.isroutine(function) else repr(function)
