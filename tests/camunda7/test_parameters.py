"""Every parameter that Camunda 7.24 documents for its lists is in our query tables, or is left out for a stated reason.

`data/lists.json` holds the names from Camunda's OpenAPI document: parameters, members of bodies, sortings, members of answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from procession.camunda7.api import load
from procession.camunda7.details import _DETAIL, _HISTORY_VARIABLE, _VARIABLE
from procession.camunda7.listing import listed
from procession.camunda7.routes import ROUTES

DOCUMENTED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "lists.json").read_text())
PAGING = {"sortBy", "sortOrder", "firstResult", "maxResults", "sorting", "orQueries"}
load()
TABLES = listed()


@pytest.mark.parametrize("path", DOCUMENTED)
def test_every_parameter_is_served_or_left_out_for_a_reason(path: str) -> None:
    table = TABLES[path]
    known = PAGING | table.filters.keys() | table.options.keys() | table.refused.keys()
    asked = set(DOCUMENTED[path]["get"]) | set(DOCUMENTED[path].get("post", ())) | set(DOCUMENTED[path]["countGet"])
    assert asked - known == set()


@pytest.mark.parametrize("path", DOCUMENTED)
def test_nothing_is_served_and_left_out_at_once(path: str) -> None:
    table = TABLES[path]
    assert table.filters.keys() & (table.options.keys() | table.refused.keys()) == set()
    assert all(reason for reason in (*table.options.values(), *table.refused.values()))


@pytest.mark.parametrize("path", DOCUMENTED)
def test_every_sorting_is_served(path: str) -> None:
    table = TABLES[path]
    assert set(DOCUMENTED[path]["sortBy"]) - table.sorts.keys() - table.variable_sorts.keys() == set()


@pytest.mark.parametrize("path", DOCUMENTED)
def test_lists_and_counts_answer_the_documented_methods(path: str) -> None:
    served = {(entry.method, entry.path) for entry in ROUTES}
    assert ("GET", path) in served
    assert (("POST", path) in served) == ("post" in DOCUMENTED[path])
    counted = {method.lower() for method, where in served if where == f"{path}/count"}
    assert counted == set(DOCUMENTED[path]["counted"])


def test_every_list_is_documented() -> None:
    assert {path for path in TABLES if not path.endswith("/count")} == set(DOCUMENTED)


def test_variables_have_every_member() -> None:
    value = {"type", "value", "valueInfo", "errorMessage", "executionId", "activityInstanceId"}
    assert set(DOCUMENTED["/variable-instance"]["fields"]) == {*_VARIABLE.fields, *_VARIABLE.constants} | value
    assert set(DOCUMENTED["/history/variable-instance"]["fields"]) == (
        {*_HISTORY_VARIABLE.fields, *_HISTORY_VARIABLE.constants} | value
    )
    assert {*_DETAIL.fields, *_DETAIL.constants, *_DETAIL.activities} < set(DOCUMENTED["/history/detail"]["fields"])
