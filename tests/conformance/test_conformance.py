"""The corpora are whole, and scores are read, written and compared as they should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance import corpora, scores
from tests.conformance.replay import CORPORA, corpus

REPORT = {
    "totals": {
        "models": {"equal": 1, "of": 3},
        "deployments": {"equal": 3, "of": 3},
        "rejections": {"equal": 0, "of": 0},
        "scenarios": {"equal": 4, "of": 7},
        "steps": {"equal": 20, "of": 30},
    },
    "causes": {"state: jobs": 2, "error of complete": 1},
    "divergences": {
        "a.bpmn": {
            "one": {"cause": "state: jobs", "where": "step 2", "expected": [{"due": "now"}], "actual": []},
            "two": {"cause": "state: jobs", "where": "step 3", "expected": ["x" * 500], "actual": []},
        },
        "b.bpmn": {
            "one": {"cause": "error of complete", "where": "step 1", "expected": None, "actual": {"status": 500}}
        },
    },
}


@pytest.mark.parametrize(
    ("name", "suffix", "files"),
    [
        ("bpmn", ".bpmn*", 874),
        ("dmn-camunda7", ".dmn*", 129),
        ("dmn-tck", "-test-*.xml", 107),
        ("bpmn-miwg", ".bpmn", 14),
        ("real-models", ".*", 61),
        ("camunda7-recordings", ".json", 1036),
    ],
)
def test_a_corpus_is_whole(name: str, suffix: str, files: int) -> None:
    assert sum(path.is_file() for path in corpora.folder(name).rglob(f"*{suffix}")) == files


def test_every_archive_is_known_and_carries_its_source() -> None:
    assert len(corpora.NAMES) == 6
    assert [name for name in corpora.NAMES if not (corpora.folder(name) / "README.md").is_file()] == []


@pytest.mark.parametrize("name", CORPORA)
def test_every_recording_has_its_model(name: str) -> None:
    chosen = corpus(name)
    recorded = [path.relative_to(chosen.recordings).as_posix() for path in chosen.recordings.rglob("*.json")]
    assert recorded
    assert [path for path in recorded if not (chosen.models / path.removesuffix(".json")).is_file()] == []


def test_a_report_becomes_a_score() -> None:
    score = scores.Score.read(REPORT)
    assert score.totals["scenarios"] == (4, 7)
    assert (score.causes["state: jobs"].scenarios, score.causes["state: jobs"].models) == (2, {"a.bpmn"})
    assert scores.line("bpmn", score) == "bpmn: 4 of 7 scenarios equal (57.14 %), 1 of 3 models"


def test_the_document_names_causes_most_frequent_first() -> None:
    text = scores.to_markdown({"bpmn": scores.Score.read(REPORT)})
    assert "| bpmn | 1 of 3 (33.33 %) | 3 of 3 (100.00 %) | 0 of 0 (– %) | 4 of 7 (57.14 %) |" in text
    assert text.index("| state: jobs | 2 | 1 |") < text.index("| error of complete | 1 | 1 |")


def test_a_lower_score_is_noticed(tmp_path: Path) -> None:
    score = scores.Score.read(REPORT)
    assert scores.save(tmp_path, {"bpmn": score}) == []
    assert scores.save(tmp_path, {"bpmn": score}) == []
    worse = scores.Score({**score.totals, "scenarios": (3, 7)}, score.causes)
    assert scores.save(tmp_path, {"bpmn": worse}) == ["bpmn: scenarios went from 4 down to 3"]
    assert json.loads((tmp_path / "camunda7.json").read_text())["bpmn"]["totals"]["scenarios"]["equal"] == 3
