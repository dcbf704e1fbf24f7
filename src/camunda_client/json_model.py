"""The model of everything that travels as JSON: snake_case in Python, camelCase on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class JsonBaseModel(BaseModel):
    """Fields may be given by either name; what a later server adds is kept (`model_extra`), so that nothing breaks."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", defer_build=True)

    def body(self) -> dict[str, Any]:
        """The JSON object to send: camelCase, without what is None."""
        return self.model_dump(by_alias=True, exclude_none=True)
