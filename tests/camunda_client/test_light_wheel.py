"""The light distribution, as people install it: a wheel in an environment with httpx, pydantic and stamina alone."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = ("httpx", "pydantic", "stamina")
WITH_THEM = (
    *("httpcore", "h11", "certifi", "idna", "anyio", "sniffio", "tenacity", "typing_extensions", "typing_inspection"),
    *("pydantic_core", "annotated_types"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uv = next(path for path in (ROOT / ".tools").rglob("bin/uv") if path.is_file())
    folder = tmp_path_factory.mktemp("wheel")
    command = [str(uv), "build", "--wheel", "--offline", "--out-dir", str(folder), str(ROOT / "client")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:  # the build's own requirement is in no cache yet
        built = subprocess.run(
            [item for item in command if item != "--offline"], capture_output=True, text=True, check=False
        )
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


def test_what_it_says_of_itself(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = Parser().parsestr(archive.read(next(n for n in names if n.endswith("METADATA"))).decode())
        scripts = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    needed = [line.split(";")[0] for line in metadata.get_all("Requires-Dist", []) if "extra" not in line]
    assert sorted(line.split("<")[0].split(">")[0].strip() for line in needed) == sorted(ALLOWED)
    assert {"django", "modeler", "metrics", "otel"} <= set(metadata.get_all("Provides-Extra", []))
    assert "camunda-worker = camunda_client.worker.command:main" in scripts
    assert not [name for name in names if name.startswith("procession/")]


def test_it_works_with_nothing_else(wheel: Path, tmp_path: Path) -> None:
    """Its modules are taken from the wheel; of the other installed packages it sees those that it says it needs."""
    site = Path(sysconfig.get_paths()["purelib"])
    for name in (*ALLOWED, *WITH_THEM):
        for found in (site / name, site / f"{name}.py"):
            if found.exists():
                (tmp_path / found.name).symlink_to(found)
    for found in site.glob("*.dist-info"):
        if found.name.split("-")[0] in (*ALLOWED, *WITH_THEM):
            (tmp_path / found.name).symlink_to(found)
    program = (
        "import camunda_client.c8.api, camunda_client.c8.worker, camunda_client.c7, camunda_client.testing\n"
        "from camunda_client.worker.command import main\n"
        "import sys; print(camunda_client.__file__); assert 'procession' not in sys.modules\n"
        "main(['--help'])"
    )
    ended = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(wheel)!r}, {str(tmp_path)!r}]\n{program}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert str(wheel) in ended.stdout
    assert "--engine" in ended.stdout
