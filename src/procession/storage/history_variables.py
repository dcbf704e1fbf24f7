"""The history of values: variables with their last value, the detail of each change, and what decisions saw and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from procession.kernel import events as e
from procession.kernel.events import Stamp
from procession.kernel.records import Variable
from procession.storage import schema

if TYPE_CHECKING:
    from procession.storage.history import HistoryBatch, Origin


def variable_set(batch: HistoryBatch, stamp: Stamp, event: e.VariableSet) -> None:
    """The variable's row takes the value; at level full a detail tells of the change."""
    v = batch.variables[event.variable.key] = event.variable
    if not batch.keeps_variables or v.transient:
        return
    origin = batch.origin(v.instance, v.definition, v.tenant)
    if event.created:
        batch.rows.add(
            schema.history_variable,
            v.key,
            origin,
            scope=event.place or v.scope,
            task=v.task,
            name=v.name,
            created=batch.time,
            state="CREATED",
            type=v.type,
            value=v.value,
            info=v.info,
            revision=v.revision,
        )
    else:
        batch.rows.change(schema.history_variable, v.key, type=v.type, value=v.value, info=v.info, revision=v.revision)
    if batch.keeps_details:
        _detail(batch, stamp, v, origin, event.activity, v.value, initial=event.initial)


def variables_carried(batch: HistoryBatch, stamp: Stamp, event: e.VariablesCarried) -> None:
    """The rows show where variables live now."""
    if batch.keeps_variables:
        for key in event.variables:
            batch.rows.change(schema.history_variable, key, scope=event.target)


def variable_removed(batch: HistoryBatch, stamp: Stamp, event: e.VariableRemoved) -> None:
    """A variable that was deleted on request is marked so and keeps its last value; the detail of a deletion has none."""
    if not batch.keeps_variables:
        return
    v = batch.variable(event.variable)
    if v is not None and v.transient:
        return
    batch.rows.change(schema.history_variable, event.variable, state="DELETED")
    if v is not None and batch.keeps_details:
        gone = replace(v, info={}, revision=v.revision + 1)
        origin = batch.origin(v.instance, v.definition, v.tenant)
        _detail(batch, stamp, gone, origin, event.activity, None, initial=False)


def _detail(
    batch: HistoryBatch,
    stamp: Stamp,
    v: Variable,
    origin: Origin,
    activity: int | None,
    value: Any,
    *,
    initial: bool,
) -> None:
    batch.rows.add(
        schema.history_detail,
        batch.new_key(),
        origin,
        kind="variableUpdate",
        time=batch.time,
        element=v.scope if v.task is None else None,
        activity=activity,
        task=v.task,
        variable=v.key,
        name=v.name,
        type=v.type,
        value=value,
        info=v.info,
        revision=v.revision,
        initial=initial,
        operation=stamp.operation,
        user_id=stamp.user,
    )


def decision_evaluated(batch: HistoryBatch, stamp: Stamp, event: e.DecisionEvaluated) -> None:
    """A decision instance with its inputs and outputs."""
    if not batch.keeps_details:
        return
    origin = batch.origin(event.instance, event.definition, event.tenant)
    if origin.process_id is None and event.process_id is not None:
        origin = origin._replace(process_id=event.process_id)
    now = batch.time
    batch.rows.add(
        schema.history_decision,
        event.key,
        origin,
        decision=event.decision,
        decision_id=event.decision_id,
        decision_name=event.decision_name,
        requirements=event.requirements,
        requirements_id=event.requirements_id,
        root_decision=event.root,
        time=now,
        element=event.element,
        node=event.node,
        collected=event.collected,
        user_id=stamp.user,
    )
    for given in event.inputs:
        batch.rows.add(
            schema.history_decision_input,
            batch.new_key(),
            origin,
            decision_instance=event.key,
            clause_id=given.clause_id,
            clause_name=given.clause_name,
            type=given.type,
            value=given.value,
            created=now,
        )
    for output in event.outputs:
        batch.rows.add(
            schema.history_decision_output,
            batch.new_key(),
            origin,
            decision_instance=event.key,
            clause_id=output.clause_id,
            clause_name=output.clause_name,
            rule_id=output.rule_id,
            rule_order=output.rule_order,
            variable_name=output.variable_name,
            type=output.type,
            value=output.value,
            created=now,
        )
