"""The checklist of BPMN as Camunda 7 executes it: 98 rows, each with the rules that have to hold.

A play in `tests/conformance/checklist` names the rules that it shows, with the answers of the real Camunda 7.24. A rule that no play
shows is proved by a test that says so, `@pytest.mark.checklist(46, 2)`, rule 2 of row 46, or by a row of `VERDICTS`.
`make docs` makes docs/reference/checklist.md of all this; a rule without a proof fails
tests/conformance/checklist/test_checklist.py unless `LACKING` says why.
"""

# ruff: noqa: E501 - a row is a line
from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests import seeds
from tests.conformance.checklist.plays import FILES, read

MARK = "pytest.mark.checklist"
Rule = tuple[int, int]
"""Number of the row, number of the rule in it, from 1."""

SECTIONS: Mapping[int, str] = {
    1: "Structure", 13: "Sequence flow", 17: "Tasks", 38: "Loops", 46: "Gateways", 51: "None, start and end events", 55: "Message",
    60: "Timer", 65: "Signal", 67: "Error", 71: "Escalation", 74: "Compensation and transaction", 79: "Conditional", 82: "Link",
    83: "Sub-process and call activity", 90: "What every element may have",
}  # fmt: skip

ROWS: Mapping[int, tuple[str, ...]] = {
    1: ("`isExecutable`", "only `true` is deployed; `false` is not", "a missing attribute is not deployed", "several processes in a file", "a file without an executable process deploys nothing"),
    2: ("process id, name, namespace", "id is the key, the namespace the category, name the name", "a second deployment is the next version", "without an id the deployment is refused"),
    3: ("`camunda:versionTag`", "shown and queried by", "a call bound to it finds it"),
    4: ("`camunda:historyTimeToLive`", "days or `P5D`", "anything else is refused", "mandatory where enforced"),
    5: ("`camunda:candidateStarterUsers`, `Groups`, `potentialStarter`", "become identity links of the definition", "`startableBy` finds definitions by user and by group", "`user(x)` and `group(y)` in `potentialStarter`"),
    6: ("`camunda:isStartableInTasklist`", "true unless said", "`startableInTasklist` and `notStartableInTasklist` filter by it", "with `startablePermissionCheck`"),
    7: ("`camunda:jobPriority`, `taskPriority` on a process", "numbers and expressions count for its jobs and external tasks", "a constant that is no number is refused"),
    8: ("collaboration, participants, lanes, message flows", "have no effect", "a lane of an unknown node is refused"),
    9: ("roots: message, signal, error, escalation", "a name may be an expression", "two signals of one name are refused", "a signal without id or name is refused", "an error or escalation without id is refused", "`camunda:errorMessage` goes with the error"),
    10: ("data objects, data stores, annotations, groups", "are read and have no effect", "an association between unknown elements is refused"),
    11: ("documentation and diagram", "have no effect on execution", "a shape of an unknown element is refused", "a shape without bounds is refused", "an edge of an unknown element, or with fewer than two waypoints, is refused"),
    12: ("`camunda:properties`", "go to workers that ask for extension properties"),
    13: ("unconditional flow", "several outgoing flows fork, at tasks and at events"),
    14: ("conditionExpression", "is a formal expression", "is a script where it names a language", "holds at activities too; where none holds and there is no default the path ends"),
    15: ("default flow", "of gateways and activities", "a default flow with a condition is refused at an exclusive gateway"),
    16: ("validity of flows", "may not leave its scope", "none into or out of an event sub-process", "none into or out of a compensation handler", "needs an id after an `asyncAfter` with several flows"),
    17: ("userTask", "is claimed, assigned, delegated, resolved, completed", "name and description are expressions", "states"),
    18: ("assignee and candidates", "lists with expressions that hold commas", "`humanPerformer` and `potentialOwner`", "two assignees are refused"),
    19: ("dueDate, followUpDate, priority", "dates, durations and expressions", "a priority that is no number fails the task"),
    20: ("`camunda:formKey`", "is an expression and given back as it is written, of tasks and of start events"),
    21: ("`camunda:formRef`", "latest, deployment, version", "without a binding it is refused", "together with a form key it is refused", "the deployed form is the one that the binding names"),
    22: ("`camunda:formData`", "fields are typed form variables with defaults", "required, readonly, min, max, minlength, maxlength are checked", "a value of another type is refused", "a validator by expression", "an enumeration takes its own values alone", "the business key field", "`camunda:formProperty`", "the rendered form", "a field without id or type, of an unknown type or with an unknown constraint is refused"),
    23: ("task listeners", "create, assignment, update, complete, delete in their order", "timeout by a timer that runs again by its cycle", "a timeout listener needs an id and a timer", "by script", "an unknown event, or a listener without any code, is refused"),
    24: ("BPMN error and escalation of a user task", "`/task/{id}/bpmnError`", "`/task/{id}/bpmnEscalation`"),
    25: ("external task", "topic and priority are expressions", "without a topic it is refused", "`camunda:errorEventDefinition` on completion", "`camunda:errorEventDefinition` on failure", "send task, business rule task, message throw and end event"),
    26: ("`camunda:expression`", "runs and puts its result into `camunda:resultVariable`", "an unknown name fails"),
    27: ("`camunda:class`, `camunda:delegateExpression`", "with `resultVariable` is refused", "an unknown class deploys and fails when it is reached", "registered Python callables with injected fields"),
    28: ("mail and shell tasks", "missing fields are refused as in Camunda", "another type is refused"),
    29: ("`camunda:connector`", "without an id is refused", "an unknown connector fails when it is reached"),
    30: ("sendTask", "works as a service task does", "without work it is refused"),
    31: ("businessRuleTask with `camunda:decisionRef`", "is an expression; latest, deployment, version, version tag", "version without a number and version tag without a tag are refused", "a decision that is missing fails"),
    32: ("`camunda:mapDecisionResult`", "singleEntry, singleResult, collectEntries, resultList", "resultList unless said", "another mapping is refused", "the raw result is seen by listeners and outputs alone"),
    33: ("businessRuleTask as a service task", "expression and external"),
    34: ("scriptTask", "inline and from `camunda:resource`, with result variable", "an unknown language deploys and fails when it is reached", "without a script it is refused"),
    35: ("receiveTask", "waits for its message", "without a message waits for a signal of its execution"),
    36: ("manualTask and task", "pass"),
    37: ("isForCompensation", "is not in the flow"),
    38: ("parallel multi-instance", "has a body `id#multiInstanceBody` around its turns"),
    39: ("sequential multi-instance", "one turn after another"),
    40: ("loopCardinality", "a number or an expression", "what is no number fails"),
    41: ("collection and element variable", "by variable and by expression", "`loopDataInputRef` and `inputDataItem`", "an empty collection completes", "neither cardinality nor collection is refused"),
    42: ("completionCondition", "is asked after each turn and cancels the rest"),
    43: ("nrOfInstances, nrOfActiveInstances, nrOfCompletedInstances, loopCounter", "are variables of their scopes"),
    44: ("what may be a multi-instance", "tasks of each type", "sub-process, transaction and call activity", "a boundary event belongs to the body"),
    45: ("standardLoopCharacteristics", "are ignored"),
    46: ("exclusive gateway", "the first condition that holds, in the order of the file, then the default", "none holds and no default: fails", "conditions that are missing or single are refused"),
    47: ("parallel gateway", "forks and joins", "counts arrivals by flow and scope"),
    48: ("inclusive gateway", "forks by conditions, then the default", "joins when no other token can reach it", "none holds and no default: fails"),
    49: ("event-based gateway", "waits for message, timer, signal and condition; the first wins", "followed by anything else is refused", "`asyncAfter` is refused", "a link event behind it is refused"),
    50: ("complexGateway", "is ignored, and flows to it are refused"),
    51: ("none start event", "two are refused", "a process or sub-process without one is refused", "`camunda:initiator`", "a start form", "a single start of another type is the initial one", "inputOutput is refused"),
    52: ("none throw and none end events", "pass and end"),
    53: ("terminate end event", "ends its scope alone: process, sub-process, event sub-process"),
    54: ("several event definitions in one event", "one is chosen by a fixed precedence"),
    55: ("message start event", "starts with variables and business key", "its name is unique among latest definitions", "an expression as its name is refused", "a new version takes over"),
    56: ("message start of an event sub-process", "interrupting", "not interrupting"),
    57: ("message catch and boundary events", "in the flow", "at a boundary, interrupting and not", "two of one name in a scope are refused", "names are expressions"),
    58: ("message throw and end events", "do the work of a service task", "without work they pass"),
    59: ("correlation", "by name and business key, process instance, correlation keys, local correlation keys", "nothing or several that match: 400", "`all`", "starts what has no waiting instance; `processDefinitionId`", "with result and with variables in result", "local variables of a correlation", "by tenant"),
    60: ("timer start event", "by date, duration and cycle", "a new version replaces the job"),
    61: ("timer start of an event sub-process", "interrupting", "not interrupting"),
    62: ("timer catch event", "waits as a job"),
    63: ("timer boundary event", "interrupting", "not interrupting; a cycle repeats"),
    64: ("timeDate, timeDuration, timeCycle", "are expressions", "ISO 8601 repeats `R<n>/…`", "cron of six fields", "what cannot be read fails where the timer begins", "a date is reckoned again on demand", "several or none are refused"),
    65: ("signal events that catch", "start of a process", "start of an event sub-process, interrupting and not", "catch in the flow", "boundary, interrupting and not"),
    66: ("signal throw and end events", "reach all that wait, in their tenant", "`camunda:in` carries variables and business key", "`camunda:async` is one job for each receiver"),
    67: ("error end event", "errorRef and errorCode are mandatory", "an unknown errorRef is the code"),
    68: ("error boundary event", "interrupts; the code wins over catch-all", "`camunda:errorCodeVariable`, `camunda:errorMessageVariable`"),
    69: ("error start of an event sub-process", "interrupts", "one that does not is refused"),
    70: ("propagation of errors", "to the nearest scope outwards", "through call activities", "uncaught, the execution ends"),
    71: ("escalation throw and end events", "reach the nearest catcher", "reference and code are mandatory", "uncaught, the flow goes on"),
    72: ("escalation boundary event", "interrupting and not", "on sub-process, call activity and user task alone", "by code or catch-all; two of a kind are refused", "`camunda:escalationCodeVariable`"),
    73: ("escalation start of an event sub-process", "interrupting and not"),
    74: ("compensation boundary event and association", "the handler is for compensation", "one at an activity"),
    75: ("compensation throw and end events", "one activity or the whole scope, in reverse order", "an unknown activity is refused", "`waitForCompletion=\"false\"` waits all the same"),
    76: ("compensation start of an event sub-process", "handles an embedded sub-process", "elsewhere it is refused", "together with a boundary event it is refused"),
    77: ("transaction", "completes as a sub-process does"),
    78: ("cancel end and boundary events", "compensate, then take the boundary", "only in and at a transaction, at most one boundary"),
    79: ("conditional start event", "by `POST /condition`"),
    80: ("conditional catch, boundary and event sub-process", "on entry and on a change of variables", "a boundary event that does not interrupt comes again", "event sub-process", "without a condition it is refused"),
    81: ("`camunda:variableName`, `camunda:variableEvents`", "filter by name", "filter by create, update, delete"),
    82: ("link events", "lead from throw to catch in one scope without an instance of the throw", "two targets of one name are refused", "a throw without a target"),
    83: ("embedded sub-process", "one none start event"),
    84: ("event sub-process", "starts of each type; a none start is refused", "two starts are refused"),
    85: ("adHocSubProcess", "is ignored, and flows to it are refused"),
    86: ("call activity", "an expression; latest, deployment, version, version tag", "`camunda:calledElementTenantId`", "without a process, or version without a number, is refused", "a process that is missing fails"),
    87: ("`camunda:in`, `camunda:out`", "source, sourceExpression, all variables, local, business key", "a missing source or target is refused"),
    88: ("`variableMappingClass`, `variableMappingDelegateExpression`", "an unknown class deploys and fails when it is reached", "registered Python callables"),
    89: ("`camunda:caseRef`", "both process and case are refused", "cases are refused by name"),
    90: ("`camunda:asyncBefore`, `camunda:asyncAfter`, `camunda:async`", "on every flow node", "of a multi-instance: the body, and the turns by its loop"),
    91: ("`camunda:exclusive`", "true unless said; on jobs and timers"),
    92: ("`camunda:failedJobRetryTimeCycle`", "`R5/PT5M`, lists and expressions", "what cannot be read leaves the default"),
    93: ("`camunda:jobPriority` on an activity", "number or expression, then the process's, then 0", "a constant that is no number is refused"),
    94: ("`camunda:inputOutput`", "text, expression, script, list and map, nested", "refused on gateways, start and boundary events, event sub-processes", "outputs are refused on end events and multi-instance", "without a name, or with a script without language, is refused"),
    95: ("execution listeners", "start and end of nodes and process, take of flows", "an unknown event, or a listener without any code, is refused"),
    96: ("scopes of variables", "process, sub-process, activity, task", "set walks up to where it is", "transient variables live for one transaction"),
    97: ("expressions", "variables, `execution`, `task`", "`now()`, `dateTime()`, `currentUser()`, `currentUserGroups()`, `authenticatedUserId`", "Spin: `S()`, `JSON()`, `XML()`", "registered beans"),
    98: ("decisions", "tables, literal expressions, required decisions", "hit policies and aggregators", "DMN 1.1 to 1.5", "PRIORITY and OUTPUT ORDER are refused", "`camunda:inputVariable`, `historyTimeToLive`, `versionTag`"),
}  # fmt: skip

