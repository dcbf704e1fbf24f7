"""What the Camunda 7 dialect makes of `camunda:` attributes and elements."""

from __future__ import annotations

import pytest

from procession.bpmn import model as m
from procession.camunda7.bpmn import read_bpmn
from procession.camunda7.definitions import job_definitions, start_subscriptions, start_timers
from procession.errors import ParseFailed
from procession.expressions import Expression
from tests.bpmn.models import HEAD, MESSAGE, around, extension, mapping, process, read, reading


def node(xml: str, id_: str = "t") -> m.Node:
    return read(xml).nodes[id_]


def work(xml: str) -> m.Work:
    found = node(around(xml))
    assert isinstance(found, m.WorkTask)
    return found.work


def user(attributes: str = "", content: str = "") -> m.UserTask:
    found = node(around(f'<userTask id="t" {attributes}>{content}</userTask>'))
    assert isinstance(found, m.UserTask)
    return found


def sources(*values: Expression | None) -> list[str | None]:
    return [None if value is None else value.source for value in values]


def test_external_work() -> None:
    found = work(
        '<serviceTask id="t" camunda:type="external" camunda:topic="pay" camunda:taskPriority="7">'
        + extension('<camunda:errorEventDefinition errorRef="E1" expression="${true}"/>')
        + "</serviceTask>"
    )
    assert isinstance(found, m.ExternalWork)
    assert sources(found.topic, found.priority) == ["pay", "7"]
    assert [(e.source, code) for e, code in found.error_definitions] == [("${true}", "E1")]


def test_the_older_namespace_is_accepted() -> None:
    xml = around('<serviceTask id="t" a:type="external" a:topic="pay" a:async="true"/>')
    found = node(xml.replace("xmlns:xsi", 'xmlns:a="http://activiti.org/bpmn" xmlns:xsi'))
    assert isinstance(found, m.WorkTask)
    assert isinstance(found.work, m.ExternalWork)
    assert found.traits.async_before


def test_expression_and_delegate_work() -> None:
    found = work('<serviceTask id="t" camunda:expression="${a + 1}" camunda:resultVariable="r"/>')
    assert isinstance(found, m.ExpressionWork)
    assert (found.expression.source, found.result_variable) == ("${a + 1}", "r")
    fields = extension('<camunda:field name="x" stringValue="1"/><camunda:field name="y" expression="${b}"/>')
    delegate = work(f'<serviceTask id="t" camunda:class="org.Pay">{fields}</serviceTask>')
    assert isinstance(delegate, m.DelegateWork)
    assert delegate.class_name == "org.Pay"
    assert [(name, e.source) for name, e in delegate.fields] == [("x", "1"), ("y", "${b}")]


@pytest.mark.parametrize(
    ("language", "compiled"), [("juel", True), ("feel", True), ("javascript", False), ("groovy", False)]
)
def test_scripts(language: str, compiled: bool) -> None:
    text = "${1}" if language == "juel" else "1"
    found = work(f'<scriptTask id="t" scriptFormat="{language}"><script>{text}</script></scriptTask>')
    assert isinstance(found, m.ScriptWork)
    assert (found.script.expression is not None) is compiled
    assert (found.script.language, found.script.text) == (language, text)


def test_a_script_that_cannot_be_compiled_deploys_with_a_warning() -> None:
    xml = around('<scriptTask id="t" scriptFormat="juel"><script>${1</script></scriptTask>')
    assert [w.elements for w in reading(xml).warnings] == [("t",)]


def test_decisions() -> None:
    found = work(
        '<businessRuleTask id="t" camunda:decisionRef="${d}" camunda:decisionRefBinding="version"'
        ' camunda:decisionRefVersion="2" camunda:mapDecisionResult="singleEntry" camunda:resultVariable="r"/>'
    )
    assert isinstance(found, m.DecisionWork)
    assert sources(found.decision.key, found.decision.version) == ["${d}", "2"]
    assert (found.decision.binding, found.mapping, found.result_variable) == (m.Binding.VERSION, "singleEntry", "r")


def test_user_task() -> None:
    found = user(
        'camunda:assignee="${a}" camunda:candidateUsers="x, ${o.f(1,2)}" camunda:candidateGroups="g"'
        ' camunda:dueDate="PT1H" camunda:followUpDate="${now()}" camunda:priority="50" camunda:formKey="k" name="N"'
    )
    assert sources(found.title, found.assignee, found.due, found.follow_up, found.priority) == [
        "N",
        "${a}",
        "PT1H",
        "${now()}",
        "50",
    ]
    assert sources(*found.candidate_users, *found.candidate_groups) == ["x", "${o.f(1,2)}", "g"]
    assert found.form is not None
    assert found.form.key is not None


