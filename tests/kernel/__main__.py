"""Plays random models on the kernel and on a real Camunda 7 side by side, and tells where they part.

python -m tests.kernel http://127.0.0.1:8080/engine-rest FIRST_SEED LAST_SEED
"""

from __future__ import annotations

import sys
from random import Random
from typing import Any

from procession.errors import ProcessionError
from tests.kernel.harness import KernelPlay
from tests.kernel.models import go_on, random_model
from tests.kernel.oracle import CamundaPlay

STEPS = 25


def seen(play: Any) -> tuple[object, ...]:
    """What both must show alike: what waits, the path, the variables of the instance, the end."""
    own = {name: value for name, value in play.variables.items() if "." not in name and not name.startswith("v")}
    return play.waits, play.path, own, play.ended


def compare(seed: int, address: str) -> str | None:
    """How the two part over one model; None where they do not."""
    model = random_model(seed)
    plays: list[Any] = [KernelPlay((model,)), CamundaPlay(address, (model,))]
    random = Random(seed)
    trail: list[str] = []
    try:
        for play in plays:
            play.start(n=0)
        for _ in range(STEPS):
            ours, theirs = seen(plays[0]), seen(plays[1])
            if ours != theirs:
                return f"{trail}\n  kernel  {ours}\n  camunda {theirs}"
            if not plays[0].waits:
                return None
            trail.append(random.choice(sorted(set(plays[0].waits))))
            for play in plays:
                go_on(play, trail[-1])
    except ProcessionError as fault:
        return f"{trail}\n  {fault}"
    return None


def main() -> int:
    address, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    parted = 0
    for seed in range(first, last + 1):
        difference = compare(seed, address)
        if difference is not None:
            parted += 1
            print(f"seed {seed}: {difference}")
    print(f"{last - first + 1} models, {parted} differ")
    return 1 if parted else 0


if __name__ == "__main__":
    sys.exit(main())
