"""Context functions (DMN 10.3.4.11). Contexts are copied, never changed."""

from __future__ import annotations

from typing import Any

from procession.feel.builtins.registry import builtin
from procession.feel.evaluation import Null


@builtin("get value(m: context, key: string)")
@builtin("get value(context: context, key: string)")
def get_value(context: dict[str, Any], key: str) -> Any:
    return context.get(key)


@builtin("get value(context: context, keys: list)")
def get_value_at(context: dict[str, Any], keys: list[Any]) -> Any:
    if not keys:
        raise Null("get value: the keys are empty")
    value: Any = context
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


@builtin("get entries(m: context)")
@builtin("get entries(context: context)")
def get_entries(context: dict[str, Any]) -> list[Any]:
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context(entries: list)")
def context_(entries: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or "key" not in entry or "value" not in entry:
            raise Null("context: every entry needs 'key' and 'value'")
        key = entry["key"]
        if not isinstance(key, str):
            raise Null("context: a key must be a string")
        if key in result:
            raise Null(f"context: the key '{key}' is there twice")
        result[key] = entry["value"]
    return result


@builtin("context put(context: context, key: string, value: any)")
def context_put(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**context, key: value}


@builtin("context put(context: context, keys: list, value: any)")
def context_put_at(context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any]:
    if not keys or not all(isinstance(key, str) for key in keys):
        raise Null("context put: the keys must be strings, at least one")
    first, rest = keys[0], keys[1:]
    if not rest:
        return {**context, first: value}
    inner = context.get(first)
    if not isinstance(inner, dict):
        if inner is not None or first in context:
            raise Null(f"context put: '{first}' is no context")
        inner = {}
    return {**context, first: context_put_at(inner, rest, value)}


@builtin("context merge(contexts: list)")
def context_merge(contexts: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for context in contexts:
        if not isinstance(context, dict):
            raise Null("context merge: every item must be a context")
        result.update(context)
    return result


@builtin("context merge(...contexts: context)")
def context_merge_arguments(*contexts: dict[str, Any]) -> dict[str, Any]:
    return context_merge(list(contexts))
