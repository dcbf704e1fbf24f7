"""Process instances, their elements, and changes of many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from camunda_client.c8.models.process_instance import (
    BatchOperationCreated,
    CalledInstance,
    CreateProcessInstanceRequest,
    CreateProcessInstanceResponse,
    ElementInstance,
    MappingInstructions,
    MigrateProcessInstanceRequest,
    ModifyProcessInstanceRequest,
    ProcessInstance,
    SequenceFlow,
)
from camunda_client.c8.models.search import Page
from camunda_client.c8.models.work import BatchOperation, BatchOperationItem, Incident
from camunda_client.c8.requests import PATIENCE, body, criteria, get, merged, pages, path, post, read, search
from camunda_client.protocol import Flow, Request, operation


class ProcessInstances:
    """Operations on process instances."""

    @operation
    def create_process_instance(
        self, /, request: CreateProcessInstanceRequest | None = None, **fields: Any
    ) -> Flow[CreateProcessInstanceResponse]:
        """Starts an instance: a request, or its fields such as `process_definition_id="order", variables={…}`.

        Raises NotFound, BadRequest; with `await_completion` EngineUnavailable (504) where it does not end in time.
        """
        wanted = merged(CreateProcessInstanceRequest, request, fields)
        wait = float(wanted.get("requestTimeout") or 15_000) / 1000
        timeout = wait + PATIENCE if wanted.get("awaitCompletion") else None
        answer = yield post("process-instances", body=wanted, timeout=timeout)
        return read(CreateProcessInstanceResponse, answer)

    @operation
    def cancel_process_instance(self, process_instance_key: str, operation_reference: int | None = None) -> Flow[None]:
        """Ends an instance at once. Raises NotFound."""
        request = body(operation_reference=operation_reference)
        yield post("process-instances", process_instance_key, "cancellation", body=request)

    @operation
    def migrate_process_instance(
        self, /, process_instance_key: str, request: MigrateProcessInstanceRequest | None = None, **fields: Any
    ) -> Flow[None]:
        """Moves an instance to another version or process. Raises NotFound, Conflict."""
        wanted = merged(MigrateProcessInstanceRequest, request, fields)
        yield post("process-instances", process_instance_key, "migration", body=wanted)

    @operation
    def modify_process_instance(
        self, /, process_instance_key: str, request: ModifyProcessInstanceRequest | None = None, **fields: Any
    ) -> Flow[None]:
        """Starts and ends elements inside a running instance. Raises NotFound, BadRequest."""
        wanted = merged(ModifyProcessInstanceRequest, request, fields)
        yield post("process-instances", process_instance_key, "modification", body=wanted)

    get_process_instance = get(ProcessInstance, "process-instances", "One instance, running or over.")
    search_process_instances = search(ProcessInstance, "/process-instances/search", "Instances that match.")
    get_element_instance = get(ElementInstance, "element-instances", "One visit of an element.")
    search_element_instances = search(ElementInstance, "/element-instances/search", "Visits of elements that match.")

    @operation
    def delete_process_instance(self, process_instance_key: str, operation_reference: int | None = None) -> Flow[None]:
        """Deletes an instance that is over, with its history. Raises NotFound, Conflict."""
        request = body(operation_reference=operation_reference)
        yield post("process-instances", process_instance_key, "deletion", body=request)

    @operation
    def get_sequence_flows(self, process_instance_key: str) -> Flow[list[SequenceFlow]]:
        """The flows that an instance has taken."""
        answer = yield Request("GET", path("process-instances", process_instance_key, "sequence-flows"))
        return list(read(Page[SequenceFlow], answer).items)

    @operation
    def get_call_hierarchy(self, process_instance_key: str) -> Flow[list[CalledInstance]]:
        """The instances above this one, from the root down."""
        answer = yield Request("GET", path("process-instances", process_instance_key, "call-hierarchy"))
        return [CalledInstance.model_validate(row) for row in answer.json()]

    @operation
    def get_incidents_of_process_instance(self, process_instance_key: str) -> Flow[Page[Incident]]:
        """All incidents of an instance and of those it called."""
        where = path("process-instances", process_instance_key, "incidents", "search")
        return (yield from _all(Incident, where))

    @operation
    def resolve_incidents_of_process_instance(self, process_instance_key: str) -> Flow[BatchOperationCreated]:
        """Resolves all incidents of one instance, in a batch operation."""
        answer = yield post("process-instances", process_instance_key, "incident-resolution")
        return read(BatchOperationCreated, answer)

    @operation
    def activate_ad_hoc_activities(
        self,
        ad_hoc_sub_process_instance_key: str,
        elements: Mapping[str, Mapping[str, Any] | None],
        *,
        cancel_remaining: bool = False,
    ) -> Flow[None]:
        """Starts elements of an ad-hoc sub-process: element ids with the variables each begins with."""
        wanted = [body(element_id=element, variables=variables or None) for element, variables in elements.items()]
        request = body(elements=wanted, cancel_remaining_instances=cancel_remaining)
        where = ("element-instances", "ad-hoc-activities", ad_hoc_sub_process_instance_key, "activation")
        yield post(*where, body=request)


class BatchOperations:
    """Changes of many instances. Each answers at once with the batch operation that does the work."""

    get_batch_operation = get(BatchOperation, "batch-operations", "One batch operation and how far it has come.")
    search_batch_operations = search(BatchOperation, "/batch-operations/search", "Batch operations that match.")
    search_batch_operation_items = search(
        BatchOperationItem, "/batch-operation-items/search", "What batch operations change, one by one, that matches."
    )

    @operation
    def cancel_process_instances(self, /, **filters: Any) -> Flow[BatchOperationCreated]:
        """Cancels all instances that match."""
        answer = yield post("process-instances", "cancellation", body={"filter": criteria(filters)})
        return read(BatchOperationCreated, answer)

    @operation
    def resolve_incidents(self, /, **filters: Any) -> Flow[BatchOperationCreated]:
        """Resolves the incidents of all instances that match."""
        answer = yield post("process-instances", "incident-resolution", body={"filter": criteria(filters)})
        return read(BatchOperationCreated, answer)

    @operation
    def migrate_process_instances(
        self, target_process_definition_key: str, mapping: Mapping[str, str], /, **filters: Any
    ) -> Flow[BatchOperationCreated]:
        """Migrates all instances that match; `mapping` says which element goes where."""
        steps = [
            MappingInstructions(source_element_id=source, target_element_id=target).body()
            for source, target in mapping.items()
        ]
        plan = body(target_process_definition_key=target_process_definition_key, mapping_instructions=steps)
        request = {"filter": criteria(filters), "migrationPlan": plan}
        answer = yield post("process-instances", "migration", body=request)
        return read(BatchOperationCreated, answer)

    @operation
    def modify_process_instances(self, moves: Mapping[str, str], /, **filters: Any) -> Flow[BatchOperationCreated]:
        """In all instances that match, what stands at one element goes on at another."""
        steps = [{"sourceElementId": source, "targetElementId": target} for source, target in moves.items()]
        request = {"filter": criteria(filters), "moveInstructions": steps}
        answer = yield post("process-instances", "modification", body=request)
        return read(BatchOperationCreated, answer)

    @operation
    def delete_process_instances(self, /, **filters: Any) -> Flow[BatchOperationCreated]:
        """Deletes all instances that match and are over, with their history."""
        answer = yield post("process-instances", "deletion", body={"filter": criteria(filters)})
        return read(BatchOperationCreated, answer)

    @operation
    def cancel_batch_operation(self, batch_operation_key: str) -> Flow[None]:
        """Ends a batch operation; what it has done stays done."""
        yield post("batch-operations", batch_operation_key, "cancellation")

    @operation
    def suspend_batch_operation(self, batch_operation_key: str) -> Flow[None]:
        """Stops a batch operation for a while."""
        yield post("batch-operations", batch_operation_key, "suspension")

    @operation
    def resume_batch_operation(self, batch_operation_key: str) -> Flow[None]:
        """Lets a batch operation go on."""
        yield post("batch-operations", batch_operation_key, "resumption")


def _all(model: type[Incident], where: str) -> Flow[Page[Incident]]:
    return (
        yield from pages(
            model, where, sort=None, limit=None, start=None, after=None, before=None, every=True, filters={}
        )
    )
