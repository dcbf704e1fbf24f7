"""Reads plays: what shows a rule of the checklist, with the answers of the real Camunda 7 below each line.

    ## 46.1 46.3 The first condition that holds wins
    model ck46
    | s > g > a; g >{n > 1} b
    | <exclusiveGateway id="g" default="g_a"/>
    deploy ck46
    < 200 ck46
    start ck46 {"n": 2}
    < 200 {"instances":["ck46(b)"],"tasks":[{"at":"ck46/b"}]}

The numbers after `##` are rules of `tests/checklist.py`. A model is the body of a process of that name: XML, and paths in
the notation of `tests/kernel/diagram.py`, one a line. Roots (messages, errors, …) may stand among it. Text with `<process`
is left as it is inside `<definitions>`, a name with a suffix names a file of another kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.camunda7.dialogues.player import Turn

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.txt"))
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"\n'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:activiti="http://activiti.org/bpmn"\n'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"\n'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI" targetNamespace="checklist">\n'
)
_ROOT = re.compile(r"<(message|signal|error|escalation|collaboration|import|itemDefinition|bpmndi:\w+)\b")
_ARTIFACT = re.compile(r"<(association|textAnnotation|group)\b")
_PATH = re.compile(r"\w+(\s*>\s*(\*|\{[^}]*\})?\s*\w+)+(\s*;\s*\w+(\s*>\s*(\*|\{[^}]*\})?\s*\w+)*)*")
_STEP = re.compile(r">\s*(\*|\{[^}]*\})?\s*(\w+)")


@dataclass(frozen=True)
class Play:
    """One play: the rules it shows, and its turns with the answers that were recorded."""

    file: Path
    line: int
    rules: tuple[tuple[int, int], ...]
    title: str
    turns: tuple[Turn, ...]

    @property
    def name(self) -> str:
        """For a test's id."""
        return f"{self.file.stem}: {'+'.join(f'{row}.{number}' for row, number in self.rules)} {self.title}"


def read(path: Path) -> list[Play]:
    """The plays of a file."""
    plays: list[Play] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            words = line[3:].split()
            rules = list(takewhile(re.compile(r"\d+\.\d+").fullmatch, words))
            pairs = tuple((int(rule.split(".")[0]), int(rule.split(".")[1])) for rule in rules)
            plays.append(Play(path, number, pairs, " ".join(words[len(rules) :]), ()))
        elif line.strip() and not line.startswith("# "):
            plays[-1] = _with(plays[-1], number, line)
    return plays


def _with(play: Play, number: int, line: str) -> Play:
    *before, last = (*play.turns, None) if line[:2] not in ("| ", "< ") else play.turns
    if last is None:
        last = Turn(number, line.removeprefix("~ "), line.startswith("~ "), None)
    elif line.startswith("| "):
        last = Turn(number, f"{last.request}\n{line[2:]}", False, None)
    else:
        last = Turn(last.line, last.request, last.loose, line[2:])
    turns = tuple(turn for turn in (*before, last) if turn is not None)
    return Play(play.file, play.line, play.rules, play.title, turns)


def model(name: str, attributes: str, text: str) -> bytes:
    """A file as it is deployed."""
    if "." in name or "<definitions" in text:
        return text.encode()
    lines = list(_drawn(text))
    if "<process" in text:
        return (HEAD + "\n".join(lines) + "\n</definitions>").encode()
    roots = [line for line in lines if _ROOT.match(line.strip())]
    artifacts = [line for line in lines if _ARTIFACT.match(line.strip())]  # the schema wants them last
    body = [line for line in lines if line not in roots and line not in artifacts] + artifacts
    after = [line for line in roots if "bpmndi:" in line]
    process = f'<process id="{name}" isExecutable="true" camunda:historyTimeToLive="1" {attributes}>'
    parts = [*(line for line in roots if line not in after), process, *body, "</process>", *after, "</definitions>"]
    return (HEAD + "\n".join(parts)).encode()


def _drawn(text: str) -> Iterator[str]:
    """The lines with paths written out as flows and, where the text has no node of that id, as events and user tasks."""
    known = set(re.findall(r'\bid="([^"]*)"', text))
    for line in text.splitlines():
        if not _PATH.fullmatch(line.strip()):
            yield line
            continue
        for path in line.split(";"):
            source = path.split(">")[0].strip()
            nodes = [source, *(step[2] for step in _STEP.finditer(path))]
            for node in nodes:
                if node not in known:
                    known.add(node)
                    tag = {"s": "startEvent", "e": "endEvent"}.get(node[0], "userTask")
                    yield f'<{tag} id="{node}"/>'
            for step in _STEP.finditer(path):
                label, target = step[1] or "", step[2]
                condition = label.replace("&", "&amp;").replace("<", "&lt;").strip("*")
                inner = f'<conditionExpression xsi:type="tFormalExpression">${condition}</conditionExpression>'
                flow = f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
                yield f"{flow}{inner if condition else ''}</sequenceFlow>"
                source = target
