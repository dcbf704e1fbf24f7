"""Laws that hold for every model: replay gives the state, failures leave nothing, lives follow their table, ends leave no row,

and the cost of a command follows what it touches. Replay and undoing are checked by the harness, at every command.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import get_args

import pytest
from hypothesis import given as law
from hypothesis import settings
from hypothesis import strategies as st

from procession.errors import Conflict, ProcessionError
from procession.kernel import events as e
from procession.kernel.applying import APPLY
from procession.kernel.lifecycle import MOVES, move
from procession.kernel.records import Element, Life
from procession.kernel.state import State
from tests.kernel.diagram import diagram, external, loop, parallel, put, sub, user
from tests.kernel.harness import KernelPlay, Store, on_kernel
from tests.kernel.models import drive, random_model

SEEDS = st.integers(0, 10**9)


def test_of_every_event_it_is_said_what_it_changes() -> None:
    assert set(APPLY) == set(get_args(e.Event))


# ---------------------------------------------------------------- random models


@settings(max_examples=40, deadline=None)
@law(SEEDS)
def test_a_model_of_blocks_ends_and_leaves_no_row(seed: int) -> None:
    play = on_kernel(random_model(seed)).start(n=0)
    assert drive(play, Random(seed), 400) < 400
    assert play.empty
    assert play.states[-1] == "COMPLETED"
    assert not [node for node in play.path if node.endswith("?")]


@settings(max_examples=20, deadline=None)
@law(SEEDS, st.integers(0, 6))
def test_cancelling_at_any_moment_leaves_no_row(seed: int, steps: int) -> None:
    play = on_kernel(random_model(seed)).start(n=0)
    drive(play, Random(seed), steps)
    if not play.ended:
        play.cancel()
    assert play.empty


@settings(max_examples=20, deadline=None)
@law(SEEDS)
def test_suspending_and_waking_changes_nothing_else(seed: int) -> None:
    play = on_kernel(random_model(seed)).start(n=0)
    before = {table: dict(rows) for table, rows in play.store.rows.items()}
    if play.ended:
        return
    play.suspend().suspend(False)
    after = {table: dict(rows) for table, rows in play.store.rows.items()}
    assert {t: set(rows) for t, rows in before.items()} == {t: set(rows) for t, rows in after.items()}
    assert drive(play, Random(seed), 400) < 400
    assert play.empty


@settings(max_examples=10, deadline=None)
@law(SEEDS)
def test_the_same_commands_give_the_same_events(seed: int) -> None:
    plays = [on_kernel(random_model(seed)).start(n=0) for _ in range(2)]
    for play in plays:
        drive(play, Random(seed), 400)
    assert plays[0].log == plays[1].log


# ---------------------------------------------------------------- lives


@pytest.mark.parametrize("before", list(Life))
@pytest.mark.parametrize("after", list(Life))
def test_only_the_moves_of_the_table(before: Life, after: Life) -> None:
    if after is before or after in MOVES[before]:
        assert move(before, after) is after
    else:
        with pytest.raises(Conflict):
            move(before, after)


@settings(max_examples=20, deadline=None)
@law(SEEDS)
def test_events_tell_a_life_in_order(seed: int) -> None:
    play = on_kernel(random_model(seed)).start(n=0)
    drive(play, Random(seed), 400)
    lives: dict[int, list[str]] = {}
    for event in play.log:
        match event:
            case e.ElementCreated(element=element):
                lives[element.key] = ["created"]
            case e.ElementEntered() | e.ElementCompleted() | e.ElementTerminated() | e.ElementRemoved():
                lives[event.element].append(type(event).__name__.removeprefix("Element").lower())
                if isinstance(event, e.ElementCompleted) and event.removed:
                    lives[event.element].append("removed")
    order = ["created", "entered", "completed", "terminated", "removed"]
    for life in lives.values():
        assert all(order.index(a) < order.index(b) for a, b in pairwise(life))
        assert life[-1] == "removed"
        assert not {"completed", "terminated"} <= set(life)


# ---------------------------------------------------------------- the state's journal


@settings(max_examples=100, deadline=None)
@law(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.booleans()), max_size=20), st.integers(0, 20))
def test_undoing_gives_back_what_was(writes: list[tuple[int, int, bool]], kept: int) -> None:
    def written(steps: list[tuple[int, int, bool]], state: State) -> None:
        for key, parent, remove in steps:
            if not remove and not state.is_held(Element, key):
                state.add(Element(key, 1, parent, "n"))
            elif remove and state.get(Element, key) is not None:
                state.remove(Element, key)
            elif not remove and (old := state.get(Element, key)) is None:
                state.put(Element(key, 1, parent, "n"))
            elif not remove and old is not None:
                state.put(Element(key, 1, old.parent, "m", index=old.index + 1))

    def seen(state: State) -> object:
        return [state.get(Element, k) for k in range(5)], [state.children(p) for p in range(4)]

    expected, tried = State(), State()
    written(writes[:kept], expected)
    written(writes[:kept], tried)
    mark = tried.mark()
    written(writes[kept:], tried)
    tried.undo(mark)
    assert seen(tried) == seen(expected)
    assert tried.changes() == expected.changes()


def test_a_failing_command_leaves_a_state_that_goes_on() -> None:
    play = on_kernel(diagram("s > a > b >{ok} e", b=user())).start().complete("a")
    for _ in range(2):
        with pytest.raises(ProcessionError):
            play.complete("b")
    assert play.complete("b", ok=True).empty


# ---------------------------------------------------------------- cost


def _chain(length: int) -> KernelPlay:
    names = [f"t{n}" for n in range(length)]
    nodes = {name: external() for name in names}
    return on_kernel(diagram(f"s > {' > '.join(names)} > e", **nodes)).start(n=0)


def test_a_long_chain_costs_no_more_per_command() -> None:
    costs = {}
    for length in (10, 1000):
        play = _chain(length)
        for number in range(8):
            play.work(f"t{number}", n=number)
        costs[length] = play.touched
    assert costs[1000] == costs[10] < 20


def test_a_wide_fork_costs_no_more_per_branch() -> None:
    costs = {}
    for width in (10, 1000):
        names = [f"t{n}" for n in range(width)]
        paths = "; ".join(["s > f", *(f"f > {name} > j" for name in names), "j > e"])
        play = on_kernel(diagram(paths, f=parallel(), j=parallel(), **{name: external() for name in names})).start()
        for number in range(5):
            play.work(f"t{number}")
        costs[width] = play.touched
    assert costs[1000] == costs[10] < 20


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_loop_of_many_turns_costs_no_more_per_turn(one_by_one: bool) -> None:
    costs = {}
    for turns in (10, 1000):
        play = on_kernel(diagram("s > a > e", a=external(loop(times=str(turns), one_by_one=one_by_one)))).start()
        for _ in range(5):
            play.work("a")
        costs[turns] = play.touched
    assert costs[1000] == costs[10] < 25


def test_depth_costs_its_path_alone() -> None:
    costs = {}
    for beside in (1, 300):
        others = "; ".join(f"f > u{n} > e" for n in range(beside))
        inner = sub("s1 > a > b > e1", *put(x="1"), nodes={"a": external(), "b": external()})
        play = on_kernel(diagram(f"s > f > p > e; {others}", f=parallel(), p=inner)).start()
        play.work("a", x=2)
        costs[beside] = play.touched
    assert costs[300] == costs[1] < 20


def test_history_does_not_make_a_loop_dearer() -> None:
    model = diagram("s > x > a > y >{n < 500} x; y >* e", x=user(), a=external(), y=user())
    play = on_kernel(model).start(n=0)
    costs = []
    for turn in range(20):
        play.complete("x").work("a", n=turn)
        costs.append(play.touched)
        play.complete("y")
    assert len(set(costs[1:])) == 1


def test_a_store_counts_what_it_gives() -> None:
    store = Store()
    state = State(store)
    state.put(Element(1, 1, None, "n"))
    store.save(state.changes())
    assert (State(store).get(Element, 1), store.fetched) == (Element(1, 1, None, "n"), 1)
