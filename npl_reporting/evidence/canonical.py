"""The one text of each record that is hashed: every field with its length, so none can run over.

`5:hello` is a text of five bytes and `~` a value that is missing; fields follow each other bare.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from npl_reporting.money import exact_text

_MISSING = "~"
UNHASHED = ("created_at", "created_by")
"""Fields of a run that differ when it is done again; the event log vouches for them."""


def entry(*values: object) -> str:
    """Write values as one text that no other values give."""
    return "".join(map(_part, values))


def record_entry(record: Any) -> str:
    """Write a record's fields in their order, but for when and by whom it was made."""
    names = [field.name for field in fields(record) if field.name not in UNHASHED]
    return entry(*(getattr(record, name) for name in names))


def entry_sql(*columns: str) -> str:
    """The same text as SQL over columns of text that are never missing."""
    return " || ".join(f"strlen({column}) || ':' || {column}" for column in columns)


def json_text(value: object) -> str:
    """Write JSON in one way only: keys sorted, no spaces."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"),
        default=_plain,
    )  # fmt: skip


def moment_text(moment: datetime) -> str:
    """Write a moment in UTC to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _part(value: object) -> str:
    text = _text(value)
    return _MISSING if text is None else f"{len(text.encode())}:{text}"


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return exact_text(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return json_text(value)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
