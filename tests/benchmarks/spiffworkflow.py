"""SpiffWorkflow beside ours: the same model in process, in an environment of its own under `.cache/` that is thrown away at will.

It is under the LGPL: nothing of it is part of this project, nothing here depends on it. It keeps no database; its
workflows are saved as its serializer writes them, one row of JSON on SQLite at each wait state, committed as durably as ours.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from procession.embedding import open_engine
from tests.benchmarks import growing, models
from tests.benchmarks.figures import figure
from tests.benchmarks.in_process import Place

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".cache" / "benchmarks" / "spiffworkflow"
VERSION = "3.2.0"
SCRIPT = Path(__file__).with_name("spiffworkflow_script.py")
CHAINS = (10, 100, 300)
"""It recurses along a chain: at 500 tasks its serializer meets the limit of Python's stack."""


def missing() -> str | None:
    """Why it cannot run here, None where it can: its environment is made on first use."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", "import SpiffWorkflow"], capture_output=True).returncode == 0:
        return None
    tool = shutil.which("uv") or str(ROOT / ".tools" / "python" / "bin" / "uv")
    try:
        subprocess.run([tool, "venv", "-q", "--clear", "--python", sys.executable, str(ENVIRONMENT)], check=True)
        subprocess.run([tool, "pip", "install", "-q", "--python", str(python), f"SpiffWorkflow=={VERSION}"], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"SpiffWorkflow {VERSION} cannot be installed: {error}"
    return None


def measure(place: Place, instances: int, rounds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Both in turn, `rounds` times: instances with one task, then one instance of each length of a chain."""
    work = [(1, instances), *((length, max(1, 100 // length)) for length in CHAINS)]
    spent: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for turn in range(rounds):
        for length, number in work:
            tell(f"  round {turn + 1} of {rounds}: {number} chains of {length}")
            for name, run in ((f"SpiffWorkflow {VERSION}", _theirs), ("Procession", _ours)):
                spent.setdefault((name, length), []).append(run(place, length, number))
    counts = dict(work)
    return {
        name: {
            "instances per second": figure(instances / wall for wall, _ in spent[name, 1]),
            "processor µs per instance": figure(cpu * 1e6 / instances for _, cpu in spent[name, 1]),
            **{
                f"per task in a chain of {length}": figure(
                    cpu * 1e6 / counts[length] / length for _, cpu in spent[name, length]
                )
                for length in CHAINS
            },
        }
        for name in dict.fromkeys(name for name, _ in spent)
    }


def _theirs(_place: Place, length: int, number: int) -> tuple[float, float]:
    """Seconds of wall and of processor time."""
    with tempfile.TemporaryDirectory(prefix="procession-bench-") as name:
        model = Path(name) / "model.bpmn"
        model.write_bytes(models.chain(length))
        command = [str(ENVIRONMENT / "bin" / "python"), str(SCRIPT), str(model), models.GROWING]
        command += [str(Path(name) / "workflows.db"), str(number)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    found = json.loads(answer.stdout)
    return found["wall"], found["cpu"]


def _ours(place: Place, length: int, number: int) -> tuple[float, float]:
    url = place.fresh()
    try:
        with open_engine(url) as engine:
            engine.deploy(("model.bpmn", models.chain(length)), name="chain")
            work = growing.tasks(number * length)
            work(engine, length, growing.Meter(None))
            meter, wall = growing.Meter(None), time.perf_counter()
            work(engine, length, meter)
            return time.perf_counter() - wall, meter.seconds
    finally:
        place.drop(url)
