"""Run serverless functions here, without AWS: once with an event, or behind the paths of their template."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from procession.cli.exits import Exit, Quit
from procession.cli.output import print_json
from procession.cli.registry import subcommand

Template = Annotated[Path, typer.Option("--template", "-t", help="The SAM template with the functions.")]
DEFAULT = Path("functions/template.yaml")


@subcommand("lambda")
def invoke(
    function: Annotated[
        str, typer.Argument(help="Logical id or handler: WorkflowTriggerFunction, workflow_trigger.handler.")
    ],
    event: Annotated[
        Path | None, typer.Option("--event", "-e", help="A file with the event as JSON; - reads standard input.")
    ] = None,
    template: Template = DEFAULT,
) -> None:
    """Call a function once and print its answer. Exit code 1 where the answer's status is 500 or more."""
    from procession.serverless.runner import Runner

    text = "{}" if event is None else sys.stdin.read() if str(event) == "-" else _read(event)
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Quit(Exit.USAGE, f"The event is not JSON: {error}") from None
    runner = Runner(template)
    answer = runner.invoke(runner.find(function), given)
    print_json(answer)
    if isinstance(answer, dict) and isinstance(answer.get("statusCode"), int) and answer["statusCode"] >= 500:
        raise Quit(Exit.FAILED)


@subcommand("lambda")
def serve(
    template: Template = DEFAULT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
) -> None:
    """Serve the paths of a template's functions until Ctrl-C, as `sam local start-api` does."""
    import uvicorn

    from procession.serverless.runner import Runner

    runner = Runner(template)
    application = runner.application()
    for found in runner.functions.values():
        for route in found.routes:
            typer.echo(f"{route.method} http://{host}:{port}{route.path} calls {found.handler}", err=True)
    uvicorn.run(application, host=host, port=port, log_level="warning")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Quit(Exit.USAGE, f"The event {path} cannot be read: {error}") from None
