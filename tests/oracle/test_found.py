"""What random models found once, played again: the recordings of the real Camunda 7 beside them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.conformance.replay import servers
from tests.oracle.models import random_model, smaller, xml
from tests.oracle.playing import Pair

HERE = Path(__file__).parent
FOUND = sorted((HERE / "found").glob("*.json"))
SEEDS = json.loads((HERE / "seeds.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("oracle")
    with servers(1, folder) as (url,), contextlib.closing(Pair(url, url, folder)) as pair:
        yield pair


@pytest.mark.parametrize("recording", FOUND, ids=lambda path: path.stem)
def test_a_model_that_differed_does_what_camunda_does(recording: Path, pair: Pair) -> None:
    text = recording.with_suffix(".bpmn").read_text(encoding="utf-8")
    difference = pair.difference(text, json.loads(recording.read_text(encoding="utf-8")))
    assert difference is None, difference


def test_every_difference_is_a_test_or_named() -> None:
    told = {path.stem for path in FOUND} | SEEDS["defects"].keys() | SEEDS["open"].keys()
    assert not SEEDS["differed"].keys() - told


@pytest.mark.parametrize("seed", [Random(n).randrange(10**6) for n in range(20)])
def test_models_are_the_seed_s_and_become_smaller(seed: int) -> None:
    block = random_model(seed)
    assert xml(block, "p") == xml(random_model(seed), "p")
    assert all(one.size <= block.size and one != block for one in smaller(block))
