"""The roll-forward of nonperforming exposures, each flow by hand, and zero left over always.

Exampleland calls more than 90 days nonperforming. The terms are those of the shared formulas of
roll-forwards: what becomes nonperforming enters with the balance it had that day; a payment that
cures is part of what is upgraded unless the rule file splits it; a sale and a transfer are neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import exampleland
import pytest

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, NplError
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.classify import classify
from npl_reporting.portfolio.movement import FLOWS, FLOWS_UNKNOWN, Opening, declare_movement
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.portfolio.tape import Terms, read_tape
from npl_reporting.returns.outputs import decisions_sql

JUNE, SEPTEMBER = date(2025, 6, 30), date(2025, 9, 30)
LATE, EARLY = "2024-12-31", ""
"""Oldest unpaid due dates of what is nonperforming on both days, and of what is not past due."""

HEADER = (
    "exposure_id,debtor_id,product_type,outstanding_principal,oldest_unpaid_due_date,"
    "recovered_amount,written_off_amount,write_off_date"
)
EXITS = "exposure_id,exit_date,reason,cash_received,written_off"
SIGNS = dict.fromkeys(FLOWS, 1) | dict.fromkeys(
    ("recovered_in_cash", "upgraded", "written_off", "sold", "closing_nonperforming"), -1
)


def rulebook_of(folder: Path, *, split: bool = False) -> Rulebook:
    text = exampleland.RULES
    if split:
        text = text.replace("portions:", "movement: {split_cure_payment: true}\nportions:")
    path = folder / "XX.yaml"
    path.write_text(text, encoding="utf-8")
    return load_rulebook(str(path))


def moved(
    folder: Path, before: Sequence[str], now: Sequence[str], exits: Sequence[str] = (),
    *, split: bool = False, header: str = HEADER,
) -> dict[str, dict[str, Decimal]]:  # fmt: skip
    """The flows of each exposure that are not zero, between two small tapes."""
    rulebook = rulebook_of(folder, split=split)
    paths = {name: folder / f"{name}.csv" for name in ("before", "now", "exits")}
    paths["before"].write_text("\n".join((header, *before)) + "\n", encoding="utf-8")
    paths["now"].write_text("\n".join((header, *now)) + "\n", encoding="utf-8")
    paths["exits"].write_text("\n".join((EXITS, *exits)) + "\n", encoding="utf-8")
    first, last = folder / "1", folder / "2"
    opening = first / "opening.parquet"
    first.mkdir()
    last.mkdir()
    with Engine(first, [paths["before"]]) as engine:
        _classified(engine, rulebook, paths["before"], JUNE)
        engine.write_parquet(decisions_sql(rulebook), opening)
    with Engine(last, [paths["now"], opening, paths["exits"]]) as engine:
        present = _classified(engine, rulebook, paths["now"], SEPTEMBER)
        reason = declare_movement(
            engine, rulebook, present, Opening(opening, JUNE), SEPTEMBER,
            paths["exits"] if exits else None,
        )  # fmt: skip
        if reason:
            return {reason: {}}
        rows = engine.records(f"SELECT exposure_id, {', '.join(FLOWS)} FROM movement")
        return {
            row["exposure_id"]: {name: row[name] for name in FLOWS if row[name]} for row in rows
        }


def _classified(engine: Engine, rulebook: Rulebook, tape: Path, day: date) -> Sequence[str]:
    terms = Terms(rulebook.columns, rulebook.file.currency, day)
    read = read_tape(engine, TapeSource(tape), terms)
    assert not read.blocking
    classify(engine, rulebook, read.columns, day)
    return read.columns


def row(
    exposure: str, amount: object, due: str = EARLY, recovered: object = "", lost: object = ""
) -> str:
    day = "2025-03-31" if lost else ""
    return f"{exposure},D{exposure},corporate_loan,{amount},{due},{recovered},{lost},{day}"


CASES: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str], Mapping[str, str]]] = {
    # opening 1000, 120 in cash, 150 written off: 730
    "stays": (
        [row("E", 1000, LATE)], [row("E", 730, LATE, 120, 150)], [],
        {"opening_nonperforming": "1000", "recovered_in_cash": "120", "written_off": "150",
         "closing_nonperforming": "730"},
    ),
    # cash of 120, of which 20 were interest: the balance fell by 100, so 20 were debited as well
    "interest-in-cash": (
        [row("E", 1000, LATE)], [row("E", 900, LATE, 120)], [],
        {"opening_nonperforming": "1000", "further_debits": "20", "recovered_in_cash": "120",
         "closing_nonperforming": "900"},
    ),
    # written off so far counts from the day before: 150 now, 100 then
    "cumulative-write-off": (
        [row("E", 1000, LATE, "", 100)], [row("E", 950, LATE, "", 150)], [],
        {"opening_nonperforming": "1000", "written_off": "50", "closing_nonperforming": "950"},
    ),
    # balance on the day it became nonperforming: 800 now, 50 in cash and 30 written off since
    "becomes": (
        [row("E", 1000)], [row("E", 800, LATE, 50, 30)], [],
        {"newly_nonperforming": "880", "recovered_in_cash": "50", "written_off": "30",
         "closing_nonperforming": "800"},
    ),
    "new-and-bad": (
        [], [row("E", 300, LATE)], [],
        {"newly_nonperforming": "300", "closing_nonperforming": "300"},
    ),
    # cured by paying 100 of 1000: the balance before the payment goes up
    "upgraded": (
        [row("E", 1000, LATE)], [row("E", 900, EARLY, 100)], [],
        {"opening_nonperforming": "1000", "upgraded": "1000"},
    ),
    "upgraded-after-loss": (
        [row("E", 1000, LATE)], [row("E", 700, EARLY, 100, 200)], [],
        {"opening_nonperforming": "1000", "written_off": "200", "upgraded": "800"},
    ),
    # closed by payment while still on the tape
    "paid-in-full": (
        [row("E", 1000, LATE)], [row("E", 0, EARLY, 1000)], [],
        {"opening_nonperforming": "1000", "recovered_in_cash": "1000"},
    ),
    "written-off-in-full": (
        [row("E", 1000, LATE)], [row("E", 0, LATE, 100, 900)], [],
        {"opening_nonperforming": "1000", "recovered_in_cash": "100", "written_off": "900"},
    ),
    "repaid-and-gone": (
        [row("E", 1000, LATE)], [], ["E,2025-08-01,repaid,,"],
        {"opening_nonperforming": "1000", "recovered_in_cash": "1000"},
    ),
    "written-off-and-gone": (
        [row("E", 1000, LATE)], [], ["E,2025-08-01,written_off,250,"],
        {"opening_nonperforming": "1000", "recovered_in_cash": "250", "written_off": "750"},
    ),
    "sold": (
        [row("E", 1000, LATE)], [], ["E,2025-08-01,sold,40,60"],
        {"opening_nonperforming": "1000", "recovered_in_cash": "40", "written_off": "60",
         "sold": "900"},
    ),
    "transferred": (
        [row("E", 1000, LATE)], [], ["E,2025-09-30,transferred,,"],
        {"opening_nonperforming": "1000", "other_changes": "-1000"},
    ),
    # good on the day before, written off and gone: it was nonperforming in between
    "good-then-written-off": (
        [row("E", 500)], [], ["E,2025-08-01,written_off,,"],
        {"newly_nonperforming": "500", "written_off": "500"},
    ),
    "good-and-gone": ([row("E", 500)], [], [], {}),
    "good-and-good": ([row("E", 500)], [row("E", 400, EARLY, 100)], [], {}),
    # cash on what was written off in full long ago is income, no recovery of a balance
    "cash-after-write-off": (
        [row("E", 0, LATE, "", 900)], [row("E", 0, LATE, 50, 900)], [], {},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Decimal]]:
    """All of the cases as one book, each with its own name for an exposure."""
    books: tuple[list[str], list[str], list[str]] = ([], [], [])
    for name, case in CASES.items():
        for book, rows in zip(books, case[:3], strict=True):
            book += [re.sub("^E,", f"{name},", row).replace(",DE,", f",D{name},") for row in rows]
    return moved(tmp_path_factory.mktemp("cases"), *books)


@pytest.mark.parametrize("name", CASES)
def test_each_flow_is_what_hand_arithmetic_says(
    name: str, flows: Mapping[str, Mapping[str, Decimal]]
) -> None:
    assert flows[name] == {flow: Decimal(amount) for flow, amount in CASES[name][3].items()}


def test_a_rule_file_may_split_the_payment_that_cures(tmp_path: Path) -> None:
    before, now, exits, _ = CASES["upgraded"]
    flows = moved(tmp_path, before, now, exits, split=True)["E"]
    assert (flows["recovered_in_cash"], flows["upgraded"]) == (Decimal(100), Decimal(900))


STAYS = row("STAYS", 1000, LATE)
REFUSED = {
    "flows that nothing explains": (
        [STAYS, row("A", 1000, LATE), row("B", 1000, LATE), row("C", 1000, LATE, "", 100),
         row("D", 1000, LATE)],
        [STAYS, row("B", 899.99, LATE, 100), row("C", 1000, LATE, "", 90)],
        ["D,2025-08-01,repaid,999,"],
        ["exposure A was nonperforming with 1000.00 and is no longer on the tape",
         "exposure B fell from 1000.00 to 899.99, but only 100.00 recovered",
         "exposure C: the amount written off fell by 10.00",
         "exposure D fell from 1000.00 to 0.00, but only 999.00 recovered"],
    ),
    "exits that fit neither quarter": (
        [STAYS, row("E", 1000, LATE)], [STAYS],
        ["X,2025-08-01,sold,,", "STAYS,2025-08-01,sold,,", "E,2025-06-30,sold,,"],
        ["exits.csv:2: exposure X is not in the prior run",
         "exits.csv:3: exposure STAYS is still on the tape with 1000.00 outstanding",
         "exits.csv:4: exposure E left on 2025-06-30"],
    ),
    "cells that cannot be read": (
        [STAYS, row("E", 1000, LATE)], [STAYS],
        ["E,2025-08-01,gone,,", "F,2025-08-01,sold,-1,", "F,soon,repaid,,"],
        ["exits.csv:2: reason is 'gone'", "exits.csv:3: cash_received is -1",
         "exits.csv:4: exit_date is 'soon'", "exits.csv:4: exposure_id 'F' stands twice"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_stops_the_run_by_name(name: str, tmp_path: Path) -> None:
    before, now, exits, words = REFUSED[name]
    with pytest.raises(DataError) as caught:
        moved(tmp_path, before, now, exits)
    told = str(caught.value)
    assert [each for each in words if each not in told] == []
    assert len(caught.value.problems) == len(words), told


def test_a_cent_is_enough_to_be_unexplained_and_its_absence_is_not(tmp_path: Path) -> None:
    flows = moved(tmp_path, [row("E", 1000, LATE)], [row("E", "900.00", LATE, 100)])
    assert flows["E"]["closing_nonperforming"] == 900


def test_a_prior_run_without_a_single_exposure_of_the_tape_is_another_banks(tmp_path: Path) -> None:
    with pytest.raises(NplError, match="none of the prior run's 1 exposures is on the tape"):
        moved(tmp_path, [row("A", 1)], [row("B", 1)])


def test_a_tape_without_recoveries_leaves_the_flows_unknown(tmp_path: Path) -> None:
    header = "exposure_id,debtor_id,product_type,outstanding_principal,written_off_amount"
    rows = ["E,D,corporate_loan,1000,0"]
    assert moved(tmp_path, rows, rows, header=header) == {FLOWS_UNKNOWN: {}}


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_left_over_for_any_exposure(seed: int, tmp_path: Path) -> None:
    """Random books: every exposure's flows add up, and closing is the stock of the tape."""
    chance = Random(seed)
    before, now, exits, stock = [], [], [], Decimal(0)
    for number in range(300):
        name, balance = f"E{number}", Decimal(chance.randrange(1, 10**9)) / 100
        bad, lost = chance.random() < 0.6, Decimal(chance.choice((0, 1500))) / 100
        before.append(row(name, balance, LATE if bad else EARLY, "", lost))
        cash, loss = (Decimal(chance.randrange(0, 10**8)) / 100 for _ in range(2))
        if chance.random() < 0.2:
            reason = chance.choice(("sold", "transferred", "written_off"))
            exits.append(f"{name},2025-08-15,{reason},{min(cash, balance)},")
            continue
        left = max(balance - cash - loss, Decimal(0)) + Decimal(chance.choice((0, 777))) / 100
        worse = chance.random() < 0.7
        now.append(row(name, left, LATE if worse else EARLY, cash, lost + loss))
        stock += left if worse else 0
    flows = moved(tmp_path, before, now, exits)
    assert {
        name: total
        for name, each in flows.items()
        if (total := sum(SIGNS[flow] * amount for flow, amount in each.items()))
    } == {}
    assert sum(each.get("closing_nonperforming", 0) for each in flows.values()) == stock
