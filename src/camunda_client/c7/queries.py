"""Filters as Python keywords: `process_definition_key="x", created_after=moment` become Camunda 7's parameters.

Keyword names are the API's own in snake_case (`processDefinitionKey`); lists join with commas; dates are formatted;
None means "not given". This file does not know which filters exist: the engine says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from pydantic.alias_generators import to_camel

from camunda_client.c7.models import Record
from camunda_client.c7.values import format_date
from camunda_client.protocol import Answer

R = TypeVar("R", bound=Record)


def parameters(filters: Mapping[str, object]) -> dict[str, str]:
    """Query parameters from keywords."""
    return {to_camel(name.rstrip("_")): _text(value) for name, value in filters.items() if value is not None}


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return _text(value.value)
        case datetime():
            return format_date(value)
        case list() | tuple() | set() | frozenset():
            return ",".join(_text(item) for item in value)
        case _:
            return str(value)


def records(model: type[R], answer: Answer) -> list[R]:
    """The rows of a list answer."""
    return [model.model_validate(row) for row in answer.json()]


def body(**fields: Any) -> dict[str, Any]:
    """A JSON body from keywords; None is left out."""
    return {to_camel(name): value for name, value in fields.items() if value is not None}
