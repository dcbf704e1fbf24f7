"""Leases: workers take external tasks, nodes take jobs. The one way to change runtime rows that is no command.

No row is handed to two takers: PostgreSQL skips rows that another transaction holds, SQLite has one writer at a time.
Rules of selection as in Camunda 7: not suspended, retries left (or never set), lock free or expired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from procession.kernel.records import External, Job
from procession.storage.conditions import Condition, has_variables
from procession.storage.drivers import Asked, quoted
from procession.storage.encoding import millis, moment
from procession.storage.rows import CODECS
from procession.storage.transaction import Transaction
from procession.values import TypedValue

_JOBS_LOCK = 7_240_003


@dataclass(frozen=True, slots=True)
class TopicRequest:
    """What a worker wants of one topic. `lock_ms` is how long it may hold a task, in milliseconds; None filters nothing.

    `variables` must equal variables of the process instance; `version_tag` is that of the process definition.
    """

    topic: str
    lock_ms: int
    business_key: str | None = None
    definitions: Sequence[int] | None = None
    process_ids: Sequence[str] | None = None
    version_tag: str | None = None
    variables: Mapping[str, TypedValue] = field(default_factory=dict)
    tenants: Sequence[str] | None = None
    without_tenant: bool = False

    @property
    def filters(self) -> bool:
        """True where not every task of the topic will do."""
        return self != TopicRequest(self.topic, self.lock_ms)


# ---------------------------------------------------------------- external tasks

_FETCHABLE = "NOT suspended AND (retries IS NULL OR retries > 0) AND topic = ?"


def lease_external(
    tx: Transaction,
    topics: Sequence[TopicRequest],
    worker: str,
    max_tasks: int,
    now: datetime,
    *,
    use_priority: bool = False,
    created: str | None = None,
) -> Asked[list[External]]:
    """Locks up to `max_tasks` tasks for a worker and gives them as they now are.

    With `use_priority` the highest priority comes first, among all topics; `created` sorts by creation, `asc` or `desc`.
    Else the oldest come first, of those whose locks have run out the longest expired; and which topic is served first
    changes with time, so that none starves.
    """
    order = (["priority DESC"] if use_priority else []) + (
        [f"created {'DESC' if created == 'desc' else 'ASC'}"] if created else []
    )
    ordering = ", ".join([*order, "key"])
    stamp = millis(now)
    if order and len(topics) > 1:
        return (yield from _lease_sorted(tx, topics, worker, max_tasks, stamp, ordering))
    found: list[External] = []
    turn = stamp % len(topics) if topics else 0
    for topic in (*topics[turn:], *topics[:turn]):
        if len(found) >= max_tasks:
            break
        found += yield from _lease_topic(tx, topic, worker, max_tasks - len(found), stamp, ordering)
    return found


def _lease_topic(
    tx: Transaction, topic: TopicRequest, worker: str, limit: int, now: int, ordering: str
) -> Asked[list[External]]:
    chosen, parameters = _free(tx, topic, limit, now, ordering)
    return _sorted((yield from _take_external(tx, chosen, parameters, worker, now + topic.lock_ms)), ordering)


def _lease_sorted(
    tx: Transaction, topics: Sequence[TopicRequest], worker: str, limit: int, now: int, ordering: str
) -> Asked[list[External]]:
    """Several topics in one order: the best of each are held, the best of all taken; the rest is free after the commit."""
    columns = quoted(CODECS[External].columns)
    held: dict[int, tuple[External, TopicRequest]] = {}
    for topic in topics:
        chosen, parameters = _free(tx, topic, limit, now, ordering)
        rows = tx.driver.rows(
            f"WITH chosen(chosen_key) AS MATERIALIZED ({chosen}) "
            f"SELECT {columns} FROM external_task JOIN chosen ON key = chosen_key",
            parameters,
        )
        for record in map(CODECS[External].record_of, rows):
            held.setdefault(record.key, (record, topic))
    best = _sorted([record for record, _ in held.values()], ordering)[:limit]
    taken: list[External] = []
    for topic in topics:
        keys = [record.key for record in best if held[record.key][1] is topic]
        if keys:
            taken += yield from _take_external(
                tx, "SELECT key FROM external_task WHERE key IN ??", [keys], worker, now + topic.lock_ms
            )
    return _sorted(taken, ordering)


def _take_external(
    tx: Transaction, chosen: str, parameters: Sequence[Any], worker: str, until: int
) -> Asked[list[External]]:
    codec = CODECS[External]
    rows = tx.driver.ask(
        f"WITH chosen(chosen_key) AS MATERIALIZED ({chosen}) "
        "UPDATE external_task SET worker = ?, locked_until = ? FROM chosen WHERE key = chosen_key "
        f"RETURNING {quoted(codec.columns)}",
        [*parameters, worker, until],
    )
    yield
    return [codec.record_of(row) for row in rows()]


def _sorted(tasks: list[External], ordering: str) -> list[External]:
    tasks.sort(key=lambda task: task.key)
    if "created ASC" in ordering:
        tasks.sort(key=lambda task: task.created)
    if "created DESC" in ordering:
        tasks.sort(key=lambda task: task.created, reverse=True)
    if "priority" in ordering:
        tasks.sort(key=lambda task: task.priority, reverse=True)
    return tasks


def _free(tx: Transaction, topic: TopicRequest, limit: int, now: int, ordering: str) -> tuple[str, list[Any]]:
    """A statement for the keys of the first tasks that may be taken, with its parameters: those that nobody holds and those
    whose lock has run out, each found by an index of its own, so that it does not matter how many others hold."""
    parts, parameters = [], []
    by_priority = ordering.startswith("priority")
    free = "locked_until IS NULL AND key > 0" if by_priority else "locked_until IS NULL"
    # without statistics of what is seldom there SQLite would else walk along the keys of all tasks until it finds a free one
    index = "ix_external_task_priority" if by_priority else "ix_external_task_free"
    by = f" INDEXED BY {index}" if tx.driver.name == "sqlite" else ""
    # PostgreSQL does not know how few have run out: with `> 0` it takes 5 in 1,000 for it instead of a third, else it would
    # read all tasks of the topic; without `+ 0` it would walk along the keys of all that are held
    expired = "locked_until" if ordering == "key" else ordering.replace("key", "key + 0")
    for name, source, lock, moments, order in (
        ("free", by, free, [], ordering),
        ("expired", "", "locked_until > 0 AND locked_until <= ?", [now], expired),
    ):
        condition = _wanted(topic, lock, moments)
        parts.append(
            f"SELECT * FROM (SELECT key, priority, created FROM external_task{source} WHERE {condition.sql} "
            f"ORDER BY {order} LIMIT ? {{skip locked}}) AS {name}"
        )
        parameters += [*condition.parameters, limit]
    return f"SELECT key FROM ({' UNION ALL '.join(parts)}) AS found ORDER BY {ordering} LIMIT ?", [*parameters, limit]


def _wanted(topic: TopicRequest, lock: str, moments: list[int]) -> Condition:
    condition = Condition(f"{_FETCHABLE} AND {lock}", [topic.topic, *moments])
    if topic.business_key is not None:
        condition.add("business_key = ?", topic.business_key)
    if topic.definitions is not None:
        condition.add("definition IN ??", list(topic.definitions))
    if topic.process_ids is not None:
        condition.add("process_id IN ??", list(topic.process_ids))
    if topic.version_tag is not None:
        condition.add(
            "definition IN (SELECT d.key FROM process_definition d WHERE d.version_tag = ?)", topic.version_tag
        )
    if topic.tenants is not None:
        condition.add("tenant IN ??", list(topic.tenants))
    if topic.without_tenant:
        condition.add("tenant IS NULL")
    has_variables(condition, "external_task.instance", topic.variables)
    return condition


# ---------------------------------------------------------------- jobs

_WORKABLE = "j.retries > 0 AND NOT j.suspended AND (j.locked_until IS NULL OR j.locked_until <= ?)"
_RUNNABLE = f"{_WORKABLE} AND (j.due IS NULL OR j.due <= ?)"
# an exclusive job waits while another exclusive job of its instance is held
_ALONE = (
    "(NOT j.exclusive OR j.instance IS NULL OR NOT EXISTS (SELECT 1 FROM job o WHERE o.instance = j.instance "
    "AND o.lock_owner IS NOT NULL AND o.locked_until > ? AND o.exclusive))"
)


def lease_jobs(
    tx: Transaction, now: datetime, node: str, limit: int, lock_ms: int, *, by_priority: bool = False
) -> list[Job]:
    """Locks up to `limit` due jobs for a node and gives them as they now are, the longest due first.

    Of the exclusive jobs of a process instance at most one is held at a time, whoever holds it.
    """
    if tx.driver.name == "postgresql":
        # one node chooses at a time: else two could take two exclusive jobs of one instance
        tx.driver.rows("SELECT pg_advisory_xact_lock(?)", [_JOBS_LOCK])
    stamp = millis(now)
    chosen: list[int] = []
    busy: set[int] = set()
    skip, page = 0, limit * 4
    while len(chosen) < limit:
        candidates = _candidates(tx, stamp, page, skip, by_priority=by_priority)
        for key, instance, exclusive in candidates:
            if exclusive and instance is not None:
                if instance in busy:
                    continue
                busy.add(instance)
            chosen.append(key)
        if len(candidates) < page:
            break
        skip, page = skip + page, page * 4
    return _take_jobs(tx, chosen[:limit], node, stamp, lock_ms) if chosen else []


def _candidates(tx: Transaction, now: int, limit: int, skip: int, *, by_priority: bool) -> list[tuple[Any, ...]]:
    """What is due at once and what has become due, each by its own index: it does not matter how much is due later."""
    first = "j.priority DESC, " if by_priority else ""

    def part(due: str, order: str) -> str:
        return (
            f"SELECT * FROM (SELECT j.key, j.instance, j.exclusive, j.due, j.priority FROM job j WHERE {_WORKABLE} AND {due} "
            f"AND {_ALONE} ORDER BY {first}{order} LIMIT ?) AS found"
        )

    return tx.driver.rows(
        f"SELECT j.key, j.instance, j.exclusive FROM ({part('j.due IS NULL', 'j.key')} "
        f"UNION ALL {part('j.due <= ?', 'j.due, j.key')}) AS j ORDER BY {first}j.due NULLS FIRST, j.key LIMIT ? OFFSET ?",
        [now, now, limit + skip, now, now, now, limit + skip, limit, skip],
    )


def _take_jobs(tx: Transaction, keys: Sequence[int], node: str, now: int, lock_ms: int) -> list[Job]:
    codec = CODECS[Job]
    rows = tx.driver.rows(
        f"WITH chosen(chosen_key) AS MATERIALIZED (SELECT j.key FROM job j WHERE j.key IN ?? AND {_RUNNABLE} "
        "ORDER BY j.key {skip locked}) "
        "UPDATE job SET lock_owner = ?, locked_until = ? FROM chosen WHERE key = chosen_key "
        f"RETURNING {quoted(codec.columns)}",
        [list(keys), now, now, node, now + lock_ms],
    )
    jobs: dict[int, Job] = {row[0]: codec.record_of(row) for row in rows}
    return [jobs[key] for key in keys if key in jobs]


def extend_job_leases(tx: Transaction, keys: Sequence[int], node: str, until: datetime) -> list[int]:
    """Prolongs the locks that a node holds on these jobs; the keys of those that it still held."""
    rows = tx.driver.rows(
        "UPDATE job SET locked_until = ? WHERE key IN ?? AND lock_owner = ? RETURNING key",
        [millis(until), list(keys), node],
    )
    return [key for (key,) in rows]


def release_jobs(tx: Transaction, node: str, but: Sequence[int] = ()) -> int:
    """Gives back every job that a node holds, `but` those, on a graceful stop or when it starts again; how many."""
    return tx.driver.run(
        "UPDATE job SET lock_owner = NULL, locked_until = NULL WHERE lock_owner = ? AND NOT key IN ??",
        [node, list(but)],
    )


def next_due_time(tx: Transaction) -> datetime | None:
    """When the next job can run: its due date or the end of its lock. Long past where one can run now, None for no job."""
    workable = "retries > 0 AND NOT suspended"
    free, soonest, lock_ends = tx.driver.rows(
        "SELECT "
        f"(SELECT 1 FROM job WHERE {workable} AND lock_owner IS NULL AND due IS NULL LIMIT 1), "
        f"(SELECT min(due) FROM job WHERE {workable} AND lock_owner IS NULL AND due IS NOT NULL), "
        f"(SELECT min(locked_until) FROM job WHERE {workable} AND lock_owner IS NOT NULL)"
    )[0]
    if free:
        return moment(0)
    times = [time for time in (soonest, lock_ends) if time is not None]
    return moment(min(times)) if times else None
