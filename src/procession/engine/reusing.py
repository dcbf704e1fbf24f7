"""Whether a deployment brings anything new: its resources beside the newest versions of what they define."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import structs

from procession.storage import repository
from procession.storage.drivers import Driver
from procession.storage.repository import DecisionDefinition, DecisionRequirements, FormDefinition, ProcessDefinition

_KINDS: Mapping[str, type[Any]] = {
    "process": ProcessDefinition,
    "decision": DecisionDefinition,
    "requirements": DecisionRequirements,
    "form": FormDefinition,
}

Rows = tuple[dict[str, Any], ...]


def newest_versions(
    driver: Driver, ids: Iterable[tuple[str, str, str]], tenant: str | None, resources: Mapping[str, bytes]
) -> tuple[Rows, Rows, Rows, Rows] | None:
    """The rows of processes, decisions, requirements and forms of which no resource has changed; None where one has.

    `ids` are (kind, id, resource); resources that define nothing are always new.
    """
    wanted = list(ids)
    if {resource for _, _, resource in wanted} != resources.keys():
        return None
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    for kind, id_, resource in wanted:
        row = repository.latest(driver, _KINDS[kind], id_, tenant)
        if row is None or row.resource_name != resource:
            return None
        if repository.resource(driver, row.deployment, resource) != resources[resource]:
            return None
        rows[kind].append(structs.asdict(row))
    return tuple(rows["process"]), tuple(rows["decision"]), tuple(rows["requirements"]), tuple(rows["form"])
