"""The version of the installed distribution."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    for name in ("procession",):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "0"


VERSION = _installed()
