"""The manual steps of `functions/README.md`: a deployment package, its size, and how long each handler takes to import.

    python scripts/package_functions.py [--times 10] [--keep-boto]

Writes functions/package/ and functions/deployment.zip. boto3 and botocore are left out unless `--keep-boto` is given:
Lambda has them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "functions"
PACKAGE = FOLDER / "package"
ARCHIVE = FOLDER / "deployment.zip"
LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda takes, unpacked."""
TARGET = 800.0
"""Milliseconds that the import of a handler should take at most."""
IN_LAMBDA = ("boto3", "botocore", "s3transfer")
MEASURE = "import time; b = time.perf_counter(); import {0}; print((time.perf_counter() - b) * 1000)"


def main() -> int:
    """Builds, measures, prints. Gives the exit code: 1 where the package is too large for Lambda."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    options.add_argument("--times", type=int, default=10)
    options.add_argument("--keep-boto", action="store_true")
    asked = options.parse_args()
    build(keep_boto=asked.keep_boto)
    size = sum(path.stat().st_size for path in PACKAGE.rglob("*") if path.is_file())
    print(f"package: {size / 1e6:.1f} MB unpacked, {ARCHIVE.stat().st_size / 1e6:.1f} MB as {ARCHIVE.name}")
    for handler in sorted(path.stem for path in FOLDER.glob("*.py")):
        taken = cold_import(handler, asked.times)
        verdict = "" if taken <= TARGET else f"  (target {TARGET:.0f} ms)"
        print(f"import {handler}: {taken:.0f} ms, median of {asked.times}{verdict}")
    return 0 if size <= LIMIT else 1


def build(*, keep_boto: bool) -> None:
    """pip install -r requirements.txt -t package/; pip install .. -t package/; zip."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    ARCHIVE.unlink(missing_ok=True)
    for what in (["-r", "requirements.txt"], [".."]):
        install = ["install", "--quiet", *what, "--target", "package"]
        subprocess.run([*installer(), *install], cwd=FOLDER, check=True)
    if not keep_boto:
        for folder in [found for name in IN_LAMBDA for found in PACKAGE.glob(f"{name}*")]:
            shutil.rmtree(folder)
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(PACKAGE))
        for path in sorted(FOLDER.glob("*.py")):
            archive.write(path, path.name)


def installer() -> list[str]:
    """pip of this interpreter, or uv where the interpreter has none."""
    has_pip = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if has_pip.returncode == 0:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    tools = FOLDER.parent / ".tools" / "python" / "bin" / "uv"
    return [str(tools if tools.exists() else "uv"), "pip"]


def cold_import(handler: str, times: int) -> float:
    """Milliseconds that a new process takes to import a handler from the package: the median."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE), str(FOLDER)])}
    taken = []
    for _ in range(times):
        command = [sys.executable, "-S", "-c", MEASURE.format(handler)]
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        taken.append(float(found.stdout))
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
