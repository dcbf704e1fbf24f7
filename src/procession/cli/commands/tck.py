"""`procession tck`: how much of the DMN standard is met, measured with any copy of its compatibility kit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from procession.cli.exits import Exit, Quit
from procession.cli.output import notes, print_json, results, table
from procession.cli.registry import command


@command
def tck(
    directory: Annotated[
        Path,
        typer.Argument(help="A folder of the DMN TCK, say TestCases.", metavar="DIR", exists=True, file_okay=False),
    ],
    only: Annotated[str, typer.Option("--only", help="Only folders with this in their name.")] = "",
    csv: Annotated[Path, typer.Option("--csv", help="Where the standard result file goes.")] = Path("tck_results.csv"),
    as_json: Annotated[bool, typer.Option("--json", help="Counts by level as JSON.")] = False,
) -> None:
    """Run the DMN Technology Compatibility Kit: print what does not pass, write the standard result file.

    External Java functions run from a list of pure ones; no Java is started. Ends with 1 if a result does not pass.
    """
    from procession.cli.kit import verdicts
    from procession.dmn import kit

    found = list(verdicts(directory, only))
    if not found:
        raise Quit(Exit.USAGE, f"{directory}: no test file of the DMN TCK lies there")
    csv.write_text(kit.results(found), encoding="utf-8")
    counted, passed = Counter[str](), Counter[str]()
    for one in found:
        level = one.folder.partition("/")[0]
        counted[level] += 1
        passed[level] += one.said is None
    if as_json:
        print_json({level: {"passed": passed[level], "of": counted[level]} for level in counted})
    else:
        wrong = [one for one in found if one.said is not None]
        if wrong:
            lines = [(one.folder.rpartition("/")[2], one.case.id, one.case.asked, one.said) for one in wrong]
            results().print(table("Does not pass", ("Folder", "Case", "Asked", "Found"), lines))
        rows = [(level, f"{passed[level]:,}", f"{counted[level]:,}") for level in counted]
        results().print(table("", ("Level", "Passed", "Of"), rows))
    notes().print(f"Results by case: {csv}")
    if sum(passed.values()) < len(found):
        raise Quit(Exit.FAILED)
