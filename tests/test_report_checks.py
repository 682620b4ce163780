"""Every check of every report holds on a sound book, and fails where something is other than it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from small_book import Book, classified

from npl_reporting.law.yamlfile import Record, load
from npl_reporting.returns.checks import evaluate
from npl_reporting.returns.plan import Plan

FOLDER = Path(__file__).parent / "reports"


class Failing(Record):
    """What makes one check fail.

    A cell, one that the prior run stored, one of the run's numbers, or a fact of an exposure or
    of its movement is other than it should be.
    """

    check: str
    cell: tuple[str, str] | tuple[str, str, str] | None = None
    prior: tuple[str, str] | None = None
    run: str | None = None
    exposures: str | None = None
    movement: str | None = None
    value: Decimal | int = 0


class File(Record):
    """The list beside the sound book."""

    failing: tuple[Failing, ...]


BOOKS = sorted(path.parent.name for path in FOLDER.glob("*.sound*/failing.yaml"))
FAILING = [
    (book, failing)
    for book in BOOKS
    for failing in load(FOLDER / book / "failing.yaml", File).failing
]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Book]]:
    """The books on which every check holds, by name, each classified once."""
    with ExitStack() as stack:

        @cache
        def opened(name: str) -> Book:
            work = tmp_path_factory.mktemp("sound")
            return stack.enter_context(classified(FOLDER / name, work))

        yield opened


Books = Callable[[str], Book]


@pytest.mark.parametrize("name", BOOKS)
def test_every_check_holds_on_a_sound_book(name: str, books: Books) -> None:
    assert [result for result in books(name).results if result.state != "passed"] == []


@pytest.mark.parametrize("name", BOOKS)
def test_every_check_has_a_book_on_which_it_fails(name: str, books: Books) -> None:
    checks = {f"{result.report}/{result.id}" for result in books(name).results}
    assert checks == {failing.check for book, failing in FAILING if book == name}


@pytest.mark.parametrize(
    ("name", "failing"), FAILING, ids=[f"{book}-{failing.check}" for book, failing in FAILING]
)
def test_a_check_fails_where_something_is_other(name: str, failing: Failing, books: Books) -> None:
    report, check = failing.check.split("/")
    assert _state(books(name), failing, report, check) == "failed"


def _state(sound: Book, failing: Failing, report: str, check: str) -> str:
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
