"""Conditions of statements that are put together at run time, and the one that compares variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from procession.storage.encoding import encode_value
from procession.storage.runtime_tables import SHORT, SHORT_TEXT, WHOLE_NUMBER
from procession.values import TypedValue


class Condition:
    """A condition in the marks of `drivers`, with its parameters; parts are joined by AND."""

    def __init__(self, sql: str = "1 = 1", parameters: Sequence[Any] = ()) -> None:
        self._parts = [sql]
        self.parameters = list(parameters)

    @property
    def sql(self) -> str:
        """The whole condition."""
        return " AND ".join(self._parts)

    def add(self, sql: str, *parameters: Any) -> None:
        """One more part."""
        self._parts.append(sql)
        self.parameters += parameters


def by_value(name: str, value: TypedValue) -> Condition | None:
    """Which rows `v` of variables have this name, type and value, where an index finds them; None where none does."""
    encoded = encode_value(value.value)
    if value.type == "String" and encoded.text is not None and len(encoded.text) <= SHORT:
        return Condition(f"v.name = ? AND v.text_value = ? AND {SHORT_TEXT}", [name, encoded.text])
    if value.type in ("Integer", "Long") and encoded.long is not None:
        return Condition(
            f"v.name = ? AND v.long_value = ? AND {WHOLE_NUMBER} AND v.type = ?", [name, encoded.long, value.type]
        )
    return None


def has_variables(condition: Condition, scope: str, wanted: Mapping[str, TypedValue]) -> None:
    """Adds: the scope (an SQL expression) holds these variables with equal type and value. Values that lie apart equal none."""
    for name, value in wanted.items():
        encoded = encode_value(value.value)
        same = [f"v.scope = {scope}", "v.name = ?", "v.type = ?"]
        parameters: list[Any] = [name, value.type]
        for column, part in (
            ("text_value", encoded.text),
            ("long_value", encoded.long),
            ("double_value", encoded.double),
            ("bytes_value", encoded.data),
        ):
            if part is not None:
                same.append(f"v.{column} = ?")
                parameters.append(part)
        if len(parameters) == 2:
            same.append("v.form = 'null'")
        condition.add(f"EXISTS (SELECT 1 FROM variable v WHERE {' AND '.join(same)})", *parameters)
