"""A cell and what stands behind it: its exposures, which sum to it, or why they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from npl_reporting.engine import literal
from npl_reporting.evidence.history import Cases
from npl_reporting.evidence.records import Cell
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.returns.lineage import adds_up
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Report
from npl_reporting.returns.sharedwords import reason_text
from npl_reporting.site.answers import answer, pages_of
from npl_reporting.site.asked import PAGE, Asked, Missing
from npl_reporting.site.returns import found_return
from npl_reporting.submission.archived import TakenUp
from npl_reporting.submission.trace import as_computed, behind_sql


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
    """How the exposures make up a cell: their number, and the sum that must be the cell's value.

    Where they do not add up, `formula` says what the value is made of.
    """

    count: int
    total: Decimal | None
    value: Decimal | None
    formula: str = ""

    @property
    def holds(self) -> bool:
        """Whether the sum is the value to the last digit."""
        return self.total is not None and self.total == self.value


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
        made = _sum(up, planned, cell, stored.get("computed"))
        behind = list(_behind(up, cases, planned, cell, asked.page, made.total is not None))
        rulebook = up.again.rulebook
    why = reason_text(found.report, cell.reason) if cell.reason else None
    return answer(
        asked, "cell.html", run=found.run, found=found, cell=cell, computed=stored.get("computed"),
        placed=found.placed(row, column), wording=found.wording, languages=found.languages,
        made=made, behind=behind, why=why, page=asked.page, pages=pages_of(made.count, PAGE),
        labels=_labels(rulebook, found.languages), tape=found.run.tape_name,
    )  # fmt: skip


def _sum(up: TakenUp, planned: Plan, cell: Cell, computed: Cell | None) -> Sum:
    """Count the exposures behind a cell; what they add up to is what was computed."""
    sql = behind_sql(up, planned, cell)
    count, total = up.again.engine.rows(f"SELECT count(*), sum(contribution) FROM ({sql})")[0]
    value = (computed or cell).value
    if not adds_up(planned, as_computed(cell)):
        return Sum(count, None, None, _formula(planned.report, cell))
    return Sum(count, total or Decimal(0), None if value is None else Decimal(value))


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


def _behind(
    up: TakenUp, cases: Cases, planned: Plan, cell: Cell, page: int, sums: bool
) -> Iterator[Behind]:
    engine = up.again.engine
    order = "ORDER BY abs(contribution) DESC NULLS LAST, exposure_id"
    limit = f"LIMIT {PAGE} OFFSET {(page - 1) * PAGE}"
    rows = engine.rows(f"SELECT * FROM ({behind_sql(up, planned, cell)}) {order} {limit}")
    parts = _parts(up, cases, [exposure for exposure, _ in rows])
    for exposure, contribution in rows:
        yield Behind(exposure, contribution if sums else None, tuple(parts.get(exposure, ())))


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
