"""`procession serve`: an engine with Camunda 7's REST API."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from procession.cli.registry import command


@command
def serve(
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            help="sqlite:///file.db, or postgresql://user:password@host/name. Without it: procession.db in this folder.",
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8080); 0 picks a free one.")] = None,
    auth: Annotated[bool | None, typer.Option("--auth/--no-auth", help="Ask for HTTP Basic credentials.")] = None,
    modeler: Annotated[
        bool | None,
        typer.Option("--modeler", help="Serve a modeler too: /modeler/api/v1, for `procession transfer`."),
    ] = None,
    test_mode: Annotated[
        bool | None, typer.Option("--test-mode", help="Serve /oracle/clock and /oracle/reset. Never in production.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that answer, each a node of its own, on one port; as many as processors keep to one each (1)."
        ),
    ] = None,
    no_job_executor: Annotated[
        bool, typer.Option("--no-job-executor", help="Run jobs only when somebody asks for them.")
    ] = False,
    history: Annotated[str | None, typer.Option(help="none, activity, audit or full (full).")] = None,
    log_level: Annotated[str | None, typer.Option(help="DEBUG, INFO, WARNING or ERROR (INFO).")] = None,
) -> None:
    """Serve the REST API of Camunda 7 until Ctrl-C or SIGTERM.

    Options win over PROCESSION_… variables; the variables of Camunda 7's containers are understood too.
    """
    given: dict[str, Any] = {
        "database": database,
        "host": host,
        "port": port,
        "auth": auth,
        "modeler": modeler,
        "test_mode": test_mode,
        "workers": workers,
        "job_executor": False if no_job_executor else None,
        "history_level": history,
        "log_level": log_level,
    }
    # a tenth of the time to the first answer is a search for garbage among what is only just being loaded
    gc.disable()
    try:
        _serve(given)
    finally:
        gc.enable()


def _serve(given: Mapping[str, Any]) -> None:
    from pydantic import ValidationError

    from procession.server.running import collect_seldom, configure_logging, run
    from procession.server.settings import Settings

    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise typer.BadParameter(reasons) from None
    configure_logging(settings.log_level)

    def ready(address: str) -> None:
        collect_seldom()
        typer.echo(f"Procession answers at {address}/engine-rest, its pages are at {address}/camunda/app/welcome/")

    if settings.workers > 1:
        from procession.server.workers import Workers

        Workers(settings, settings.workers, ready).run()
    else:
        run(settings, ready)
