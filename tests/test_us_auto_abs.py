"""Car loans as filed with the SEC, run under US in consecutive quarters, against the filed fields.

AmeriCredit files the days past due of every month. Counted in days, Schedule RC-N agrees with them
throughout. By missed payments, the instructions' first choice, five places differ: a loan whose
payment fell due on the first of a month is 30 (or 91) days late when that month (the third) ends,
but only one (three) payments are unpaid then. Where no days are filed for an open loan, before its
first payment and after repossession, nothing is taken to be past due.

Of its nine charge-offs, six come in the month in which the 120th day falls. Three come earlier, at
72, 90 and 91 days, two of them with the car repossessed: the policy sets the latest day. No balance
is left past the limit at any month's end.

Ally files days for the first month only. From then on an instalment counts as missed in a month
without cash, and as due on the last day of the first such month: it cannot have been due later. So
n months without cash are n payments and 30 x (n - 1) days, and both bases of RC-N agree.

Of its 110 charge-offs, 73 are past 120 days when their month ends. 25 follow three months without
cash before that month: 90 days by the latest reading of the due date, 120 by the earliest. 11 come
a month sooner, all with costs or proceeds of the car's sale on file, and one is what a last payment
left, 244.41.

The other way round, six to 21 open loans a quarter have five months without cash or more and are
not charged off although the rules require it, 190 in all. 120 of them had paid ahead: their balance
is no more than half an instalment above the contractual one, so that nothing was due. The other 70
are 36 loans: 20 the bank charged off later, 6 paid again, 10 did neither by the end of 2020; court
stays and deferrals are not filed. Nor are the deferrals of spring 2020, which raise column A from
23 loans to 190 in one quarter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from auto_abs import (
    ALLY_FILED,
    ALLY_LOANS,
    AMERICREDIT_FILED,
    AS_FILED,
    BY_DAYS,
    CONTRACT,
    FILES,
    by_quarter,
    decide,
    declare_tape,
)

from npl_reporting.engine import Engine, literal
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.classify import TREATED
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.run import run

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in FILES),
    reason="../shared/data is not there, and the filings may not be copied into the repository",
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine that may read the filings."""
    with Engine(tmp_path, FILES, small=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def ally_quarters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Ally's open loans of every quarter, decided."""
    with Engine(tmp_path_factory.mktemp("ally"), FILES, small=True) as opened:
        opened.execute(ALLY_FILED)
        decide(opened, f"{AS_FILED} WHERE balance > 0 AND month(day) % 3 = 0")
        yield opened


# Open loans, filed 30 to 89 days past due, filed 90 days or more.
AMERICREDIT_QUARTERS = {
    "2016-12": (12, 1, 0),
    "2017-03": (12, 2, 0),
    "2017-06": (12, 0, 0),
    "2017-09": (9, 0, 0),
    "2017-12": (9, 2, 0),
    "2018-03": (20, 1, 0),
    "2018-06": (18, 1, 0),
    "2018-09": (17, 1, 0),
    "2018-12": (17, 1, 1),
    "2019-03": (15, 2, 0),
    "2019-06": (13, 0, 0),
    "2019-09": (24, 3, 0),
    "2019-12": (21, 4, 0),
    "2020-03": (18, 2, 0),
    "2020-06": (16, 3, 0),
    "2020-09": (13, 1, 1),
    "2020-12": (9, 1, 0),
}
COLUMNS = ("past_due_band = 'past_due_30_89'", "past_due_band = 'past_due_90'")


def test_days_as_filed_are_columns_a_and_b(engine: Engine) -> None:
    engine.execute(AMERICREDIT_FILED)
    decide(engine, AS_FILED, BY_DAYS)
    assert by_quarter(engine, *COLUMNS) == AMERICREDIT_QUARTERS
    late = ("category = 'substandard'", "category = 'loss'", "write_off <> 'none'")
    assert {
        quarter: found for quarter, found in by_quarter(engine, *late).items() if any(found[1:])
    } == {
        "2018-12": (17, 1, 0, 0),
        "2020-09": (13, 1, 0, 0),
    }
    assert engine.value(f"SELECT count(*) FROM {TREATED} WHERE write_off <> 'none'") == 0


def test_missed_payments_differ_from_days_where_a_payment_fell_due_on_the_first(
    engine: Engine,
) -> None:
    engine.execute(AMERICREDIT_FILED)
    decide(engine, AS_FILED)
    differing = engine.rows(
        "SELECT loan, reporting_date, rcn_days_by_calendar, missed_payments, "
        f"day(oldest_unpaid_due_date) FROM {TREATED} WHERE month(reporting_date) % 3 = 0 AND "
        "((rcn_days_by_calendar >= 30) <> (rcn_days >= 30) "
        "OR (rcn_days_by_calendar >= 90) <> (rcn_days >= 90)) ORDER BY 2, 1"
    )
    assert differing == [
        ("003092", date(2016, 12, 31), 30, 1, 1),
        ("003092", date(2017, 3, 31), 30, 1, 1),
        ("010161", date(2017, 3, 31), 30, 1, 1),
        ("010161", date(2018, 12, 31), 91, 3, 1),
        ("027140", date(2019, 3, 31), 30, 1, 1),
    ]


def test_charge_offs_come_in_the_month_of_the_limit_or_earlier(engine: Engine) -> None:
    engine.execute(AMERICREDIT_FILED)
    decide(
        engine,
        "SELECT loan, day, before AS balance, CAST(NULL AS DECIMAL(18, 2)) AS written_off, CAST(NULL AS DATE) AS lost, "
        "(SELECT arg_max(earlier.due, earlier.day) FROM filed earlier WHERE earlier.late IS NOT NULL "
        "AND earlier.loan = later.loan AND earlier.day < later.day) AS due "
        "FROM filed later WHERE ended = '4' AND charged_off > 0",
    )
    found = engine.rows(
        "SELECT loan, days_past_due, write_off, write_off_deadline = reporting_date "
        f"FROM {TREATED} WHERE first_portion ORDER BY 1"
    )
    assert found == [
        ("007473", 138, "required", True),
        ("010161", 90, "none", False),
        ("010326", 126, "required", True),
        ("011871", 139, "required", True),
        ("022460", 127, "required", True),
        ("024912", 121, "required", True),
        ("027140", 91, "none", False),
        ("029106", 133, "required", True),
        ("052856", 72, "none", False),
    ]


# Open loans, two or three months without cash, four or more, five or more.
ALLY_QUARTERS = {
    "2017-06": (3411, 47, 0, 0),
    "2017-09": (3255, 39, 23, 14),
    "2017-12": (3102, 42, 22, 20),
    "2018-03": (2948, 25, 23, 17),
    "2018-06": (2790, 27, 22, 13),
    "2018-09": (2645, 38, 24, 19),
    "2018-12": (2526, 41, 26, 21),
    "2019-03": (2389, 18, 21, 17),
    "2019-06": (2251, 32, 18, 12),
    "2019-09": (2115, 21, 18, 10),
    "2019-12": (1996, 26, 17, 10),
    "2020-03": (1876, 23, 10, 6),
    "2020-06": (1759, 190, 62, 8),
    "2020-09": (1624, 20, 17, 14),
    "2020-12": (1500, 18, 10, 9),
}


@pytest.mark.slow
def test_months_without_cash_are_the_bands_on_both_bases(ally_quarters: Engine) -> None:
    assert by_quarter(ally_quarters, *COLUMNS, "category = 'loss'") == ALLY_QUARTERS
    by_days = ("rcn_days_by_calendar BETWEEN 30 AND 89", "rcn_days_by_calendar >= 90")
    assert by_quarter(ally_quarters, *by_days) == {
        quarter: found[:3] for quarter, found in ALLY_QUARTERS.items()
    }


def test_the_first_month_as_filed(engine: Engine) -> None:
    days = "CAST(CAST(currentDelinquencyStatus AS DECIMAL(9, 1)) AS INTEGER)"
    decide(
        engine,
        "SELECT assetNumber AS loan, DATE '2017-05-31' AS day, CAST(NULL AS DECIMAL(18, 2)) AS written_off, CAST(NULL AS DATE) AS lost, "
        "reportingPeriodActualEndBalanceAmount AS balance, "
        f"CASE WHEN {days} > 0 THEN DATE '2017-05-31' - {days} END AS due "
        f"FROM read_csv({literal(str(ALLY_LOANS))}, all_varchar = true)",
    )
    bands = f"SELECT past_due_band, count(*) FROM {TREATED} WHERE first_portion GROUP BY 1"
    assert dict(engine.rows(bands)) == {"current": 3492, "past_due_30_89": 21}


@pytest.mark.slow
def test_charge_offs_by_the_months_without_cash_before_them(engine: Engine) -> None:
    engine.execute(ALLY_FILED)
    assert engine.rows("SELECT count(*), sum(charged_off) FROM filed WHERE charged_off > 0") == [
        (110, Decimal("1384371.66"))
    ]
    decide(
        engine,
        "SELECT loan, day, before AS balance, CAST(NULL AS DECIMAL(18, 2)) AS written_off, CAST(NULL AS DATE) AS lost, due_before AS due FROM filed "
        "WHERE charged_off > 0",
    )
    found = engine.rows(
        "SELECT least(missed_payments, 5), write_off, count(*), count(*) FILTER (WHERE sale <> 0) "
        f"FROM {TREATED} t JOIN filed f ON f.loan = t.loan AND f.day = t.reporting_date "
        "WHERE first_portion GROUP BY ALL ORDER BY ALL"
    )
    assert found == [
        (1, "none", 1, 1),
        (3, "none", 11, 11),
        (4, "none", 25, 25),
        (5, "required", 73, 73),
    ]


@pytest.mark.slow
def test_loans_past_the_limit_that_stay_were_mostly_paid_ahead(ally_quarters: Engine) -> None:
    ally_quarters.execute(CONTRACT)
    found = ally_quarters.rows(
        "SELECT t.outstanding_principal <= c.contractual + c.instalment / 2 AS ahead, count(*), "
        "count(DISTINCT t.loan), count(DISTINCT t.loan) FILTER (WHERE later.lost), "
        "count(DISTINCT t.loan) FILTER (WHERE later.paid AND NOT later.lost) "
        f"FROM {TREATED} t JOIN contract c ON c.loan = t.loan AND c.day = t.reporting_date, "
        "LATERAL (SELECT coalesce(bool_or(f.charged_off > 0), false) AS lost, "
        "coalesce(bool_or(f.cash > 0), false) AS paid FROM filed f "
        "WHERE f.loan = t.loan AND f.day > t.reporting_date) later "
        "WHERE first_portion AND write_off = 'required' GROUP BY 1 ORDER BY 1"
    )
    assert found == [(False, 70, 36, 20, 6), (True, 120, 57, 8, 45)]


# Loans on the tape, noncurrent, charged off so far, and how much.
CHARGED_OFF = {
    date(2018, 6, 30): (2813, 22, 23, Decimal("308122.21")),
    date(2018, 9, 30): (2679, 24, 34, Decimal("457656.60")),
}


@pytest.mark.slow
def test_consecutive_quarters_keep_the_first_day_and_what_was_charged_off(
    engine: Engine, tmp_path: Path
) -> None:
    engine.execute(ALLY_FILED)
    store = Store(f"sqlite:///{tmp_path / 'npl.db'}")
    began: list[dict[str, date]] = []
    prior = None
    for day, expected in CHARGED_OFF.items():
        prior = run_quarter(engine, store, tmp_path, day, prior)
        decisions = f"read_parquet({literal(str(tmp_path / f'{day}' / 'decisions.parquet'))})"
        count = "count(*) FILTER (WHERE"
        assert engine.rows(
            f"SELECT count(*), {count} status = 'nonperforming'), "
            f"{count} charged_off AND capital_default = 'in_default'), sum(e.written_off_amount) "
            f"FROM {decisions} d JOIN exposures e ON e.loan = d.exposure_id"
        ) == [expected]
        first_days = f"SELECT exposure_id, nonperforming_start FROM {decisions}"
        began.append(dict(engine.rows(f"{first_days} WHERE status = 'nonperforming'")))
    stayed = began[0].keys() & began[1].keys()
    assert len(stayed) == 14  # no cash from March to September, and still open
    assert all(began[0][loan] == began[1][loan] for loan in stayed)


def run_quarter(engine: Engine, store: Store, folder: Path, day: date, prior: str | None) -> str:
    """Take one quarter's tape, with all loans charged off so far, the whole road; the run's id."""
    declare_tape(
        engine,
        f"SELECT loan, DATE '{day}' AS day, balance, CASE WHEN balance > 0 THEN due END AS due, "
        "nullif(charged_off, 0) AS written_off, CASE WHEN charged_off > 0 THEN day END AS lost "
        f"FROM filed WHERE (day = DATE '{day}' AND balance > 0) "
        f"OR (day <= DATE '{day}' AND charged_off > 0)",
    )
    tape = folder / f"{day}.csv"
    engine.write_csv(
        "SELECT * EXCLUDE (row, reporting_date, loan) REPLACE (loan AS exposure_id, "
        "loan AS debtor_id) FROM exposures",
        tape,
    )
    request = Request(TapeSource(tape), "US", day, prior, printed=False)
    return run(request, store, folder / f"{day}").run.id
