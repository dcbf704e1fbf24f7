"""Keys increase and are never the same twice; node numbers are held by one process at a time."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import Unavailable
from procession.storage import KeyMaker, open_storage
from procession.storage.keys import START, time_of
from procession.storage.nodes import LEASE, claim_node, release_node, renew_node

NOW = START + 1_000_000


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_keys_increase_whatever_the_clock_does(times: list[int]) -> None:
    clock = iter(times)
    make = KeyMaker(3, lambda: START + next(clock))
    keys = [make() for _ in times]
    assert all(a < b for a, b in itertools.pairwise(keys))


def test_a_key_tells_its_time_and_fits_63_bits() -> None:
    key = KeyMaker(1023, lambda: NOW)()
    assert time_of(key) == NOW
    assert 0 < key < 2**63


def test_a_full_millisecond_borrows_from_the_next() -> None:
    make = KeyMaker(0, lambda: NOW)
    keys = [make() for _ in range(5000)]
    assert len(set(keys)) == 5000
    assert time_of(keys[-1]) == NOW + 1


def test_threads_never_get_the_same_key() -> None:
    make = KeyMaker(0)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: [make() for _ in range(500)], range(8)))
    assert len(set(itertools.chain(*found))) == 4000


def test_no_key_is_made_after_the_lease() -> None:
    make = KeyMaker(0, lambda: NOW, NOW)
    with pytest.raises(Unavailable, match="run out"):
        make()
    make.renew(1, NOW + 1)
    assert (make() >> 12) & 1023 == 1


def test_a_node_number_is_between_0_and_1023() -> None:
    with pytest.raises(ValueError, match="not 1024"):
        KeyMaker(1024)


def test_numbers_are_leased_renewed_lost_and_given_back(database_url: str) -> None:
    storage = open_storage(database_url)
    with storage.transaction() as tx:
        later = storage.keys.valid_until or 0
        first = claim_node(tx.driver, "a", later - 1)
        assert first.number == 1  # the storage itself holds 0
        assert claim_node(tx.driver, "b", later - 1).number == 2
        renewed = renew_node(tx.driver, first, later)
        assert (renewed.number, renewed.expires) == (1, later + LEASE)
        lost = renew_node(tx.driver, first, later + 2 * LEASE)
        assert lost.number == 0  # everything has run out: the smallest is free again
        release_node(tx.driver, lost, later + 2 * LEASE)
        assert claim_node(tx.driver, "c", later + 2 * LEASE + 1).number == 0
    storage.close()


def test_two_storages_hold_two_numbers(database_url: str) -> None:
    first, second = open_storage(database_url), open_storage(database_url)
    assert {first.keys.node, second.keys.node} == {0, 1}
    first.close()
    third = open_storage(database_url)
    assert third.keys.node in (0, 2)  # 0 where the last key's millisecond is over
    second.close()
    third.close()


def test_a_storage_that_was_frozen_takes_a_new_lease(database_url: str) -> None:
    times = [NOW]
    storage = open_storage(database_url, clock=lambda: times[0])
    times[0] += 3 * LEASE
    with storage.transaction() as tx:
        assert time_of(tx.new_key()) == times[0]
    storage.close()
