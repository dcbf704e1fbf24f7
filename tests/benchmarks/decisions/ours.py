"""This engine, in a process of its own as the others are: `python -m tests.benchmarks.decisions.ours ENGINE FILE…`.

`direct` is `Compiled.direct`, the value alone; `evaluate` is `Compiled.evaluate`: with a record of every input, output
and matched rule.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from procession.dmn import compile_definitions, read_dmn
from tests.benchmarks.decisions.timing import per_second, say, wrong


def measure(engine: str, file: Path) -> dict[str, Any]:
    """One table."""
    task = json.loads(file.read_text(encoding="utf-8"))
    start = time.process_time()
    compiled = compile_definitions(read_dmn(task["model"].encode()))
    reading = time.process_time() - start
    if engine == "evaluate":

        def decide(given: dict[str, Any]) -> Any:
            return compiled.evaluate("decision", given).value
    else:
        decide = compiled.direct("decision")
    faults = wrong(decide, task)
    return {"table": task["table"], "per_second": per_second(decide, task["inputs"]), "wrong": faults, "read": reading}


if __name__ == "__main__":
    for name in sys.argv[2:]:
        say(measure(sys.argv[1], Path(name)))
