"""A copy of the DMN Technology Compatibility Kit on disk: finds its test files and runs them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from procession.dmn import compile_definitions, read_dmn
from procession.dmn.deciding import Compiled
from procession.dmn.kit import KitFile, Verdict, check, read_tests
from procession.dmn.model import Definitions
from procession.errors import ProcessionError


def kit_files(root: Path) -> Iterator[tuple[Path, KitFile]]:
    """All test files below a folder, in the order of their names."""
    for path in sorted(root.rglob("*.xml")):
        data = path.read_bytes()
        if b"testCases" in data[:2000]:
            yield path, read_tests(data, str(path))


def verdicts(root: Path, part: str = "") -> Iterator[Verdict]:
    """Runs every test whose folder, relative to the root, has `part` in its name."""
    for path, tests in kit_files(root):
        folder = path.parent.relative_to(root).as_posix()
        if part not in folder:
            continue
        model = path.parent / tests.model
        try:
            compiled = compile_kit(model)
        except (ProcessionError, OSError) as error:
            said = f"the model {tests.model} cannot be read: {error}"
            yield from (Verdict(folder, path.stem, case, said) for case in tests.cases)
            continue
        yield from (Verdict(folder, path.stem, case, check(compiled, case)) for case in tests.cases)


@lru_cache(maxsize=4)
def compile_kit(model: Path) -> Compiled:
    """A model with the models beside it, which it may import. Raises ParseFailed and OSError for the model itself."""
    beside = [other for other in sorted(model.parent.glob("*.dmn")) if other != model]
    imported = [found for other in beside if (found := _readable(other)) is not None]
    return compile_definitions(read_dmn(model.read_bytes(), model.name), imported, external=True)


def _readable(model: Path) -> Definitions | None:
    try:
        return read_dmn(model.read_bytes(), model.name)
    except ProcessionError:
        return None
