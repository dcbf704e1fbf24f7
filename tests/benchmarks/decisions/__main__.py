"""`make bench-dmn`: decision tables and FEEL expressions, side by side with other engines. Writes a report.

make bench-dmn                                                  about a quarter of an hour
make bench-dmn ARGS="--everything"                              the slow engines with all kinds of cells, too: an hour
make bench-dmn ARGS="--kinds mixed --policies UNIQUE"           some tables; nothing is written
make bench-dmn ARGS="--engines direct zen --sizes 10 1000"      some engines; nothing is written
make bench-dmn ARGS="--only expressions"                        one part; the report keeps the other
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.decisions import report, tables
from tests.benchmarks.decisions.measuring import WRITTEN, measure_expressions, measure_tables
from tests.benchmarks.decisions.setting_up import set_up

PARTS = ("tables", "expressions")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make bench-dmn", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", choices=tables.KINDS, default=tables.KINDS)
    parser.add_argument("--policies", nargs="+", choices=tables.POLICIES, default=tables.POLICIES)
    parser.add_argument("--sizes", nargs="+", type=int, default=tables.SIZES)
    parser.add_argument("--engines", nargs="+", choices=list(WRITTEN), default=list(WRITTEN))
    parser.add_argument("--everything", action="store_true", help="all engines on all tables")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--quick", action="store_true", help="short rounds of expressions; nothing is written")
    options = parser.parse_args()
    peers = set_up()
    for engine, reason in peers.missing.items():
        print(f"{engine} is left out: {reason}", file=sys.stderr)
    whole = not options.quick and all(
        len(chosen) == len(every)
        for chosen, every in (
            (options.kinds, tables.KINDS),
            (options.policies, tables.POLICIES),
            (options.sizes, tables.SIZES),
            (options.engines, WRITTEN),
        )
    )
    with tempfile.TemporaryDirectory(prefix="procession-bench-") as name:
        folder = Path(name)
        if options.only in (None, "tables"):
            wanted = [
                tables.make(kind, policy, size)
                for kind in options.kinds
                for policy in options.policies
                for size in options.sizes
            ]
            found: dict[str, dict[str, object]] = {}
            for engine, table, result in measure_tables(options.engines, wanted, peers, folder, options.everything):
                print(f"{table:24} {engine:12} {report.shown(result)}", flush=True)
                found.setdefault(table, {})[engine] = result
            if whole:
                report.write("tables", found, peers)
        if options.only in (None, "expressions"):
            results = measure_expressions(peers, folder, options.quick)
            print("\n".join(report.expressions(report.compared(results))))
            if whole:
                report.write("expressions", report.compared(results), peers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
