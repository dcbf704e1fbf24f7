"""Keys: decimal text since Camunda 8.8, numbers before; text here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[str, BeforeValidator(_text)]
"""The cluster's own name of something, such as a job or an instance."""
