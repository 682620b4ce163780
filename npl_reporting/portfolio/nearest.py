"""Which known name is most like a name that nobody knows."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def nearest(name: str, known: Collection[str], likeness: float = 0.7) -> str | None:
    """The known name that a name is most like, if it is like any."""
    folded = {item.casefold(): item for item in known}
    close = get_close_matches(name.strip().casefold(), folded, 1, likeness)
    return folded[close[0]] if close else None
