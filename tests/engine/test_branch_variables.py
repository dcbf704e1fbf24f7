"""Local variables of a branch, stored between its activities: they go on with it, and nothing of them stays behind."""

from __future__ import annotations

from procession.engine.engine import Engine
from tests.engine.looking import left_over, nodes, rows
from tests.engine.models import expression, flow, row


def task(engine: Engine, node: str) -> int:
    ((key,),) = rows(engine, "SELECT key FROM task WHERE node = ?", node)
    return int(key)


def homes(engine: Engine) -> list[tuple[str, str]]:
    """Each variable with the node of the element that it lives in."""
    return [
        (name, node)
        for name, node in rows(
            engine, "SELECT v.name, e.node FROM variable v JOIN element e ON e.key = v.scope ORDER BY v.key"
        )
    ]


def test_it_lives_where_the_token_is_and_in_history_too(engine: Engine) -> None:
    branch = expression("a", "${execution.setVariableLocal('x', 1)}")
    beside = '<userTask id="w"/>' + flow("g", "w")
    model = row('<parallelGateway id="g"/>', branch, '<userTask id="u"/>', '<userTask id="v"/>', extra=beside)
    engine.deploy(("p.bpmn", model))
    instance = engine.start_process("p").instance
    assert homes(engine) == [("x", "u")]
    engine.complete_task(task(engine, "u"))
    assert nodes(engine, instance) == ["v", "w"]
    assert homes(engine) == [("x", "v")]
    assert rows(engine, "SELECT e.node FROM history_variable v JOIN element e ON e.key = v.scope") == [("v",)]
    engine.complete_task(task(engine, "w"))
    assert homes(engine) == [("x", "p")]
    engine.complete_task(task(engine, "v"))
    assert left_over(engine) == {}
