"""Where a secret lies: in a variable, in a file, in Secrets Manager or in Parameter Store. Several lines are a rotation.

| value of the variable NAME                      | secret                                            |
|-------------------------------------------------|---------------------------------------------------|
| `text`                                          | the text itself, used verbatim                    |
| `["new","old"]`                                 | both are good: the first is the current one       |
| `secretsmanager:NAME` or `arn:aws:secretsmanager:…` | the secret's text, one of the two forms above |
| `ssm:/path`                                     | a decrypted parameter, one of the two forms above |
| (unset) and `NAME_FILE` is a path               | the file's text, one of the two forms above       |

What AWS answers is kept for `CACHE_SECONDS`, so that a rotation is noticed without a call per delivery.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camunda_client.errors import SettingsError

CACHE_SECONDS = 300


def read_secrets(environment: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    """The secrets of a variable, the current one first; empty where nothing is set. Raises SettingsError."""
    return tuple(text.encode() for text in _list(read_secret(environment, name) or "", name))


def read_secret(environment: Mapping[str, str], name: str) -> str | None:
    """One secret as text, None where nothing is set. Raises SettingsError."""
    value = environment.get(name)
    if value:
        return _remote(value, name)
    path = environment.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE names {path!r}, which cannot be read: {type(error).__name__}") from None


def _remote(value: str, name: str) -> str:
    secret = value.startswith(("arn:aws:secretsmanager:", "secretsmanager:"))
    if not secret and not value.startswith("ssm:"):
        return value
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        if secret:
            found: Any = parameters.get_secret(value.removeprefix("secretsmanager:"), max_age=CACHE_SECONDS)
        else:
            found = parameters.get_parameter(value.removeprefix("ssm:"), decrypt=True, max_age=CACHE_SECONDS)
    except GetParameterError as error:
        # the cause may quote the request; its kind says enough
        raise SettingsError(f"{name} names a secret that cannot be read: {type(error.__context__).__name__}") from None
    return found.decode() if isinstance(found, bytes) else str(found)


def _list(text: str, name: str) -> list[str]:
    if not text.startswith("["):
        return [text] if text else []
    try:
        found = json.loads(text)
    except ValueError:
        return [text]
    if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
        raise SettingsError(f"{name} must be a secret or a JSON list of secrets")
    return found
