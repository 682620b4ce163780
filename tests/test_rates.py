"""Rates read strictly, and a tape in several currencies brought into one, by hand to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from exampleland import AS_OF, write_rules
from exampleland import write_tape as write_exampleland_tape
from tapes import REPORTING_DATE, Read, Reader, csv_text

from npl_reporting.engine import Engine
from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store
from npl_reporting.outlook import outlook
from npl_reporting.portfolio.dues import FOREIGN_CURRENCY
from npl_reporting.portfolio.payments import CURE
from npl_reporting.portfolio.rates import Rates, rate_columns, read_rates
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Finished, Request
from npl_reporting.run import run
from npl_reporting.submission.replay import replay

HEAD = "currency,date,kind,rate,source\n"
SOUND = (
    HEAD + "USD,2025-09-30,closing,30.455,Central bank\nUSD,2025-09-30,average,29.9,Central bank\n"
)


def rates(folder: Path, text: str, name: str = "rates.csv") -> Rates:
    """Read a file of rates into TWD."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with TemporaryDirectory() as work, Engine(Path(work), [path]) as engine:
        return read_rates(engine, path, "TWD")


def read(folder: Path, text: str, *rows: Mapping[str, object], **options: object) -> Read:
    """Read loans with these rates beside them."""
    reader = Reader(folder)
    path = reader.write("rates.csv", text)
    return reader.read("tape.csv", csv_text(*rows), rates=path, **options)


def test_rates_are_exact(tmp_path: Path) -> None:
    found = rates(tmp_path, SOUND)
    closing = found.of("USD", "closing", date(2025, 9, 30))
    assert closing and closing.factor == Fraction(30455, 1000) and closing.source == "Central bank"
    assert found.of("USD", "closing", date(2025, 6, 30)) is None


def test_a_rate_may_be_for_many_units_or_the_other_way_round(tmp_path: Path) -> None:
    found = rates(
        tmp_path,
        "currency,date,kind,rate,units,quotation,against,source\n"
        "JPY,2025-09-30,closing,20.55,100,direct,TWD,Central bank\n"
        "USD,2025-09-30,closing,0.032,1,indirect,,Central bank\n"
        "EUR,2025-09-30,closing,35.75,,,,Central bank\n",
    )
    factors = {code: rate.factor for (code, _, _), rate in found.found.items()}
    assert factors == {
        "JPY": Fraction(2055, 10000), "USD": Fraction(1000, 32), "EUR": Fraction(3575, 100),
    }  # fmt: skip


def test_yaml_holds_the_same(tmp_path: Path) -> None:
    text = (
        "rates:\n"
        "  - {currency: USD, date: 2025-09-30, kind: closing, rate: 30.455, source: Central bank}\n"
        "  - {currency: USD, date: 2025-09-30, kind: average, rate: 29.9, source: Central bank}\n"
    )
    found, table = rates(tmp_path, text, "rates.yaml"), rates(tmp_path, SOUND)
    assert {k: r.factor for k, r in found.found.items()} == {
        k: r.factor for k, r in table.found.items()
    }


