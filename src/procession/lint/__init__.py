"""Finds in models what breaks when they run, before they are deployed: one rule a file in `rules`.

    findings = check([("order.bpmn", content)], lambda content: Camunda7Dialect())

A rule sees models as the engine's own reader read them, never XML. This room knows no dialect: it is told which.
"""

from __future__ import annotations

from procession.lint.checking import check, rules
from procession.lint.finding import Finding, Severity

__all__ = ["Finding", "Severity", "check", "rules"]
