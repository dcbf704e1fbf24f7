"""Fetching and locking external tasks: what a worker asks for, and what it is told about the tasks it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from procession.camunda7.commanding import MAX_LOCK, null_value
from procession.camunda7.dates import format_date
from procession.camunda7.exchange import flag_member, number_member, text_member, texts_member
from procession.camunda7.listing import activity_instance_id
from procession.camunda7.problems import engine_error, invalid_request
from procession.camunda7.reading import optional_object, read_object
from procession.camunda7.values import typed
from procession.engine.wakening import Wanted
from procession.kernel.records import External
from procession.storage import repository
from procession.storage.drivers import Asked, Later
from procession.storage.leases import TopicRequest, lease_external
from procession.storage.transaction import Transaction
from procession.storage.visible import ask_visible
from procession.values import TypedValue, type_of

MAX_WAIT = 1_800_000
"""Milliseconds that a request may wait for tasks."""
MAX_TASKS = 1000
"""Tasks that one request gets at most, however many it asks for."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a worker wants of one topic, and what it wants to be told. `definitions` are ids of the API's."""

    request: TopicRequest
    definitions: tuple[str, ...] | None = None
    variables: frozenset[str] | None = None
    local: bool = False
    deserialize: bool = False
    extensions: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """A worker's request. `wait` is in milliseconds."""

    worker: str
    most: int
    topics: tuple[Topic, ...]
    use_priority: bool = True
    created: str | None = None
    wait: int = 0
    wanted: Wanted = field(init=False, repr=False)
    """What wakes it while it waits."""

    def __post_init__(self) -> None:
        filters = any(topic.definitions is not None or topic.request.filters for topic in self.topics)
        wanted = Wanted([topic.request.topic for topic in self.topics], None if filters else self.most)
        object.__setattr__(self, "wanted", wanted)


def read_fetch(body: bytes) -> Fetch:
    """The request that a body asks for. Raises what Camunda answers for one that cannot be."""
    is_general = len(body) <= _SHORT and all(body.find(name) < 0 for name in _PARTICULAR)
    return _known(body) if is_general else _read(body)


def _read(content: bytes) -> Fetch:
    body = read_object(content)
    wait = number_member(body, "asyncResponseTimeout", 64) or 0
    if wait > MAX_WAIT:
        raise invalid_request(
            f"The asynchronous response timeout cannot be set to a value greater than {MAX_WAIT} milliseconds"
        )
    created = _created(body)
    topics = tuple(_topic(entry) for entry in _objects(body, "topics"))
    worker, most = text_member(body, "workerId"), number_member(body, "maxTasks") or 0
    if worker is None:
        raise null_value("workerId is null")
    if most < 0:
        raise engine_error("maxResults is not greater than or equal to 0")
    for topic in topics:
        if topic.request.lock_ms <= 0:
            raise engine_error("lockTime is not greater than 0")
    use_priority = flag_member(body, "usePriority")
    return Fetch(worker, min(most, MAX_TASKS), topics, use_priority, created, max(wait, 0))


_SHORT = 2000  # bytes that are worth remembering
_PARTICULAR = (b'"businessKey"', b'"processVariables"')  # what they hold is kept for nobody
_known = lru_cache(100)(_read)  # a worker asks the same again and again


