"""Foreign tools that tests and benchmarks run beside ours: each is fetched once, into a folder of its own below `.tools`."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / ".tools"
_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def fetch(folder: Path, file: Path, command: Sequence[str]) -> None:
    """Runs a command in a folder with a copy of the file that says what to fetch; again when that changes.

    Raises CalledProcessError where fetching fails.
    """
    stamp, wanted = folder / ".done", sha256(file.read_bytes()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print(f"fetching what {folder.name} needs", flush=True)
        shutil.copy(file, folder / file.name)
        subprocess.run(command, cwd=folder, check=True)
        stamp.write_text(wanted)


def fetch_node(folder: Path, file: Path) -> str | None:
    """The packages of a package.json; gives the path of Node, None where there is none with npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    fetch(folder, file, [npm, "install", "--silent", "--no-audit", "--no-fund"])
    return node


def fetch_java(folder: Path, file: Path) -> str | None:
    """The jars of a pom.xml, in `folder/lib`; gives the path of Java, None where there is none with Maven."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        return None
    fetch(folder, file, [maven, "-q", "-B", _JARS, "-DoutputDirectory=lib"])
    return java
