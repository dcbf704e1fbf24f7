"""`/expression`, `/clock`, `/authentication`, `/conditionals`: what belongs to no resource."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from procession import feel
from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
    Steps,
    number_member,
    object_member,
    optional_key,
    route,
    shown_tenant,
    tenant_of,
    text_member,
)
from procession.camunda8.expressions import plain
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.values import read_variables, shown_value
from procession.engine import commands as ec
from procession.engine.correlating import NoSubscriptions
from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.kernel.records import Element
from procession.storage.visible import visible_variables


@route("POST", "/expression/evaluation")
def evaluate(call: Call) -> Answer:
    """Evaluates a FEEL expression over variables."""
    source = text_member(call.body, "expression")
    if not source:
        raise invalid("No expression provided.")
    if not source.strip().startswith("="):
        return Answer({"expression": source, "result": source, "warnings": [], "referencedSecrets": []})
    variables = {**_seen(call, optional_key(call.body, "scopeKey")), **object_member(call.body, "variables")}
    scope = MappingScope(variables, call.engine.clock())
    evaluation = feel.Evaluation(clock=call.engine.clock)
    try:
        value = feel.compile_expression(source.strip()[1:], variables).evaluate(scope, evaluation)
    except ExpressionFailed as error:
        raise command_rejected(
            "EVALUATE", "INVALID_ARGUMENT", f"Failed to parse expression '{source}': {error.message}"
        ) from None
    warnings = [{"message": warning.message} for warning in evaluation.warnings]
    return Answer({"expression": source, "result": plain(value), "warnings": warnings, "referencedSecrets": []})


def _seen(call: Call, scope: int | None) -> dict[str, Any]:
    """What an expression sees besides what it is given: cluster variables, and those of a running element or instance."""
    with call.engine.storage.view() as transaction:
        rows = transaction.driver.rows("SELECT name, value FROM cluster_variable")
        cluster = {name: json.loads(value) for name, value in rows}
        found: dict[str, Any] = {"camunda": {"vars": {"cluster": cluster, "env": cluster}}} if cluster else {}
        if scope is not None:
            if not transaction.exists(Element, scope):
                raise command_rejected(
                    "EVALUATE",
                    "NOT_FOUND",
                    f"Expected to evaluate an expression in scope '{scope}', but it is not running",
                )
            seen = visible_variables(transaction, [scope])[scope]
            found |= {name: shown_value(variable.value) for name, variable in seen.items()}
    return found


@route("PUT", "/clock")
def pin(call: Call) -> Answer:
    """Stops the engine's clock at a moment. Served in test mode only."""
    _test_mode(call)
    timestamp = number_member(call.body, "timestamp")
    if timestamp is None:
        raise invalid("No timestamp provided.")
    if timestamp < 0:
        raise invalid(f"The value for timestamp is '{timestamp}' but must be not negative.")
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=timestamp)
    except OverflowError:
        raise invalid(f"The value for timestamp is '{timestamp}' but must be a moment that can be.") from None
    call.engine.clock.freeze(moment)
    call.engine.wake()
    return NOTHING


@route("POST", "/clock/reset")
def reset(call: Call) -> Answer:
    """Real time again. Served in test mode only."""
    _test_mode(call)
    call.engine.clock.reset()
    call.engine.wake()
    return NOTHING


def _test_mode(call: Call) -> None:
    if not call.test_mode:
        raise Rejected(403, "The clock can be changed in test mode only: start the server with --test-mode")


ANONYMOUS = "anonymous"
"""Who asks where nobody has to say: clients want a name."""


@route("GET", "/authentication/me")
def me(call: Call) -> Answer:
    """Who asks."""
    with call.engine.storage.view() as transaction:
        rows = transaction.driver.rows(
            "SELECT first_name, last_name, email FROM identity_user WHERE id = ?", [call.user or ""]
        )
        groups = transaction.driver.rows(
            "SELECT group_id FROM identity_membership WHERE user_id = ? ORDER BY group_id", [call.user or ""]
        )
        held = transaction.driver.rows(
            "SELECT kind, holder FROM identity_member WHERE (member_kind IN ('user', 'client') AND member = ?) "
            "OR (member_kind = 'group' AND member IN "
            "(SELECT group_id FROM identity_membership WHERE user_id = ?)) ORDER BY holder",
            [call.user or "", call.user or ""],
        )
        names = dict(transaction.driver.rows("SELECT id, name FROM identity_record WHERE kind = 'tenant'"))
    roles = list(dict.fromkeys(holder for kind, holder in held if kind == "role"))
    tenants = dict.fromkeys(holder for kind, holder in held if kind == "tenant" and holder != shown_tenant(None))
    user = call.user or ANONYMOUS
    first, last, email = rows[0] if rows else (None, None, None)
    return Answer(
        {
            "username": user,
            "displayName": " ".join(part for part in (first, last) if part) or user,
            "email": email,
            "authorizedComponents": ["*"],
            "tenants": [
                {"name": "Default", "tenantId": shown_tenant(None), "description": None},
                *({"name": names.get(id_) or id_, "tenantId": id_, "description": None} for id_ in tenants),
            ],
            "groups": [group for (group,) in groups],
            "roles": roles,
            "salesPlanType": None,
            "c8Links": {},
            "canLogout": True,
        }
    )


@route("POST", "/conditionals/evaluation")
def evaluate_conditionals(call: Call) -> Steps:
    """Starts every process whose conditional start event is true for these variables."""
    tenant = tenant_of(text_member(call.body, "tenantId"))
    variables = read_variables(object_member(call.body, "variables"))
    definition = optional_key(call.body, "processDefinitionKey")
    command = ec.EvaluateConditions(variables, definition=definition, tenant=tenant, without_tenant=tenant is None)
    started: tuple[ec.Started, ...]
    try:
        started = yield command
    except NoSubscriptions:
        started = ()
    instances = [{"processDefinitionKey": str(x.definition), "processInstanceKey": str(x.instance)} for x in started]
    return Answer(
        {
            "conditionalEvaluationKey": str(call.engine.storage.keys()),
            "tenantId": shown_tenant(tenant),
            "processInstances": instances,
        }
    )
