"""How wide a table's columns are, how small its type, and which heads stand in groups."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple
from unicodedata import east_asian_width

from npl_reporting.returns.page import Head, Table, Text
from npl_reporting.returns.wording import Wording

_ROWS_MEASURED = 400
_LONGEST_LABEL, _LONGEST_TEXT, _PADDING = 44, 40, 2
_DENSITIES = ((105, "open"), (135, "dense"), (170, "tight"))
_LANDSCAPE = 1.53
_FIGURES = ("money", "percent", "count", "number")


class Group(NamedTuple):
    """A common head over `span` columns; without a label these columns stand for themselves."""

    label: Text | None
    span: int


class Groups(NamedTuple):
    """The groups that a table's heads stand in, and whether any has a label."""

    all: tuple[Group, ...]
    labelled: bool


class Columns(NamedTuple):
    """The label column's and every column's share of the width in percent, and the type size."""

    shares: tuple[str, ...]
    density: str


def measure(text: str) -> int:
    """Count the width of a text in Latin characters; a Chinese one counts two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def columns(table: Table, wording: Wording, landscape: bool = False) -> Columns:
    """Share the width by what the columns hold: figures get all they need, text what is left."""
    needed = [_label_width(table, wording)]
    needed += [_width(table, index, head, wording) for index, head in enumerate(table.heads)]
    total = sum(needed)
    room = _LANDSCAPE if landscape else 1
    density = next((name for most, name in _DENSITIES if total <= most * room), "tight")
    return Columns(tuple(f"{width / total:.4%}" for width in needed), density)


def groups(table: Table) -> Groups:
    """Gather neighbouring heads that name the same group."""
    same = groupby(table.heads, key=lambda head: head.group)
    found = tuple(Group(label, len(tuple(heads))) for label, heads in same)
    return Groups(found, any(group.label is not None for group in found))


def holds_money(table: Table) -> bool:
    """Tell whether any column prints amounts, so that their unit must be named."""
    return any(head.format == "money" for head in table.heads)


def _label_width(table: Table, wording: Wording) -> float:
    longest = max(
        (
            measure(said.words) + 2 * line.level + (len(line.code) and len(line.code) + 1)
            for line in table.lines[:_ROWS_MEASURED]
            for said in wording.said(line.label)
        ),
        default=0,
    )
    return float(min(max(longest, 10), _LONGEST_LABEL) + _PADDING)


def _width(table: Table, index: int, head: Head, wording: Wording) -> float:
    if head.width is not None:
        return head.width
    cells = [line.cells[index] for line in table.lines[:_ROWS_MEASURED] if line.cells]
    content = _longest(wording.shown(cell, table.unit) for cell in cells)
    if head.format in _FIGURES:
        word = _longest(word for said in wording.said(head.label) for word in said.words.split())
        return max(content, min(word, 12), 7) + _PADDING
    label = _longest(said.words for said in wording.said(head.label))
    return min(max(content, min(label, 14), 6), _LONGEST_TEXT) + _PADDING


def _longest(texts: Iterable[str]) -> float:
    return float(max(map(measure, texts), default=0))
