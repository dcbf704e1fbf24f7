"""Exit codes of the command line: what a script can rely on. Written once; `--help` shows this table."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    MODEL = 3
    UNREACHABLE = 4
    DECLINED = 5


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.FAILED: "the engine refused or failed",
    Exit.USAGE: "the command line is wrong",
    Exit.MODEL: "a model has problems",
    Exit.UNREACHABLE: "no engine answers there, or it does not accept the credentials",
    Exit.DECLINED: "you said no, or nobody could be asked",
}

EPILOG = "Exit codes: " + ", ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."


class Quit(Exception):
    """Ends a command with a message for people and an exit code."""

    def __init__(self, code: Exit, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
