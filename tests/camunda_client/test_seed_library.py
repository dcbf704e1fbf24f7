"""The library's document, line by line: each of its programs runs as it is written there."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import camunda_client.config as config
from camunda_client.c8 import aio, api
from camunda_client.c8.auth import get_token
from camunda_client.c8.client import Operations
from camunda_client.c8.models import (
    ActivatedJob,
    ActivateInstructions,
    ActivateJobRequest,
    BroadcastSignalRequest,
    CorrelateMessageRequest,
    CreateProcessInstanceRequest,
    MappingInstructions,
    MigrateProcessInstanceRequest,
    ModifyProcessInstanceRequest,
    PublishMessageRequest,
    VariableInstruction,
)
from camunda_client.c8.worker import (
    camunda_worker,
    clear,
    register_workers,
    start_camunda_workers,
    stop_camunda_workers,
    worker_status,
)
from camunda_client.error import CamundaBusinessException, ServiceException, SignatureException
from camunda_client.errors import EngineUnavailable, NotFound, SettingsError
from camunda_client.protocol import Operation
from camunda_client.utils import JsonBaseModel
from tests.camunda_client.fake_camunda8 import SECRET, FakeCamunda8, fake_camunda8, wait_until

_DOCUMENT = Path(__file__).with_name("seed_library.txt").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r"## (\w+)\n\n```python\n(.*?)```", _DOCUMENT, re.DOTALL))
"""The programs of the document, unchanged."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, FakeCamunda8]]:
    """A cluster that wants tokens, described by the variables that the document's programs read."""
    with fake_camunda8() as (url, fake):
        fake.needs_token = True
        monkeypatch.setenv("CAMUNDA_CLIENT_ID", "a-client")
        monkeypatch.setenv("CAMUNDA_CLIENT_SECRET", SECRET)
        monkeypatch.setenv("CAMUNDA_TOKEN_URL", f"{url}/oauth/token")
        monkeypatch.setenv("CAMUNDA_API_BASE_URL", url)
        monkeypatch.setenv("CAMUNDA_WORKER_REQUEST_TIMEOUT", "200")
        yield url, fake
        clear()
        config.reset_config()


@pytest.fixture
def run_as_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports one of the programs as the user's own module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(name: str) -> ModuleType:
        (tmp_path / f"{name}.py").write_text(PROGRAMS[name])
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return run


@pytest.mark.seed(2, 72)
def test_the_worker_is_decorated_and_stays_a_function(
    cluster: tuple[str, FakeCamunda8], run_as_module: Callable[[str], ModuleType]
) -> None:
    module = run_as_module("worker_alone")
    job = ActivatedJob(job_key="1", job_type="a-camunda-job-type", variables={"a": 1})
    assert module.a_camunda_job_worker(job) == {"output": "some output for the next task"}


@pytest.mark.seed(2, 91, 123)
def test_the_application_works_on_jobs_until_ctrl_c(
    cluster: tuple[str, FakeCamunda8],
    run_as_module: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    _, fake = cluster
    module = run_as_module("application")
    keys = [fake.add_job("a-camunda-job-type", {"n": number}) for number in range(20)]
    module.configure()

    def pressed(_: float) -> None:
        wait_until(lambda: all(fake.jobs[key]["state"] == "COMPLETED" for key in keys))
        fake.answer_polls()
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pressed))
    module.application_loop()
    assert {fake.jobs[key]["outcome"][1]["variables"]["output"] for key in keys} == {"some output for the next task"}
    assert {fake.jobs[key]["worker"] for key in keys} == {"c8-example-worker"}
    activations = [body for _, path, body in fake.requests if path == "/v2/jobs/activation"]
    assert {body["timeout"] for body in activations} == {5000}
    assert worker_status() is None
    assert "Application stopped." in caplog.text
    assert "Ctrl+C" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.seed(2, 123, 182)
def test_the_configuration_alone(cluster: tuple[str, FakeCamunda8], run_as_module: Callable[[str], ModuleType]) -> None:
    run_as_module("configuration")
    found = config.get_config()
    assert (found.api.job.worker, found.api.job.timeout) == ("c8-example-worker", 5000)
    assert found.auth.self_managed is not None
    assert found.auth.self_managed.client_id == "a-client"
    assert SECRET not in repr(found)
    assert SECRET not in str(found.model_dump())


@pytest.mark.seed(2, 33, 35, 37, 39, 44, 46, 48, 50, 55, 57, 62, 67)
def test_every_function_of_the_document(cluster: tuple[str, FakeCamunda8]) -> None:
    _, fake = cluster
    job = fake.add_job("pay", {"amount": 5})
    fake.add_job("pay")
    fake.add_job("pay")
    found = api.activate_jobs("pay", max_jobs_to_activate=5)
    assert found.jobs[0].job_key == job
    api.complete_job(found.jobs[0], {"paid": True})
    api.mark_job_as_failed(found.jobs[1], "boom")
    api.throw_error_for_job(found.jobs[2], CamundaBusinessException("E1", "msg", {"kept": 1}))
    outcomes = [fake.jobs[item.job_key]["outcome"] for item in found.jobs]
    assert outcomes == [
        ("completed", {"variables": {"paid": True}}),
        ("failed", {"retries": 2, "errorMessage": "boom", "retryBackOff": 0}),
        ("error", {"errorCode": "E1", "errorMessage": "msg", "variables": {"kept": 1}}),
    ]
    again = api.activate_jobs("", request=ActivateJobRequest(job_type="pay", timeout=1000, max_jobs_to_activate=1))
    assert len(again.jobs) == 1
    started = api.create_process_instance(CreateProcessInstanceRequest(process_definition_id="one", variables={"a": 1}))
    assert started.process_definition_id == "one"
    assert started.process_instance_key.isdigit()
    api.cancel_process_instance(started.process_instance_key, operation_reference=7)
    mapping = [MappingInstructions(source_element_id="t", target_element_id="t")]
    plan = MigrateProcessInstanceRequest(target_process_definition_key="1", mapping_instructions=mapping)
    api.migrate_process_instance(started.process_instance_key, plan)
    starts = [ActivateInstructions(element_id="t", variable_instructions=[VariableInstruction(variables={"b": 2})])]
    api.modify_process_instance(
        started.process_instance_key, request=ModifyProcessInstanceRequest(activate_instructions=starts)
    )
    assert api.publish_message(PublishMessageRequest(name="paid", correlation_key="k")).message_key
    correlated = api.correlate_message(CorrelateMessageRequest(name="paid", tenant_id="<default>"))
    assert correlated.process_instance_key
    assert api.broadcast_signal(BroadcastSignalRequest(signal_name="alarm", variables={"x": 1})).signal_key
    assert api.get_cluster_topology().brokers[0].partitions[0].health == "healthy"
    token, seconds = get_token()
    assert token.startswith("token-")
    assert 3000 < seconds <= 3600


