"""The made bank under each jurisdiction's rules: its second quarter passes every check, with every file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from npl_reporting.demo.bank.banks import bank_under, comments_under
from npl_reporting.demo.tour import Stop, tour
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.comments import comment_columns
from npl_reporting.returns.checks import CheckResult
from npl_reporting.returns.shelf import load_reports

# The returns that each supervisor asks for; what stands beside them is not listed here.
RETURNS = {
    "TW": {"asset_quality", "asset_evaluation", "top_debtors", "narrow_broad"},
    "HK": {"mabs2a_part1", "mabs2a_part2", "disclosure", "negative_equity", "ratios"},
    "CN": {"g11_1", "g11_2", "g12", "g03", "ratios"},
    "US": {"rc_n_031", "rc_n_041", "ri_b_031", "ri_b_041", "noncurrent"},
    "IN": {"npa_statement", "npa_movement", "npa_sectors", "npa_concentration", "npa_ratios"},
    "EU": {"f_18_00", "f_18_01", "f_19_00", "npl_ratio"},
    "BASEL": {"npl_report"},
}
BESIDE = {"cover", "data_quality", "decision_annex", "variance"}
SIZE = 3_000


def two_quarters(rules: str, folder: Path, size: int, printed: bool = True) -> tuple[Stop, Stop]:
    """Both runs of the made bank under a rulebook."""
    store = Store(f"sqlite:///{folder / 'npl.db'}")
    stops = tour(store, folder, lambda step: None, rules=[rules], size=size, printed=printed)
    first, second = stops
    return first, second


def not_passed(stop: Stop) -> list[str]:
    """The checks of a run that failed or were not evaluated, with their figures."""
    checks: Iterator[CheckResult] = (c for c in stop.finished.checks if c.state != "passed")
    return [f"{c.report}/{c.id} {c.state}: {c.detail}" for c in checks]


def names(stop: Stop, suffix: str) -> set[str]:
    """The reports that a run has a file of this kind for."""
    jurisdiction = stop.finished.run.jurisdiction
    found = (path.name for path in stop.folder.iterdir())
    return {
        name.removeprefix(f"{jurisdiction}-").removesuffix(suffix)
        for name in found
        if name.startswith(f"{jurisdiction}-") and name.endswith(suffix)
    }


def assert_first_says_what_it_cannot_know(first: Stop) -> None:
    states = {check.state for check in first.finished.checks}
    compared = {(c.report, c.id): c.state for c in first.finished.checks}
    assert "not_evaluated" in states
    assert compared["variance", "comments-given"] == "not_evaluated"
    assert not any(c.state == "failed" and c.severity == "error" for c in first.finished.checks)


def test_a_small_bank_under_one_rulebook_passes_every_check(tmp_path: Path) -> None:
    first, second = two_quarters("BASEL", tmp_path, 1_000, printed=False)
    assert_first_says_what_it_cannot_know(first)
    assert not_passed(second) == []
    for suffix in (".xlsx", ".csv", ".json"):
        assert RETURNS["BASEL"] <= names(second, suffix)


@pytest.mark.slow
@pytest.mark.parametrize("rules", RETURNS)
def test_every_check_of_the_second_quarter_passes_and_the_set_is_complete(
    rules: str, tmp_path: Path
) -> None:
    first, second = two_quarters(rules, tmp_path, SIZE)
    assert_first_says_what_it_cannot_know(first)
    assert not_passed(second) == []
    assert RETURNS[rules] | BESIDE <= names(second, ".pdf")
    for suffix in (".xlsx", ".csv", ".json"):
        assert RETURNS[rules] <= names(second, suffix)
    packages = [path for path in second.folder.iterdir() if path.suffix == ".zip"]
    assert len(packages) == (1 if bank_under(rules).entity else 0)
    for package in packages:
        assert_accepted(package)


def assert_accepted(package: Path) -> None:
    """Put a report package to the published validation rules of the authority."""
    validation = pytest.importorskip("xbridge.validation", reason="needs the extra [xbrl]")
    found = validation.validate(package, eba=True)
    assert found
    assert {rule: told for part in found.values() for rule, told in part["errors"].items()} == {}


def test_the_officer_comments_on_cells_of_returns_that_there_are() -> None:
    head = ",".join(comment_columns())
    files = {rules: path for rules in RETURNS if (path := comments_under(rules))}
    assert files
    for rules, path in files.items():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == head
        day = bank_under(rules).quarters[-1]
        known = {report.id for report in load_reports(rules, day)}
        assert {line.partition(",")[0] for line in lines[1:]} <= known