LACKING: Mapping[Rule, str] = {}

DIFFERENT: Mapping[Rule, str] = {
    (2, 3): "with another name of the error",
    (22, 4): "a Python callable that gets the value",
    (22, 8): "labels and names are escaped here",
    (27, 3): "`getField`, or `fields`, of the execution they get",
    (28, 1): "one that is complete is deployed there and refused by name here",
    (29, 2): "with another name of the error",
    (68, 1): '`cancelActivity="false"`, which the standard forbids, is heeded there',
    (88, 2): "what they return goes in; what comes out is `camunda:out`'s",
    (89, 2): "CMMN is not executed",
    (94, 1): "inputs of the turns of a task see `loopCounter` and the element here, of a sub-process there as well",
}
"""Where a rule holds otherwise than in Camunda 7, or is refused, and why."""


def rules() -> Iterator[Rule]:
    """Every rule, in order."""
    return ((row, number) for row, (_, *texts) in ROWS.items() for number in range(1, len(texts) + 1))


def proofs() -> dict[Rule, list[str]]:
    """What shows each rule, as links of the page."""
    found: dict[Rule, dict[str, None]] = {}
    for path in FILES:
        for play in read(path):
            for rule in play.rules:
                shown = f"[{path.stem}](../../{path.relative_to(seeds.ROOT).as_posix()}): {play.title}"
                found.setdefault(rule, {})[shown] = None
    for rule, names in seeds.marked(MARK).items():
        found.setdefault(rule, {}).update(dict.fromkeys(seeds.link(name) for name in names))
    return {rule: list(shown) for rule, shown in found.items()}


def page() -> Iterator[str]:
    """docs/reference/checklist.md, line by line."""
    shown, every = proofs(), list(rules())
    yield "The elements and attributes of BPMN as Camunda 7 executes them, rule by rule, and what shows that a rule holds: a play"
    yield "that was recorded on the real Camunda 7.24 and goes here as it went there, or a test."
    yield ""
    yield f"{sum(rule in shown for rule in every)} of {len(every)} rules in {len(ROWS)} rows are shown."
    for row, (title, *texts) in ROWS.items():
        if row in SECTIONS:
            yield from ("", f"## {SECTIONS[row]}", "", "| rule | element | holds | shown by |", "|---|---|---|---|")
        for number, text in enumerate(texts, 1):
            rule = (row, number)
            note = DIFFERENT.get(rule) or LACKING.get(rule)
            holds = f"{text}; **{note}**" if note else text
            yield f"| {row}.{number} | {title} | {holds} | {'; '.join(shown.get(rule, ['not yet']))} |".replace(
                "  |", " |"
            )
