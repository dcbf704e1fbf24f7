"""The projection of events to history rows, by level, merged within a batch and over batches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from sqlalchemy import Table, select

from procession.kernel import events as e
from procession.kernel.applying import apply
from procession.kernel.records import (
    Element,
    External,
    IdentityLink,
    Incident,
    Instance,
    Job,
    Life,
    Phase,
    Task,
    Variable,
)
from procession.kernel.state import TABLES, State
from procession.storage import Storage, schema
from procession.storage.encoding import millis
from procession.storage.history import TELL, DefinitionFacts, HistoryBatch, HistoryLevel
from procession.storage.queries.former import columns_of

NOW = datetime(2024, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
INSTANCE = Instance(1, 7, "p", 1, business_key="b", tenant="t", started=NOW)
TASK = Task(20, 1, 2, 7, "review", NOW, name="Review", assignee="ann")
BEGIN: list[e.Event] = [
    e.InstanceStarted(INSTANCE, "start"),
    e.ElementCreated(Element(1, 1, None, "p", Life.ACTIVE, Phase.EXECUTE), 7),
    e.ElementCreated(Element(2, 1, 1, "review"), 7),
    e.ElementEntered(2, "userTask", "Review"),
    e.VariableSet(Variable(10, 1, 1, "x", "Integer", 1, definition=7), True, activity=1, initial=True),
    e.TaskCreated(TASK),
]
END: list[e.Event] = [
    e.TaskEnded(20, "completed"),
    e.ElementMoved(2, Phase.EXECUTE, 0, Life.ACTIVE),
    e.ElementMoved(2, Phase.END, 0, Life.COMPLETING),
    e.ElementCompleted(2, scope_completed=True),
    e.ElementRemoved(2),
    e.VariablesDropped(1, (10,)),
    e.ElementMoved(1, Phase.END, 0, Life.COMPLETING),
    e.ElementCompleted(1, scope_completed=True),
    e.ElementRemoved(1),
    e.InstanceEnded(1, "COMPLETED"),
]


def tell(
    storage: Storage,
    events: Iterable[e.Event],
    time: datetime = NOW,
    level: HistoryLevel = HistoryLevel.FULL,
    user: str | None = None,
    **facts: Any,
) -> None:
    with storage.transaction() as tx:
        state = State(tx)
        history = HistoryBatch(level, tx.new_key, lambda _: DefinitionFacts(**facts), "host")
        told = list(events)
        for event in told:
            for name in event.__struct_fields__:  # a change is made to what was read before
                if isinstance(record := getattr(event, name), TABLES):
                    state.get(type(record), record.key)
            apply(state, event)
        history.project(e.Stamp(time, user), told, state)
        tx.save(state.changes(), history)


def rows(storage: Storage, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    with storage.read() as connection:
        found = connection.execute(select(*(table.c[c] for c in columns)).order_by(table.c.key))
        return [tuple(row) for row in found]


@pytest.mark.parametrize("batches", [1, 2])
def test_one_batch_or_two_tell_the_same(storage: Storage, batches: int) -> None:
    if batches == 1:
        with storage.transaction() as tx:
            state, history = State(tx), HistoryBatch(HistoryLevel.FULL, tx.new_key)
            for time, events in ((NOW, BEGIN), (LATER, END)):
                for event in events:
                    apply(state, event)
                    history.project(e.Stamp(time), [event], state)
            tx.save(state.changes(), history)
    else:
        tell(storage, BEGIN)
        tell(storage, END, LATER)
    now, later = millis(NOW), millis(LATER)
    assert rows(
        storage,
        schema.history_instance,
        "key",
        "root",
        "process_id",
        "tenant",
        "state",
        "started",
        "ended",
        "duration",
        "end_node",
    ) == [(1, 1, "p", "t", "COMPLETED", now, later, 5000, "review")]
    assert rows(
        storage, schema.history_activity, "key", "instance", "parent", "node", "type", "started", "duration", "canceled",
        "scope_completed", "task", "assignee",
    ) == [(2, 1, 1, "review", "userTask", now, 5000, False, True, 20, "ann")]  # fmt: skip
    assert rows(storage, schema.history_task, "key", "name", "assignee", "delete_reason", "state", "duration") == [
        (20, "Review", "ann", "completed", "Completed", 5000)
    ]
    assert rows(storage, schema.history_variable, "key", "name", "type", "long_value", "state", "created") == [
        (10, "x", "Integer", 1, "CREATED", now)
    ]
    assert rows(storage, schema.history_detail, "kind", "variable", "activity", "long_value", "initial") == [
        ("variableUpdate", 10, 1, 1, True)
    ]
    with storage.transaction() as tx:
        assert [tx.find(table, "1 = 1") for table in (Instance, Element, Variable, Task)][:3] == [[], [], []]


@pytest.mark.parametrize(
    ("level", "counts"),
    [
        (HistoryLevel.NONE, (0, 0, 0, 0, 0)),
        (HistoryLevel.ACTIVITY, (1, 1, 1, 0, 0)),
        (HistoryLevel.AUDIT, (1, 1, 1, 1, 0)),
        (HistoryLevel.FULL, (1, 1, 1, 1, 1)),
    ],
)
def test_levels(storage: Storage, level: HistoryLevel, counts: tuple[int, ...]) -> None:
    tell(storage, BEGIN, level=level)
    tell(storage, END, level=level)
    tables = (
        schema.history_instance,
        schema.history_activity,
        schema.history_task,
        schema.history_variable,
        schema.history_detail,
    )
    assert tuple(len(rows(storage, table, "key")) for table in tables) == counts


def test_a_deleted_variable_keeps_its_last_value(storage: Storage) -> None:
    tell(storage, BEGIN)
    tell(storage, [e.VariableSet(Variable(10, 1, 1, "x", "String", "y" * 9000, revision=1), False)])
    tell(storage, [e.VariableRemoved(10, 1, "x")])
    found = rows(storage, schema.history_variable, "state", "type", "form", "long_value", "big", "revision")
    assert [row[:4] for row in found] == [("DELETED", "String", "str", None)]
    assert rows(storage, schema.big_value, "key", "owner", "instance") == [(found[0][4], 10, 1)]
    assert rows(storage, schema.history_detail, "big", "form", "revision") == [
        (None, "int", 0),
        (found[0][4], "str", 1),
        (None, "null", 2),
    ]


@pytest.mark.parametrize(("level", "kept"), [(HistoryLevel.NONE, 0), (HistoryLevel.AUDIT, 1), (HistoryLevel.FULL, 2)])
def test_big_contents_go_with_their_last_reader(storage: Storage, level: HistoryLevel, kept: int) -> None:
    first = Variable(10, 1, 1, "x", "String", "x" * 9000)
    tell(storage, [*BEGIN[:2], e.VariableSet(first, True)], level=level)
    tell(storage, [e.VariableSet(replace(first, value="y" * 9000, revision=1), False)], level=level)
    assert len(rows(storage, schema.big_value, "key")) == max(kept, 1)
    tell(storage, [e.VariablesDropped(1, (10,))], level=level)
    assert len(rows(storage, schema.big_value, "key")) == kept


def test_a_cancelled_activity(storage: Storage) -> None:
    tell(storage, BEGIN)
    events = [e.ElementTerminated(2), e.ElementRemoved(2), e.InstanceEnded(1, "EXTERNALLY_TERMINATED", "stop")]
    tell(storage, events, LATER)
    assert rows(storage, schema.history_activity, "canceled", "ended") == [(True, millis(LATER))]
    assert rows(storage, schema.history_instance, "state", "delete_reason", "end_node") == [
        ("EXTERNALLY_TERMINATED", "stop", None)
    ]


def test_removal_time_is_set_at_the_end_of_the_root(storage: Storage) -> None:
    tell(storage, BEGIN)
    tell(storage, END, LATER, time_to_live=2)
    expected = millis(LATER) + 2 * 86_400_000
    assert rows(storage, schema.history_instance, "removal_time") == [(expected,)]
    for table in (schema.history_activity, schema.history_variable, schema.history_detail):
        with storage.read() as connection:
            assert connection.execute(select(columns_of(table)["removal_time"])).all() == [(expected,)]


def test_changes_of_instances(storage: Storage) -> None:
    tell(storage, BEGIN)
    tell(storage, [e.InstanceSuspensionChanged(1, True), e.BusinessKeyChanged(1, "c")], user="eve")
    assert rows(storage, schema.history_instance, "state", "business_key") == [("SUSPENDED", "c")]


def test_changes_of_tasks(storage: Storage) -> None:
    tell(storage, BEGIN)
    tell(
        storage,
        [
            e.TaskChanged(replace(TASK, assignee="bob"), "Assign", {"assignee": ("ann", "bob")}),
            e.LinkAdded(IdentityLink(30, 20, "candidate", group="staff")),
        ],
        user="eve",
    )
    assert rows(storage, schema.history_task, "assignee") == [("bob",)]
    assert rows(storage, schema.history_activity, "assignee") == [("bob",)]
    assert rows(storage, schema.history_link, "operation", "type", "user_id", "group_id", "assigner") == [
        ("add", "assignee", "ann", None, None),
        ("delete", "assignee", "ann", None, "eve"),
        ("add", "assignee", "bob", None, "eve"),
        ("add", "candidate", None, "staff", "eve"),
    ]
    assert rows(storage, schema.operation_log, "operation_type", "property", "old_value", "new_value", "task") == [
        ("Assign", "assignee", "ann", "bob", 20)
    ]


def test_the_job_log_and_its_incident(storage: Storage) -> None:
    job = Job(40, "async-continuation", "review", 7, 8, NOW, instance=1, element=2, process_id="p", configuration="c")
    failed = replace(job, retries=0, error_message="no", stacktrace="at", failed_node="review")
    incident = Incident(50, "failedJob", 1, 2, 7, "review", NOW, "no", "40")
    tell(storage, [*BEGIN, e.JobCreated(job)], deployment=3)
    tell(storage, [e.JobChanged(failed, failed=True, retries_before=1), e.IncidentRaised(incident)])
    tell(storage, [e.JobChanged(job), e.IncidentEnded(50, resolved=True), e.JobEnded(job, "successful")], LATER)
    log = rows(storage, schema.history_job_log, "key", "state", "retries", "error_message", "deployment", "hostname")
    assert [row[1:] for row in log] == [
        ("created", 3, None, 3, "host"),
        ("failed", 1, "no", None, "host"),
        ("successful", 3, None, None, "host"),
    ]
    assert rows(storage, schema.history_incident, "state", "ended", "duration", "history_configuration", "cause") == [
        ("resolved", millis(LATER), 5000, str(log[1][0]), 50)
    ]


def test_the_external_task_log(storage: Storage) -> None:
    external = External(60, 1, 2, 7, "p", "review", "t", NOW)
    failed = replace(external, retries=2, worker="w", error_message="no", error_details="why")
    tell(storage, [*BEGIN, e.ExternalCreated(external)])
    tell(storage, [e.ExternalChanged(failed, failed=True), e.ExternalEnded(failed, "deleted")])
    assert rows(
        storage, schema.history_external_log, "state", "worker", "retries", "error_message", "error_details"
    ) == [
        ("created", None, None, None, None),
        ("failed", "w", None, "no", "why"),
        ("deleted", "w", 2, None, None),
    ]


def test_a_decision_with_inputs_and_outputs(storage: Storage) -> None:
    inputs = (e.DecisionInput("i", "In", "Integer", 5),)
    outputs = (e.DecisionOutput("o", "Out", "r", 1, "v", "String", "green"),)
    event = e.DecisionEvaluated(
        70, 71, "d", "Decision", None, None, None, inputs, outputs, instance=1, element=2, node="review"
    )
    tell(storage, [*BEGIN, event])
    assert rows(storage, schema.history_decision, "key", "decision_id", "root", "root_decision", "node") == [
        (70, "d", 1, None, "review")
    ]
    assert rows(storage, schema.history_decision_input, "decision_instance", "clause_id", "long_value") == [
        (70, "i", 5)
    ]
    assert rows(storage, schema.history_decision_output, "rule_id", "rule_order", "text_value") == [("r", 1, "green")]


def test_of_every_event_it_is_said_how_it_is_told() -> None:
    assert set(TELL) == set(get_args(e.Event))


def test_many_at_once_are_told_like_one(storage: Storage) -> None:
    keys = range(100, 140, 2)
    begin: list[e.Event] = []
    for key in keys:
        begin += [
            e.InstanceStarted(replace(INSTANCE, key=key, root=key), "start"),
            e.ElementCreated(Element(key, key, None, "p", Life.ACTIVE, Phase.EXECUTE), 7),
            e.ElementCreated(Element(key + 1, key, key, "review"), 7),
            e.ElementEntered(key + 1, "userTask", 'a "quoted"\ttext \\N'),
        ]
    tell(storage, begin)
    tell(storage, [e.ElementTerminated(key + 1) for key in keys], LATER)
    assert rows(storage, schema.history_activity, "key", "name", "duration", "canceled") == [
        (key + 1, 'a "quoted"\ttext \\N', 5000, True) for key in keys
    ]
