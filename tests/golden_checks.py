"""The checks of a sound book: each holds over figures that say something, and fails where one is other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from golden import Failing
from small_book import Book

from npl_reporting.returns.checks import evaluate, figures_read
from npl_reporting.returns.plan import Plan


def idle(book: Book) -> tuple[str, ...]:
    """The checks that hold over zeros alone, though they do not say that something is zero."""
    read = figures_read(
        book.engine, book.plans, book.cells, book.figures, book.relations, book.prior
    )
    said = {
        (p.report.id, check.id): check.that
        for p in book.plans
        for check in p.report.definition.checks
    }
    return tuple(
        f"{report}/{check}"
        for (report, check), figures in read.items()
        if not any(
            figure.value and figure.name not in book.plan(report).parameters for figure in figures
        )
        and not said[report, check].rstrip().endswith("= 0")
    )


def state(sound: Book, failing: Failing) -> str:
    """How a check comes out where one thing in its sound book is other than it is."""
    report, check = failing.check.split("/")
    value = Decimal(failing.value)
    place = (report, *(failing.cell or ()))[-3:]
    cells = [
        replace(cell, value=value) if (cell.report, cell.row, cell.column) == place else cell
        for cell in sound.cells
    ]
    before = None if sound.prior is None else {
        name: [replace(c, value=value) if (c.row, c.column) == failing.prior else c for c in known]
        for name, known in sound.prior.items()
    }  # fmt: skip
    figures = {**sound.figures, **({failing.run: value} if failing.run else {})}
    relations = sound.relations
    changed = {"exposures": failing.exposures, "movement": failing.movement}
    for name, change in changed.items():
        if change:
            source = getattr(relations, name)
            sound.engine.execute(f"CREATE OR REPLACE TABLE other AS SELECT * FROM {source}")
            sound.engine.execute(f"UPDATE other SET {change}")
            relations = replace(relations, **{name: "other"})
    (result,) = evaluate(
        sound.engine, [_alone(sound.plan(report), check)], cells, figures, relations, before
    )
    return result.state


def _alone(planned: Plan, check: str) -> Plan:
    """A plan with one of its checks alone."""
    definition = planned.report.definition
    checks = tuple(each for each in definition.checks if each.id == check)
    report = replace(planned.report, definition=definition.model_copy(update={"checks": checks}))
    return replace(planned, report=report)
