"""What a deployment would change: each definition of each file, compared with the latest version on the target.

Only new and changed files are sent, so that nothing gets a version without need. A file that is bound to its
deployment brings all the others along: the engine looks for them in the same deployment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from camunda_client.c7.client import Camunda7Client
from camunda_client.errors import NotFound
from procession.cli.models import Definition, Model


class State(StrEnum):
    """What would happen to a definition or file."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ALONG = "goes along"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a preview. Versions are None for files that define nothing, `before` also for what is new."""

    file: str
    kind: str
    key: str
    state: State
    before: int | None = None
    after: int | None = None
    instances: int | None = None

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "file": self.file,
            "kind": self.kind,
            "key": self.key,
            "state": self.state.value,
            "versionBefore": self.before,
            "versionAfter": self.after,
            "runningInstances": self.instances,
        }


def compare(client: Camunda7Client, models: Sequence[Model], name: str, tenant: str | None) -> Iterator[list[Change]]:
    """The changes of one model after another, as if each were deployed alone; `together` says what will be sent."""
    last = _last_deployment(client, name, tenant)
    for model in models:
        if model.definitions:
            yield [_definition(client, model, definition, tenant) for definition in model.definitions]
        else:
            yield [Change(model.name, "file", model.name, _file_state(client, model, last))]


def together(models: Sequence[Model], changes: Sequence[Change]) -> list[Change]:
    """The changes of the whole deployment: what is unchanged goes along where a file is bound to its deployment,
    or where another definition of the same file changed.
    """
    moving = {change.file for change in changes if change.state is not State.UNCHANGED}
    if moving and any(model.bound for model in models):
        moving = {model.name for model in models}
    return [_along(change) if change.file in moving else change for change in changes]


def _along(change: Change) -> Change:
    if change.state is not State.UNCHANGED:
        return change
    after = None if change.before is None else change.before + 1
    return Change(change.file, change.kind, change.key, State.ALONG, change.before, after, change.instances)


def _definition(client: Camunda7Client, model: Model, definition: Definition, tenant: str | None) -> Change:
    process = definition.kind == "process"
    find = client.process_definition if process else client.decision_definition
    try:
        latest = find(definition.key, tenant_id=tenant)
    except NotFound:
        return Change(model.name, definition.kind, definition.key, State.NEW, None, 1)
    deployed = client.process_xml(latest.id) if process else client.decision_xml(latest.id)
    instances = client.count_process_instances(process_definition_id=latest.id) if process else None
    same = deployed == model.content.decode("utf-8", "replace")
    state = State.UNCHANGED if same else State.CHANGED
    after = latest.version if same else latest.version + 1
    return Change(model.name, definition.kind, definition.key, state, latest.version, after, instances)


def _last_deployment(client: Camunda7Client, name: str, tenant: str | None) -> dict[str, tuple[str, str]]:
    """(deployment id, resource id) by file name, of the latest deployment of this name."""
    found = client.deployments(
        name=name, tenant_id_in=tenant, sort_by="deploymentTime", sort_order="desc", max_results=1
    )
    if not found:
        return {}
    return {row.name: (row.deployment_id, row.id) for row in client.deployment_resources(found[0].id)}


def _file_state(client: Camunda7Client, model: Model, last: dict[str, tuple[str, str]]) -> State:
    if model.name not in last:
        return State.NEW
    same = client.resource_content(*last[model.name]) == model.content
    return State.UNCHANGED if same else State.CHANGED
