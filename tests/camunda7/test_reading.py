"""Bad JSON and bad forms cost a 400, and neither stack nor memory."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from procession.camunda7.problems import Answered
from procession.camunda7.reading import MAX_DEPTH, MAX_PARTS, read_form, read_json, read_object

FORM = "multipart/form-data; boundary=frontier"


def part(name: str, content: str = "x", filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    return f'--frontier\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{content}\r\n'.encode()


END = b"--frontier--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":NaN}',
        b"Infinity",
        b'"\\ud800"',
        b"1e400",
        b"9" * 100_000,
        b'"a\\u0000b"',
        b'{"\\u0000":1}',
        b"{",
        b"\xff\xfe",
        b'{"a":1} x',
        b"'a'",
    ],
)
def test_bad_json_is_refused_at_once(body: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(Answered) as caught:
        read_json(body)
    assert (caught.value.status, caught.value.type) == (400, "InvalidRequestException")
    assert len(caught.value.message) < 300
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("value", [1, "ä", [1, [2]], {"a": {"b": None}}, 10**30, {"__proto__": 1, "": 2}, -1.5])
def test_good_json_is_read(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value


def test_of_duplicate_keys_the_last_wins() -> None:
    assert read_json(b'{"a":1,"a":2}') == {"a": 2}


def test_an_empty_body_is_an_empty_object() -> None:
    assert read_json(b"  ") is None
    assert read_object(b"") == {}


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"'])
def test_an_object_is_expected(body: bytes) -> None:
    with pytest.raises(Answered):
        read_object(body)


def test_parts_come_in_their_order() -> None:
    parts = read_form(FORM, part("name", "Ä") + part("data", "<a/>", "a.bpmn") + END)
    assert [(p.name, p.filename, p.text) for p in parts] == [("name", None, "Ä"), ("data", "a.bpmn", "<a/>")]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", part("a") + END),
        ("multipart/form-data; boundary=", part("a") + END),
        ("multipart/form-data; boundary=" + "x" * 500, part("a") + END),
        ("application/json", b"{}"),
        (FORM, part("a")[:-4]),
        (FORM, part("a") * (MAX_PARTS + 1) + END),
        (FORM, b"--frontier\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END),
        (FORM, b'--frontier\r\nContent-Disposition: form-data; name="' + b"x" * 10_000 + b'"\r\n\r\nx\r\n' + END),
        (FORM, b"--frontier\r\n" + b"A: b\r\n" * 100 + b"\r\nx\r\n" + END),
        (FORM, part("a\tb") + END),
    ],
)
def test_bad_forms_are_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(Answered) as caught:
        read_form(content_type, body)
    assert caught.value.status == 400


def test_ten_thousand_parts_are_refused_at_once() -> None:
    began = time.perf_counter()
    with pytest.raises(Answered, match="more than"):
        read_form(FORM, part("a") * 10_000 + END)
    assert time.perf_counter() - began < 1


def test_a_part_that_is_no_text_says_so() -> None:
    (found,) = read_form(FORM, part("a", "\x00") + END)
    with pytest.raises(Answered, match="NUL"):
        _ = found.text
