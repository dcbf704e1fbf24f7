"""Who sent these bytes? HMAC schemes of webhook providers, over the raw body, before anything is parsed.

Every function gives None where the signature is right and raises otherwise: `Malformed` where the header cannot be one of
this scheme, `Forged` where it is and does not match (also: no header at all, too old, too new). Secrets are a sequence, so
that a new one can be introduced before the old one goes. All comparisons take the same time whatever the difference.

Nothing here reads a clock: `now` is seconds since 1970, UTC.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

TOLERANCE = 300.0
"""Seconds by which a signed time may differ from ours, either way."""


class Unverified(Exception):
    """The sender could not be verified. The reason is for our log alone, never for the sender."""


class Malformed(Unverified):
    """The header is no signature of this scheme."""


class Forged(Unverified):
    """The signature does not match, is missing, or is not of this time."""


_HEX = re.compile(r"[0-9a-fA-F]{64}")
_DECIMAL = re.compile(r"[0-9]{1,12}")


def digest(secret: bytes, message: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(secret, message, hashlib.sha256).digest()


def check_prefixed(header: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """`sha256=<hex>`: GitHub's `X-Hub-Signature-256`, and the generic `X-Webhook-Signature`."""
    if header is None:
        raise Forged("no signature")
    name, separator, value = header.partition("=")
    if not separator or name != "sha256":
        raise Malformed("the signature does not begin with sha256=")
    _match([_from_hex(value)], (digest(secret, body) for secret in secrets))


def check_github(header: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """GitHub. The SHA-1 header of old is not looked at."""
    check_prefixed(header, body, secrets)


def check_stripe(
    header: str | None, body: bytes, secrets: Sequence[bytes], now: float, tolerance: float = TOLERANCE
) -> None:
    """Stripe: `t=<unix>,v1=<hex>[,v1=…]` over `"{t}.{body}"`; any v1 may match, other versions are ignored."""
    if header is None:
        raise Forged("no signature")
    if not header.isascii():
        raise Malformed("the signature is not ASCII")
    times: list[str] = []
    given: list[bytes] = []
    for part in header.split(","):
        name, separator, value = part.strip().partition("=")
        if not separator:
            raise Malformed("a part of the signature has no value")
        if name == "t":
            times.append(value)
        elif name == "v1":
            given.append(_from_hex(value))
    if len(times) != 1 or not _DECIMAL.fullmatch(times[0]):
        raise Malformed("the signature must have one time")
    if not given:
        raise Malformed("the signature has no v1")
    signed = times[0].encode() + b"." + body
    _match(given, (digest(secret, signed) for secret in secrets))
    check_time(int(times[0]), now, tolerance)


def check_plain(
    header: str | None,
    body: bytes,
    secrets: Sequence[bytes],
    *,
    encoding: str = "hex",
    timestamp: str | None = None,
    now: float = 0.0,
    tolerance: float = TOLERANCE,
) -> None:
    """A digest alone, `hex` or `base64`, perhaps with `sha256=` before it; with `timestamp` over `"{timestamp}.{body}"`."""
    if header is None:
        raise Forged("no signature")
    value = header.removeprefix("sha256=")
    given = _from_hex(value) if encoding == "hex" else _from_base64(value)
    signed = body
    if timestamp is not None:
        if not _DECIMAL.fullmatch(timestamp):
            raise Malformed("the time is no number of seconds")
        signed = timestamp.encode() + b"." + body
    _match([given], (digest(secret, signed) for secret in secrets))
    if timestamp is not None:
        check_time(int(timestamp), now, tolerance)


def check_time(sent: float, now: float, tolerance: float) -> None:
    """Refuses what is older, or further in the future, than `tolerance` seconds."""
    if abs(now - sent) > tolerance:
        raise Forged("the signature is not of this time")


def same(left: str, right: str) -> bool:
    """Whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def _match(given: Iterable[bytes], expected: Iterable[bytes]) -> None:
    candidates = list(expected)
    found = False
    for value in given:
        for candidate in candidates:  # all of them, always: how long it takes tells nothing
            found |= hmac.compare_digest(value, candidate)
    if not found:
        raise Forged("the signature does not match")


def _from_hex(value: str) -> bytes:
    if not _HEX.fullmatch(value):
        raise Malformed("the signature is not 64 hexadecimal digits")
    return bytes.fromhex(value)


def _from_base64(value: str) -> bytes:
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("the signature is not base64") from None
    if len(found) != hashlib.sha256().digest_size:
        raise Malformed("the signature has the wrong length")
    return found
