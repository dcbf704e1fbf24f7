"""Every list with its count: which path shows which query table in which shape."""

from __future__ import annotations

from procession.camunda7 import shapes
from procession.camunda7.details import plain_tasks, write_decisions, write_details, write_tasks, write_variables
from procession.camunda7.listing import listing
from procession.storage.queries import batches, definitions, history, logs, runtime, tasks

listing("/deployment", definitions.DEPLOYMENT, shapes.DEPLOYMENT, post=False)
listing("/process-definition", definitions.PROCESS_DEFINITION, shapes.PROCESS_DEFINITION, post=False)
listing("/decision-definition", definitions.DECISION_DEFINITION, shapes.DECISION_DEFINITION, post=False)
listing(
    "/decision-requirements-definition", definitions.DECISION_REQUIREMENTS, shapes.DECISION_REQUIREMENTS, post=False
)
listing("/job-definition", definitions.JOB_DEFINITION, shapes.JOB_DEFINITION)
listing("/process-instance", runtime.PROCESS_INSTANCE, shapes.PROCESS_INSTANCE)
listing("/execution", runtime.EXECUTION, shapes.EXECUTION)
listing("/variable-instance", runtime.VARIABLE, write_variables)
listing("/incident", runtime.INCIDENT, shapes.INCIDENT, post=False)
listing("/event-subscription", runtime.EVENT_SUBSCRIPTION, shapes.EVENT_SUBSCRIPTION, post=False)
listing("/external-task", runtime.EXTERNAL_TASK, shapes.EXTERNAL_TASK)
listing("/job", runtime.JOB, shapes.JOB)
listing("/task", tasks.TASK, write_tasks, plain=plain_tasks)
listing("/batch", batches.BATCH, shapes.BATCH, post=False)
listing("/batch/statistics", batches.BATCH_STATISTICS, shapes.BATCH_STATISTICS, post=False)
listing("/history/batch", batches.HISTORY_BATCH, shapes.HISTORY_BATCH, post=False)
listing("/history/process-instance", history.HISTORY_INSTANCE, shapes.HISTORY_INSTANCE)
listing("/history/activity-instance", history.HISTORY_ACTIVITY, shapes.HISTORY_ACTIVITY)
listing("/history/task", history.HISTORY_TASK, shapes.HISTORY_TASK)
listing("/history/variable-instance", history.HISTORY_VARIABLE, write_variables)
listing("/history/detail", history.HISTORY_DETAIL, write_details, count_by_post=False)
listing("/history/incident", logs.HISTORY_INCIDENT, shapes.HISTORY_INCIDENT, post=False)
listing("/history/decision-instance", logs.HISTORY_DECISION, write_decisions, post=False)
listing("/history/job-log", logs.HISTORY_JOB_LOG, shapes.HISTORY_JOB_LOG)
listing("/history/external-task-log", logs.HISTORY_EXTERNAL_LOG, shapes.HISTORY_EXTERNAL_LOG)
listing("/history/identity-link-log", logs.HISTORY_LINK, shapes.HISTORY_LINK, post=False)
listing("/history/user-operation", logs.OPERATION_LOG, shapes.OPERATION_LOG, post=False)
