"""A cell and what stands behind it: its exposures, which sum to it, or why they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from npl_reporting.engine import literal
from npl_reporting.evidence.history import Cases
from npl_reporting.evidence.records import Cell
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.deltas import Deltas, as_delta
from npl_reporting.returns.adjusted import adjust
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Report
from npl_reporting.returns.sharedwords import reason_text
from npl_reporting.site.answers import answer, pages_of
from npl_reporting.site.asked import PAGE, Asked, Missing
from npl_reporting.site.returns import found_return
from npl_reporting.submission.archived import TakenUp
from npl_reporting.submission.trace import Contributions, as_computed, contributions


@dataclass(frozen=True)
class Decided:
    """One decision on a portion: what stands, and the rules and articles that gave it."""

    decision: str
    outcome: str
    rules: tuple[str, ...]
    citations: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A portion of an exposure behind a cell, with its case."""

    portion: str
    amount: Decimal
    row: int
    case_id: str
    overridden_by: str
    decided: tuple[Decided, ...]


@dataclass(frozen=True)
class Behind:
    """An exposure behind a cell; without a contribution where contributions do not add up."""

    exposure_id: str
    contribution: Decimal | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Sum:
    """How the exposures make up a cell: their number, and their sum, which must be the cell.

    `adjusted` is what persons added to it by adjustments. Where exposures do not add up, `total` is
    None, and `formula` says what the value is made of.
    """

    count: int
    total: Decimal | None
    value: Decimal | None
    adjusted: Decimal = Decimal(0)
    formula: str = ""

    @property
    def holds(self) -> bool:
        """Whether sum and adjustments are the value to the last digit."""
        return self.total is not None and self.total + self.adjusted == self.value


def cell_page(asked: Asked) -> Response:
    """One cell on one page, the exposures that contribute most first."""
    found = found_return(asked)
    row, column = asked.part("row"), asked.part("column")
    stored = {c.period: c for c in found.cells if (c.row, c.column) == (row, column)}
    if "current" not in stored:
        raise Missing(f"Return {found.report.id} of run {found.run.id} has no such cell.")
    cell = stored["current"]
    with asked.site.taken.up(found.run.id) as (up, cases):
        planned = next(p for p in up.plans if p.report.id == cell.report)
        first = (asked.page - 1) * PAGE
        counted = contributions(up, planned, cell, PAGE, first)
        made = sum_of(up, planned, cell, counted)
        behind = list(_behind(up, cases, counted))
        rulebook = up.again.rulebook
    why = reason_text(found.report, cell.reason) if cell.reason else None
    return answer(
        asked, "cell.html", run=found.run, found=found, cell=cell, computed=stored.get("computed"),
        placed=found.placed(row, column), wording=found.wording, languages=found.languages,
        made=made, behind=behind, why=why, page=asked.page, pages=pages_of(made.count, PAGE),
        labels=_labels(rulebook, found.languages), tape=found.run.tape_name,
    )  # fmt: skip


def sum_of(up: TakenUp, planned: Plan, cell: Cell, counted: Contributions) -> Sum:
    """Set what exposures contribute beside the value of their cell."""
    value = None if cell.value is None else Decimal(cell.value)
    if counted.total is None:
        return Sum(counted.count, None, value, formula=_formula(planned.report, cell))
    return Sum(counted.count, counted.total, value, _adjusted(up, cell))


def _adjusted(up: TakenUp, cell: Cell) -> Decimal:
    """What the adjustments in force added to a cell, or to those that it totals."""
    kept = up.again.run.parameters.get("deltas")
    deltas = [as_delta(fields) for fields in kept["in_force"]] if isinstance(kept, dict) else []
    adjustments = Deltas(tuple(deltas)).adjustments
    (moved,) = adjust(up.plans, [replace(as_computed(cell), value=Decimal(0))], adjustments)
    return moved.value or Decimal(0)


def _formula(report: Report, cell: Cell) -> str:
    """What a value that is no sum is made of, as the return's file says it."""
    table = report.table(cell.table)
    row = next((each for each in table.rows if each.id == cell.row), None)
    column = next(each for each in table.columns if each.id == cell.column)
    if column.formula is not None:
        return _over(column.formula, column.over)
    if row is not None and row.formula is not None:
        return _over(row.formula, row.over)
    return (row.value if row is not None else None) or column.value or ""


def _over(formula: str, over: str | None) -> str:
    return f"({formula}) / ({over})" if over else formula


def _behind(up: TakenUp, cases: Cases, counted: Contributions) -> Iterator[Behind]:
    parts = _parts(up, cases, [exposure for exposure, _ in counted.some])
    for exposure, contribution in counted.some:
        yield Behind(exposure, contribution, tuple(parts.get(exposure, ())))


def _parts(up: TakenUp, cases: Cases, exposures: Sequence[str]) -> Mapping[str, list[Part]]:
    """The portions of some exposures; what left the tape since the prior run has none."""
    names = ", ".join(map(literal, exposures)) or "NULL"
    found: dict[str, list[Part]] = {}
    for told in up.again.engine.records(
        f"SELECT * FROM {TREATED} WHERE exposure_id IN ({names}) ORDER BY exposure_id, portion"
    ):
        found.setdefault(told["exposure_id"], []).append(_part(told, cases))
    return found


def _part(told: Mapping[str, Any], cases: Cases) -> Part:
    decided = tuple(
        Decided(case.decision, _text(told[case.decision]), case.rules, case.citations)
        for case in cases.get(told["case_id"], ())
    )
    by = str(told.get("overridden_by") or "")
    return Part(told["portion"], told["amount"], told["row"], told["case_id"], by, decided)


def _text(outcome: object) -> str:
    return f"{outcome.normalize():f}" if isinstance(outcome, Decimal) else str(outcome)


def _labels(rulebook: Rulebook, languages: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Each decision's name in the languages of the page."""
    return {
        decision.name: {language: rulebook.label(decision.name, language) for language in languages}
        for decision in rulebook.decisions
    }
