"""`make bench`: what a process instance costs. Writes docs/explanation/performance/.

make bench                           ours: in process, over HTTP, start
make bench ARGS="--peer camunda7"    the real Camunda 7 beside it
make bench ARGS="--quick"            a few runs, nothing written
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks import in_process, over_http, report


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", choices=["camunda7"], help="run this beside ours")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each configuration")
    parser.add_argument("--instances", type=int, default=500, help="process instances per run")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 5, 20, 100])
    parser.add_argument("--clients", type=int, default=4, help="HTTP clients")
    parser.add_argument(
        "--only", choices=["in process", "http", "start"], help="leave out the rest; nothing is written"
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each; nothing is written")
    options = parser.parse_args()
    rounds, instances = (1, 100) if options.quick else (options.rounds, options.instances)
    wanted = [options.only] if options.only else ["in process", "http", "start"]
    missing = over_http.oracle_missing() if options.peer else None
    if missing:
        print(f"Camunda 7 cannot run here: {missing}", file=sys.stderr)
        return 2
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running(durable=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="procession-bench-")))
        places = in_process.places(server, folder)
        if "in process" in wanted:
            print("In process")
            results["in process"] = in_process.measure(places, tuple(options.threads), instances, rounds, print)
        if "http" in wanted:
            print("Over HTTP")
            with ExitStack() as servers:
                targets = [
                    servers.enter_context(
                        over_http.procession(f"Procession on {place.name}", place.fresh(), place.server)
                    )
                    for place in places
                ]
                if options.peer:
                    print("  starting Camunda 7")
                    targets.append(servers.enter_context(over_http.camunda7(server, folder)))
                results["http"] = over_http.measure(targets, instances, rounds, options.clients, print)
        if "start" in wanted:
            print("Start")
            results["start"] = over_http.starting(places[0].fresh(), rounds)
    notes = [f"{rounds} runs of {instances} instances each"]
    if "http" in results and not options.peer:
        notes.append("without Camunda 7 beside it: `--peer camunda7` measures it in the same run")
    shown = {"date": "today", "python": sys.version.split()[0], "processors": "these"}
    print()
    print(report.text(results, notes, shown))
    if not options.quick and not options.only:
        print(f"Written to {report.write(results, notes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
