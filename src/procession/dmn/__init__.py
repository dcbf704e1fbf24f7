"""DMN: reading decisions into frozen models, and evaluating them. Knows no process.

load(Path("routing.dmn")).decide("Routing", {"weight": 12})
"""

from __future__ import annotations

from procession.dmn.deciding import Compiled, compile_definitions, evaluate
from procession.dmn.faults import DecisionFailed
from procession.dmn.loading import load
from procession.dmn.model import Decision, DecisionRecord, Definitions, Evaluation, InputRecord, OutputRecord
from procession.dmn.reader import read_dmn

__all__ = [
    "Compiled",
    "Decision",
    "DecisionFailed",
    "DecisionRecord",
    "Definitions",
    "Evaluation",
    "InputRecord",
    "OutputRecord",
    "compile_definitions",
    "evaluate",
    "load",
    "read_dmn",
]