def test_standard_assignment() -> None:
    role = "<resourceAssignmentExpression><formalExpression>{}</formalExpression></resourceAssignmentExpression>"
    found = user(
        "",
        f"<potentialOwner>{role.format('user(u), group(g), h')}</potentialOwner>"
        f"<humanPerformer>{role.format('kermit')}</humanPerformer>",
    )
    assert sources(found.assignee, *found.candidate_users, *found.candidate_groups) == ["kermit", "u", "g", "h"]


def test_generated_form() -> None:
    found = user(
        "",
        extension(
            '<camunda:formData businessKey="a"><camunda:formField id="a" type="enum" label="A" defaultValue="x">'
            '<camunda:validation><camunda:constraint name="required"/></camunda:validation>'
            '<camunda:value id="x" name="X"/></camunda:formField></camunda:formData>'
        ),
    )
    assert found.form is not None
    (only,) = found.form.fields
    assert (only.id, only.type, only.values, only.constraints) == ("a", "enum", (("x", "X"),), (("required", None),))
    assert found.form.business_key == "a"


def test_mappings() -> None:
    found = user(
        "",
        mapping(
            '<camunda:inputParameter name="a">${b}</camunda:inputParameter>'
            '<camunda:inputParameter name="n"/>'
            '<camunda:inputParameter name="l"><camunda:list><camunda:value>1</camunda:value>'
            '<camunda:script scriptFormat="feel">1 + 1</camunda:script></camunda:list></camunda:inputParameter>'
            '<camunda:outputParameter name="o"><camunda:map><camunda:entry key="k">v</camunda:entry></camunda:map>'
            "</camunda:outputParameter>"
        ),
    ).traits
    text, nothing, items = (one.source for one in found.inputs)
    assert isinstance(items, m.ListOf)
    assert [type(item).__name__ for item in items.items] == ["Literal", "Script"]
    assert not isinstance(text, m.Script | m.ListOf | m.MapOf)
    assert text.source == "${b}"
    assert not isinstance(nothing, m.Script | m.ListOf | m.MapOf)
    assert nothing.constant
    (output,) = found.outputs
    assert output.reach is m.Reach.PARENT
    assert isinstance(output.source, m.MapOf)
    assert [key.source for key, _ in output.source.entries] == ["k"]


def test_continuation_retries_and_priority() -> None:
    found = user(
        'camunda:asyncBefore="true" camunda:asyncAfter="true" camunda:exclusive="false" camunda:jobPriority="${p}"',
        extension("<camunda:failedJobRetryTimeCycle>R3/PT10S</camunda:failedJobRetryTimeCycle>"),
    ).traits
    assert (found.async_before, found.async_after, found.exclusive) == (True, True, False)
    assert sources(found.retry, found.job_priority) == ["R3/PT10S", "${p}"]


def test_multi_instance() -> None:
    found = user(
        'camunda:asyncBefore="true"',
        '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="c" camunda:elementVariable="x"'
        ' camunda:asyncAfter="true"><completionCondition>${nrOfCompletedInstances > 1}</completionCondition>'
        "</multiInstanceLoopCharacteristics>",
    ).traits
    loop = found.loop
    assert loop is not None
    assert (found.async_before, loop.async_before, loop.async_after) == (True, False, True)
    assert (loop.sequential, loop.element_variable) == (True, "x")
    assert sources(loop.collection, loop.completion) == ["${c}", "${nrOfCompletedInstances > 1}"]


def test_listeners() -> None:
    found = user(
        "",
        extension(
            '<camunda:executionListener event="start" expression="${a}"/>'
            '<camunda:taskListener event="create" class="org.L"/>'
            '<camunda:taskListener id="l" event="timeout" delegateExpression="${d}"><timerEventDefinition>'
            "<timeDuration>PT1H</timeDuration></timerEventDefinition></camunda:taskListener>"
        ),
    ).traits.listeners
    assert [(one.event, type(one.work).__name__) for one in found] == [
        ("start", "ExpressionWork"),
        ("create", "DelegateWork"),
        ("timeout", "DelegateWork"),
    ]
    assert found[2].timer is not None


