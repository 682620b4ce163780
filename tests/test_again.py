"""Rules put to what a run wrote down: the same answers as from its tape, without reading it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exampleland import AS_OF, rulebook, write_rules, write_tape

from npl_reporting.demo.portfolio import write_tape as write_bank
from npl_reporting.engine import Engine, literal
from npl_reporting.errors import NplError
from npl_reporting.evidence import reopen
from npl_reporting.evidence.store import Store
from npl_reporting.impact import Impact, impact
from npl_reporting.law.shelf import load_rulebook, version
from npl_reporting.portfolio.again import Kept
from npl_reporting.portfolio.classify import classify
from npl_reporting.portfolio.settled import settled
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.returns.outputs import write_decisions
from npl_reporting.run import run

# By hand: 0, 75 and 100 days past due on AS_OF.
LOANS = (
    {"outstanding_principal": "100"},
    {"outstanding_principal": "200", "oldest_unpaid_due_date": "2025-07-17"},
    {"outstanding_principal": "400", "oldest_unpaid_due_date": "2025-06-22"},
)
SIXTY = {"days_past_due > 90": "days_past_due > 60"}
COUNTED_OTHERWISE = {
    "days_between(oldest_unpaid_due_date, reporting_date)": (
        "days_between(oldest_unpaid_due_date, reporting_date) + 1"
    )
}
VERSIONS = (
    "TW@2011-01-01 TW@2014-01-01", "TW@2014-01-01 TW@2014-01-01", "IN@2025-04-01 IN@2025-11-28",
    "CN@2007-07-03 CN@2023-07-01", "US@2024-06-30 US@2025-12-31", "EU@2025-01-01 EU@2025-01-01",
    "MY@2010-01-01 MY@2024-12-05",
)  # fmt: skip


def stored(folder: Path) -> tuple[Store, str]:
    store = Store(f"sqlite:///{folder}/npl.db")
    tape = write_tape(folder / "tape.csv", LOANS)
    request = Request(TapeSource(tape), str(write_rules(folder)), AS_OF, printed=False)
    return store, run(request, store).run.id


def forbid_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NplError("the tape was read")  # type: ignore[arg-type]

    monkeypatch.setattr(reopen, "read_tape", refuse)


def moved(found: Impact, decision: str) -> list[tuple[str | None, str | None, int]]:
    return [
        (move.before, move.after, move.number)
        for move in found.moves
        if move.decision == decision and not move.stays
    ]


def test_a_threshold_leaves_every_fact_settled(tmp_path: Path) -> None:
    book, sixty = rulebook(tmp_path), rulebook(tmp_path, "sixty", SIXTY)
    same = settled(book, sixty)
    assert {fact.name for fact in book.facts} <= same
    assert "portion" in same
    assert "status" not in same


def test_a_fact_with_other_words_unsettles_what_reads_it(tmp_path: Path) -> None:
    other = rulebook(tmp_path, "other", COUNTED_OTHERWISE)
    same = settled(rulebook(tmp_path), other)
    assert "days_past_due" not in same
    assert "bankrupt" in same
    assert "status" not in same, "it compares the days"


def test_what_moves_is_found_without_the_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, name = stored(tmp_path)
    forbid_tape(monkeypatch)
    found = impact(store, name, rulebook(tmp_path), rulebook(tmp_path, "sixty", SIXTY))
    assert moved(found, "status") == [("performing", "nonperforming", 1)]
    assert found.cells is not None


def test_a_fact_that_is_defined_otherwise_is_computed_from_the_columns_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The due date of E2 lies 75 days back; counted inclusively, 76: over 75 from then on."""
    store, name = stored(tmp_path)
    forbid_tape(monkeypatch)
    over = {"days_past_due > 90": "days_past_due > 75"}
    before = rulebook(tmp_path, "over", over)
    after = rulebook(tmp_path, "inclusive", {**over, **COUNTED_OTHERWISE})
    found = impact(store, name, before, after)
    assert moved(found, "status") == [("performing", "nonperforming", 1)]


def test_a_rule_on_a_column_that_the_run_did_not_know_reads_the_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, name = stored(tmp_path)
    column = "columns:\n  reaged: {type: boolean, meaning: {en: Re-aged}}\nfacts:\n  days"
    reading = {"facts:\n  days": column, "when: bankrupt,": "when: reaged,"}
    later = rulebook(tmp_path, "later", reading)
    assert moved(impact(store, name, rulebook(tmp_path), later), "status") == []
    forbid_tape(monkeypatch)
    with pytest.raises(NplError):
        impact(store, name, rulebook(tmp_path), later)


@pytest.mark.parametrize(
    "versions", [VERSIONS[-1], *(pytest.param(v, marks=pytest.mark.slow) for v in VERSIONS[:-1])]
)
def test_the_same_answers_as_from_the_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, versions: str
) -> None:
    """Every move, every listed exposure and every report cell, both ways."""
    books = [load_rulebook(str(version(name))) for name in versions.split()]
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    day = date(2025, 9, 30)
    tape = write_bank(tmp_path / "tape.csv", day, size=600, currency=books[1].file.currency)
    request = Request(TapeSource(tape), str(books[1].path), day, printed=False)
    name = run(request, store).run.id
    with monkeypatch.context() as without:
        forbid_tape(without)
        kept = impact(store, name, books[0], books[1], tmp_path / "kept")
    monkeypatch.setattr(Kept, "serves", lambda *_, **__: False)
    read = impact(store, name, books[0], books[1], tmp_path / "read")
    assert kept.moves == read.moves
    assert kept.cells == read.cells and kept.not_compared == read.not_compared
    listed, again = (found.files[0].read_bytes() for found in (kept, read))
    assert listed == again


def test_decisions_stand_in_the_order_of_the_tape_however_joins_left_them(tmp_path: Path) -> None:
    book = rulebook(tmp_path)
    (tmp_path / "work").mkdir()
    with Engine(tmp_path / "work") as engine:
        engine.execute(
            "CREATE TABLE exposures AS SELECT row, 'E' || row AS exposure_id, 'D' AS debtor_id, "
            "CAST(row AS DECIMAL(18, 2)) AS outstanding_principal "
            "FROM (VALUES (3), (1), (2)) AS tape(row)"
        )
        columns = ("exposure_id", "debtor_id", "outstanding_principal")
        classify(engine, book, columns, AS_OF)
        parquet, text = write_decisions(engine, book, columns, engine.work)
        found = engine.rows(f"SELECT row, amount FROM read_parquet({literal(str(parquet))})")
        assert found == [(1, Decimal(1)), (2, Decimal(2)), (3, Decimal(3))]
    lines = text.read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["exposure_id", "E1", "E2", "E3"]
