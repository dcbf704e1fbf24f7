"""`procession work`: serves the handlers of a module, for Camunda 7's external tasks or Camunda 8's jobs."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from camunda_client.worker.handlers import HandlerSignatureError
from procession.cli.connection import Url
from procession.cli.exits import Exit, Quit
from procession.cli.registry import command


@command
def work(
    target: Annotated[
        str, typer.Argument(help="module:name of a worker, of Handlers or of a decorated function; or a module alone.")
    ],
    engine: Annotated[Literal["c7", "c8"], typer.Option(help="Which API the engine speaks.")] = "c7",
    url: Url = None,
    max_tasks: Annotated[int | None, typer.Option(help="How many tasks are in work at once.")] = None,
    lock_duration: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="How long a task is ours; it is renewed.")
    ] = None,
    poll_timeout: Annotated[float | None, typer.Option(metavar="SECONDS", help="How long one poll waits.")] = None,
    grace: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="How long handlers may go on after a stop.")
    ] = None,
    execution: Annotated[
        Literal["auto", "thread", "process"] | None, typer.Option(help="Where handlers run (auto).")
    ] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Serve Prometheus metrics on this port of loopback.")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew whenever a Python file here changes.")] = False,
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], typer.Option(help="What the log shows.")
    ] = "INFO",
) -> None:
    """Serve external tasks (Camunda 7) or jobs (Camunda 8) with a module's handlers, until Ctrl-C or SIGTERM.

    `procession work orders.handlers --engine c8` needs no program of your own. With c8 the address and the credentials come
    from Camunda's official variables (CAMUNDA_REST_ADDRESS, CAMUNDA_CLIENT_ID, …).
    """
    from camunda_client.worker.running import Wanted, run, run_reloading

    logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(message)s")
    if reload:
        given = sys.argv[1:]
        given.remove("work")  # the command's own name alone: a module may be called so, too
        same = [item for item in given if item != "--reload"]
        again = [sys.executable, "-m", "camunda_client.worker.command", *same]  # it has the same options
        raise typer.Exit(run_reloading(again, [Path.cwd()]))
    try:
        run(Wanted(target, engine, url, max_tasks, lock_duration, poll_timeout, grace, execution, metrics_port))
    except HandlerSignatureError as error:
        raise Quit(Exit.USAGE, str(error)) from error
