"""Insurance applications from Green to Red on a fresh engine, with real workers, in one command.

    python demo.py                       # starts everything, serves on until Ctrl-C
    ONCE=1 python demo.py                # ends by itself; exit code 1 if an application did not end as it has to
    python demo.py --url http://host:8080 [--no-workers]    # on a server that runs already, ours or Camunda 7

CAMUNDA_USER and CAMUNDA_PASSWORD are used where the server asks for them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
from rich.console import Console
from stage import Stage, StageError
from story import Account, Story

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {"green": "green", "yellow": "yellow", "red": "red", None: "dim"}


def main() -> int:
    options = _options()
    console = Console(highlight=False)
    stage = Stage(options.directory)
    # SIGINT too: a shell starts what it puts into the background with SIGINT ignored
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        url = _root(options.url) if options.url else stage.server(options.port)
        console.print(f"Engine at [bold]{url}/engine-rest[/bold]")
        if not options.no_workers:
            stage.workers(f"{url}/engine-rest")
            console.print(f"Workers run; logs of all children lie in {options.directory}")
        with client(url) as rest:
            accounts = tell_story(console, rest)
        stage.check()
        report(console, accounts)
        surprises = sum(len(account.surprises) for account in accounts)
        addresses(console, url)
        if not options.once:
            console.print("\nServing on. Ctrl-C ends it.")
            while True:
                time.sleep(1)
                stage.check()
        return 1 if surprises else 0
    except KeyboardInterrupt:
        console.print("\nStopping.")
        return 0
    except (StageError, TimeoutError, httpx.HTTPError) as error:
        console.print(f"[red]The demonstration failed:[/red] {type(error).__name__}", end=" ")
        console.print(str(error), markup=False)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C must not leave children behind
            signal.signal(number, signal.SIG_IGN)
        stage.stop()


def client(url: str) -> httpx.Client:
    """A client of the REST API of the server at `url`, with the environment's credentials."""
    user = os.environ.get("CAMUNDA_USER")
    auth = httpx.BasicAuth(user, os.environ.get("CAMUNDA_PASSWORD", "")) if user else None
    return httpx.Client(base_url=f"{url}/engine-rest", auth=auth, timeout=30)


def tell_story(console: Console, rest: httpx.Client) -> list[Account]:
    """Deploys, submits, acts and waits, saying each thing that happens."""
    story = Story(rest, lambda who, what: console.print(f"  [bold]{who:<13}[/bold] {what}"))
    console.print(f"Models deployed: {story.deploy()}")
    return story.run(datetime.now().astimezone().strftime("%Y%m%d-%H%M%S"))


def report(console: Console, accounts: list[Account]) -> None:
    """A few lines for each application: group, premium, end, the way it took."""
    console.print("\n[bold]What became of the applications[/bold]")
    for account in accounts:
        known = account.variables
        group = known.get("riskGroup")
        colour = COLOURS.get(group, "white")
        premium = f", {known['premium']:,.0f} a year" if known.get("premium") is not None else ""
        detail = known.get("policyNumber") or known.get("rejectionReason")
        end = f"{known.get('decision')}" + (f" ({detail})" if detail else "")
        console.print(f"[{colour}]●[/{colour}] [bold]{account.application.applicant}[/bold]", end=" ")
        console.print(f"{group or 'not rated'}{premium}: {end}", markup=False)
        console.print(f"  {' → '.join(account.path)}", style="dim", markup=False)
        for surprise in account.surprises:
            console.print(f"  {surprise}", style="red", markup=False)
    wrong = [account.application.applicant for account in accounts if account.surprises]
    if wrong:
        console.print(f"[red]Not as it has to be: {', '.join(wrong)}[/red]")
    else:
        console.print(f"[green]All {len(accounts)} applications ended as they have to.[/green]")


def addresses(console: Console, url: str) -> None:
    """Where to look."""
    console.print("\n[bold]Where to look[/bold]")
    for name, path in (
        ("Welcome", "/camunda/app/welcome/"),
        ("Cockpit", "/camunda/app/cockpit/"),
        ("Tasklist", "/camunda/app/tasklist/"),
        ("Admin", "/camunda/app/admin/"),
        ("Definitions", "/engine-rest/process-definition"),
        ("Instances", "/engine-rest/history/process-instance?processDefinitionKey=insurance_process"),
        ("Decisions", "/engine-rest/history/decision-instance?decisionDefinitionKey=risk_rating"),
    ):
        console.print(f"  {name:<12} {url}{path}", markup=False, soft_wrap=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a server that runs already, instead of one of our own")
    parser.add_argument("--port", type=int, help="port of our own server: 8080, or the next free one")
    parser.add_argument("--no-workers", action="store_true", help="start no workers: others serve the topics")
    parser.add_argument("--once", action="store_true", default=os.environ.get("ONCE", "") not in ("", "0"))
    parser.add_argument("--directory", type=Path, default=ROOT / ".demo", help="for the database and the logs")
    return parser.parse_args()


def _root(url: str) -> str:
    return url.rstrip("/").removesuffix("/engine-rest")


def _interrupt(signal_number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
