"""The loan tape: a file of any format → the table `exposures`, and every problem as a finding."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.engine import Engine, UnreadableFile, quoted
from npl_reporting.law.columns import Column, column_dictionary
from npl_reporting.law.rulefile import APPROPRIATION, Part
from npl_reporting.money import minor_digits
from npl_reporting.portfolio.arrears import add_arrears, declare_arrears
from npl_reporting.portfolio.checks import phases
from npl_reporting.portfolio.control import ControlResult, compare_with_ledger
from npl_reporting.portfolio.exchange import (
    Converted,
    FlowRate,
    convert,
    kept_originals,
    widest_decimals,
)
from npl_reporting.portfolio.findings import count_findings, declare_findings, findings
from npl_reporting.portfolio.headings import free_names, refuse_missing
from npl_reporting.portfolio.logic import find_logic_faults, logic_checks
from npl_reporting.portfolio.mapping import Mapped, map_columns
from npl_reporting.portfolio.opening import open_raw
from npl_reporting.portfolio.quarantine import Counts, Total, divide, totals
from npl_reporting.portfolio.rates import Rates, read_rates
from npl_reporting.portfolio.rawtape import RawTape, declare_rewritten
from npl_reporting.portfolio.readings import Reading, read_column, shortest_text
from npl_reporting.portfolio.references import find_reference_faults
from npl_reporting.portfolio.schedule import Schedule, open_schedule
from npl_reporting.portfolio.schedulefaults import find_schedule_faults
from npl_reporting.portfolio.source import Format, TapeSource, refusal
from npl_reporting.portfolio.syntax import declare_tape, find_syntax_faults, note_other_columns

__all__ = ["Tape", "TapeSource", "Terms", "column_dictionary", "findings", "read_tape"]


@dataclass(frozen=True)
class Terms:
    """What a tape is read by: the columns it may have, the currency it must be in, and its day.

    `columns` is the dictionary with the rulebook's own columns; `taken` are names that the
    rulebook gives to facts and decisions; `appropriation` is the order in which a payment goes to
    the parts of an instalment; `flow` is the rate of flows in another currency, where it is not the
    average of the period that ends on the day.
    """

    columns: Mapping[str, Column]
    currency: str
    reporting_date: date
    taken: Collection[str] = ()
    appropriation: Sequence[Part] = APPROPRIATION
    flow: FlowRate | None = None


@dataclass(frozen=True)
class Tape:
    """A tape that has been read, and what was found in it.

    `columns` are those of the dictionary that it has; `others` maps the further names in its
    header to the names they have in `exposures`. `failed` counts the findings of each check;
    `skipped` are the checks that could not be made for want of a column. `blocking` counts the
    errors that forbid a run: all of them, or with quarantine those of no single row. `converted`
    are the currencies that it was in besides its own, and `rates` where their rates come from.
    """

    path: Path
    format: Format
    size: int
    sha256: str
    columns: tuple[str, ...]
    others: Mapping[str, str]
    counts: Counts
    totals: Mapping[str, Total]
    failed: Mapping[str, int]
    skipped: tuple[str, ...]
    controls: tuple[ControlResult, ...]
    errors: int
    warnings: int
    blocking: int
    converted: tuple[Converted, ...] = ()
    rates: Rates | None = None


@dataclass(frozen=True)
class _Layout:
    readings: tuple[Reading, ...]
    others: Mapping[str, str]
    sources: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(reading.column for reading in self.readings)


def read_tape(
    engine: Engine,
    source: TapeSource,
    terms: Terms,
    *,
    quarantine: bool = False,
    control: Path | None = None,
) -> Tape:
    """Read a tape into `exposures` and check it; NplError if it cannot be read as a tape at all.

    The engine must be allowed to open `source.files`, and then holds `exposures` (row, and the
    tape's columns, typed), `findings` (see `findings()`), and `set_aside`: like `exposures`, and
    empty unless `quarantine` moves the rows with errors there.
    """
    rates = read_rates(engine, source.rates, terms.currency) if source.rates else None
    decimals = widest_decimals(rates) if rates else minor_digits(terms.currency)
    schedule = open_schedule(engine, source.schedule, decimals) if source.schedule else None
    raw = open_raw(engine, source, terms.columns)
    mapped = map_columns(source.mapping, raw.kinds, terms.columns)
    refuse_missing(source, mapped, terms.columns)
    kept = kept_originals(terms.columns) if rates else ()
    layout = _layout(mapped, raw, terms, decimals, kept)
    _declare(engine, source, raw, layout)
    declare_findings(engine)
    with _reading(engine, source):
        if not engine.value("SELECT count(*) FROM (SELECT 1 FROM tape LIMIT 1)"):
            raise refusal(source.path, "has a header and no row", "export the tape again")
        settled = _settle(engine, schedule, layout, terms, decimals) if schedule else ()
        columns = (*layout.columns, *settled)
        converted = _convert(engine, rates, columns, terms) if rates else ()
        columns = (*columns, *(_named(engine, terms, columns) if rates else ()))
        skipped = _find(engine, layout, columns, terms, several=bool(converted))
        controls = compare_with_ledger(engine, control, terms.columns, columns) if control else ()
        divide(engine, quarantine=quarantine)
        counts, sums = totals(engine, _money(columns, terms))
    severe, mild, general = _severities(engine)
    file = raw.file
    return Tape(
        file.path, file.format, file.size, file.sha256, columns, layout.others, counts, sums,
        count_findings(engine), skipped, controls, severe, mild, general if quarantine else severe,
        converted, rates,
    )  # fmt: skip


def _layout(
    mapped: Mapped, raw: RawTape, terms: Terms, decimals: int, kept: Collection[str]
) -> _Layout:
    readings = tuple(
        read_column(c.name, terms.columns[c.name], c.raw, c.kind, decimals, c.date_form)
        for c in mapped.columns
    )
    others = free_names(mapped.others, [*terms.columns, *terms.taken, *kept])
    sources = {new: _kept(name, raw.kinds[name]) for name, new in others.items()}
    return _Layout(readings, others, sources)


def _kept(name: str, kind: str) -> str:
    return shortest_text(quoted(name), kind) if kind == "VARCHAR" else quoted(name)


def _declare(engine: Engine, source: TapeSource, raw: RawTape, layout: _Layout) -> None:
    """Make `tape`; where the engine's reader gives up, mend the rows and read them again."""
    try:
        with engine.reading():
            declare_tape(engine, layout.readings, layout.sources)
    except UnreadableFile as error:
        if raw.mend is None:
            raise _unreadable(source, error) from None
        declare_rewritten(engine, raw.mend(), list(raw.kinds))
        with _reading(engine, source):
            declare_tape(engine, layout.readings, layout.sources)


@contextmanager
def _reading(engine: Engine, source: TapeSource) -> Iterator[None]:
    try:
        with engine.reading():
            yield
    except UnreadableFile as error:
        raise _unreadable(source, error) from None


def _unreadable(source: TapeSource, error: UnreadableFile) -> Exception:
    return refusal(source.path, f"is damaged: {error}", "copy or export it again")


def _settle(
    engine: Engine, schedule: Schedule, layout: _Layout, terms: Terms, decimals: int
) -> tuple[str, ...]:
    """Derive arrears from a schedule; return the columns that the tape did not have."""
    find_schedule_faults(engine, schedule)
    arrears = declare_arrears(engine, schedule, terms.appropriation, terms.reporting_date)
    return add_arrears(engine, arrears, layout.columns, terms.columns, decimals)


def _convert(
    engine: Engine, rates: Rates, columns: Sequence[str], terms: Terms
) -> tuple[Converted, ...]:
    """Bring all money into one currency; return the others that the tape was in."""
    flow = terms.flow or FlowRate("average", terms.reporting_date)
    return convert(engine, rates, terms.reporting_date, flow, columns, terms.columns)


def _named(engine: Engine, terms: Terms, columns: Sequence[str]) -> list[str]:
    """What the conversion kept and rules may read."""
    has = engine.columns("tape")
    return [name for name in terms.columns if name in has and name not in columns]


def _find(
    engine: Engine, layout: _Layout, columns: Sequence[str], terms: Terms, *, several: bool
) -> tuple[str, ...]:
    """Run the three phases; return the ids of the checks that could not be made."""
    renamed = {name: new for name, new in layout.others.items() if name != new}
    note_other_columns(engine, list(layout.others), renamed, terms.columns)
    find_syntax_faults(engine, layout.readings)
    find_reference_faults(engine, columns, terms.currency, several=several)
    ready = logic_checks(terms.columns, columns, terms.reporting_date)
    find_logic_faults(engine, ready)
    made = {check.id for check in ready}
    return tuple(name for name in phases()["logic"] if name not in made)


def _money(columns: Sequence[str], terms: Terms) -> Sequence[str]:
    kept = kept_originals(terms.columns)
    return [n for n in columns if terms.columns[n].type == "money" and n not in kept]


def _severities(engine: Engine) -> tuple[int, int, int]:
    """Numbers of errors, of warnings, and of errors that are about no single row."""
    errors = "count(*) FILTER (WHERE severity = 'error')"
    (found,) = engine.rows(
        f"SELECT {errors}, count(*) - {errors}, "
        "count(*) FILTER (WHERE severity = 'error' AND \"row\" IS NULL) FROM findings"
    )
    return found[0], found[1], found[2]
