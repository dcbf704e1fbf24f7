"""What Camunda's FEEL has beyond the standard, so that its models run unchanged. Names and results follow Camunda."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from procession.errors import ExpressionFailed
from procession.feel.builtins.context import context_merge, context_put, context_put_at
from procession.feel.builtins.lists import distinct
from procession.feel.builtins.registry import builtin
from procession.feel.chance import CHANCE
from procession.feel.comparing import same
from procession.feel.evaluation import Evaluation, Null, check_items, check_text
from procession.feel.regex import compile_pattern, found


@builtin("is defined(value: any)")
def is_defined(value: Any) -> bool:
    return value is not None


@builtin("get or else(value: any, default: any)")
def get_or_else(value: Any, default: Any) -> Any:
    return default if value is None else value


@builtin("fromAi(value: any, description?: any, type?: any, schema?: any, options?: any)")
def from_ai(value: Any, *about: Any) -> Any:
    """The value as it is: the rest tells an agent that fills it in what is meant."""
    return value


@builtin("assert(value: any, condition: any, cause?: string)")
def assert_(value: Any, condition: Any, cause: str | None = None) -> Any:
    if condition is not True:
        # The one function that fails on purpose: a null would hide what the model wants to see.
        raise ExpressionFailed(cause or "the assertion does not hold")
    return value


@builtin("is empty(list: list)")
def is_empty(items: list[Any]) -> bool:
    return not items


@builtin("is blank(string: string)")
def is_blank(text: str) -> bool:
    return not text.strip()


@builtin("trim(string: string)")
def trim(text: str) -> str:
    return text.strip()


@builtin("extract(string: string, pattern: string)", needs_evaluation=True)
def extract(evaluation: Evaluation, text: str, pattern: str) -> list[Any]:
    parts: list[Any] = []
    for match in found(evaluation, compile_pattern(pattern, ""), text):
        parts.append(match.group())
        check_items(len(parts))
    return parts


@builtin("to base64(value: string)")
def to_base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


@builtin("string join(list: list, delimiter: string?, prefix: string, suffix: string)")
def string_join_around(items: list[Any], delimiter: str | None, prefix: str, suffix: str) -> str:
    parts = [item for item in items if item is not None]
    if not all(isinstance(part, str) for part in parts):
        raise Null("string join: every item must be a string or null")
    check_text(sum(map(len, parts)) + len(delimiter or "") * len(parts))
    return prefix + (delimiter or "").join(parts) + suffix


@builtin("duplicate values(list: list)", needs_evaluation=True)
def duplicate_values(evaluation: Evaluation, items: list[Any]) -> list[Any]:
    evaluation.spend(len(items) * len(items))
    return [item for item in distinct(evaluation, items) if sum(same(item, other) for other in items) > 1]


@builtin("partition(list: list, size: number)")
def partition(items: list[Any], size: Decimal) -> list[Any]:
    if size < 1:
        raise Null("partition: the size must be at least 1")
    step = int(min(size, Decimal(max(len(items), 1))))
    return [items[start : start + step] for start in range(0, len(items), step)]


@builtin("put(context: context, key: string, value: any)")
def put(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return context_put(context, key, value)


@builtin("put(context: context, keys: list, value: any)")
def put_at(context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any]:
    return context_put_at(context, keys, value)


@builtin("put all(contexts: list)")
def put_all_of(contexts: list[Any]) -> dict[str, Any]:
    return context_merge(contexts)


@builtin("put all(...contexts: context)")
def put_all(*contexts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for context in contexts for key, value in context.items()}


@builtin("random number()")
def random_number() -> Decimal:
    return Decimal(repr(_bits(53) / 2**53))


@builtin("uuid()")
def uuid() -> str:
    # Version 4 and the variant of RFC 9562.
    bits = _bits(128) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
    text = f"{bits:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _bits(count: int) -> int:
    if CHANCE.bits is None:
        raise Null("there is no source of random numbers: set procession.feel.chance.CHANCE")
    return CHANCE.bits(count)
