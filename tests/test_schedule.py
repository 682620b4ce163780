"""Arrears from instalments and payments: by hand, and against an oracle that pays day by day."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from exampleland import AS_OF, rulebook, write_tape
from tapes import REPORTING_DATE, Read, Reader, csv_text
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store
from npl_reporting.law.columns import Column
from npl_reporting.law.rulefile import APPROPRIATION, Part
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.run import run
from npl_reporting.submission.replay import replay

PARTS: tuple[Part, ...] = ("costs", "interest", "principal")
PAST_DUE = {f"past_due_{p}": Column(type="money", meaning={"en": p}) for p in PARTS}
WHOLE = "exposure_id,due_date,amount_due,paid_date,amount_paid\n"
SPLIT = "exposure_id,due_date,costs_due,interest_due,principal_due,paid_date,amount_paid\n"


def read(
    folder: Path, schedule: str, *rows: Mapping[str, object], order: Sequence[Part] = APPROPRIATION,
    quarantine: bool = False,
) -> Read:  # fmt: skip
    """Read loans with a schedule beside them; without rows, the one loan E1."""
    reader = Reader(folder, extra=PAST_DUE, appropriation=order)
    path = reader.write("schedule.csv", schedule)
    return reader.read("tape.csv", csv_text(*(rows or ({},))), schedule=path, quarantine=quarantine)


def arrears(found: Read, number: int = 0) -> tuple[object, object]:
    """Oldest unpaid due date and past-due amount of one exposure."""
    loan = found.exposures[number]
    return loan["oldest_unpaid_due_date"], loan["past_due_amount"]


HISTORIES = {
    "nothing paid": ("E1,2025-07-31,100,,\nE1,2025-08-31,100,,\n", date(2025, 7, 31), 200),
    "paid in full": ("E1,2025-07-31,100,2025-07-31,100\n", None, 0),
    "the oldest is settled first, whatever the payment was meant for": (
        "E1,2025-07-31,100,,\nE1,2025-08-31,100,2025-08-31,100\n", date(2025, 8, 31), 100,
    ),
    "a part of the oldest leaves it the oldest": (
        "E1,2025-07-31,100,2025-08-05,99.99\nE1,2025-08-31,100,,\n",
        date(2025, 7, 31), "100.01",
    ),
    "an instalment of the reporting date counts": (
        "E1,2025-09-30,100,,\n", date(2025, 9, 30), 100,
    ),
    "one of the day after does not": ("E1,2025-10-01,100,,\n", None, 0),
    "a payment of the day after has not come in": (
        "E1,2025-08-31,100,2025-10-01,100\n", date(2025, 8, 31), 100,
    ),
    "a payment without a date has come in": ("E1,2025-08-31,100,,60\n", date(2025, 8, 31), 40),
    "what is paid ahead settles what falls due later": (
        "E1,2025-07-31,100,2025-06-01,150\nE1,2025-08-31,100,,\n", date(2025, 8, 31), 50,
    ),
    "payments stand in rows of their own": (
        "E1,2025-07-31,100,,\nE1,2025-08-31,100,,\nE1,,,2025-08-01,70\nE1,,,2025-09-01,70\n",
        date(2025, 8, 31), 60,
    ),
    "rows come in any order": (
        "E1,2025-08-31,100,,\nE1,2025-07-31,100,2025-09-01,100\n", date(2025, 8, 31), 100,
    ),
    "an instalment of nothing is never overdue": ("E1,2025-07-31,0,,\n", None, 0),
}  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES)
def test_arrears_by_hand(history: str, tmp_path: Path) -> None:
    text, oldest, amount = HISTORIES[history]
    found = read(tmp_path, WHOLE + text)
    assert arrears(found) == (oldest, Decimal(str(amount)))
    assert found.findings == []


@pytest.mark.parametrize(
    ("order", "left"),
    [
        (("costs", "interest", "principal"), (0, 15, 100)),
        (("principal", "interest", "costs"), (10, 30, 75)),
        (("interest", "principal", "costs"), (10, 5, 100)),
    ],
)
def test_a_payment_goes_to_the_parts_in_order(
    order: Sequence[Part], left: Sequence[int], tmp_path: Path
) -> None:
    """25 are paid on costs of 10, interest of 30 and principal of 100."""
    loan = read(tmp_path, SPLIT + "E1,2025-08-31,10,30,100,2025-09-01,25\n", order=order).exposures[
        0
    ]
    assert [loan[f"past_due_{part}"] for part in PARTS] == [Decimal(part) for part in left]
    assert (loan["past_due_amount"], loan["oldest_unpaid_due_date"]) == (115, date(2025, 8, 31))


def test_the_oldest_instalment_is_settled_whole_before_the_next(tmp_path: Path) -> None:
    """Principal of July comes before interest of August, though interest comes first in each."""
    text = SPLIT + "E1,2025-07-31,0,30,100,2025-09-01,125\nE1,2025-08-31,0,30,100,,\n"
    loan = read(tmp_path, text).exposures[0]
    assert (loan["past_due_interest"], loan["past_due_principal"]) == (30, 105)
    assert loan["oldest_unpaid_due_date"] == date(2025, 7, 31)


def test_parts_are_kept_only_where_the_rulebook_knows_them(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    path = reader.write("schedule.csv", SPLIT + "E1,2025-08-31,10,30,100,,\n")
    loan = reader.read("tape.csv", csv_text({}), schedule=path).exposures[0]
    assert loan["past_due_amount"] == 140
    assert "past_due_interest" not in loan


def test_an_exposure_outside_the_schedule_keeps_what_the_tape_says(tmp_path: Path) -> None:
    rows = [
        {"exposure_id": "E1"},
        {"exposure_id": "E2", "oldest_unpaid_due_date": "2025-06-30", "past_due_amount": "5"},
        {"exposure_id": "E3"},
    ]
    found = read(tmp_path, WHOLE + "E1,2025-08-31,100,,\nE3,2025-08-31,100,,100\n", *rows)
    assert arrears(found, 0) == (date(2025, 8, 31), 100)
    assert arrears(found, 1) == (date(2025, 6, 30), 5)
    assert arrears(found, 2) == (None, 0)
    assert [(f.check, f.exposure_id, f.column, f.expected) for f in found.findings] == [
        ("R-17", "E1", "oldest_unpaid_due_date", "2025-08-31 by the schedule, which counts"),
        ("R-17", "E1", "past_due_amount", "100.00 by the schedule, which counts"),
    ]


def test_the_day_of_the_last_payment_is_taken_where_payments_are_dated(tmp_path: Path) -> None:
    text = WHOLE + "E1,2025-08-31,100,2025-08-30,10\nE1,,,2025-09-15,10\nE1,,,2025-10-02,80\n"
    assert read(tmp_path, text).exposures[0]["last_payment_date"] == date(2025, 9, 15)


FAULTS = {
    "a date that is none": (
        "E1,31/08/2025,100,,\n", "S-10", "schedule due_date", "31/08/2025",
        "a day written YYYY-MM-DD, in row 2 of the schedule",
    ),
    "an amount with too many decimals": (
        "E1,2025-08-31,100.005,,\n", "S-04", "schedule amount_due", "100.005",
        "a plain number with at most 2 decimals, in row 2 of the schedule",
    ),
    "too few cells": ("E1,2025-08-31,100\n", "S-18", None, "3 cells", "see row 2 of the schedule"),
    "an amount without its date": (
        "E1,,100,,\n", "R-14", "schedule due_date", None, "see row 2 of the schedule",
    ),
    "a date without an amount": (
        "E1,2025-08-31,,,\n", "R-14", "schedule due_date", "2025-08-31",
        "see row 2 of the schedule",
    ),
    "the date of no payment": (
        "E1,2025-08-31,100,2025-09-01,\n", "R-14", "schedule due_date", "2025-08-31",
        "see row 2 of the schedule",
    ),
    "a negative instalment": (
        "E1,2025-08-31,-100,,\n", "R-15", "schedule amount_paid", "-100.00",
        "see row 2 of the schedule",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_row_is_a_finding_on_its_exposure(fault: str, tmp_path: Path) -> None:
    text, check, column, value, expected = FAULTS[fault]
    (finding,) = read(tmp_path, WHOLE + text).findings
    assert (finding.check, finding.column, finding.value, finding.expected) == (
        check, column, value, expected,
    )  # fmt: skip
    assert (finding.row, finding.exposure_id, finding.severity) == (2, "E1", "error")


def test_quarantine_sets_the_exposure_of_a_bad_row_aside(tmp_path: Path) -> None:
    rows = [{"exposure_id": "E1"}, {"exposure_id": "E2"}]
    text = WHOLE + "E1,2025-08-31,about 100,,\nE1,2025-07-31,100,,\nE2,2025-08-31,100,,\n"
    found = read(tmp_path, text, *rows, quarantine=True)
    assert [loan["exposure_id"] for loan in found.set_aside] == ["E1"]
    assert [loan["exposure_id"] for loan in found.exposures] == ["E2"]
    assert found.tape.blocking == 0


def test_a_row_that_names_no_exposure_blocks_even_then(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE + ",2025-08-31,100,,\n", quarantine=True)
    assert (found.failed, found.tape.blocking) == (["S-01"], 1)


def test_each_exposure_that_the_tape_lacks_is_named_once(tmp_path: Path) -> None:
    text = WHOLE + "E9,2025-07-31,100,,\nE9,2025-08-31,100,,\nE1,2025-08-31,100,,100\n"
    (finding,) = read(tmp_path, text).findings
    assert (finding.check, finding.severity, finding.row, finding.value) == (
        "R-16", "warning", None, "E9",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("exposure_id,amount_due", "the schedule has no column 'due_date'"),
        ("exposure_id,due_date", "the schedule has no column 'amount_due'"),
        (
            "exposure_id,due_date,amount_due,interest_due",
            "the schedule has both amount_due and interest_due; give the whole or its parts",
        ),
    ],
)
def test_a_file_that_is_no_schedule_is_refused(header: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(NplError, match=words):
        read(tmp_path, f"{header}\n{',' * header.count(',')}\n")


def test_a_rule_file_names_each_part_once(tmp_path: Path) -> None:
    order = "currency: TWD\nappropriation: [interest, principal, costs]"
    book = rulebook(tmp_path, "order", {"currency: TWD": order})
    assert book.file.appropriation == ("interest", "principal", "costs")
    with pytest.raises(NplError, match="must name each part of an instalment once"):
        rulebook(tmp_path, "twice", {"currency: TWD": order.replace("costs", "interest")})


@pytest.mark.slow
def test_a_run_keeps_its_schedule_and_is_replayed_with_it(tmp_path: Path) -> None:
    """The tape says nothing of arrears; by the schedule 200 days are past due."""
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    tape = write_tape(tmp_path / "tape.csv", [{"exposure_id": "E1"}])
    schedule = tmp_path / "schedule.csv"
    schedule.write_text(WHOLE + "E1,2025-03-14,50,2025-03-14,10\n", encoding="utf-8")
    rules = str(rulebook(tmp_path).path)
    plain = run(Request(TapeSource(tape), rules, AS_OF, printed=False), store).run
    settled = run(
        Request(TapeSource(tape, schedule=schedule), rules, AS_OF, printed=False), store
    ).run
    assert plain.id != settled.id
    assert {rule for case in store.cases(plain.id) for rule in case.rules} == set()
    assert {rule for case in store.cases(settled.id) for rule in case.rules} == {
        "overdue", "rate-half",
    }  # fmt: skip
    assert settled.control_totals["past_due_amount"] == {
        "read": "40.00", "used": "40.00", "set_aside": "0",
    }  # fmt: skip
    assert [file.name for file in store.files(settled.id) if file.role == "schedule"] == [
        "schedule.csv"
    ]
    assert replay(store, settled.id).same


def test_the_order_of_appropriation_is_the_rulebooks(tmp_path: Path) -> None:
    """Of 25 paid, principal takes all where the rule file says so: interest of 30 stays due."""
    column = "columns:\n  past_due_interest: {type: money, meaning: {en: I}}\nfacts:\n  days"
    rules = rulebook(
        tmp_path,
        "order",
        {
            "currency: TWD": "currency: TWD\nappropriation: [principal, interest, costs]",
            "facts:\n  days": column,
            "bankrupt: bankruptcy_date is not null": "bankrupt: past_due_interest >= 30",
        },
    )
    schedule = tmp_path / "schedule.csv"
    schedule.write_text(SPLIT + "E1,2025-08-31,10,30,100,2025-09-01,25\n", encoding="utf-8")
    tape = TapeSource(write_tape(tmp_path / "tape.csv", [{}]), schedule=schedule)
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    stored = run(Request(tape, str(rules.path), AS_OF, printed=False), store).run
    assert "bankruptcy" in {rule for case in store.cases(stored.id) for rule in case.rules}


def test_the_check_command_reads_a_schedule(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "tape.csv", [{"exposure_id": "E1"}])
    schedule = tmp_path / "schedule.csv"
    schedule.write_text(WHOLE + "E9,2025-03-14,50,,\n", encoding="utf-8")
    call = ["check", str(tape), "--rules", str(rulebook(tmp_path).path), "--as-of", str(AS_OF)]
    told = CliRunner().invoke(app, [*call, "--schedule", str(schedule)]).stdout
    assert "R-16 the tape, exposure E9, found 'E9'" in told


# The oracle: every day in turn, what falls due is posted and what has come in is paid out.


@dataclass
class Claim:
    """A part of an instalment, with what is left of it."""

    due: date
    part: Part
    left: Decimal


@dataclass
class Account:
    """One exposure's instalments and payments as they were drawn, in the order of the file."""

    instalments: list[tuple[date, dict[Part, Decimal]]] = field(default_factory=list)
    payments: list[tuple[date | None, Decimal]] = field(default_factory=list)

    def settle(self, order: Sequence[Part], today: date) -> list[Claim]:
        """What is unpaid on a day, the oldest first."""
        claims: list[Claim] = []
        purse = sum((paid for day, paid in self.payments if day is None), Decimal(0))
        day = min([today, *(due for due, _ in self.instalments), *self._paid_days()])
        while day <= today:
            for part in order:
                for due, parts in self.instalments:
                    if due == day and parts[part]:
                        claims.append(Claim(due, part, parts[part]))
            purse += sum((paid for when, paid in self.payments if when == day), Decimal(0))
            for claim in claims:
                paid = min(claim.left, purse)
                claim.left -= paid
                purse -= paid
            day += timedelta(days=1)
        return [claim for claim in claims if claim.left]

    def _paid_days(self) -> list[date]:
        return [day for day, _ in self.payments if day is not None]


