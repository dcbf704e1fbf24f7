"""Small models for tests that talk to a server; every key is used once, so that a shared server stays clean."""

from __future__ import annotations

from itertools import count
from uuid import uuid4

_NUMBERS = count(1)
_RUN = uuid4().hex[:8]


def fresh(word: str) -> str:
    """A name that nobody else uses."""
    return f"{word}_{_RUN}_{next(_NUMBERS)}"


def external_task_model(key: str, topic: str, note: str = "") -> bytes:
    """start -> external task (error boundary OOPS -> user task `repair`) -> end."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="tests" id="definitions"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><error id="oops" errorCode="OOPS"/>
  <process id="{key}" name="{note}" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="work"/>
    <serviceTask id="work" camunda:type="external" camunda:topic="{topic}"/>
    <sequenceFlow id="f2" sourceRef="work" targetRef="end"/><endEvent id="end"/>
    <boundaryEvent id="caught" attachedToRef="work"><errorEventDefinition errorRef="oops"/></boundaryEvent>
    <sequenceFlow id="f3" sourceRef="caught" targetRef="repair"/><userTask id="repair" name="Repair"/>
  </process>
</definitions>
""".encode()


def user_task_model(key: str, assignee: str) -> bytes:
    """start -> user task `approve` -> end."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="tests" id="definitions"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <process id="{key}" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="approve"/>
    <userTask id="approve" name="Approve" camunda:assignee="{assignee}"/>
    <sequenceFlow id="f2" sourceRef="approve" targetRef="end"/><endEvent id="end"/>
  </process>
</definitions>
""".encode()


def decision_model(key: str) -> bytes:
    """One table: age < 18 -> red, else green."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="{key}_drd" name="Risk" namespace="tests"
    xmlns:camunda="http://camunda.org/schema/1.0/dmn">
  <decision id="{key}" name="Risk" camunda:historyTimeToLive="P1D">
    <decisionTable id="table" hitPolicy="FIRST">
      <input id="i"><inputExpression id="e" typeRef="integer"><text>age</text></inputExpression></input>
      <output id="o" name="risk" typeRef="string"/>
      <rule id="r1"><inputEntry id="a"><text>&lt; 18</text></inputEntry>
        <outputEntry id="b"><text>"red"</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="c"><text></text></inputEntry>
        <outputEntry id="d"><text>"green"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
""".encode()
