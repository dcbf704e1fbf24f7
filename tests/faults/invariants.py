"""What must hold in a database after any fault, once every instance has ended.

Every instance ended exactly once; each token was at each node as often as the model says; nothing is left in the tables of
what runs; each external task, job and human task was done once; history is whole; what was acknowledged is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from procession.storage import Storage
from tests.faults.model import CALLED_VISITS, EXTERNALS, JOBS, VISITS

RUNTIME = (
    "instance",
    "element",
    "variable",
    "task",
    "identity_link",
    "external_task",
    "job",
    "event_subscription",
    "incident",
)


def violations(storage: Storage, acknowledged: Path, total: int) -> list[str]:
    """Every broken invariant in words; none where all is well."""
    return list(_Look(storage, total).all(_read(acknowledged)))


def _read(path: Path) -> dict[str, Counter[int]]:
    """How often each key was acknowledged."""
    found: dict[str, Counter[int]] = {"started": Counter(), "completed": Counter(), "decided": Counter()}
    for line in path.read_text().splitlines() if path.exists() else []:
        what, _, key = line.partition(" ")
        if what in found and len(key) > 16:  # the last line may be torn
            found[what][int(key)] += 1
    return found


class _Look:
    def __init__(self, storage: Storage, total: int) -> None:
        self._storage = storage
        self._total = total

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._storage.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def _column(self, statement: str) -> list[Any]:
        return [row[0] for row in self._rows(statement)]

    def all(self, acknowledged: dict[str, Counter[int]]) -> Iterable[str]:
        yield from self._nothing_left()
        yield from self._instances()
        yield from self._visits()
        yield from self._work()
        yield from self._variables()
        yield from self._nothing_lost(acknowledged)
        if self._storage.dialect == "sqlite":
            yield from (f"integrity: {x}" for x in self._column("PRAGMA integrity_check") if x != "ok")
            yield from (f"foreign key: {x}" for x in self._rows("PRAGMA foreign_key_check"))

    def _nothing_left(self) -> Iterable[str]:
        for table in RUNTIME:
            ((number,),) = self._rows(f"SELECT count(*) FROM {table}")
            if number:
                yield f"{number} rows are left in {table}"

    def _instances(self) -> Iterable[str]:
        ours = self._rows("SELECT business_key, state FROM history_instance WHERE process_id = 'p'")
        numbers = Counter(key for key, _ in ours)
        yield from _same("business keys of instances", numbers, Counter(str(n) for n in range(self._total)))
        yield from _same("states", Counter(state for _, state in ours), Counter({"COMPLETED": self._total}))
        called = self._rows("SELECT caller_instance, state FROM history_instance WHERE process_id = 'q'")
        callers = Counter(self._column("SELECT key FROM history_instance WHERE process_id = 'p'"))
        yield from _same("callers of called instances", Counter(caller for caller, _ in called), callers)
        yield from _same("states of called", Counter(s for _, s in called), Counter({"COMPLETED": self._total}))
        backwards = self._column("SELECT key FROM history_instance WHERE ended < started")
        yield from (f"instance {key} ended before it began" for key in backwards)

    def _visits(self) -> Iterable[str]:
        for process, visits in (("p", VISITS), ("q", CALLED_VISITS)):
            rows = self._rows(
                "SELECT instance, node, count(*), count(ended) FROM history_activity "
                f"WHERE process_id = '{process}' GROUP BY instance, node"
            )
            for instance, node, times, ended in rows:
                if times != visits.get(node) or ended != times:
                    yield f"instance {instance} was at {node} {times} times, left {ended} times; {visits.get(node)} expected"
            if len(rows) != self._total * len(visits):
                yield f"{len(rows)} visits of {process}; {self._total * len(visits)} expected"

    def _work(self) -> Iterable[str]:
        externals = self._rows("SELECT external, state, count(*) FROM history_external_log GROUP BY external, state")
        yield from self._once("external task", externals, EXTERNALS, ("created", "successful"))
        jobs = self._rows("SELECT job, state, count(*) FROM history_job_log GROUP BY job, state")
        yield from self._once("job", jobs, JOBS, ("created", "successful"))
        tasks = self._rows(
            "SELECT delete_reason, count(*) FROM history_task WHERE ended IS NOT NULL GROUP BY delete_reason"
        )
        yield from _same("tasks by end", dict(tasks), {"completed": self._total})

    def _once(self, what: str, rows: list[tuple[Any, ...]], each: int, states: tuple[str, ...]) -> Iterable[str]:
        for key, state, times in rows:
            if state not in states or times != 1:
                yield f"{what} {key} was {state} {times} times"
        for state in states:
            number = sum(1 for _, found, _ in rows if found == state)
            if number != self._total * each:
                yield f"{number} {what}s were {state}; {self._total * each} expected"

    def _variables(self) -> Iterable[str]:
        rows = self._rows("SELECT scope, count(*), count(DISTINCT text_value) FROM history_variable GROUP BY scope")
        for scope, number, different in rows:
            if (number, different) != (2, 1):
                yield f"scope {scope} has {number} variables with {different} values; 2 of one expected"
        if len(rows) != self._total * EXTERNALS:
            yield f"{len(rows)} scopes have variables; {self._total * EXTERNALS} expected"

    def _nothing_lost(self, acknowledged: dict[str, Counter[int]]) -> Iterable[str]:
        there = {
            "started": "SELECT key FROM history_instance",
            "completed": "SELECT external FROM history_external_log WHERE state = 'successful'",
            "decided": "SELECT key FROM history_task WHERE delete_reason = 'completed'",
        }
        for what, statement in there.items():
            lost = acknowledged[what].keys() - set(self._column(statement))
            if lost:
                yield f"{len(lost)} were acknowledged as {what} and are lost"
            twice = sum(1 for times in acknowledged[what].values() if times > 1)
            if twice:
                yield f"{twice} were acknowledged as {what} more than once"


def _same(what: str, found: Any, expected: Any) -> Iterable[str]:
    if found != expected:
        different = {key: value for key, value in found.items() if expected.get(key) != value}
        missing = {key: value for key, value in expected.items() if key not in found}
        yield f"{what}: {str(different)[:300]} found, {str(missing)[:300]} missing"
