"""Deleting history: of a process definition, of process instances; and everything, for tests. What it deletes is gone for good."""

from __future__ import annotations

from collections.abc import Sequence

from procession.storage import schema
from procession.storage.drivers import Driver

DAY = 24 * 60 * 60 * 1000

_BY_INSTANCE = (
    schema.history_activity,
    schema.history_task,
    schema.history_variable,
    schema.history_detail,
    schema.history_incident,
    schema.history_job_log,
    schema.history_external_log,
    schema.history_decision,
    schema.operation_log,
)

KEPT = (schema.node, schema.property_)
"""What belongs to the installation stays: node numbers above all, for keys are never used again, not even by a test."""


def delete_history(driver: Driver, definition: int) -> None:
    """Deletes the history of every instance of a process definition."""
    rows = driver.rows("SELECT key FROM history_instance WHERE definition = ?", [definition])
    delete_instances(driver, [key for (key,) in rows])


def delete_variables(driver: Driver, where: str, key: int) -> None:
    """Deletes the history of variables: of one (`key`), or of all of an `instance`."""
    found = driver.rows(f"SELECT key FROM history_variable WHERE {where} = ?", [key])
    keys = [one for (one,) in found]
    driver.run("DELETE FROM history_detail WHERE variable IN ??", [keys])
    driver.run("DELETE FROM history_variable WHERE key IN ??", [keys])


def annotate_operation(driver: Driver, operation: str, annotation: str | None) -> int:
    """Writes a note on the entries of one operation of the user operation log; on how many."""
    return driver.run("UPDATE operation_log SET annotation = ? WHERE operation = ?", [annotation, operation])


def delete_decisions(driver: Driver, definitions: Sequence[int]) -> None:
    """Deletes every evaluation of decision definitions, in processes and outside of them."""
    found = driver.rows("SELECT key FROM history_decision WHERE decision IN ??", [list(definitions)])
    keys = [key for (key,) in found]
    if keys:
        driver.run("DELETE FROM history_decision_input WHERE decision_instance IN ??", [keys])
        driver.run("DELETE FROM history_decision_output WHERE decision_instance IN ??", [keys])
        driver.run("DELETE FROM history_decision WHERE key IN ??", [keys])


def delete_decision_instances(driver: Driver, instances: Sequence[int]) -> None:
    """Deletes evaluations of decisions, with those of the decisions that they required."""
    found = driver.rows(
        "SELECT key FROM history_decision WHERE key IN ?? OR root_decision IN ??", [list(instances)] * 2
    )
    keys = [key for (key,) in found]
    if keys:
        driver.run("DELETE FROM history_decision_input WHERE decision_instance IN ??", [keys])
        driver.run("DELETE FROM history_decision_output WHERE decision_instance IN ??", [keys])
        driver.run("DELETE FROM history_decision WHERE key IN ??", [keys])


def delete_batches(driver: Driver, batches: Sequence[int]) -> None:
    """Deletes the history of batches, with the log of their jobs."""
    names = [str(key) for key in batches]
    driver.run("DELETE FROM history_job_log WHERE configuration IN ?? AND node IS NULL", [names])
    driver.run("DELETE FROM history_batch_item WHERE batch IN ??", [list(batches)])
    driver.run("DELETE FROM history_batch WHERE key IN ??", [list(batches)])


def count_expired(driver: Driver, now: int) -> int:
    """How many process instances have a time of removal that has come (milliseconds since 1970), called ones included."""
    ((number,),) = driver.rows(
        "SELECT count(*) FROM history_instance h WHERE h.root IN "
        "(SELECT e.key FROM history_instance e WHERE e.removal_time <= ?)",
        [now],
    )
    return int(number)


def remove_expired(driver: Driver, now: int, roots: int) -> int:
    """Deletes the history of up to so many root instances whose time has come, the longest due first, with all that they
    called; how many process instances. What another node is removing is left to it."""
    found = driver.rows(
        "SELECT key FROM history_instance WHERE removal_time <= ? ORDER BY removal_time LIMIT ? {skip locked}",
        [now, roots],
    )
    if not found:
        return 0
    due = [key for (key,) in found]
    # one that was called may have a time of its own, by a batch
    keys = [key for (key,) in driver.rows("SELECT key FROM history_instance WHERE root IN ?? OR key IN ??", [due, due])]
    delete_instances(driver, keys)
    return len(keys)


