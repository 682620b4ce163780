"""Published NPL ratios, recomputed from the amounts beside them by the reports' own formulas.

The Reserve Bank's Handbook of Statistics, Table 54; the Taiwanese supervisor's releases. What else
../shared/data/published_aggregates holds: the Hong Kong survey is recomputed in
test_disposal_equity.py, and the Federal Reserve's rates come without the amounts behind them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from relations import declare

from npl_reporting.engine import Engine
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.resources import REPORTS
from npl_reporting.returns.book import compute_reports, plan_reports
from npl_reporting.returns.cells import Relations
from npl_reporting.returns.plan import BESIDE
from npl_reporting.returns.shelf import load_report

SHARED = Path(__file__).parents[2] / "shared" / "data" / "published_aggregates"
pytestmark = pytest.mark.skipif(
    not SHARED.exists(), reason="the published tables are not there (../shared/data)"
)

D = Decimal
BAD, GOOD = "nonperforming", "performing"
INDIA = ("npa_statement", "npa_ratios")


def published(name: str) -> list[dict[str, str]]:
    """The rows of a published table."""
    if not SHARED.exists():
        return []
    with (SHARED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def computed(
    work: Path,
    rules: str,
    reports: Sequence[str],
    loans: Sequence[Mapping[str, object]],
) -> dict[tuple[str, str, str], Decimal | None]:
    """The cells of a jurisdiction's reports over a few loans that are decided already."""
    rulebook = load_rulebook(rules)
    files = [load_report(REPORTS / rules / f"{report}.yaml") for report in reports]
    plans = plan_reports(files, rulebook.scope, {"floating_provisions": D(0)})
    with Engine(work, small=True) as engine:
        declare(engine, "decided", rulebook.scope.with_names(BESIDE), loans)
        cells = compute_reports(engine, plans, {}, Relations("decided"))
    return {(c.report, c.row, c.column): c.value for c in cells if c.period == "current"}


def india(
    work: Path, loans: Sequence[Mapping[str, object]]
) -> dict[tuple[str, str, str], Decimal | None]:
    """The statement and the ratios of India over a few advances."""
    given = [{"advance": True, "first_portion": True, **loan} for loan in loans]
    return computed(work, "IN", INDIA, given)


@pytest.mark.parametrize(
    "row",
    published("rbi_table54_npa.csv"),
    ids=lambda row: f"{row['bank_group']}-{row['year']}",
)
def test_indias_ratios_are_those_of_the_handbook(row: dict[str, str], tmp_path: Path) -> None:
    """Provisions are gross less net NPAs; what else makes net advances stands on standard ones."""
    gross, bad = D(row["gross_advances_crore"]), D(row["gross_npa_crore"])
    provided = bad - D(row["net_npa_crore"])
    beside = gross - D(row["net_advances_crore"]) - provided
    cells = india(
        tmp_path,
        [
            {"status": GOOD, "amount": gross - bad, "fair_value_provision": beside},
            {"status": BAD, "amount": bad, "specific_allowance": provided},
        ],
    )
    assert cells["npa_statement", "6", "amount"] == D(row["net_advances_crore"])
    assert cells["npa_statement", "7", "amount"] == D(row["net_npa_crore"])
    assert cells["npa_ratios", "S6", "amount"] == D(row["net_npa_crore"])
    for (report, line), ratio in {
        ("npa_statement", "4"): "gross_npa_pct_gross_advances",
        ("npa_ratios", "S3"): "gross_npa_pct_gross_advances",
        ("npa_statement", "8"): "net_npa_pct_net_advances",
        ("npa_ratios", "S7"): "net_npa_pct_net_advances",
    }.items():
        value = cells[report, line, "amount"]
        assert value is not None
        assert abs(100 * value - D(row[ratio])) <= D("0.05")


@pytest.mark.parametrize(
    "row", published("taiwan_fsc_overdue_loans.csv"), ids=lambda row: row["month_end"]
)
def test_taiwans_ratio_is_that_of_the_release(row: dict[str, str], tmp_path: Path) -> None:
    total, bad = D(row["total_loans_twd_bn"]), D(row["overdue_loans_twd_bn"])
    covered = D(row["allowance_coverage_pct"])
    loan = {"first_portion": True, "product_type": "corporate_loan", "off_balance_sheet": False}
    cells = computed(
        tmp_path,
        "TW",
        ("asset_quality", "asset_evaluation", "decision_annex"),
        [
            loan | {"status": GOOD, "amount": total - bad},
            loan | {"status": BAD, "amount": bad, "specific_allowance": bad * covered / 100},
        ],
    )
    ratio, coverage = (cells["asset_quality", "08", name] for name in ("ratio", "coverage"))
    assert ratio is not None
    assert coverage is not None
    assert abs(100 * ratio - D(row["overdue_ratio_pct"])) <= D("0.005")
    assert abs(100 * coverage - covered) <= D("0.01")


def test_the_example_of_the_formulas(tmp_path: Path) -> None:
    """955 of 20,000 nonperforming, less 600, 40 and 15: 4.775 %, 300 / 19,345, cover 62.827 %."""
    loans = [
        {"status": GOOD, "amount": D(19045)},
        {
            "status": BAD, "amount": D(955), "specific_allowance": D(600),
            "suspended_interest": D(40), "interest_in_gross": D(40), "part_payments_held": D(15),
        },
    ]  # fmt: skip
    cells = india(tmp_path, loans)
    assert [cells["npa_ratios", line, "amount"] for line in ("S4", "S5", "S6")] == [655, 19345, 300]
    ratios = [cells["npa_ratios", "S3", "amount"], cells["npa_ratios", "S7", "amount"]]
    ratios.append(cells["npa_ratios", "pcr", "figure"])
    printed = [round(100 * ratio, 2) for ratio in ratios if ratio is not None]
    assert printed == [D("4.78"), D("1.55"), D("62.83")]


@pytest.mark.parametrize(("floored", "shown"), [(False, D(-2)), (True, D(0))])
def test_the_form_shows_zero_where_the_setting_says_so(
    tmp_path: Path, floored: bool, shown: Decimal
) -> None:
    """Whatever the form shows, the amount that is kept is signed."""
    loans = [
        {"status": GOOD, "amount": D(90)},
        {"status": BAD, "amount": D(10), "specific_allowance": D(9), "claims_received": D(3)},
    ]
    cells = india(tmp_path, [loan | {"net_npa_floored": floored} for loan in loans])
    assert cells["npa_statement", "7", "amount"] == shown
    assert cells["npa_statement", "8", "amount"] == (shown / 88).quantize(D("1e-18"), "ROUND_DOWN")
    assert cells["npa_statement", "signed", "memorandum"] == D(-2)
    assert cells["npa_ratios", "S6", "amount"] == D(-2)
