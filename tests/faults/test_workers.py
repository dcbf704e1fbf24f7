"""The torture of workers, small: `make soak-workers` is the whole of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.workers import torture


@pytest.mark.parametrize("api", ["c7", "c8"])
def test_nothing_is_lost_and_nothing_done_twice(api: str, tmp_path: Path) -> None:
    report = torture(api, jobs=40, away=0.7, folder=tmp_path)
    assert report.faults == []
    assert report.steps
