"""`/decision-definitions`, `/decision-requirements`, `/decision-instances`: searched, read, evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from procession.camunda8.entities.definitions import DECISIONS, EVALUATIONS, INSTANCE_KEY, REQUIREMENTS
from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
    object_member,
    optional_key,
    route,
    shown,
    shown_tenant,
    tenant_of,
    text_member,
)
from procession.camunda8.problems import command_rejected, invalid, not_found
from procession.camunda8.searching import find, get, reading, require_level, rows_of, search
from procession.camunda8.values import as_text, read_variables
from procession.engine import commands as ec
from procession.errors import ExecutionFailed, ExpressionFailed, Missing
from procession.kernel.events import DecisionEvaluated
from procession.kernel.world import Decided
from procession.storage import repository
from procession.storage.encoding import decode_value
from procession.storage.repository import DecisionDefinition, DecisionRequirements


@route("POST", "/decision-definitions/search")
def search_decisions(call: Call) -> Answer:
    """Decision definitions that meet a filter."""
    return Answer(search(call, DECISIONS))


@route("GET", "/decision-definitions/{decisionDefinitionKey}")
def get_decision(call: Call) -> Answer:
    """One decision definition."""
    return Answer(get(call, DECISIONS, call.key("decisionDefinitionKey")))


@route("GET", "/decision-definitions/{decisionDefinitionKey}/xml")
def get_decision_xml(call: Call) -> Answer:
    """Its DMN."""
    return _xml(call, find(call, DECISIONS, call.key("decisionDefinitionKey")))


@route("POST", "/decision-requirements/search")
def search_requirements(call: Call) -> Answer:
    """Decision requirements that meet a filter."""
    return Answer(search(call, REQUIREMENTS))


@route("GET", "/decision-requirements/{decisionRequirementsKey}")
def get_requirements(call: Call) -> Answer:
    """One decision requirements graph."""
    return Answer(get(call, REQUIREMENTS, call.key("decisionRequirementsKey")))


@route("GET", "/decision-requirements/{decisionRequirementsKey}/xml")
def get_requirements_xml(call: Call) -> Answer:
    """Its DMN."""
    return _xml(call, find(call, REQUIREMENTS, call.key("decisionRequirementsKey")))


def _xml(call: Call, row: Mapping[str, Any]) -> Answer:
    with call.engine.storage.view() as transaction:
        data = repository.resource(transaction.driver, row["deployment"], row["resource_name"])
    return NOTHING if data is None else Answer(data, media_type="text/xml")


# ---------------------------------------------------------------- evaluation


@route("POST", "/decision-definitions/evaluation")
def evaluate(call: Call) -> Answer:
    """Evaluates a decision; one that fails answers with what failed."""
    key, id_ = optional_key(call.body, "decisionDefinitionKey"), text_member(call.body, "decisionDefinitionId")
    if (key is None) == (id_ is None):
        names = "[decisionDefinitionId, decisionDefinitionKey]"
        raise invalid(f"At least one of {names} is required." if id_ is None else f"Only one of {names} is allowed.")
    tenant = tenant_of(text_member(call.body, "tenantId"))
    variables = read_variables(object_member(call.body, "variables"))
    with call.engine.storage.view() as transaction:
        driver = transaction.driver
        if key is not None:
            row = repository.get(driver, DecisionDefinition, key)
        else:
            row = repository.latest(driver, DecisionDefinition, id_ or "", tenant)
        graph = (
            None
            if row is None or row.requirements is None
            else repository.get(driver, DecisionRequirements, row.requirements)
        )
    if row is None:
        named = f"id '{id_}'" if key is None else f"key '{key}'"
        decision = f"'{id_}'" if key is None else f"with {named}"
        raise command_rejected(
            "EVALUATE",
            "INVALID_ARGUMENT",
            f"Expected to evaluate decision {decision}, but no decision found for {named}",
        )
    failure: str | None = None
    decided: Decided | None = None
    try:
        decided = call.submit(ec.EvaluateDecision(id=row.id, variables=variables))
    except (ExpressionFailed, ExecutionFailed) as error:
        failure = error.message
    except Missing as error:
        raise command_rejected("EVALUATE", "NOT_FOUND", error.message) from None
    evaluations = () if decided is None else decided.evaluations
    asked = next((one for one in evaluations if one.root is None), None)
    evaluation = str(call.engine.storage.keys() if asked is None else asked.key)
    return Answer(
        {
            "decisionDefinitionId": row.decision_id,
            "decisionDefinitionKey": str(row.key),
            "decisionDefinitionName": row.name,
            "decisionDefinitionVersion": row.version,
            "decisionEvaluationKey": evaluation,
            "decisionInstanceKey": evaluation,
            "decisionRequirementsId": row.requirements_id,
            "decisionRequirementsKey": shown(row.requirements),
            "evaluatedDecisions": [
                _evaluated(one, row, f"{evaluation}-{place}") for place, one in enumerate(evaluations, 1)
            ],
            "failedDecisionDefinitionId": row.decision_id if failure is not None else None,
            "failureMessage": failure,
            "output": as_text(None if decided is None else decided.value),
            "tenantId": shown_tenant(None if graph is None else graph.tenant),
        }
    )


def _evaluated(one: DecisionEvaluated, asked: DecisionDefinition, named: str) -> dict[str, Any]:
    rules: dict[int, dict[str, Any]] = {}
    for output in one.outputs:
        if output.rule_order is None:
            continue
        rule = rules.setdefault(
            output.rule_order, {"ruleId": output.rule_id, "ruleIndex": output.rule_order, "evaluatedOutputs": []}
        )
        rule["evaluatedOutputs"].append(
            {
                "outputId": output.clause_id,
                "outputName": output.variable_name,
                "outputValue": as_text(output.value),
                "ruleId": output.rule_id,
                "ruleIndex": output.rule_order,
            }
        )
    return {
        "decisionDefinitionId": one.decision_id,
        "decisionDefinitionName": one.decision_name,
        "decisionDefinitionVersion": asked.version,
        "decisionDefinitionType": "DECISION_TABLE" if rules or one.inputs else "LITERAL_EXPRESSION",
        "output": as_text(_result((o.variable_name, o.rule_order, o.value) for o in one.outputs)),
        "tenantId": shown_tenant(asked.tenant),
        "matchedRules": list(rules.values()),
        "evaluatedInputs": [
            {"inputId": x.clause_id, "inputName": x.clause_name, "inputValue": as_text(x.value)} for x in one.inputs
        ],
        "decisionDefinitionKey": str(one.decision),
        "decisionEvaluationInstanceKey": named,
    }


def _result(outputs: Iterable[tuple[str | None, int | None, Any]]) -> Any:
    """What a decision gave, from the outputs of its rules: a value, a context, or a list of them."""
    rows: dict[int | None, dict[str, Any]] = {}
    for name, rule, value in outputs:
        rows.setdefault(rule, {})[name or ""] = value
    values = [next(iter(row.values())) if len(row) == 1 else row for row in rows.values()]
    return values[0] if len(values) == 1 else values or None


# ---------------------------------------------------------------- what was evaluated


@route("POST", "/decision-instances/search")
def search_evaluations(call: Call) -> Answer:
    """Evaluated decisions that meet a filter."""
    found = search(call, EVALUATIONS)
    outputs = _outputs(call, [item["key"] for item in found["items"]])
    for item in found["items"]:
        rows = outputs.get(item.pop("key"), [])
        item["result"] = as_text(_result((row["name"], row["order"], row["value"]) for row in rows))
    return Answer(found)


@route("GET", "/decision-instances/{decisionEvaluationInstanceKey}")
def get_evaluation(call: Call) -> Answer:
    """One evaluated decision, with inputs and matched rules."""
    named = call.params["decisionEvaluationInstanceKey"]
    require_level(call, EVALUATIONS.level, EVALUATIONS.name)
    is_named = INSTANCE_KEY.is_not_distinct_from(named)
    with reading(call) as connection:
        rows_found = rows_of(connection, EVALUATIONS, [is_named], 1)
    if not rows_found:
        raise not_found("Decision Instance", named)
    found = EVALUATIONS.show(dict(rows_found[0]))
    key: int = found.pop("key")
    rows = _outputs(call, [key]).get(key, [])
    rules: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["order"] is not None:
            rule = rules.setdefault(
                row["order"], {"ruleId": row["rule"], "ruleIndex": row["order"], "evaluatedOutputs": []}
            )
            output = {
                "outputId": row["id"],
                "outputName": row["label"] or row["name"],
                "outputValue": as_text(row["value"]),
            }
            rule["evaluatedOutputs"].append({**output, "ruleId": row["rule"], "ruleIndex": row["order"]})
    inputs = [
        {"inputId": id_, "inputName": name, "inputValue": as_text(value)} for id_, name, value in _inputs(call, key)
    ]
    result = as_text(_result((row["name"], row["order"], row["value"]) for row in rows))
    return Answer(found | {"result": result, "evaluatedInputs": inputs, "matchedRules": list(rules.values())})


_OUTPUTS = (
    "SELECT v.decision_instance, v.clause_id, v.clause_name, v.rule_id, v.rule_order, v.variable_name, "
    "v.form, v.text_value, v.long_value, v.double_value, v.bytes_value, b.content "
    "FROM history_decision_output v LEFT JOIN big_value b ON b.key = v.big WHERE v.decision_instance IN ?? ORDER BY v.key"
)
_INPUTS = (
    "SELECT v.clause_id, v.clause_name, v.form, v.text_value, v.long_value, v.double_value, v.bytes_value, b.content "
    "FROM history_decision_input v LEFT JOIN big_value b ON b.key = v.big WHERE v.decision_instance = ? ORDER BY v.key"
)


def _outputs(call: Call, keys: list[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    with call.engine.storage.view() as transaction:
        rows = transaction.driver.rows(_OUTPUTS, [keys])
    for instance, id_, label, rule, order, name, *stored in rows:
        entry = {"id": id_, "label": label, "rule": rule, "order": order, "name": name, "value": decode_value(*stored)}
        found.setdefault(instance, []).append(entry)
    return found


def _inputs(call: Call, key: int) -> list[tuple[str | None, str | None, Any]]:
    with call.engine.storage.view() as transaction:
        rows = transaction.driver.rows(_INPUTS, [key])
    return [(id_, name, decode_value(*stored)) for id_, name, *stored in rows]
