"""Users and their password hashes, as the database keeps them. This file does not know how a password is hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procession.storage.drivers import Driver

if TYPE_CHECKING:
    from procession.engine.engine import Engine


def password_hash(engine: Engine, user: str) -> str | None:
    """The hash of a user's password; None for a stranger, or for one who has no password."""
    with engine.storage.view() as transaction:
        rows = transaction.driver.rows("SELECT password_hash FROM identity_user WHERE id = ?", [user])
    return next((str(hash_) for (hash_,) in rows if hash_ is not None), None)


def keep_user(engine: Engine, user: str, hash_: str) -> None:
    """Gives a user this password hash; who does not exist yet is created."""

    def work(driver: Driver) -> None:
        driver.run(
            "INSERT INTO identity_user (id, password_hash) VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash",
            [user, hash_],
        )

    engine.atomically(work)
