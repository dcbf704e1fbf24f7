"""Every fault has a test, and the page says which."""

from __future__ import annotations

from tests.faults.table import FAULTS, PAGE, page, proofs


def test_every_fault_has_a_test() -> None:
    assert proofs().keys() == FAULTS.keys()


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == "\n".join(page()) + "\n", "run `make docs`"
