"""Procession inside Django: rows and processes commit together, on the same database."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from procession import django as procession
from procession.engine import commands as ec
from procession.errors import Missing
from tests.engine.models import USER, external, row, wait

pytestmark = pytest.mark.usefixtures("project")


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        return int(cursor.fetchone()[0])


def write(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO own (number) VALUES ({number})")


def test_migrate_made_the_tables_of_the_engine() -> None:
    assert (count("instance"), count("history_instance")) == (0, 0)


def test_a_row_and_its_process_commit_together() -> None:
    procession.deploy(("p.bpmn", row(USER)))
    with transaction.atomic():
        write(1)
        started = procession.start_process("p", {"amount": 12, "text": "x" * 9000}, business_key="order-1")
        assert count("instance") == 1
    assert (count("own"), count("instance")) == (1, 1)
    with procession.get_engine().storage.read() as reading:
        found = reading.exec_driver_sql("SELECT key, business_key FROM instance").one()
    assert tuple(found) == (started.instance, "order-1")


def test_a_row_and_its_process_are_rolled_back_together() -> None:
    procession.deploy(("p.bpmn", row(USER)))
    with transaction.atomic():
        write(1)
        procession.start_process("p")
        transaction.set_rollback(True)
    assert [count(table) for table in ("own", "instance", "task", "history_instance")] == [0, 0, 0, 0]


def test_a_savepoint_takes_back_its_process_alone() -> None:
    procession.deploy(("p.bpmn", row(USER)))
    with transaction.atomic():
        procession.start_process("p")
        with transaction.atomic():
            procession.start_process("p")
            transaction.set_rollback(True)
    assert count("instance") == 1


def test_a_command_that_fails_leaves_the_transaction_usable() -> None:
    with transaction.atomic():
        write(1)
        with pytest.raises(Missing):
            procession.start_process("nothing")
        write(2)
    assert count("own") == 2


def test_a_whole_process_in_one_transaction() -> None:
    catch = '<intermediateCatchEvent id="m"><messageEventDefinition messageRef="M"/></intermediateCatchEvent>'
    with transaction.atomic():
        procession.deploy(("p.bpmn", row(USER, catch)))
        procession.start_process("p", business_key="k")
        with connection.cursor() as cursor:
            cursor.execute("SELECT key FROM task")
            (task,) = cursor.fetchone()
        procession.complete_task(task, {"done": True})
        (went,) = procession.correlate_message("M", business_key="k", variables={"more": 1})
    assert went.started is None
    assert (count("instance"), count("history_instance")) == (0, 1)


def test_workers_hear_of_it_after_the_commit() -> None:
    procession.deploy(("p.bpmn", row(external())))
    bell = procession.get_engine().externals_bell
    heard = bell.rings
    with transaction.atomic():
        procession.start_process("p")
        assert bell.rings == heard
    assert bell.rings == heard + 1


def test_who_did_it_is_in_the_operation_log() -> None:
    procession.deploy(("p.bpmn", row(USER)))
    with transaction.atomic():
        procession.start_process("p", user="ada")
    with connection.cursor() as cursor:
        cursor.execute('SELECT start_user FROM "history_instance"')
        assert cursor.fetchone() == ("ada",)


def test_due_timers_run_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    procession.deploy(("p.bpmn", row(wait("t", "PT1H"))))
    procession.start_process("p")
    engine = procession.get_engine()
    engine.clock.shift(timedelta(hours=2))
    assert engine.jobs.run_due() == 1
    assert count("instance") == 0
    call_command("run_procession_jobs", once=True)
    assert "0 jobs run" in capsys.readouterr().out


def test_a_forked_child_has_an_engine_of_its_own() -> None:
    here = procession.get_engine()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        from procession.django import engines

        os.write(writing, b"none" if engines._held is None else b"shared")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"none"
    assert procession.get_engine() is here


def test_definitions_are_changed_outside_of_transactions() -> None:
    deployed = procession.deploy(("p.bpmn", row(USER)))
    procession.get_engine().submit(ec.DeleteDeployment(deployed.key))
    with pytest.raises(Missing):
        procession.start_process("p")
