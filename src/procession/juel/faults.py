"""Failures inside an evaluation, where the text is not known; `expression` makes ExpressionFailed of them."""

from __future__ import annotations


class Fault(Exception):
    """An expression fails. `prefix` is how Camunda 7 begins its message."""

    prefix = "Error while evaluating expression"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoSuchProperty(Fault):
    """A property or target does not exist."""

    prefix = "Unknown property used in expression"


class NoSuchName(NoSuchProperty):
    """A variable does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Cannot resolve identifier '{name}'")


class NoSuchMethod(Fault):
    """A method does not exist for these arguments."""

    prefix = "Unknown method used in expression"


class Thrown(Fault):
    """A method throws a Java exception; Camunda passes its text on without a beginning."""

    prefix = ""
