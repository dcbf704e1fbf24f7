"""Who can reach whom along the flows of one scope: what an inclusive join has to know.

What a boundary event may still begin is not counted, as in Camunda 7: an inclusive join would wait for ever for events that
do not happen. A node reaches itself only by a loop. Answers are worked out when first asked for a target and
kept with the process' graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from procession.bpmn.model import Process


class Graph:
    """The flow graph of one process. Safe to share: what is kept never changes an answer."""

    def __init__(self, process: Process) -> None:
        self._before: dict[str, list[str]] = {}
        for flow in process.flows.values():
            self._before.setdefault(flow.target, []).append(flow.source)
        self._reaching: dict[str, frozenset[str]] = {}

    def reaching(self, node_id: str) -> frozenset[str]:
        """Every node of the scope from which one or more flows lead to `node_id`."""
        found = self._reaching.get(node_id)
        if found is None:
            seen: set[str] = set()
            waiting = list(self._before.get(node_id, ()))
            while waiting:
                at = waiting.pop()
                if at not in seen:
                    seen.add(at)
                    waiting.extend(self._before.get(at, ()))
            found = self._reaching[node_id] = frozenset(seen)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A process by identity: its own fields cannot be hashed."""

    process: Process

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.process is self.process

    def __hash__(self) -> int:
        return id(self.process)


@lru_cache(maxsize=256)
def _graph(same: _Same) -> Graph:
    return Graph(same.process)


def graph_of(process: Process) -> Graph:
    """The graph of a process; the last few hundred are kept."""
    return _graph(_Same(process))


def can_reach(process: Process, from_node: str, to_node: str) -> bool:
    """Whether a token at `from_node` may come to `to_node` of the same scope by one or more flows."""
    return from_node in graph_of(process).reaching(to_node)
