"""`make oracle`: random models on the real Camunda 7 and on Procession; what differs is made small and kept.

    make oracle ARGS="--count 200"                       # the next 200 seeds
    make oracle ARGS="--seed 4711"                       # one again
    make oracle ARGS="--camunda http://127.0.0.1:8090/engine-rest"   # a server that runs already; its clock is moved

The seeds that were played are in `seeds.json`; a difference goes to `found/SEED.bpmn` with what Camunda did in
`found/SEED.json`, and is a test from then on. Without Java or Maven it says so and ends with 0.
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
from pathlib import Path
from typing import Any

from tests.conformance.replay import servers
from tests.oracle.models import random_model, xml
from tests.oracle.playing import KEY, Difference, Pair

HERE = Path(__file__).parent
SEEDS, FOUND = HERE / "seeds.json", HERE / "found"
HOME = HERE.parent.parent.parent / "shared" / "oracle" / "camunda7"
START_SECONDS = 600.0


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
    parser.add_argument("--camunda", metavar="URL", help="a Camunda 7 that runs already; nothing else may use it")
    parser.add_argument("--procession", metavar="URL", help="a server in test mode that runs already")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many minutes")
    options = parser.parse_args()
    if not options.camunda and (lacking := missing(options.oracle)):
        print(f"SKIPPED oracle: {lacking} is missing")
        return 0
    played = json.loads(SEEDS.read_text(encoding="utf-8"))
    first = played["next"]
    seeds = options.seed or range(first, first + options.count)
    deadline = time.monotonic() + 60 * options.minutes
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="procession-oracle-")))
        theirs = options.camunda or stack.enter_context(camunda(options.oracle))
        ours = options.procession or stack.enter_context(servers(1, folder))[0]
        models = folder / "models"
        models.mkdir()
        pair = Pair(theirs, ours, models)
        differing = 0
        for seed in seeds:
            if time.monotonic() > deadline:
                break
            if options.keep:
                text = xml(random_model(seed), KEY)
                _keep(str(seed), text, pair.record(text))
                continue
            found = _play(pair, seed)
            differing += found is not None
            if not options.seed:
                played["next"] = seed + 1
                played["models"] += 1
                played["scenarios"], pair.scenarios = played["scenarios"] + pair.scenarios, 0
                if found is not None:
                    played["differed"][str(seed)] = found.cause
                SEEDS.write_text(json.dumps(played, indent=1) + "\n", encoding="utf-8")
    print(f"{played['models']} models and {played['scenarios']} scenarios so far; {differing} differed now")
    return 1 if differing else 0


def _play(pair: Pair, seed: int) -> Difference | None:
    block = random_model(seed)
    found = pair.differs(block)
    if found is None:
        return None
    small = pair.shrink(block, found[2].cause)
    text, recording, difference = pair.differs(small) or found
    print(f"seed {seed}: {difference}\n{text}", flush=True)
    recording["scenarios"] = {k: v for k, v in recording["scenarios"].items() if k == difference.scenario}
    _keep(str(seed), text, recording)
    return difference


def _keep(name: str, text: str, recording: dict[str, Any]) -> None:
    FOUND.mkdir(exist_ok=True)
    (FOUND / f"{name}.bpmn").write_text(text, encoding="utf-8")
    (FOUND / f"{name}.json").write_text(json.dumps(recording, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
