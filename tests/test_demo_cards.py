"""The bundled card accounts: what the publisher printed, and one stated convention for lateness."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from npl_reporting.dates import months_between
from npl_reporting.demo.cards import ATTRIBUTION, MAPPING, QUARTERS, TAPES
from npl_reporting.demo.cards.prepare import write_quarters
from npl_reporting.engine import Engine
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.tape import TapeSource, Terms, findings, read_tape

PUBLISHED = """ID,period_end,limit_balance,pay_status,bill_amount,paid_in_month
2,2005-06-30,20000.0,3,500.0,0.0
1,2005-06-30,20000.0,-1,-15.0,0.0
1,2005-09-30,20000.0,1,0.0,0.0
2,2005-09-30,20000.0,2,20700.0,100.0
"""


def test_derived_columns_follow_from_the_published_ones(tmp_path: Path) -> None:
    source = tmp_path / "client_months.csv"
    source.write_text(PUBLISHED, encoding="utf-8")
    june, september = write_quarters(source, tmp_path)
    wanted = "account, client, balance, unused_limit, oldest_deadline"
    work = tmp_path / "work"
    work.mkdir()
    with Engine(work, [june, september]) as engine:
        assert engine.rows(f"SELECT {wanted} FROM '{june}'") == [
            ("00001", "C00001", Decimal(0), Decimal(20000), None),
            ("00002", "C00002", Decimal(500), Decimal(19500), date(2005, 3, 31)),
        ]
        assert engine.rows(f"SELECT {wanted} FROM '{september}'") == [
            ("00001", "C00001", Decimal(0), Decimal(20000), None),
            ("00002", "C00002", Decimal(20700), Decimal(0), date(2005, 7, 31)),
        ]


@pytest.mark.parametrize("quarter", QUARTERS)
def test_the_mapping_makes_a_tape_of_15_000_accounts_without_findings(
    quarter: date, tmp_path: Path
) -> None:
    rulebook = load_rulebook("TW", date(2025, 9, 30))
    terms = Terms(rulebook.columns, "TWD", quarter)
    with Engine(tmp_path, [TAPES[quarter]]) as engine:
        tape = read_tape(engine, TapeSource(TAPES[quarter], mapping=MAPPING), terms)
        assert tape.counts.used == 15_000
        assert list(findings(engine)) == []
        late = engine.rows(
            "SELECT DISTINCT pay_status, oldest_unpaid_due_date FROM exposures "
            "WHERE oldest_unpaid_due_date IS NOT NULL"
        )
    assert len(late) == 8
    for status, due in late:
        for n in (1, 3, 6):
            assert (months_between(due, quarter, "civil_code") > n) == (int(status) > n)
            assert (months_between(due, quarter, "same_day") > n) == (int(status) > n)


def test_the_attribution_names_source_licence_and_change() -> None:
    text = ATTRIBUTION.read_text(encoding="utf-8")
    for needed in ("UCI Machine Learning Repository", "Attribution 4.0", "**Changed.**"):
        assert needed in text
