"""`procession clean`: removes the history whose time to live is over."""

from __future__ import annotations

from typing import Annotated

import typer

from procession.cli.output import notes
from procession.cli.registry import command


@command
def clean(
    database: Annotated[
        str, typer.Option("--database", help="sqlite:///file.db, or postgresql://user:password@host/name.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how much would go, and remove nothing.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Root instances that are removed in one transaction.")] = 200,
) -> None:
    """Remove expired history from a database, in batches; servers may go on working meanwhile."""
    from procession.embedding import open_engine
    from procession.engine.engine import EngineSettings

    with open_engine(database, settings=EngineSettings(cleanup_batch=batch)) as engine:
        expired = engine.cleaner.removable()
        if dry_run:
            notes().print(f"The history of {expired} process instances can be removed.")
            return
        notes().print(f"The history of {engine.cleaner.run()} process instances was removed.")
