"""How commands speak: a few lines for people, one JSON document for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from npl_reporting.errors import NplError
from npl_reporting.money import exact_text

_WIDE = 1000
out = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def say(text: str) -> None:
    """Print a line for people."""
    out.print(text, markup=False)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under heads; numbers stand to the right."""
    printed = Table(box=None, pad_edge=False, header_style="bold")
    kept = [list(row) for row in rows]
    for place, head in enumerate(heads):
        numbers = bool(kept) and all(isinstance(row[place], int | Decimal) for row in kept)
        printed.add_column(head, justify="right" if numbers else "left", overflow="fold")
    for row in kept:
        printed.add_row(*(_cell(value) for value in row))
    out.print(printed, markup=False)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:,}" if isinstance(value, Decimal) else str(value)


def emit(value: object) -> None:
    """Print one JSON document: exact decimals and dates as text."""
    out.print(json.dumps(plain(value), ensure_ascii=False, indent=2), markup=False)


def print_line(value: object) -> None:
    """Print one JSON document on a line of its own."""
    out.print(json.dumps(plain(value), ensure_ascii=False), markup=False)


def plain(value: object) -> Any:
    """Turn records into what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return exact_text(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def complain(error: NplError, as_json: bool) -> None:
    """Print what is wrong, every problem on a line of its own."""
    if as_json:
        emit({"error": True, "problems": error.problems})
        return
    for problem in error.problems:
        err.print(f"error: {problem}", style="red", markup=False)
