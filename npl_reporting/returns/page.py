"""What a page shows, already computed: templates read these records and only format them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Text = Mapping[str, str]
"""One text in each language: {'zh-TW': '放款總額', 'en': 'Total loans'}."""

Format = Literal["money", "percent", "count", "number", "date", "text"]
CellState = Literal["value", "dash", "not_computed", "blank"]


@dataclass(frozen=True)
class Shown:
    """One cell as it is printed.

    `value` is exact and unscaled (the currency's unit, a fraction for a percentage); the format
    and the page's unit say how to print it. `dash` prints a dash by the form's own display rule;
    `not_computed` prints a mark and `reason` says why, so that it never looks like a zero. A
    value with a `flag` is marked, and what it says stands under the table.
    """

    value: Decimal | date | str | Text | None
    format: Format
    state: CellState = "value"
    reason: Text | None = None
    decimals: int | None = None
    flag: Text | None = None


@dataclass(frozen=True)
class Head:
    """One column's head; `group` names heads that stand under one common head.

    `width` is in characters (a Chinese one counts two); without it the column's text decides.
    `code` is the form's own, printed under the label.
    """

    id: str
    label: Text
    format: Format
    group: Text | None = None
    width: float | None = None
    code: str = ""


@dataclass(frozen=True)
class Line:
    """One row of a table: its label, then one cell per head; `code` is printed before the label."""

    id: str
    label: Text
    cells: tuple[Shown, ...]
    kind: Literal["data", "total", "heading"] = "data"
    level: int = 0
    code: str = ""


@dataclass(frozen=True)
class Table:
    """One table: heads over lines; `caption` stands above it, `note` below.

    `flags` are what is said of marked cells, in the order of their marks.
    """

    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    caption: Text | None = None
    note: Text | None = None
    unit: int = 1
    stub: Text | None = None
    flags: tuple[Text, ...] = ()


@dataclass(frozen=True)
class CheckLine:
    """One check as the page shows it; `not_evaluated` is a state of its own."""

    id: str
    severity: Literal["error", "warning"]
    sentence: Text
    state: Literal["passed", "failed", "not_evaluated"]
    detail: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: its label, its value, and the severity step (0 mildest) it is drawn in."""

    label: Text
    value: Decimal
    step: int = 0


@dataclass(frozen=True)
class Chart:
    """A chart with a title and a sentence that says in words what it shows.

    `bars` draws one bar a line; `stacked` draws all of them in one bar, as parts of their sum;
    `signed` draws negative values to the left of zero; `waterfall` begins each bar where the one
    before ended, the last one at zero as the result. `decimals` are those of the cells it shows,
    where they say how many.
    """

    title: Text
    description: Text
    bars: tuple[Bar, ...]
    format: Format
    unit: int = 1
    kind: Literal["bars", "stacked", "signed", "waterfall"] = "bars"
    decimals: int | None = None


@dataclass(frozen=True)
class Attachment:
    """A file embedded in the PDF."""

    name: str
    content: bytes
    description: str
    media_type: str = "text/csv"


@dataclass(frozen=True)
class Fact:
    """One line of a cover: label and value (`mono` for hashes and ids)."""

    label: Text
    value: str | Text
    mono: bool = False


@dataclass(frozen=True)
class Figure:
    """One key figure of a cover; `note` says in small type what it is compared with."""

    label: Text
    shown: Shown
    unit: int = 1
    note: Text | None = None


@dataclass(frozen=True)
class CaseRule:
    """A rule that fired for a case; `decisive` where its outcome is the one that won."""

    id: str
    sentence: Text
    citation: str
    decisive: bool = True


@dataclass(frozen=True)
class CaseDecision:
    """One decision about a case: its name, its outcome, and every rule that fired.

    Without a rule the outcome is the decision's default.
    """

    label: Text
    outcome: Text
    rules: tuple[CaseRule, ...] = ()


@dataclass(frozen=True)
class CaseBlock:
    """One case of a run: what its rules read, what was decided and why, and how much it holds.

    `reads` are facts with their values and `names` their labels alone, in the same order; `no` and
    `missing` are the labels of facts that are false and that are not known. What is usual is told
    once for all cases. `amount` is exact and unscaled; the page's `unit` says how to print it.
    """

    id: str
    reads: tuple[Text, ...]
    exposures: int
    amount: Decimal
    decisions: tuple[CaseDecision, ...]
    no: tuple[Text, ...] = ()
    missing: tuple[Text, ...] = ()
    names: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Page:
    """One report as a document: cover block, warnings, key figures, charts, tables, cases, notes,
    checks and the list of attachments, in that order.

    `unit` scales the amounts of `cases`; figures, charts and tables have their own.
    """

    report: str
    title: Text
    languages: tuple[str, ...]
    jurisdiction: str
    reporting_date: date
    run: str
    currency: str
    template: str = "grid.html"
    form: Text | None = None
    subtitle: Text | None = None
    landscape: bool = False
    warnings: tuple[Text, ...] = ()
    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[Text, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    figures: tuple[Figure, ...] = ()
    cases: tuple[CaseBlock, ...] = ()
    unit: int = 1
    draft: bool = False