def drawn(generator: random.Random) -> Account:
    """A history of at most eight instalments and ten payments around the reporting date."""
    account = Account()
    for _ in range(generator.randint(0, 8)):
        due = REPORTING_DATE + timedelta(days=generator.randint(-200, 40))
        parts = {p: Decimal(generator.choice([0, 0, 5, 999, 10_000])) / 100 for p in PARTS}
        account.instalments.append((due, parts))
    for _ in range(generator.randint(0, 10)):
        when = REPORTING_DATE + timedelta(days=generator.randint(-220, 20))
        paid = Decimal(generator.randint(0, 15_000)) / 100
        account.payments.append((generator.choice([when, when, when, None]), paid))
    return account


def lines(number: int, account: Account) -> Iterator[list[Any]]:
    """The account's rows in a schedule."""
    for due, parts in account.instalments:
        yield [f"E{number}", due, *(parts[p] for p in PARTS), None, None]
    for day, paid in account.payments:
        yield [f"E{number}", None, None, None, None, day, paid]


@pytest.mark.parametrize("order", [PARTS, ("principal", "interest", "costs")], ids=str)
def test_500_random_histories_equal_the_oracle(order: Sequence[Part], tmp_path: Path) -> None:
    generator = random.Random(2029)
    accounts = [drawn(generator) for _ in range(500)]
    rows = [line for number, account in enumerate(accounts) for line in lines(number, account)]
    generator.shuffle(rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    loans = [{"exposure_id": f"E{number}"} for number in range(len(accounts))]
    found = read(tmp_path, SPLIT + text.getvalue(), *loans, order=order)
    for account, loan in zip(accounts, found.exposures, strict=True):
        unpaid = account.settle(order, REPORTING_DATE)
        held = {p: sum((c.left for c in unpaid if c.part == p), Decimal(0)) for p in PARTS}
        known = bool(account.instalments or account.payments)
        assert {p: loan[f"past_due_{p}"] or Decimal(0) for p in PARTS} == held
        assert loan["past_due_amount"] == (sum(held.values()) if known else None)
        assert loan["oldest_unpaid_due_date"] == (unpaid[0].due if unpaid else None)
