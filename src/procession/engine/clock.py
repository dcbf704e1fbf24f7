"""The engine's clock: the real time in UTC, cut to milliseconds, or a time that a test has set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Call it for the time. `freeze` and `shift` are for tests; keys and leases of node numbers never follow them."""

    def __init__(self) -> None:
        self._frozen: datetime | None = None
        self._offset = timedelta()

    def __call__(self) -> datetime:
        """Now, in UTC, to the millisecond."""
        now = self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def freeze(self, moment: datetime) -> None:
        """Stops the clock at a moment (with a time zone)."""
        self._frozen = moment.astimezone(UTC)

    def shift(self, by: timedelta) -> None:
        """Lets the clock run, ahead or behind."""
        self._frozen, self._offset = None, by

    def reset(self) -> None:
        """Real time again."""
        self._frozen, self._offset = None, timedelta()

    @property
    def is_frozen(self) -> bool:
        """True while a test has stopped it."""
        return self._frozen is not None
