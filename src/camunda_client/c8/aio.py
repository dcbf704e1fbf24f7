"""The functions of `camunda_client.c8.api`, awaited: `await activate_jobs("pay")`. One client for each event loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from camunda_client.c8.client import Operations, default_async_client
from camunda_client.protocol import Operation

P = ParamSpec("P")
T = TypeVar("T")

__all__ = [
    "activate_ad_hoc_activities",
    "activate_jobs",
    "assign_user_task",
    "broadcast_signal",
    "cancel_batch_operation",
    "cancel_process_instance",
    "cancel_process_instances",
    "complete_job",
    "complete_user_task",
    "correlate_message",
    "create_document",
    "create_process_instance",
    "delete_document",
    "delete_process_instance",
    "delete_process_instances",
    "delete_resource",
    "deploy_resources",
    "evaluate_conditionals",
    "evaluate_decision",
    "evaluate_expression",
    "get_authentication",
    "get_batch_operation",
    "get_call_hierarchy",
    "get_cluster_topology",
    "get_decision_definition",
    "get_decision_definition_xml",
    "get_decision_instance",
    "get_decision_requirements",
    "get_decision_requirements_xml",
    "get_document",
    "get_element_instance",
    "get_incident",
    "get_incidents_of_process_instance",
    "get_license",
    "get_process_definition",
    "get_process_definition_xml",
    "get_process_instance",
    "get_resource",
    "get_resource_content",
    "get_sequence_flows",
    "get_start_form",
    "get_user_task",
    "get_user_task_form",
    "get_variable",
    "is_ready",
    "mark_job_as_failed",
    "migrate_process_instance",
    "migrate_process_instances",
    "modify_process_instance",
    "modify_process_instances",
    "pin_clock",
    "publish_message",
    "reset_clock",
    "resolve_incident",
    "resolve_incidents",
    "resolve_incidents_of_process_instance",
    "resume_batch_operation",
    "search_batch_operations",
    "search_correlated_message_subscriptions",
    "search_decision_definitions",
    "search_decision_instances",
    "search_decision_requirements",
    "search_element_instances",
    "search_incidents",
    "search_jobs",
    "search_message_subscriptions",
    "search_process_definitions",
    "search_process_instances",
    "search_user_task_variables",
    "search_user_tasks",
    "search_variables",
    "set_variables",
    "suspend_batch_operation",
    "throw_error_for_job",
    "unassign_user_task",
    "update_job",
    "update_user_task",
]


def awaiting(operation: Operation[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The operation as a coroutine function that uses the running event loop's client."""

    @wraps(cast(Callable[P, Coroutine[Any, Any, T]], operation.flow))
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        client: Any = default_async_client()
        result: T = await client.drive(operation.flow(client, *args, **kwargs))
        return result

    return call


# Jobs
activate_jobs = awaiting(Operations.activate_jobs)
complete_job = awaiting(Operations.complete_job)
mark_job_as_failed = awaiting(Operations.mark_job_as_failed)
throw_error_for_job = awaiting(Operations.throw_error_for_job)
update_job = awaiting(Operations.update_job)
search_jobs = awaiting(Operations.search_jobs)

# Process instances
create_process_instance = awaiting(Operations.create_process_instance)
cancel_process_instance = awaiting(Operations.cancel_process_instance)
migrate_process_instance = awaiting(Operations.migrate_process_instance)
modify_process_instance = awaiting(Operations.modify_process_instance)
get_process_instance = awaiting(Operations.get_process_instance)
search_process_instances = awaiting(Operations.search_process_instances)
get_element_instance = awaiting(Operations.get_element_instance)
search_element_instances = awaiting(Operations.search_element_instances)
delete_process_instance = awaiting(Operations.delete_process_instance)
get_sequence_flows = awaiting(Operations.get_sequence_flows)
get_call_hierarchy = awaiting(Operations.get_call_hierarchy)
get_incidents_of_process_instance = awaiting(Operations.get_incidents_of_process_instance)
resolve_incidents_of_process_instance = awaiting(Operations.resolve_incidents_of_process_instance)
activate_ad_hoc_activities = awaiting(Operations.activate_ad_hoc_activities)

