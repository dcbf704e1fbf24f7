"""Calls every operation that camunda-orchestration-sdk 10.0.1 has, once. argv: address, folder of the models.

Prints what each answered, as JSON: `ok`, a status, or the error of the client that could not read the answer.
"""

import inspect
import json
import sys
from datetime import datetime
from io import BytesIO
from pathlib import Path

from camunda_orchestration_sdk import CamundaClient
from camunda_orchestration_sdk import models as m
from camunda_orchestration_sdk.errors import ApiError
from camunda_orchestration_sdk.types import File

ADDRESS, MODELS = sys.argv[1], Path(sys.argv[2])
client = CamundaClient(configuration={"CAMUNDA_REST_ADDRESS": ADDRESS, "CAMUNDA_AUTH_STRATEGY": "NONE"})

LAST = ("unassign", "delete", "cancel", "complete", "fail", "throw")
"""What ends or deletes something comes after everything else, in this order."""
BETWEEN = {"from": "2001-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z", "jobType": "pack"}
GRANT = {
    "ownerId": "ann",
    "ownerType": "USER",
    "resourceType": "ROLE",
    "resourceId": "*",
    "permissionTypes": ["READ"],
}
PLAN = {"targetProcessDefinitionKey": "5", "mappingInstructions": [{"sourceElementId": "a", "targetElementId": "b"}]}
CHOSEN = {"filter": {"processInstanceKey": "5"}}
BODIES = {
    "activate_ad_hoc_sub_process_activities": {"elements": [{"elementId": "x"}]},
    "activate_jobs": {"type": "none", "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": -1},
    "assign_process_instance_business_id": {"businessId": "b"},
    "assign_user_task": {"assignee": "ann"},
    "broadcast_signal": {"signalName": "s"},
    "correlate_message": {"name": "nobody waits for it"},
    "create_admin_user": {"username": "root", "password": "x", "name": "R", "email": "r@example.org"},
    "create_agent_instance": {
        "elementInstanceKey": "5",
        "jobKey": "5",
        "jobLeaseToken": "t",
        "history": [],
        "definition": {"model": "m", "provider": "p", "systemPrompt": "s"},
    },
    "create_authorization": GRANT,
    "update_authorization": GRANT,
    "create_element_instance_variables": {"variables": {"a": 1}},
    "create_global_cluster_variable": {"name": "other", "value": {"a": 1}},
    "create_tenant_cluster_variable": {"name": "other", "value": {"a": 1}},
    "update_global_cluster_variable": {"value": {"a": 2}},
    "update_tenant_cluster_variable": {"value": {"a": 2}},
    "create_global_task_listener": {"id": "l", "type": "t", "eventTypes": ["creating"]},
    "update_global_task_listener": {"type": "t", "eventTypes": ["creating"]},
    "create_group": {"groupId": "g2", "name": "G"},
    "create_role": {"roleId": "r2", "name": "R"},
    "create_tenant": {"tenantId": "t2", "name": "T"},
    "create_user": {"username": "bob", "password": "x", "name": "Bob", "email": "b@example.org"},
    "create_mapping_rule": {"mappingRuleId": "m2", "name": "M", "claimName": "c", "claimValue": "v"},
    "update_mapping_rule": {"name": "M", "claimName": "c", "claimValue": "w"},
    "update_group": {"name": "G", "description": ""},
    "update_role": {"name": "R", "description": ""},
    "update_tenant": {"name": "T", "description": ""},
    "update_user": {"name": "Ann", "email": "ann@example.org"},
    "create_process_instance": {"processDefinitionId": "order"},
    "evaluate_conditionals": {"variables": {"a": 1}},
    "evaluate_decision": {"decisionDefinitionId": "dish", "variables": {"season": "Fall", "guestCount": 4}},
    "get_job_error_statistics": {"filter": BETWEEN},
    "get_job_time_series_statistics": {"filter": BETWEEN},
    "get_job_type_statistics": {"filter": BETWEEN},
    "get_job_worker_statistics": {"filter": BETWEEN},
    "get_process_instance_statistics_by_definition": {"filter": {"errorHashCode": 5}},
    "get_process_definition_instance_version_statistics": {"filter": {"processDefinitionId": "order"}},
    "migrate_process_instance": PLAN,
    "migrate_process_instances_batch_operation": CHOSEN | {"migrationPlan": PLAN},
    "modify_process_instances_batch_operation": CHOSEN
    | {"moveInstructions": [{"sourceElementId": "a", "targetElementId": "b"}]},
    "modify_process_instance": {"activateInstructions": [{"elementId": "nowhere"}]},
    "pin_clock": {"timestamp": 4_000_000_000_000},
    "publish_message": {"name": "m", "timeToLive": 0},
    "resolve_secrets": {"references": ["s"]},
    "throw_job_error": {"errorCode": "E"},
    "update_agent_instance": {"elementInstanceKey": "5", "jobKey": "5", "jobLeaseToken": "t", "status": "IDLE"},
    "update_job": {"changeset": {"retries": 5}},
    "update_jobs_batch_operation": {"filter": {"type": "none"}, "changeset": {"retries": 5}},
    "update_user_task": {"changeset": {"priority": 3}},
    "restore": {"backupId": 5},
    "restore_as_cluster_admin": {"backupId": 5},
    "search_batch_operations": {},
    "search_batch_operation_items": {},
    "take_history_backup": {"backupId": 5},
    "take_runtime_backup": {"backupId": 5},
    "take_history_backup_as_cluster_admin": {"backupId": 5},
    "take_runtime_backup_as_cluster_admin": {"backupId": 5},
}


