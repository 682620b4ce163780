"""One tape under several rulebooks, side by side: a comparison, not a filing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting import __version__
from npl_reporting.deliver import copied
from npl_reporting.engine import Engine
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.joint import joint_columns
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import in_currency, load_rulebook, version
from npl_reporting.portfolio.currency import tape_currency
from npl_reporting.portfolio.decided import decide_tape
from npl_reporting.portfolio.disagreement import contested_sql, largest_contested
from npl_reporting.portfolio.limits import Limit, limits
from npl_reporting.portfolio.panel import panel, refuse_without_status
from npl_reporting.portfolio.rates import read_rates
from npl_reporting.portfolio.sound import read_sound_tape
from npl_reporting.portfolio.tape import Tape, TapeSource, Terms
from npl_reporting.returns.comparison import Comparison, comparison_csv
from npl_reporting.returns.render import render
from npl_reporting.returns.sidebyside import comparison_page
from npl_reporting.work import work_folder

LISTED = 50
"""How many of the exposures that rulebooks disagree on are printed; the file has all of them."""
_CUT = 8

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """What a comparison comes to: the sums, the largest disagreements, the files written."""

    comparison: Comparison
    files: tuple[Path, ...]


def compare(
    source: TapeSource,
    references: Sequence[str],
    as_of: date,
    *,
    out: Path | None = None,
    quarantine: bool = False,
    languages: Sequence[str] = ("en",),
    tell: Tell = lambda step: None,
) -> Compared:
    """Decide a tape under several rulebooks; with `out`, write there the page and the tables.

    A reference is a name (the file in force on the day), NAME@DATE or a path. NplError if a
    rulebook says nothing of status, DataError if the tape is not sound.
    """
    books = _rulebooks(references, as_of)
    with work_folder() as work, Engine(work, source.files) as engine:
        tell("reading the tape")
        own = books[0].file.currency
        found = own if source.rates else tape_currency(source, joint_columns(books), work)
        currency = found or own
        named = _limits(engine, source, books, currency, as_of)
        books = tuple(_read_in(book, currency, own) for book, own in zip(books, named, strict=True))
        terms = Terms(joint_columns(books), currency, as_of)
        tape = read_sound_tape(engine, source, terms, quarantine=quarantine)
        decided = []
        for number, book in enumerate(books):
            tell(f"deciding {tape.counts.used:,} exposures under {book.name}")
            decided.append(decide_tape(engine, book, tape.columns, as_of, f"side_{number}"))
        summed = panel(engine, decided, tape.columns)
        titles = _titles(books)
        comparison = Comparison(
            _id(tape, books, source, as_of, quarantine), as_of, source.path.name, tape.sha256,
            tape.counts.set_aside, currency, found is not None, titles, summed,
            largest_contested(engine, titles, LISTED), tuple(languages), named,
        )  # fmt: skip
        tell("writing the comparison")
        files = tuple(_written(engine, comparison, out)) if out else ()
    return Compared(comparison, files)


def _limits(
    engine: Engine, source: TapeSource, books: Sequence[Rulebook], currency: str, as_of: date
) -> tuple[tuple[Limit, ...], ...]:
    """What each rulebook of another currency names in money, at the file's closing rates."""
    rates = read_rates(engine, source.rates, currency) if source.rates else None
    return tuple(limits(book, currency, rates, as_of) for book in books)


def _read_in(book: Rulebook, currency: str, named: Sequence[Limit]) -> Rulebook:
    amounts = {limit.setting: limit.here for limit in named if limit.here is not None}
    return in_currency(book, currency, amounts)


def _rulebooks(references: Sequence[str], as_of: date) -> tuple[Rulebook, ...]:
    if len(references) < 2:
        raise NplError(Problem("one rulebook compares with nothing", "write --rules TW,HK"))
    paths = [str(version(one)) if "@" in one else one for one in references]
    books = tuple(load_rulebook(path, as_of) for path in paths)
    if len({book.sha256 for book in books}) < len(books):
        raise NplError(Problem("a rulebook is named twice", "name each once"))
    refuse_without_status(books)
    return books


def _titles(books: Sequence[Rulebook]) -> tuple[str, ...]:
    """What each rulebook is called: its name, and since when where one has several files."""
    names = [book.name for book in books]
    return tuple(
        f"{book.name}@{book.file.effective_from}" if names.count(book.name) > 1 else book.name
        for book in books
    )


def _id(
    tape: Tape, books: Sequence[Rulebook], source: TapeSource, as_of: date, quarantine: bool
) -> str:
    """Derived from everything that the content depends on, as a run's id is."""
    content = {
        "tape": tape.sha256,
        "mapping": _digest(source.mapping),
        "schedule": _digest(source.schedule),
        **({"rates": _digest(source.rates)} if source.rates else {}),
        "reading": [source.encoding, source.delimiter, source.sheet],
        "rulebooks": [book.sha256 for book in books],
        "date": as_of.isoformat(),
        "quarantine": quarantine,
        "version": __version__,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"comparison-{as_of}-{digest[:_CUT]}"


def _digest(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _written(engine: Engine, comparison: Comparison, out: Path) -> Iterator[Path]:
    work = engine.work / "out"
    work.mkdir()
    (work / "comparison.csv").write_text(comparison_csv(comparison), encoding="utf-8")
    engine.write_csv(contested_sql(comparison.titles), work / "disagreements.csv")
    (work / "comparison.pdf").write_bytes(render(comparison_page(comparison)))
    for path in sorted(work.iterdir()):
        yield copied(path, out)
