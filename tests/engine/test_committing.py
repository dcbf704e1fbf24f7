"""Group commit: commands share transactions, but neither failures nor waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import ANY

import psycopg
import pytest

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine import committing
from procession.engine.committing import ENOUGH, Waiting
from procession.engine.engine import Engine
from procession.engine.unit import Busy, Envelope, Unit
from procession.errors import Conflict, Invalid, Missing, Unavailable
from procession.kernel import commands as c
from procession.storage import Transaction
from procession.storage.drivers import Asked, Later
from procession.storage.postgres import PostgresDriver
from tests.engine.conftest import Opener
from tests.engine.looking import at_once, count, nodes, one, rows, task, values, variables
from tests.engine.models import USER, delegate, external, row


def together(*work: Callable[[], Any]) -> list[Any]:
    """Runs each on a thread of its own; what each gave or raised."""
    found: list[Any] = [None] * len(work)

    def run(place: int) -> None:
        try:
            found[place] = work[place]()
        except Exception as error:
            found[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


START = ec.StartProcess(process_id="p")


@pytest.fixture
def tasks(engine: Engine) -> Engine:
    engine.deploy(("p.bpmn", row(USER)))
    return engine


def test_waiting_commands_share_a_transaction(tasks: Engine) -> None:
    before = tasks.committer.batches
    answers = at_once(tasks, [START] * 20)
    assert len({answer.instance for answer in answers}) == 20
    assert tasks.committer.batches - before == 1
    assert count(tasks, "instance") == 20


def test_threads_share_transactions(tasks: Engine) -> None:
    answers = together(*[lambda: tasks.submit(START)] * 40)
    assert len({answer.instance for answer in answers}) == 40
    assert tasks.committer.commands == 40
    assert count(tasks, "task") == 40


def test_who_leads_waits_for_those_who_were_in_the_batch_before(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "GATHER", 60.0)  # it ends with the fifth command
    at_once(tasks, [START] * 5)
    before = tasks.committer.batches
    together(*[lambda: tasks.submit(START)] * 5)
    assert tasks.committer.batches - before == 1


def test_who_leads_alone_waits_in_vain_once(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def in_vain(timeout: float) -> bool:
        waits.append(timeout)
        return False

    at_once(tasks, [START] * 20)
    monkeypatch.setattr(tasks.committer._gathered, "wait", in_vain)
    for _ in range(5):
        tasks.submit(START)
    assert len(waits) == 1


def test_who_is_interrupted_while_others_are_waited_for_gives_the_role_up(
    tasks: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(timeout: float) -> bool:
        raise KeyboardInterrupt

    at_once(tasks, [START] * 5)
    with monkeypatch.context() as patch:
        patch.setattr(tasks.committer._gathered, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tasks.submit(START)
    assert tasks.committer.waiting == 0
    assert tasks.submit(START).instance
    assert count(tasks, "instance") == 6


def test_a_failing_command_leaves_its_neighbours_alone(tasks: Engine) -> None:
    first = tasks.start_process("p").instance
    key = task(tasks)
    gone = c.CompleteTask(7)
    answers = at_once(tasks, [START, gone, c.CompleteTask(key), c.CompleteTask(key), START])
    assert [type(answer) for answer in answers] == [ec.Started, Missing, type(None), Missing, ec.Started]
    assert nodes(tasks, first) == []
    assert count(tasks, "instance") == 2


def test_nothing_of_a_failing_command_is_left(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row('<serviceTask id="f" camunda:expression="${absent}"/>')), ("q.bpmn", row(id_="q")))
    bad, good = at_once(engine, [START, ec.StartProcess(process_id="q")])
    assert "absent" in bad.message
    assert rows(engine, "SELECT process_id, state FROM history_instance") == [("q", "COMPLETED")]
    assert good.ended


def test_a_batch_that_fails_as_a_whole_runs_one_at_a_time(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    save = Unit.save

    def failing(unit: Unit) -> None:
        if len(unit.done) > 1:
            raise RuntimeError("the disk is full of batches")
        save(unit)

    monkeypatch.setattr(Unit, "save", failing)
    before = tasks.committer.batches
    answers = at_once(tasks, [START, c.CompleteTask(7), START])
    assert [type(answer) for answer in answers] == [ec.Started, Missing, ec.Started]
    assert tasks.committer.batches - before == 3
    assert count(tasks, "instance") == 2


def test_a_batch_that_cannot_be_written_at_all_tells_everybody(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(unit: Unit) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Unit, "save", failing)
    answers = at_once(tasks, [START] * 3)
    assert [str(answer) for answer in answers] == ["the disk is full"] * 3
    monkeypatch.undo()
    assert count(tasks, "instance") == 0
    assert tasks.submit(START).instance


def test_a_caller_that_is_interrupted_gives_the_role_away(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    committer = engine.committer
    gone, following = Waiting(START, Envelope()), Waiting(START, Envelope())
    with committer._mutex:
        committer._led = True
        committer._queue.extend([gone, following])
    committer._hand_over()
    assert gone.signal is not None
    assert gone.signal.acquire(blocking=False)  # it was woken, and then interrupted before it knew
    committer._give_up(gone)
    assert following.has_role
    committer._lead()
    assert (following.done, gone.done) == (True, False)
    assert engine.submit(START).instance
    assert count(engine, "instance") == 2


def test_what_fails_after_the_commit_undoes_and_repeats_nothing(engine: Engine) -> None:
    def listener(work: object) -> None:
        raise RuntimeError("the event loop is closed")

    engine.deploy(("p.bpmn", row(external())))
    engine.externals_bell.listen(listener)
    assert [type(answer) for answer in at_once(engine, [START] * 3)] == [ec.Started] * 3
    assert count(engine, "instance") == 3


def test_a_connection_that_broke_is_not_tried_again(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def broken(unit: Unit) -> None:
        tried.append(len(unit.done))
        raise Unavailable("the connection is lost")

    monkeypatch.setattr(Unit, "save", broken)
    assert [type(answer) for answer in at_once(tasks, [START] * 3)] == [Unavailable] * 3
    assert tried == [3]


def test_several_commands_on_one_instance_see_each_other(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p", {"n": 0}).instance
    at_once(engine, [c.SetVariables(instance, values(n=n)) for n in range(1, 6)])
    assert variables(engine, instance) == {"n": 5}
    assert one(engine, "SELECT revision FROM variable") == 5


def test_together_is_all_or_nothing(tasks: Engine) -> None:
    instance = tasks.start_process("p").instance
    both = ec.Together((c.SetVariables(instance, values(a=1)), c.CompleteTask(7)))
    with pytest.raises(Missing):
        tasks.submit(both)
    assert variables(tasks, instance) == {}


# ---------------------------------------------------------------- user code


def test_user_code_runs_alone_and_never_in_the_commit_role(engine: Engine) -> None:
    """While a delegate works, commands of other instances go on: it does not hold their transaction."""
    entered, leave, seen = threading.Event(), threading.Event(), []

    @engine.registry.delegate("slow")
    def slow(execution: Any) -> None:
        seen.append(engine.committer._led)
        entered.set()
        assert leave.wait(10)

    engine.deploy(("p.bpmn", row(delegate("d", "slow"))), ("q.bpmn", row(USER, id_="q")))
    if engine.storage.dialect == "sqlite":
        leave.set()  # one writer at a time: others wait for the file, not for the role
    work = threading.Thread(target=engine.submit, args=(START,))
    work.start()
    assert entered.wait(10)
    engine.start_process("q")
    leave.set()
    work.join()
    assert seen == [False]
    assert rows(engine, "SELECT process_id FROM instance") == [("q",)]


def test_a_delegate_in_a_batch_does_not_disturb_it(engine: Engine) -> None:
    ran: list[int] = []
    engine.registry.delegates["d"] = lambda execution: ran.append(1)
    engine.deploy(("p.bpmn", row(delegate("d", "d"))), ("q.bpmn", row(USER, id_="q")))
    other = ec.StartProcess(process_id="q")
    answers = together(*[lambda: engine.submit(START), lambda: engine.submit(other)] * 5)
    assert {type(answer) for answer in answers} == {ec.Started}
    assert len(ran) == 5
    assert count(engine, "history_instance") == 10


def test_a_nested_submit_joins_the_transaction(engine: Engine) -> None:
    inside: list[ec.Started] = []

    @engine.registry.delegate("starter")
    def starter(execution: Any) -> None:
        inside.append(engine.start_process("q"))
        assert nodes_inside() == 0  # not committed yet: nobody else can see it

    def nodes_inside() -> int:
        with engine.storage.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM instance").scalar_one())

    engine.deploy(("p.bpmn", row(delegate("d", "starter"), USER)), ("q.bpmn", row(USER, id_="q")))
    engine.start_process("p")
    assert count(engine, "instance") == 2
    assert nodes(engine, inside[0].instance) == ["u"]


def test_a_nested_submit_that_fails_may_be_caught(engine: Engine) -> None:
    @engine.registry.delegate("curious")
    def curious(execution: Any) -> None:
        with pytest.raises(Missing):
            engine.submit(c.CompleteTask(7))

    engine.deploy(("p.bpmn", row(delegate("d", "curious"), USER)))
    assert nodes(engine, engine.start_process("p").instance) == ["u"]


def test_a_nested_submit_is_undone_with_its_command(engine: Engine) -> None:
    @engine.registry.delegate("starter")
    def starter(execution: Any) -> None:
        engine.start_process("q")

    engine.deploy(
        ("p.bpmn", row(delegate("d", "starter"), '<serviceTask id="f" camunda:expression="${absent}"/>')),
        ("q.bpmn", row(USER, id_="q")),
    )
    with pytest.raises(Exception, match="absent"):
        engine.start_process("p")
    assert (count(engine, "instance"), count(engine, "history_instance")) == (0, 0)


# ---------------------------------------------------------------- conflicts


def test_a_conflict_is_tried_again(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    save, left = Unit.save, [3]

    def conflicting(unit: Unit) -> None:
        if left[0]:
            left[0] -= 1
            raise Conflict("another node was first")
        save(unit)

    monkeypatch.setattr(Unit, "save", conflicting)
    assert tasks.submit(START).instance
    assert left == [0]


def test_a_conflict_that_stays_reaches_the_caller(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflicting(unit: Unit) -> None:
        raise Conflict("another node is always first")

    monkeypatch.setattr("procession.engine.committing.MAX_TRIES", 3)
    monkeypatch.setattr(Unit, "save", conflicting)
    with pytest.raises(Conflict, match="always first"):
        tasks.submit(START)


def test_a_busy_instance_costs_its_own_command_alone(tasks: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks.start_process("p")
    key, run, left = task(tasks), Unit.run, [2]

    def busy(unit: Unit, command: Any, envelope: Envelope) -> Any:
        if isinstance(command, c.CompleteTask) and left[0]:
            left[0] -= 1
            raise Busy("being worked on")
        return run(unit, command, envelope)

    monkeypatch.setattr(Unit, "run", busy)
    outcomes = together(lambda: tasks.submit(c.CompleteTask(key)), lambda: tasks.submit(START))
    assert [type(x) for x in outcomes] == [type(None), ec.Started]
    assert count(tasks, "instance") == 1


def test_a_database_error_inside_one_command_does_not_poison_its_batch(
    tasks: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock aborts PostgreSQL's transaction in the middle of a batch: every command of it runs again."""
    step, left = Unit.step, [1]
    instance = tasks.start_process("p").instance

    def deadlocked(unit: Unit, command: Any, envelope: Envelope) -> Any:
        if isinstance(command, c.SetVariables) and left[0]:
            left[0] -= 1
            if unit.transaction.driver.name == "postgresql":
                unit.transaction.driver.rows("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")
            raise psycopg.errors.DeadlockDetected
        return step(unit, command, envelope)

    monkeypatch.setattr(Unit, "step", deadlocked)
    assert at_once(tasks, [c.SetVariables(instance, values(a=1)), START]) == [None, ANY]
    left[0] = 1
    assert tasks.submit(c.SetVariables(instance, values(a=2))) is None
    assert (variables(tasks, instance), count(tasks, "instance")) == ({"a": 2}, 2)


