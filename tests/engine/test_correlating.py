"""Messages find their receivers as in Camunda 7: exactly one, or with `all` every one; executions before start events."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from procession.engine import commands as ec
from procession.engine.correlating import Mismatch
from procession.engine.engine import Engine
from procession.errors import Invalid
from procession.kernel import commands as c
from tests.engine.conftest import Opener
from tests.engine.looking import at_once, count, nodes, one, rows, state, values, variables
from tests.engine.models import USER, boundary, delegate, flow, message, row

START = '<startEvent id="s"><messageEventDefinition messageRef="M"/></startEvent>'
WAITING = row(message("r"), USER)


def send(engine: Engine, name: str | None = "M", **criteria: Any) -> tuple[ec.Correlated, ...]:
    met: tuple[ec.Correlated, ...] = engine.submit(ec.CorrelateMessage(name, **criteria))
    return met


def waiting(engine: Engine, business_key: str | None = None, **plain: Any) -> int:
    return engine.start_process("p", plain, business_key).instance


@pytest.fixture
def receivers(engine: Engine) -> Engine:
    engine.deploy(("p.bpmn", WAITING))
    return engine


def test_the_only_receiver_gets_the_message(receivers: Engine) -> None:
    instance = waiting(receivers)
    element = one(receivers, "SELECT key FROM element WHERE node = 'r'")
    assert send(receivers) == (ec.Correlated(instance, element),)
    assert nodes(receivers, instance) == ["u"]


@pytest.mark.fault(17)
def test_a_message_for_nobody_is_refused(receivers: Engine) -> None:
    with pytest.raises(Mismatch, match="No process definition or execution matches"):
        send(receivers)


@pytest.mark.fault(17)
def test_a_message_for_several_is_refused(receivers: Engine) -> None:
    instances = [waiting(receivers) for _ in range(3)]
    with pytest.raises(Mismatch, match="3 executions match"):
        send(receivers)
    assert [nodes(receivers, x) for x in instances] == [["r"]] * 3


def test_a_message_for_all_reaches_all(receivers: Engine) -> None:
    instances = [waiting(receivers) for _ in range(3)]
    assert [x.instance for x in send(receivers, all=True)] == instances
    assert [nodes(receivers, x) for x in instances] == [["u"]] * 3


def test_a_message_for_all_may_reach_nobody(receivers: Engine) -> None:
    assert send(receivers, all=True) == ()


def test_without_any_criterion_it_is_invalid(receivers: Engine) -> None:
    with pytest.raises(Invalid, match="At least one"):
        send(receivers, None)


def test_the_business_key_chooses(receivers: Engine) -> None:
    first, second = waiting(receivers, "1"), waiting(receivers, "2")
    send(receivers, business_key="2")
    assert (nodes(receivers, first), nodes(receivers, second)) == (["r"], ["u"])


def test_variables_of_the_instance_choose(receivers: Engine) -> None:
    first, second = waiting(receivers, order=1), waiting(receivers, order=2)
    send(receivers, correlation_keys=values(order=2))
    assert (nodes(receivers, first), nodes(receivers, second)) == (["r"], ["u"])


@pytest.mark.parametrize("kept", ["text", 7, 2.5, True, None])
def test_variables_choose_by_type_and_value(receivers: Engine, kept: Any) -> None:
    instance = waiting(receivers, kept=kept)
    waiting(receivers, kept="else")
    assert send(receivers, correlation_keys=values(kept=kept))[0].instance == instance


def test_every_variable_must_match(receivers: Engine) -> None:
    waiting(receivers, a=1, b=2)
    with pytest.raises(Mismatch):
        send(receivers, correlation_keys=values(a=1, b=3))


def test_local_variables_choose(receivers: Engine) -> None:
    waiting(receivers)
    instance = waiting(receivers)
    element = one(receivers, "SELECT key FROM element WHERE node = 'r' AND instance = ?", instance)
    receivers.submit(c.SetVariables(element, values(own=1), local=True))
    assert send(receivers, local_keys=values(own=1))[0].instance == instance


def test_the_instance_chooses(receivers: Engine) -> None:
    waiting(receivers)
    instance = waiting(receivers)
    assert send(receivers, instance=instance)[0].instance == instance


def test_the_execution_chooses_whatever_the_name(receivers: Engine) -> None:
    waiting(receivers)
    instance = waiting(receivers)
    element = one(receivers, "SELECT key FROM element WHERE node = 'r' AND instance = ?", instance)
    assert send(receivers, None, execution=element)[0].instance == instance


def test_the_message_brings_variables(receivers: Engine) -> None:
    instance = waiting(receivers)
    send(receivers, variables=values(answer=42))
    assert variables(receivers, instance) == {"answer": 42}


@pytest.mark.fault(17)
def test_a_message_is_taken_once(receivers: Engine) -> None:
    waiting(receivers)
    send(receivers)
    with pytest.raises(Mismatch):
        send(receivers)


def test_a_suspended_instance_gets_no_message(receivers: Engine) -> None:
    instance = waiting(receivers)
    receivers.submit(c.SuspendInstance(instance, True))
    with pytest.raises(Mismatch):
        send(receivers)


def test_a_boundary_event_receives(engine: Engine) -> None:
    caught = boundary("b", "u", '<messageEventDefinition messageRef="M"/>', "e")
    engine.deploy(("p.bpmn", row(USER, extra=caught)))
    instance = engine.start_process("p").instance
    send(engine)
    assert state(engine, instance) == "COMPLETED"


# ---------------------------------------------------------------- tenants


@pytest.fixture
def tenants(engine: Engine) -> dict[str | None, int]:
    found = {}
    for tenant in (None, "t1", "t2"):
        engine.deploy(("p.bpmn", WAITING), tenant=tenant)
        found[tenant] = engine.submit(ec.StartProcess(process_id="p", tenant=tenant)).instance
    return found


def test_any_tenant_matches_where_none_is_named(engine: Engine, tenants: dict[str | None, int]) -> None:
    with pytest.raises(Mismatch):
        send(engine)


def test_the_tenant_chooses(engine: Engine, tenants: dict[str | None, int]) -> None:
    assert send(engine, tenant="t2")[0].instance == tenants["t2"]


def test_no_tenant_chooses(engine: Engine, tenants: dict[str | None, int]) -> None:
    assert send(engine, without_tenant=True)[0].instance == tenants[None]


# ---------------------------------------------------------------- starting


def test_a_message_starts_an_instance(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, start=START)))
    (met,) = send(engine, business_key="k", correlation_keys=values(a=1), variables=values(b=2))
    assert met.started is not None
    assert one(engine, "SELECT business_key FROM instance WHERE key = ?", met.instance) == "k"
    assert variables(engine, met.instance) == {"a": 1, "b": 2}


def test_one_who_waits_comes_before_a_start(engine: Engine) -> None:
    engine.deploy(("p.bpmn", WAITING), ("q.bpmn", row(USER, id_="q", start=START)))
    instance = engine.start_process("p").instance
    assert [x.instance for x in send(engine)] == [instance]
    assert send(engine)[0].started is not None


def test_start_only_passes_by_those_who_wait(engine: Engine) -> None:
    engine.deploy(("p.bpmn", WAITING), ("q.bpmn", row(USER, id_="q", start=START)))
    engine.start_process("p")
    assert send(engine, start_only=True)[0].started is not None


def test_for_all_reaches_those_who_wait_and_starts(engine: Engine) -> None:
    engine.deploy(("p.bpmn", WAITING), ("q.bpmn", row(USER, id_="q", start=START)))
    engine.start_process("p")
    assert [x.started is not None for x in send(engine, all=True)] == [False, True]


def test_a_suspended_definition_is_not_started(engine: Engine) -> None:
    (made,) = engine.deploy(("p.bpmn", row(USER, start=START))).processes
    engine.submit(ec.SuspendDefinition(made["key"], True))
    with pytest.raises(Mismatch):
        send(engine)


def test_starts_of_several_tenants_need_one_named(engine: Engine) -> None:
    for tenant in ("t1", "t2"):
        engine.deploy(("p.bpmn", row(USER, start=START)), tenant=tenant)
    with pytest.raises(Mismatch, match="2 process definitions match"):
        send(engine)
    assert send(engine, tenant="t2")[0].started is not None
    assert one(engine, "SELECT tenant FROM instance") == "t2"


# ---------------------------------------------------------------- at once


def test_each_message_of_a_crowd_finds_one_receiver(opener: Opener) -> None:
    """Two engines, eight senders, one receiver each: nobody gets two, nobody gets none."""
    engines = [opener(), opener()]
    engines[0].deploy(("p.bpmn", WAITING))
    instances = [waiting(engines[0], order=order) for order in range(16)]
    met: list[int] = []

    def deliver(engine: Engine, orders: list[int]) -> None:
        met.extend(send(engine, correlation_keys=values(order=order))[0].instance for order in orders)

    threads = [threading.Thread(target=deliver, args=(engines[n % 2], [n, n + 8])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(met) == instances
    assert count(engines[0], "task") == 16


def test_of_two_messages_for_one_receiver_one_is_refused(opener: Opener) -> None:
    engines = [opener(), opener()]
    engines[0].deploy(("p.bpmn", WAITING))
    waiting(engines[0])
    outcomes: list[str] = []

    def deliver(engine: Engine) -> None:
        try:
            send(engine)
        except Mismatch:
            outcomes.append("refused")
        else:
            outcomes.append("received")

    threads = [threading.Thread(target=deliver, args=(engines[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["received"] + ["refused"] * 5


def test_user_code_correlates_in_its_own_transaction(engine: Engine) -> None:
    """A delegate's message and its own instance are one transaction: when it fails, the message was never sent."""
    failing = [True]

    @engine.registry.delegate("sender")
    def sender(execution: Any) -> None:
        send(engine)
        if failing[0]:
            raise RuntimeError("afterwards")

    engine.deploy(("p.bpmn", WAITING), ("q.bpmn", row(delegate("d", "sender"), id_="q")))
    instance = engine.start_process("p").instance
    with pytest.raises(RuntimeError, match="afterwards"):
        engine.start_process("q")
    assert nodes(engine, instance) == ["r"]
    failing[0] = False
    engine.start_process("q")
    assert nodes(engine, instance) == ["u"]
    assert rows(engine, "SELECT process_id, state FROM history_instance ORDER BY key") == [
        ("p", "ACTIVE"),
        ("q", "COMPLETED"),
    ]


