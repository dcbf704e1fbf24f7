"""Starting process instances, and waiting for their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from procession.camunda8.exchange import Call, shown_tenant
from procession.camunda8.values import shown_value
from procession.engine.commands import Started
from procession.storage.encoding import decode_value


def created_shape(started: Started, variables: Mapping[str, Any], tags: Sequence[str]) -> dict[str, Any]:
    """What the creation of an instance answers."""
    return {
        "processDefinitionId": started.process_id,
        "processDefinitionVersion": started.version,
        "tenantId": shown_tenant(started.tenant),
        "variables": dict(variables),
        "processDefinitionKey": str(started.definition),
        "processInstanceKey": str(started.instance),
        "tags": list(tags),
        "businessId": started.business_key,
    }


def result_of(call: Call, instance: int, names: Sequence[str]) -> tuple[dict[str, Any]] | None:
    """The variables with which an instance completed, all or those named, in a tuple; None while it has not.

    They are history's: an engine that keeps none gives none.
    """
    with call.engine.storage.view() as transaction:
        ended = transaction.driver.rows("SELECT ended FROM history_instance WHERE key = ?", [instance])
        if ended and ended[0][0] is None:
            return None
        if not ended and transaction.driver.rows("SELECT 1 FROM instance WHERE key = ?", [instance]):
            return None
        rows = transaction.driver.rows(
            "SELECT v.name, v.form, v.text_value, v.long_value, v.double_value, v.bytes_value, b.content "
            "FROM history_variable v LEFT JOIN big_value b ON b.key = v.big WHERE v.instance = ? AND v.scope = ?",
            [instance, instance],
        )
    found = {name: shown_value(decode_value(*stored)) for name, *stored in rows}
    return ({name: value for name, value in found.items() if not names or name in names},)
