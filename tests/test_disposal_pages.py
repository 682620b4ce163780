"""Disposal's pages: both languages on every label, PDF/A-3a and PDF/UA-1, the dossier on one page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from collateral_books import Row, write_rows
from exampleland import AS_OF, write_rules, write_tape
from test_disposal_cli import COVERED, LOANS
from verapdf import faults

from npl_reporting.disposal.channelpage import channels_page
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.desk import Desk, desk_of_tape, load_rules
from npl_reporting.disposal.dossier import dossier
from npl_reporting.disposal.equitypage import survey
from npl_reporting.disposal.pages import GROUPS, annex
from npl_reporting.disposal.recommend import recommend
from npl_reporting.disposal.recoveries import rates, read_register
from npl_reporting.disposal.series import read_series, survey_all
from npl_reporting.disposal.stress import stress_all
from npl_reporting.disposal.stresspage import stress_page
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.returns.page import Page, Text
from npl_reporting.returns.render import render_all

ASSETS: list[Row] = [
    {"asset_id": "A1", "exposure_id": "E1", "appraisal_value": "80", "pc1": "70", "region": "north"},
    {"asset_id": "A2", "exposure_id": "E2", "appraisal_value": "0", "asset_type": "ship_air",
     "appraisal_date": "2020-01-31", "region": "north"},
    {"asset_id": "A3", "exposure_id": "E3", "asset_type": "gold", "appraisal_value": "10"},
]  # fmt: skip
RECOVERIES: list[Row] = [
    {"recovery_id": "R1", "exposure_id": "E8", "recovery_date": "2025-08-15", "kind": "sale",
     "amount": "60", "loan_amount": "100", "region": "north", "asset_type": "resi_std",
     "channel": "court"},
    {"recovery_id": "R2", "exposure_id": "E9", "recovery_date": "2025-08-15", "kind": "cash",
     "amount": "30", "loan_amount": "100"},
]  # fmt: skip


def drawn(desk: Desk, folder: Path) -> Iterator[Page]:
    """Every page of disposal about one small book."""
    read_register(desk.engine, write_rows(folder / "register.csv", RECOVERIES, {}),
                  desk.rules.recovery, desk.day)  # fmt: skip
    compare_channels(desk.engine, desk.rules.channels, desk.rules.rounds)
    yield annex(desk, {by: rates(desk.engine, by) for by in GROUPS})
    yield channels_page(desk)
    for asset in ("A1", "A2"):
        yield dossier(desk, recommend(desk.engine, desk.rules.channels, desk.rules.rounds, asset))
    found = survey_all(desk)
    yield survey(desk, found, read_series(None, found.homes))
    yield stress_page(desk, stress_all(desk))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """The pages by report id; A2 is stale, worthless, not of the models' kind, all traits missing."""
    folder = tmp_path_factory.mktemp("pages")
    rulebook = load_rulebook(str(write_rules(folder, "XX", COVERED)), AS_OF)
    tape = TapeSource(write_tape(folder / "tape.csv", LOANS))
    collateral = write_rows(folder / "collateral.csv", ASSETS)
    with desk_of_tape(tape, rulebook, AS_OF, collateral, load_rules({})) as desk:
        return {page.report: page for page in drawn(desk, folder)}


@pytest.fixture(scope="module")
def printed(pages: dict[str, Page], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The pages as files."""
    return render_all(list(pages.values()), processes=1, work=tmp_path_factory.mktemp("work"))


NAMES = ["collateral_and_disposal", "ways_out", "dossier_A1", "dossier_A2", "negative_equity",
         "collateral_stress"]  # fmt: skip


def labels(page: Page) -> Iterator[Text]:
    """Every text of a page that is no code, name or date."""
    yield from (
        page.title,
        *page.notes,
        *(f.label for f in page.facts),
        *(f.label for f in page.figures),
    )
    yield from (fact.value for fact in page.facts if not isinstance(fact.value, str))
    for chart in page.charts:
        yield from (chart.title, chart.description)
    for table in page.tables:
        yield from (text for text in (table.caption, table.stub, table.note) if text is not None)
        yield from (head.label for head in table.heads)


@pytest.mark.parametrize("name", NAMES)
def test_every_label_is_in_both_languages(pages: dict[str, Page], name: str) -> None:
    """The rulebook of the example names its categories in English alone."""
    own = {"Sound", "Poor", "Lost", "Decided under: Exampleland"}
    lacking = [
        text["en"]
        for text in labels(pages[name])
        if not text.get("zh-TW") and text["en"] not in own
    ]
    assert lacking == []


@pytest.mark.parametrize("flavour", ["PDFA_3_A", "PDFUA_1"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_conforms(printed: dict[str, bytes], name: str, flavour: str) -> None:
    assert faults(printed[name], flavour) == set()


@pytest.mark.parametrize("name", ["dossier_A1", "dossier_A2"])
def test_a_dossier_is_one_page_however_much_is_to_be_said(
    printed: dict[str, bytes], name: str
) -> None:
    pdfplumber = pytest.importorskip("pdfplumber")
    with pdfplumber.open(io.BytesIO(printed[name])) as pdf:
        assert len(pdf.pages) == 1


def test_the_pages_of_a_meeting_say_what_to_do(printed: dict[str, bytes]) -> None:
    pdfplumber = pytest.importorskip("pdfplumber")
    with pdfplumber.open(io.BytesIO(printed["dossier_A2"])) as pdf:
        text = pdf.pages[0].extract_text()
    for words in ("Take ", "which is stale", "a stand-in", "rest on 0 of 12 traits", "Assumed:"):
        assert words in text