def test_messages_of_one_batch_see_what_the_others_took(receivers: Engine) -> None:
    instances = [waiting(receivers) for _ in range(4)]
    named = [ec.CorrelateMessage("M", instance=instance) for instance in instances[:3]]
    met = at_once(receivers, [*named, ec.CorrelateMessage("M"), ec.CorrelateMessage("M", all=True)])
    assert [x[0].instance for x in met[:4]] == instances
    assert met[4] == ()


# ---------------------------------------------------------------- what the same transaction has opened before


@pytest.fixture
def forked(engine: Engine) -> Engine:
    """A start that first opens the subscription of `r`, then runs the delegate `d`."""
    extra = delegate("d", "send") + '<userTask id="v"/>' + flow("s", "d") + flow("d", "v")
    engine.deploy(("p.bpmn", row(message("r"), USER, extra=extra)))
    return engine


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"name": None, "business_key": "b"},
        {"business_key": "b", "correlation_keys": values(n=1)},
        {"without_tenant": True},
        {"all": True},
    ],
)
def test_user_code_reaches_what_its_own_step_has_opened(forked: Engine, criteria: dict[str, Any]) -> None:
    @forked.registry.delegate("send")
    def tell(execution: Any) -> None:
        send(forked, **criteria)

    assert nodes(forked, waiting(forked, "b", n=1)) == ["u", "v"]


