"""Conditions: starting what has a conditional start event."""

from __future__ import annotations

from typing import Any

from procession.camunda7.commanding import replying, submit
from procession.camunda7.exchange import Request, Response, answer, flag_member, text_member
from procession.camunda7.lookups import NO_PROCESS, reading
from procession.camunda7.problems import Answered, engine_error, invalid_request
from procession.camunda7.routes import route
from procession.camunda7.started import instance_document
from procession.camunda7.values import read_variables
from procession.engine.commands import EvaluateConditions
from procession.engine.correlating import NoSubscriptions
from procession.errors import ProcessionError
from procession.storage.queries.definitions import PROCESS_DEFINITION
from procession.storage.queries.language import Query, rows


@route("POST", "/condition")
def evaluate_conditions(request: Request, engine: Any) -> Response:
    """Starts every process whose conditional start event is true for the variables."""
    body = request.json_object()
    tenant, without_tenant = text_member(body, "tenantId"), flag_member(body, "withoutTenantId")
    if tenant is not None and without_tenant:
        raise invalid_request("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    values = read_variables(body.get("variables"))
    id_ = text_member(body, "processDefinitionId")
    key = None
    if id_ is not None:
        with reading(engine) as connection:
            found = rows(connection, PROCESS_DEFINITION, Query({"processDefinitionId": id_}), engine.clock())
        if not found:
            raise engine_error(NO_PROCESS.format(id_), "NotFoundException", 400)
        key = found[0]["key"]
    command = EvaluateConditions(values, text_member(body, "businessKey"), key, tenant, without_tenant)
    with replying("", {NoSubscriptions: _nobody}, status=500, type="RestException"):
        started = submit(engine, request, command)
    return answer([instance_document(one) for one in started])


def _nobody(error: ProcessionError) -> Answered:
    return engine_error(error.message)
