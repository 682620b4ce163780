"""A return as a workbook in the form's own layout: titles, heads, rows, notes and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from npl_reporting import money
from npl_reporting.money import exact_text
from npl_reporting.returns.columns import groups
from npl_reporting.returns.document import reasons
from npl_reporting.returns.page import Head, Page, Shown, Text
from npl_reporting.returns.sheets import CODE, HEADS, LABEL, Place, Sheet
from npl_reporting.returns.spreadsheet import (
    NUMBER_DIGITS,
    Book,
    Paper,
    as_number,
    free_name,
    written,
)
from npl_reporting.returns.wording import PERCENT_DECIMALS, Wording, decimals_of

_INK, _PALE, _WARNING, _MARKED = "#14304F", "#56626E", "#86211A", "#FDF3D7"
_CODE_WIDTH, _LABEL_WIDTH, _FIGURE_WIDTH, _TEXT_WIDTH, _NOTE_WIDTH = 9, 38, 19, 26, 90
_UPRIGHT_FIGURES = 4
_ENOUGH_DIGITS = 60
_WEIGHTS: dict[str, dict[str, object]] = {
    "data": {},
    "total": {"bold": True, "top": 1},
    "heading": {"bold": True, "font_color": _INK},
}


def workbook(page: Page, sheets: Sequence[Sheet]) -> bytes:
    """Write a return as a workbook; the same return gives the same bytes."""
    wording = Wording(page)

    def fill(book: Book) -> None:
        for sheet in sheets:
            wide = page.landscape or len(sheet.table.heads) > _UPRIGHT_FIGURES
            paper = book.paper(sheet.name, page.run, landscape=wide)
            _Facsimile(paper, page, wording, sheet).write()
        _remarks(book, page, wording, [sheet.name for sheet in sheets])

    return written(wording.first(page.title), page.run, page.reporting_date, fill)


def held(shown: Shown, unit: int) -> float | str:
    """What a cell with a figure holds: money in the form's unit; text where a number is too long.

    A quotient is held to the digits that a number keeps.
    """
    assert isinstance(shown.value, Decimal)
    value = _in_unit(shown.value, shown, unit)
    if shown.format == "percent":
        return float(value)
    number = as_number(value)
    return exact_text(value) if number is None else number


def _in_unit(value: Decimal, shown: Shown, unit: int) -> Decimal:
    with localcontext() as context:
        context.prec = _ENOUGH_DIGITS
        return value / unit if shown.format == "money" else value


@dataclass(frozen=True)
class _Facsimile:
    """Writes one sheet."""

    paper: Paper
    page: Page
    wording: Wording
    sheet: Sheet

    def write(self) -> None:
        """Write the sheet from title to notes."""
        self.paper.widths(CODE, _CODE_WIDTH, *[_LABEL_WIDTH] * self.sheet.languages)
        widths = (_TEXT_WIDTH if h.format == "text" else _FIGURE_WIDTH for h in self._columns)
        self.paper.widths(self.sheet.figures, *widths)
        self._particulars()
        self._groups()
        self._heads()
        self._lines()
        self._below(self.sheet.lines + len(self.sheet.table.lines) + 1)
        self.paper.keep_heads(HEADS, self.sheet.lines, self.sheet.figures)

    @property
    def _columns(self) -> tuple[Head, ...]:
        return self.sheet.table.heads

    def _particulars(self) -> None:
        title, *others = self.wording.said(self.page.title)
        self.paper.text(0, CODE, title.words, bold=True, font_size=14, font_color=_INK)
        self.paper.text(1, CODE, " · ".join(said.words for said in others), font_color=_PALE)
        self.paper.text(2, CODE, self._line(self.page.form or {}), bold=True)
        self.paper.text(3, CODE, self.wording.mark("as_of"), font_color=_PALE)
        self.paper.day(3, LABEL, self.page.reporting_date, align="left")
        self.paper.text(4, CODE, self.wording.mark("run"), font_color=_PALE)
        self.paper.text(4, LABEL, self.page.run)
        if self.page.draft:
            draft = self.wording.mark("draft")
            self.paper.text(4, LABEL + 1, draft, bold=True, font_color=_WARNING)
        unit = " · ".join(said.words for said in self.wording.unit(self.sheet.table.unit))
        self.paper.text(5, CODE, unit, font_color=_PALE)
        caption = self._line(self.sheet.table.caption or {})
        self.paper.text(HEADS - 1, CODE, caption, bold=True, font_color=_INK)

    def _groups(self) -> None:
        look: dict[str, object] = {"bold": True, "align": "center", "font_color": _INK, "bottom": 4}
        across = self.sheet.figures
        for group in groups(self.sheet.table).all if self.sheet.grouped else ():
            for row, language in enumerate(self.page.languages if group.label else (), HEADS):
                words = self.wording.words(group.label or {}, language)
                self.paper.across(row, across, group.span, words, **look)
            across += group.span

    def _heads(self) -> None:
        """Labels in a row for each language, then the form's own codes, with a rule below."""
        first = self.sheet.lines - self.sheet.languages - self.sheet.coded
        stub = self.sheet.table.stub or self.wording.entry("item")
        look: dict[str, object] = {"bold": True, "text_wrap": True, "font_color": _INK}
        for number, language in enumerate(self.page.languages):
            line = {**look, "bottom": int(first + number == self.sheet.lines - 1)}
            self.paper.text(first + number, CODE, "", **line)
            for across in range(self.sheet.languages):
                words = self.wording.words(stub, language) if across == number else ""
                self.paper.text(first + number, LABEL + across, words, **line)
            for across, head in enumerate(self._columns, self.sheet.figures):
                words = self.wording.words(head.label, language)
                self.paper.text(first + number, across, words, **line, **_side(head))
        if self.sheet.coded:
            self._codes(self.sheet.lines - 1)

    def _codes(self, row: int) -> None:
        for across in range(self.sheet.figures):
            self.paper.text(row, across, "", bottom=1)
        for across, head in enumerate(self._columns, self.sheet.figures):
            self.paper.text(row, across, head.code, bottom=1, font_color=_PALE, **_side(head))

    def _lines(self) -> None:
        for row, line in enumerate(self.sheet.table.lines, self.sheet.lines):
            look = {"valign": "top", **_WEIGHTS[line.kind]}
            self.paper.text(row, CODE, line.code, **look)
            for across, language in enumerate(self.page.languages, LABEL):
                words = self.wording.words(line.label, language)
                side = {"align": "left", "indent": line.level} if line.level else {}
                self.paper.text(row, across, words, text_wrap=True, **look, **side)
        kinds = {
            row: line.kind for row, line in enumerate(self.sheet.table.lines, self.sheet.lines)
        }
        for place in self.sheet.places():
            self._cell(place, {"valign": "top", **_WEIGHTS[kinds[place.line]]})

    def _cell(self, place: Place, look: dict[str, object]) -> None:
        shown, row, across = place.shown, place.line, place.across
        marked = {**look, "bg_color": _MARKED} if shown.flag is not None else look
        value = shown.value if shown.state in ("value", "dash") else None
        match value:
            case Decimal():
                self._figure(place, marked)
            case date():
                self.paper.day(row, across, value, **marked)
            case None:
                colour = _WARNING if shown.state == "not_computed" else _PALE
                marked = {**marked, "align": "right", "font_color": colour}
                self.paper.text(row, across, self.wording.shown(shown), **marked)
            case _:
                words = self.wording.first(value)
                self.paper.text(row, across, words, text_wrap=True, **marked)

    def _figure(self, place: Place, look: dict[str, object]) -> None:
        value = held(place.shown, self.sheet.table.unit)
        if isinstance(value, str):
            self.paper.text(place.line, place.across, value, align="right", **look)
        else:
            pattern = self._pattern(place.shown)
            self.paper.number(place.line, place.across, value, pattern, **look)

    def _pattern(self, shown: Shown) -> str:
        """Excel's pattern for a figure, with as many decimals as the page prints."""
        if shown.state == "dash":
            return f'"{self.wording.shown(shown)}"'
        decimals = self._decimals(shown) if shown.decimals is None else shown.decimals
        whole = "0" if shown.format == "percent" else "#,##0"
        pattern = f"{whole}.{'0' * decimals}" if decimals else whole
        return f"{pattern}%" if shown.format == "percent" else pattern

    def _decimals(self, shown: Shown) -> int:
        assert isinstance(shown.value, Decimal)
        match shown.format:
            case "percent":
                return PERCENT_DECIMALS
            case "money":
                return money.minor_digits(self.page.currency) if self.sheet.table.unit == 1 else 0
            case "count":
                return 0
        return min(decimals_of(shown.value), NUMBER_DIGITS)

    def _below(self, row: int) -> None:
        """Write the table's note, why cells have no value, and what is said of marked ones."""
        said = reasons(self.sheet.table, self.wording)
        why: list[Text] = [{each.language: each.words for each in texts} for texts in said]
        note = self.sheet.table.note
        for text in (*((note,) if note else ()), *why, *self.sheet.table.flags):
            for across, language in enumerate(self.page.languages, LABEL):
                words = self.wording.words(text, language)
                self.paper.text(row, across, words, text_wrap=True, valign="top", font_color=_PALE)
            row += 1

    def _line(self, text: Text) -> str:
        return " · ".join(said.words for said in self.wording.said(text))


