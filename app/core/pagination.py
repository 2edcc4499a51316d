"""Pages of long lists: asked for by number, counted, bounded."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_PER_PAGE: Final = 20
MAX_PER_PAGE: Final = 100
MAX_PAGE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page, counted from 1, of how many rows each."""

    page: int = 1
    per_page: int = DEFAULT_PER_PAGE

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.per_page

    @classmethod
    def clamp(
        cls, page: int | None, per_page: int | None, *, default: int = DEFAULT_PER_PAGE
    ) -> "PageRequest":
        """Bound what a client asked for."""
        return cls(min(MAX_PAGE, max(1, page or 1)), min(MAX_PER_PAGE, max(1, per_page or default)))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list and the length of the whole."""

    items: Sequence[T]
    total: int
    request: PageRequest

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, ceil(self.total / self.request.per_page))
