"""The road from a tape to a stored run: what comes out, what stops it, what never changes."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from quarters import ROWS, SEPTEMBER, run_tape, store, write_tape

from npl_reporting.errors import DataError, NplError
from npl_reporting.portfolio.decide import DecisionRules
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.quarter import quarter
from npl_reporting.request import Finished, Request
from npl_reporting.resources import RULES
from npl_reporting.run import run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def finished(home: Path) -> Finished:
    """One real run of the small book, which the tests of its results share."""
    return run_tape(home, write_tape(home), printed=True)


def decisions(home: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (home / "out" / "decisions.csv").open(encoding="utf-8") as file:
        return {(row["exposure_id"], row["portion"]): row for row in csv.DictReader(file)}


# The covered part of SPLIT stays in Category 2 between one and twelve months, the uncovered part
# is in Category 3 between three and six (12.2: 44,000 and 80,000). The card is between six and
# nine months late: 100 %. OTHER falls to Category 2 with its debtor: 2 %. One month to the day is
# still Category 1: 1 %.
@pytest.mark.parametrize(
    ("exposure", "portion", "category", "allowance"),
    [
        ("SPLIT", "secured", "special_mention", "44000"),
        ("SPLIT", "unsecured", "substandard", "80000"),
        ("SOUND", "unsecured", "normal", "10000"),
        ("OTHER", "unsecured", "special_mention", "10000"),
        ("CARD", "unsecured", "doubtful", "50000"),
        ("LATE", "unsecured", "normal", "200.005"),
    ],
)
def test_every_portion_gets_its_category_and_allowance(
    home: Path, finished: Finished, exposure: str, portion: str, category: str, allowance: str
) -> None:
    row = decisions(home)[exposure, portion]
    assert row["category"] == category
    assert Decimal(row["minimum_allowance"]) == Decimal(allowance)


def test_nonperforming_is_decided_for_the_exposure_as_a_whole(
    home: Path, finished: Finished
) -> None:
    status = {exposure: row["status"] for (exposure, _), row in decisions(home).items()}
    nonperforming = {exposure for exposure, outcome in status.items() if outcome == "nonperforming"}
    assert nonperforming == {"SPLIT", "CARD"}


def test_every_row_and_every_dollar_is_in_the_decisions(home: Path, finished: Finished) -> None:
    amounts = [Decimal(row["amount"]) for row in decisions(home).values()]
    assert sum(amounts) == Decimal("4570000.50")
    assert (finished.run.rows_read, finished.run.rows_used) == (5, 5)


def test_cases_carry_the_whole_portfolio(home: Path, finished: Finished) -> None:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    with (home / "out" / "cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            totals[row["decision"]] += Decimal(row["amount"])
    assert set(totals.values()) == {Decimal("4570000.50")}


# Format C in NT$: corporate secured 3,000,000 of which all nonperforming; corporate unsecured
# 1,500,000; small unsecured consumer 20,000.50; cards 50,000, all overdue.
@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("01", "npl", "3000000"),
        ("01", "total", "3000000"),
        ("02", "total", "1500000"),
        ("05", "total", "20000.5"),
        ("08", "npl", "3000000"),
        ("08", "total", "4520000.5"),
        ("09", "npl", "50000"),
    ],
)
def test_the_return_adds_up(finished: Finished, row: str, column: str, value: str) -> None:
    cells = {(c.report, c.row, c.column, c.period): c for c in finished.cells}
    assert cells["asset_quality", row, column, "current"].value == Decimal(value)


def test_the_store_holds_what_the_files_say(home: Path, finished: Finished) -> None:
    kept = store(home)
    portions = kept.exposure(finished.run.id, "SPLIT")
    assert {p.portion: (p.amount, p.minimum_allowance) for p in portions} == {
        "secured": (Decimal(2200000), Decimal(44000)),
        "unsecured": (Decimal(800000), Decimal(80000)),
    }
    for file in kept.files(finished.run.id):
        copy = home / "out" / file.name
        if copy.exists():
            assert copy.read_bytes() == kept.archive.open_path(file.sha256).read_bytes()


def test_the_summary_says_what_was_run(home: Path, finished: Finished) -> None:
    summary = json.loads((home / "out" / "run.json").read_text(encoding="utf-8"))
    assert summary["id"] == finished.run.id
    assert summary["tape_sha256"] == finished.run.tape_sha256
    assert "created_at" not in summary


def test_the_same_inputs_are_the_same_run_stored_once(home: Path, finished: Finished) -> None:
    again = run_tape(home, home / "tape.csv", out="again", printed=True)
    assert (again.run.id, again.stored) == (finished.run.id, False)
    for path in sorted((home / "out").iterdir()):
        assert (home / "again" / path.name).read_bytes() == path.read_bytes(), path.name
    assert len(store(home).runs()) == 1


def test_the_order_of_rows_changes_no_decision(home: Path, finished: Finished) -> None:
    turned = run_tape(home, write_tape(home, ROWS[::-1], "turned.csv"), out="turned")
    before, after = (
        {(c.report, c.row, c.column): c.value for c in run.cells} for run in (finished, turned)
    )
    assert before == after
    assert turned.run.id != finished.run.id


def test_the_prior_run_fills_the_comparative_columns(home: Path, finished: Finished) -> None:
    rows = (*ROWS[:4], "LATE,D4,individual,personal_loan,15000,,,2024-08-31,300")
    december = date(2024, 12, 31)
    tape = write_tape(home, rows, "december.csv")
    after = run_tape(home, tape, december, out="december", prior=finished.run.id)
    cells = {(c.row, c.column, c.period): c for c in after.cells if c.report == "asset_quality"}
    assert cells["05", "total", "comparative"].value == Decimal("20000.5")
    assert cells["05", "total", "current"].value == Decimal(15000)


def test_without_a_prior_run_the_comparative_is_not_computed(finished: Finished) -> None:
    cells = {(c.row, c.column, c.period): c for c in finished.cells if c.report == "asset_quality"}
    comparative = cells["08", "total", "comparative"]
    assert (comparative.value, comparative.reason) == (None, "no_prior_run")


def test_a_prior_run_of_a_later_date_is_refused(home: Path, finished: Finished) -> None:
    with pytest.raises(NplError, match="not before 2024-06-30"):
        run_tape(home, home / "tape.csv", date(2024, 6, 30), prior=finished.run.id)


def test_faulty_rows_stop_the_run_and_nothing_is_stored(tmp_path: Path) -> None:
    tape = write_tape(tmp_path, (*ROWS, "BAD,D9,corporate,corporate_loan,-1,,,,0"))
    with pytest.raises(DataError) as refused:
        run_tape(tmp_path, tape)
    problems = [str(problem) for problem in refused.value.problems]
    assert any("row 7, exposure BAD" in problem for problem in problems), problems
    assert "--quarantine" in problems[-1]
    assert not (tmp_path / "npl.db").exists()


def test_quarantine_sets_them_aside_and_says_so_on_page_one(tmp_path: Path) -> None:
    tape = write_tape(tmp_path, (*ROWS, "BAD,D9,corporate,corporate_loan,-1,,,,0"))
    finished = run_tape(tmp_path, tape, quarantine=True)
    run = finished.run
    assert (run.rows_read, run.rows_used, run.rows_set_aside) == (6, 5, 1)
    assert any("1 faulty rows were set aside" in warning["en"] for warning in run.warnings)


def test_a_difference_between_the_evaluators_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        DecisionRules,
        "fired",
        lambda self, bands: frozenset(rule.id for rule in self.decision.rules),
    )
    with pytest.raises(DataError, match="the two evaluators differ on decision"):
        run_tape(tmp_path, write_tape(tmp_path))
    assert not (tmp_path / "npl.db").exists()


def test_a_changed_setting_is_another_run_and_is_said(tmp_path: Path) -> None:
    tape = write_tape(tmp_path)
    changed = run_tape(tmp_path, tape, changes={"other_facility_is_bad_credit": "false"})
    assert changed.run.settings["other_facility_is_bad_credit"].changed
    assert decisions(tmp_path)["OTHER", "unsecured"]["category"] == "normal"


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NplError, match="no setting 'no_such'"):
        run_tape(tmp_path, write_tape(tmp_path), changes={"no_such": "1"})


def test_a_rulebook_named_by_path_but_not_in_force_is_a_warning(tmp_path: Path) -> None:
    old = str(RULES / "TW" / "2005-07-01.yaml")
    request = Request(TapeSource(write_tape(tmp_path)), old, SEPTEMBER, printed=False)
    finished = run(request, store(tmp_path))
    assert any("a later rulebook was in force" in w["en"] for w in finished.run.warnings)


def test_a_rulebook_that_comes_later_is_a_warning_too(tmp_path: Path) -> None:
    first = str(RULES / "TW" / "2005-07-01.yaml")
    tape = write_tape(tmp_path, ("E,D,individual,credit_card,500,,,,0",))
    request = Request(TapeSource(tape), first, date(2005, 6, 30), printed=False)
    finished = run(request, store(tmp_path))
    assert ["comes into force on 2005-07-01" in w["en"] for w in finished.run.warnings] == [True]


def test_a_notebook_runs_the_same_road(
    home: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    again = quarter("tape.csv", rules="TW", as_of="2024-09-30", out="notebook")
    totals = {c.column: c.value for c in again.cells if (c.report, c.row, c.period) == TOTAL}
    assert totals["npl"] == Decimal(3000000)
    assert (home / "notebook" / "TW-asset_quality.pdf").read_bytes().startswith(b"%PDF")


TOTAL = ("asset_quality", "08", "current")
