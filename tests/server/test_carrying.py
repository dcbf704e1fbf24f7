"""What requests and answers are made of, without a server: addresses, headers, counts."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from procession.server.carrying import MAX_QUERY_FIELDS, Unfit, _query
from procession.server.connections import _line
from procession.server.metrics import Metrics


@given(st.text("ab=&;é%2+", max_size=20))
def test_an_address_is_read_as_the_library_reads_it(text: str) -> None:
    assert _query(text.encode("latin-1")) == parse_qsl(text, keep_blank_values=True, errors="replace")


def test_an_address_has_so_many_parameters() -> None:
    assert len(_query(b"&".join([b"a=1"] * MAX_QUERY_FIELDS))) == MAX_QUERY_FIELDS
    with pytest.raises(Unfit):
        _query(b"&".join([b"a=1"] * (MAX_QUERY_FIELDS + 1)))


@pytest.mark.parametrize("value", [b"a\rb", b"a\nb", b"a\r\nx: y"])
def test_a_header_holds_no_line_break(value: bytes) -> None:
    assert _line((b"location", b"/a")) == b"location: /a\r\n"
    with pytest.raises(ValueError, match="location"):
        _line((b"location", value))


def test_requests_are_exposed_as_by_the_library() -> None:
    ours, registry = Metrics(dict), CollectorRegistry()
    counter = Counter(
        "procession_http_requests_total", "Requests answered", ["method", "route", "status"], registry=registry
    )
    histogram = Histogram(
        "procession_http_request_seconds", "Seconds per request", ["method", "route"], registry=registry
    )
    for method, route, status, seconds in (
        ("GET", "/task/{id}", 200, 0.005),
        ("GET", "/task/{id}", 200, 0.3),
        ("GET", "/task/{id}", 404, 20.0),
        ("POST", "/a", 200, 1.0),
    ):
        ours.observe(method, route, status, seconds)
        counter.labels(method, route, str(status)).inc()
        histogram.labels(method, route).observe(seconds)
    expected = {line for line in generate_latest(registry).decode().splitlines() if "_created" not in line}
    assert {line for line in ours.text().decode().splitlines() if "_http_" in line} == expected
