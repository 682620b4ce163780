"""How wide a table's columns are, how small its type, and which heads stand in groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple
from unicodedata import east_asian_width

from npl_reporting.returns.page import Head, Line, Shown, Table, Text
from npl_reporting.returns.wording import Said, Wording

_ROWS_MEASURED = 400
_PADDING = 2.0
_LONGEST_LABEL, _LONGEST_TEXT, _LONGEST_HEAD = 48, 60, 26
_NARROWEST_LABEL, _NARROWEST_FIGURE, _NARROWEST_TEXT, _LONGEST_WORD = 12, 7, 6, 22
_SECOND = 0.84
"""Size of the second language beside the first, as in print.css."""

_DENSITIES = ((104, "open"), (126, "dense"), (150, "tight"))
"""Characters that a line of an upright sheet has room for, in each size of type."""

_LANDSCAPE = 1.53
_FIGURES = ("money", "percent", "count", "number")
_UNBROKEN = re.compile(r"[\x21-\u2e7f]+")


class Group(NamedTuple):
    """A common head over `span` columns; without a label these columns stand for themselves."""

    label: Text | None
    span: int


class Groups(NamedTuple):
    """The groups that a table's heads stand in, and whether any has a label."""

    all: tuple[Group, ...]
    labelled: bool


class Columns(NamedTuple):
    """The label column's and every column's share of the width, and the size of the type."""

    shares: tuple[str, ...]
    density: str


class _Need(NamedTuple):
    """Characters that a column cannot do without, that keep its cells on one line, and its head."""

    least: float
    cells: float
    head: float


def measure(text: str) -> int:
    """Count the width of a text in Latin characters; a Chinese one counts two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def columns(table: Table, wording: Wording, landscape: bool = False) -> Columns:
    """Share the width: figures and words stay whole; what is left goes to longer texts."""
    lines = table.lines[:_ROWS_MEASURED]
    needs = [_label(lines, table.stub, wording)]
    needs += [_column(lines, index, head, table.unit, wording)
              for index, head in enumerate(table.heads)]  # fmt: skip
    sizes = [(most * (_LANDSCAPE if landscape else 1), name) for most, name in _DENSITIES]
    least = sum(need.least for need in needs)
    room, density = next((size for size in sizes if least <= size[0]), sizes[-1])
    widths = [need.least for need in needs]
    for wishes in ([need.cells for need in needs], [need.head for need in needs]):
        widths = _grown(widths, wishes, room)
    return Columns(tuple(f"{width / sum(widths):.4%}" for width in widths), density)


def _grown(widths: Sequence[float], wishes: Sequence[float], room: float) -> list[float]:
    """Let columns grow towards what they wish, as far as there is room for all alike."""
    missing = [max(wish - width, 0.0) for width, wish in zip(widths, wishes, strict=True)]
    left = max(room - sum(widths), 0.0)
    part = min(left / sum(missing), 1.0) if any(missing) else 0.0
    return [width + part * more for width, more in zip(widths, missing, strict=True)]


def groups(table: Table) -> Groups:
    """Gather neighbouring heads that name the same group."""
    same = groupby(table.heads, key=lambda head: head.group)
    found = tuple(Group(label, len(tuple(heads))) for label, heads in same)
    return Groups(found, any(group.label is not None for group in found))


def holds_money(table: Table) -> bool:
    """Tell whether any column prints amounts, so that their unit must be named."""
    return any(head.format == "money" for head in table.heads)


def _label(lines: Sequence[Line], stub: Text | None, wording: Wording) -> _Need:
    own = [line for line in lines if line.kind != "heading"]
    longest = max((_labelled(line, wording) for line in own), default=0.0)
    words = max((_word(wording.said(line.label)) for line in own), default=0.0)
    head = min(max(longest, _whole(wording.said(stub or {}))), _LONGEST_LABEL)
    cells = min(longest, _LONGEST_LABEL)
    least = max(min(words, _LONGEST_WORD), _NARROWEST_LABEL, cells / 2)
    return _Need(least + _PADDING, max(least, cells) + _PADDING, max(least, head) + _PADDING)


def _labelled(line: Line, wording: Wording) -> float:
    code = measure(line.code) + 1 if line.code else 0
    return _whole(wording.said(line.label)) + 2 * line.level + code


def _column(lines: Sequence[Line], index: int, head: Head, unit: int, wording: Wording) -> _Need:
    if head.width is not None:
        return _Need(head.width, head.width, head.width)
    label = wording.said(head.label)
    held = [line.cells[index] for line in lines if line.cells]
    least = min(_word(label), _LONGEST_WORD)
    if head.format in _FIGURES or head.format == "date":
        figures = max((_figure(cell, unit, wording) for cell in held), default=0)
        least = cells = max(figures, least, _NARROWEST_FIGURE)
    else:
        least = max(least, min(_longest(_word, held, wording), _LONGEST_WORD), _NARROWEST_TEXT)
        cells = max(least, min(_longest(_whole, held, wording), _LONGEST_TEXT))
    whole = max(cells, min(_whole(label), _LONGEST_HEAD))
    return _Need(least + _PADDING, cells + _PADDING, whole + _PADDING)


def _figure(cell: Shown, unit: int, wording: Wording) -> int:
    """The width of a figure, or of its mark with the number of its reason."""
    note = 3 if cell.state == "not_computed" else 0
    return measure(wording.shown(cell, unit)) + note


def _longest(size: Callable[[Sequence[Said]], float], cells: Iterable[Shown], w: Wording) -> float:
    return max((size(w.texts(cell)) for cell in cells), default=0.0)


def _whole(texts: Sequence[Said]) -> float:
    """The width of the longer of a text's languages."""
    return _widest(texts, measure)


def _word(texts: Sequence[Said]) -> float:
    """The width of the longest word that cannot be broken; Chinese breaks anywhere."""
    return _widest(texts, lambda words: max(map(len, _UNBROKEN.findall(words)), default=0))


def _widest(texts: Sequence[Said], size: Callable[[str], float]) -> float:
    return max((size(t.words) * (_SECOND if n else 1) for n, t in enumerate(texts)), default=0.0)
