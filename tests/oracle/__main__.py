"""`make oracle`: random models on the real Camunda 7 and on Procession; what differs is made small and kept.

    make oracle ARGS="--count 200"                       # the next 200 seeds
    make oracle ARGS="--seed 4711"                       # one again
    make oracle ARGS="--count 1000 --workers 2"   # two pairs of servers at the same time
    make oracle ARGS="--camunda http://127.0.0.1:8090/engine-rest"   # a server that runs already; its clock is moved

The seeds that were played are in `seeds.json`; a difference that is no known defect of Camunda 7 (`defects.py`) goes to
`found/SEED.bpmn` with what Camunda did in `found/SEED.json`, and is a test from then on.
Without Java or Maven it says so and ends with 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

from tests.conformance.replay import servers
from tests.oracle.defects import known
from tests.oracle.models import random_model, xml
from tests.oracle.playing import KEY, Difference, Pair, step_of

HERE = Path(__file__).parent
SEEDS, FOUND = HERE / "seeds.json", HERE / "found"
HOME = HERE.parent.parent.parent / "shared" / "oracle" / "camunda7"
START_SECONDS = 600.0
REPEATS = 4  # so often Camunda is asked again where it goes by the order of random ids


@contextlib.contextmanager
def camunda(home: Path) -> Iterator[str]:
    """A real Camunda 7 of our own, without a job executor; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}/engine-rest"
    subprocess.run(
        [str(home / "run"), "--port", port, "--no-job-executor", "--detach"], check=True, timeout=START_SECONDS
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/engine", timeout=5):
                break
            if time.monotonic() > deadline:
                raise TimeoutError("Camunda 7 did not start")
            time.sleep(0.5)
        yield url
    finally:
        subprocess.run([str(home / "stop"), "--port", port], check=False)


def missing(home: Path) -> str | None:
    """What a Camunda 7 of our own lacks."""
    if not (home / "run").is_file():
        return f"the oracle in {home}"
    return next((tool for tool in ("java", "mvn") if shutil.which(tool) is None), None)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make oracle", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=50, help="how many new seeds")
    parser.add_argument(
        "--seed", type=int, action="append", default=[], help="these seeds instead; nothing is recorded"
    )
    parser.add_argument("--keep", action="store_true", help="keep what Camunda does with each --seed as a test")
    parser.add_argument("--oracle", type=Path, default=HOME, help="folder of the real Camunda 7")
    parser.add_argument(
        "--camunda",
        metavar="URL",
        action="append",
        default=[],
        help="one that runs already, for each worker; its clock is moved",
    )
    parser.add_argument("--workers", type=int, default=1, help="how many pairs of servers play at the same time")
    parser.add_argument(
        "--variants", type=int, default=2, help="with how many sets of start variables a model is played"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many minutes")
    parser.add_argument("--shrink-seconds", type=float, default=300, help="time to make a difference small")
    options = parser.parse_args()
    if not options.camunda and (lacking := missing(options.oracle)):
        print(f"SKIPPED oracle: {lacking} is missing")
        return 0
    first = json.loads(SEEDS.read_text(encoding="utf-8"))["next"]
    seeds = options.seed or list(range(first, first + options.count))
    deadline = time.monotonic() + 60 * options.minutes
    workers = max(options.workers, len(options.camunda))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="procession-oracle-")))
        theirs = options.camunda or [stack.enter_context(camunda(options.oracle)) for _ in range(workers)]
        ours = stack.enter_context(servers(workers, folder))
        free: Queue[Pair] = Queue()
        for number, urls in enumerate(zip(theirs, ours, strict=True)):
            (folder / f"models-{number}").mkdir()
            free.put(Pair(*urls, folder / f"models-{number}", options.variants))

        def play(seed: int) -> Played | None:
            if time.monotonic() > deadline:
                return None
            pair = free.get()
            try:
                return _keep_again(pair, seed) if options.keep else _play(pair, seed, options.shrink_seconds)
            finally:
                free.put(pair)

        pool = stack.enter_context(ThreadPoolExecutor(workers))
        differing = sum(_take_down(played, record=not options.seed) for played in pool.map(play, seeds) if played)
    told = json.loads(SEEDS.read_text(encoding="utf-8"))
    print(f"{told['models']} models and {told['scenarios']} scenarios so far; {differing} differed now")
    return 1 if differing else 0


@dataclass(frozen=True)
class Played:
    """One seed: how many scenarios; where they differed, and what is known of that."""

    seed: int
    scenarios: int
    difference: Difference | None = None
    defect: str | None = None


def _take_down(played: Played, *, record: bool) -> bool:
    """Records a seed; True where something new differed."""
    if record:
        told = json.loads(SEEDS.read_text(encoding="utf-8"))
        told["next"] = played.seed + 1
        told["models"] += 1
        told["scenarios"] += played.scenarios
        if played.difference is not None:
            told["differed"][str(played.seed)] = played.difference.cause
        if played.defect is not None:
            told["defects"][str(played.seed)] = played.defect
        SEEDS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return played.difference is not None and played.defect is None


def _play(pair: Pair, seed: int, seconds: float) -> Played:
    block = random_model(seed)
    pair.scenarios = 0
    found = pair.differs(block)
    scenarios = pair.scenarios
    if found is None:
        return Played(seed, scenarios)
    text, recording, difference = found
    if "signal" in text and any(pair.differs(block, difference.scenario) is None for _ in range(REPEATS)):
        return Played(
            seed, scenarios, difference, "receivers of one signal have no order in Camunda: it has done it in both ways"
        )
    defect = known(block, difference, step_of(recording, difference), text)
    if defect is None:
        small = pair.shrink(block, difference, seconds)
        text, recording, difference = pair.differs(small) or found
        defect = known(small, difference, step_of(recording, difference), text)
    print(f"seed {seed}: {defect or text}\n{difference}", flush=True)
    if defect is None:
        recording["scenarios"] = {k: v for k, v in recording["scenarios"].items() if k == difference.scenario}
        _keep(str(seed), text, recording)
    return Played(seed, scenarios, difference, defect)


def _keep_again(pair: Pair, seed: int) -> Played:
    text = xml(random_model(seed), KEY)
    pair.variants = 99  # all of them
    recording = pair.record(text)
    _keep(str(seed), text, recording)
    return Played(seed, len(recording["scenarios"]))


def _keep(name: str, text: str, recording: dict[str, Any]) -> None:
    FOUND.mkdir(exist_ok=True)
    (FOUND / f"{name}.bpmn").write_text(text, encoding="utf-8")
    (FOUND / f"{name}.json").write_text(json.dumps(recording, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
