"""Finds what waits for messages and signals. Rows that the running batch has not saved yet are its own to look through."""

from __future__ import annotations

from collections.abc import Mapping

from procession.kernel.records import Subscription
from procession.storage.conditions import Condition, has_variables
from procession.storage.drivers import quoted
from procession.storage.rows import CODECS
from procession.storage.transaction import Transaction
from procession.values import TypedValue

_CODEC = CODECS[Subscription]
_COLUMNS = quoted(_CODEC.columns).replace('"', 's."', 1).replace(', "', ', s."')


def waiting_subscriptions(
    tx: Transaction,
    kind: str,
    name: str | None,
    *,
    instance: int | None = None,
    element: int | None = None,
    business_key: str | None = None,
    variables: Mapping[str, TypedValue] | None = None,
    local_variables: Mapping[str, TypedValue] | None = None,
    tenant: str | None = None,
    without_tenant: bool = False,
    limit: int | None = None,
) -> list[Subscription]:
    """What waits inside of process instances that are not suspended, oldest first. None filters nothing.

    `name` None means any name. `variables` are compared with those of the process instance, `local_variables` with
    those of the element that waits.
    """
    condition = Condition("s.kind = ? AND NOT i.suspended", [kind])
    if name is not None:
        condition.add("s.name = ?", name)
    if instance is not None:
        condition.add("s.instance = ?", instance)
    if element is not None:
        condition.add("s.element = ?", element)
    if business_key is not None:
        condition.add("i.business_key = ?", business_key)
    if tenant is not None:
        condition.add("s.tenant = ?", tenant)
    elif without_tenant:
        condition.add("s.tenant IS NULL")
    has_variables(condition, "s.instance", variables or {})
    has_variables(condition, "s.element", local_variables or {})
    parameters = condition.parameters
    rest = ""
    if limit is not None:
        rest, parameters = " LIMIT ?", [*parameters, limit]
    rows = tx.driver.rows(
        f"SELECT {_COLUMNS} FROM event_subscription s JOIN instance i ON i.key = s.instance "
        f"WHERE {condition.sql} ORDER BY s.key{rest}",
        parameters,
    )
    return [_CODEC.record_of(row) for row in rows]


def start_subscriptions(
    tx: Transaction,
    kind: str,
    name: str | None,
    *,
    tenant: str | None = None,
    without_tenant: bool = False,
    definition: int | None = None,
) -> list[Subscription]:
    """What starts instances of process definitions that are not suspended, oldest first. None filters nothing."""
    condition = Condition("s.kind = ? AND s.instance IS NULL AND NOT d.suspended", [kind])
    if name is not None:
        condition.add("s.name = ?", name)
    if definition is not None:
        condition.add("s.definition = ?", definition)
    if tenant is not None:
        condition.add("s.tenant = ?", tenant)
    elif without_tenant:
        condition.add("s.tenant IS NULL")
    rows = tx.driver.rows(
        f"SELECT {_COLUMNS} FROM event_subscription s JOIN process_definition d ON d.key = s.definition "
        f"WHERE {condition.sql} ORDER BY s.key",
        condition.parameters,
    )
    return [_CODEC.record_of(row) for row in rows]


def instances_with(
    tx: Transaction,
    *,
    business_key: str | None = None,
    process_id: str | None = None,
    variables: Mapping[str, TypedValue] | None = None,
    limit: int | None = None,
) -> list[int]:
    """The keys of process instances, oldest first, by business key, process and variables. None filters nothing."""
    condition = Condition()
    if business_key is not None:
        condition.add("i.business_key = ?", business_key)
    if process_id is not None:
        condition.add("i.process_id = ?", process_id)
    has_variables(condition, "i.key", variables or {})
    rest = "" if limit is None else " LIMIT ?"
    parameters = [*condition.parameters, *([] if limit is None else [limit])]
    rows = tx.driver.rows(f"SELECT i.key FROM instance i WHERE {condition.sql} ORDER BY i.key{rest}", parameters)
    return [key for (key,) in rows]
