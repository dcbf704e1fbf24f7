"""The same models, workers and applications on Procession and on the real Camunda 7, side by side.

    python oracle_demo.py [--oracle ../shared/oracle/camunda7]

Exit code 1 if an application went another way on the one than on the other. Where the oracle, Java or Maven is
missing, says which one and ends with exit code 0: there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import httpx
from demo import ROOT, client
from rich.console import Console
from rich.table import Table
from stage import RealCamunda, Stage, StageError, free_port
from story import Account, Story

PROCESSION, CAMUNDA = "Procession", "Camunda 7"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, default=ROOT.parent / "shared" / "oracle" / "camunda7")
    parser.add_argument("--procession", metavar="URL", help="a server that runs already, instead of one of our own")
    parser.add_argument("--camunda", metavar="URL", help="a Camunda 7 that runs already, instead of one of our own")
    options = parser.parse_args()
    console = Console(highlight=False)
    if not options.camunda and (missing := RealCamunda.missing(options.oracle)):
        console.print(f"SKIPPED oracle-demo: {missing} is missing", markup=False)
        return 0
    # One name for both runs, so that business keys and with them policy numbers are equal.
    run = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    try:
        ours = _on_procession(console, run, options.procession)
        theirs = _on_camunda(console, run, options.oracle, options.camunda)
    except (StageError, TimeoutError, httpx.HTTPError) as error:
        console.print(f"The comparison failed: {type(error).__name__} {error}", style="red", markup=False)
        return 1
    return side_by_side(console, ours, theirs)


def side_by_side(console: Console, ours: list[Account], theirs: list[Account]) -> int:
    """Prints both; returns the exit code."""
    table = Table(show_lines=True)
    for column in ("Applicant", PROCESSION, CAMUNDA, ""):
        table.add_column(column)
    failures = 0
    for our, their in zip(ours, theirs, strict=True):
        mine, real = our.comparable(), their.comparable()
        names = sorted(name for name in mine.keys() | real.keys() if mine.get(name) != real.get(name))
        wrong = [f"{name}: {mine.get(name)!r} / {real.get(name)!r}" for name in names]
        wrong += our.surprises + their.surprises
        failures += bool(wrong)
        verdict = "[green]same[/green]" if not wrong else "[red]differs[/red]"
        table.add_row(our.application.applicant, _told(our), _told(their), verdict)
        for line in wrong:
            console.print(f"{our.application.applicant}: {line}", style="red", markup=False)
    console.print(table)
    console.print(f"{len(ours) - failures} of {len(ours)} applications went the same way on both.")
    return 1 if failures else 0


def _told(account: Account) -> str:
    known = account.variables
    facts = [str(known[name]) for name in ("riskGroup", "premium", "decision", "policyNumber") if known.get(name)]
    return f"{', '.join(facts)}\n{' → '.join(account.path)}"


def _on_procession(console: Console, run: str, running: str | None) -> list[Account]:
    stage = Stage(ROOT / ".demo" / "oracle-demo")
    try:
        url = running or stage.server(free_port(8180))
        return _story(console, PROCESSION, stage, url, run)
    finally:
        stage.stop()


def _on_camunda(console: Console, run: str, oracle: Path, running: str | None) -> list[Account]:
    stage = Stage(ROOT / ".demo" / "oracle-demo")
    if running:
        try:
            return _story(console, CAMUNDA, stage, running, run)
        finally:
            stage.stop()
    with tempfile.TemporaryDirectory(prefix="camunda7-") as workplace:
        camunda = RealCamunda(oracle, Path(workplace), free_port(8280))
        console.print("The real Camunda 7 is built and started; the first time takes a few minutes.")
        url = camunda.start()
        try:
            return _story(console, CAMUNDA, stage, url, run)
        finally:
            stage.stop()
            camunda.stop()


def _story(console: Console, name: str, stage: Stage, url: str, run: str) -> list[Account]:
    console.print(f"[bold]{name}[/bold] at {url}/engine-rest")
    stage.workers(f"{url}/engine-rest")
    with client(url) as rest:
        story = Story(rest, lambda who, what: console.print(f"  {who:<13} {what}", markup=False))
        story.deploy()
        return story.run(run)


if __name__ == "__main__":
    sys.exit(main())
