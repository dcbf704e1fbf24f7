"""The DMN Technology Compatibility Kit: every result of the copy in the repository passes, strictly."""

from __future__ import annotations

from tests.conformance import tck


def test_every_result() -> None:
    found = tck.run()
    assert [f"{one.folder} {one.case.id} {one.case.asked}: {one.said}" for one in found if one.said is not None] == []
    assert {level: count.of for level, count in tck.counts(found).items()} == {
        "compliance-level-2": 75,
        "compliance-level-3": 2823,
        "non-compliant": 50,
    }


def test_the_scores_are_written() -> None:
    assert tck.results(tck.run()) == (tck.SCORES / "dmn.csv").read_text(encoding="utf-8")
