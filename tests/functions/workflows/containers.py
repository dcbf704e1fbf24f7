"""Lambda containers at a desk: processes that handle one event at a time, all on one PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"
CHILD = """
import json, os, sys, time
begun = time.perf_counter()
from workflow_trigger import handler
imported = time.perf_counter() - begun
processes, share, keys, place, warm = map(int, sys.argv[1:])
if warm:
    # one process imports everything, then there are as many as were asked for: that saves a test their cold starts
    import procession.serverless.embedded, camunda_client.serverless.functions
    while place < processes - 1 and not os.fork():
        place += 1
first, last = place * share, (place + 1) * share
statuses, seconds = [], []
for number in range(first, last):
    body = {"definition_id": "test-def", "input_data": {"number": number % keys}}
    event = {"httpMethod": "POST", "headers": {"Idempotency-Key": f"key-{number % keys}"}, "body": json.dumps(body)}
    begun = time.perf_counter()
    statuses.append(handler(event, None)["statusCode"])
    seconds.append(time.perf_counter() - begun)
result = json.dumps({"statuses": statuses, "seconds": seconds, "imported": imported})
os.write(1, f"RESULT {result}\\n".encode())
if warm and place < processes - 1:
    os.wait()
"""
WATCH = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"
)


@dataclass(frozen=True)
class Ran:
    """What became of the events. `first` are the containers' first calls, in seconds; `later` all others."""

    statuses: list[int]
    first: list[float]
    later: list[float]
    imported: list[float]
    most_connections: int
    elapsed: float


def run(url: str, events: int, keys: int, processes: int = 4, *, warm: bool = False) -> Ran:
    """Sends `events` triggers with `keys` different idempotency keys through `processes` containers at once.

    With `warm` they are forked from one that has imported everything."""
    environment = {**os.environ, "UAEF_DB_URL": url, "LOG_LEVEL": "WARNING", "POWERTOOLS_METRICS_DISABLED": "true"}
    share = events // processes
    begun = time.perf_counter()
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, *map(str, (processes, share, keys, n, int(warm)))],
            cwd=FUNCTIONS,
            env=environment,
            stdout=subprocess.PIPE,
        )
        for n in range(1 if warm else processes)
    ]
    most = 0
    with psycopg.connect(url, autocommit=True) as watch:
        while any(child.poll() is None for child in children):
            row = watch.execute(WATCH).fetchone()
            most = max(most, row[0] if row else 0)
            time.sleep(0.02)
    elapsed = time.perf_counter() - begun
    found = []
    for child in children:
        output = child.communicate()[0].decode()
        found += [json.loads(line[7:]) for line in output.splitlines() if line.startswith("RESULT ")]
    return Ran(
        [status for one in found for status in one["statuses"]],
        [one["seconds"][0] for one in found],
        [value for one in found for value in one["seconds"][1:]],
        [one["imported"] for one in found],
        most,
        elapsed,
    )
