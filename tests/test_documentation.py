"""What the documents say can be followed: links lead somewhere, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "functions/**/*.md", "infra/**/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
    if "data" not in path.relative_to(ROOT).parts
)
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_make_targets_exist(document: Path) -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
    assert named - TARGETS == set()


def test_every_target_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    silent = set(re.findall(r"^([a-z-]+):(?!.*##)", text, re.MULTILINE))
    assert silent == {"lint", "types"}  # the two halves of `check`


def test_the_reference_is_what_the_code_says() -> None:
    """`make docs` rewrites it."""
    checked = subprocess.run(
        [sys.executable, "scripts/generate_reference.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout.strip(), checked.stderr) == (0, "docs/reference is current", "")
