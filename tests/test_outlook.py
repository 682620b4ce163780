"""What comes next: days and payments by hand, and every payment put to a new run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from exampleland import AS_OF, write_rules, write_tape
from typer.testing import CliRunner

from npl_reporting import outlook as module
from npl_reporting.cli import app
from npl_reporting.demo.bank.banks import QUARTERS
from npl_reporting.demo.portfolio import write_tape as write_bank_tape
from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.outlook import Outlook, outlook
from npl_reporting.portfolio.payments import (
    CURE,
    NOTHING_PAST_DUE,
    PREVENT,
    RULES_STILL_HOLD,
    Goal,
    Payment,
)
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.returns.outlookpage import outlook_page
from npl_reporting.run import run

Row = dict[str, str]
CENT = Decimal("0.01")
# Nonperforming only where the debtor's arrears as a whole are above 100.
MATERIAL = {
    "  bankrupt: bankruptcy_date is not null\n": (
        "  bankrupt: bankruptcy_date is not null\n"
        "  arrears: {value: sum_of_debtor(past_due_amount), label: {en: Arrears}}\n"
    ),
    "when: days_past_due > 90, then": "when: days_past_due > 90 and arrears > 100, then",
}
# 0, 75 and 100 days past due, and bankrupt.
LOANS = (
    {"outstanding_principal": "100"},
    {"oldest_unpaid_due_date": "2025-07-17", "past_due_amount": "20.50"},
    {"oldest_unpaid_due_date": "2025-06-22", "past_due_amount": "30"},
    {"bankruptcy_date": "2025-01-31"},
)


def looked(
    folder: Path, rows: Sequence[Mapping[str, str]] = LOANS, changes: Mapping[str, str] | None = None,
    schedule: str = "", **options: object,
) -> Outlook:  # fmt: skip
    """Run these loans under Exampleland's rules, and look ahead."""
    store = Store(f"sqlite:///{folder}/npl.db")
    tape = write_tape(folder / "tape.csv", rows)
    rules = str(write_rules(folder, changes=changes))
    source = TapeSource(tape, schedule=_file(folder, schedule))
    finished = run(Request(source, rules, AS_OF, printed=False), store)
    return outlook(store, finished.run.id, out=folder / "out", **options)  # type: ignore[arg-type]


def _file(folder: Path, text: str) -> Path | None:
    if text:
        (folder / "schedule.csv").write_text(text, encoding="utf-8")
    return folder / "schedule.csv" if text else None


