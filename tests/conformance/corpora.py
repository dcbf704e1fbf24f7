"""The corpora of real models, unpacked on first use: `folder("bpmn")`, `folder("dmn-tck")`, …

An archive is unpacked below `.cache/` under a name that carries its content's hash, so a changed archive is never
mistaken for its predecessor. Workers that come at the same time each unpack and the first one's result stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tarfile
import tempfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".cache" / "conformance"
NAMES = sorted(path.name.removesuffix(".tar.xz") for path in (HERE / "data").glob("*.tar.xz"))


@cache
def folder(name: str) -> Path:
    """The folder of the corpus `name` (one of `NAMES`); treat it as read-only."""
    archive = HERE / "data" / f"{name}.tar.xz"
    target = CACHE / f"{name}-{hashlib.sha256(archive.read_bytes()).hexdigest()[:12]}"
    if not target.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=CACHE))
        with tarfile.open(archive) as packed:
            for member in packed:  # extractall() knows filters since 3.11.4, demands one since 3.12
                if member.isfile() and (content := packed.extractfile(member)):
                    path = scratch / member.name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content.read())
        with contextlib.suppress(OSError):  # somebody else was first
            os.rename(scratch / name, target)
        shutil.rmtree(scratch)
    return target
