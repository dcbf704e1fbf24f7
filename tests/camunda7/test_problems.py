"""Errors on the wire: which of ours becomes what, and what an endpoint puts around it."""

from __future__ import annotations

import logging

import pytest

from procession import errors
from procession.camunda7.problems import Answered, answer_for, engine_error, invalid_request, rest_error, wrapping


@pytest.mark.parametrize(
    ("error", "status", "type_", "code"),
    [
        (errors.Invalid("m"), 400, "BadUserRequestException", 0),
        (errors.ExpressionFailed("m"), 500, "ProcessEngineException", 0),
        (errors.UnknownName("m"), 500, "ProcessEngineException", 0),
        (errors.Unsupported("m"), 400, "NotValidException", 0),
        (errors.Missing("m"), 404, "InvalidRequestException", None),
        (errors.Conflict("m"), 500, "OptimisticLockingException", 1),
        (errors.Refused("m"), 403, "AuthorizationException", 0),
        (errors.Unauthenticated("m"), 401, "AuthenticationException", None),
        (errors.Unavailable("m"), 503, "ProcessEngineException", 0),
        (invalid_request("m"), 400, "InvalidRequestException", None),
        (rest_error("m"), 500, "RestException", None),
        (engine_error("m"), 500, "ProcessEngineException", 0),
    ],
)
def test_kinds(error: Exception, status: int, type_: str, code: int | None) -> None:
    answered = answer_for(error)
    assert answered.status == status
    assert answered.body() == {"type": type_, "message": "m", "code": code}


def test_every_kind_of_error_has_an_answer() -> None:
    kinds = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)]
    for kind in kinds:
        error = kind("m", []) if kind is errors.ParseFailed else kind("m")
        assert 400 <= answer_for(error).status < 600


def test_what_nobody_foresaw_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answered = answer_for(RuntimeError("the secret"))
    assert answered.status == 500
    assert "secret" not in answered.message
    assert "the secret" in caplog.text


def test_a_document_with_problems_tells_all_of_them() -> None:
    problem = errors.Problem("no target", 3, 7, ("flow", "start"), "a.bpmn")
    warning = errors.Problem("odd", 0, 0, (), "b.bpmn")
    body = answer_for(errors.ParseFailed("Could not parse", [problem], [warning])).body()
    assert body["type"] == "ParseException"
    (report,) = body["details"]["a.bpmn"]["errors"]
    assert (report["message"], report["line"], report["column"]) == ("no target", 3, 7)
    assert report["mainElementId"] == "flow"
    assert report["elementIds"] == report["\u0435lementIds"] == ["flow", "start"]
    assert body["details"]["b.bpmn"]["warnings"][0]["mainElementId"] is None


def test_an_endpoint_says_what_it_could_not_do() -> None:
    with pytest.raises(Answered) as caught, wrapping("Cannot claim: ", status=500, type="RestException"):
        raise errors.Invalid("taken")
    assert caught.value.body() == {"type": "RestException", "message": "Cannot claim: taken", "code": 0}
    assert caught.value.status == 500


def test_an_endpoint_chooses_by_kind() -> None:
    kinds: dict[type[errors.ProcessionError], tuple[int, str]] = {
        errors.Missing: (404, "RestException"),
        errors.ProcessionError: (400, "RestException"),
    }
    for error, status in ((errors.Missing("m"), 404), (errors.Conflict("m"), 400)):
        with pytest.raises(Answered) as caught, wrapping("", kinds):
            raise error
        assert (caught.value.status, caught.value.type) == (status, "RestException")


def test_what_is_not_ours_passes() -> None:
    with pytest.raises(RuntimeError), wrapping("x"):
        raise RuntimeError
