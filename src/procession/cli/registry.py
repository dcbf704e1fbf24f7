"""Commands register themselves: `@command` on a function, in any module below `procession.cli`, is all it takes.

`@subcommand("lambda")` makes a command below another word, as in `procession lambda invoke`. The function's name is the
command's name, its docstring the help, its parameters the options. Errors that a command lets through become one message
and the exit code of their kind; a traceback would mean a fault of ours.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from camunda_client.errors import CamundaError, EngineUnavailable, NotAllowed, NotAuthenticated, SettingsError
from procession.cli.exits import Exit, Quit
from procession.cli.output import complain
from procession.errors import ParseFailed, ProcessionError

P = ParamSpec("P")

COMMANDS: dict[str, Callable[..., None]] = {}


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Makes a function a command of `procession`."""
    return _registered(function.__name__, function)


def subcommand(group: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Makes a function a command below `group`."""
    return lambda function: _registered(f"{group} {function.__name__}", function)


def _registered(name: str, function: Callable[P, None]) -> Callable[P, None]:
    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Quit as end:
            message, code = end.message, end.code
        except (EngineUnavailable, NotAuthenticated, NotAllowed) as error:
            message, code = _unreachable(error), Exit.UNREACHABLE
        except CamundaError as error:
            message, code = str(error), Exit.FAILED
        except SettingsError as error:
            message, code = str(error), Exit.USAGE
        except ParseFailed as error:
            message, code = str(error), Exit.MODEL
        except ProcessionError as error:
            message, code = error.message, Exit.FAILED
        else:
            return
        if message:
            complain(message)
        raise typer.Exit(code)

    COMMANDS[name] = run
    return run


def discover() -> dict[str, Callable[..., None]]:
    """All commands by name, in alphabetical order; `group command` below a word. Imports every module of `procession.cli`."""
    package = importlib.import_module("procession.cli")
    for module in pkgutil.walk_packages(package.__path__, "procession.cli."):
        if module.name != "procession.cli.app":
            importlib.import_module(module.name)
    return dict(sorted(COMMANDS.items()))


def only(name: str) -> dict[str, Callable[..., None]]:
    """The command of that name, and nothing else loaded, where a module bears its name; else nothing."""
    package = importlib.import_module("procession.cli.commands")
    if not name.isidentifier() or name not in {module.name for module in pkgutil.iter_modules(package.__path__)}:
        return {}
    importlib.import_module(f"procession.cli.commands.{name}")
    return {name: COMMANDS[name]} if name in COMMANDS else {}


def _unreachable(error: CamundaError) -> str:
    if isinstance(error, NotAuthenticated):
        return "The engine does not accept these credentials: set CAMUNDA_USER and CAMUNDA_PASSWORD"
    if isinstance(error, NotAllowed):
        return f"These credentials may not do that: {error}"
    return f"The engine does not answer: {error}"
