"""The ways in which an API hands out a long list page by page.

A way of paging is a small model of the source file that knows the placeholders of the first request and, from an
answer, those of the next. A page that is shorter than asked for never ends a list: servers cap the size of a page
silently. A list ends where the API says so (`pages`, `more`, an empty cursor, no link) or with an empty page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from connectors.json_path import ABSENT, follow, parse_path
from warehouse.site_file import SiteModel

Placeholders = dict[str, object]


@dataclass(frozen=True)
class Page:
    """One answer: its body, how many records it held, and the address of the next page its `Link` header names."""

    body: object
    records: int
    link: str | None = None


class NoPaging(SiteModel):
    """One answer holds everything."""

    kind: Literal["none"] = "none"

    def first(self) -> Placeholders:
        """Placeholders of the only request."""
        return {}

    def following(self, sent: Placeholders, page: Page) -> Placeholders | None:
        """There is no second page."""
        del sent, page
        return None


class PageNumber(SiteModel):
    """`{page}` counts from `first_page`, `{size}` is `size`; `pages` is the path to the number of pages."""

    kind: Literal["page"]
    size: int = Field(ge=1)
    first_page: int = 1
    pages: str | None = None
    more: str | None = None

    def first(self) -> Placeholders:
        """Placeholders of the first page."""
        return {"page": self.first_page, "size": self.size}

    def following(self, sent: Placeholders, page: Page) -> Placeholders | None:
        """Placeholders of the next page; None after the last."""
        number = int(str(sent["page"]))
        last = None if self.pages is None else _number(follow(page.body, parse_path(self.pages)))
        if last is not None and number + 1 - self.first_page >= last:
            return None
        if not _goes_on(self.more, page) or page.records == 0:
            return None
        return {**sent, "page": number + 1}


class Offset(SiteModel):
    """`{offset}` is how many records came before, `{size}` is `size`; `more` is the path to a true or false."""

    kind: Literal["offset"]
    size: int = Field(ge=1)
    more: str | None = None

    def first(self) -> Placeholders:
        """Placeholders of the first page."""
        return {"offset": 0, "size": self.size}

    def following(self, sent: Placeholders, page: Page) -> Placeholders | None:
        """Placeholders of the next page; None after the last."""
        if not _goes_on(self.more, page) or page.records == 0:
            return None
        return {**sent, "offset": int(str(sent["offset"])) + page.records}


class Cursor(SiteModel):
    """`{cursor}` is `start`, then what the last answer has at `next`; an empty one, or `more` false, ends the list."""

    kind: Literal["cursor"]
    next: str
    start: str | int = ""
    size: int = Field(100, ge=1)
    more: str | None = None

    def first(self) -> Placeholders:
        """Placeholders of the first page."""
        return {"cursor": self.start, "size": self.size}

    def following(self, sent: Placeholders, page: Page) -> Placeholders | None:
        """Placeholders of the next page; None after the last."""
        cursor = follow(page.body, parse_path(self.next))
        if cursor in (None, ABSENT, "") or not _goes_on(self.more, page):
            return None
        return {**sent, "cursor": cursor}


class Link(SiteModel):
    """The answer names the address of the next page: at the path `next`, or in the header `Link: <…>; rel=next`."""

    kind: Literal["link"]
    next: str | None = None
    size: int = Field(100, ge=1)

    def first(self) -> Placeholders:
        """Placeholders of the first page."""
        return {"size": self.size}

    def following(self, sent: Placeholders, page: Page) -> Placeholders | None:
        """Placeholders of the next page, whose address is `link`; None after the last."""
        link = page.link if self.next is None else follow(page.body, parse_path(self.next))
        return {**sent, "link": link} if isinstance(link, str) and link else None


Paging = Annotated[NoPaging | PageNumber | Offset | Cursor | Link, Field(discriminator="kind")]

_NAMES: Mapping[str, set[str]] = {
    "none": set(),
    "page": {"page", "size"},
    "offset": {"offset", "size"},
    "cursor": {"cursor", "size"},
    "link": {"size"},
}


def placeholders(paging: NoPaging | PageNumber | Offset | Cursor | Link) -> set[str]:
    """The placeholders a way of paging fills in a request."""
    return _NAMES[paging.kind]


def _goes_on(more: str | None, page: Page) -> bool:
    return more is None or str(follow(page.body, parse_path(more))).lower() in ("true", "1")


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isdecimal() else None
