"""Roll-forward of exposures in other currencies: flows at one rate, the rest exchange, by hand.

A dollar is 30 on 30 June, 32 on 30 September and 31 on average between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

import exampleland
import pytest
from test_movement import EARLY, EXITS, HEADER, JUNE, LATE, SEPTEMBER, SIGNS

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.booked import with_original_amounts
from npl_reporting.portfolio.classify import classify
from npl_reporting.portfolio.exchange import flow_rate
from npl_reporting.portfolio.movement import FLOWS, Opening, declare_movement
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.portfolio.tape import Tape, Terms, read_tape
from npl_reporting.returns.outputs import decisions_sql

RATES = """\
currency,date,kind,rate,source
USD,2025-06-30,closing,30,CB
USD,2025-06-30,average,29,CB
USD,2025-09-30,closing,32,CB
USD,2025-09-30,average,31,CB
KWD,2025-06-30,closing,97.5,CB
KWD,2025-06-30,average,97.5,CB
KWD,2025-09-30,closing,99.123,CB
KWD,2025-09-30,average,98.457,CB
"""


def moved(
    folder: Path, before: Sequence[str], now: Sequence[str], exits: Sequence[str] = (),
    *, rates: str = RATES, policy: str = "average",
) -> dict[str, dict[str, Decimal]]:  # fmt: skip
    """The flows of each exposure that are not zero, between two small tapes with rates."""
    law = folder / "XX.yaml"
    chosen = f"movement: {{flow_rate: {policy}}}\nportions:"
    law.write_text(exampleland.RULES.replace("portions:", chosen, 1), encoding="utf-8")
    rulebook = load_rulebook(str(law))
    texts = {"before.csv": [f"{HEADER},currency", *before], "now.csv": [f"{HEADER},currency", *now],
             "exits.csv": [EXITS, *exits], "rates.csv": [rates]}  # fmt: skip
    for name, lines in texts.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    first, last = folder / "1", folder / "2"
    first.mkdir()
    last.mkdir()
    source = TapeSource(folder / "before.csv", rates=folder / "rates.csv")
    with Engine(first, source.files) as engine:
        _classified(engine, rulebook, source, JUNE)
        engine.write_parquet(decisions_sql(rulebook), first / "opening.parquet")
    opening = Opening(first / "opening.parquet", JUNE)
    source = TapeSource(folder / "now.csv", rates=folder / "rates.csv")
    with Engine(last, [*source.files, opening.decisions, folder / "exits.csv"]) as engine:
        tape = _classified(engine, rulebook, source, SEPTEMBER)
        declare_movement(
            engine, rulebook, tape.columns, opening, SEPTEMBER,
            folder / "exits.csv" if exits else None, tape.rates,
        )  # fmt: skip
        rows = engine.records("SELECT * FROM movement")
        for row in rows:
            assert sum(SIGNS[name] * row[name] for name in FLOWS) == 0
        return {
            row["exposure_id"]: {name: row[name] for name in FLOWS if row[name]} for row in rows
        }


def _classified(engine: Engine, rulebook: Rulebook, source: TapeSource, day: object) -> Tape:
    assert day in (JUNE, SEPTEMBER)
    date = JUNE if day == JUNE else SEPTEMBER
    policy = rulebook.file.movement.flow_rate
    flow = flow_rate(policy, date, JUNE if date == SEPTEMBER else None)
    tape = read_tape(
        engine, source, Terms(rulebook.columns, rulebook.file.currency, date, flow=flow)
    )
    assert not tape.blocking
    relation, columns = with_original_amounts(engine, rulebook, "exposures", tape.columns, date)
    classify(engine, rulebook, columns, date, relation)
    return tape


def loan(
    exposure: str, amount: object, due: str = EARLY, recovered: object = "", lost: object = "",
    currency: str = "USD",
) -> str:  # fmt: skip
    day = "2025-03-31" if lost else ""
    fields = (
        exposure,
        f"D{exposure}",
        "corporate_loan",
        amount,
        due,
        recovered,
        lost,
        day,
        currency,
    )
    return ",".join(map(str, fields))


CASES: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str], Mapping[str, str]]] = {
    # 1000 gain 1 on the way to the average, the 730 that are left another 1 to the closing rate
    "stays": (
        [loan("E", 1000, LATE)], [loan("E", 730, LATE, 120, 150)], [],
        {"opening_nonperforming": "30000", "recovered_in_cash": "3720", "written_off": "4650",
         "exchange_difference": "1730", "closing_nonperforming": "23360"},
    ),
    "stays as it is": (
        [loan("E", 1000, LATE)], [loan("E", 1000, LATE)], [],
        {"opening_nonperforming": "30000", "exchange_difference": "2000",
         "closing_nonperforming": "32000"},
    ),
    "grows": (
        [loan("E", 1000, LATE)], [loan("E", 1010, LATE)], [],
        {"opening_nonperforming": "30000", "further_debits": "310",
         "exchange_difference": "2010", "closing_nonperforming": "32320"},
    ),
    "becomes": (
        [loan("E", 1000)], [loan("E", 800, LATE, 50, 30)], [],
        {"newly_nonperforming": "27280", "recovered_in_cash": "1550", "written_off": "930",
         "exchange_difference": "800", "closing_nonperforming": "25600"},
    ),
    "is cured": (
        [loan("E", 500, LATE)], [loan("E", 450, EARLY, 50)], [],
        {"opening_nonperforming": "15000", "upgraded": "15500", "exchange_difference": "500"},
    ),
    "is sold": (
        [loan("E", 1000, LATE), loan("F", 1)], [loan("F", 1)], ["E,2025-08-01,sold,,"],
        {"opening_nonperforming": "30000", "sold": "31000", "exchange_difference": "1000"},
    ),
    "is repaid": (
        [loan("E", 1000, LATE), loan("F", 1)], [loan("F", 1)], ["E,2025-08-01,repaid,1000,"],
        {"opening_nonperforming": "30000", "recovered_in_cash": "31000",
         "exchange_difference": "1000"},
    ),
    "performs throughout": ([loan("E", 1000)], [loan("E", 990)], [], {}),
    "is in the return's own currency": (
        [loan("E", 1000, LATE, currency="TWD"), loan("F", 1)],
        [loan("E", 900, LATE, 100, currency="TWD"), loan("F", 1)], [],
        {"opening_nonperforming": "1000", "recovered_in_cash": "100",
         "closing_nonperforming": "900"},
    ),
    # 10.001 at 97.5 is 975.0975, 9.001 at 99.123 is 892.206123, 1 at 98.457
    "has three decimals": (
        [loan("E", "10.001", LATE, currency="KWD")], [loan("E", "9.001", LATE, 1, currency="KWD")],
        [],
        {"opening_nonperforming": "975.10", "recovered_in_cash": "98.46",
         "exchange_difference": "15.57", "closing_nonperforming": "892.21"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_exchange_is_what_the_flows_leave(tmp_path: Path, case: str) -> None:
    before, now, exits, expected = CASES[case]
    found = moved(tmp_path, before, now, exits)["E"]
    assert found == {name: Decimal(value) for name, value in expected.items()}


@pytest.mark.parametrize(("policy", "cash", "exchange"), [
    ("average", 3100, 1900), ("closing", 3200, 2000), ("opening", 3000, 1800),
])  # fmt: skip
def test_the_rate_of_flows_is_the_rulebooks_choice(
    tmp_path: Path, policy: str, cash: int, exchange: int
) -> None:
    """100 of 1000 come in: 900 at 32 are 28800, and 30000 less the cash is the rest."""
    found = moved(tmp_path, [loan("E", 1000, LATE)], [loan("E", 900, LATE, 100)], policy=policy)
    assert found["E"]["recovered_in_cash"] == cash
    assert found["E"]["exchange_difference"] == exchange


def test_a_missing_average_is_named_with_the_exposures(tmp_path: Path) -> None:
    rates = RATES.replace("USD,2025-09-30,average,31,CB\n", "")
    before = [loan("E", 1000, LATE), loan("F", 1000, LATE), loan("G", 1)]
    now = [loan("E", 1000, LATE), loan("F", 1001, LATE), loan("G", 1)]
    with pytest.raises(DataError) as raised:
        moved(tmp_path, before, now, rates=rates)
    (problem,) = raised.value.problems
    assert problem.what == (
        "no average rate of USD for 2025-09-30, which the flows of F need; the file has 2025-06-30"
    )


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_left_over_on_any_tape(tmp_path: Path, seed: int) -> None:
    """Two hundred exposures of three currencies: the roll-forward holds for each to the unit."""
    chance = Random(seed)
    before, now = [], []
    for number in range(200):
        currency = chance.choice(("USD", "KWD", "TWD"))
        owed = Decimal(chance.randrange(1, 10**7)) / 100
        cash = min(owed, Decimal(chance.randrange(0, 10**6)) / 100) * chance.randrange(2)
        lost = min(owed - cash, Decimal(chance.randrange(0, 10**6)) / 100) * chance.randrange(2)
        debit = Decimal(chance.randrange(0, 10**5)) / 100 * chance.randrange(2)
        was, becomes = chance.choice((LATE, EARLY)), chance.choice((LATE, EARLY))
        before.append(loan(f"E{number}", owed, was, currency=currency))
        left = owed - cash - lost + debit
        now.append(loan(f"E{number}", left, becomes, cash or "", lost or "", currency))
    assert len(moved(tmp_path, before, now)) == 200
