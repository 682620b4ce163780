"""Other rules put to what a run wrote down: only cases are decided, the tape is not read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.contrast import SIDES, TOLD, Contrast, Level, levels_of
from npl_reporting.portfolio.decided import Decided, keep_verdicts
from npl_reporting.portfolio.settled import PORTION, alike_columns, read, settled

_KEPT = "kept_decisions"
_BESIDE = "side_by_side"
_ROWS = ("row", "exposure_id", "debtor_id", PORTION, "amount", "first_portion")


@dataclass(frozen=True)
class Kept:
    """The decisions.parquet of a run under `rulebook`, as a view; `columns` are its columns."""

    engine: Engine
    rulebook: Rulebook
    day: date
    columns: frozenset[str]

    def serves(self, books: Sequence[Rulebook], *, whole: bool) -> bool:
        """Whether other rulebooks find here all that they read, and the portions that they make.

        With `whole` every column that they know must mean the same, as reports may read any.
        """
        levels = levels_of(*books).values()
        return {"row", "first_portion"} <= self.columns and "severest" not in levels and all(
            PORTION in settled(self.rulebook, book) and not self._wanting(book, whole=whole)
            for book in books
        )  # fmt: skip

    def _wanting(self, book: Rulebook, *, whole: bool) -> frozenset[str]:
        """Columns that mean something else here than in a rulebook, or that were not read."""
        other = frozenset(book.columns) - alike_columns(self.rulebook, book)
        absent = other & (frozenset(self.rulebook.columns) - self.columns)
        return (other - absent) if whole else (other - absent) & read(book)

    def decide(self, book: Rulebook, name: str) -> Decided:
        """Decide the cases of a rulebook that this serves; the view `treated` is then its own.

        The table has row, exposure_id, debtor_id, portion, amount, first_portion and case_id.
        """
        same = settled(self.rulebook, book)
        present = [column for column in book.columns if column in self.columns]
        facts = [fact.name for fact in book.facts if fact.name in same]
        names = dict.fromkeys((*_ROWS, *present, *facts))
        source = f"{name}_source"
        listed = ", ".join(map(quoted, names))
        self.engine.declare(source, f"SELECT {listed} FROM {_KEPT}")
        cases = classify(self.engine, book, present, self.day, source, same)
        self.engine.execute(
            f"CREATE OR REPLACE TABLE {name}_decided AS "
            f"SELECT {', '.join(_ROWS)}, case_id FROM {TREATED}"
        )
        return Decided(
            book, cases, f"{name}_decided", keep_verdicts(self.engine, book, cases, name)
        )


def declare_kept(engine: Engine, decisions: Path, rulebook: Rulebook, day: date) -> Kept:
    """Name the decisions that a run wrote down."""
    engine.declare(_KEPT, f"SELECT * FROM read_parquet({literal(str(decisions))})")
    return Kept(engine, rulebook, day, frozenset(engine.columns(_KEPT)))


@dataclass(frozen=True)
class KeptContrast(Contrast):
    """Two rulebooks' answers on the rows of one file, in one table: both split exposures alike."""

    def _pairs(
        self, decision: str, level: Level
    ) -> Sequence[tuple[str, str, int, Decimal, Decimal]]:
        return [
            (before, after, exposures if level == "exposure" else rows, amount, amount)
            for before, after, rows, exposures, amount in self._summed
        ]

    @cached_property
    def _summed(self) -> Sequence[tuple[str, str, int, int, Decimal]]:
        """How much lies in each pair of cases; portions of one exposure share its outcomes."""
        return self.engine.rows(
            "SELECT case_before, case_after, count(*), count(*) FILTER (first_portion), sum(amount) "
            f"FROM {_BESIDE} GROUP BY ALL"
        )

    def _moved(self, place: int, decision: str, level: Level) -> str:
        told = "".join(
            f", any_value({side}.{name}) AS {name}_{word}" for name in TOLD for side, word in SIDES
        )
        portion = PORTION if level == "portion" else "''"
        return (
            f"SELECT {place} AS place, {literal(decision)} AS decision, "
            "any_value(exposure_id) AS exposure_id, any_value(debtor_id) AS debtor_id, "
            f"{portion} AS portion, sum(amount) AS amount_before, sum(amount) AS amount_after{told} "
            f"FROM {_BESIDE} {self._verdicts(decision, 'case_before', 'case_after')} "
            "WHERE vb.outcome IS DISTINCT FROM va.outcome "
            f"GROUP BY {_BESIDE}.row{', portion' if level == 'portion' else ''}"
        )


def lay_side_by_side(engine: Engine, before: Decided, after: Decided) -> KeptContrast:
    """Join what two rulebooks decided on the same rows."""
    engine.execute(
        f"CREATE OR REPLACE TABLE {_BESIDE} AS SELECT a.* EXCLUDE (case_id), "
        "b.case_id AS case_before, a.case_id AS case_after "
        f"FROM {after.table} a JOIN {before.table} b ON b.row = a.row AND b.{PORTION} = a.{PORTION}"
    )
    return KeptContrast(engine, before, after)