@pytest.mark.fault(16)
def test_branches_that_end_at_the_same_time_join_once(opener: Opener) -> None:
    """Two nodes complete the two branches of a parallel gateway: the join fires once, no token is lost."""
    engines = [opener(), opener()]
    branches = "".join(
        f'<serviceTask id="x{n}" camunda:type="external" camunda:topic="work"/>'
        f'<sequenceFlow id="a{n}" sourceRef="fork" targetRef="x{n}"/><sequenceFlow id="b{n}" sourceRef="x{n}" targetRef="join"/>'
        for n in range(4)
    )
    after = '<sequenceFlow id="j" sourceRef="join" targetRef="u"/><parallelGateway id="join"/>' + USER
    engines[0].deploy(("p.bpmn", row(end='<parallelGateway id="fork"/>', extra=branches + after)))
    started = [engines[0].start_process("p").instance for _ in range(5)]
    with engines[0].storage.transaction() as transaction:
        transaction.driver.run("UPDATE external_task SET worker = 'w'")
    keys = [key for (key,) in rows(engines[0], "SELECT key FROM external_task ORDER BY node, key")]
    outcomes = together(
        *[lambda n=n, key=key: engines[n % 2].submit(c.CompleteExternal(key, "w", {})) for n, key in enumerate(keys)]
    )
    assert outcomes == [None] * 20
    assert [nodes(engines[0], instance) for instance in started] == [["u"]] * 5
    assert count(engines[0], "history_activity", "node = 'join'") == 20


