"""What a SAM template says that a local runner needs: functions, their handlers, variables and paths. Nothing is resolved.

Values made by intrinsic functions (`!Ref`, `!Sub`, …) exist in the cloud alone and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from procession.errors import Invalid


@dataclass(frozen=True, slots=True)
class Route:
    """A path of the API that calls a function; `method` is upper case, `ANY` for all."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function: logical id, `module.function` in `folder`, plain variables, time-out in seconds, routes."""

    name: str
    handler: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3.0
    routes: tuple[Route, ...] = ()


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as `_Intrinsic`."""


@dataclass(frozen=True, slots=True)
class _Intrinsic:
    name: str
    value: Any


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> _Intrinsic:
    if isinstance(node, yaml.MappingNode):
        return _Intrinsic(suffix, loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return _Intrinsic(suffix, loader.construct_sequence(node, deep=True))
    return _Intrinsic(suffix, node.value)


_Loader.add_multi_constructor("!", _intrinsic)


def read_functions(path: Path) -> dict[str, Function]:
    """The functions of a template, by logical id. Raises Invalid where the file cannot be read."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - _Loader is a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid(f"The template {path} cannot be read: {error}") from None
    shared = _mapping(_mapping(document, "Globals"), "Function")
    found = {}
    for name, resource in _mapping(document, "Resources").items():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::Serverless::Function":
            found[name] = _function(name, _mapping(resource, "Properties"), shared, path.parent)
    return found


def _function(name: str, properties: Mapping[str, Any], shared: Mapping[str, Any], folder: Path) -> Function:
    variables = {**_variables(shared), **_variables(properties)}
    code = properties.get("CodeUri", shared.get("CodeUri", "."))
    timeout = properties.get("Timeout", shared.get("Timeout", 3))
    return Function(
        name,
        str(properties.get("Handler", shared.get("Handler", ""))),
        folder / (code if isinstance(code, str) else "."),
        variables,
        float(timeout) if isinstance(timeout, int) else 3.0,
        tuple(_routes(_mapping(properties, "Events"))),
    )


def _variables(properties: Mapping[str, Any]) -> dict[str, str]:
    given = _mapping(_mapping(properties, "Environment"), "Variables")
    plain = {name: value for name, value in given.items() if isinstance(value, str | int | float)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in plain.items()}


def _routes(events: Mapping[str, Any]) -> list[Route]:
    found = []
    for event in events.values():
        if isinstance(event, dict) and event.get("Type") in ("Api", "HttpApi"):
            properties = _mapping(event, "Properties")
            found.append(Route(str(properties.get("Method", "ANY")).upper(), str(properties.get("Path", "/"))))
    return found


def _mapping(document: Any, name: str) -> dict[str, Any]:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}
