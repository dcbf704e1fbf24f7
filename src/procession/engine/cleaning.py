"""Clean-up of history: what was kept for its time to live goes, batch by batch, inside a window of the day.

Every batch is a transaction of its own, so that commands wait for one batch at most; several nodes clean side by side and
skip what another one removes. What runs is never touched: only a root instance that has ended has a time of removal.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from procession.errors import Invalid
from procession.storage.drivers import Driver
from procession.storage.encoding import millis
from procession.storage.removal import count_expired, remove_expired, remove_expired_others

if TYPE_CHECKING:
    from procession.engine.engine import Engine

log = logging.getLogger("procession.history")

_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Window:
    """Every day from one time to another, in UTC; it may go past midnight. Equal times are the whole day."""

    begins: time
    ends: time

    @classmethod
    def read(cls, text: str) -> Window:
        """Of `22:00-06:00`. Raises Invalid for anything else."""
        found = _WINDOW.fullmatch(text)
        if found is None:
            raise Invalid(f"A window of the clean-up reads like 22:00-06:00 (UTC), not '{text}'")
        first, second, third, fourth = map(int, found.groups())
        return cls(time(first, second), time(third, fourth))

    def is_open(self, moment: datetime) -> bool:
        """True where the moment (UTC) lies inside; the end itself lies outside."""
        now = moment.time()
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends

    def around(self, moment: datetime) -> tuple[datetime, datetime]:
        """Begin and end of the window that is open at a moment, else of the next one."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for shift in (-1, 0, 1):
            begins = day + timedelta(days=shift, hours=self.begins.hour, minutes=self.begins.minute)
            ends = day + timedelta(days=shift, hours=self.ends.hour, minutes=self.ends.minute)
            if ends <= begins:
                ends += timedelta(days=1)
            if moment < ends:
                return begins, ends
        raise AssertionError("a window is open every day")


class HistoryCleaner:
    """Removes expired history: by itself between `start` and `stop` while the window is open, or when `run` is called."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        text = engine.settings.cleanup_window
        self._window = None if text is None else Window.read(text)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.removed = 0
        """Process instances whose history this process has removed."""

    def removable(self) -> int:
        """How many process instances `run` would remove now: what a dry run tells."""
        with self._engine.storage.transaction() as transaction:
            return count_expired(transaction.driver, millis(self._engine.clock()))

    def run(self, batches: int | None = None) -> int:
        """Removes what has expired, in so many batches or until nothing is left; how many process instances."""
        total, done = 0, 0
        while batches is None or done < batches:
            removed = self._batch()
            total, done = total + removed, done + 1
            if not removed:
                break
        return total

    def start(self) -> None:
        """Cleans by itself from now on, where a window is set."""
        if self._window is not None and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, name="procession-history", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends with the batch at work."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    @property
    def window(self) -> Window | None:
        """When it cleans by itself; None for never."""
        return self._window

    def _batch(self) -> int:
        with self._engine.storage.transaction() as transaction:
            return self.clean(transaction.driver)

    def clean(self, driver: Driver) -> int:
        """One batch, in a transaction of the caller's; how many process instances, evaluations and batches were removed."""
        now, most = millis(self._engine.clock()), self._engine.settings.cleanup_batch
        removed = remove_expired(driver, now, most)
        self.removed += removed
        return removed + remove_expired_others(driver, now, most)

    def _work(self) -> None:
        while not self._stop.is_set():
            removed = 0
            try:
                if self._window is not None and self._window.is_open(self._engine.clock()):
                    removed = self._batch()
            except Exception:
                log.warning("History cannot be cleaned up; trying again", exc_info=True)
            # others want the database as well: a short pause between batches, a long one when nothing is left
            self._stop.wait(0.05 if removed else _PAUSE)