def test_of_two_who_complete_one_task_one_is_told_that_it_is_gone(opener: Opener) -> None:
    engines = [opener(), opener()]
    engines[0].deploy(("p.bpmn", row(external())))
    engines[0].start_process("p")
    with engines[0].storage.transaction() as transaction:
        transaction.driver.run("UPDATE external_task SET worker = 'w'")
    key = one(engines[0], "SELECT key FROM external_task")
    outcomes = together(
        *[lambda n=n: engines[n % 2].submit(c.CompleteExternal(key, "w", values(winner=n))) for n in range(6)]
    )
    assert sorted(type(x).__name__ for x in outcomes) == ["Missing"] * 5 + ["NoneType"]
    assert count(engines[0], "history_variable") == 1


def test_what_was_locked_for_a_worker_who_gets_an_error_is_free(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row('<serviceTask id="x" camunda:type="external" camunda:topic="t"/>')))
    engine.start_process("p")

    def lock_and_fail(transaction: Transaction) -> Asked[Later[None]]:
        transaction.driver.run("UPDATE external_task SET worker = ?", ["w"])
        yield
        raise Invalid("no answer can be made of it")

    with pytest.raises(Invalid):
        engine.submit(ec.Lease(lock_and_fail))
    assert rows(engine, "SELECT worker FROM external_task") == [(None,)]


