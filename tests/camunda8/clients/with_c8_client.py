"""A day of a user of c8-client 8.7.2, run in its own environment. argv: the server's address.

The models `order` and `pay` have been deployed: that library has no function for it. Prints `done` at its end.
"""

import sys
import time

from camunda_client.c8.api.topology import get_cluster_topology

import camunda_client.config as config
from camunda_client.c8.api import (
    activate_jobs,
    broadcast_signal,
    cancel_process_instance,
    complete_job,
    correlate_message,
    create_process_instance,
    mark_job_as_failed,
    modify_process_instance,
    publish_message,
    throw_error_for_job,
)
from camunda_client.c8.models import (
    ActivatedJob,
    ActivateInstructions,
    CreateProcessInstanceRequest,
    ModifyProcessInstanceRequest,
    PublishMessageRequest,
)
from camunda_client.c8.models.message import CorrelateMessageRequest
from camunda_client.c8.models.signal import BroadcastSignalRequest
from camunda_client.c8.worker import camunda_worker, register_workers, start_camunda_workers, stop_camunda_workers
from camunda_client.error import CamundaBusinessException

ADDRESS = sys.argv[1]
worked: list[str] = []


@camunda_worker(job_type="charge")
def charge(job: ActivatedJob) -> dict:
    worked.append(job.job_key)
    return {"r": "charged"}


def start(process: str, **variables: object) -> str:
    request = CreateProcessInstanceRequest(
        processDefinitionId=process, processDefinitionVersion=-1, tenantId="<default>", variables=variables
    )
    created = create_process_instance(request)
    assert created.process_definition_id == process
    return created.process_instance_key


def jobs(kind: str) -> list:
    return activate_jobs(kind, worker="w", timeout=10_000, request_timeout=2000).jobs


def main() -> None:
    auth = config.SelfManagedAuthConfig(clientId="me", clientSecret="secret", oidcTokenUrl=f"{ADDRESS}/oauth/token")
    api = config.ApiConfig(
        baseUrl=ADDRESS, job=config.JobConfig(worker="c8-example-worker", timeout=5000, pollingInterval=200)
    )
    config.initialize_config(config=config.C8Config(auth=config.AuthConfig(selfManaged=auth), api=api))

    assert get_cluster_topology().partitions_count == 1

    start("pay", key="k1")
    (job,) = jobs("authorize")
    complete_job(job, {"ok": True})
    correlated = correlate_message(
        CorrelateMessageRequest(name="paid", correlationKey="k1", variables={"n": 1}, tenantId="<default>")
    )
    assert correlated.process_instance_key == job.process_instance_key

    published = publish_message(
        PublishMessageRequest(name="paid", correlationKey="k2", timeToLive=60_000, tenantId="<default>")
    )
    assert published.message_key
    start("pay", key="k2")
    (job,) = jobs("authorize")
    mark_job_as_failed(job, "try again", {"why": "x"})
    (job,) = jobs("authorize")
    assert (job.retries, job.variables["why"]) == (2, "x")
    complete_job(job)  # the message has been waiting

    start("pay", key="k3")
    (job,) = jobs("authorize")
    error = CamundaBusinessException("DECLINED", "no money")  # with variables this client fails by itself
    throw_error_for_job(job, error)

    cancelled = start("pay", key="k4")
    cancel_process_instance(cancelled)
    moved = start("order", a=1, who="ann")
    instruction = ActivateInstructions(elementId="u", variableInstructions=[], ancestorElementInstanceKey=-1)
    modify_process_instance(
        moved, ModifyProcessInstanceRequest(operationReference=1, activateInstructions=[instruction])
    )
    assert broadcast_signal(
        BroadcastSignalRequest(signalName="alarm", variables={"x": 1}, tenantId="<default>")
    ).signal_key

    register_workers()
    start_camunda_workers()
    until = time.monotonic() + 20
    while not worked and time.monotonic() < until:
        time.sleep(0.05)
    stop_camunda_workers()
    assert worked
    print("done")


main()
