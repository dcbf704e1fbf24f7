"""What the other engines need, in `.tools/bench-dmn`: an environment of Python, feelin for Node, Camunda 7's engine.

Each is fetched once; what this machine cannot have is said by name, and its engine is left out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fetching import TOOLS, fetch, fetch_java, fetch_node

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FOLDER = TOOLS / "bench-dmn"
FEELIN = "8.2.0"
CAMUNDA = "7.24.0"


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the others are; None for what is absent, with the reason in `missing` by the name of the engine."""

    python: Path
    node: str | None
    java: str | None
    missing: dict[str, str]

    @property
    def jars(self) -> Path:
        """Camunda 7's engine and what it needs."""
        return FOLDER / "camunda" / "lib"


def set_up() -> Peers:
    """Everything that this machine can have. Raises CalledProcessError where fetching fails."""
    missing: dict[str, str] = {}
    python, node, java = _python(), fetch_feelin(), fetch_java(FOLDER / "camunda", HERE / "camunda" / "pom.xml")
    if node is None:
        missing["feelin"] = "there is no Node.js with npm here"
    if java is None:
        missing["camunda"] = "there is no Java with Maven here"
    return Peers(python, node, java, missing)


def fetch_feelin() -> str | None:
    """feelin in `FOLDER/node`; gives the path of Node, None where there is none. Raises CalledProcessError."""
    return fetch_node(FOLDER / "node", HERE / "package.json")


def _python() -> Path:
    uv = ROOT / ".tools" / "python" / "bin" / "uv"
    found = str(uv) if uv.exists() else shutil.which("uv")
    python = FOLDER / "python" / "env" / "bin" / "python"
    if found is None:
        raise FileNotFoundError("there is no uv: run 'make setup' once, which fetches it")
    if not python.exists():
        subprocess.run([found, "venv", "-q", "--python", sys.executable, str(python.parents[1])], check=True)
    install = [found, "pip", "install", "-q", "--python", str(python), "-r", "requirements.txt"]
    fetch(FOLDER / "python", HERE / "requirements.txt", install)
    return python
