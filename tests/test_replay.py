"""A run done again from its archive gives the same hashes; one that was tampered with does not."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pdfplumber
import pytest
from quarters import ROWS, run_tape, store, write_tape
from test_submission import Office

from npl_reporting import engine
from npl_reporting.errors import DataError, NplError
from npl_reporting.evidence.seal import CONTENT, OUTPUTS
from npl_reporting.evidence.signing import make_key
from npl_reporting.submission.package import package
from npl_reporting.submission.replay import replay
from npl_reporting.submission.unpacked import replay_package

DECEMBER = date(2024, 12, 31)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quarters, the later one with every kind of input."""
    home = tmp_path_factory.mktemp("replay")
    prior = run_tape(home, write_tape(home)).run
    control = home / "control.csv"
    control.write_text("column,total\noutstanding_principal,4570000.50\n", encoding="utf-8")
    changes = {"other_facility_is_bad_credit": "false", "net_worth": "1e9"}
    tape = write_tape(home, (*ROWS, "BAD,D9,corporate,corporate_loan,-1,,,,0"), "december.csv")
    run_tape(home, tape, DECEMBER, "december", prior=prior.id, quarantine=True, changes=changes)
    return home


def test_every_hash_comes_out_again_with_the_runs_before(home: Path) -> None:
    replayed = replay(store(home), "TW-2024-12-31")
    assert replayed.same, replayed.differences
    assert replayed.stored == replayed.replayed
    assert set(replayed.stored.parts) == {*CONTENT, OUTPUTS}
    assert replayed.before[0].run.startswith("TW-2024-09-30")


@pytest.mark.slow
def test_threads_time_zone_and_locale_change_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = engine.Engine.__init__

    def one_thread(self: engine.Engine, *given: object, **more: object) -> None:
        first(self, *given, **{**more, "threads": 1})  # type: ignore[arg-type]

    monkeypatch.setattr(engine.Engine, "__init__", one_thread)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    assert replay(store(home), "TW-2024-12-31").same


def test_language_and_the_order_of_rows_change_no_figure(home: Path, tmp_path: Path) -> None:
    chinese = run_tape(tmp_path, write_tape(tmp_path), languages=("zh-TW",)).run
    turned = run_tape(tmp_path, write_tape(tmp_path, ROWS[::-1], "turned.csv"), out="turned").run
    english = store(home).runs()[0]
    one = store(home).seals.of(english.id).parts
    other = store(tmp_path).seals.of(chinese.id).parts
    assert (one["exposures"], one["cells"]) == (other["exposures"], other["cells"])
    assert one["cells"] == store(tmp_path).seals.of(turned.id).parts["cells"]
    assert one["cases"] == store(tmp_path).seals.of(turned.id).parts["cases"]


@pytest.mark.slow
def test_the_pages_come_out_again(tmp_path: Path) -> None:
    run = run_tape(tmp_path, write_tape(tmp_path), printed=True).run
    assert any(file.role == "pdf" for file in store(tmp_path).files(run.id))
    assert replay(store(tmp_path), run.id).same


@pytest.mark.slow
def test_a_run_under_an_unapproved_rulebook_is_a_draft_on_every_page(tmp_path: Path) -> None:
    tape = write_tape(tmp_path)
    office = Office.__new__(Office)
    office.store = store(tmp_path)
    draft = run_tape(tmp_path, tape, printed=True, out="draft").run
    office.hire()
    office.desk("approver").approve_rulebook(draft.rulebook_sha256)
    sound = run_tape(tmp_path, tape, printed=True, out="sound").run
    assert draft.id != sound.id
    for folder, marked in (("draft", True), ("sound", False)):
        for path in (tmp_path / folder).glob("*.pdf"):
            with pdfplumber.open(path) as pdf:
                assert {"DRAFT" in (page.extract_text() or "") for page in pdf.pages} == {marked}
    office = Office.at(office.store, draft.id, hired=office)
    office.desk("approver").approve("TW-2024-09-30")
    with pytest.raises(NplError, match="is a draft: its rulebook was approved only after"):
        office.desk("approver").submit("TW-2024-09-30")


def test_a_changed_cell_is_not_what_the_replay_finds(tmp_path: Path) -> None:
    run = run_tape(tmp_path, write_tape(tmp_path)).run
    with sqlite3.connect(tmp_path / "npl.db") as connection:
        connection.execute("DROP TRIGGER keep_seal_update")
        connection.execute('UPDATE seal SET parts = replace(parts, \'"root": "\', \'"root": "0\')')
    replayed = replay(store(tmp_path), run.id)
    assert {difference.what for difference in replayed.differences} == {*CONTENT, OUTPUTS}


@pytest.mark.slow  # the kept package is replayed in every suite
def test_a_package_is_replayed_without_the_store(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office.at(store(home), "TW-2024-12-31")
    make_key(tmp_path / "key.pem")
    packed = package(office.desk("approver"), "TW-2024-12-31", tmp_path / "key.pem", tmp_path)
    monkeypatch.chdir(tmp_path)
    replayed = replay_package(packed.path)
    assert replayed.same
    assert [earlier.run[:13] for earlier in replayed.before] == ["TW-2024-09-30"]
    packed.path.write_bytes(packed.path.read_bytes().replace(b"SOUND", b"ROUND", 1))
    with pytest.raises(DataError, match="Bad CRC-32"):
        replay_package(packed.path)