def test_call_activity() -> None:
    found = node(
        around(
            '<callActivity id="t" calledElement="${c}" camunda:calledElementBinding="deployment"'
            ' camunda:calledElementTenantId="z">'
            + extension(
                '<camunda:in businessKey="#{execution.processBusinessKey}"/><camunda:in source="a" target="b"/>'
                '<camunda:in variables="all" local="true"/><camunda:out sourceExpression="${x}" target="y"/>'
            )
            + "</callActivity>"
        )
    )
    assert isinstance(found, m.CallActivity)
    assert sources(found.called.key, found.called.tenant, found.business_key) == [
        "${c}",
        "z",
        "#{execution.processBusinessKey}",
    ]
    assert found.called.binding is m.Binding.DEPLOYMENT
    assert [(c.source, c.target, c.all, c.local) for c in found.copies_in] == [
        ("a", "b", False, False),
        (None, None, True, True),
    ]
    assert sources(found.copies_out[0].expression) == ["${x}"]


def test_process_attributes() -> None:
    found = read(
        process(
            "",
            attributes='name="N" camunda:versionTag="1.2" camunda:historyTimeToLive="P5D" camunda:jobPriority="3"'
            ' camunda:candidateStarterUsers="a,b" camunda:candidateStarterGroups="g"'
            ' camunda:isStartableInTasklist="false"',
        )
    )
    assert (found.name, found.category, found.version_tag, found.history_time_to_live) == ("N", "t", "1.2", 5)
    assert (found.candidate_users, found.candidate_groups) == (("a", "b"), ("g",))
    assert not found.startable_in_tasklist
    assert sources(found.job_priority) == ["3"]


def test_conditions() -> None:
    def condition(attributes: str, text: str) -> m.Source | None:
        flow = f'<sequenceFlow id="f" sourceRef="s" targetRef="e"><conditionExpression {attributes}>{text}</conditionExpression>'
        return read(process(flow + "</sequenceFlow>")).flows["f"].condition

    plain = condition('xsi:type="tFormalExpression"', " ${a > 1} ")
    assert not isinstance(plain, m.Script | m.ListOf | m.MapOf | None)
    assert plain.source == "${a > 1}"
    assert isinstance(condition('xsi:type="tFormalExpression" language="javascript"', "a"), m.Script)


def test_error_variables() -> None:
    event = node(
        around(
            '<userTask id="t"/>',
            extra='<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="er"'
            ' camunda:errorCodeVariable="c" camunda:errorMessageVariable="v"/></boundaryEvent>',
            root='<error id="er" errorCode="boom"/>',
        ),
        "b",
    )
    assert isinstance(event, m.BoundaryEvent)
    assert event.definition == m.Error("boom", None, "c", "v")


def test_job_definitions() -> None:
    timer = "<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>"
    model = read(
        around(
            '<userTask id="t" camunda:asyncBefore="true"><multiInstanceLoopCharacteristics camunda:collection="c"'
            ' camunda:asyncAfter="true"/></userTask>',
            extra=f'<boundaryEvent id="b" attachedToRef="t" cancelActivity="false">{timer}</boundaryEvent>',
        )
    )
    assert [(j.node_id, j.type, j.configuration) for j in job_definitions(model)] == [
        ("t#multiInstanceBody", "async-continuation", "async-before"),
        ("t", "async-continuation", "async-after"),
        ("b", "timer-transition", "CYCLE: R/PT1H"),
    ]


def test_starts_by_message_and_timer() -> None:
    model = read(
        process(
            "",
            root=MESSAGE,
            start='<startEvent id="a"><messageEventDefinition messageRef="m"/></startEvent><startEvent id="b">'
            "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent>",
        )
    )
    assert [(s.node_id, s.kind, s.name) for s in start_subscriptions(model)] == [("a", "message", "M")]
    assert [(s.node_id, s.timer.value.source) for s in start_timers(model)] == [("b", "PT1H")]


def test_read_bpmn_refuses_what_is_not_executed() -> None:
    with pytest.raises(ParseFailed, match="mail task is not executed"):
        read_bpmn(around('<serviceTask id="t" camunda:type="mail"/>').encode(), "x.bpmn")


@pytest.mark.parametrize("data", [b"", b"<a", b"\x00", HEAD.encode(), b"<!DOCTYPE a><a/>", b'{"a": 1}'])
def test_what_is_not_xml_is_a_problem(data: bytes) -> None:
    with pytest.raises(ParseFailed):
        read_bpmn(data)
