"""The tables, one schema for SQLite and PostgreSQL: what is stored and under which names. No statements live here.

Rules that hold for every table:
- **Keys** are 63-bit integers (`storage.keys`), never reused; column `key`. A column named after a thing (`instance`,
  `definition`, `deployment`, `element`, `task`, `job`) holds that thing's key.
- **Times are integer milliseconds since 1970, UTC** (`Time`). Camunda 7 speaks milliseconds; integers compare, sort and
  index alike on both databases, know no session time zone, and cost nothing to convert. `moment` and `millis` in
  `storage.encoding` convert.
- **Values** of variables lie in the columns of `value_columns`: what queries compare is in `text_value`, `long_value`
  (Boolean, Integer, Short, Long, Date) and `double_value`; `form` says how the value was encoded. Above `BIG_VALUE`
  characters or bytes the content lies in `big_value` under the key in `big`, so that lists never load it.
- **JSON** is text, written by msgspec. Empty mappings are NULL.
- `process_id` is the process definition's id in its BPMN file (Camunda 7: `processDefinitionKey`), `node` the id
  of a BPMN element, `tenant` the tenant's id or NULL.
- Runtime and history tables carry no foreign keys: rows are written in batches by one writer that keeps them whole.
- Every index is paid for with each write. History is cleaned up by `instance`, found through `history_instance.root`.

A runtime column has the name of the record's field (`kernel.records`), but for `user` and `group`, which are `user_id`
and `group_id`.
"""

from __future__ import annotations

from procession.storage.columns import BIG_VALUE, Key, Time, metadata
from procession.storage.history_tables import (
    HISTORY,
    history_activity,
    history_batch,
    history_batch_item,
    history_decision,
    history_decision_input,
    history_decision_output,
    history_detail,
    history_external_log,
    history_incident,
    history_instance,
    history_job_log,
    history_link,
    history_task,
    history_variable,
    operation_log,
)
from procession.storage.repository_tables import (
    cluster_variable,
    decision_definition,
    decision_requirements,
    deployment,
    form_definition,
    former_definition,
    identity_authorization,
    identity_group,
    identity_mapping_rule,
    identity_member,
    identity_membership,
    identity_record,
    identity_user,
    job_definition,
    metric,
    node,
    process_definition,
    process_starter,
    property_,
    resource,
)
from procession.storage.runtime_tables import (
    batch,
    big_value,
    element,
    event_subscription,
    external_task,
    identity_link,
    incident,
    instance,
    job,
    message,
    task,
    variable,
)

__all__ = [
    "BIG_VALUE",
    "HISTORY",
    "Key",
    "Time",
    "batch",
    "big_value",
    "cluster_variable",
    "decision_definition",
    "decision_requirements",
    "deployment",
    "element",
    "event_subscription",
    "external_task",
    "form_definition",
    "former_definition",
    "history_activity",
    "history_batch",
    "history_batch_item",
    "history_decision",
    "history_decision_input",
    "history_decision_output",
    "history_detail",
    "history_external_log",
    "history_incident",
    "history_instance",
    "history_job_log",
    "history_link",
    "history_task",
    "history_variable",
    "identity_authorization",
    "identity_group",
    "identity_link",
    "identity_mapping_rule",
    "identity_member",
    "identity_membership",
    "identity_record",
    "identity_user",
    "incident",
    "instance",
    "job",
    "job_definition",
    "message",
    "metadata",
    "metric",
    "node",
    "operation_log",
    "process_definition",
    "process_starter",
    "property_",
    "resource",
    "task",
    "variable",
]
