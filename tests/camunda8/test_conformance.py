"""The committed scores are those of this version: `python -m tests.camunda8.conformance` writes them."""

from __future__ import annotations

import json

from tests.camunda8.conformance import ELEMENTS, PAGE, elements, our_answers, page, recorded


def test_the_pages_say_what_this_version_does() -> None:
    theirs, ours = recorded(), our_answers()
    assert page(theirs, ours) == PAGE.read_text(encoding="utf-8")
    # which tests name an element is written with the rest and not held to: any test may
    said, does = (json.loads(text) for text in (ELEMENTS.read_text(encoding="utf-8"), elements(theirs, ours)))
    assert {name: row[:3] for name, row in said.items() if row[0]} == {n: row[:3] for n, row in does.items() if row[0]}
