"""What listeners and output mappings of a business rule task see as `decisionResult`: the rows, before they are mapped."""

from __future__ import annotations

from typing import Any

from procession.errors import ExpressionFailed
from procession.kernel.world import Decided


class ResultRow(dict[str, Any]):
    """The outputs of one rule by name, with the methods of Camunda 7's `DmnDecisionRuleResult`."""

    def get_property(self, name: str) -> Any:
        return self[name]

    def call_method(self, name: str, args: list[Any]) -> Any:
        match name, args:
            case ("getFirstEntry", []):
                return next(iter(self.values()), None)
            case ("getSingleEntry", []):
                return _only(list(self.values()), "entry")
            case ("getEntry" | "get", [str(key)]):
                return self.get(key)
            case ("getEntryMap", []):
                return dict(self)
            case ("containsKey", [str(key)]):
                return key in self
            case ("size", []):
                return len(self)
            case ("isEmpty", []):
                return not self
        raise KeyError(name)


class RawResult(list[ResultRow]):
    """A row for each rule that matched, with the methods of Camunda 7's `DmnDecisionResult`."""

    def get_property(self, name: str) -> Any:
        raise KeyError(name)

    def call_method(self, name: str, args: list[Any]) -> Any:
        match name, args:
            case ("getFirstResult", []):
                return self[0] if self else None
            case ("getSingleResult", []):
                return _only(self, "result")
            case ("getFirstEntry", []):
                return self[0].call_method("getFirstEntry", []) if self else None
            case ("getSingleEntry", []):
                row = _only(self, "result")
                return None if row is None else row.call_method("getSingleEntry", [])
            case ("collectEntries", [str(key)]):
                return [row[key] for row in self if key in row]
            case ("getResultList", []):
                return [dict(row) for row in self]
            case ("get", [int(index)]) if 0 <= index < len(self):
                return self[index]
            case ("size", []):
                return len(self)
            case ("isEmpty", []):
                return not self
        raise KeyError(name)


def raw_result(decided: Decided) -> RawResult:
    """The result of a decision before it is mapped."""
    return RawResult(ResultRow(row) for row in decided.rows)


def _only(found: list[Any], what: str) -> Any:
    if len(found) > 1:
        raise ExpressionFailed(f"DMN-01011 Unable to return a single {what}: there are {len(found)}")
    return found[0] if found else None
