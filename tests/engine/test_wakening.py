"""Who is woken by what: a bell is for those who wait for a topic, and for those who wait for anything."""

from __future__ import annotations

from functools import partial

from procession.engine.engine import Engine
from procession.engine.wakening import Bell
from procession.kernel import commands as c
from tests.engine.looking import one
from tests.engine.models import external, row


def test_a_ring_for_topics_wakes_who_waits_for_one_of_them() -> None:
    bell, heard = Bell(), list[str]()
    for name, topics in (("a", ["a"]), ("b", ["b", "c"]), ("all", None)):
        bell.listen(partial(heard.append, name), topics)
    bell.ring({"c", "d"})
    assert heard == ["b", "all"]
    bell.ring(set())
    assert heard == ["b", "all", "all"]
    bell.ring()
    assert heard == ["b", "all", "all", "a", "b", "all"]


def test_who_has_stopped_listening_is_not_woken() -> None:
    bell, heard = Bell(), list[str]()
    forget = bell.listen(lambda: heard.append("x"))
    forget()
    forget()
    bell.ring()
    assert heard == []


def test_a_task_wakes_its_workers_when_it_comes_and_when_it_is_free_but_not_when_it_is_done(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(external())))
    heard = list[str]()
    topic = "work"
    engine.externals_bell.listen(lambda: heard.append("its own"), [topic])
    engine.externals_bell.listen(lambda: heard.append("another"), [f"not {topic}"])
    engine.start_process("p")
    key, topic_of_task = (
        int(one(engine, "SELECT key FROM external_task")),
        one(engine, "SELECT topic FROM external_task"),
    )
    assert (topic_of_task, heard) == (topic, ["its own"])
    engine.submit(c.ChangeExternal(key, lock=("w", None)))
    engine.submit(c.ChangeExternal(key, lock=(None, None)))
    assert set(heard) == {"its own"}
    before = len(heard)
    engine.submit(c.CompleteExternal(key, None))
    assert len(heard) == before
