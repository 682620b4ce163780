"""The sheet of a submission: steps, acceptances with reason and expiry, what a correction changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pdfplumber
from quarters import npl
from stored_run import CELLS, RUN, save
from test_submission import NAME, SECOND, Office
from verapdf import faults

from npl_reporting.submission.sheet import sheet_page
from npl_reporting.submission.steps import find


def test_the_sheet_names_every_step_and_every_acceptance(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.until("submitted")
    page = sheet_page(office.store, find(office.store, NAME))
    steps, accepted = page.tables
    assert [line.label["en"] for line in steps.lines] == ["create", "review", "approve", "submit"]
    assert [line.label["en"] for line in accepted.lines][-1] == "run:1"
    for line in accepted.lines:
        assert [shown.value for shown in line.cells][1:3] == ["known to the bank", "the reviewer"]
        assert "2999" in str(line.cells[3].value)
    path = tmp_path / "sheet.pdf"
    said = npl("submission", "sheet", NAME, "--out", path, "--store", office.store.url,
               "--token", office.tokens["viewer"])  # fmt: skip
    assert said.code == 0, said
    with pdfplumber.open(path) as pdf:
        text = " ".join((page.extract_text() or "") for page in pdf.pages)
    assert "known to the bank" in text and "2999" in text
    assert faults(path.read_bytes(), "PDFA_3_A") == set()


def test_the_sheet_of_a_correction_lists_the_cells_that_changed(tmp_path: Path) -> None:
    office = Office(tmp_path)
    save(office.store, SECOND, cells=(replace(CELLS[0], value="301"), *CELLS[1:]))
    office.until("submitted")
    office.desk("preparer").resubmit(NAME, SECOND.id, "a payment was booked late")
    page = sheet_page(office.store, find(office.store, NAME))
    (changed,) = [t for t in page.tables if t.caption and "differ" in t.caption["en"]]
    assert [(line.id, [s.value for s in line.cells]) for line in changed.lines] == [
        ("asset_quality/total/npl_amount", ["300", "301"])
    ]
    assert RUN.id not in page.run
