"""The architecture as a test: who may import whom, which names are public, how long a file may be.

Rooms stand on floors. A room imports only from floors below its own, or from itself; rooms side by side do not see
each other. Where a rule has an exception, the exception is a line in a table here, with its reason.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
FILES = sorted(SOURCES.rglob("*.py"))
PACKAGES = sorted(path.parent for path in SOURCES.rglob("__init__.py"))

FLOORS: dict[str, int] = {
    **dict.fromkeys(["errors", "values", "expressions", "xml", "temporal", "feel", "juel"], 0),
    **dict.fromkeys(["bpmn", "dmn"], 1),
    "kernel": 2,
    "storage": 3,
    "engine": 4,
    **dict.fromkeys(["camunda7", "camunda8", "modeler", "lint", "simulate"], 5),
    "embedding": 6,  # puts engine, storage and dialect together: what the shells and user's programs open
    **dict.fromkeys(["cli", "server", "testing", "django", "serverless"], 7),
}
# Within floor 0 the interfaces and the calendar lie under the two languages.
GROUND = ("errors", "values", "expressions", "xml", "temporal")
# Rooms of one floor that may see each other, and why.
NEIGHBOURS: dict[tuple[str, str], str] = {
    ("cli", "server"): "`procession serve` starts the server",
    ("cli", "serverless"): "`procession lambda` runs functions",
    ("django", "server"): "the REST API inside Django travels through the server's own carrier",
}
# The world comes in as a parameter: below the engine nothing reads a clock, makes an id, or opens a socket or a file.
PURE = ("kernel", "bpmn", "dmn", "feel", "juel", *GROUND)
WORLDLY = {"time", "random", "uuid", "secrets", "socket", "subprocess", "threading", "asyncio", "tempfile", "sqlite3"}
WORLDLY |= {"http", "urllib.request", "httpx", "os", "pathlib", "shutil", "sqlalchemy", "psycopg", "starlette"}
CLOCKS = {"now", "utcnow", "today"}

CEILING, VOCABULARY_CEILING = 600, 800
# A vocabulary or one family of builtins; its docstring says why it is one file.
VOCABULARIES: set[str] = set()
VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "impl", "base", "common", "misc"}
# Import paths that a user's existing code prescribes exist as thin re-exports, whatever they are called.
PRESCRIBED = {"camunda_client/utils.py", "camunda_client/utils/__init__.py"}
HEAVY = ("sqlite3", "sqlalchemy", "starlette", "django", "httpx", "procession", "lxml", "pydantic")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _room(path: Path) -> str | None:
    """The room of a file of procession, None for its top level and for other packages."""
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return parts[1] if parts[0] == "procession" and len(parts) > 1 and parts[1] != "__init__" else None


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that a file imports, anywhere in it; `from a import b` counts as `a.b`."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _may_import(room: str, other: str) -> bool:
    if room == other or (room, other) in NEIGHBOURS:
        return True
    if FLOORS[other] < FLOORS[room]:
        return True
    return other in GROUND and FLOORS[room] == 0


def _within(name: str, modules: set[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def test_every_room_has_a_floor() -> None:
    rooms = {room for path in FILES if (room := _room(path))} - {"__main__"}
    assert rooms - FLOORS.keys() == set()


def test_rooms_import_only_from_floors_below() -> None:
    wrong = []
    for path in FILES:
        room = _room(path)
        if room is None or room not in FLOORS:
            continue
        for line, name in _imports(path):
            parts = name.split(".")
            if parts[0] != "procession" or len(parts) < 2 or parts[1] not in FLOORS:
                continue
            if not _may_import(room, parts[1]):
                wrong.append(f"{_name(path)}:{line}: {room} (floor {FLOORS[room]}) imports {name}")
    assert wrong == []


def test_the_client_library_never_imports_the_engine() -> None:
    wrong = [
        f"{_name(path)}:{line}: {name}"
        for path in FILES
        if path.is_relative_to(SOURCES / "camunda_client")
        for line, name in _imports(path)
        if name.split(".")[0] == "procession"
    ]
    assert wrong == []


def test_importing_the_client_library_stays_light() -> None:
    program = "import sys, camunda_client; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert [module for module in HEAVY if module in loaded] == []


def test_the_light_distribution_names_what_the_client_library_imports() -> None:
    project = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project.get("optional-dependencies", {}).values() for name in extra),
    ]
    named = {re.split(r"[^a-z0-9-]", requirement.lower())[0].replace("-", "_") for requirement in wanted}
    imported = {
        name.split(".")[0]
        for path in FILES
        if path.is_relative_to(SOURCES / "camunda_client")
        for _, name in _imports(path)
    }
    named |= {f"{name}_core" for name in named} | {name.removesuffix("_api") for name in named}
    assert imported - sys.stdlib_module_names - {"camunda_client"} - named == set()


def test_below_the_engine_nothing_touches_the_world() -> None:
    wrong = [
        f"{_name(path)}:{line}: {name}"
        for path in FILES
        if _room(path) in PURE
        for line, name in _imports(path)
        if _within(name, WORLDLY)
    ]
    for path in FILES:
        if _room(path) not in PURE:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                owner = ast.unparse(node.func.value)
                if owner.split(".")[-1] in {"datetime", "date"}:
                    wrong.append(f"{_name(path)}:{node.lineno}: {owner}.{node.func.attr}()")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "input"}:
                wrong.append(f"{_name(path)}:{node.lineno}: {node.func.id}()")
    assert wrong == []


def test_no_text_becomes_code() -> None:
    wrong = []
    for path in FILES:
        wrong += [
            f"{_name(path)}:{line}: imports {name}"
            for line, name in _imports(path)
            if _within(name, {"pickle", "marshal"})
        ]
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
                wrong.append(f"{_name(path)}:{node.lineno}: {node.func.id}()")
    assert wrong == []


def test_imports_are_absolute() -> None:
    assert [
        f"{_name(path)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ] == []


def test_no_file_is_above_the_ceiling() -> None:
    tracked = [
        path for folder in ("src", "tests", "examples", "functions", "scripts") for path in _python(ROOT / folder)
    ]
    wrong = []
    for path in tracked:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        ceiling = VOCABULARY_CEILING if _name(path) in VOCABULARIES else CEILING
        if lines > ceiling:
            wrong.append(f"{_name(path)}: {lines} lines, ceiling {ceiling}")
    assert wrong == []


def test_a_long_vocabulary_says_why_it_is_one_file() -> None:
    assert [name for name in VOCABULARIES if "one file" not in (ast.get_docstring(_tree(ROOT / name)) or "")] == []


def test_file_names_say_what_is_inside() -> None:
    names = {path.relative_to(SOURCES).as_posix(): path for path in FILES}
    assert [name for name in names if name not in PRESCRIBED and VAGUE & set(re.split(r"[/.]", name))] == []


def test_every_file_has_a_docstring() -> None:
    assert [_name(path) for path in FILES if len(ast.get_docstring(_tree(path)) or "") < 10] == []


def _module(folder: Path) -> str:
    return ".".join(folder.relative_to(SOURCES).parts)


@pytest.mark.parametrize("package", [_module(folder) for folder in PACKAGES])
def test_public_names_exist_and_are_documented(package: str) -> None:
    module = importlib.import_module(package)
    names: list[str] = list(getattr(module, "__all__", []))
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []
    public = [getattr(module, name) for name in names]
    assert [thing.__qualname__ for thing in public if isinstance(thing, type) and not thing.__doc__] == []


def _python(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if not {".venv", "data", "package"} & set(path.parts)]


def test_the_rules_here_can_fail() -> None:
    assert not _may_import("kernel", "storage")
    assert not _may_import("camunda7", "camunda8")
    assert not _may_import("values", "feel")
    assert _may_import("feel", "values")
    assert _may_import("server", "engine")
    assert _within("os.path", WORLDLY)
    assert not _within("ostrich", WORLDLY)