def file():
    """A file to send."""
    return File(payload=BytesIO(b"{}"), file_name="a.json", mime_type="application/json")


FILES = {
    "create_deployment": {
        "resources": [File(payload=BytesIO((MODELS / "look.form").read_bytes()), file_name="look.form")]
    },
    "create_document": {"file": file()},
    "create_documents": {"files": [file()]},
}


def body_of(name, annotation):
    """The body of a method, or None where it needs none. Annotations are text: the client imports its models late."""
    wanted = BODIES.get(name)
    kinds = [getattr(m, part.strip()) for part in annotation.split("|") if hasattr(m, part.strip())]
    if not kinds:
        return None
    if name in FILES:
        return kinds[0](**FILES[name])
    if wanted is None:
        wanted = CHOSEN if "batch_operation" in name else {}
    for kind in kinds[:-1]:
        try:
            return kind.from_dict(wanted)
        except (KeyError, TypeError, ValueError):
            continue
    return kinds[-1].from_dict(wanted)


def prepare():
    """Things to ask for; their keys by the names of parameters."""
    deployed = client.deploy_resources_from_files(
        [str(MODELS / name) for name in ("order.bpmn", "pay.bpmn", "dish.dmn", "look.form")]
    )
    keys = {}
    for one in deployed.deployments:
        shown = one.to_dict()
        for name, key in (
            ("processDefinition", "processDefinitionKey"),
            ("decisionDefinition", "decisionDefinitionKey"),
            ("decisionRequirements", "decisionRequirementsKey"),
            ("form", "formKey"),
        ):
            if shown.get(name):
                keys[key] = shown[name][key]
    order = {"processDefinitionId": "order", "variables": {"a": 1, "who": "ann"}}
    instances = [client.create_process_instance(data=m.ProcessCreationById.from_dict(order)) for _ in range(3)]
    keys["processInstanceKey"] = instances[2].process_instance_key
    asked = {"type": "charge", "timeout": 600_000, "maxJobsToActivate": 2, "requestTimeout": -1}
    first, second = client.activate_jobs(data=m.JobActivationRequest.from_dict(asked)).jobs
    client.complete_job(job_key=first.job_key, data=m.JobCompletionRequest.from_dict({"variables": {"r": 1}}))
    client.fail_job(job_key=second.job_key, data=m.JobFailRequest.from_dict({"retries": 0, "errorMessage": "no"}))
    (third,) = client.activate_jobs(data=m.JobActivationRequest.from_dict(asked)).jobs
    client.create_user(data=m.UserRequest.from_dict(BODIES["create_user"] | {"username": "ann"}))
    client.create_group(data=m.GroupCreateRequest.from_dict({"groupId": "g", "name": "G"}))
    client.create_role(data=m.RoleCreateRequest.from_dict({"roleId": "r", "name": "R"}))
    client.create_tenant(data=m.TenantCreateRequest.from_dict({"tenantId": "t", "name": "T"}))
    rule = BODIES["create_mapping_rule"] | {"mappingRuleId": "m"}
    client.create_mapping_rule(data=m.MappingRuleCreateRequest.from_dict(rule))
    grant = client.create_authorization(data=m.AuthorizationIdBasedRequest.from_dict(GRANT))
    client.create_global_cluster_variable(
        data=m.CreateClusterVariableRequest.from_dict({"name": "n", "value": {"a": 1}})
    )
    client.evaluate_decision(data=m.DecisionEvaluationByID.from_dict(BODIES["evaluate_decision"]))
    filters = {"filter": {"processInstanceKey": keys["processInstanceKey"], "state": "ACTIVE"}}
    elements = client.search_element_instances(data=m.ElementInstanceSearchQuery.from_dict(filters))
    (task,) = client.search_user_tasks().items
    (incident,) = client.search_incidents().items
    variables = client.search_variables()
    decisions = client.search_decision_instances()
    batch = client.cancel_process_instances_batch_operation(
        data=m.ProcessInstanceCancellationBatchOperationRequest.from_dict(CHOSEN)
    )
    BODIES["evaluate_expression"] = {"expression": "=a + 1", "scopeKey": keys["processInstanceKey"]}
    return {
        **keys,
        "resourceKey": keys["formKey"],
        "userTaskKey": task.user_task_key,
        "incidentKey": incident.incident_key,
        "jobKey": third.job_key,
        "elementInstanceKey": elements.items[0].element_instance_key,
        "variableKey": variables.items[0].variable_key,
        "decisionEvaluationInstanceKey": decisions.items[0].decision_evaluation_instance_key,
        "decisionEvaluationKey": decisions.items[0].decision_evaluation_key,
        "batchOperationKey": batch.batch_operation_key,
        "authorizationKey": grant.authorization_key,
        "username": "ann",
        "groupId": "g",
        "roleId": "r",
        "tenantId": "t",
        "mappingRuleId": "m",
        "clientId": "worker",
        "name": "n",
        "id": "l",
        "backupId": 5,
        "documentId": "d",
        "mode": m.Mode.PROCESSING,
        "startTime": "2001-01-01T00:00:00Z",
        "endTime": "2999-01-01T00:00:00Z",
        "from": "2001-01-01T00:00:00Z",
        "to": "2999-01-01T00:00:00Z",
    }


