"""Every operation on Camunda 8, against Procession's own /v2; where that refuses one, what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camunda_client.c8 import Camunda8Client
from camunda_client.c8.client import Operations
from camunda_client.c8.models import BatchOperationCreated, BroadcastSignalRequest, MappingInstructions
from camunda_client.errors import BadRequest, Conflict, EngineFailed, EngineUnavailable, NotFound
from camunda_client.protocol import Answer, Operation, Request
from procession import open_engine
from procession.engine.engine import Engine
from tests.camunda8.play import extended, job, process
from tests.camunda8.sockets import serving

MODELS = Path(__file__).parents[1] / "camunda8" / "models"
SUBSCRIBED = extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes='name="paid"')
TWO = process(f'<startEvent id="s"/>{job("a")}{job("b")}<endEvent id="e"/>', "s>a a>b b>e")
CHAIN = process(
    f'<startEvent id="s"/>{job("first")}{job("second")}<endEvent id="e"/>', "s>first first>second second>e", id_="chain"
)
OTHER = process(f'<startEvent id="s"/>{job("c")}<endEvent id="e"/>', "s>c c>e", id_="q")
GATE = process(
    '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="e"/><endEvent id="f"/>',
    "s>g g>e:=x=1 g>f:=x=2",
    id_="gate",
)
WAITS = process(
    '<startEvent id="s"/><intermediateCatchEvent id="w"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    '<endEvent id="e"/>',
    "s>w w>e",
    roots=SUBSCRIBED,
    id_="waits",
)
ALARMED = process(
    '<startEvent id="s"><signalEventDefinition signalRef="g"/></startEvent><userTask id="u"/><endEvent id="e"/>',
    "s>u u>e",
    roots='<signal id="g" name="alarm"/>',
    id_="alarmed",
)
AD_HOC = process(
    f'<startEvent id="s"/><adHocSubProcess id="h">{job("x")}{job("y")}</adHocSubProcess><endEvent id="e"/>',
    "s>h h>e",
    id_="adhoc",
)
FORMED = process(
    extended("startEvent", "s", '<zeebe:formDefinition formId="look"/>')
    + extended("userTask", "u", '<zeebe:userTask/><zeebe:formDefinition formId="look"/>')
    + '<endEvent id="e"/>',
    "s>u u>e",
    id_="formed",
)
CALLING = process(
    '<startEvent id="s"/>'
    + extended("callActivity", "call", '<zeebe:calledElement processId="p"/>')
    + '<endEvent id="e"/>',
    "s>call call>e",
    id_="calling",
)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Engine, str]]:
    with open_engine("sqlite://") as engine, serving(engine) as address:
        yield engine, address


@pytest.fixture
def client(served: tuple[Engine, str]) -> Iterator[Camunda8Client]:
    with Camunda8Client(served[1]) as connected:
        yield connected


@pytest.fixture
def settled(served: tuple[Engine, str], client: Camunda8Client) -> Callable[[BatchOperationCreated], str]:
    """Lets the engine do a batch operation; its state."""

    def settle(begun: BatchOperationCreated) -> str:
        while served[0].jobs.run_due():
            pass
        return client.get_batch_operation(begun.batch_operation_key).state

    return settle


def start(client: Camunda8Client, model: bytes, id_: str = "p", **variables: Any) -> str:
    """A running instance of a model; nothing of it runs beside."""
    client.deploy_resources({f"{id_}.bpmn": model})
    return client.create_process_instance(process_definition_id=id_, variables=variables).process_instance_key


def active(client: Camunda8Client, instance: str) -> list[str]:
    found = client.search_element_instances(process_instance_key=instance, state="ACTIVE", sort="elementId")
    return [row.element_id for row in found if row.type != "PROCESS"]


def test_the_cluster_and_its_clock(client: Camunda8Client) -> None:
    assert client.is_ready()
    assert client.get_cluster_topology().cluster_size == 1
    assert client.get_license().license_type
    assert client.get_authentication().tenants is not None
    assert client.evaluate_expression("=a + 1", {"a": 2}).result == 3
    client.pin_clock(datetime(2031, 5, 4, tzinfo=UTC))
    key = start(client, TWO)
    client.reset_clock()
    started = client.get_process_instance(key).start_date
    assert started is not None
    assert started.date().isoformat() == "2031-05-04"


def test_deployments_and_what_they_bring(client: Camunda8Client) -> None:
    brought = client.deploy_resources([MODELS / name for name in ("dish.dmn", "look.form")])
    (form,), (dish,) = brought.forms, brought.decisions
    assert client.get_form(form.form_key).form_id == "look"
    assert client.get_resource(form.form_key).resource_name == "look.form"
    assert b'"remark"' in client.get_resource_content(form.form_key)
    assert "look" in [row.resource_id for row in client.search_resources(resource_name="look.form")]
    (process_,) = client.deploy_resources({"formed.bpmn": FORMED}).processes
    assert client.get_process_definition(process_.process_definition_key).process_definition_id == "formed"
    assert len(client.search_process_definitions(process_definition_id="formed")) == 1
    assert "callActivity" not in client.get_process_definition_xml(process_.process_definition_key)
    at_start = client.get_start_form(process_.process_definition_key)
    assert at_start is not None
    assert at_start.form_id == "look"
    assert client.get_decision_definition(dish.decision_definition_key).name == "Dish"
    assert [row.decision_definition_id for row in client.search_decision_definitions(name="Dish")] == ["dish"]
    assert "Stew" in client.get_decision_definition_xml(dish.decision_definition_key)
    graph = dish.decision_requirements_key
    assert graph is not None
    assert client.get_decision_requirements(graph).decision_requirements_name == "Dishes"
    assert len(client.search_decision_requirements(decision_requirements_id="dishes")) == 1
    assert "Salad" in client.get_decision_requirements_xml(graph)
    assert client.delete_resource(form.form_key).resource_key == form.form_key
    with pytest.raises(NotFound):
        client.get_resource(form.form_key)


def test_decisions_are_taken_and_found(client: Camunda8Client) -> None:
    client.deploy_resources(MODELS / "dish.dmn")
    taken = client.evaluate_decision("dish", {"season": "Winter"})
    assert taken.decoded == "Stew"
    found = client.search_decision_instances(decision_evaluation_key=taken.decision_evaluation_key).items
    assert client.get_decision_instance(found[0].decision_evaluation_instance_key).state == "EVALUATED"


def test_instances_are_changed(client: Camunda8Client) -> None:
    key = start(client, TWO, x=1)
    client.modify_process_instance(key, activate_instructions=[{"element_id": "b"}])
    assert active(client, key) == ["a", "b"]
    (target,) = client.deploy_resources({"q.bpmn": OTHER}).processes
    plan = [MappingInstructions(source_element_id="a", target_element_id="c")]
    with pytest.raises((BadRequest, Conflict)):
        client.migrate_process_instance(
            key, target_process_definition_key=target.process_definition_key, mapping_instructions=plan
        )
    client.cancel_process_instance(key)
    assert client.get_process_instance(key).state == "TERMINATED"
    client.delete_process_instance(key)
    with pytest.raises(NotFound):
        client.get_process_instance(key)


def test_an_instance_is_migrated_and_its_variables_are_set(client: Camunda8Client) -> None:
    key = start(client, TWO, x=1)
    (target,) = client.deploy_resources({"q.bpmn": OTHER}).processes
    plan = [MappingInstructions(source_element_id="a", target_element_id="c")]
    client.migrate_process_instance(
        key, target_process_definition_key=target.process_definition_key, mapping_instructions=plan
    )
    assert active(client, key) == ["c"]
    client.set_variables(key, {"x": 2})
    (found,) = client.search_variables(process_instance_key=key, name="x")
    assert client.get_variable(found.variable_key).decoded == 2
    (element,) = client.search_element_instances(process_instance_key=key, element_id="c")
    assert client.get_element_instance(element.element_instance_key).state == "ACTIVE"


def test_callers_are_found(client: Camunda8Client) -> None:
    client.deploy_resources({"p.bpmn": TWO})
    key = start(client, CALLING, "calling")
    (called,) = client.search_process_instances(parent_process_instance_key=key)
    assert client.get_call_hierarchy(called.process_instance_key)[0].process_instance_key == key


def test_jobs_end_in_every_way(client: Camunda8Client) -> None:
    key = start(client, CHAIN, "chain", x=1)
    (work,) = client.activate_jobs("first", "me", 60_000, 1, request_timeout=-1).jobs
    client.update_job(work, retries=7, timeout=90_000)
    assert [row.retries for row in client.search_jobs(job_key=work.job_key)] == [7]
    client.mark_job_as_failed(work, "not yet", retries=1)
    (work,) = client.activate_jobs("first", "me", 60_000, 1, request_timeout=-1).jobs
    client.complete_job(work, {"y": 2})
    (work,) = client.activate_jobs("second", "me", 60_000, 1, request_timeout=-1).jobs
    client.throw_error_for_job(work, "E", "nobody catches it")
    (incident,) = client.search_incidents(process_instance_key=key)
    assert incident.error_type == "UNHANDLED_ERROR_EVENT"
    client.cancel_process_instance(key)


def test_incidents_are_found_and_resolved(
    client: Camunda8Client, settled: Callable[[BatchOperationCreated], str]
) -> None:
    keys = [start(client, GATE, "gate", x=3) for _ in range(3)]
    for key in keys:
        client.set_variables(key, {"x": 1})
    (incident,) = client.get_incidents_of_process_instance(keys[0])
    assert client.get_incident(incident.incident_key).process_instance_key == keys[0]
    client.resolve_incident(incident.incident_key)
    assert settled(client.resolve_incidents_of_process_instance(keys[1])) == "COMPLETED"
    assert settled(client.resolve_incidents(process_instance_key=keys[2])) == "COMPLETED"
    assert [client.get_process_instance(key).state for key in keys] == ["COMPLETED"] * 3


def test_many_are_changed_at_once(client: Camunda8Client, settled: Callable[[BatchOperationCreated], str]) -> None:
    keys = [start(client, TWO, x=1) for _ in range(2)]
    all_of_them = {"process_instance_key": keys}
    assert settled(client.modify_process_instances({"a": "b"}, **all_of_them)) == "COMPLETED"
    assert [active(client, key) for key in keys] == [["b"], ["b"]]
    (target,) = client.deploy_resources({"q.bpmn": OTHER}).processes
    migration = client.migrate_process_instances(target.process_definition_key, {"b": "c"}, **all_of_them)
    assert settled(migration) == "COMPLETED"
    assert [active(client, key) for key in keys] == [["c"], ["c"]]
    begun = client.cancel_process_instances(**all_of_them)
    client.suspend_batch_operation(begun.batch_operation_key)
    assert settled(begun) == "SUSPENDED"
    client.resume_batch_operation(begun.batch_operation_key)
    assert settled(begun) == "COMPLETED"
    items = client.search_batch_operation_items(batch_operation_key=begun.batch_operation_key)
    assert sorted((item.process_instance_key, item.state) for item in items) == [(k, "COMPLETED") for k in sorted(keys)]
    assert begun.batch_operation_key in [
        row.batch_operation_key for row in client.search_batch_operations(operation_type=begun.batch_operation_type)
    ]
    assert settled(client.delete_process_instances(**all_of_them)) == "COMPLETED"
    assert not client.search_process_instances(**all_of_them).items


def test_a_batch_is_given_up(client: Camunda8Client, settled: Callable[[BatchOperationCreated], str]) -> None:
    key = start(client, TWO)
    begun = client.cancel_process_instances(process_instance_key=key)
    client.cancel_batch_operation(begun.batch_operation_key)
    settled(begun)
    assert client.get_process_instance(key).state == "ACTIVE"


def test_messages_and_signals(client: Camunda8Client) -> None:
    keys = [start(client, WAITS, "waits", key=name) for name in ("one", "two")]
    (waiting,) = client.search_message_subscriptions(process_instance_key=keys[0])
    assert (waiting.message_name, waiting.correlation_key) == ("paid", "one")
    assert client.correlate_message(name="paid", correlation_key="one").process_instance_key == keys[0]
    assert client.publish_message(name="paid", correlation_key="two", variables={"n": 1}).message_key
    assert [client.get_process_instance(key).state for key in keys] == ["COMPLETED"] * 2
    client.deploy_resources({"alarmed.bpmn": ALARMED})
    assert client.broadcast_signal(BroadcastSignalRequest(signal_name="alarm")).signal_key
    assert len(client.search_process_instances(process_definition_id="alarmed")) == 1


def test_an_ad_hoc_sub_process(client: Camunda8Client) -> None:
    key = start(client, AD_HOC, "adhoc")
    (inside,) = client.search_element_instances(process_instance_key=key, element_id="h")
    client.activate_ad_hoc_activities(inside.element_instance_key, {"x": {"n": 1}, "y": None})
    assert {"x", "y"} <= set(active(client, key))


def test_user_tasks(client: Camunda8Client) -> None:
    client.deploy_resources(MODELS / "look.form")
    key = start(client, FORMED, "formed", who="ann")
    (task,) = client.search_user_tasks(process_instance_key=key)
    client.assign_user_task(task.user_task_key, "ann")
    client.update_user_task(task.user_task_key, priority=70, candidate_groups=["sales"])
    shown = client.get_user_task(task.user_task_key)
    assert (shown.assignee, shown.priority, shown.candidate_groups) == ("ann", 70, ["sales"])
    client.unassign_user_task(task.user_task_key)
    assert client.get_user_task(task.user_task_key).assignee is None
    form = client.get_user_task_form(task.user_task_key)
    assert form is not None
    assert "remark" in form.form_schema
    for effective in (False, True):
        seen = client.search_user_task_variables(task.user_task_key, effective=effective)
        assert {row.name: row.decoded for row in seen} == {"who": "ann"}
    client.complete_user_task(task.user_task_key, {"remark": "good"})
    assert client.get_process_instance(key).state == "COMPLETED"


def test_what_procession_does_not_keep_is_refused_in_words(client: Camunda8Client) -> None:
    key = start(client, TWO)
    refused: list[Callable[[], object]] = [
        lambda: client.get_sequence_flows(key),
        client.search_correlated_message_subscriptions,
        lambda: client.create_document("a.txt", b"a"),
        lambda: client.get_document("a"),
        lambda: client.delete_document("a"),
    ]
    for call in refused:
        with pytest.raises(EngineFailed, match="501 NOT_IMPLEMENTED"):
            call()


@pytest.mark.parametrize(
    ("name", "arguments", "sent", "answer", "result"),
    [
        ("get_sequence_flows", ["7"], "GET /process-instances/7/sequence-flows", '{"items": [{"elementId": "f"}]}', "f"),
        ("get_document", ["a b"], "GET /documents/a%20b", "content", b"content"),
        ("delete_document", ["a"], "DELETE /documents/a", "", None),
        ("create_document", ["a.txt", b"a"], "POST /documents", '{"documentId": "d"}', "d"),
        (
            "evaluate_conditionals", [{"x": 1}], "POST /conditionals/evaluation",
            '{"processInstances": [{"processDefinitionKey": "1", "processInstanceKey": "2"}]}', "2",
        ),
        (
            "search_correlated_message_subscriptions", [], "POST /correlated-message-subscriptions/search",
            '{"items": [{"messageKey": "9"}], "page": {"totalItems": 1}}', "9",
        ),
    ],
)  # fmt: skip
def test_requests_that_only_a_cluster_answers(
    name: str, arguments: list[Any], sent: str, answer: str, result: object
) -> None:
    flow = vars_of(Operations)[name].flow(None, *arguments)
    assert str(next(flow)) == sent
    with pytest.raises(StopIteration) as ended:
        flow.send(Answer(200, answer.encode()))
    assert seen(ended.value.value) == result


def seen(value: Any) -> object:
    """The one thing in an answer that tells whether it was read."""
    match value:
        case None | bytes():
            return value
        case [first, *_]:
            return first.element_id
    fields = value.model_dump()
    if "document_id" in fields:
        return fields["document_id"]
    if "process_instances" in fields:
        return fields["process_instances"][0]["process_instance_key"]
    return fields["items"][0]["message_key"]


def vars_of(kind: type) -> dict[str, Operation[Any, Any]]:
    """All operations by name."""
    return {name: item for room in kind.__mro__ for name, item in vars(room).items() if isinstance(item, Operation)}


def test_a_cluster_that_is_not_ready() -> None:
    for status, ready in ((503, False), (504, None)):
        flow = Operations.is_ready.flow(None)
        assert isinstance(next(flow), Request)
        if ready is None:
            with pytest.raises(EngineUnavailable):
                flow.throw(EngineUnavailable("late", status=status))
            continue
        with pytest.raises(StopIteration) as ended:
            flow.throw(EngineUnavailable("later", status=status))
        assert ended.value.value is ready


def test_no_operation_is_without_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in vars_of(Operations) if f".{name}" not in text and f'"{name}"' not in text] == []
