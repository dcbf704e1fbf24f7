"""Finds what waits for messages and signals. Rows that the running batch has not saved yet are its own to look through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from procession.kernel.records import Subscription
from procession.storage.conditions import Condition, by_value, has_variables
from procession.storage.drivers import quoted
from procession.storage.rows import CODECS
from procession.storage.transaction import Transaction
from procession.values import TypedValue

_CODEC = CODECS[Subscription]
FEW = 100
"""Of how many variables with the wanted value each is followed to what waits there."""
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
) -> list[Subscription]:
    """What waits inside of process instances that are not suspended, oldest first. None filters nothing.

    `name` None means any name. `variables` are compared with those of the process instance, `local_variables` with
    those of the element that waits.
    """
    near = _near(kind, name, instance, element, business_key)
    if instance is None and element is None and business_key is None:
        holding = _holding(tx, [*(variables or {}).items(), *(local_variables or {}).items()])
        near = near if holding is None else _step("instance IN ??", holding)
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
    rows = tx.driver.rows(
        f"WITH {near.sql} SELECT {_COLUMNS} FROM near s JOIN instance i ON i.key = s.instance "
        f"WHERE {condition.sql} ORDER BY s.key",
        [*near.parameters, *condition.parameters],
    )
    return [_CODEC.record_of(row) for row in rows]


def _near(
    kind: str, name: str | None, instance: int | None, element: int | None, business_key: str | None
) -> Condition:
    """Where to look, as the head of a statement: in the process instance as far as it is known, else at the name.

    It is looked at apart from all other conditions, one step after the other: a planner that takes many instances for the
    right ones would go through all that waits for the name, in the order of keys, and ask of each whether it is one of them.
    """
    if instance is not None:
        return _step("instance = ?", instance)
    if element is not None:
        known = "known(instance) AS MATERIALIZED (SELECT instance FROM element WHERE key = ?)"
    elif business_key is not None:
        known = "known(instance) AS MATERIALIZED (SELECT key FROM instance WHERE business_key = ?)"
    elif name is not None:
        return _step("kind = ? AND name = ?", kind, name)
    else:
        return _step("kind = ?", kind)
    near = _step("instance IN (SELECT known.instance FROM known)")
    return Condition(f"{known}, {near.sql}", [element if element is not None else business_key])


def _holding(tx: Transaction, wanted: Iterable[tuple[str, TypedValue]]) -> list[int] | None:
    """The process instances in which a variable has its wanted value; None where every such value is held by many."""
    for name, value in wanted:
        condition = by_value(name, value)
        if condition is not None:
            rows = tx.driver.rows(
                f"SELECT v.instance FROM variable v WHERE {condition.sql} LIMIT ?", [*condition.parameters, FEW + 1]
            )
            if len(rows) <= FEW:
                return [key for (key,) in rows if key is not None]
    return None


def _step(where: str, *parameters: Any) -> Condition:
    return Condition(f"near AS MATERIALIZED (SELECT * FROM event_subscription WHERE {where})", parameters)


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
    if name is None:
        near = _step("instance IS NULL AND kind = ?", kind)
    else:
        near = _step("instance IS NULL AND kind = ? AND name = ?", kind, name)
    condition = Condition("NOT d.suspended")
    if definition is not None:
        condition.add("s.definition = ?", definition)
    if tenant is not None:
        condition.add("s.tenant = ?", tenant)
    elif without_tenant:
        condition.add("s.tenant IS NULL")
    rows = tx.driver.rows(
        f"WITH {near.sql} SELECT {_COLUMNS} FROM near s JOIN process_definition d ON d.key = s.definition "
        f"WHERE {condition.sql} ORDER BY s.key",
        [*near.parameters, *condition.parameters],
    )
    return [_CODEC.record_of(row) for row in rows]