def lines(folder: Path, name: str) -> list[Row]:
    """A list that the outlook wrote."""
    with (folder / "out" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def payments(found: Outlook, goal: Goal) -> dict[str, tuple[Decimal | None, str | None]]:
    """By debtor: the least payment, or why there is none."""
    return {one.debtor_id: (one.payment, one.reason) for one in found.found.largest[goal]}


def test_each_change_has_its_day(tmp_path: Path) -> None:
    """75 days past due on 30 September; the 91st day past 17 July is 16 October."""
    looked(tmp_path)
    found = [
        (row["exposure_id"], row["decision"], row["day"], row["days"], row["outcome_before"],
         row["outcome"], row["worse"], row["rules"])
        for row in lines(tmp_path, "crossings.csv")
    ]  # fmt: skip
    assert found == [
        ("E2", "minimum_allowance_rate", "2025-10-16", "16", "0.01", "0.5", "true", "rate-half"),
        ("E2", "status", "2025-10-16", "16", "performing", "nonperforming", "true", "overdue"),
    ]


def test_totals_of_each_horizon(tmp_path: Path) -> None:
    rows = [
        {"oldest_unpaid_due_date": "2025-07-31", "past_due_amount": "1"},  # day 91: 30 October
        {"oldest_unpaid_due_date": "2025-08-01", "past_due_amount": "1"},  # 31 October
        {"oldest_unpaid_due_date": "2025-09-29", "past_due_amount": "1"},  # 29 December
        {"oldest_unpaid_due_date": "2025-09-30", "past_due_amount": "1"},  # 30 December: day 91
    ]
    found = looked(tmp_path, rows, decisions=["status"]).found
    reached = [(one.days, one.exposures, one.amount) for one in found.reached
               if one.outcome == "nonperforming"]  # fmt: skip
    assert reached == [(30, 1, Decimal(100)), (60, 2, Decimal(200)), (90, 3, Decimal(300))]
    assert sum(found.weeks.values()) == 300
    assert found.weeks[date(2025, 11, 4)] == 200  # 29 October to 4 November


def test_payment_prevents_or_cures(tmp_path: Path) -> None:
    found = looked(tmp_path)
    assert payments(found, PREVENT) == {"D2": (Decimal("20.50"), None)}
    assert payments(found, CURE) == {
        "D3": (Decimal(30), None),
        "D4": (None, NOTHING_PAST_DUE),
    }
    (bankrupt,) = [one for one in found.found.largest[CURE] if one.debtor_id == "D4"]
    assert bankrupt.rules == "bankruptcy"


def test_a_payment_need_not_be_all_that_is_past_due(tmp_path: Path) -> None:
    """Arrears of 250.50 must come down to 100; the debtor's other loan is counted with it."""
    rows = [
        {"debtor_id": "D", "oldest_unpaid_due_date": "2025-06-01", "past_due_amount": "200.50"},
        {"debtor_id": "D", "oldest_unpaid_due_date": "2025-05-01", "past_due_amount": "50"},
    ]
    found = looked(tmp_path, rows, MATERIAL)
    assert payments(found, CURE) == {"D": (Decimal("150.50"), None)}
    parts = {row["exposure_id"]: row["payment"] for row in lines(tmp_path, "payment_parts.csv")}
    assert parts == {"E2": "50.00", "E1": "100.50"}  # the older first


def test_the_least_payment_is_a_cent_where_a_cent_counts(tmp_path: Path) -> None:
    row = {"oldest_unpaid_due_date": "2025-06-01", "past_due_amount": "100.01"}
    assert payments(looked(tmp_path, [row], MATERIAL), CURE) == {"D1": (CENT, None)}


def test_instalments_to_come_fall_due(tmp_path: Path) -> None:
    """Nothing is past due yet; the instalment of 1 October is 91 days late on 31 December.

    That is the last of 92 days, on which the instalment of 2 October is 90 days late: good still.
    """
    schedule = (
        "exposure_id,due_date,amount_due,amount_paid\n"
        "E1,2025-09-15,10,10\nE1,2025-10-01,30.10,\nE1,2025-10-02,40,\n"
    )
    found = looked(tmp_path, [{}], schedule=schedule, days=92)
    crossed = [(row["decision"], row["day"]) for row in lines(tmp_path, "crossings.csv")]
    assert crossed == [("minimum_allowance_rate", "2025-12-31"), ("status", "2025-12-31")]
    assert payments(found, PREVENT) == {"D1": (Decimal("30.10"), None)}


def test_arrears_of_unknown_amount_are_not_guessed(tmp_path: Path) -> None:
    found = looked(tmp_path, [{"oldest_unpaid_due_date": "2025-06-22"}])
    assert payments(found, CURE) == {"D1": (None, "arrears_unknown")}


def test_other_rules_are_named(tmp_path: Path) -> None:
    row = {**LOANS[2], "bankruptcy_date": "2025-01-31"}
    found = looked(tmp_path, [row])
    (one,) = found.found.largest[CURE]
    assert (one.payment, one.reason, one.rules) == (None, RULES_STILL_HOLD, "bankruptcy")


def test_only_some_decisions_may_be_asked_for(tmp_path: Path) -> None:
    """A rate that grows by itself cannot be prevented; the status can."""
    growing = {
        "      - {id: rate-half, when: status": (
            "      - {id: late, when: days_past_due > 70, then: 0.02, cite: norm/7}\n"
            "      - {id: old, when: since_origination > 100, then: 0.03, cite: norm/7}\n"
            "      - {id: rate-half, when: status"
        ),
        "  bankrupt: bankruptcy_date": (
            "  since_origination: days_between(origination_date, reporting_date)\n"
            "  bankrupt: bankruptcy_date"
        ),
    }
    row = {**LOANS[1], "origination_date": "2025-07-01"}
    whole = looked(tmp_path, [row], growing).found.largest[PREVENT][0]
    assert (whole.payment, whole.reason, whole.rules) == (None, RULES_STILL_HOLD, "old")
    (tmp_path / "npl.db").unlink()
    asked = looked(tmp_path, [row], growing, decisions=["status"])
    assert payments(asked, PREVENT) == {"D1": (Decimal("20.50"), None)}


@pytest.mark.parametrize("days", [0, 367, -1])
def test_the_horizon_is_a_day_to_a_year(tmp_path: Path, days: int) -> None:
    with pytest.raises(NplError, match="look 1 to 366 days ahead"):
        looked(tmp_path, days=days)


def test_a_decision_that_nobody_takes(tmp_path: Path) -> None:
    with pytest.raises(NplError, match="XX has no decision 'colour'; it has status"):
        looked(tmp_path, decisions=["colour"])


def test_nothing_happens_to_sound_loans(tmp_path: Path) -> None:
    found = looked(tmp_path, [{}]).found
    assert (found.crossings, found.reached, found.payments) == (0, (), ())


def test_the_page_says_what_the_record_says(tmp_path: Path) -> None:
    page = outlook_page(looked(tmp_path).found)
    values = [figure.shown.value for figure in page.figures]
    assert values == [1, 1, Decimal("20.50"), 2, 1, 30]
    assert (tmp_path / "out" / "outlook.pdf").read_bytes().startswith(b"%PDF")


def test_command(tmp_path: Path) -> None:
    found = looked(tmp_path).found
    call = ["outlook", found.run.id, "--store", f"sqlite:///{tmp_path}/npl.db", "--days", "45"]
    told = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "told")])
    assert told.exit_code == 0 and "2 changes within 45 days if nothing is paid" in told.output
    document = json.loads(CliRunner().invoke(app, [*call, "--json"]).output)
    assert document["horizons"] == [30, 45]
    assert document["payments"][0] == {
        "goal": "prevent", "reason": None, "debtors": 1, "amount": "100", "payment": "20.5",
    }  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "told").iterdir()) == [
        "crossings.csv", "outlook.pdf", "payment_parts.csv", "payments.csv",
    ]  # fmt: skip


