"""A fetched external task as handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Self

from camunda_client.c7.values import TypedValue, decode_variables, parse_date
from camunda_client.worker.outcomes import Complete, Fail, ThrowError


@dataclass
class ExternalTask:
    """One locked external task. `variables` are Python values; `retries` is None until it failed once.

    A handler may return `task.complete(...)`, `task.failure(...)` or `task.bpmn_error(...)`, as handlers written for
    other Camunda 7 clients do; returning a dict and raising says the same with less.
    """

    id: str
    topic: str
    worker_id: str
    process_instance_id: str
    process_definition_id: str
    process_definition_key: str | None
    activity_id: str
    execution_id: str
    business_key: str | None
    tenant_id: str | None
    retries: int | None
    priority: int
    created: datetime | None
    locked_until: datetime | None
    error_message: str | None
    error_details: str | None
    extension_properties: Mapping[str, str]
    raw_variables: dict[str, dict[str, Any]] = field(repr=False)
    _lost: bool = field(default=False, repr=False, compare=False)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Reads one element of `fetchAndLock`'s answer."""
        created, until = row.get("createTime"), row.get("lockExpirationTime")
        return cls(
            id=row["id"],
            topic=row["topicName"],
            worker_id=row["workerId"],
            process_instance_id=row.get("processInstanceId") or "",
            process_definition_id=row.get("processDefinitionId") or "",
            process_definition_key=row.get("processDefinitionKey"),
            activity_id=row.get("activityId") or "",
            execution_id=row.get("executionId") or "",
            business_key=row.get("businessKey"),
            tenant_id=row.get("tenantId"),
            retries=row.get("retries"),
            priority=row.get("priority") or 0,
            created=parse_date(created) if created else None,
            locked_until=parse_date(until) if until else None,
            error_message=row.get("errorMessage"),
            error_details=row.get("errorDetails"),
            extension_properties=row.get("extensionProperties") or {},
            raw_variables=row.get("variables") or {},
        )

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The fetched variables as Python values."""
        return decode_variables(self.raw_variables)

    @property
    def typed_variables(self) -> dict[str, TypedValue]:
        """The fetched variables with the engine's types and raw values."""
        return {
            name: TypedValue(raw.get("type") or "Null", raw.get("value"), raw.get("valueInfo") or {})
            for name, raw in self.raw_variables.items()
        }

    @property
    def lost(self) -> bool:
        """True once the lock is gone (expired, or the instance was cancelled): what the handler does is in vain.

        A handler in a process of its own does not learn of it."""
        return self._lost

    def mark_lost(self) -> None:
        """Called by the worker."""
        self._lost = True

    def get_variable(self, name: str, default: Any = None) -> Any:
        """One variable, or `default`."""
        return self.variables.get(name, default)

    def get_variables(self) -> dict[str, Any]:
        """All fetched variables."""
        return dict(self.variables)

    def complete(self, variables: Any = None, local_variables: Any = None) -> Complete:
        """To be returned by the handler: the work is done."""
        return Complete(variables, local_variables)

    def bpmn_error(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> ThrowError:
        """To be returned by the handler: a business error."""
        return ThrowError(code, message, variables)

    def failure(self, message: str, details: str = "", max_retries: int = 3, retry_timeout: float = 5000) -> Fail:
        """To be returned by the handler: a technical failure. `retry_timeout` is in milliseconds.

        The first failure leaves `max_retries` attempts, each further one takes one away.
        """
        left = self.retries - 1 if self.retries and self.retries >= 1 else max_retries
        return Fail(message, details, left, timedelta(milliseconds=retry_timeout))
