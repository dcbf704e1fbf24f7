"""What an installation brings along is under a permissive licence, or NOTICE names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PERMISSIVE = re.compile(r"\b(Apache|BSD|ISC|MIT|PSF|Python Software Foundation)\b")
COPYLEFT = re.compile(r"GPL|MPL|EPL|EUPL|CDDL|GNU|Mozilla|Eclipse|SSPL|Business Source", re.IGNORECASE)
NAMED = {"psycopg", "psycopg-binary", "certifi"}


def _needed() -> Iterator[metadata.Distribution]:
    """The distributions that `procession` needs here, with all extras, and what those need in turn."""
    waiting: list[tuple[str, frozenset[str]]] = [
        ("procession", frozenset(metadata.metadata("procession").get_all("Provides-Extra") or ()))
    ]
    seen: set[tuple[str, frozenset[str]]] = set()
    given: set[str] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = metadata.distribution(name)
        if name not in given:
            given.add(name)
            yield found
        for line in found.requires or ():
            need = Requirement(line)
            environments = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if need.marker is None or any(need.marker.evaluate(one) for one in environments):
                waiting.append((re.sub(r"[-_.]+", "-", need.name).lower(), frozenset(need.extras)))


def _licence(found: metadata.Distribution) -> str:
    """As its metadata says: the expression, the classifiers, or the text's first line."""
    told = found.metadata
    classifiers = [line for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    said = told.get("License-Expression") or "; ".join(classifiers) or (told.get("License") or "").split("\n")[0]
    return said or _licence_file(found)


def _licence_file(found: metadata.Distribution) -> str:
    """The first line of the text that it brings along, for one whose metadata says nothing."""
    texts = [file for file in found.files or () if re.match(r"(?i)licen[cs]e", file.name)]
    return "" if not texts else texts[0].read_text(encoding="utf-8").strip().split("\n")[0]


def test_dependencies_are_permissive_or_named() -> None:
    licences = {found.metadata["Name"].lower(): _licence(found) for found in _needed()}
    assert len(licences) > 40
    others = {name for name, said in licences.items() if COPYLEFT.search(said) or not PERMISSIVE.search(said)}
    assert others == NAMED


def test_notice_names_the_exceptions() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert [name for name in sorted(NAMED) if name not in notice] == []