FAULTS = {
    "zero": (
        "USD,2025-09-30,closing,0,CB", "rates.csv:2: the rate 0 is zero; a rate is above zero"
    ),
    "negative": (
        "USD,2025-09-30,closing,-30.1,CB",
        "rates.csv:2: the rate -30.1 is negative; a rate is above zero",
    ),
    "no number": (
        'USD,2025-09-30,closing,"30,1",CB',
        "rates.csv:2: the rate '30,1' is no plain number; write digits and one decimal point",
    ),
    "exponent": (
        "USD,2025-09-30,closing,3e1,CB",
        "rates.csv:2: the rate '3e1' is no plain number; write digits and one decimal point",
    ),
    "too many digits": (
        "USD,2025-09-30,closing,30.12345678901234,CB",
        "rates.csv:2: the rate 30.12345678901234 has more than 15 digits; round it where it is made",
    ),
    "unknown currency": (
        "USX,2025-09-30,closing,30,CB",
        "rates.csv:2: 'USX' is no currency code; write an ISO 4217 code, such as USD",
    ),
    "own currency": (
        "TWD,2025-09-30,closing,1,CB",
        "rates.csv:2: a rate of TWD against itself; leave the row out",
    ),
    "twice": (
        "USD,2025-09-30,closing,30,CB\nUSD,2025-09-30,closing,30,CB",
        "rates.csv:3: the closing rate of USD for 2025-09-30 stands twice; line 2 has it already",
    ),
    "no such day": (
        "USD,2025-09-31,closing,30,CB", "rates.csv:2: date is '2025-09-31'; expected: a day written YYYY-MM-DD"
    ),
    "no such kind": (
        "USD,2025-09-30,spot,30,CB",
        "rates.csv:2: kind is 'spot'; expected: closing | average",
    ),
    "no source": ("USD,2025-09-30,closing,30,", "rates.csv:2: source is ''; expected: plain text"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_rate_is_named_with_its_line(tmp_path: Path, fault: str) -> None:
    row, message = FAULTS[fault]
    with pytest.raises(NplError) as raised:
        rates(tmp_path, HEAD + row + "\n")
    assert str(raised.value.problems[0]).rpartition("/")[2] == message


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = "rates:\n" + "".join(
        f"  - {{currency: {code}, date: 2025-09-30, kind: closing, rate: {rate}, source: CB}}\n"
        for code, rate in (("USD", 0), ("USX", 30), ("EUR", -1))
    )
    with pytest.raises(NplError) as raised:
        rates(tmp_path, text, "rates.yaml")
    assert [problem.line for problem in raised.value.problems] == [2, 3, 4]


def test_a_rate_against_another_currency(tmp_path: Path) -> None:
    text = "currency,date,kind,rate,against,source\nEUR,2025-09-30,closing,1.17,USD,CB\n"
    with pytest.raises(NplError, match="2: the rate is against USD, the return is in TWD"):
        rates(tmp_path, text)


def test_a_file_without_a_column(tmp_path: Path) -> None:
    with pytest.raises(NplError, match="the file has no column 'source'"):
        rates(tmp_path, "currency,date,kind,rate\nUSD,2025-09-30,closing,30\n")


def test_every_column_is_described() -> None:
    assert all(column.meaning.keys() >= {"en", "zh-TW"} for column in rate_columns().values())


# The tape.


def test_money_is_converted_and_the_original_kept(tmp_path: Path) -> None:
    """100.01 at 30.455 is 3045.80455; 0.01 is 0.30455."""
    found = read(
        tmp_path, SOUND,
        {"currency": "USD", "outstanding_principal": "100.01", "collateral_value": "0.01",
         "collateral_type": "land"},
        {"exposure_id": "E2", "outstanding_principal": "5", "currency": "TWD"},
        {"exposure_id": "E3", "outstanding_principal": "7.77"},
    )  # fmt: skip
    assert found.tape.errors == 0
    dollar, local, unnamed = found.exposures
    assert (dollar["outstanding_principal"], dollar["collateral_value"]) == (
        Decimal("3045.80"), Decimal("0.30"),
    )  # fmt: skip
    assert (dollar["currency"], dollar["exchange_rate"]) == ("USD", "30.455")
    assert dollar["original_outstanding_principal"] == Decimal("100.01")
    assert (local["outstanding_principal"], local["exchange_rate"]) == (5, None)
    assert (unnamed["outstanding_principal"], unnamed["exchange_rate"]) == (Decimal("7.77"), None)
    (converted,) = found.tape.converted
    assert (converted.rows, converted.rate.text) == (1, "30.455")
    assert found.tape.totals["outstanding_principal"].used == Decimal("3058.57")


def test_what_was_recovered_takes_the_average(tmp_path: Path) -> None:
    found = read(tmp_path, SOUND, {"currency": "USD", "recovered_amount": "10"})
    assert found.exposures[0]["recovered_amount"] == 299


@pytest.mark.parametrize("amount", ["0.00", "0.01", "0.05", "-0.05", "1.50", "99999999999.99"])
@pytest.mark.parametrize(
    "rate", ["0.1", "0.3", "0.5", "30.455", "0.000000000001", "33.3333333333333"]
)
@pytest.mark.parametrize("quotation", ["direct", "indirect"])
def test_rounded_once_half_away_from_zero(
    tmp_path: Path, amount: str, rate: str, quotation: str
) -> None:
    text = (
        f"currency,date,kind,rate,quotation,source\nUSD,2025-09-30,closing,{rate},{quotation},CB\n"
    )
    found = read(tmp_path, text, {"currency": "USD", "collateral_value": amount})
    with localcontext() as context:
        context.prec = 80
        factor = Decimal(rate) if quotation == "direct" else 1 / Decimal(rate)
        expected = (Decimal(amount) * factor).quantize(Decimal("0.01"), ROUND_HALF_UP)
    value = found.exposures[0]["collateral_value"]
    fits = abs(expected) < 10**16
    assert value == (expected if fits else None)


def test_a_currency_with_other_minor_units(tmp_path: Path) -> None:
    """Yen have no decimals, dinars have three, and neither is rounded before it is converted."""
    text = HEAD + "JPY,2025-09-30,closing,0.2055,CB\nKWD,2025-09-30,closing,99.875,CB\n"
    found = read(
        tmp_path, text,
        {"currency": "JPY", "outstanding_principal": "1000001"},
        {"exposure_id": "E2", "currency": "KWD", "outstanding_principal": "1.001"},
    )  # fmt: skip
    assert [row["outstanding_principal"] for row in found.exposures] == [
        Decimal("205500.21"), Decimal("99.97"),  # 205500.2055; 99.974875
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "amount"), [("TWD", "1.001"), ("JPY", "1.1"), ("KWD", "1.0001")])
def test_more_decimals_than_the_currency_has(tmp_path: Path, code: str, amount: str) -> None:
    text = HEAD + "JPY,2025-09-30,closing,0.2055,CB\nKWD,2025-09-30,closing,99.875,CB\n"
    found = read(tmp_path, text, {"currency": code, "outstanding_principal": amount})
    assert found.tape.errors == 1
    assert found.findings[0].column == "outstanding_principal"


def test_a_missing_rate_names_currency_date_and_rows(tmp_path: Path) -> None:
    text = HEAD + "USD,2025-06-30,closing,29,CB\nUSD,2025-09-29,closing,30,CB\n"
    with pytest.raises(NplError) as raised:
        read(
            tmp_path, text, {"currency": "USD"}, {"exposure_id": "E2", "currency": "TWD"},
            {"exposure_id": "E3", "currency": "USD"}, {"exposure_id": "E4", "currency": "EUR"},
        )  # fmt: skip
    eur, usd = (str(problem).rpartition("/")[2] for problem in raised.value.problems)
    assert eur == (
        "rates.csv: no closing rate of EUR for 2025-09-30, which row 5 of the tape needs; "
        "add it to the file"
    )
    assert usd == (
        "rates.csv: no closing rate of USD for 2025-09-30, which rows 2, 4 of the tape need; "
        "the file has 2025-06-30, 2025-09-29; add it to the file"
    )


def test_an_average_is_needed_only_where_something_flowed(tmp_path: Path) -> None:
    text = HEAD + "USD,2025-09-30,closing,30,CB\n"
    row = {"currency": "USD", "recovered_amount": "0"}
    assert read(tmp_path, text, row).exposures[0]["recovered_amount"] == 0
    with pytest.raises(NplError, match="no average rate of USD for 2025-09-30, which row 2"):
        read(tmp_path, text, {**row, "recovered_amount": "1"})


def test_an_unknown_currency_is_a_finding(tmp_path: Path) -> None:
    found = read(tmp_path, SOUND, {"currency": "USX"})
    assert [finding.column for finding in found.findings] == ["currency"]


def test_too_large_once_converted(tmp_path: Path) -> None:
    row = {"currency": "USD", "outstanding_principal": "999999999999999.99"}
    found = read(tmp_path, SOUND, row, quarantine=True)
    assert found.tape.counts.set_aside == 1


def test_a_schedule_is_in_the_currency_of_the_exposure(tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.csv"
    schedule.write_text("exposure_id,due_date,amount_due\nE1,2025-08-31,10.01\n", encoding="utf-8")
    found = read(tmp_path, SOUND, {"currency": "USD"}, schedule=schedule)
    assert found.exposures[0]["past_due_amount"] == Decimal("304.85")  # 304.85455


def test_without_foreign_rows_nothing_changes(tmp_path: Path) -> None:
    found = read(tmp_path, SOUND, {"outstanding_principal": "1.23"})
    assert found.tape.converted == ()
    assert found.exposures[0]["outstanding_principal"] == Decimal("1.23")
    assert REPORTING_DATE == date(2025, 9, 30)


# A run.


def test_a_run_keeps_its_rates_and_comes_out_the_same_again(tmp_path: Path) -> None:
    """Two quarters in two currencies: archived, part of the id, replayed, told on page one."""
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    text = HEAD + "".join(
        f"USD,{day},{kind},{rate},Central bank\n"
        for day, kind, rate in (
            ("2025-06-30", "closing", 30), ("2025-06-30", "average", 30),
            ("2025-09-30", "closing", 32), ("2025-09-30", "average", 31),
        )
    )  # fmt: skip
    late = {"oldest_unpaid_due_date": "2025-01-31", "written_off_amount": "0"}
    first = _run(store, tmp_path, text, date(2025, 6, 30), None,
                 {**late, "currency": "USD", "outstanding_principal": "1000", "past_due_amount": "9"})  # fmt: skip
    last = _run(store, tmp_path, text, AS_OF, first.run.id,
                {**late, "currency": "USD", "outstanding_principal": "900", "recovered_amount": "100",
                 "past_due_amount": "9"})  # fmt: skip
    (told,) = last.run.warnings
    assert told["en"] == (
        "Amounts in USD were converted at 32, the closing rate of 2025-09-30 (Central bank); rows: 1."
    )
    kept = [file.name for file in store.files(last.run.id) if file.role == "rates"]
    assert kept == ["rates.csv"]
    assert replay(store, last.run.id).same
    other = _run(store, tmp_path, text.replace("31,C", "31.0,C"), AS_OF, first.run.id, {
        **late, "currency": "USD", "outstanding_principal": "900", "recovered_amount": "100",
        "past_due_amount": "9",
    })  # fmt: skip
    assert other.run.id != last.run.id
    found = outlook(store, last.run.id).found.largest[CURE]
    assert [(one.amount, one.payment, one.reason) for one in found] == [
        (Decimal(28800), None, FOREIGN_CURRENCY)
    ]


def _run(
    store: Store, folder: Path, text: str, day: date, prior: str | None, row: Mapping[str, object]
) -> Finished:
    (folder / "rates.csv").write_text(text, encoding="utf-8")
    tape = write_exampleland_tape(folder / f"{day}.csv", [row, {"currency": "TWD"}])
    source = TapeSource(tape, rates=folder / "rates.csv")
    rules = str(write_rules(folder))
    asked = Request(source, rules, day, prior, printed=False, reports=folder / "none")
    return run(asked, store)
