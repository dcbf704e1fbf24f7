"""The command line `procession`, put together from the commands that registered themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Annotated

import typer

from procession.cli.exits import EPILOG
from procession.cli.registry import discover, only


def _print_version(asked: bool) -> None:
    if asked:
        print(version("procession"))
        raise typer.Exit


def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Camunda-compatible process automation: run an engine, or talk to any Camunda 7 server."""


def assemble(commands: Mapping[str, Callable[..., None]]) -> typer.Typer:
    """The command line made of these commands, by their words."""
    app = typer.Typer(
        name="procession",
        help="Camunda-compatible process automation: run an engine, or talk to any Camunda 7 server.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    groups: dict[str, typer.Typer] = {}
    for words, function in commands.items():
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            about = (sys.modules[function.__module__].__doc__ or "").split("\n", 1)[0]
            groups[group] = typer.Typer(help=about, no_args_is_help=True)
            app.add_typer(groups[group], name=group)
        (groups[group] if group else app).command(name, epilog=EPILOG)(function)
    return app


def main() -> None:
    """The console script. A command that is named first is all that is loaded: a server starts in half the time."""
    found = only(sys.argv[1]) if len(sys.argv) > 1 else {}
    assemble(found or discover())()


@cache
def _whole() -> typer.Typer:
    return assemble(discover())


def __getattr__(name: str) -> typer.Typer:
    """`app`: the whole command line, made when somebody asks for it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _whole()
