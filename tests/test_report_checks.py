"""Every check of every report holds on a sound book, and fails where something is other than it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from small_book import KEPT, Book, classified

from npl_reporting.law.yamlfile import Record, load
from npl_reporting.returns.checks import evaluate

FOLDER = Path(__file__).parent / "reports" / "TW.sound"


class Failing(Record):
    """What makes one check fail: a cell, one of the run's numbers, or a fact of an exposure."""

    check: str
    cell: tuple[str, str] | None = None
    run: str | None = None
    exposures: str | None = None
    value: Decimal | int = 0


class File(Record):
    """The list beside the sound book."""

    failing: tuple[Failing, ...]


FAILING = load(FOLDER / "failing.yaml", File).failing


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """The book on which every check holds."""
    with classified(FOLDER, tmp_path_factory.mktemp("sound")) as book:
        yield book


def test_every_check_holds_on_a_sound_book(sound: Book) -> None:
    assert [result for result in sound.results if result.state != "passed"] == []


def test_every_check_has_a_book_on_which_it_fails(sound: Book) -> None:
    checks = {f"{result.report}/{result.id}" for result in sound.results}
    assert checks == {failing.check for failing in FAILING}


@pytest.mark.parametrize("failing", FAILING, ids=lambda failing: failing.check)
def test_a_check_fails_where_something_is_other(sound: Book, failing: Failing) -> None:
    report, check = failing.check.split("/")
    assert _state(sound, failing, report, check) == "failed"


def _state(sound: Book, failing: Failing, report: str, check: str) -> str:
    place, value = (report, *(failing.cell or ())), Decimal(failing.value)
    cells = [
        replace(cell, value=value) if (cell.report, cell.row, cell.column) == place else cell
        for cell in sound.cells
    ]
    figures = {**sound.figures, **({failing.run: value} if failing.run else {})}
    sound.engine.execute(f"CREATE OR REPLACE TABLE other AS SELECT * FROM {KEPT}")
    if failing.exposures:
        sound.engine.execute(f"UPDATE other SET {failing.exposures}")
    results = evaluate(sound.engine, [sound.plan(report)], cells, figures, "other")
    return next(result.state for result in results if result.id == check)
