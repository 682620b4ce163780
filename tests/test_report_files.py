"""A faulty report file is refused with every fault, each with file and line; the README's is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from conftest import Golden

from npl_reporting.errors import NplError
from npl_reporting.law.expressions import Kind, Scope
from npl_reporting.law.shelf import Shelved, load_rulebook, shelf
from npl_reporting.portfolio.movement import movement_scope
from npl_reporting.resources import REPORTS
from npl_reporting.returns.book import plan_reports
from npl_reporting.returns.fitting import fitted
from npl_reporting.returns.sharedwords import shared_words
from npl_reporting.returns.shelf import load_report, load_reports

FAULTY = sorted((Path(__file__).parent / "errors" / "report").glob("*.yaml"))
SMALL = Path(__file__).parent / "reports" / "XX" / "toy.yaml"
DAY = date(2025, 9, 30)
KINDS: Mapping[str, Kind] = {
    "exposure_id": "text",
    "debtor_id": "text",
    "amount": "money",
    "collateral_value": "money",
    "status": "text",
}


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_a_faulty_file_is_refused_with_place_and_remedy(path: Path, golden: Golden) -> None:
    with pytest.raises(NplError) as refused:
        plan_reports([load_report(path)], Scope(KINDS), {})
    golden(path.with_suffix(".txt"), f"{refused.value}\n")


def test_the_readme_shows_a_report_that_works(tmp_path: Path) -> None:
    text = (REPORTS / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert shown
    path = tmp_path / "small_return.yaml"
    path.write_text(shown[1], encoding="utf-8")
    assert plan_reports([load_report(path)], Scope(KINDS), {})


def test_of_two_files_the_one_in_force_counts(tmp_path: Path) -> None:
    text = SMALL.read_text(encoding="utf-8")
    folder = tmp_path / "XX"
    folder.mkdir()
    for year in (2020, 2024, 2026):
        changed = text.replace("effective_from: 2020", f"effective_from: {year}")
        (folder / f"small-{year}.yaml").write_text(changed, encoding="utf-8")
    (report,) = load_reports("XX", on=DAY, folder=tmp_path)
    assert report.definition.effective_from.year == 2024


def test_a_jurisdiction_without_report_files_has_no_reports(tmp_path: Path) -> None:
    assert load_reports("YY", on=DAY, folder=tmp_path) == ()


def test_shared_words_are_in_the_same_languages_throughout() -> None:
    words = shared_words()
    texts = {**words.reasons, **words.frequencies, **words.words}
    assert {tuple(sorted(text)) for text in texts.values()} == {
        ("en", "es", "ja", "ko", "zh-CN", "zh-HK", "zh-TW")
    }


@pytest.mark.parametrize(
    "shelved", shelf(), ids=lambda shelved: f"{shelved.name}.{shelved.path.stem}"
)
def test_the_reports_in_force_fit_every_rulebook(shelved: Shelved) -> None:
    rulebook = load_rulebook(str(shelved.path))
    reports = fitted(load_reports(rulebook.name, shelved.effective_from), rulebook)
    plans = plan_reports(reports, rulebook.scope, {}, movement_scope(rulebook))
    assert len(plans) == len(reports)
