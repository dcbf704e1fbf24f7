"""What `Engine.deploy` promises: versions, duplicates, problems, and who waits to start an instance."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import ExecutionFailed, Invalid, Missing, ParseFailed, ProcessionError
from tests.engine.conftest import Opener
from tests.engine.looking import count, later, left_over, nodes, one, rows, state, task, values
from tests.engine.models import USER, expression, file, process, row, timer

MESSAGE_START = '<startEvent id="s"><messageEventDefinition messageRef="M"/></startEvent>'
A, B = row(USER, id_="a"), row(USER, id_="b")


def timer_start(text: str, kind: str = "Duration") -> str:
    return f'<startEvent id="s">{timer(kind, text)}</startEvent>'


def versions(engine: Engine, id_: str = "p") -> list[int]:
    return [
        v for (v,) in rows(engine, "SELECT version FROM process_definition WHERE process_id = ? ORDER BY version", id_)
    ]


def test_versions_are_contiguous(engine: Engine) -> None:
    for _ in range(3):
        engine.deploy(("p.bpmn", row(USER)))
    assert versions(engine) == [1, 2, 3]


def test_versions_are_counted_per_tenant(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    engine.deploy(("p.bpmn", row(USER)), tenant="t")
    assert versions(engine) == [1, 1]


@pytest.mark.fault(18)
def test_versions_are_contiguous_when_several_deploy_at_once(opener: Opener) -> None:
    engines = [opener(), opener()]
    work = [threading.Thread(target=one_.deploy, args=(("p.bpmn", row(USER)),)) for one_ in engines * 4]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert versions(engines[0]) == list(range(1, 9))


def test_a_deployment_answers_with_what_it_made(engine: Engine) -> None:
    deployed = engine.deploy(("a.bpmn", A), ("form.html", b"<form/>"), name="first", source="here")
    (made,) = deployed.processes
    assert (deployed.name, deployed.source, made["process_id"], made["version"]) == ("first", "here", "a", 1)
    assert made["id"] == f"a:1:{made['key']}"
    assert count(engine, "resource") == 2


def test_an_id_above_64_characters_is_the_bare_key(engine: Engine) -> None:
    (made,) = engine.deploy(("p.bpmn", row(USER, id_="p" * 60))).processes
    assert made["id"] == str(made["key"])


def test_several_processes_of_one_file_are_deployed(engine: Engine) -> None:
    other = process('<userTask id="u2"/>', id_="b", start='<startEvent id="s2"/>', end='<endEvent id="e2"/>')
    engine.deploy(("both.bpmn", file(process(USER, id_="a"), other)))
    assert (versions(engine, "a"), versions(engine, "b")) == ([1], [1])


def test_one_process_twice_is_refused(engine: Engine) -> None:
    with pytest.raises(ProcessionError, match="same key 'a'"):
        engine.deploy(("1.bpmn", A), ("2.bpmn", A))
    assert count(engine, "deployment") == 0


def test_nothing_to_deploy_is_refused(engine: Engine) -> None:
    with pytest.raises(Invalid, match="No deployment resources"):
        engine.deploy()


# ---------------------------------------------------------------- duplicates


@pytest.mark.fault(18)
def test_a_duplicate_is_not_deployed_again(engine: Engine) -> None:
    first = engine.deploy(("a.bpmn", A), name="n", filter_duplicates=True)
    again = engine.deploy(("a.bpmn", A), name="n", filter_duplicates=True)
    assert (again.key, again.processes) == (first.key, ())
    assert versions(engine, "a") == [1]


def test_a_duplicate_of_another_name_is_deployed(engine: Engine) -> None:
    engine.deploy(("a.bpmn", A), name="n", filter_duplicates=True)
    engine.deploy(("a.bpmn", A), name="m", filter_duplicates=True)
    assert versions(engine, "a") == [1, 2]


def test_a_duplicate_of_another_tenant_is_deployed(engine: Engine) -> None:
    engine.deploy(("a.bpmn", A), name="n", filter_duplicates=True)
    engine.deploy(("a.bpmn", A), name="n", filter_duplicates=True, tenant="t")
    assert count(engine, "deployment") == 2


def test_one_change_deploys_everything_anew(engine: Engine) -> None:
    engine.deploy(("a.bpmn", A), ("b.bpmn", B), name="n", filter_duplicates=True)
    engine.deploy(("a.bpmn", A), ("b.bpmn", B + b" "), name="n", filter_duplicates=True)
    assert (versions(engine, "a"), versions(engine, "b")) == ([1, 2], [1, 2])


def test_changed_only_deploys_what_changed(engine: Engine) -> None:
    engine.deploy(("a.bpmn", A), ("b.bpmn", B), name="n", filter_duplicates=True, changed_only=True)
    engine.deploy(("a.bpmn", A), ("b.bpmn", B + b" "), name="n", filter_duplicates=True, changed_only=True)
    assert (versions(engine, "a"), versions(engine, "b")) == ([1], [1, 2])


def test_changed_only_remembers_what_older_deployments_brought(engine: Engine) -> None:
    for b in (B, B + b" ", B + b" "):
        engine.deploy(("a.bpmn", A), ("b.bpmn", b), name="n", filter_duplicates=True, changed_only=True)
    assert (versions(engine, "a"), versions(engine, "b")) == ([1], [1, 2])


# ---------------------------------------------------------------- problems


def test_all_problems_of_all_resources_are_reported_at_once(engine: Engine) -> None:
    broken = row('<serviceTask id="x"/>', '<serviceTask id="y"/>', id_="a")
    with pytest.raises(ParseFailed) as failed:
        engine.deploy(("1.bpmn", broken), ("2.bpmn", row('<serviceTask id="z"/>', id_="b")), ("good.bpmn", row(USER)))
    blamed = [(p.resource, p.elements[0]) for p in failed.value.problems]
    assert blamed == [("1.bpmn", "x"), ("1.bpmn", "y"), ("2.bpmn", "z")]
    assert all(problem.line for problem in failed.value.problems)


def test_what_ends_the_reading_in_camunda_ends_it_here(engine: Engine) -> None:
    broken = row('<serviceTask id="x"/>', id_="a")
    with pytest.raises(ParseFailed) as failed:
        engine.deploy(("1.bpmn", broken), ("2.bpmn", row(expression("z", "${"), id_="b")))
    assert {p.resource for p in failed.value.problems} == {"2.bpmn"}


def test_a_failed_deployment_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ParseFailed):
        engine.deploy(("good.bpmn", row(USER)), ("bad.bpmn", b"<definitions"))
    assert [count(engine, table) for table in ("deployment", "resource", "process_definition")] == [0, 0, 0]


# ---------------------------------------------------------------- starts


def test_a_new_version_takes_over_the_message_start(engine: Engine) -> None:
    for _ in range(2):
        engine.deploy(("p.bpmn", row(USER, start=MESSAGE_START)))
    (met,) = engine.submit(ec.CorrelateMessage("M"))
    assert met.started.definition_id.startswith("p:2:")
    assert count(engine, "event_subscription") == 1


def test_a_new_version_takes_over_the_timer_start(engine: Engine) -> None:
    for _ in range(2):
        engine.deploy(("p.bpmn", row(USER, start=timer_start("PT1H"))))
    assert count(engine, "job") == 1
    assert later(engine, hours=2) == 1
    assert one(engine, "SELECT d.version FROM instance i JOIN process_definition d ON d.key = i.definition") == 2


def test_a_new_version_without_them_ends_the_starts(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, start=timer_start("PT1H"))))
    engine.deploy(("p.bpmn", row(USER)))
    assert count(engine, "job") == 0


def test_deleting_the_newest_version_gives_its_starts_back(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, start=MESSAGE_START)))
    second = engine.deploy(("p.bpmn", row(USER, start=timer_start("PT1H"))))
    engine.submit(ec.DeleteDeployment(second.key))
    (met,) = engine.submit(ec.CorrelateMessage("M"))
    assert met.started.definition_id.startswith("p:1:")
    assert count(engine, "job") == 0


def test_deleting_an_older_version_leaves_the_starts(engine: Engine) -> None:
    first = engine.deploy(("p.bpmn", row(USER, start=MESSAGE_START)))
    engine.deploy(("p.bpmn", row(USER, start=MESSAGE_START)))
    engine.submit(ec.DeleteDeployment(first.key))
    (met,) = engine.submit(ec.CorrelateMessage("M"))
    assert met.started.definition_id.startswith("p:2:")


def test_a_message_start_that_another_process_holds_is_refused(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, start=MESSAGE_START)))
    with pytest.raises(ProcessionError, match="subscription for the message with name 'M'"):
        engine.deploy(("q.bpmn", row(USER, id_="q", start=MESSAGE_START)))
    assert count(engine, "deployment") == 1


def test_a_message_start_of_another_tenant_is_no_obstacle(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, start=MESSAGE_START)))
    engine.deploy(("q.bpmn", row(USER, id_="q", start=MESSAGE_START)), tenant="t")
    assert count(engine, "event_subscription") == 2


def test_a_start_timer_that_repeats_starts_as_often(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, start=timer_start("R3/PT10M", "Cycle"))))
    started = []
    for _ in range(5):
        later(engine, minutes=10)
        started.append(count(engine, "instance"))
    assert started == [1, 2, 3, 3, 3]


# ---------------------------------------------------------------- deleting


def test_running_instances_keep_a_deployment(engine: Engine) -> None:
    deployed = engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p").instance
    with pytest.raises(ExecutionFailed, match="without cascading failed"):
        engine.submit(ec.DeleteDeployment(deployed.key))
    assert nodes(engine, instance) == ["u"]


def test_cascade_deletes_instances_and_their_history(engine: Engine) -> None:
    deployed = engine.deploy(("p.bpmn", row(USER)))
    ended, running = engine.start_process("p").instance, engine.start_process("p").instance
    engine.complete_task(task(engine, instance=ended))
    assert state(engine, ended) == "COMPLETED"
    engine.submit(ec.DeleteDeployment(deployed.key, cascade=True))
    assert left_over(engine) == {}
    assert count(engine, "history_instance", "key IN ??", [ended, running]) == 0
    assert count(engine, "process_definition") == 0


def test_without_cascade_history_stays(engine: Engine) -> None:
    deployed = engine.deploy(("p.bpmn", row()))
    engine.start_process("p")
    engine.submit(ec.DeleteDeployment(deployed.key))
    assert count(engine, "history_instance") == 1


def test_what_was_deleted_cannot_be_started_in_any_engine(opener: Opener) -> None:
    one_, other = opener(), opener()
    deployed = one_.deploy(("p.bpmn", row(USER)))
    other.start_process("p")
    one_.submit(ec.DeleteDeployment(deployed.key, cascade=True))
    with pytest.raises(Missing, match="no processes deployed with key 'p'"):
        other.start_process("p")


def test_another_engine_starts_the_new_version_at_once(opener: Opener) -> None:
    one_, other = opener(), opener()
    one_.deploy(("p.bpmn", row(USER)))
    other.start_process("p")
    one_.deploy(("p.bpmn", row('<userTask id="v"/>')))
    assert nodes(other, other.start_process("p").instance) == ["v"]


def test_running_instances_stay_on_their_version(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p").instance
    engine.deploy(("p.bpmn", row('<userTask id="v"/>')))
    engine.complete_task(task(engine))
    assert state(engine, instance) == "COMPLETED"


def test_an_unknown_deployment_is_missing(engine: Engine) -> None:
    with pytest.raises(Missing):
        engine.submit(ec.DeleteDeployment(1))


def test_the_deployment_time_is_the_engines(engine: Engine) -> None:
    engine.clock.freeze(engine.clock() - timedelta(days=1))
    assert engine.deploy(("p.bpmn", row(USER))).time == engine.clock()


def test_variables_reach_a_started_version_by_id(engine: Engine) -> None:
    for _ in range(2):
        engine.deploy(("p.bpmn", row(USER)))
    id_ = one(engine, "SELECT id FROM process_definition WHERE version = 1")
    started = engine.submit(ec.StartProcess(id=id_, variables=values(a=1)))
    assert started.definition_id == id_
