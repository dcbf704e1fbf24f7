"""From a verified webhook to a workflow: a table of routes, written as data. No expressions: values are picked by pointer.

`WEBHOOK_ROUTES` is a JSON list, or the path of a file with one:

    [{"source": "github", "event": "push", "when": {"/ref": "refs/heads/main"},
      "start": "release", "business_key": "/after", "variables": {"commit": "/after", "who": "/pusher/name"}},
     {"source": "stripe", "event": "payment_intent.succeeded",
      "message": "payment-received", "correlate": {"orderId": "/data/object/metadata/order"}}]

`source` and `event` may end in `*`. Pointers are RFC 6901; a pointer that leads nowhere gives null, in `when` no match, in
`correlate` and `business_key` a bad request. A text that does not begin with `/` is meant as it is. Every route that
matches is taken. Without a table, `WEBHOOK_WORKFLOW_ID` names the workflow that every webhook starts. A started workflow
gets `webhook_source`, `webhook_event` and, unless `variables` are named, the whole `payload`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from camunda_client.errors import SettingsError
from camunda_client.serverless.workflows import Action, Message, Start, Unacceptable

MISSING = object()


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table: which webhooks, and what they start (`start`) or reach (`message`)."""

    source: str = "*"
    event: str = "*"
    when: Mapping[str, Any] = field(default_factory=dict)
    start: str = ""
    message: str = ""
    name: str = ""
    business_key: str = ""
    correlate: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] | None = None

    def matches(self, source: str, event: str, payload: Any) -> bool:
        """Whether a webhook goes this way."""
        if not (_fits(self.source, source) and _fits(self.event, event)):
            return False
        return all(_same(find(payload, pointer), wanted) for pointer, wanted in self.when.items())

    def action(self, source: str, event: str, payload: Any) -> Action:
        """What the webhook asks for. Raises Unacceptable where a value it needs is not there."""
        facts = {"webhook_source": source, "webhook_event": event}
        if self.variables is None:
            picked: dict[str, Any] = {"payload": payload}
        else:
            picked = {name: _value(payload, pointer) for name, pointer in self.variables.items()}
        key = _text(payload, self.business_key, "business_key") if self.business_key else None
        if self.start:
            name = _text(payload, self.name, "name") if self.name else None
            return Start(self.start, facts | picked, name, f"webhook:{source}", key)
        wanted = {name: _needed(payload, pointer, name) for name, pointer in self.correlate.items()}
        return Message(self.message, picked if self.variables is not None else facts | picked, key, wanted)


def read_routes(text: str, default_workflow: str = "") -> tuple[Route, ...]:
    """The table of `WEBHOOK_ROUTES`. Raises SettingsError that names the route at fault."""
    if not text.strip():
        return (Route(start=default_workflow),) if default_workflow else ()
    if not text.lstrip().startswith("["):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"WEBHOOK_ROUTES names a file that cannot be read: {type(error).__name__}") from None
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"WEBHOOK_ROUTES is not JSON: {error}") from None
    if not isinstance(rows, list):
        raise SettingsError("WEBHOOK_ROUTES must be a JSON list of routes")
    return tuple(_route(number, row) for number, row in enumerate(rows, 1))


def choose(routes: Sequence[Route], source: str, event: str, payload: Any) -> tuple[Action, ...]:
    """What a webhook asks for, by every route that it matches."""
    return tuple(route.action(source, event, payload) for route in routes if route.matches(source, event, payload))


def find(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer, `MISSING` where it leads nowhere."""
    if not pointer:
        return value
    for part in pointer[1:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif (
            isinstance(value, list) and part.isdecimal() and part.isascii() and len(part) < 9 and int(part) < len(value)
        ):
            value = value[int(part)]
        else:
            return MISSING
    return value


def _route(number: int, row: Any) -> Route:
    names = [item.name for item in fields(Route)]
    if not isinstance(row, dict) or row.keys() - set(names):
        raise SettingsError(f"WEBHOOK_ROUTES: route {number} may have {', '.join(names)}")
    for name in ("when", "correlate", "variables"):
        if not isinstance(row.get(name, {}), dict):
            raise SettingsError(f"WEBHOOK_ROUTES: {name!r} of route {number} must be an object")
    for name in ("source", "event", "start", "message", "name", "business_key"):
        if not isinstance(row.get(name, ""), str):
            raise SettingsError(f"WEBHOOK_ROUTES: {name!r} of route {number} must be text")
    if bool(row.get("start")) == bool(row.get("message")):
        raise SettingsError(f"WEBHOOK_ROUTES: route {number} needs either 'start' or 'message'")
    return Route(**row)


def _fits(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _same(found: Any, wanted: Any) -> bool:
    return type(found) is type(wanted) and bool(found == wanted)


def _value(payload: Any, pointer: Any) -> Any:
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        return pointer
    found = find(payload, pointer)
    return None if found is MISSING else found


def _needed(payload: Any, pointer: Any, name: str) -> Any:
    found = find(payload, pointer) if isinstance(pointer, str) and pointer.startswith("/") else pointer
    if found is MISSING or found is None or isinstance(found, dict | list):
        raise Unacceptable(f"The webhook has no {name!r}")
    return found


def _text(payload: Any, pointer: str, name: str) -> str:
    return str(_needed(payload, pointer, name))[:255]