# Every payment put to a new run: paid to the cent it does, with a cent less it does not.


def test_a_new_run_after_the_payment_on_a_schedule(tmp_path: Path) -> None:
    """Two instalments more than 90 days late: the later of them has to be paid whole."""
    schedule = (
        "exposure_id,due_date,interest_due,principal_due,paid_date,amount_paid\n"
        "E1,2025-05-31,5.05,20,,\nE1,2025-06-30,5,20,,\nE1,2025-07-31,5,20,,\n"
        "E1,,,,2025-06-15,3.33\n"
    )
    found = looked(tmp_path, [{}], schedule=schedule)
    (cure,) = found.found.largest[CURE]
    assert cure.payment == Decimal("46.72")  # 25.05 + 25 - 3.33
    for paid, status in ((cure.payment, "performing"), (cure.payment - CENT, "nonperforming")):
        again = tmp_path / status
        again.mkdir()
        told = _file(again, schedule + f"E1,,,,2025-09-30,{paid}\n")
        tape = TapeSource(write_tape(again / "tape.csv", [{}]), schedule=told)
        assert statuses(again, tape, str(write_rules(again)), AS_OF) == {"E1": status}


def statuses(folder: Path, tape: TapeSource, rules: str, day: date) -> dict[str, str]:
    """The status of every exposure by a new run."""
    return {row["exposure_id"]: row["status"] for row in decided(folder, tape, rules, day)}


def decided(folder: Path, tape: TapeSource, rules: str, day: date) -> list[Row]:
    """The decisions of a new run, which needs no reports."""
    store = Store(f"sqlite:///{folder}/again.db")
    run(Request(tape, rules, day, printed=False, reports=folder / "none"), store, folder / "again")
    found: list[Row] = pq.read_table(folder / "again" / "decisions.parquet").to_pylist()
    return found


