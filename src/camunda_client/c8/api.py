"""Camunda 8's REST API as functions: `initialize_config(…)` once, then call.

    from camunda_client.c8.api import activate_jobs, complete_job

The same awaited, with one client for each event loop:

    from camunda_client.c8 import aio

    jobs = await aio.activate_jobs("pay")

They share one client with kept connections. Programs that talk to several clusters use `Camunda8Client` instead.
Errors are those of `camunda_client.errors`; all of them are `ServiceException` as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from camunda_client.c8.client import Operations, default_client
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
    "get_form",
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
    "search_batch_operation_items",
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
    "search_resources",
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


def blocking(operation: Operation[P, T]) -> Callable[P, T]:
    """The operation as a function that uses the process's client."""

    @wraps(cast(Callable[P, T], operation.flow))
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        client: Any = default_client()
        result: T = client.drive(operation.flow(client, *args, **kwargs))
        return result

    return call


# Jobs
activate_jobs = blocking(Operations.activate_jobs)
complete_job = blocking(Operations.complete_job)
mark_job_as_failed = blocking(Operations.mark_job_as_failed)
throw_error_for_job = blocking(Operations.throw_error_for_job)
update_job = blocking(Operations.update_job)
search_jobs = blocking(Operations.search_jobs)

# Process instances
create_process_instance = blocking(Operations.create_process_instance)
cancel_process_instance = blocking(Operations.cancel_process_instance)
migrate_process_instance = blocking(Operations.migrate_process_instance)
modify_process_instance = blocking(Operations.modify_process_instance)
get_process_instance = blocking(Operations.get_process_instance)
search_process_instances = blocking(Operations.search_process_instances)
get_element_instance = blocking(Operations.get_element_instance)
search_element_instances = blocking(Operations.search_element_instances)
delete_process_instance = blocking(Operations.delete_process_instance)
get_sequence_flows = blocking(Operations.get_sequence_flows)
get_call_hierarchy = blocking(Operations.get_call_hierarchy)
get_incidents_of_process_instance = blocking(Operations.get_incidents_of_process_instance)
resolve_incidents_of_process_instance = blocking(Operations.resolve_incidents_of_process_instance)
activate_ad_hoc_activities = blocking(Operations.activate_ad_hoc_activities)

# Messages and signals
publish_message = blocking(Operations.publish_message)
correlate_message = blocking(Operations.correlate_message)
broadcast_signal = blocking(Operations.broadcast_signal)
evaluate_conditionals = blocking(Operations.evaluate_conditionals)
search_message_subscriptions = blocking(Operations.search_message_subscriptions)
search_correlated_message_subscriptions = blocking(Operations.search_correlated_message_subscriptions)

# Deployments, definitions, decisions
deploy_resources = blocking(Operations.deploy_resources)
get_resource = blocking(Operations.get_resource)
search_resources = blocking(Operations.search_resources)
get_form = blocking(Operations.get_form)
get_resource_content = blocking(Operations.get_resource_content)
delete_resource = blocking(Operations.delete_resource)
get_process_definition = blocking(Operations.get_process_definition)
search_process_definitions = blocking(Operations.search_process_definitions)
get_process_definition_xml = blocking(Operations.get_process_definition_xml)
get_start_form = blocking(Operations.get_start_form)
evaluate_decision = blocking(Operations.evaluate_decision)
get_decision_definition = blocking(Operations.get_decision_definition)
search_decision_definitions = blocking(Operations.search_decision_definitions)
get_decision_definition_xml = blocking(Operations.get_decision_definition_xml)
get_decision_requirements = blocking(Operations.get_decision_requirements)
search_decision_requirements = blocking(Operations.search_decision_requirements)
get_decision_requirements_xml = blocking(Operations.get_decision_requirements_xml)
get_decision_instance = blocking(Operations.get_decision_instance)
search_decision_instances = blocking(Operations.search_decision_instances)
evaluate_expression = blocking(Operations.evaluate_expression)

# User tasks
get_user_task = blocking(Operations.get_user_task)
search_user_tasks = blocking(Operations.search_user_tasks)
assign_user_task = blocking(Operations.assign_user_task)
unassign_user_task = blocking(Operations.unassign_user_task)
update_user_task = blocking(Operations.update_user_task)
complete_user_task = blocking(Operations.complete_user_task)
get_user_task_form = blocking(Operations.get_user_task_form)
search_user_task_variables = blocking(Operations.search_user_task_variables)

# Incidents
get_incident = blocking(Operations.get_incident)
search_incidents = blocking(Operations.search_incidents)
resolve_incident = blocking(Operations.resolve_incident)

# Variables
get_variable = blocking(Operations.get_variable)
search_variables = blocking(Operations.search_variables)
set_variables = blocking(Operations.set_variables)

# Batch operations
get_batch_operation = blocking(Operations.get_batch_operation)
search_batch_operations = blocking(Operations.search_batch_operations)
search_batch_operation_items = blocking(Operations.search_batch_operation_items)
cancel_process_instances = blocking(Operations.cancel_process_instances)
resolve_incidents = blocking(Operations.resolve_incidents)
migrate_process_instances = blocking(Operations.migrate_process_instances)
modify_process_instances = blocking(Operations.modify_process_instances)
delete_process_instances = blocking(Operations.delete_process_instances)
cancel_batch_operation = blocking(Operations.cancel_batch_operation)
suspend_batch_operation = blocking(Operations.suspend_batch_operation)
resume_batch_operation = blocking(Operations.resume_batch_operation)

# The cluster
get_cluster_topology = blocking(Operations.get_cluster_topology)
is_ready = blocking(Operations.is_ready)
get_license = blocking(Operations.get_license)
get_authentication = blocking(Operations.get_authentication)
pin_clock = blocking(Operations.pin_clock)
reset_clock = blocking(Operations.reset_clock)

# Documents
create_document = blocking(Operations.create_document)
get_document = blocking(Operations.get_document)
delete_document = blocking(Operations.delete_document)
