"""JUEL, the expression language of Camunda 7: the safe subset that models use, compiled to closures.

`compile_expression` is all that most callers need. A condition that is not a boolean is the caller's to refuse: the
value comes back as it is, and `coerce_boolean` converts where Camunda would. Differences from Camunda on purpose:
methods that change a list or map, `getClass` and everything else outside the tables of `methods` do not exist; a
`dateTime()` that is the whole result is a date.
"""

from __future__ import annotations

from procession.juel.coercion import coerce_boolean, coerce_double, coerce_long, coerce_number, coerce_string
from procession.juel.expression import compile_expression, is_expression
from procession.juel.faults import Fault

__all__ = [
    "Fault",
    "coerce_boolean",
    "coerce_double",
    "coerce_long",
    "coerce_number",
    "coerce_string",
    "compile_expression",
    "is_expression",
]
