"""Operations of Camunda 8's REST API that are not carried out here: each answers 501 and says why.

The list is data: the page on conformance is made of it. An operation that nobody names is 404, as Camunda 8 has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from procession.camunda8.exchange import ROUTES, Answer, Call, Route
from procession.camunda8.problems import Rejected

REFUSED: Mapping[str, tuple[str, ...]] = {
    "Cluster variables are the same for every tenant: use /cluster-variables/global": (
        "POST /cluster-variables/tenants/{tenantId}",
        "GET /cluster-variables/tenants/{tenantId}/{name}",
        "PUT /cluster-variables/tenants/{tenantId}/{name}",
        "DELETE /cluster-variables/tenants/{tenantId}/{name}",
    ),
    "Documents are not kept: store files elsewhere, and keep their address in a variable": (
        "POST /documents",
        "POST /documents/batch",
        "GET /documents/{documentId}",
        "DELETE /documents/{documentId}",
        "POST /documents/{documentId}/links",
    ),
    "Agents are not kept: this version has no agent instances and no agent definitions": (
        "GET /agent-definitions/{agentDefinitionKey}",
        "POST /agent-definitions/search",
        "GET /agent-instances/{agentInstanceKey}",
        "PATCH /agent-instances/{agentInstanceKey}",
        "POST /agent-instances",
        "POST /agent-instances/search",
        "POST /agent-instances/{agentInstanceKey}/history/search",
    ),
    "Backups are those of the database: use its own tools (for SQLite copy the file, for PostgreSQL pg_dump)": (
        *(
            f"{method} {prefix}/backups/{path}"
            for prefix in ("", "/cluster/v2")
            for method, path in (
                ("GET", "history"),
                ("POST", "history"),
                ("GET", "history/{backupId}"),
                ("DELETE", "history/{backupId}"),
                ("GET", "runtime"),
                ("POST", "runtime"),
                ("GET", "runtime/state"),
                ("DELETE", "runtime/state"),
                ("POST", "runtime/state/sync"),
                ("GET", "runtime/{backupId}"),
                ("DELETE", "runtime/{backupId}"),
            )
        ),
        "GET /restore",
        "POST /restore",
        "POST /cluster/v2/restore",
    ),
    "There is no cluster to be changed: one engine and its database, which further nodes may share": (
        "GET /cluster/v2/rebalance",
        "POST /cluster/v2/rebalance",
        "DELETE /cluster/v2/rebalance",
        "GET /cluster/v2/status",
        "GET /cluster/v2/status/upgrade",
        "GET /cluster/v2/topology",
        "PATCH /cluster/v2/mode",
        "PATCH /mode",
    ),
    "Nothing is exported: history is written with what it tells of, in the same transaction": (
        "GET /exporting",
        "POST /exporting/pause",
        "POST /exporting/resume",
        "GET /cluster/v2/exporting",
        "POST /cluster/v2/exporting/pause",
        "POST /cluster/v2/exporting/resume",
    ),
    "Global task listeners are not executed: put zeebe:taskListener on the user tasks": (
        "POST /global-task-listeners",
        "POST /global-task-listeners/search",
        "GET /global-task-listeners/{id}",
        "PUT /global-task-listeners/{id}",
        "DELETE /global-task-listeners/{id}",
    ),
    "Secrets are not kept here: give them to the workers that need them": (
        "POST /secrets/list",
        "POST /secrets/resolve",
    ),
    "The first user is one of the settings: PROCESSION_ADMIN_USER and PROCESSION_ADMIN_PASSWORD": ("POST /setup/user",),
    "Which sequence flows were taken is not kept: the element instances tell where a process instance has been": (
        "GET /process-instances/{processInstanceKey}/sequence-flows",
    ),
    "Which messages were correlated is not kept: the element instances tell who received one": (
        "POST /correlated-message-subscriptions/search",
    ),
    "Wait states are not listed by themselves: search jobs, user tasks, message subscriptions and incidents": (
        "POST /element-instances/wait-states/search",
        "GET /process-instances/{processInstanceKey}/statistics/wait-states",
    ),
    "The business id of a process instance is given when it is created": (
        "POST /process-instances/{processInstanceKey}/business-id-assignment",
    ),
    "Statistics over time are Prometheus' to make: /metrics has the figures": ("POST /jobs/statistics/time-series",),
}


def _refusing(reason: str, method: str, path: str) -> Route:
    def refuse(call: Call) -> Answer:
        raise Rejected(501, f"{reason}.", "NOT_IMPLEMENTED")

    return Route(method, path, refuse, form=method == "POST" and path in ("/documents", "/documents/batch"))


ROUTES.extend(
    _refusing(reason, *operation.split(" ", 1)) for reason, operations in REFUSED.items() for operation in operations
)
