"""What an element names exists.

A call activity that names a process which nobody deployed, a business rule task that names such a decision, a user task that
names such a form: the token gets there and fails. A default flow that does not leave its element is never taken. A decision
that requires one which is not in its file has nothing to compute with.

All files of a deployment are looked at together. What is deployed already, by somebody else, is named on the command line:
`--elsewhere KEY`.

**Instead:** correct the key, or put the file that defines it beside the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from procession.bpmn.model import (
    Binding,
    CallActivity,
    DecisionWork,
    Form,
    Node,
    Reference,
    StartEvent,
    UserTask,
    WorkTask,
)
from procession.dmn.model import Definitions
from procession.lint.finding import Fault, at
from procession.lint.project import File, Project

_IN_DEPLOYMENT = ("camunda-forms:deployment:", "embedded:deployment:", "deployment:")


def check(file: File, project: Project) -> Iterator[Fault]:
    """References to what no file defines."""
    for process in file.processes:
        for node in process.nodes.values():
            match node:
                case CallActivity(called=reference):
                    yield from _missing(node, "process", reference, _known(reference, project.processes, project))
                case WorkTask(work=DecisionWork(decision=reference)):
                    yield from _missing(node, "decision", reference, _known(reference, project.decisions, project))
                case UserTask(form=Form() as form) | StartEvent(form=Form() as form):
                    yield from _form(node, form, project)
            if node.default is not None and node.default not in node.outgoing:
                yield at(node, f"its default flow '{node.default}' does not leave it")
    if file.decisions is not None:
        yield from _requirements(file.decisions)


def _known(reference: Reference, defined: Collection[str], project: Project) -> bool:
    """Whether a reference means something; what only running can tell, or a file that cannot be read, gets the benefit."""
    if not reference.key.constant or reference.binding in (Binding.VERSION, Binding.VERSION_TAG) or project.unread:
        return True
    key = reference.key.source
    return key in project.elsewhere or key in defined


def _missing(node: Node, kind: str, reference: Reference, known: bool) -> Iterator[Fault]:
    if not known:
        where = "in the same deployment" if reference.binding is Binding.DEPLOYMENT else "in these files"
        yield at(node, f"there is no {kind} '{reference.key.source}' {where}")


def _form(node: Node, form: Form, project: Project) -> Iterator[Fault]:
    if form.reference is not None:
        yield from _missing(node, "form", form.reference, _known(form.reference, project.forms, project))
    if form.key is not None and form.key.constant:
        for prefix in _IN_DEPLOYMENT:
            name = form.key.source.removeprefix(prefix)
            if name != form.key.source:
                if name not in project.names and name.rpartition("/")[2] not in project.names:
                    yield at(node, f"there is no file '{name}' for its form in the same deployment")
                break


def _requirements(definitions: Definitions) -> Iterator[Fault]:
    imported = bool(definitions.imports)
    for decision in definitions.decisions.values():
        for kind, wanted, there in (
            ("decision", decision.decisions, definitions.decisions),
            ("input", decision.inputs, definitions.inputs),
            ("knowledge model", decision.knowledge, {**definitions.knowledge, **definitions.services}),
        ):
            for id_ in wanted:
                if id_ not in there and not imported:
                    yield Fault(f"it requires the {kind} '{id_}', which is not there", decision.id, decision.line)
