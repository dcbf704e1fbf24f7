"""How much memory a size takes at most: work of a curve, done once in a process of its own, which tells its peak.

    python -m tests.benchmarks.peak URL CURVE SIZE

prints JSON: `before`, resident MiB when the engine is open and has run one small instance; `peak`, the most there ever was.
"""

from __future__ import annotations

import json
import resource
import sys

from procession.embedding import open_engine
from tests.benchmarks import growing as g
from tests.benchmarks.curves import CURVES


def resident() -> float:
    """The most memory this process has had resident, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(url: str, name: str, size: int) -> dict[str, float]:
    curve = CURVES[name]
    with open_engine(url) as engine:
        curve.prepare(engine, size)
        curve.work(engine, 1, g.Meter(None))
        before = resident()
        curve.work(engine, size, g.Meter(None))
    return {"before": before, "peak": resident()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
