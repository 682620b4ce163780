"""The movement of NPAs that the Reserve Bank published, through the formulas of India's report.

Source: RBI, Statistical Tables Relating to Banks in India, 1,192 bank-years of 2005 to 2017, in
crore; and the movement of one bank's notes to accounts for the year to March 2013, in thousands.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from relations import declare

from npl_reporting.engine import Engine
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.movement import MOVEMENT, movement_scope
from npl_reporting.resources import REPORTS
from npl_reporting.returns.book import compute_reports, plan_reports
from npl_reporting.returns.cells import Cell, Relations, list_sql
from npl_reporting.returns.plan import BESIDE, Plan
from npl_reporting.returns.shelf import load_report

LEFT = Path(__file__).parent / "published" / "rbi_not_footing.csv"
SHARED = Path(__file__).parents[2] / "shared" / "data"
FILE = SHARED / "rbi_npa_movement" / "npa_movement_2005_2017.csv"
HANDBOOK = SHARED / "published_aggregates" / "rbi_table54_npa.csv"
published = pytest.mark.skipif(
    not FILE.exists(), reason="the published tables are not there (../shared/data)"
)

REPORT = "npa_movement"
D = Decimal
FIGURES = ("opening", "addition", "reduction", "writeoff", "closing")
ERRORS = {(2017, "UCO BANK"): D("46.68"), (2017, "NATIONALISED BANKS"): D("46.68")}
"""Source errors: what the published flows leave beside the published closing balance."""

CUT = D("0.02")
"""Most that a published row is off because each of its figures is rounded."""

NO_TOTAL = "PUBLIC SECTOR BANKS"
"""A group of groups, for which the publication gives a heading and no figures."""

ROUNDED = D("0.03")
"""Most that the published banks differ from their group, each being rounded."""

REVISED = {2014: D(1019)}
"""Closing balances that the Handbook gives otherwise, as revised later."""

RULEBOOK = load_rulebook("IN")


class Row(dict[str, str]):
    """One row of the publication."""

    @property
    def key(self) -> tuple[int, str]:
        """The year and the bank."""
        return int(self["year_end_march"]), self["bank"]

    def figure(self, name: str) -> Decimal:
        """One of the figures."""
        return D(self[name] or 0)


def rows() -> list[Row]:
    """Every row of the publication; a dash there is an empty cell here and means nothing."""
    with FILE.open(encoding="utf-8", newline="") as file:
        found = [Row(row) for row in csv.DictReader(file)]
    assert len(found) == 1192
    return found


def not_footing() -> dict[tuple[int, str], Decimal]:
    """By year and bank what the published figures leave, rounding and errors alike."""
    with LEFT.open(encoding="utf-8", newline="") as file:
        return {(int(r["year"]), r["bank"]): D(r["left"]) for r in csv.DictReader(file)}


def planned() -> Plan:
    """India's movement of NPAs, as a run plans it."""
    reports = [load_report(REPORTS / "IN" / f"{id_}.yaml") for id_ in ("npa_statement", REPORT)]
    plans = plan_reports(reports, RULEBOOK.scope, {}, movement_scope(RULEBOOK))
    return next(plan for plan in plans if plan.report.id == REPORT)