def camel(name):
    """The contract's name of a parameter."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(part.title() for part in rest)


def called(name, method, known):
    """What a method answers."""
    given = {}
    for parameter in inspect.signature(method).parameters.values():
        annotation = str(parameter.annotation)
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if parameter.name == "data":
            body = body_of(name, annotation)
            if body is not None:
                given["data"] = body
        elif parameter.default is inspect.Parameter.empty:
            value = known.get(camel(parameter.name), "5")
            given[parameter.name] = datetime.fromisoformat(value) if "datetime" in annotation else value
    method(**given)


def order(name):
    """Readers first, then what changes, then what ends."""
    place = next((at for at, word in enumerate(LAST, 2) if name.startswith(word)), None)
    return (place if place is not None else 0 if name.startswith(("get_", "search_", "list_")) else 1, name)


def main():
    known, answers = prepare(), {}
    operations = Path(inspect.getfile(type(client))).parent / "api"
    names = sorted({path.stem for path in operations.glob("*/*.py") if path.stem != "__init__"}, key=order)
    for name in names:
        try:
            called(name, getattr(client, name), known)
            answers[name] = "ok"
        except ApiError as error:
            problem = json.loads(error.content or b"{}")
            answers[name] = error.status_code if "detail" in problem else f"{error.status_code} without a detail"
            if "-v" in sys.argv:
                print(name, error.status_code, problem.get("detail"), file=sys.stderr)
        except Exception as error:
            answers[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(answers))
    client.close()


main()
