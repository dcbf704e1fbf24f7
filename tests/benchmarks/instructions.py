"""How many instructions a command takes: the same number each time whatever else the machine does, so that a change of one
percent shows, where milliseconds waver by a tenth and more.

    python -m tests.benchmarks.instructions [--batches 1 20] [--forms user external] [--instances 400] [--keep FOLDER]

valgrind counts (callgrind), and makes a process some fifty times slower: rates mean nothing here. What the system does, and the
database, is not counted. Start → user task → complete in process, two commands, for each size of batch on SQLite; whole
instances over HTTP on PostgreSQL, twelve clients. `--keep` leaves callgrind's files: `callgrind_annotate FILE` tells the
functions of C that the instructions went to, by name where Python's symbols are installed (Debian: python3.11-dbg).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.committing import Waiting
from procession.engine.unit import Envelope
from procession.kernel import commands as c
from tests import postgres
from tests.benchmarks import over_http
from tests.benchmarks.load import Client, Form, driver
from tests.benchmarks.models import MODELS, USER

CLIENTS = 12
TRANSACTIONS = 10  # of each command that are counted in process


def main() -> int:
    """Prints a line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 20], help="commands per transaction in process")
    parser.add_argument("--forms", nargs="*", choices=["user", "external"], default=["user", "external"])
    parser.add_argument("--instances", type=int, default=400, help="over HTTP")
    parser.add_argument("--keep", type=Path, help="a folder for callgrind's files")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _commands(options.child)
        return 0
    if shutil.which("valgrind") is None:
        print("There is no valgrind", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for batch in options.batches:
            command = [sys.executable, "-m", "tests.benchmarks.instructions", "--child", str(batch)]
            subprocess.run([*_counting(folder, f"in-process-{batch}"), *command], check=True, stdout=subprocess.DEVNULL)
            counted = _counted(folder, f"in-process-{batch}") // (2 * TRANSACTIONS * batch)
            print(f"in process, SQLite, {batch} commands per transaction: {counted:,} instructions per command")
        for form in options.forms:
            _over_http(folder, form, options.instances)
            counted = _counted(folder, form) // options.instances
            print(f"over HTTP, PostgreSQL, {form} task: {counted:,} instructions of the server per instance")
    return 0


def _counting(folder: Path, name: str) -> list[str]:
    files = (f"--callgrind-out-file={folder / name}", f"--log-file={folder / name}.log")
    return ["valgrind", "--tool=callgrind", "--instr-atstart=no", *files]


def _counted(folder: Path, name: str) -> int:
    found = re.search(r"Collected : (\d+)", (folder / f"{name}.log").read_text())
    if found is None:
        raise RuntimeError(f"valgrind has counted nothing: see {folder / name}.log")
    return int(found[1])


def _count(process: int, word: str) -> None:
    """Has what a process does from now on counted (on), or not (off)."""
    subprocess.run(["callgrind_control", f"--instr={word}", str(process)], check=True, capture_output=True)


def _commands(batch: int) -> None:
    """What is counted in process."""
    with tempfile.TemporaryDirectory() as folder, open_engine(f"sqlite:///{folder}/counted.db") as engine:
        engine.deploy(*((f"{id_}.bpmn", model) for id_, model in MODELS.items()))

        def send(commands: list[ec.AnyCommand]) -> None:
            for at in range(0, len(commands), batch):
                engine.committer._commit([Waiting(command, Envelope()) for command in commands[at : at + batch]])

        def run(transactions: int) -> None:
            send([ec.StartProcess(process_id=USER)] * (transactions * batch))
            with engine.storage.read() as connection:
                tasks = connection.exec_driver_sql("SELECT key FROM task ORDER BY key").scalars().all()
            send([c.CompleteTask(task) for task in tasks])

        run(2)  # caches, statements
        _count(os.getpid(), "on")
        run(TRANSACTIONS)
        _count(os.getpid(), "off")


def _over_http(folder: Path, scenario: str, instances: int) -> None:
    with ExitStack() as stack:
        server = postgres.start(durable=True)
        stack.callback(server.stop)
        under = _counting(folder, scenario)
        target = stack.enter_context(over_http.procession(scenario, server.create_database(), under=under))
        client = Client(target.port)
        client.deploy()
        client.close()
        load = stack.enter_context(driver())
        form = Form(scenario, scenario, CLIENTS)
        load.drive(target.port, form, 150)
        _count(target.pid, "on")
        load.drive(target.port, form, instances)
        _count(target.pid, "off")


if __name__ == "__main__":
    sys.exit(main())
