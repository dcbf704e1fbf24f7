"""DMN: reading decisions into frozen models, and evaluating them. Knows no process."""

from __future__ import annotations

from procession.dmn.faults import DecisionFailed
from procession.dmn.model import Decision, DecisionRecord, Definitions, Evaluation, InputRecord, OutputRecord
from procession.dmn.reader import read_dmn

__all__ = [
    "Decision",
    "DecisionFailed",
    "DecisionRecord",
    "Definitions",
    "Evaluation",
    "InputRecord",
    "OutputRecord",
    "read_dmn",
]
