"""The signature schemes by their published vectors, and everything that must not pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from camunda_client.serverless import signatures as s
from camunda_client.serverless.salesforce import check_data360, eighteen

GITHUB_SECRET, GITHUB_BODY = b"It's a Secret to Everybody", b"Hello, World!"
GITHUB = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
STRIPE_SECRET, STRIPE_BODY, STRIPE_TIME = b"whsec_test_secret", b'{"id":"evt_test","object":"event"}', 1492774577
STRIPE_DIGEST = "691252e266ce41cb94d709c84e9580d4172b117a510bbc81723f657d2cd5d215"
STRIPE = f"t={STRIPE_TIME},v1={STRIPE_DIGEST}"
APEX_SECRET, APEX_BODY, APEX = b"secret", b'{"a":1}', "qp4uNXX11wmLbKzNeQiIw21f22M0KnO62i1qUXR6hJQ="


def github(header: str | None, body: bytes = GITHUB_BODY, *secrets: bytes) -> None:
    s.check_github(header, body, secrets or (GITHUB_SECRET,))


def stripe(header: str | None, body: bytes = STRIPE_BODY, now: float = STRIPE_TIME, *secrets: bytes) -> None:
    s.check_stripe(header, body, secrets or (STRIPE_SECRET,), now)


def apex(header: str | None, body: bytes = APEX_BODY) -> None:
    s.check_plain(header, body, (APEX_SECRET,), encoding="base64")


RIGHT: dict[str, Callable[[], Any]] = {
    "GitHub": lambda: github(GITHUB),
    "GitHub rotated": lambda: github(GITHUB, GITHUB_BODY, b"new", GITHUB_SECRET),
    "Stripe": lambda: stripe(STRIPE),
    "Stripe late": lambda: stripe(STRIPE, STRIPE_BODY, STRIPE_TIME + 300),
    "Stripe early": lambda: stripe(STRIPE, STRIPE_BODY, STRIPE_TIME - 300),
    "several v1": lambda: stripe(f"t={STRIPE_TIME},v1={'0' * 64},v1={STRIPE_DIGEST},v0={'1' * 64}"),
    "Stripe rotated": lambda: stripe(STRIPE, STRIPE_BODY, STRIPE_TIME, b"whsec_new", STRIPE_SECRET),
    "Apex base64": lambda: apex(APEX),
    "Apex hex": lambda: s.check_plain(base64.b64decode(APEX).hex(), APEX_BODY, (APEX_SECRET,)),
    "Apex hex with prefix": lambda: s.check_plain("sha256=" + base64.b64decode(APEX).hex(), APEX_BODY, (APEX_SECRET,)),
    "Data 360": lambda: check_data360(APEX, APEX_BODY, (APEX_SECRET,)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right(name: str) -> None:
    RIGHT[name]()


FORGED: dict[str, Callable[[], Any]] = {
    "no header": lambda: github(None),
    "other body": lambda: github(GITHUB, GITHUB_BODY + b" "),
    "other secret": lambda: github(GITHUB, GITHUB_BODY, b"other"),
    "no secret": lambda: s.check_github(GITHUB, GITHUB_BODY, ()),
    "one digit": lambda: github(GITHUB[:-1] + "8"),
    "stale": lambda: stripe(STRIPE, STRIPE_BODY, STRIPE_TIME + 301),
    "from the future": lambda: stripe(STRIPE, STRIPE_BODY, STRIPE_TIME - 301),
    "other time": lambda: stripe(f"t={STRIPE_TIME + 1},v1={STRIPE_DIGEST}"),
    "no header of Stripe": lambda: stripe(None),
    "another provider's digest": lambda: stripe(
        f"t={STRIPE_TIME},v1={GITHUB[7:]}", GITHUB_BODY, STRIPE_TIME, GITHUB_SECRET
    ),
    "written again": lambda: apex(APEX, b'{"a": 1}'),
    "no header of Apex": lambda: apex(None),
    "another digest": lambda: check_data360(APEX, b"{}", (APEX_SECRET,)),
    "not UTF-8": lambda: check_data360(APEX, b"\xff", (APEX_SECRET,)),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged(name: str) -> None:
    with pytest.raises(s.Forged):
        FORGED[name]()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256",
        "sha256=",
        GITHUB[:-1],
        GITHUB + "0",
        GITHUB[:-1] + "g",
        "sha1=" + "0" * 40,
        "SHA256=" + GITHUB[7:],
        f"{GITHUB},{GITHUB}",
        GITHUB + " ",
        "sha256=" + "٠" * 64,
        GITHUB[7:],
    ],
)
def test_malformed_prefixed(header: str) -> None:
    with pytest.raises(s.Malformed):
        github(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"v1={STRIPE_DIGEST}",
        f"t={STRIPE_TIME}",
        f"t={STRIPE_TIME},v1=",
        f"t={STRIPE_TIME},t={STRIPE_TIME},v1={STRIPE_DIGEST}",
        f"t=,v1={STRIPE_DIGEST}",
        f"t=-1,v1={STRIPE_DIGEST}",
        f"t=1e9,v1={STRIPE_DIGEST}",
        f"t=٣,v1={STRIPE_DIGEST}",
        f"t={STRIPE_TIME},v1={STRIPE_DIGEST[:-2]}",
        f"t={STRIPE_TIME},v0={STRIPE_DIGEST}",
        f"{STRIPE},{STRIPE}",
        f"t={'9' * 5000},v1={STRIPE_DIGEST}",
        "nonsense",
    ],
)
def test_malformed_stripe(header: str) -> None:
    with pytest.raises(s.Malformed):
        stripe(header)


@pytest.mark.parametrize("header", ["", "%%%", "AAAA", APEX[:-4], "é"])
def test_malformed_base64(header: str) -> None:
    with pytest.raises(s.Malformed):
        apex(header)


def test_upper_case_hex_is_the_same_digest() -> None:
    github("sha256=" + GITHUB[7:].upper())


def test_data360_signs_the_escaped_body() -> None:
    escaped = b'{\\"a\\":1}'
    header = base64.b64encode(hmac.new(APEX_SECRET, escaped, hashlib.sha256).digest()).decode()
    check_data360(header, APEX_BODY, (APEX_SECRET,))


def test_a_signed_time_is_part_of_what_is_signed() -> None:
    header = hmac.new(b"k", b"1000.{}", hashlib.sha256).hexdigest()
    s.check_plain(header, b"{}", (b"k",), timestamp="1000", now=1100)
    for time, now, kind in (("1000", 1301, s.Forged), ("1000", 699, s.Forged), ("x", 1000, s.Malformed)):
        with pytest.raises(kind):
            s.check_plain(header, b"{}", (b"k",), timestamp=time, now=now)


def test_every_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    real = hmac.compare_digest

    def compare(left: Any, right: Any) -> bool:
        compared.append(right)
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    github(GITHUB, GITHUB_BODY, GITHUB_SECRET, b"old", b"older")
    assert len(compared) == 3


@pytest.mark.parametrize(
    ("short", "long"),
    [("00D5g00000Aa1Bc", "00D5g00000Aa1BcEAJ"), ("001D000000IqhSL", "001D000000IqhSLIAZ")],
)
def test_salesforce_ids_of_15_and_18(short: str, long: str) -> None:
    assert eighteen(eighteen(short)) == eighteen(short)
    assert eighteen(short)[:15] == short
    assert len(eighteen(short)) == 18
    if long.startswith("001D"):
        assert eighteen(short) == long
    assert eighteen(short) != eighteen(short.swapcase())
