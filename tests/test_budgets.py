"""Budgets are told of, room by room; a name in the table is a room that exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.budgets import OTHER, SECONDS, WHOLE, exceeded, room

TESTS = Path(__file__).resolve().parent


def test_every_budget_is_of_a_room() -> None:
    assert [name for name in SECONDS if not (TESTS / name).exists()] == []


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/kernel/test_jobs.py::test_one[a/b::c]", "kernel"),
        ("tests/storage/queries/test_meaning.py::test_order", "storage"),
        ("tests/test_budgets.py::test_rooms", "test_budgets.py"),
    ],
)
def test_rooms(nodeid: str, name: str) -> None:
    assert room(nodeid) == name


def test_what_is_within_its_budget_is_not_told() -> None:
    assert exceeded({"kernel": SECONDS["kernel"], "elsewhere": OTHER}, WHOLE) == []


def test_what_goes_over_its_budget_is_told() -> None:
    assert exceeded({"elsewhere": OTHER + 1, "kernel": 1.0}, WHOLE + 1) == [
        "elsewhere: 21 s of work, its budget is 20 s",
        "the whole: 601 s, its budget is 600 s",
    ]
