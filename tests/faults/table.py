"""What can go wrong, what must hold then, and the tests that show it: `make docs` makes docs/conformance/faults.md of this.

    @pytest.mark.fault(9)
    def test_a_full_disk(…)

The tests run on SQLite and on PostgreSQL, but where only one of them can have the fault. tests/faults/test_table.py fails
for a fault without a test.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.faults.slopes import DESCRIPTORS, MEMORY, NOISE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance" / "faults.md"
END = 60.0
"""Seconds without an instance that ends after which those that are left are lost."""
OUTCOME = PAGE.with_name("soak.json")
"""What `make soak` saw last."""
MARK = "pytest.mark.fault"

FAULTS: Mapping[int, tuple[str, str]] = {
    1: ("`kill -9` in the middle of a transaction", "no partial rows after the restart; the same request succeeds"),
    2: ("`kill -9` after the commit, before the answer", "the same request is answered Missing: the work was done, once"),
    3: ("two workers complete the same task", "one succeeds; nothing that the other sent is ever seen"),
    4: ("a worker dies while it holds a task", "another has it when the lock has run out, its tries unchanged"),
    5: ("a worker completes after its lock has run out", "accepted if nobody else took the task, else refused; completed once"),
    6: ("a node dies while it runs a job", "its job runs elsewhere when its lock has run out; a stop gives back at once"),
    7: ("the clock jumps, summer time begins or ends", "no timer fires twice; schedules hold on both edges of summer time"),
    8: ("the database is away for a while", "503 and not ready meanwhile, then as before; nothing done twice"),
    9: ("the disk is full", "the transaction fails as a whole, the database stays sound, work goes on when there is room"),
    10: ("a job that always fails", "retries run out, an incident tells it, other jobs go on"),
    11: ("a loop without end", "goes on in a job of its own when a budget of steps is spent; after three it is an incident"),
    12: ("a process that calls itself without end", "stopped by a limit of calls"),
    13: ("huge variables, huge requests", "refused above a limit with 413 or 400; commands load none they do not use"),
    14: ("thousands of timers in one second, multi-instances of thousands", "all fire once, all turns run"),
    15: ("two nodes on one database, either of them killed", "each job is done once"),
    16: ("branches that reach their join at the same time", "it joins once, no token is lost"),
    17: ("a message that nobody waits for, or several", "refused in Camunda's words; nothing changes"),
    18: ("deployments of one key at the same time, the same again", "versions without gaps; nothing new for what is the same"),
    19: ("an upgrade that is interrupted, a schema that is newer", "taken up again or as before; refused in clear words"),
    20: ("SIGTERM under load, long polls, slow sockets", "what was acknowledged is there; polls are let go, no descriptors lost"),
    21: ("death at any commit of a scenario with every kind of record", "whatever commit it was: the same history as without"),
    22: ("nodes, workers, PostgreSQL itself are killed at random", "each job and task is done once, none is left, no 500"),
}  # fmt: skip


def proofs() -> dict[int, list[str]]:
    """The tests of each fault, as `tests/room/test_file.py::test_name`, read from the marks without importing anything."""
    found: dict[int, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if MARK not in text:
            continue
        for node in ast.parse(text, str(path)).body:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == MARK:
                        for argument in decorator.args:
                            name = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                            found.setdefault(ast.literal_eval(argument), []).append(name)
    return found


def page() -> Iterator[str]:
    """docs/conformance/faults.md, line by line."""
    tests = proofs()
    yield "# Faults"
    yield ""
    yield "What can go wrong, what must hold then, and the tests that show it on SQLite and on PostgreSQL. Made by `make docs` from"
    yield "the marks of the tests, not by hand. `make soak` does faults 1, 2, 15, 21 and 22 for half an hour."
    yield ""
    yield "| | fault | what holds | shown by |"
    yield "|---:|---|---|---|"
    for number, (what, holds) in FAULTS.items():
        by = ", ".join(
            f"[{name.rpartition('test_')[2]}](../../{name.partition('::')[0]})" for name in tests.get(number, ())
        )
        yield f"| {number} | {what} | {holds} | {by} |"
    if OUTCOME.exists():
        yield ""
        yield from _soaked(json.loads(OUTCOME.read_text(encoding="utf-8")))


def _soaked(found: Mapping[str, Any]) -> Iterator[str]:
    """What `make soak` saw, as a section."""
    least, most = found["pauses"]
    kills = ", ".join(f"{what} {times}" for what, times in found["kills"].items() if "in vain" not in what)
    in_vain = sum(times for what, times in found["kills"].items() if "in vain" in what)
    yield "## The soak"
    yield ""
    yield "Two nodes, two workers and two people's clients on one PostgreSQL. Of nodes, clients and PostgreSQL one is killed with"
    yield f"`kill -9` every {least:g} to {most:g} seconds each, and comes back at once; PostgreSQL half of the time after a pause."
    yield f"{found['date']}, {found['processors']} processors that everything shares, {found['minutes']:g} minutes."
    yield ""
    yield "| what | found | must be |"
    yield "|---|---|---|"
    yield f"| process instances, external tasks, jobs | {found['instances']:,}, {found['external tasks']:,}, {found['jobs']:,} | |"
    yield f"| killed | {kills} | |"
    yield f"| nodes that ended again because they found no database when they started | {in_vain} | |"
    broken = "; ".join(found["violations"]) or "none"
    yield f"| broken invariants: each task is completed once, by history and by the clients' journal | {broken} | none |"
    yield f"| answers 503 | {found['unavailable']:,} | with `Retry-After` |"
    if found["back"]:
        middle, longest = found["back"]
        yield f"| seconds from PostgreSQL's return to the next acknowledged work | median {middle:g}, longest {longest:g} | |"
    yield f"| seconds from the last start until all had ended | {found['finished']:g} | something ends every {END:g} seconds |"
    for name, one in found["slopes"].items():
        about = f"of node {name}, over {one['seconds'] / 60:.0f} minutes of its longest life"
        yield (
            f"| resident memory {about} | {one['memory']:.1f} MiB, {one['memory_rise']:+.1f} an hour | "
            f"{MEMORY:g} an hour at most, and {NOISE:g} of noise |"
        )
        yield (
            f"| open descriptors {about} | {one['descriptors']:.1f}, {one['descriptors_rise']:+.1f} an hour | "
            f"{DESCRIPTORS:g} more at the end at most |"
        )


def main() -> None:
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
