"""FEEL expressions on this engine: `python -m tests.benchmarks.decisions.feel_ours TASK`; see `feel_others`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from procession.expressions import MappingScope
from procession.feel import FeelScope, compile_expression, from_feel, to_feel
from tests.benchmarks.decisions.timing import per_second


def measure(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Each expression: read before, evaluated over the context as a process has it, the result a process value.

    `ready` is the same over FEEL values, as a decision inside a model is evaluated.
    """
    context, names = task["context"], frozenset(task["context"])
    inside = FeelScope(to_feel(context), MappingScope({}))
    results = []
    for text in task["expressions"]:
        compiled = compile_expression(text, names)

        def evaluate(context: dict[str, Any], compiled: Any = compiled) -> Any:
            return from_feel(compiled.evaluate(MappingScope(context)))

        value = evaluate(context)
        micros = 1e6 / per_second(evaluate, [context], task["rounds"], task["least"])
        parsing = 1e6 / per_second(lambda text: compile_expression(text, names), [text], 1, task["least"])
        ready = 1e6 / per_second(compiled.evaluate, [inside], task["rounds"], task["least"])
        results.append({"value": value, "micros": micros, "parsing": parsing, "ready": ready})
    return results


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), default=str))