@pytest.mark.parametrize(
    "criteria",
    [
        {"name": "N"},
        {"business_key": "c"},
        {"correlation_keys": values(n=2)},
        {"correlation_keys": values(n=1.0)},
        {"local_keys": values(n=1)},
        {"tenant": "t"},
        {"instance": 1},
        {"execution": 1},
        {"start_only": True},
    ],
)
def test_user_code_reaches_nothing_else(forked: Engine, criteria: dict[str, Any]) -> None:
    @forked.registry.delegate("send")
    def tell(execution: Any) -> None:
        with pytest.raises(Mismatch):
            send(forked, **criteria)

    assert nodes(forked, waiting(forked, "b", n=1)) == ["r", "v"]


def test_a_program_starts_and_correlates_in_one_transaction(receivers: Engine) -> None:
    def work(driver: object) -> int:
        instance = waiting(receivers, "b")
        assert send(receivers, business_key="b")[0].instance == instance
        return instance

    assert nodes(receivers, receivers.atomically(work)) == ["u"]


def test_a_suspended_instance_of_the_same_transaction_gets_no_message(receivers: Engine) -> None:
    def work(driver: object) -> int:
        instance = waiting(receivers)
        receivers.submit(c.SuspendInstance(instance, True))
        with pytest.raises(Mismatch):
            send(receivers)
        return instance

    assert nodes(receivers, receivers.atomically(work)) == ["r"]


def test_signals_reach_what_their_own_transaction_has_opened(engine: Engine) -> None:
    """As in Camunda 7."""
    catch = '<intermediateCatchEvent id="r"><signalEventDefinition signalRef="S"/></intermediateCatchEvent>'
    extra = delegate("d", "send") + '<userTask id="v"/>' + flow("s", "d") + flow("d", "v")
    engine.deploy(("p.bpmn", row(catch, USER, extra=extra).replace(b"<process", b'<signal id="S" name="S"/><process')))
    engine.registry.delegates["send"] = lambda execution: engine.submit(ec.SendSignal("S"))
    assert nodes(engine, waiting(engine)) == ["u", "v"]
