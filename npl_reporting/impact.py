"""What a change of rules does to a stored run: what moves, and which report cells change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from npl_reporting.deliver import copied
from npl_reporting.engine import Engine
from npl_reporting.errors import NplError
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.reopen import Reopened, kept_by, reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import in_currency
from npl_reporting.portfolio.again import Kept, lay_side_by_side
from npl_reporting.portfolio.classify import TREATED, keep_treated
from npl_reporting.portfolio.contrast import Contrast, Level, Move
from npl_reporting.portfolio.decided import Decided, decide_tape
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.returns.book import columns_read, compute_reports, plan_reports
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.shelf import load_reports

MOVED = "moved.csv"
"""The file that lists everything that moves."""

_Place = tuple[str, str, str]


@dataclass(frozen=True)
class CellChange:
    """One report cell under both rulebooks: exact text, or in brackets why there is no value."""

    report: str
    row: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Impact:
    """What moves on a run's tape from one rulebook to another.

    `levels` says what each decision counts; `only_before` and `only_after` are decisions that one
    rulebook takes and the other does not. `cells` is None where the reports could not be computed
    under both, and `not_compared` says why.
    """

    run: Run
    before: Rulebook
    after: Rulebook
    cases: tuple[int, int]
    levels: Mapping[str, Level]
    moves: tuple[Move, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    cells: tuple[CellChange, ...] | None
    not_compared: str
    files: tuple[Path, ...]


def impact(
    store: Store, name: str, before: Rulebook, after: Rulebook, out: Path | None = None,
    *, reports: bool = True,
) -> Impact:  # fmt: skip
    """Decide a stored run's tape under two rulebooks; with `out`, list there all that moves.

    The amounts stay in the run's currency, whichever the rulebooks have. Without `reports` their
    cells are not computed, which is most of the work on a large tape.
    """
    currency = store.run(name).currency
    books = (in_currency(before, currency), in_currency(after, currency))
    with _opened(store, name, books, whole=reports) as again:
        sides, computed = zip(*_both(again, books, reports=reports), strict=True)
        contrast = again.contrast(*sides)
        files = []
        if out:
            again.engine.write_csv(contrast.moved_sql(), again.engine.work / MOVED)
            files.append(copied(again.engine.work / MOVED, out))
        why = _why_not(books, computed)
        cells = None if why else tuple(_changes(*computed))
        names = [{decision.name: None for decision in book.decisions} for book in books]
        return Impact(
            again.run, before, after, (len(sides[0].cases), len(sides[1].cases)),
            contrast.levels, contrast.moves(),
            tuple(n for n in names[0] if n not in names[1]),
            tuple(n for n in names[1] if n not in names[0]),
            cells, why, tuple(files),
        )  # fmt: skip


@dataclass(frozen=True)
class _FromTape:
    """A run whose tape is read again, for rules that read what it did not keep."""

    run: Run
    engine: Engine
    again: Reopened

    def decide(self, book: Rulebook, name: str) -> Decided:
        source, columns = self.again.seen_by(book)
        return decide_tape(self.engine, book, columns, self.run.reporting_date, name, source)

    def contrast(self, before: Decided, after: Decided) -> Contrast:
        return Contrast(self.engine, before, after)


@dataclass(frozen=True)
class _FromDecisions:
    """A run whose decisions hold all that other rules read."""

    run: Run
    engine: Engine
    kept: Kept

    def decide(self, book: Rulebook, name: str) -> Decided:
        return self.kept.decide(book, name)

    def contrast(self, before: Decided, after: Decided) -> Contrast:
        return lay_side_by_side(self.engine, before, after)


_Again = _FromTape | _FromDecisions


@contextmanager
def _opened(store: Store, name: str, books: Sequence[Rulebook], *, whole: bool) -> Iterator[_Again]:
    """A stored run for other rules: by what it kept if that serves them, else by its tape."""
    with kept_by(store, name) as kept:
        if kept and kept.serves(books, whole=whole):
            yield _FromDecisions(store.run(name), kept.engine, kept)
            return
    with reopen(store, name, books) as again:
        yield _FromTape(again.run, again.engine, again)


_Cells = Mapping[_Place, str]


def _why_not(books: Sequence[Rulebook], computed: Sequence[_Cells | str]) -> str:
    """Why the report cells of two rulebooks cannot be compared; nothing if they can."""
    if len({book.file.jurisdiction for book in books}) > 1:
        return "the rulebooks are of different jurisdictions"
    return next((text for text in computed if isinstance(text, str)), "")


def _both(
    again: _Again, books: Sequence[Rulebook], *, reports: bool
) -> Iterator[tuple[Decided, _Cells | str]]:
    """Each rulebook's decisions, and its report cells or why there are none."""
    for book, name in zip(books, ("before", "after"), strict=True):
        yield again.decide(book, name), _cells(again, book) if reports else "it was not asked for"


def _cells(again: _Again, book: Rulebook) -> _Cells | str:
    """The cells of the reports of a rulebook's jurisdiction over what it has just decided."""
    try:
        reports = load_reports(book.name, again.run.reporting_date)
        known = {name for report in reports for name in report.definition.parameters}
        given = {
            name: Decimal(str(value))
            for name, value in again.run.parameters.items()
            if name in known
        }
        forms = fitted(reports, book)
        plans = plan_reports(forms, book.scope, given, movement_scope(book))
    except NplError as error:
        return f"{book.name} from {book.file.effective_from}: {error.problems[0]}"
    if not plans:
        return f"{book.name} has no reports"
    keep_treated(again.engine, columns_read(plans, again.engine.columns(TREATED)))
    found = compute_reports(again.engine, plans)
    return {(c.report, c.row, c.column): _shown(c) for c in found if c.period == "current"}


def _shown(cell: Cell) -> str:
    return f"({cell.reason})" if cell.reason else cell.exact


def _changes(before: _Cells, after: _Cells) -> Iterator[CellChange]:
    for place in dict.fromkeys((*before, *after)):
        was, now = before.get(place, ""), after.get(place, "")
        if was != now:
            yield CellChange(*place, was, now)
