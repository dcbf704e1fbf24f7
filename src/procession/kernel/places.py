"""What a model says of the places where elements can be: worked out once for each, not anew for every token that comes by.

A place is a node; the body of a loop is a place of its own beside its activity, of which every element is then a turn. This
file asks nothing that depends on a running instance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from procession.bpmn.activity_types import activity_type
from procession.bpmn.model import (
    Cancel,
    EndEvent,
    InclusiveGateway,
    Node,
    ParallelGateway,
    Process,
    StartEvent,
    SubProcess,
    Terminate,
)
from procession.kernel.records import Phase

if TYPE_CHECKING:
    from procession.kernel.behaviours.behaviour import Behaviour

BODY = "#multiInstanceBody"


class Place(Struct, frozen=True):
    """A place and what it takes to come to it, to be there and to leave it."""

    node: Node
    behaviour: Behaviour
    type: str
    """What history calls it."""
    is_body: bool
    """It is the body of a loop."""
    is_turn: bool
    """What is there is one turn of a loop."""
    joins: bool
    """Tokens that come by several flows may have to wait for each other before it begins."""
    async_before: bool
    async_after: bool
    clears: bool
    """All that is beside it is cancelled before it begins, or when it has ended."""
    first: Phase
    """The position after ATTACH: the first at which there is something to do."""
    starts: tuple[StartEvent, ...]
    """The start events of the event sub-processes directly inside of it."""
    boundaries: tuple[Node, ...]
    """The boundary events on it."""
    ends_plainly: bool
    """No listener and no output mapping is to be seen to."""
    leaves_freely: bool
    """It is left by all of its outgoing flows, none of which has a condition."""


def place_at(process: Process, at: str) -> Place:
    """The place of that name: a node's id, with `BODY` behind it that of its loop's body. Raises KeyError for no node.

    From then on it is one of the process' `places`.
    """
    place = process.places[at] = _worked_out(process, at)
    return place


def starts_in(process: Process, scope: str) -> tuple[StartEvent, ...]:
    """The start events of the event sub-processes directly inside a scope: a sub-process or the process itself."""
    starts = (
        process.nodes[start]
        for inner in process.event_subprocesses.get(scope, ())
        for start in process.starts.get(inner, ())
    )
    return tuple(start for start in starts if isinstance(start, StartEvent))


def _worked_out(process: Process, at: str) -> Place:
    from procession.kernel.behaviours import behaviour_of

    node = process.nodes.get(at)
    is_body = at.endswith(BODY)
    if node is None:
        node = process.nodes[at.removesuffix(BODY)]
    traits, loop = node.traits, node.traits.loop
    is_turn = loop is not None and not is_body
    joining = process.policies.breadth_first and isinstance(node, ParallelGateway | InclusiveGateway)
    first = Phase.INPUT if traits.inputs else Phase.START if traits.listeners else Phase.EXECUTE
    hosts = is_body or loop is None
    return Place(
        node=node,
        behaviour=behaviour_of(node, is_body=is_body),
        type=activity_type(node, is_body),
        is_body=is_body,
        is_turn=is_turn,
        joins=joining and len(node.incoming) > 1,
        async_before=loop.async_before if is_turn and loop else traits.async_before,
        async_after=loop.async_after if is_turn and loop else traits.async_after,
        clears=isinstance(node, EndEvent) and isinstance(node.definition, Terminate | Cancel),
        first=Phase.EXECUTE if is_body else first,
        starts=starts_in(process, node.id) if isinstance(node, SubProcess) and not is_body else (),
        boundaries=tuple(process.nodes[id_] for id_ in process.boundaries.get(node.id, ())) if hosts else (),
        ends_plainly=not traits.listeners and not traits.outputs,
        leaves_freely=node.default is None and all(process.flows[flow].condition is None for flow in node.outgoing),
    )
