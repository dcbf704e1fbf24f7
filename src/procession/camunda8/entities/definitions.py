"""Process and decision definitions, decision requirements, and evaluated decisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, Text, case, cast, func, literal, null, select, union_all

from procession.camunda8.entities.instances import tenant_shown
from procession.camunda8.exchange import shown, shown_tenant
from procession.camunda8.searching import Column, Condition, Entity, Row, flag, key, number, shown_time, text, time
from procession.storage import schema
from procession.storage.history import HistoryLevel

_p, _c, _g = schema.process_definition, schema.decision_definition, schema.decision_requirements


def _newest(table: Table, name: str) -> Condition:
    other = table.alias("newer")
    newest = (
        select(func.max(other.c.version))
        .where(other.c[name] == table.c[name], func.coalesce(other.c.tenant, "") == func.coalesce(table.c.tenant, ""))
        .correlate(table)
        .scalar_subquery()
    )
    return table.c.version == newest


def _show_process(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "resourceName": row["resource_name"],
        "version": row["version"],
        "versionTag": row["version_tag"],
        "processDefinitionId": row["process_id"],
        "tenantId": shown_tenant(row["tenant"]),
        "processDefinitionKey": str(row["key"]),
        "hasStartForm": bool(row["has_start_form"]),
        "state": "ACTIVE",
    }


PROCESSES = Entity(
    name="Process Definition",
    source=_p,
    key=_p.c.key,
    columns={
        name: _p.c[name]
        for name in (
            "key",
            "name",
            "resource_name",
            "version",
            "version_tag",
            "process_id",
            "tenant",
            "has_start_form",
            "deployment",
        )
    },
    filters={
        "name": text(_p.c.name),
        "isLatestVersion": flag(_newest(_p, "process_id")),
        "resourceName": text(_p.c.resource_name),
        "version": number(_p.c.version),
        "versionTag": text(_p.c.version_tag),
        "processDefinitionId": text(_p.c.process_id),
        "tenantId": text(tenant_shown(_p.c.tenant)),
        "processDefinitionKey": key(_p.c.key),
        "hasStartForm": flag(_p.c.has_start_form),
    },
    sorts={
        "processDefinitionKey": _p.c.key,
        "name": _p.c.name,
        "resourceName": _p.c.resource_name,
        "version": _p.c.version,
        "versionTag": _p.c.version_tag,
        "processDefinitionId": _p.c.process_id,
        "tenantId": tenant_shown(_p.c.tenant),
    },
    show=_show_process,
)


def _show_decision(row: Row) -> dict[str, Any]:
    return {
        "decisionDefinitionId": row["decision_id"],
        "decisionDefinitionKey": str(row["key"]),
        "decisionRequirementsId": row["requirements_id"],
        "decisionRequirementsKey": shown(row["requirements"]),
        "decisionRequirementsName": row["requirements_name"],
        "decisionRequirementsVersion": row["requirements_version"],
        "name": row["name"],
        "tenantId": shown_tenant(row["tenant"]),
        "version": row["version"],
    }


DECISIONS = Entity(
    name="Decision Definition",
    source=_c.outerjoin(_g, _g.c.key == _c.c.requirements),
    key=_c.c.key,
    columns={
        **{
            name: _c.c[name]
            for name in ("key", "decision_id", "requirements_id", "requirements", "name", "tenant", "version")
        },
        **{name: _c.c[name] for name in ("deployment", "resource_name")},
        "requirements_name": _g.c.name,
        "requirements_version": _g.c.version,
    },
    filters={
        "decisionDefinitionId": text(_c.c.decision_id),
        "name": text(_c.c.name),
        "isLatestVersion": flag(_newest(_c, "decision_id")),
        "version": number(_c.c.version),
        "decisionRequirementsId": text(_c.c.requirements_id),
        "tenantId": text(tenant_shown(_c.c.tenant)),
        "decisionDefinitionKey": key(_c.c.key),
        "decisionRequirementsKey": key(_c.c.requirements),
        "decisionRequirementsName": text(_g.c.name),
        "decisionRequirementsVersion": number(_g.c.version),
    },
    sorts={
        "decisionDefinitionKey": _c.c.key,
        "decisionDefinitionId": _c.c.decision_id,
        "name": _c.c.name,
        "version": _c.c.version,
        "decisionRequirementsId": _c.c.requirements_id,
        "decisionRequirementsKey": _c.c.requirements,
        "decisionRequirementsName": _g.c.name,
        "decisionRequirementsVersion": _g.c.version,
        "tenantId": tenant_shown(_c.c.tenant),
    },
    show=_show_decision,
)


def _show_requirements(row: Row) -> dict[str, Any]:
    return {
        "decisionRequirementsId": row["requirements_id"],
        "decisionRequirementsKey": str(row["key"]),
        "decisionRequirementsName": row["name"],
        "resourceName": row["resource_name"],
        "tenantId": shown_tenant(row["tenant"]),
        "version": row["version"],
    }


REQUIREMENTS = Entity(
    name="Decision Requirements",
    source=_g,
    key=_g.c.key,
    columns={
        name: _g.c[name]
        for name in ("key", "requirements_id", "name", "resource_name", "tenant", "version", "deployment")
    },
    filters={
        "decisionRequirementsName": text(_g.c.name),
        "decisionRequirementsId": text(_g.c.requirements_id),
        "decisionRequirementsKey": key(_g.c.key),
        "version": number(_g.c.version),
        "tenantId": text(tenant_shown(_g.c.tenant)),
        "resourceName": text(_g.c.resource_name),
    },
    sorts={
        "decisionRequirementsKey": _g.c.key,
        "decisionRequirementsName": _g.c.name,
        "version": _g.c.version,
        "decisionRequirementsId": _g.c.requirements_id,
        "tenantId": tenant_shown(_g.c.tenant),
    },
    show=_show_requirements,
)

# ---------------------------------------------------------------- evaluated decisions

_e = schema.history_decision


def _out(name: str) -> Column:
    return (
        select(schema.history_decision_output.c[name])
        .where(schema.history_decision_output.c.decision_instance == _e.c.key)
        .limit(1)
        .correlate(_e)
        .scalar_subquery()
    )


_type = case((_out("rule_id").isnot(None), "DECISION_TABLE"), else_="LITERAL_EXPRESSION")
_evaluation = func.coalesce(_e.c.root_decision, _e.c.key)


def _show_evaluation(row: Row) -> dict[str, Any]:
    return {
        "key": row["key"],
        "businessId": None,
        "decisionDefinitionId": row["decision_id"],
        "decisionDefinitionKey": str(row["decision"]),
        "decisionDefinitionName": row["decision_name"],
        "decisionDefinitionType": row["type"],
        "decisionDefinitionVersion": row["version"] or 0,
        "decisionEvaluationInstanceKey": row["instance_key"],
        "decisionEvaluationKey": str(row["evaluation"]),
        "elementInstanceKey": shown(row["element"]),
        "evaluationDate": shown_time(row["time"]),
        "evaluationFailure": None,
        "processDefinitionKey": shown(row["definition"]),
        "processInstanceKey": shown(row["instance"]),
        "result": row.get("result", "null"),
        "rootDecisionDefinitionKey": shown(row["root_definition"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "state": "EVALUATED",
        "tenantId": shown_tenant(row["tenant"]),
    }


_asked = schema.history_decision.alias("asked")
_beside = schema.history_decision.alias("beside")
# an evaluation's decisions are counted from one: what is required first, the one that was asked for last
_required = (
    select(func.count())
    .select_from(_beside)
    .where(_beside.c.root_decision == _evaluation, (_e.c.root_decision.is_(None)) | (_beside.c.key <= _e.c.key))
    .correlate(_e)
    .scalar_subquery()
)
_index = _required + case((_e.c.root_decision.is_(None), 1), else_=0)
INSTANCE_KEY: Column = cast(_evaluation, Text) + "-" + cast(_index, Text)
"""How the API names an evaluated decision: the evaluation's key and the place in it."""
_root_definition = select(_asked.c.decision).where(_asked.c.key == _evaluation).correlate(_e).scalar_subquery()

