"""Pages of answers to searches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from pydantic import Field

from camunda_client.json_model import JsonBaseModel

T = TypeVar("T", bound=JsonBaseModel)


class PageInfo(JsonBaseModel):
    """Where a page stands in the whole answer."""

    total_items: int = 0
    has_more_total_items: bool | None = None
    start_cursor: str | None = None
    end_cursor: str | None = None


class Page(JsonBaseModel, Generic[T]):
    """Some of the answers; iterate over it, or over `items`."""

    items: list[T] = Field(default_factory=list)
    page: PageInfo = Field(default_factory=PageInfo)

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
