"""Every task has somebody who does it.

A service task without any implementation is refused already ([deployable](deployable.md)). Others deploy and then stand
still or fail: an external task with an empty topic, a class name that is blank, a script without text, a script in a language
that nothing runs. Where the topics of all workers are given (`--topic NAME`, once for each), an external task with another one is
found as well: it would wait for ever.

FEEL and JUEL always run, JavaScript with the extra `javascript`. Another language is a warning: an application may register it
(`engine.registry.script`), Camunda 7 may have it on its class path.

**Instead:** write the implementation; make a step that people do outside of any system a manual task.
"""

from __future__ import annotations

from collections.abc import Iterator

from procession.bpmn.model import (
    DelegateWork,
    EndEvent,
    ExternalWork,
    Message,
    Node,
    ScriptWork,
    ThrowEvent,
    Work,
    WorkTask,
)
from procession.engine.javascript import LANGUAGES
from procession.lint.finding import Fault, Severity, at
from procession.lint.project import File, Project

_RUN = ("feel", "juel", *LANGUAGES)


def check(file: File, project: Project) -> Iterator[Fault]:
    """Work that nobody does."""
    for process in file.processes:
        for node in process.nodes.values():
            for work in _works(node):
                yield from _check(node, work, project)


def _works(node: Node) -> Iterator[Work]:
    match node:
        case WorkTask(work=work):
            yield work
        case ThrowEvent(definition=Message(work=work)) | EndEvent(definition=Message(work=work)) if work is not None:
            yield work
    for listener in node.traits.listeners:
        yield listener.work


def _check(node: Node, work: Work, project: Project) -> Iterator[Fault]:
    match work:
        case ExternalWork(topic=topic):
            name = topic.source.strip()
            if not name:
                yield at(node, "its topic is empty, so no worker can fetch it")
            elif topic.constant and project.topics is not None and name not in project.topics:
                yield at(node, f"no worker serves the topic '{name}'")
        case DelegateWork(class_name=name, expression=None) if not (name or "").strip():
            yield at(node, "its class has no name")
        case ScriptWork(script=script):
            if not script.text.strip():
                yield at(node, "its script is empty")
            elif script.language.lower() not in _RUN:
                yield at(node, f"nothing here runs scripts in '{script.language}'", Severity.WARNING)
