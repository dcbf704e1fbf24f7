"""The command `camunda-worker`: serves the handlers of a module, without an engine installed.

    camunda-worker orders.handlers:handlers --engine c8 --url http://localhost:8080

Exit codes: 0 stopped in good order, 2 the command line or a setting is wrong.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from camunda_client.errors import SettingsError
from camunda_client.worker.execution import EXECUTIONS
from camunda_client.worker.handlers import HandlerSignatureError
from camunda_client.worker.running import APIS, Wanted, run, run_reloading


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        "camunda-worker", description="Serve external tasks (Camunda 7) or jobs (Camunda 8)."
    )
    found.add_argument(
        "target", help="module:name of a worker, of Handlers or of a decorated function; or a module alone"
    )
    found.add_argument("--engine", choices=APIS, default="c7", help="which API the engine speaks (c7)")
    found.add_argument(
        "--url", "-u", help="the engine's address; by default CAMUNDA_URL (c7) or CAMUNDA_REST_ADDRESS (c8)"
    )
    found.add_argument("--max-tasks", type=int, help="how many tasks are in work at once")
    found.add_argument("--lock-duration", type=float, metavar="SECONDS", help="how long a task is ours; it is renewed")
    found.add_argument("--poll-timeout", type=float, metavar="SECONDS", help="how long one poll waits for work")
    found.add_argument("--grace", type=float, metavar="SECONDS", help="how long handlers may go on after a stop")
    found.add_argument("--execution", choices=EXECUTIONS, help="where handlers run (auto)")
    found.add_argument(
        "--metrics-port", type=int, metavar="PORT", help="serve Prometheus metrics on this port of loopback"
    )
    found.add_argument("--reload", action="store_true", help="start anew whenever a Python file here changes")
    found.add_argument("--reload-dir", type=Path, action="append", metavar="FOLDER", help="look there instead")
    found.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(message)s")
    if options.reload:
        command = [
            sys.executable,
            "-m",
            "camunda_client.worker.command",
            *(item for item in given if item != "--reload"),
        ]
        raise SystemExit(run_reloading(command, options.reload_dir or [Path.cwd()]))
    try:
        run(
            Wanted(
                options.target,
                options.engine,
                options.url,
                options.max_tasks,
                options.lock_duration,
                options.poll_timeout,
                options.grace,
                options.execution,
                options.metrics_port,
            )
        )
    except (SettingsError, HandlerSignatureError) as error:
        print(f"camunda-worker: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
