"""Everything that the seeds document has a test, and every mark means something that they document."""

from __future__ import annotations

from tests.seeds import BY_HAND, DIFFERENT, EXPECTED, SEEDS, TITLES, page, proofs

ITEMS = {(seed, line) for seed, lines in SEEDS.items() for line in lines}


def test_every_item_has_a_test() -> None:
    assert ITEMS - proofs().keys() - BY_HAND.keys() - EXPECTED == set()


def test_every_mark_and_note_is_about_an_item() -> None:
    assert (set(proofs()) | set(DIFFERENT) | set(BY_HAND) | EXPECTED) - ITEMS == set()
    assert TITLES.keys() == SEEDS.keys()


def test_items_are_in_the_order_of_the_text() -> None:
    for lines in SEEDS.values():
        assert list(lines) == sorted(lines)


def test_the_page_has_a_row_for_every_item() -> None:
    rows = [line for line in page() if line.startswith("| ") and "what is written" not in line]
    assert len(rows) == len(ITEMS)
