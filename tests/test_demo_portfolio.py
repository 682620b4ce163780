"""The made bank: the same bytes every time, two quarters that agree, and no rule left unused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from npl_reporting.dates import period_end
from npl_reporting.demo.bank.banks import QUARTERS
from npl_reporting.demo.bank.draws import Draws, prepare
from npl_reporting.demo.portfolio import SIZE, write_exits, write_tape
from npl_reporting.engine import Engine, literal
from npl_reporting.errors import NplError
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.classify import classify
from npl_reporting.portfolio.tape import TapeSource, Terms, findings, read_tape

FIRST, SECOND = QUARTERS
STATIC = (
    "debtor_id, product_type, debtor_type, industry, region, group_id, state_enterprise, "
    "taiwan_government_claim, off_balance_sheet, mainland_china_credit, origination_date, "
    "covid_programme_end"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both tapes and the list of what was closed in between."""
    made = tmp_path_factory.mktemp("bank")
    for quarter in QUARTERS:
        write_tape(made / f"{quarter}.parquet", quarter)
    write_exits(made / "exits.csv")
    return made


@pytest.fixture(scope="module")
def quarters(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The views `first`, `second` and `exits`."""
    views = {"first": f"{FIRST}.parquet", "second": f"{SECOND}.parquet", "exits": "exits.csv"}
    files = {name: folder / file for name, file in views.items()}
    with Engine(tmp_path_factory.mktemp("work"), list(files.values())) as engine:
        for name, path in files.items():
            engine.execute(f"CREATE VIEW {name} AS FROM {literal(str(path))}")
        yield engine


@contextmanager
def read(work: Path, path: Path, day: date, *, quarantine: bool = False) -> Iterator[Engine]:
    rulebook = load_rulebook("TW", day)
    with Engine(work, [path]) as engine:
        terms = Terms(rulebook.columns, rulebook.file.currency, day)
        tape = read_tape(engine, TapeSource(path), terms, quarantine=quarantine)
        assert not tape.others, "every column is in a dictionary"
        yield engine


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    one, other, third = (
        write_tape(tmp_path / f"{name}.parquet", SECOND, size=3_000, seed=seed).read_bytes()
        for name, seed in (("one", 1), ("other", 1), ("third", 2))
    )
    assert one == other
    assert one != third


def test_a_draw_is_the_whole_number_arithmetic_that_it_claims_to_be(tmp_path: Path) -> None:
    def mixed(word: int) -> int:
        word = (word ^ word >> 16) * 2146121005 % 2**32
        word = (word ^ word >> 15) * 2221713035 % 2**32
        return word ^ word >> 16

    crc32_of_7_slash_size = 0x3DA8D515
    with Engine(tmp_path) as engine:
        prepare(engine)
        drawn = engine.rows(
            f"SELECT key, {Draws(7).whole('key', 'size', 0, 2**32 - 1)} FROM range(5000) all_(key)"
        )
    assert [value for _, value in drawn] == [mixed(key ^ crc32_of_7_slash_size) for key, _ in drawn]


@pytest.mark.slow
@pytest.mark.parametrize("quarter", QUARTERS)
def test_a_tape_of_100_000_exposures_passes_every_check(
    quarter: date, folder: Path, tmp_path: Path
) -> None:
    with read(tmp_path, folder / f"{quarter}.parquet", quarter) as engine:
        assert engine.value("SELECT count(*) FROM exposures") == SIZE
        assert list(findings(engine)) == []


def test_deliberately_bad_rows_are_found_and_can_be_set_aside(tmp_path: Path) -> None:
    path = write_tape(tmp_path / "bad.csv", SECOND, size=3_000, faulty=True)
    with read(tmp_path, path, SECOND, quarantine=True) as engine:
        found = {finding.check for finding in findings(engine)}
        aside = engine.value("SELECT count(*) FROM set_aside")
    assert found >= {"S-01", "S-13", "R-01", "R-06", "L-01", "L-02", "L-05", "L-10", "L-21", "L-40"}
    assert 10 <= aside <= 12


def test_an_exposure_keeps_what_does_not_change(quarters: Engine) -> None:
    changed = (
        f"SELECT exposure_id, {STATIC} FROM second SEMI JOIN first USING (exposure_id) "
        f"EXCEPT SELECT exposure_id, {STATIC} FROM first"
    )
    assert quarters.rows(changed) == []


def test_what_is_gone_was_repaid_and_what_is_new_was_granted_in_the_quarter(
    quarters: Engine,
) -> None:
    gone = "first ANTI JOIN second USING (exposure_id)"
    assert quarters.value(f"SELECT count(*) FROM {gone}") == SIZE * 3 // 100
    assert quarters.rows(f"SELECT how, count(*) FROM ({gone}) JOIN exits USING (exposure_id) GROUP BY 1") == [
        ("repaid", SIZE * 3 // 100)
    ]  # fmt: skip
    granted = (
        "SELECT min(origination_date), max(origination_date) FROM second "
        "ANTI JOIN first USING (exposure_id)"
    )
    ((earliest, latest),) = quarters.rows(granted)
    assert FIRST < earliest <= latest <= SECOND


def test_what_was_written_off_stays_with_the_amount_it_had(quarters: Engine) -> None:
    rows = quarters.rows(
        "SELECT exits.amount = written_off_amount, outstanding_principal, write_off_date = closed_on "
        "FROM exits JOIN second USING (exposure_id) WHERE how = 'written_off'"
    )
    assert len(rows) > 20
    assert set(rows) == {(True, Decimal("0.00"), True)}


def test_an_unpaid_due_date_moves_forward_only_when_something_was_paid(quarters: Engine) -> None:
    moved = "later.oldest_unpaid_due_date {} earlier.oldest_unpaid_due_date"
    both = "first earlier JOIN second later USING (exposure_id)"
    assert quarters.value(f"SELECT count(*) FROM {both} WHERE {moved.format('<')}") == 0
    assert quarters.value(f"SELECT count(*) FROM {both} WHERE {moved.format('=')}") > 300
    assert quarters.value(f"SELECT count(*) FROM {both} WHERE {moved.format('>')}") > 300
    backward = (
        f"SELECT count(*) FROM {both} WHERE later.written_off_amount < earlier.written_off_amount "
        "OR later.collection_transfer_date IS NULL AND earlier.collection_transfer_date IS NOT NULL "
        "AND later.outstanding_principal > 0 "
        "OR later.collection_transfer_date <> earlier.collection_transfer_date "
        "OR later.legal_action_date <> earlier.legal_action_date "
        "OR later.restructuring_date <> earlier.restructuring_date"
    )
    assert quarters.value(backward) == 0


@pytest.mark.parametrize("months", [1, 3, 6, 9, 12, 24])
@pytest.mark.parametrize("quarter", QUARTERS)
def test_loans_stand_on_the_last_day_of_a_period_and_on_the_day_after(
    quarter: date, months: int, quarters: Engine
) -> None:
    view = "first" if quarter == FIRST else "second"
    column = "oldest_unpaid_due_date"
    due = [day for (day,) in quarters.rows(f"SELECT DISTINCT {column} FROM {view} WHERE {column} IS NOT NULL")]  # fmt: skip
    ends = {period_end(day, months, "civil_code") for day in due}
    # What is a day past two years at the second date was written off on its last day.
    written_off = quarter == SECOND and months == 24
    assert {quarter, quarter if written_off else quarter - timedelta(days=1)} <= ends


def test_the_bank_is_a_mid_size_one(quarters: Engine) -> None:
    total, debtors, several = quarters.rows(
        "SELECT sum(owed), count(*), count(*) FILTER (loans > 1) FROM ("
        "SELECT sum(outstanding_principal) AS owed, count(*) AS loans FROM second GROUP BY debtor_id)"
    )[0]
    assert 250_000_000_000 < total < 500_000_000_000
    assert several > debtors // 10
    above, below, burdened = quarters.rows(
        "SELECT count(*) FILTER (collateral_value >= outstanding_principal), "
        "count(*) FILTER (collateral_value < outstanding_principal), count(*) FILTER (prior_claims > 0) "
        "FROM second WHERE outstanding_principal > 0"
    )[0]
    assert min(above, below, burdened) > 1_000


def test_every_rule_of_taiwan_holds_somewhere_and_the_bank_has_booked_enough(
    folder: Path, tmp_path: Path
) -> None:
    rulebook = load_rulebook("TW", SECOND)
    fired = set()
    for quarter in QUARTERS:
        work = tmp_path / str(quarter)
        work.mkdir()
        with read(work, folder / f"{quarter}.parquet", quarter) as engine:
            present = [name for name in engine.columns("exposures") if name != "row"]
            cases = classify(engine, rulebook, present, quarter)
            fired |= {rule for case in cases for verdict in case.verdicts for rule in verdict.fired}
            ratio = engine.value(
                "SELECT sum(amount) FILTER (status = 'nonperforming') * 10000 // sum(amount) "
                "FROM treated WHERE statement_line = 'loans'"
            )
            booked = engine.value(
                "SELECT sum(specific_allowance + general_allowance) FILTER (first_portion) * 100 "
                "// sum(minimum_allowance) FROM treated"
            )
        assert 15 <= ratio <= 24, "NPL ratio around 0.2 percent"
        assert 105 <= booked <= 130, "booked a little above the minimum, in percent of it"
    every = {rule.id for decision in rulebook.decisions for rule in decision.rules}
    silent = {"rate-category-1-phase-in", "rate-card-without-analogy"}
    assert every - fired == silent, "which need a date of 2014, and a setting changed"


def test_another_date_and_an_unknown_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NplError, match="2025-06-30 and 2025-09-30"):
        write_tape(tmp_path / "tape.parquet", date(2025, 12, 31))
    with pytest.raises(NplError, match="tape.txt names no form"):
        write_tape(tmp_path / "tape.txt", FIRST)
