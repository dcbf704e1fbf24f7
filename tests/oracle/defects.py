"""What Camunda 7 itself does wrong, recognised in a difference, so that one can say it is nothing new.

Each rule is told the model, the difference and the step at which it showed, and says whether it is that defect. A rule asks for
what the defect needs, in the model and in the step: what it does not know is a difference. What comes after the defect in that
scenario is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lxml import etree

from procession.kernel.stepping import BODY
from tests.oracle.models import Block
from tests.oracle.playing import Difference

Do = Mapping[str, Any]
Rule = Callable[[Block, Difference, Do, str], bool]


def known(block: Block, difference: Difference, do: Do, text: str) -> str | None:
    """The sentence for a defect of Camunda 7; None for a difference that is not known."""
    return next((sentence for sentence, rule in RULES.items() if rule(block, difference, do, text)), None)


def _inside(block: Block) -> Iterator[Block]:
    yield block
    for part in block.inside:
        yield from _inside(part)


def _uncaught_stays(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if do.get("kind") not in ("task-error", "external-error") or not difference.cause.startswith("state: "):
        return False
    at = re.escape(str(do["at"]).rpartition("/")[2].partition("[")[0])
    element = re.search(rf'<\w+ id="{at}"[^>]*>(<extensionElements>.*?</extensionElements>)?(<multiInstance)?', text)
    return element is not None and ('asyncAfter="true"' in element[0] or element[2] is not None)


def _throws_into_own_scope(block: Block, difference: Difference, do: Do, text: str) -> bool:
    for scope in _inside(block):
        if scope.option("handler") == "signal" and scope.option("handler stops") is not None:
            throws = any(x.kind == "shout" or x.option("end") == "signal" for x in _inside(scope))
            if throws and difference.cause in ("state: instances", "state: tasks", "history: activities"):
                return True
    return False


def _timers_of_what_is_kept(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if difference.cause not in ("history: jobs", "state: jobs"):
        return False
    kept = (x for x in _inside(block) if _undoes(x))
    timed = any("timer" in (y.option("handler"), y.option("boundary")) for x in kept for y in _inside(x))
    lines = [str(line) for line in [*difference.expected, *difference.actual]]
    return timed and all("timer-start-event-subprocess" in line or "timer-transition" in line for line in lines)


def _mappings_again(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if not any(_undoes(x) and x.option("output") is not None for x in _inside(block)):
        return False
    if difference.cause in ("state: variables", "history: variables"):
        return {x["name"] for x in [*difference.expected, *difference.actual]} == {"q"}  # what they set
    return difference.cause.startswith("error of") and difference.actual is None


def _breaks_down(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if not difference.cause.startswith("error of") or not isinstance(difference.expected, dict):
        return False
    return difference.actual is None and difference.expected.get("type") == "ProcessEnginePersistenceException"


def _variables_of_what_is_kept(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if "compensateEventDefinition" not in text:
        return False
    if difference.cause == "state: leftovers":
        return not difference.actual
    if difference.cause.startswith("state: "):  # a loop's counter says in which turn something is
        bare = [
            sorted(re.sub(r"\[\d+\]", "", str(x)) for x in found) for found in (difference.expected, difference.actual)
        ]
        if bare[0] == bare[1]:
            return True
    if difference.cause not in ("state: variables", "history: variables"):
        return False
    ours, theirs = (
        sorted((x["name"], str(x.get("value"))) for x in found) for found in (difference.actual, difference.expected)
    )
    return ours == theirs  # the same, but elsewhere


def _history_contradicts_model(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if difference.cause != "history: activities":
        return False
    around: dict[str, str] = {}
    waiting: list[tuple[etree._Element, str]] = [(etree.fromstring(text.encode()), "")]
    while waiting:
        element, scope = waiting.pop()
        id_ = element.get("id", "")
        inner = id_ if etree.QName(element).localname in ("subProcess", "transaction") else scope
        around[id_] = scope
        waiting += [(child, inner) for child in element if isinstance(child.tag, str)]
    found = (re.match(r"\S+ \w+/(\S+) \w+(?: in (\S+))?", line) for line in difference.expected)
    for at, scope in ((x[1], x[2] or "") for x in found if x is not None):
        node = at.removesuffix(BODY)
        places = {around.get(node)} if at.endswith(BODY) else {around.get(node), node + BODY}
        if node in around and scope not in places:
            return True
    return False


def _error_of_a_handler(block: Block, difference: Difference, do: Do, text: str) -> bool:
    at = re.escape(str(do.get("at", "")).rpartition("/")[2].partition("[")[0])
    return do.get("kind") == "task-error" and re.search(rf'id="{at}" isForCompensation="true"', text) is not None


def _undoes(block: Block) -> bool:
    """True for a scope in which something can be compensated, be it the turns of its loop."""
    inside = any(x.kind == "booked" or x.option("undone") is not None for part in block.inside for x in _inside(part))
    inside = inside or (block.option("loop") is not None and block.option("undone") is not None)
    return bool(block.inside) and (inside or any(x.option("undone by handler") is not None for x in _inside(block)))


def _history_stays_open(block: Block, difference: Difference, do: Do, text: str) -> bool:
    if difference.cause != "history: activities" or "<endEvent" not in text or "compensateEventDefinition" not in text:
        return False
    opened = [line.split(" ", 2)[1] for line in difference.expected if re.match(r"\d+\.\. ", line)]
    closed = {line.split(" ", 2)[1] for line in difference.actual if re.match(r"\d+\.\.\d", line)}
    return bool(opened) and closed.issuperset(opened)


def _turn_stays(block: Block, difference: Difference, do: Do, text: str) -> bool:
    loops = any(x.option("loop") is not None for x in _inside(block))
    orphans = difference.cause == "state: tasks" and not difference.actual
    return orphans and loops and "conditionalEventDefinition" in text and do.get("kind") == "complete"


RULES: dict[str, Rule] = {
    "a BPMN error that nobody catches leaves Camunda's task or external task behind where its activity has asyncAfter or is a"
    " turn of a loop": _uncaught_stays,
    "a signal thrown in a scope interrupts that scope by its own event sub-process: Camunda goes on in the scope all the same,"
    " and ends it with its handler": _throws_into_own_scope,
    "Camunda makes the timers of a scope again that it keeps for compensation, and deletes them with it": _timers_of_what_is_kept,
    "where a sub-process with output mappings can be compensated Camunda carries them out once more when it deletes what it"
    " keeps, and may fail": _mappings_again,
    "Camunda fails with an error of its own persistence": _breaks_down,
    "Camunda shows the variables of what it keeps for compensation at whatever runs in that scope later, or at"
    " nothing": _variables_of_what_is_kept,
    "Camunda's history has an activity in a scope that it does not lie in": _history_contradicts_model,
    "after a BPMN error that nobody catches at a compensation handler Camunda ends the scope although what threw still"
    " waits": _error_of_a_handler,
    "what compensates at the end of a scope leaves that scope open in Camunda's history although the instance has"
    " ended": _history_stays_open,
    "a task of a loop stays in Camunda's list although its scope was cancelled by a condition, triggered by the completion of"
    " its neighbour": _turn_stays,
}