EVALUATIONS = Entity(
    name="Decision Instance",
    source=_e.outerjoin(_c, _c.c.key == _e.c.decision),
    key=_e.c.key,
    columns={
        **{
            name: _e.c[name]
            for name in ("key", "decision_id", "decision", "decision_name", "element", "time", "definition")
        },
        **{name: _e.c[name] for name in ("instance", "root", "tenant")},
        "version": _c.c.version,
        "type": _type,
        "evaluation": _evaluation,
        "instance_key": INSTANCE_KEY,
        "root_definition": _root_definition,
    },
    filters={
        "decisionEvaluationInstanceKey": text(INSTANCE_KEY),
        "state": text(literal("EVALUATED")),
        "evaluationFailure": text(null()),
        "evaluationDate": time(_e.c.time),
        "decisionDefinitionId": text(_e.c.decision_id),
        "decisionDefinitionName": text(_e.c.decision_name),
        "decisionDefinitionVersion": number(_c.c.version),
        "decisionDefinitionType": text(_type),
        "tenantId": text(tenant_shown(_e.c.tenant)),
        "decisionEvaluationKey": key(_evaluation),
        "processDefinitionKey": key(_e.c.definition),
        "processInstanceKey": key(_e.c.instance),
        "decisionDefinitionKey": key(_e.c.decision),
        "elementInstanceKey": key(_e.c.element),
        "rootDecisionDefinitionKey": key(_root_definition),
        "decisionRequirementsKey": key(_e.c.requirements),
    },
    sorts={
        "decisionDefinitionId": _e.c.decision_id,
        "decisionDefinitionKey": _e.c.decision,
        "decisionDefinitionName": _e.c.decision_name,
        "decisionDefinitionType": _type,
        "decisionDefinitionVersion": _c.c.version,
        "decisionEvaluationInstanceKey": _e.c.key,
        "decisionEvaluationKey": _evaluation,
        "elementInstanceKey": _e.c.element,
        "evaluationDate": _e.c.time,
        "evaluationFailure": cast(null(), Text),
        "processDefinitionKey": _e.c.definition,
        "processInstanceKey": _e.c.instance,
        "rootDecisionDefinitionKey": _root_definition,
        "state": literal("EVALUATED"),
        "tenantId": tenant_shown(_e.c.tenant),
    },
    show=_show_evaluation,
    level=HistoryLevel.FULL,
)

