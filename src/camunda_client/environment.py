"""Settings from environment variables; a secret may lie in a file instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from camunda_client.errors import SettingsError


def secret(environment: Mapping[str, str], name: str) -> str | None:
    """A secret from `NAME`, or from the file that `NAME_FILE` names (its last line break is not part of it)."""
    path = environment.get(f"{name}_FILE")
    if environment.get(name):
        return environment[name]
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE names {path!r}, which cannot be read: {type(error).__name__}") from None


def first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """The first of several variables that is set to something; secrets' files are looked at as well."""
    for name in names:
        if found := (secret(environment, name) or "").strip():
            return found
    return None
