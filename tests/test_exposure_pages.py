"""The dossier of one exposure: outcome, rules, every run and every event on one set of pages."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pdfplumber
import pytest
from quarters import npl, run_tape, store, write_tape
from test_submission import Office
from verapdf import faults

from npl_reporting.errors import NplError
from npl_reporting.evidence.exports import EXPORT
from npl_reporting.evidence.history import history
from npl_reporting.submission.deltas import Grounds, confirm, propose_override
from npl_reporting.submission.exposurepages import exposure_page

SEPTEMBER, DECEMBER = date(2024, 9, 30), date(2024, 12, 31)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quarters; in the second SPLIT's secured part is overridden, with one submission begun."""
    home = tmp_path_factory.mktemp("dossier")
    office = Office.__new__(Office)
    office.store = store(home)
    prior = run_tape(home, write_tape(home)).run
    office.hire()
    (home / "memo.txt").write_text("the collateral burned down", encoding="utf-8")
    grounds = Grounds("collateral destroyed", home / "memo.txt", DECEMBER, DECEMBER)
    proposed = propose_override(
        office.desk("preparer"), "TW", "SPLIT", "category", "loss", grounds, "secured"
    )
    confirm(office.desk("reviewer"), proposed.delta.id, "seen on site")
    tape = write_tape(home, name="december.csv")
    run = run_tape(home, tape, DECEMBER, "december", prior=prior.id).run
    office.desk("preparer").create(run.id, "for the year")
    return home


def test_the_pages_tell_what_was_decided_in_every_run_and_by_whom(home: Path) -> None:
    page = exposure_page(store(home), "TW-2024-12-31", "SPLIT")
    told = {
        line.id: [shown.value for shown in line.cells]
        for table in page.tables
        for line in table.lines
    }
    decided = told["secured.category"]
    assert "loss" in str(decided[1]) and "loss" not in str(decided[2])  # as it stands; as computed
    assert decided[4]  # articles
    assert {"TW-2024-09-30", "TW-2024-12-31"} <= {key[:13] for key in told}
    assert any("loss (" in str(cells) for cells in told.values())
    actions = [str(cells[2]) for key, cells in told.items() if key.isdigit()]
    assert actions == [
        "run.store", "run.export", "delta.propose", "delta.confirm", "run.store", "run.export",
        "submission.create",
    ]  # fmt: skip
    assert told["collateral_value"][1] == "2200000"


def test_the_history_names_the_override_and_what_was_computed(home: Path) -> None:
    told = {
        (t.run[:13], t.portion): t
        for t in history(store(home), "SPLIT")
        if t.decision == "category"
    }
    before, now = told["TW-2024-09-30", "secured"], told["TW-2024-12-31", "secured"]
    assert (before.computed, before.overridden_by) == ("", "")
    assert (now.outcome, now.overridden_by) == ("loss", "TW-D1")
    assert now.computed not in ("", "loss")


def test_the_dossier_is_drawn_as_archivable_pdf(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "split.pdf"
    said = npl("explain", "TW-2024-12-31", "SPLIT", "--pdf", path, "--store", store(home).url)
    assert said.code == 0, said
    with pdfplumber.open(path) as pdf:
        text = " ".join((page.extract_text() or "") for page in pdf.pages)
    for words in ("Dossier of exposure SPLIT", "december.csv", "TW-D1", "DRAFT"):
        assert words in text
    assert faults(path.read_bytes(), "PDFA_3_A") == set()


def test_an_exposure_that_the_run_lacks_has_none(home: Path) -> None:
    with pytest.raises(NplError, match="has no exposure 'NOBODY'"):
        exposure_page(store(home), "TW-2024-12-31", "NOBODY")


def test_files_handed_out_are_events(home: Path, tmp_path: Path) -> None:
    run = store(home).run("TW-2024-12-31")
    before = [event for event in store(home).log.events(run.id) if event.action == EXPORT]
    assert [sorted(event.said["files"]) for event in before] and "cells.csv" in before[0].said[
        "files"
    ]
    npl("show", run.id, "--out", tmp_path, "--store", store(home).url)
    after = [event for event in store(home).log.events(run.id) if event.action == EXPORT]
    assert len(after) == len(before) + 1
    assert "december.csv" in after[-1].said["files"]