def test_the_same_functions_awaited(cluster: tuple[str, FakeCamunda8]) -> None:
    async def go() -> None:
        topology, started = await asyncio.gather(
            aio.get_cluster_topology(), aio.create_process_instance(process_definition_id="one")
        )
        assert topology.cluster_size == 1
        assert started.process_definition_key
        activated = await aio.activate_jobs("nothing", request_timeout=-1)
        assert activated.jobs == []
        await aio.close()

    asyncio.run(go())


def test_every_operation_is_a_function() -> None:
    known = {
        name: kind for room in Operations.__mro__ for name, kind in vars(room).items() if isinstance(kind, Operation)
    }
    assert api.__all__ == sorted(known)
    for name, kind in known.items():
        assert inspect.signature(vars(api)[name]) == inspect.signature(kind.flow)
        assert vars(api)[name].__doc__ == kind.__doc__


@pytest.mark.seed(2, 173, 176)
def test_errors_do_what_the_document_says(cluster: tuple[str, FakeCamunda8]) -> None:
    _, fake = cluster

    @camunda_worker(job_type="business")
    def business(job: ActivatedJob) -> dict[str, object]:
        raise CamundaBusinessException("TOO_YOUNG", "of age only", {"age": job.variables["age"]})

    @camunda_worker(job_type="technical")
    def technical(job: ActivatedJob) -> dict[str, object]:
        raise ServiceException(message="the other side does not answer")

    keys = fake.add_job("business", {"age": 17}), fake.add_job("technical")
    register_workers()
    start_camunda_workers()
    wait_until(lambda: all(fake.jobs[key]["outcome"] for key in keys))
    stop_camunda_workers()
    stop_camunda_workers()
    assert fake.jobs[keys[0]]["outcome"] == (
        "error",
        {"errorCode": "TOO_YOUNG", "errorMessage": "of age only", "variables": {"age": 17}},
    )
    kind, body = fake.jobs[keys[1]]["outcome"]
    assert (kind, body["retries"]) == ("failed", 2)
    assert body["errorMessage"].startswith("ServiceException: the other side does not answer")
    assert 3_500 <= body["retryBackOff"] <= 5_000


@pytest.mark.seed(2, 179)
def test_functions_that_cannot_be_workers() -> None:
    def nothing() -> None: ...
    def number(job: int) -> None: ...
    def many(*jobs: ActivatedJob) -> None: ...

    for function in (nothing, number, many):
        with pytest.raises(SignatureException) as raised:
            camunda_worker(job_type="x")(function)
        assert isinstance(raised.value, ServiceException)
        assert function.__name__ in str(raised.value)
    with pytest.raises(SignatureException, match="job_type="):
        camunda_worker(nothing)  # type: ignore[arg-type]
    clear()


@pytest.mark.seed(2, 176)
def test_an_unreachable_cluster_is_a_service_exception() -> None:
    config.initialize_config(config=config.C8Config(api=config.ApiConfig(baseUrl="http://127.0.0.1:9")))
    try:
        with pytest.raises(ServiceException) as raised:
            api.get_cluster_topology()
        assert isinstance(raised.value, EngineUnavailable)
    finally:
        config.reset_config()


def test_nobody_waits_for_a_message(cluster: tuple[str, FakeCamunda8]) -> None:
    with pytest.raises(NotFound, match="nobody waits"):
        api.correlate_message(CorrelateMessageRequest(name="nobody"))


@pytest.mark.seed(2, 14)
def test_models_are_json_base_models() -> None:
    assert issubclass(ActivatedJob, JsonBaseModel)
    request = CreateProcessInstanceRequest(processDefinitionId="one", awaitCompletion=True)  # type: ignore[call-arg]
    assert json.loads(request.model_dump_json(by_alias=True, exclude_none=True)) == {
        "processDefinitionId": "one",
        "awaitCompletion": True,
    }


def test_workers_without_handlers_say_so(cluster: tuple[str, FakeCamunda8]) -> None:
    register_workers()
    with pytest.raises(SettingsError, match="@camunda_worker"):
        start_camunda_workers()


def test_workers_run_in_one_thread_whatever_their_number(cluster: tuple[str, FakeCamunda8]) -> None:
    for number in range(5):
        camunda_worker(job_type=f"kind-{number}")(lambda job: None)
    register_workers()
    before = threading.active_count()
    start_camunda_workers()
    wait_until(lambda: (status := worker_status()) is not None and status.connected)
    own = [thread for thread in threading.enumerate() if thread.name == "camunda-worker"]
    assert len(own) == 1
    assert before >= 1
    with pytest.raises(SettingsError, match="run already"):
        register_workers()
