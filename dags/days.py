"""Days as people write them."""

from __future__ import annotations

import datetime as dt

from warehouse.errors import NotFoundError


def day_of(text: str | None) -> dt.date | None:
    """The day of an option, None when it was not given.

    Raises:
        NotFoundError: the text is no day.
    """
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise NotFoundError("option --as-of: not a day; write it as YYYY-MM-DD") from None
