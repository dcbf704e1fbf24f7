"""The page that says where each line of the platform's text is proved names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "insurance-platform.md"


def test_the_tests_that_the_page_names_exist() -> None:
    sources = [path for room in ("examples", "server", "infra") for path in ROOT.glob(f"tests/{room}/*.py")]
    there = {name for path in sources for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    there |= {path.name for path in sources}
    named = set(re.findall(r"`(test_[\w.]+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 20
    assert named - there == set()


def test_every_test_of_the_text_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("test_platform_commands.py", "test_platform_containers.py"):
        written = re.findall(r"^def (test_\w+)", (ROOT / "tests" / "examples" / name).read_text(), re.MULTILINE)
        assert [test for test in written if test not in page] == []
