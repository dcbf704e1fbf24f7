"""Node numbers: each process that makes keys holds one, leased in table `node`.

A number is taken only when its lease has run out or was given back, and a process makes no key after its lease's end
(`KeyMaker`), so two processes never make keys under one number at one time, even when one was frozen for an hour.
"""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass

from procession.errors import Unavailable
from procession.storage.drivers import Driver
from procession.storage.keys import NODES

LEASE = 10 * 60 * 1000
"""Milliseconds that a node number is leased for; renewed when half of it is over."""

_LOCK = 7_240_001


@dataclass(frozen=True, slots=True)
class NodeLease:
    """A leased number; `expires` in milliseconds since 1970."""

    number: int
    holder: str
    expires: int

    def is_old(self, now: int) -> bool:
        """True when it should be renewed."""
        return now > self.expires - LEASE // 2


def holder_name() -> str:
    """Names this process for people who look into the table; unique by its random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def claim_node(driver: Driver, holder: str, now: int) -> NodeLease:
    """Takes the smallest free number. Raises Unavailable where none of the 1,024 is free."""
    if driver.name == "postgresql":
        driver.rows("SELECT pg_advisory_xact_lock(?)", [_LOCK])
    known = dict(driver.rows("SELECT number, expires FROM node"))
    number = next((n for n in range(NODES) if known.get(n, 0) <= now), None)
    if number is None:
        raise Unavailable(f"All {NODES} node numbers are in use")
    lease = NodeLease(number, holder, now + LEASE)
    driver.run(
        "INSERT INTO node (number, holder, expires) VALUES (?, ?, ?) "
        "ON CONFLICT (number) DO UPDATE SET holder = excluded.holder, expires = excluded.expires",
        [lease.number, lease.holder, lease.expires],
    )
    return lease


def renew_node(driver: Driver, lease: NodeLease, now: int) -> NodeLease:
    """Prolongs a lease, or takes another number where this one was lost."""
    renewed = driver.rows(
        "UPDATE node SET expires = ? WHERE number = ? AND holder = ? AND expires > ? RETURNING number",
        [now + LEASE, lease.number, lease.holder, now],
    )
    return NodeLease(lease.number, lease.holder, now + LEASE) if renewed else claim_node(driver, lease.holder, now)


def release_node(driver: Driver, lease: NodeLease, last_key: int) -> None:
    """Gives a number back, to be taken after `last_key`, the millisecond of the last key made under it."""
    driver.run(
        "UPDATE node SET expires = ? WHERE number = ? AND holder = ?", [last_key + 1, lease.number, lease.holder]
    )
