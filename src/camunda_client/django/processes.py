"""The models that apps bring along: `processes/*.bpmn`, `*.dmn` and `*.form` in the folder of an installed app."""

from __future__ import annotations

import xml.parsers.expat
from pathlib import Path
from typing import Any

from django.apps import apps

SUFFIXES = (".bpmn", ".dmn", ".form")
_CAMUNDA = "http://camunda.org/schema/1.0/bpmn"


def process_files() -> list[Path]:
    """All of them, sorted by app and name. Two files of one name would replace each other: raises ValueError."""
    found: dict[str, Path] = {}
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path, "processes").glob("*")):
            if path.suffix in SUFFIXES:
                if path.name in found:
                    raise ValueError(f"{path} and {found[path.name]} have the same name")
                found[path.name] = path
    return list(found.values())


def external_topics(model: bytes) -> set[str]:
    """The topics that a BPMN file's external tasks name; expressions are left out. Raises ValueError."""
    topics: set[str] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        topic = attributes.get(f"{_CAMUNDA} topic")
        if topic and "{" not in topic:
            topics.add(topic)

    def refuse(*_: Any) -> None:
        raise ValueError("a DOCTYPE has no place in a model")

    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(model, True)
    except xml.parsers.expat.ExpatError as error:
        raise ValueError(f"not well-formed XML: {error}") from None
    return topics
