"""The order of what happens to elements is that of Zeebe's record stream."""

from __future__ import annotations

import pytest

from tests.camunda8.plays import PLAYS, StreamPlay
from tests.camunda8.streams import DIFFERENT, difference, played, recorded


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.name)
def test_the_order_of_events(play: StreamPlay) -> None:
    found = difference(recorded()[play.name], played(play))
    assert bool(found) is (play.name in DIFFERENT), "\n".join(found)


def test_differences_are_about_plays() -> None:
    assert DIFFERENT.keys() <= {play.name for play in PLAYS} == recorded().keys()
