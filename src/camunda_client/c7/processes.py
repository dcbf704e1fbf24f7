"""Process instances: start, look, change variables, correlate messages, evaluate decisions, help stuck ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from camunda_client.c7.models import (
    ActivityInstance,
    HistoricProcessInstance,
    Incident,
    Job,
    MessageResult,
    ProcessInstance,
)
from camunda_client.c7.queries import body, parameters, records
from camunda_client.c7.values import decode, decode_variables, encode, encode_variables
from camunda_client.protocol import Flow, Request, operation

Variables = Mapping[str, Any] | Any | None
"""A dict, dataclass or pydantic model; Python values or `TypedValue`s."""


class Processes:
    """Operations on running and finished process instances."""

    @operation
    def start_process(
        self,
        key: str | None = None,
        variables: Variables = None,
        *,
        business_key: str | None = None,
        definition_id: str | None = None,
        tenant_id: str | None = None,
        with_variables: bool = False,
    ) -> Flow[ProcessInstance]:
        """Starts the latest version of process `key`, or exactly `definition_id`. Raises NotFound, BadRequest.

        `with_variables` brings the variables at the first wait state along.
        """
        if (key is None) == (definition_id is None):
            raise TypeError("give either key or definition_id")
        tenant = f"/tenant-id/{quote(tenant_id, '')}" if tenant_id else ""
        where = f"key/{quote(key, '')}{tenant}" if key is not None else quote(definition_id or "", "")
        request = body(
            variables=encode_variables(variables), business_key=business_key, with_variables_in_return=with_variables
        )
        answer = yield Request("POST", f"/process-definition/{where}/start", json=request)
        return _instance(answer.json())

    @operation
    def process_instances(self, /, **filters: object) -> Flow[list[ProcessInstance]]:
        """Running instances that match, such as `business_key=…, process_definition_key=…, max_results=50`."""
        answer = yield Request("GET", "/process-instance", parameters(filters))
        return records(ProcessInstance, answer)

    @operation
    def count_process_instances(self, /, **filters: object) -> Flow[int]:
        """How many running instances match."""
        answer = yield Request("GET", "/process-instance/count", parameters(filters))
        return int(answer.json()["count"])

    @operation
    def process_instance(self, instance_id: str) -> Flow[ProcessInstance]:
        """One running instance. Raises NotFound (also when it is over: see `historic_process_instance`)."""
        answer = yield Request("GET", f"/process-instance/{quote(instance_id, '')}")
        return _instance(answer.json())

    @operation
    def delete_process_instance(self, /, instance_id: str, **options: object) -> Flow[None]:
        """Cancels an instance; options such as `skip_custom_listeners=True`. Raises NotFound."""
        yield Request("DELETE", f"/process-instance/{quote(instance_id, '')}", parameters(options))

    @operation
    def process_variables(self, instance_id: str) -> Flow[dict[str, Any]]:
        """The instance's variables as Python values."""
        path = f"/process-instance/{quote(instance_id, '')}/variables"
        answer = yield Request("GET", path, parameters({"deserialize_values": False}))
        return decode_variables(answer.json())

    @operation
    def process_variable(self, instance_id: str, name: str) -> Flow[Any]:
        """One variable as a Python value (a file without its content). Raises NotFound."""
        path = f"/process-instance/{quote(instance_id, '')}/variables/{quote(name, '')}"
        answer = yield Request("GET", path, parameters({"deserialize_value": False}))
        return decode(answer.json())

    @operation
    def process_variable_content(self, instance_id: str, name: str) -> Flow[bytes]:
        """The content of a file or byte variable."""
        answer = yield Request(
            "GET", f"/process-instance/{quote(instance_id, '')}/variables/{quote(name, '')}/data", timeout=120.0
        )
        return answer.content

    @operation
    def set_process_variables(
        self, instance_id: str, variables: Variables = None, *, delete: list[str] | None = None
    ) -> Flow[None]:
        """Sets variables and deletes those named by `delete`, in one transaction."""
        request = {"modifications": encode_variables(variables), "deletions": delete or []}
        yield Request("POST", f"/process-instance/{quote(instance_id, '')}/variables", json=request)

    @operation
    def set_process_variable(self, instance_id: str, name: str, value: Any) -> Flow[None]:
        """Sets one variable."""
        path = f"/process-instance/{quote(instance_id, '')}/variables/{quote(name, '')}"
        yield Request("PUT", path, json=encode(value))

    @operation
    def activity_instances(self, instance_id: str) -> Flow[ActivityInstance]:
        """The tree that says where an instance stands; its root is the process itself."""
        answer = yield Request("GET", f"/process-instance/{quote(instance_id, '')}/activity-instances")
        return ActivityInstance.model_validate(answer.json())

    @operation
    def historic_process_instance(self, instance_id: str) -> Flow[HistoricProcessInstance]:
        """An instance, running or over. Raises NotFound."""
        answer = yield Request("GET", f"/history/process-instance/{quote(instance_id, '')}")
        return HistoricProcessInstance.model_validate(answer.json())

    @operation
    def historic_process_instances(self, /, **filters: object) -> Flow[list[HistoricProcessInstance]]:
        """Instances, running or over, that match."""
        answer = yield Request("GET", "/history/process-instance", parameters(filters))
        return records(HistoricProcessInstance, answer)

    @operation
    def correlate_message(
        self,
        name: str,
        *,
        business_key: str | None = None,
        correlation_keys: Mapping[str, Any] | None = None,
        variables: Variables = None,
        process_instance_id: str | None = None,
        tenant_id: str | None = None,
        all: bool = False,
    ) -> Flow[list[MessageResult]]:
        """Sends a message to the one execution or start event that waits for it, or to `all` of them.

        Raises BadRequest where none, or more than one without `all`, waits for it.
        """
        request = body(
            message_name=name,
            business_key=business_key,
            correlation_keys=encode_variables(correlation_keys),
            process_variables=encode_variables(variables),
            process_instance_id=process_instance_id,
            tenant_id=tenant_id,
            all=all,
            result_enabled=True,
        )
        answer = yield Request("POST", "/message", json=request)
        return records(MessageResult, answer)

    @operation
    def throw_signal(self, /, name: str, variables: Variables = None, **fields: object) -> Flow[None]:
        """Broadcasts a signal; `execution_id`, `tenant_id`, `without_tenant_id` narrow it down."""
        yield Request("POST", "/signal", json=body(name=name, variables=encode_variables(variables), **fields))

    @operation
    def evaluate_decision(
        self,
        key: str | None = None,
        variables: Variables = None,
        *,
        definition_id: str | None = None,
        tenant_id: str | None = None,
    ) -> Flow[list[dict[str, Any]]]:
        """The matched rules' outputs as Python values. Raises NotFound, EngineFailed."""
        if (key is None) == (definition_id is None):
            raise TypeError("give either key or definition_id")
        tenant = f"/tenant-id/{quote(tenant_id, '')}" if tenant_id else ""
        where = f"key/{quote(key, '')}{tenant}" if key is not None else quote(definition_id or "", "")
        request = {"variables": encode_variables(variables)}
        answer = yield Request("POST", f"/decision-definition/{where}/evaluate", json=request)
        return [decode_variables(row) for row in answer.json()]

    @operation
    def incidents(self, /, **filters: object) -> Flow[list[Incident]]:
        """Open incidents that match."""
        answer = yield Request("GET", "/incident", parameters(filters))
        return records(Incident, answer)

    @operation
    def jobs(self, /, **filters: object) -> Flow[list[Job]]:
        """Jobs that match, such as `process_instance_id=…, timers=True`."""
        answer = yield Request("GET", "/job", parameters(filters))
        return records(Job, answer)

    @operation
    def execute_job(self, job_id: str) -> Flow[None]:
        """Runs a job now, in this request. Raises EngineFailed with the job's own error."""
        yield Request("POST", f"/job/{quote(job_id, '')}/execute", timeout=120.0)

    @operation
    def set_job_retries(self, job_id: str, retries: int) -> Flow[None]:
        """Gives a failed job new attempts; its incident disappears."""
        yield Request("PUT", f"/job/{quote(job_id, '')}/retries", json={"retries": retries})


def _instance(row: dict[str, Any]) -> ProcessInstance:
    variables = row.get("variables")
    return ProcessInstance.model_validate(row | {"variables": decode_variables(variables) if variables else None})