# ---------------------------------------------------------------- resources

_f = schema.form_definition


def _deployed(table: Table, id_: str, tag: Column) -> Any:
    names = ("key", "version", "resource_name", "tenant", "deployment")
    return select(*(table.c[name] for name in names), table.c[id_].label("id"), tag.label("tag"))


_all = union_all(
    _deployed(_p, "process_id", _p.c.version_tag),
    _deployed(_f, "form_id", _f.c.version_tag),
    _deployed(_g, "requirements_id", cast(null(), Text)),
).subquery("deployed")


def _show_resource(row: Row) -> dict[str, Any]:
    return {
        "resourceName": row["resource_name"],
        "version": row["version"],
        "versionTag": row["tag"],
        "resourceId": row["id"],
        "tenantId": shown_tenant(row["tenant"]),
        "resourceKey": str(row["key"]),
        "deploymentKey": str(row["deployment"]),
    }


_RESOURCE = {
    "resourceKey": _all.c.key,
    "resourceName": _all.c.resource_name,
    "resourceId": _all.c.id,
    "version": _all.c.version,
    "versionTag": _all.c.tag,
    "deploymentKey": _all.c.deployment,
    "tenantId": tenant_shown(_all.c.tenant),
}
RESOURCES = Entity(
    name="Resource",
    source=_all,
    key=_all.c.key,
    columns={column.name: column for column in _all.columns},
    filters={
        name: number(column) if name == "version" else key(column) if name.endswith("Key") else text(column)
        for name, column in _RESOURCE.items()
    },
    sorts=_RESOURCE,
    show=_show_resource,
)
"""Everything deployed that has a key of its own."""