def movements(found: Sequence[Row]) -> list[dict[str, object]]:
    """Each published row as what became of one exposure; provisions are gross less net."""
    return [
        {
            "product_type": f"{row['year_end_march']} {row['bank']}",
            "debtor_type": row["row_type"],
            "status": "nonperforming",
            "prior_status": "nonperforming",
            "opening_nonperforming": row.figure("gross_opening"),
            "newly_nonperforming": row.figure("gross_addition"),
            "recovered_in_cash": row.figure("gross_reduction"),
            "written_off": row.figure("gross_writeoff"),
            "closing_nonperforming": row.figure("gross_closing"),
            "prior_specific_allowance": row.figure("gross_opening") - row.figure("net_opening"),
            "specific_allowance": row.figure("gross_closing") - row.figure("net_closing"),
        }
        for row in found
    ]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with exposures of which none is technically written off."""
    with Engine(tmp_path_factory.mktemp("published"), small=True) as opened:
        declare(opened, "nothing", RULEBOOK.scope.with_names(BESIDE), [{"first_portion": True}])
        yield opened


def moved(engine: Engine, records: Sequence[Mapping[str, object]]) -> dict[tuple[str, str], Cell]:
    """The cells of the report over such movements."""
    declare(engine, MOVEMENT, movement_scope(RULEBOOK), records)
    plan = planned()
    place = "technical_closing", "technical_amount"
    before = {REPORT: [Cell(REPORT, "technical", *place, "current", D(0))]}
    cells = compute_reports(engine, [plan], before, Relations("nothing", MOVEMENT))
    return {(cell.row, cell.column): cell for cell in cells}


def values(cells: Mapping[tuple[str, str], Cell], column: str, *names: str) -> list[Decimal | None]:
    """Several rows of one column."""
    return [cells[name, column].value for name in names]


@published
def test_every_published_bank_year_foots_by_the_reports_own_formulas(engine: Engine) -> None:
    found = rows()
    declare(engine, MOVEMENT, movement_scope(RULEBOOK), movements(found))
    plan = planned()
    lines = engine.records(list_sql(plan, plan.tables["products"], MOVEMENT))
    assert len(lines) == len(found)
    residuals = {line["key"]: line["products.product_residual"] for line in lines}
    wrong = {row.key: residuals[f"{row.key[0]} {row.key[1]}"] for row in found}
    assert {key: value for key, value in wrong.items() if value} == not_footing()
    net = {line["key"]: (line["products.net_before"], line["products.net_now"]) for line in lines}
    assert [
        row.key
        for row in found
        if net[f"{row.key[0]} {row.key[1]}"]
        != (row.figure("net_opening"), row.figure("net_closing"))
    ] == []


def test_but_for_two_errors_the_publication_is_off_by_its_rounding_alone() -> None:
    left = not_footing()
    assert {key: value for key, value in left.items() if abs(value) > CUT} == ERRORS
    assert len(left) == 60


@published
@pytest.mark.parametrize("year", range(2005, 2018))
def test_the_banks_of_a_year_add_up_to_their_groups(engine: Engine, year: int) -> None:
    found = [row for row in rows() if row.key[0] == year]
    banks = [row for row in found if row["row_type"] == "bank"]
    groups = [row for row in found if row["row_type"] == "total" and row["bank"] != NO_TOTAL]
    cells = moved(engine, movements(banks))
    names = ("opening", "additions", "recoveries", "write_offs", "closing")
    for name, figure in zip(names, FIGURES, strict=True):
        total = sum(group.figure(f"gross_{figure}") for group in groups)
        value = cells[name, "amount"].value
        assert value is not None
        assert abs(value - total) <= ROUNDED
    off = sum((not_footing().get(bank.key, D(0)) for bank in banks), D(0))
    assert values(cells, "amount", "residual") == [off]
    net = sum((bank.figure("net_closing") for bank in banks), D(0))
    assert values(cells, "net_amount", "net_closing") == [net]


@published
def test_all_banks_close_where_the_handbook_has_them(engine: Engine) -> None:
    with HANDBOOK.open(encoding="utf-8", newline="") as file:
        handbook = {
            int(row["year"][:4]) + 1: D(row["gross_npa_crore"])
            for row in csv.DictReader(file)
            if row["bank_group"] == "SCB"
        }
    for year, gross in handbook.items():
        banks = [r for r in rows() if r.key[0] == year and r["row_type"] == "bank"]
        value = moved(engine, movements(banks))["closing", "amount"].value
        assert value is not None
        assert abs(value - gross - REVISED.get(year, D(0))) < 1


def test_a_banks_notes_to_accounts_foot_as_published(engine: Engine) -> None:
    """2,146,623 + 4,236,391 - 148,099 - 414,588 = 5,820,327; provisions cover 43.48 %."""
    cells = moved(
        engine,
        [
            {
                "product_type": "old", "prior_status": "nonperforming", "status": "nonperforming",
                "opening_nonperforming": D(2146623), "recovered_in_cash": D(148099),
                "written_off": D(414588), "closing_nonperforming": D(1583936),
                "prior_specific_allowance": D(1372266), "specific_allowance": D(812278),
            },
            {
                "product_type": "new", "prior_status": "performing", "status": "nonperforming",
                "newly_nonperforming": D(4236391), "closing_nonperforming": D(4236391),
                "prior_specific_allowance": D(0), "specific_allowance": D(1718412),
            },
        ],
    )  # fmt: skip
    gross = values(cells, "amount", "opening", "additions", "reductions", "closing", "residual")
    assert gross == [2146623, 4236391, 148099 + 414588, 5820327, 0]
    names = ("provisions_opening", "provisions_made", "provisions_back", "provisions_closing")
    assert values(cells, "provision", *names) == [1372266, 1718412, 559988, 2530690]
    assert values(cells, "net_amount", "net_closing") == [3289637]


def test_the_example_of_the_formulas(engine: Engine) -> None:
    """1,000 + 300 - 120 - 80 - 150 + 5 = 955; recovery rate 12 %, cure rate 8 %."""
    cells = moved(
        engine,
        [
            {
                "product_type": "all", "prior_status": "nonperforming", "status": "nonperforming",
                "opening_nonperforming": D(1000), "newly_nonperforming": D(300),
                "recovered_in_cash": D(120), "upgraded": D(80), "written_off": D(150),
                "exchange_difference": D(5), "closing_nonperforming": D(955),
            }
        ],
    )  # fmt: skip
    assert values(cells, "amount", "closing", "residual") == [955, 0]
    assert values(cells, "rate", "recovery_rate", "cure_rate") == [D("0.12"), D("0.08")]