# Messages and signals
publish_message = awaiting(Operations.publish_message)
correlate_message = awaiting(Operations.correlate_message)
broadcast_signal = awaiting(Operations.broadcast_signal)
evaluate_conditionals = awaiting(Operations.evaluate_conditionals)
search_message_subscriptions = awaiting(Operations.search_message_subscriptions)
search_correlated_message_subscriptions = awaiting(Operations.search_correlated_message_subscriptions)

# Deployments, definitions, decisions
deploy_resources = awaiting(Operations.deploy_resources)
get_resource = awaiting(Operations.get_resource)
get_resource_content = awaiting(Operations.get_resource_content)
delete_resource = awaiting(Operations.delete_resource)
get_process_definition = awaiting(Operations.get_process_definition)
search_process_definitions = awaiting(Operations.search_process_definitions)
get_process_definition_xml = awaiting(Operations.get_process_definition_xml)
get_start_form = awaiting(Operations.get_start_form)
evaluate_decision = awaiting(Operations.evaluate_decision)
get_decision_definition = awaiting(Operations.get_decision_definition)
search_decision_definitions = awaiting(Operations.search_decision_definitions)
get_decision_definition_xml = awaiting(Operations.get_decision_definition_xml)
get_decision_requirements = awaiting(Operations.get_decision_requirements)
search_decision_requirements = awaiting(Operations.search_decision_requirements)
get_decision_requirements_xml = awaiting(Operations.get_decision_requirements_xml)
get_decision_instance = awaiting(Operations.get_decision_instance)
search_decision_instances = awaiting(Operations.search_decision_instances)
evaluate_expression = awaiting(Operations.evaluate_expression)

# User tasks
get_user_task = awaiting(Operations.get_user_task)
search_user_tasks = awaiting(Operations.search_user_tasks)
assign_user_task = awaiting(Operations.assign_user_task)
unassign_user_task = awaiting(Operations.unassign_user_task)
update_user_task = awaiting(Operations.update_user_task)
complete_user_task = awaiting(Operations.complete_user_task)
get_user_task_form = awaiting(Operations.get_user_task_form)
search_user_task_variables = awaiting(Operations.search_user_task_variables)

# Incidents
get_incident = awaiting(Operations.get_incident)
search_incidents = awaiting(Operations.search_incidents)
resolve_incident = awaiting(Operations.resolve_incident)

# Variables
get_variable = awaiting(Operations.get_variable)
search_variables = awaiting(Operations.search_variables)
set_variables = awaiting(Operations.set_variables)

# Batch operations
get_batch_operation = awaiting(Operations.get_batch_operation)
search_batch_operations = awaiting(Operations.search_batch_operations)
cancel_process_instances = awaiting(Operations.cancel_process_instances)
resolve_incidents = awaiting(Operations.resolve_incidents)
migrate_process_instances = awaiting(Operations.migrate_process_instances)
modify_process_instances = awaiting(Operations.modify_process_instances)
delete_process_instances = awaiting(Operations.delete_process_instances)
cancel_batch_operation = awaiting(Operations.cancel_batch_operation)
suspend_batch_operation = awaiting(Operations.suspend_batch_operation)
resume_batch_operation = awaiting(Operations.resume_batch_operation)

# The cluster
get_cluster_topology = awaiting(Operations.get_cluster_topology)
is_ready = awaiting(Operations.is_ready)
get_license = awaiting(Operations.get_license)
get_authentication = awaiting(Operations.get_authentication)
pin_clock = awaiting(Operations.pin_clock)
reset_clock = awaiting(Operations.reset_clock)

# Documents
create_document = awaiting(Operations.create_document)
get_document = awaiting(Operations.get_document)
delete_document = awaiting(Operations.delete_document)
