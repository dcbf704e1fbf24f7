"""What a project can listen to. Receivers run in the handler's thread, outside of its transaction."""

from __future__ import annotations

from django.dispatch import Signal

task_committed = Signal()
"""A handler's transaction is durable, the engine does not know yet. Arguments: `task`, `outcome`, `replayed`.

`replayed` is True where the work had been done before and only its outcome is told again.
"""

task_failed = Signal()
"""A handler's transaction was rolled back. Arguments: `task`, `error` (an exception, or the returned `Fail`).

A BPMN error that was raised, not returned, comes here as well.
"""
