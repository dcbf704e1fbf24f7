"""Random models of nested blocks, and a driver that lets what waits go on. A seed decides, so two engines are told the same."""

from __future__ import annotations

from random import Random
from typing import Any

from procession.errors import ProcessionError
from tests.kernel.diagram import (
    Diagram,
    Element,
    boundary,
    call_expression,
    catch,
    diagram,
    end,
    error,
    exclusive,
    external,
    inclusive,
    loop,
    message,
    on,
    out,
    parallel,
    put,
    race,
    setter,
    sub,
    terminate,
    throw,
    timer,
    user,
)

LEAVES = ("user", "external", "setter", "timer", "message", "throw", "async", "mapped", "loop")
BLOCKS = ("sequence", "exclusive", "parallel", "inclusive", "race", "loop back", "sub", "bounded")


class Builder:
    """Writes a random model: paths of one scope and its nodes.

    Inside a loop there is no inclusive join: a token that waits elsewhere could come round to it, so that Camunda 7 and
    this kernel wait for ever.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._looping = 0
        self._count = 0
        self.paths: list[str] = []
        self.nodes: dict[str, Element] = {}

    def name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def block(self, depth: int) -> tuple[str, str]:
        """Adds a part with one way in and one way out; gives the two nodes."""
        kind = self._random.choice(BLOCKS) if depth > 0 else "leaf"
        if kind == "inclusive" and self._looping:
            kind = "parallel"
        match kind:
            case "sequence":
                first, last = self.block(depth - 1)
                for _ in range(self._random.randint(0, 2)):
                    following, ending = self.block(depth - 1)
                    self.paths.append(f"{last} > {following}")
                    last = ending
                return first, last
            case "exclusive" | "parallel" | "inclusive":
                return self._fork(kind, depth)
            case "race":
                return self._race(depth)
            case "loop back":
                return self._loop_back(depth)
            case "sub":
                name = self.name("p")
                self.nodes[name] = self._sub(depth)
                return name, name
            case "bounded":
                return self._bounded(depth)
        return self._leaf()

    def _fork(self, kind: str, depth: int) -> tuple[str, str]:
        make = {"exclusive": exclusive, "parallel": parallel, "inclusive": inclusive}[kind]
        fork, join = self.name("f"), self.name("j")
        self.nodes[fork], self.nodes[join] = make(), make()
        branches = self._random.randint(2, 3)
        for number in range(branches):
            first, last = self.block(depth - 1)
            label = (
                "" if kind == "parallel" else "*" if number == branches - 1 else f"{{n > {self._random.randint(0, 3)}}}"
            )
            self.paths += [f"{fork} >{label} {first}", f"{last} > {join}"]
        return fork, join

    def _race(self, depth: int) -> tuple[str, str]:
        gate, merge = self.name("g"), self.name("x")
        self.nodes[gate], self.nodes[merge] = race(), exclusive()
        pieces = [timer("PT1H"), message(self.name("M"))][: self._random.randint(1, 2)]
        for piece in [*pieces, message(self.name("M"))]:
            event = self.name("c")
            self.nodes[event] = catch(piece)
            first, last = self.block(depth - 1)
            self.paths += [f"{gate} > {event} > {first}", f"{last} > {merge}"]
        return gate, merge

    def _loop_back(self, depth: int) -> tuple[str, str]:
        into, test = self.name("x"), self.name("y")
        count = self.name("i")
        step = self.name("t")
        self.nodes[into], self.nodes[test] = exclusive(), exclusive()
        self.nodes[step] = call_expression(
            f"${{execution.setVariable('{count}', execution.hasVariable('{count}') ? execution.getVariable('{count}') + 1 : 1)}}"
        )
        self._looping += 1
        first, last = self.block(depth - 1)
        self._looping -= 1
        leave = self.name("k")
        self.nodes[leave] = throw()
        self.paths += [
            f"{into} > {first}",
            f"{last} > {step} > {test}",
            f"{test} >{{{count} < 2}} {into}",
            f"{test} >* {leave}",
        ]
        return into, leave

    def _sub(self, depth: int) -> Element:
        inner = Builder(self._random)
        inner._count = self._count
        first, last = inner.block(depth - 1)
        begin, finish = inner.name("s"), inner.name("e")
        self._count = inner._count + 1
        if self._random.random() < 0.2:
            inner.nodes[finish] = end(terminate())
        pieces = put(**{f"v{begin}": "${n}"}) if self._random.random() < 0.3 else ()
        return sub("; ".join([*inner.paths, f"{begin} > {first}", f"{last} > {finish}"]), *pieces, nodes=inner.nodes)

    def _bounded(self, depth: int) -> tuple[str, str]:
        host = self.name("p")
        self.nodes[host] = self._sub(depth) if self._random.random() < 0.5 else external()
        merge, event = self.name("x"), self.name("b")
        self.nodes[merge] = exclusive()
        kind = self._random.choice(("timer", "message", "beside", "error"))
        piece = {"timer": timer("PT1H"), "error": error("E")}.get(kind) or message(self.name("M"))
        self.nodes[event] = boundary(host, piece, stays=kind == "beside")
        # what did not interrupt may happen again and again: it passes no join, and goes to an end of its own
        first, last = self._leaf() if kind == "beside" else self.block(depth - 1)
        self.paths += [f"{host} > {merge}", f"{event} > {first}"]
        self.paths.append(f"{last} > {self.name('e')}" if kind == "beside" else f"{last} > {merge}")
        return host, merge

    def _leaf(self) -> tuple[str, str]:
        name = self.name("a")
        number = self._random.randint(0, 5)
        leaves = {
            "user": user(on("end", "${execution.setVariable('n', n + 1)}")),
            "external": external(),
            "setter": setter("n", str(number)),
            "timer": catch(timer("PT1H")),
            "message": catch(message(f"M{name}")),
            "throw": throw(),
            "async": setter("n", "n + 1", async_before=number > 2, async_after=number < 4),
            "mapped": user(*put(x="${n}"), *out(n="${x + 1}")),
            "loop": user(loop(times=str(number % 3), one_by_one=number > 2)),
        }
        self.nodes[name] = leaves[self._random.choice(LEAVES)]
        return name, name


def random_model(seed: int, depth: int = 3) -> Diagram:
    """A model that ends or waits, whatever is done to it."""
    builder = Builder(Random(seed))
    first, last = builder.block(depth)
    return diagram("; ".join([f"s > {first}", *builder.paths, f"{last} > e"]), **builder.nodes)


def drive(play: Any, random: Random, most: int = 60) -> int:
    """Lets something that waits go on, until nothing waits; gives how often. Messages, workers and users do not care for order."""
    for done in range(most):
        waits = play.waits
        if not waits:
            return done
        go_on(play, random.choice(sorted(set(waits))))
    return most


def go_on(play: Any, node: str) -> None:
    """Lets what waits at a node go on, whatever it is."""
    for attempt in (play.complete, play.work, play.run, lambda at: play.send(play.message_at(at))):
        try:
            attempt(node)
            return
        except ProcessionError:
            continue
    raise AssertionError(f"nothing at {node} goes on")
