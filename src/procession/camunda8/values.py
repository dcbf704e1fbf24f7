"""Variables between JSON and processes. Camunda 8 has no types but JSON's; what Camunda 7 has besides is shown as its text."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from procession import feel
from procession.camunda8.problems import invalid
from procession.kernel.variables import MAX_NAME, typed
from procession.values import FileValue, JsonValue, ObjectValue, TypedValue, XmlValue

Values = dict[str, TypedValue]


def read_variables(values: Mapping[str, Any]) -> Values:
    """The variables of a JSON object. Raises 400 for a name that cannot be one."""
    for name in values:
        if not name or len(name) > MAX_NAME or "\x00" in name:
            raise invalid(f"A variable cannot have the name '{name[:50]}'")
    return {name: typed(value) for name, value in values.items()}


def shown_value(value: Any) -> Any:
    """A process value as JSON has it."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return value if value == value and abs(value) != float("inf") else None
        case Decimal():
            return feel.from_feel(value)
        case Mapping():
            return {str(name): shown_value(inner) for name, inner in value.items()}
        case list() | tuple():
            return [shown_value(inner) for inner in value]
        case datetime() | date() | time() | timedelta():
            return feel.to_text(feel.to_feel(value))
        case bytes():
            return base64.b64encode(value).decode()
        case FileValue():
            return {"filename": value.filename, "mimetype": value.mimetype}
        case JsonValue():
            try:
                return json.loads(value.text)
            except (ValueError, RecursionError):
                return value.text
        case XmlValue():
            return value.text
        case ObjectValue():
            return value.text if value.value is None else shown_value(value.value)
        case TypedValue():
            return shown_value(value.value)
        case _:
            return feel.to_text(feel.to_feel(value))


def as_text(value: Any) -> str:
    """A value as the JSON text that searches show."""
    return json.dumps(shown_value(value), separators=(",", ":"), ensure_ascii=False)
