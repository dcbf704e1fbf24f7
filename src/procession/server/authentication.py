"""Who asks: HTTP Basic credentials against argon2 hashes, slowed down where somebody guesses.

A verified pair is remembered for some minutes under a keyed digest, since argon2 is slow on purpose and REST clients
send their password with every request. After a failure the same user from the same address waits: 3 s, 6 s, 12 s … 60
s at most, as Camunda does it. Nothing here locks a user out for good, which would let a stranger do it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from procession.errors import Unauthenticated

REMEMBERED_SECONDS = 300.0
DELAY_BASE, DELAY_FACTOR, DELAY_MAX = 3.0, 2.0, 60.0
_MAX_ENTRIES = 10_000
_MAX_HEADER = 4096

HashOf = Callable[[str], str | None]
K = TypeVar("K")
V = TypeVar("V")


class Authenticator:
    """Checks `Authorization` headers. `hash_of` gives a user's argon2 hash, or None for a stranger."""

    def __init__(self, hash_of: HashOf, clock: Callable[[], float] = time.monotonic) -> None:
        self._hash_of = hash_of
        self._clock = clock
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._secret = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def user(self, header: str | None, address: str = "") -> str:
        """The user whose credentials a header holds. Raises Unauthenticated; slow (argon2) where they are new."""
        user, password = _credentials(header)
        now = self._clock()
        # The stored hash is part of what is remembered: a changed password is asked for at once.
        stored = self._hash_of(user)
        digest = self._digest(user, password, stored or "")
        known = self._known.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        failures, until = self._failed.get((user, address), (0, 0.0))
        if until > now:
            raise Unauthenticated("Too many failed logins; try again later")
        if not self._matches(stored, password):
            delay = min(DELAY_BASE * DELAY_FACTOR ** min(failures, 16), DELAY_MAX)
            _remember(self._failed, (user, address), (failures + 1, now + delay))
            raise Unauthenticated("Unauthorized")
        self._failed.pop((user, address), None)
        _remember(self._known, digest, (now + REMEMBERED_SECONDS, user))
        return user

    def _digest(self, user: str, password: str, stored: str) -> bytes:
        text = "\0".join((user, stored, password)).encode("utf-8", "replace")
        return hmac.new(self._secret, text, blake2b).digest()

    def _matches(self, stored: str | None, password: str) -> bool:
        # a stranger costs as much time as a wrong password, so that nobody learns which users exist
        try:
            self._hasher.verify(stored or self._nobody, password)
            return stored is not None
        except (Argon2Error, InvalidHashError):
            return False


def _credentials(header: str | None) -> tuple[str, str]:
    if not header or len(header) > _MAX_HEADER:
        raise Unauthenticated("Unauthorized")
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated("Unauthorized")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated("Unauthorized") from None
    user, colon, password = text.partition(":")
    if not colon or not user or "\0" in text:
        raise Unauthenticated("Unauthorized")
    return user, password


def _remember(entries: OrderedDict[K, V], key: K, value: V) -> None:
    entries[key] = value
    entries.move_to_end(key)
    while len(entries) > _MAX_ENTRIES:
        entries.popitem(last=False)


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its parameters in it."""
    return PasswordHasher().hash(password)


def is_password(stored: str, password: str) -> bool:
    """True where a stored hash is that of the password."""
    try:
        return PasswordHasher().verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False