def remove_expired_others(driver: Driver, now: int, most: int) -> int:
    """Deletes up to so many evaluations of decisions outside of processes, and as many batches, whose time has come."""
    found = driver.rows(
        "SELECT key FROM history_decision WHERE removal_time <= ? AND instance IS NULL ORDER BY removal_time LIMIT ?",
        [now, most],
    )
    if found:
        delete_decision_instances(driver, [key for (key,) in found])
    ended = driver.rows(
        "SELECT key FROM history_batch WHERE removal_time <= ? ORDER BY removal_time LIMIT ?", [now, most]
    )
    if ended:
        delete_batches(driver, [key for (key,) in ended])
    return len(found) + len(ended)


# ---------------------------------------------------------------- when it is to go


def set_instances_removal(
    driver: Driver, instances: Sequence[int], time: int | None, *, calculated: bool, hierarchical: bool
) -> None:
    """Sets when the history of instances is removed: at `time`, never (None), or `calculated` from the end of each and the
    time to live of its definition. `hierarchical` sets it for everything around and below it too."""
    for key in instances:
        own = driver.rows(
            "SELECT h.root, h.ended, d.history_ttl FROM history_instance h "
            "LEFT JOIN process_definition d ON d.key = h.definition WHERE h.key = ?",
            [key],
        )
        for root, ended, days in own:
            at = _calculated(ended, days) if calculated else time
            which = "root = ?" if hierarchical else "key = ?"
            driver.run(
                f"UPDATE history_instance SET removal_time = ? WHERE {which}", [at, root if hierarchical else key]
            )


def set_decisions_removal(
    driver: Driver, instances: Sequence[int], time: int | None, *, calculated: bool, hierarchical: bool
) -> None:
    """As `set_instances_removal`, for evaluations of decisions; the time counts from the evaluation."""
    for key in instances:
        own = driver.rows(
            "SELECT h.root_decision, h.time, d.history_ttl FROM history_decision h "
            "LEFT JOIN decision_definition d ON d.key = h.decision WHERE h.key = ?",
            [key],
        )
        for root, evaluated, days in own:
            at = _calculated(evaluated, days) if calculated else time
            top = (root or key) if hierarchical else key
            which = "key = ? OR root_decision = ?" if hierarchical else "key = ?"
            keys = [top, top] if hierarchical else [top]
            driver.run(f"UPDATE history_decision SET removal_time = ? WHERE {which}", [at, *keys])


def set_batches_removal(driver: Driver, batches: Sequence[int], time: int | None) -> None:
    """Sets when the history of batches is removed; None for never."""
    driver.run("UPDATE history_batch SET removal_time = ? WHERE key IN ??", [time, list(batches)])


def _calculated(since: int | None, days: int | None) -> int | None:
    return None if since is None or days is None else since + days * DAY


def delete_instances(driver: Driver, instances: Sequence[int]) -> None:
    """Deletes the history of process instances."""
    keys = list(instances)
    for table in (schema.history_decision_input, schema.history_decision_output):
        decisions = "SELECT key FROM history_decision WHERE instance IN ??"
        driver.run(f'DELETE FROM "{table.name}" WHERE decision_instance IN ({decisions})', [keys])
    driver.run("DELETE FROM history_link WHERE task IN (SELECT key FROM history_task WHERE instance IN ??)", [keys])
    for table in _BY_INSTANCE:
        driver.run(f'DELETE FROM "{table.name}" WHERE instance IN ??', [keys])
    driver.run("DELETE FROM big_value WHERE instance IN ??", [keys])
    driver.run("DELETE FROM history_instance WHERE key IN ??", [keys])


def empty(driver: Driver) -> dict[str, int]:
    """A clean slate, for tests: deletes every row of every table but `KEPT`; how many, by table."""
    deleted = {}
    for table in reversed(schema.metadata.sorted_tables):
        if table not in KEPT:
            deleted[table.name] = driver.run(f'DELETE FROM "{table.name}"')
    return {name: count for name, count in deleted.items() if count > 0}
