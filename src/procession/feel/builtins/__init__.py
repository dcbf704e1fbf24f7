"""FEEL's built-in functions, a file per family. Importing this room registers them all."""

from __future__ import annotations

import procession.feel.builtins.boolean
import procession.feel.builtins.camunda
import procession.feel.builtins.context
import procession.feel.builtins.conversion
import procession.feel.builtins.lists
import procession.feel.builtins.numeric
import procession.feel.builtins.ranges
import procession.feel.builtins.strings
import procession.feel.builtins.temporal  # noqa: F401 - imported to register
from procession.feel.builtins.registry import BUILTINS, Builtin

__all__ = ["BUILTINS", "Builtin"]
