"""`make bench`: what a process instance costs. Writes docs/explanation/performance/.

make bench                                   ours: in process, over HTTP, start; SpiffWorkflow (about 10 minutes)
make bench ARGS="--peer camunda7"            the real Camunda 7 beside it (20 minutes more)
make bench ARGS="--only start"               one part; the report keeps the others
make bench ARGS="--curves"                   what grows with what: about 20 minutes, writes pictures too
make bench ARGS="--curves --most 1000"       the same without the largest sizes; --curve chain names single ones
make bench ARGS="--only timers"              10,000 timers due at once, lateness at 200 a second: about 10 minutes
make bench ARGS="--only memory"              the most memory that a large multi-instance takes: about 5 minutes
make bench ARGS="--quick"                    a few runs, nothing written
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks import curves, functions, in_process, load, over_http, report, spiffworkflow, timers
from tests.benchmarks.curves import CURVES


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", choices=["camunda7"], help="run this beside ours")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each configuration")
    parser.add_argument("--instances", type=int, default=500, help="process instances per run")
    parser.add_argument(
        "--callers", type=int, nargs="+", default=[1, 5, 20, 100], help="threads, coroutines in process"
    )
    parser.add_argument(
        "--seconds", type=float, default=4, help="length of a run over HTTP at full speed, whoever is driven"
    )
    parser.add_argument("--clients", type=int, default=12, help="HTTP clients")
    parser.add_argument(
        "--offered", type=float, default=0, help="starts per second (default: 60 %% of the slowest server's rate)"
    )
    parser.add_argument("--warm-up", type=int, default=3000, help="instances of each kind before a peer is measured")
    parser.add_argument("--only", choices=list(MEASURES), help="measure this alone; the report keeps the rest")
    parser.add_argument("--curves", action="store_true", help="measure the curves, and nothing else")
    parser.add_argument(
        "--curve", nargs="+", choices=list(CURVES), help="these curves alone; the report keeps the rest"
    )
    parser.add_argument("--most", type=int, default=0, help="no larger sizes in curves")
    parser.add_argument("--quick", action="store_true", help="one short round of each; nothing is written")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.instances, options.warm_up, options.seconds = 1, 100, 100, 0
    if options.curves or options.curve:
        options.only = "curves"
    missing = over_http.oracle_missing() if options.peer else None
    if missing:
        print(f"Camunda 7 cannot run here: {missing}", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running(durable=True, settings=SETTINGS.get(options.only)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="procession-bench-")))
        places = in_process.places(server, folder)
        for part, measure in MEASURES.items():
            if options.only in (None, part) and (options.only or part not in ASKED_FOR):
                print(part)
                _finished(part, measure(options, server, folder, places), options)
    return 0


def _over_http(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    with ExitStack() as stack:
        targets = [
            stack.enter_context(
                over_http.procession(f"Procession on {place.name}{said}", place.fresh(), place.server, processes)
            )
            for place in places
            # a file has one writer, whoever writes
            for processes, said in [(1, ""), *([(2, " in 2 processes")] if place.server else [])]
        ]
        if options.peer:
            print("  starting Camunda 7")
            targets.append(stack.enter_context(over_http.camunda7(server, folder)))
        driver = stack.enter_context(load.driver())
        forms = over_http.forms(options.clients)
        rates = over_http.warm_up(driver, targets, forms, options.instances, options.warm_up, print)

        def as_long(target: over_http.Target, form: load.Form) -> int:
            return max(options.instances, round(rates[target.name, form.name] * options.seconds))

        found = over_http.measure(driver, targets, forms, as_long, options.rounds, print)
        seconds = 3 if options.quick else OFFERED_SECONDS
        forms = over_http.offered(found, options.offered)
        late = over_http.measure(
            driver, targets, forms, lambda _, form: round(form.rate * seconds), options.rounds, print
        )
        return {"at full speed": found, "at an offered load": late}


def _in_process(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    return in_process.measure(places, in_process.callers(options.callers), options.instances, options.rounds, print)


def _start(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    return over_http.starting(places[0].fresh(), options.rounds)


def _functions(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    return functions.measure(server, 100 if options.quick else 1000, options.rounds)


def _spiffworkflow(
    options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]
) -> dict[str, Any]:
    unable = spiffworkflow.missing()
    if unable:
        print(f"  {unable}", file=sys.stderr)
        return {}
    return spiffworkflow.measure(places[0], options.instances, options.rounds, print)


def _timers(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    return timers.measure(places, 500 if options.quick else 10_000, options.rounds)


def _curves(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    return curves.measure(places, options.rounds, print, only=options.curve, most=options.most)


def _memory(options: Any, server: postgres.Server, folder: Path, places: list[in_process.Place]) -> dict[str, Any]:
    return curves.peaks(places, options.rounds, print, most=options.most)


MEASURES: dict[str, Callable[..., dict[str, Any]]] = {
    "in process": _in_process,
    "over HTTP": _over_http,
    "start": _start,
    "functions": _functions,
    "SpiffWorkflow": _spiffworkflow,
    "timers": _timers,
    "curves": _curves,
    "memory": _memory,
}
ASKED_FOR = ("timers", "curves", "memory")
"""Parts that take long: only where they are named."""
OFFERED_SECONDS = 10
SETTINGS = {"curves": {"autovacuum": "off", "shared_buffers": "512MB"}}
"""PostgreSQL's, where a part has its own: large databases lie side by side, and nothing but what is measured may work."""


def _finished(part: str, results: dict[str, Any], options: Any) -> None:
    """Prints a part, and writes it unless it was a quick run."""
    notes = [f"{options.rounds} runs"]
    if part == "over HTTP":
        notes[0] += f" of {options.seconds:g} s each at full speed"
    elif part in ("in process", "SpiffWorkflow"):
        notes[0] += f" of {options.instances} instances"
    if part == "over HTTP":
        without = load.missing()
        said = f"threads of Python, for {without}" if without else "compiled (`tests/benchmarks/Load.java`)"
        notes.append(f"{options.clients} clients, {said}")
        if not without:
            notes.append(f"{OFFERED_SECONDS} s of offered load")
        if options.peer:
            notes.append(f"the peer was warmed up with {options.warm_up} instances of each kind")
    if not results:
        return
    print("\n".join(["", *report.PARTS[part](results), ""]))
    if not options.quick:
        print(f"Written to {report.write(part, results, notes)}")


if __name__ == "__main__":
    sys.exit(main())
