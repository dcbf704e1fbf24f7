"""Batches on both databases: seeds of a hundred, jobs that fail, the monitor's end, and that nothing is left."""

from __future__ import annotations

from procession.engine import batch_work
from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from procession.kernel.records import Batch
from procession.values import TypedValue
from tests.engine.looking import count, later, one, past_variables, rows, state
from tests.engine.models import USER, row


def instances(engine: Engine, number: int) -> list[int]:
    engine.deploy(("p.bpmn", row(USER)))
    return [engine.start_process("p").instance for _ in range(number)]


def run_all(engine: Engine) -> int:
    """Runs what is due, then what becomes due with the monitor's next look."""
    return later(engine) + later(engine, seconds=31)


def test_a_seed_makes_a_hundred_jobs_at_a_time(engine: Engine) -> None:
    found = instances(engine, 3)
    items = (*found, *range(1, 248))
    work = {"reason": "over", "skip_listeners": False, "skip_mappings": False}
    batch: Batch = engine.submit(ec.CreateBatch(batch_work.DELETION, items, work))
    assert (batch.total, batch.made) == (250, 0)
    for made in (100, 200, 250):
        seeds = one(engine, "SELECT key FROM job WHERE kind = 'batch-seed-job'")
        engine.run_job(seeds)
        assert one(engine, "SELECT made FROM batch") == made
    assert count(engine, "job", "kind = 'instance-deletion'") == 250
    run_all(engine)
    assert [state(engine, key) for key in found] == ["EXTERNALLY_TERMINATED"] * 3
    assert count(engine, "batch") == count(engine, "job") == 0
    assert count(engine, "job_definition", "definition IS NULL") == 0
    assert count(engine, "history_batch", "ended IS NOT NULL AND executed IS NOT NULL") == 1


def test_several_items_in_one_job(engine: Engine) -> None:
    found = instances(engine, 5)
    batch = engine.submit(ec.CreateBatch(batch_work.SUSPENSION, tuple(found), {"suspended": True}, per_job=2))
    assert batch.total == 3
    run_all(engine)
    assert count(engine, "instance", "suspended") == 5


def test_a_failed_job_keeps_its_batch_open(engine: Engine) -> None:
    (found,) = instances(engine, 1)
    work = {"variables": {"x": TypedValue("Integer", 1)}}
    engine.submit(ec.CreateBatch(batch_work.VARIABLES, (found, 77), work))
    for _ in range(3):
        run_all(engine)
    assert count(engine, "job", "kind = 'set-variables' AND retries = 0") == 1
    assert count(engine, "batch") == 1
    engine.submit(c.DeleteJob(one(engine, "SELECT key FROM job WHERE kind = 'set-variables'")))
    later(engine, seconds=31)
    run_all(engine)
    assert count(engine, "batch") == 0
    engine.submit(c.CancelInstance(found))
    assert past_variables(engine, found) == {"x": "Integer"}


def test_a_suspended_batch_rests(engine: Engine) -> None:
    found = instances(engine, 1)
    batch = engine.submit(ec.CreateBatch(batch_work.SUSPENSION, tuple(found), {"suspended": True}))
    engine.submit(ec.SuspendBatch(batch.key, True))
    assert run_all(engine) == 0
    engine.submit(ec.SuspendBatch(batch.key, False))
    run_all(engine)
    assert count(engine, "instance", "suspended") == 1


def test_a_deleted_batch_leaves_nothing_but_what_it_did(engine: Engine) -> None:
    found = instances(engine, 1)
    batch = engine.submit(ec.CreateBatch(batch_work.SUSPENSION, tuple(found), {"suspended": True}))
    engine.submit(ec.DeleteBatch(batch.key))
    assert count(engine, "batch") == count(engine, "job") == 0
    assert count(engine, "history_batch", "ended IS NOT NULL") == 1


def test_who_began_a_batch_is_in_the_log(engine: Engine) -> None:
    found = instances(engine, 2)
    engine.submit(ec.CreateBatch(batch_work.SUSPENSION, tuple(found), {"suspended": True}), user="kermit")
    said = rows(
        engine,
        "SELECT user_id, operation_type, property, new_value FROM operation_log WHERE user_id IS NOT NULL ORDER BY key",
    )
    assert [tuple(x) for x in said] == [
        ("kermit", "SuspendJob", "nrOfInstances", "2"),
        ("kermit", "SuspendJob", "async", "true"),
    ]