class Paid:
    """A tape on which every debtor has paid what the outlook names, or a cent less."""

    def __init__(self, rows: Sequence[Row], found: Sequence[Payment]) -> None:
        self.rows = rows
        self.payments = {one.debtor_id: one.payment for one in found if one.payment is not None}

    def write(self, path: Path, less: Decimal) -> Path:
        """Settle the oldest arrears first, and write the tape."""
        left = {debtor: paid - less for debtor, paid in self.payments.items()}
        order = sorted(self.rows, key=lambda r: (r["oldest_unpaid_due_date"], r["exposure_id"]))
        after = {row["exposure_id"]: dict(row) for row in self.rows}
        for row in order:
            owed = Decimal(row["past_due_amount"] or 0)
            settled = min(owed, left.get(row["debtor_id"], Decimal(0)))
            if settled:
                left[row["debtor_id"]] -= settled
                mine = after[row["exposure_id"]]
                mine["past_due_amount"] = str(owed - settled)
                mine["oldest_unpaid_due_date"] *= settled < owed
                mine["last_payment_date"] = QUARTERS[1].isoformat()
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(after.values())
        return path


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    path = tmp_path_factory.mktemp("bank") / "tape.csv"
    write_bank_tape(path, QUARTERS[1], size=2_000)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def severities(
    rules: str, rows: Sequence[Row], debtors: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, str, str], int]]:
    """Of every debtor's portions, how severe each decision is."""
    book = load_rulebook(rules, QUARTERS[1])
    for row in rows:
        for decision in book.decisions:
            place = (row["exposure_id"], row["portion"], decision.name)
            yield debtors[row["exposure_id"]], place, decision.severity(row[decision.name])


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["TW", "EU", "BASEL", "IN", "CN", "HK", "US", "SG", "MY"])
def test_every_payment_on_a_made_bank(
    tmp_path: Path, bank: list[Row], rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All debtors pay at once in one new run: each is cured, or nothing worsens by the last day.

    With a cent less, each of them stays nonperforming, or has something that worsens.
    """
    monkeypatch.setattr(module, "LISTED", 10_000)
    currency = load_rulebook(rules, QUARTERS[1]).file.currency
    rows = [{**row, "currency": currency} for row in bank]
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    tape = Paid(rows, ()).write(tmp_path / "tape.csv", CENT)
    asked = Request(TapeSource(tape), rules, QUARTERS[1], printed=False, reports=tmp_path / "none")
    name = run(asked, store, tmp_path).run.id
    now: list[Row] = pq.read_table(tmp_path / "decisions.parquet").to_pylist()
    found = outlook(store, name).found
    debtors = {row["exposure_id"]: row["debtor_id"] for row in rows}

    cures = Paid(rows, found.largest[CURE])
    for less in (Decimal(0), CENT):
        paid = TapeSource(cures.write(tmp_path / f"cure-{less}.csv", less))
        told = statuses(tmp_path, paid, rules, QUARTERS[1])
        bad = {debtors[e] for e, status in told.items() if status == "nonperforming"}
        assert bad & set(cures.payments) == (set(cures.payments) if less else set())

    kept = Paid(rows, found.largest[PREVENT])
    before = {place: worse for _, place, worse in severities(rules, now, debtors)}
    last = QUARTERS[1] + timedelta(days=90)
    for less in (Decimal(0), CENT):
        paid = TapeSource(kept.write(tmp_path / f"prevent-{less}.csv", less))
        later = severities(rules, decided(tmp_path, paid, rules, last), debtors)
        bad = {debtor for debtor, place, worse in later if worse > before[place]}
        assert bad & set(kept.payments) == (set(kept.payments) if less else set())


def test_a_long_schedule_is_searched_to_the_cent_too(tmp_path: Path) -> None:
    """Of 300 weekly instalments of 1.01, all due more than 90 days ago have to be paid whole."""
    first = AS_OF - timedelta(weeks=299)
    days = [first + timedelta(weeks=number) for number in range(300)]
    schedule = "exposure_id,due_date,amount_due\n" + "".join(f"E1,{day},1.01\n" for day in days)
    late = sum((AS_OF - day).days > 90 for day in days)
    assert late == 287
    (cure,) = looked(tmp_path, [{}], schedule=schedule).found.largest[CURE]
    assert cure.payment == late * Decimal("1.01")
