"""What the other engines need, in `.tools/bench-dmn`: an environment of Python, feelin for Node, Camunda 7's engine.

Each is fetched once; what this machine cannot have is said by name, and its engine is left out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FOLDER = ROOT / ".tools" / "bench-dmn"
FEELIN = "8.2.0"
CAMUNDA = "7.24.0"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


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
    FOLDER.mkdir(parents=True, exist_ok=True)
    missing: dict[str, str] = {}
    python = _python()
    node = fetch_feelin()
    if node is None:
        missing["feelin"] = "there is no Node.js with npm here"
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        missing["camunda"] = "there is no Java with Maven here"
    else:
        _once("camunda", HERE / "camunda" / "pom.xml", [maven, "-q", "-B", _COPY, "-DoutputDirectory=lib"])
    return Peers(python, None if "feelin" in missing else node, None if "camunda" in missing else java, missing)


def fetch_feelin() -> str | None:
    """feelin in `FOLDER/node`; gives the path of Node, None where there is none. Raises CalledProcessError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    FOLDER.mkdir(parents=True, exist_ok=True)
    _once("node", HERE / "package.json", [npm, "install", "--silent", "--no-audit", "--no-fund"])
    return node


def _once(name: str, file: Path, command: list[str]) -> None:
    """Runs a command in a folder of its own with a copy of the file that says what to fetch; again when that changes."""
    folder = FOLDER / name
    stamp, wanted = folder / ".done", sha256(file.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"fetching what {name} needs", flush=True)
    folder.mkdir(exist_ok=True)
    shutil.copy(file, folder / file.name)
    subprocess.run(command, cwd=folder, check=True)
    stamp.write_text(wanted)


def _python() -> Path:
    uv = ROOT / ".tools" / "python" / "bin" / "uv"
    found = str(uv) if uv.exists() else shutil.which("uv")
    python = FOLDER / "python" / "env" / "bin" / "python"
    if found is None:
        raise FileNotFoundError("there is no uv: run 'make setup' once, which fetches it")
    if not python.exists():
        subprocess.run([found, "venv", "-q", "--python", sys.executable, str(python.parents[1])], check=True)
    install = [found, "pip", "install", "-q", "--python", str(python), "-r", "requirements.txt"]
    _once("python", HERE / "requirements.txt", install)
    return python