def _side(head: Head) -> dict[str, object]:
    return {} if head.format in ("text", "date") else {"align": "right"}


def _remarks(book: Book, page: Page, wording: Wording, taken: Sequence[str]) -> None:
    """Add the notes and the checks, each as a sheet of its own."""
    if page.notes:
        paper = book.paper(free_name("notes", taken), page.run, landscape=True)
        paper.widths(0, *[_NOTE_WIDTH] * len(page.languages))
        for row, note in enumerate(page.notes):
            for across, language in enumerate(page.languages):
                words = wording.words(note, language)
                paper.text(row, across, words, text_wrap=True, valign="top")
    if page.checks:
        _checks(book.paper(free_name("checks", taken), page.run, landscape=True), page, wording)


def _checks(paper: Paper, page: Page, wording: Wording) -> None:
    paper.widths(0, 14, 30, *[60] * len(page.languages), 50)
    last = 2 + len(page.languages)
    for column, name in ((0, "result"), (2, "check"), (last, "detail")):
        paper.text(0, column, wording.mark(name), bold=True, font_color=_INK, bottom=1)
    for row, check in enumerate(page.checks, 1):
        failed = check.state == "failed"
        state = "failed_warning" if failed and check.severity == "warning" else check.state
        paper.text(
            row, 0, wording.mark(state), valign="top", font_color=_WARNING if failed else _INK
        )
        paper.text(row, 1, check.id, valign="top", font_color=_PALE)
        for across, language in enumerate(page.languages, 2):
            words = wording.words(check.sentence, language)
            paper.text(row, across, words, text_wrap=True, valign="top")
        paper.text(row, last, check.detail, text_wrap=True, valign="top", font_color=_PALE)
    paper.keep_heads(0, 1, 2)
