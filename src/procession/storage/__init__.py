"""Storage: records, history and queries on SQLite and PostgreSQL. `open_storage` is the way in."""

from __future__ import annotations

from procession.storage.database import PoolSettings, Storage, open_storage
from procession.storage.keys import KeyMaker
from procession.storage.transaction import Transaction

__all__ = ["KeyMaker", "PoolSettings", "Storage", "Transaction", "open_storage"]
