"""Why a decision has no result."""

from __future__ import annotations

from procession.errors import Invalid


class DecisionFailed(Invalid):
    """A decision cannot be evaluated: an expression fails, a value does not fit its type, or the hit policy is broken.

    `details` hold the ids that are known: `decision`, `rules`.
    """
