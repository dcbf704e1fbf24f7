"""The project's settings, and the app that kills."""

from __future__ import annotations

from phantom_banking.settings import *  # noqa: F403
from phantom_banking.settings import INSTALLED_APPS as REAL

INSTALLED_APPS = [*REAL, "tests.examples.phantom_banking.killer.Killer"]