def test_a_listener_that_fails_stops_nobody(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    done = threading.Event()

    def fail(waiting: object) -> None:
        raise RuntimeError("nobody listens")

    engine.committer.send(ec.StartProcess("p"), Envelope(), fail)
    engine.committer.send(ec.StartProcess("p"), Envelope(), lambda waiting: done.set())
    assert done.wait(20)
    assert "could not be told" in caplog.text


def test_an_engine_that_is_closed_says_so(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    engine.close()
    with pytest.raises(Unavailable, match="closed"):
        engine.start_process("p")


def test_the_next_batch_is_worked_on_while_postgresql_writes_one(
    postgres_schema_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch is held before its commit until the second has come as far; with one after the other it would wait."""
    with open_engine(postgres_schema_url) as engine:
        engine.deploy(("p.bpmn", row(USER)))
        began, may_go, second, done = threading.Event(), threading.Event(), threading.Event(), threading.Semaphore(0)
        commit, commits = PostgresDriver.commit, []

        def held(driver: PostgresDriver) -> None:
            commits.append(driver)
            assert second.wait(20) if len(commits) == 1 else True
            second.set()
            commit(driver)

        def first(transaction: Transaction) -> Asked[Later[None]]:
            began.set()
            assert may_go.wait(20)
            yield
            return lambda: None

        monkeypatch.setattr(PostgresDriver, "commit", held)
        engine.committer.send(ec.Lease(first), Envelope(), lambda waiting: done.release())
        assert began.wait(20)
        for _ in range(ENOUGH):
            engine.committer.send(START, Envelope(), lambda waiting: done.release())
        may_go.set()
        assert [done.acquire(timeout=20) for _ in range(ENOUGH + 1)] == [True] * (ENOUGH + 1)
        monkeypatch.undo()
        assert count(engine, "instance") == ENOUGH


def test_what_two_batches_touch_is_done_in_turn(postgres_schema_url: str) -> None:
    with open_engine(postgres_schema_url) as engine:
        engine.deploy(("p.bpmn", row(USER)))
        instance = engine.start_process("p").instance
        setting = [partial(engine.submit, c.SetVariables(instance, values(**{f"v{n}": n}))) for n in range(120)]
        assert together(*setting) == [None] * 120
        assert variables(engine, instance) == {f"v{n}": n for n in range(120)}
