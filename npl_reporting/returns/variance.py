"""Cells that moved much since the prior run: which, by how much, and what was said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.comments import Comment, Place
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.checks import by_place
from npl_reporting.returns.page import Format, Head, Line, Shown, Table
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Column, Report, Row, Variance, as_printed
from npl_reporting.returns.sharedwords import word


@dataclass(frozen=True)
class Moved:
    """A cell that moved: what it was and is, and by which share of what it was.

    `share` is missing where it was zero. `asked` says that a comment is required.
    """

    report: Report
    row: Row
    column: Column
    was: Decimal
    now: Decimal
    asked: bool
    comment: Comment | None = None

    @property
    def place(self) -> Place:
        """Report, row and column."""
        return self.report.id, self.row.id, self.column.id

    @property
    def change(self) -> Decimal:
        """By how much."""
        return self.now - self.was

    @property
    def share(self) -> Decimal | None:
        """By which share of what it was."""
        return abs(self.change) / abs(self.was) if self.was else None


def terms_of(plans: Sequence[Plan]) -> Variance | None:
    """What counts as much, where a report of the run says so."""
    found = (planned.report.definition.variance for planned in plans)
    return next((terms for terms in found if terms is not None), None)


def moved_cells(
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    prior: Mapping[str, Sequence[Cell]] | None,
    comments: Mapping[Place, Comment],
    portfolio: Decimal,
) -> tuple[Moved, ...] | None:
    """The cells of fixed rows of returns that moved much, amounts first, and the most first.

    None where no report asks for them or there is no prior run. Cells of movements are left out:
    they tell of one quarter, not of a day. A comment is asked of amounts alone. `portfolio` is the
    amount of all exposures.
    """
    terms, before = terms_of(plans), by_place(prior)
    if terms is None or before is None:
        return None
    found = []
    now = {(c.report, c.row, c.column): c.value for c in cells if c.period == "current"}
    for report, row, column in _places(plans):
        place = (report.id, row.id, column.id)
        value, old = now.get(place), before.get(place)
        if value is None or old is None or old.value is None:
            continue
        amount = column.format == "money"
        change = abs(value - old.value)
        if amount and change < terms.least * portfolio:
            continue
        asked = amount and change >= terms.comment_least * portfolio
        asked = asked and change >= terms.comment * abs(old.value)
        if change and change >= terms.share * abs(old.value):
            found.append(Moved(report, row, column, old.value, value, asked, comments.get(place)))
    return tuple(sorted(found, key=_most_first))


def _places(plans: Sequence[Plan]) -> Iterator[tuple[Report, Row, Column]]:
    for planned in plans:
        returned = planned.report.definition.kind == "cells"
        for table in planned.report.tables if returned else ():
            for row in table.rows if table.of == "exposures" else ():
                for column in () if row.heading else table.columns:
                    yield planned.report, row, as_printed(column, row)


def _most_first(moved: Moved) -> tuple[bool, Decimal, Place]:
    money = moved.column.format == "money"
    size = abs(moved.change) if money else moved.share or abs(moved.change)
    return not money, -size, moved.place


def figures(moved: Sequence[Moved] | None) -> dict[str, Decimal]:
    """What checks read of the cells that moved; nothing where they were not compared."""
    if moved is None:
        return {}
    silent = [each for each in moved if each.asked and each.comment is None]
    return {
        "cells_moved": Decimal(len(moved)),
        "cells_uncommented": Decimal(len(silent)),
    }


def variance_tables(moved: Sequence[Moved] | None, terms: Variance) -> Iterator[Table]:
    """The cells that moved, with what was said of them; at most so many as the report prints."""
    told = moved or ()
    note = word("no_lines") if moved is not None else word("no_prior")
    parts: tuple[tuple[Format | None, str], ...] = (
        ("money", "moved_amounts"),
        (None, "moved_figures"),
    )
    for format_, caption in parts:
        own = [each for each in told if (each.column.format == "money") == (format_ == "money")]
        lines = tuple(_line(each) for each in own[: terms.limit])
        kind: Format = format_ or "text"
        heads = (
            Head("was", word("was_then"), kind),
            Head("now", word("is_now"), kind),
            Head("change", word("change"), kind),
            Head("share", word("change_share"), "percent"),
            Head("comment", word("comment"), "text"),
        )
        yield Table(heads, lines, word(caption), None if lines else note, stub=word("cell"))


def _line(moved: Moved) -> Line:
    format_ = moved.column.format
    figures = tuple(
        Shown(value, format_, decimals=moved.column.decimals)
        for value in (moved.was, moved.now, moved.change)
    )
    share = Shown(None, "percent", "blank")
    if moved.share is not None:
        share = Shown(moved.share, "percent")
    return Line("/".join(moved.place), _label(moved), (*figures, share, _comment(moved)))


def _comment(moved: Moved) -> Shown:
    if moved.comment is not None:
        return Shown(f"{moved.comment.text} ({moved.comment.author})", "text")
    return Shown(word("comment_required") if moved.asked else "", "text")


def _label(moved: Moved) -> Text:
    """Report, row and column, with what it stands under, in the languages that all have."""
    column = moved.column
    above = [column.group] if column.group else []
    parts = [moved.report.definition.title, moved.row.label, *above, column.label]
    return {
        language: " · ".join(part[language] for part in parts)
        for language in parts[0]
        if all(language in part for part in parts)
    }
