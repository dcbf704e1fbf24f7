"""A day of a user of camunda-orchestration-sdk 10.0.1, run in its own environment. argv: address, folder of the models.

Prints `done` at its end.
"""

import asyncio
import sys
from pathlib import Path

from camunda_orchestration_sdk import (
    CamundaAsyncClient,
    CamundaClient,
    ConnectedJobContext,
    ProcessCreationById,
    ProcessCreationByKey,
    WorkerConfig,
)
from camunda_orchestration_sdk import models as m

ADDRESS, MODELS = sys.argv[1], Path(sys.argv[2])
SETTINGS = {
    "CAMUNDA_REST_ADDRESS": ADDRESS,
    "CAMUNDA_AUTH_STRATEGY": "OAUTH",
    "CAMUNDA_CLIENT_ID": "me",
    "CAMUNDA_CLIENT_SECRET": "secret",
    "CAMUNDA_OAUTH_URL": f"{ADDRESS}/oauth/token",
}


def variables(kind, **values):
    return kind.from_dict(values)


def look_around(client: CamundaClient, instance) -> None:
    found = client.search_process_instances(
        data=m.ProcessInstanceSearchQuery.from_dict(
            {
                "sort": [{"field": "startDate", "order": "DESC"}],
                "filter": {"processDefinitionId": "order", "state": {"$in": ["ACTIVE"]}},
                "page": {"limit": 5},
            }
        )
    )
    assert instance in [item.process_instance_key for item in found.items], found
    assert client.get_process_instance(process_instance_key=instance).process_definition_id == "order"
    client.search_variables()
    client.search_element_instances()
    client.search_process_definitions()
    client.search_jobs()
    client.search_incidents()
    client.search_user_tasks()
    client.search_message_subscriptions()
    client.search_decision_definitions()
    client.search_decision_requirements()
    client.search_decision_instances()


async def work(client: CamundaAsyncClient) -> None:
    done = asyncio.Event()

    async def charge(job: ConnectedJobContext) -> dict[str, object]:
        assert job.custom_headers.to_dict() == {"currency": "EUR"}
        done.set()
        return {"r": "charged"}

    config = WorkerConfig(job_type="charge", job_timeout_milliseconds=30_000)
    client.create_job_worker(config=config, callback=charge)
    workers = asyncio.create_task(client.run_workers())
    await asyncio.wait_for(done.wait(), 20)
    await asyncio.sleep(0.3)
    workers.cancel()


def main() -> None:
    with CamundaClient(configuration=SETTINGS) as client:
        assert client.get_topology().cluster_size == 1
        files = [MODELS / name for name in ("order.bpmn", "pay.bpmn", "look.form", "dish.dmn")]
        deployed = client.deploy_resources_from_files(files)
        key = next(p.process_definition_key for p in deployed.processes if p.process_definition_id == "order")
        created = client.create_process_instance(
            data=ProcessCreationByKey.from_dict({"processDefinitionKey": key, "variables": {"a": 1, "who": "ann"}})
        )
        instance = created.process_instance_key
        look_around(client, instance)

        async def working() -> None:
            async with CamundaAsyncClient(configuration=SETTINGS) as asynchronous:
                await work(asynchronous)

        asyncio.run(working())

        tasks = client.search_user_tasks(
            data=m.UserTaskSearchQuery.from_dict({"filter": {"processInstanceKey": instance, "assignee": "ann"}})
        )
        (task,) = tasks.items
        assert sorted(task.candidate_groups) == ["ops", "sales"]
        client.assign_user_task(
            task.user_task_key, data=m.UserTaskAssignmentRequest.from_dict({"assignee": "bob", "allowOverride": True})
        )
        assert client.get_user_task(task.user_task_key).assignee == "bob"
        assert "look" in str(client.get_user_task_form(task.user_task_key).schema)
        client.unassign_user_task(task.user_task_key)
        client.complete_user_task(task.user_task_key)
        assert client.get_process_instance(process_instance_key=instance).state == "COMPLETED"
        found = client.search_variables(
            data=m.VariableSearchQuery.from_dict({"filter": {"processInstanceKey": instance, "name": "result"}})
        )
        assert found.items[0].value == '{"payment":"charged"}', found.items[0].value

        evaluated = client.evaluate_decision(
            data=m.DecisionEvaluationByID.from_dict({"decisionDefinitionId": "dish", "variables": {"season": "Winter"}})
        )
        assert evaluated.output == '"Stew"', evaluated.output
        assert client.search_decision_instances().items
        client.publish_message(data=m.MessagePublicationRequest.from_dict({"name": "p"}))
        client.broadcast_signal(data=m.SignalBroadcastRequest.from_dict({"signalName": "s"}))

        failing = client.create_process_instance(
            data=ProcessCreationById.from_dict({"processDefinitionId": "pay", "variables": {}})
        )
        jobs = client.activate_jobs(
            data=m.JobActivationRequest.from_dict(
                {"type": "authorize", "timeout": 5000, "maxJobsToActivate": 1, "requestTimeout": 2000}
            )
        ).jobs
        client.complete_job(jobs[0].job_key)
        (incident,) = client.search_incidents(
            data=m.IncidentSearchQuery.from_dict({"filter": {"processInstanceKey": failing.process_instance_key}})
        ).items
        assert incident.error_type == "EXTRACT_VALUE_ERROR", incident.error_type
        client.create_element_instance_variables(
            element_instance_key=m_key(failing.process_instance_key),
            data=m.SetVariableRequest.from_dict({"variables": {"key": "k"}}),
        )
        client.resolve_incident(incident.incident_key)
        client.cancel_process_instance(failing.process_instance_key, data=m.CancelProcessInstanceRequest.from_dict({}))
        print("done")


def m_key(key):
    from camunda_orchestration_sdk import ElementInstanceKey

    return ElementInstanceKey(str(key))


main()
