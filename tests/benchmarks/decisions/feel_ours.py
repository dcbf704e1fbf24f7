"""FEEL expressions on this engine: `python -m tests.benchmarks.decisions.feel_ours TASK`; see `feel_others`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from procession.expressions import MappingScope
from procession.feel import compile_expression, from_feel
from tests.benchmarks.decisions.timing import per_second


def measure(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Each expression: read before, evaluated over the context as a process has it, the result a process value."""
    context, names = task["context"], frozenset(task["context"])
    results = []
    for text in task["expressions"]:
        compiled = compile_expression(text, names)

        def evaluate(context: dict[str, Any], compiled: Any = compiled) -> Any:
            return from_feel(compiled.evaluate(MappingScope(context)))

        value = evaluate(context)
        micros = 1e6 / per_second(evaluate, [context], task["rounds"], task["least"])
        parsing = 1e6 / per_second(lambda text: compile_expression(text, names), [text], 1, task["least"])
        results.append({"value": value, "micros": micros, "parsing": parsing})
    return results


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), default=str))
