"""The committed scores are those of this version: `python -m tests.camunda8.conformance` writes them."""

from __future__ import annotations

from tests.camunda8.conformance import PAGE, our_answers, page, recorded


def test_the_page_says_what_this_version_does() -> None:
    assert page(recorded(), our_answers()) == PAGE.read_text(encoding="utf-8")