def _objects(body: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or len(value) > 1000:
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be a list of objects")
    return value


def _created(body: Mapping[str, Any]) -> str | None:
    created = None
    for entry in _objects(body, "sorting"):
        by, order = text_member(entry, "sortBy"), text_member(entry, "sortOrder")
        if by != "createTime":
            raise invalid_request(f"Cannot set query sortBy parameter to value {by}")
        if order not in ("asc", "desc"):
            raise invalid_request(f"Cannot set query sortOrder parameter to value {order}")
        created = order
    return created


def _topic(body: Mapping[str, Any]) -> Topic:
    name = text_member(body, "topicName")
    if name is None:
        raise null_value("topicName is null")
    definition = text_member(body, "processDefinitionId")
    definitions = texts_member(body, "processDefinitionIdIn")
    process = text_member(body, "processDefinitionKey")
    processes = texts_member(body, "processDefinitionKeyIn")
    variables = texts_member(body, "variables")
    values = optional_object(body, "processVariables")
    request = TopicRequest(
        topic=name,
        lock_ms=min(number_member(body, "lockDuration", 64) or 0, MAX_LOCK),
        business_key=text_member(body, "businessKey"),
        process_ids=_both(process, processes),
        version_tag=text_member(body, "processDefinitionVersionTag"),
        variables={key: TypedValue(type_of(value), value) for key, value in values.items()},
        tenants=texts_member(body, "tenantIdIn"),
        without_tenant=flag_member(body, "withoutTenantId"),
    )
    return Topic(
        request,
        definitions=_both(definition, definitions),
        variables=None if variables is None else frozenset(variables),
        local=flag_member(body, "localVariables"),
        deserialize=flag_member(body, "deserializeValues"),
        extensions=flag_member(body, "includeExtensionProperties"),
    )


def _both(one: str | None, several: list[str] | None) -> tuple[str, ...] | None:
    if one is None:
        return None if several is None else tuple(several)
    return (one,) if several is None or one in several else ()


# ---------------------------------------------------------------- locking


def fetch(engine: Any, tx: Transaction, asked: Fetch) -> Asked[Later[list[dict[str, Any]]]]:
    """Locks tasks for the worker and gives them as the worker sees them."""
    requests = [_resolved(tx, topic) for topic in asked.topics]
    tasks = yield from lease_external(
        tx,
        requests,
        asked.worker,
        asked.most,
        engine.clock(),
        use_priority=asked.use_priority,
        created=asked.created,
    )
    if not tasks:
        return list
    topics = {topic.request.topic: topic for topic in reversed(asked.topics)}
    local = [task.element for task in tasks if topics[task.topic].local]
    visible = yield from ask_visible(tx, [task.element for task in tasks if not topics[task.topic].local], local=local)
    shapes = [(task, topics[task.topic], _shape(engine, tx, task, topics[task.topic])) for task in tasks]

    def told() -> list[dict[str, Any]]:
        seen = visible()
        for task, topic, shape in shapes:
            shape["variables"] = _variables(seen[task.element], topic)
        return [shape for _, _, shape in shapes]

    if not any(topic.deserialize for topic in asked.topics):
        return told
    yield
    found = told()  # which may fail, and then nothing is locked
    return lambda: found


def _resolved(tx: Transaction, topic: Topic) -> TopicRequest:
    if topic.definitions is None:
        return topic.request
    found = [repository.by_id(tx.driver, repository.ProcessDefinition, id_) for id_ in topic.definitions]
    keys = [row.key for row in found if row is not None]
    r = topic.request
    return TopicRequest(
        r.topic, r.lock_ms, r.business_key, keys, r.process_ids, r.version_tag, r.variables, r.tenants, r.without_tenant
    )


def _variables(seen: Mapping[str, Any], topic: Topic) -> dict[str, Any]:
    return {
        name: typed(variable.value, variable.type, variable.info, deserialize=topic.deserialize, name=name)
        for name, variable in seen.items()
        if topic.variables is None or name in topic.variables
    }


def _shape(engine: Any, tx: Transaction, task: External, topic: Topic) -> dict[str, Any]:
    """What is told of a task but its variables."""
    definition = engine.definitions.definition(task.definition, tx)
    return {
        "activityId": task.node,
        "activityInstanceId": activity_instance_id(task.element, task.node, task.instance),
        "errorMessage": task.error_message,
        "errorDetails": task.error_details,
        "executionId": str(task.element),
        "id": str(task.key),
        "lockExpirationTime": None if task.locked_until is None else format_date(task.locked_until),
        "createTime": format_date(task.created),
        "processDefinitionId": definition.id,
        "processDefinitionKey": task.process_id,
        "processDefinitionVersionTag": definition.version_tag,
        "processInstanceId": str(task.instance),
        "retries": task.retries,
        "suspended": task.suspended,
        "workerId": task.worker,
        "topicName": task.topic,
        "tenantId": task.tenant,
        "variables": {},
        "priority": task.priority,
        "businessKey": task.business_key,
        "extensionProperties": _extensions(engine, tx, task) if topic.extensions else {},
    }


def _extensions(engine: Any, tx: Transaction, task: External) -> dict[str, str]:
    node = engine.definitions.process(task.definition, tx).nodes.get(task.node)
    return {} if node is None else dict(node.traits.properties)
