"""A package that an earlier commit made is still verified, and replayed to the same hashes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from quarters import run_tape, store, write_tape
from test_submission import Office

from npl_reporting import __version__
from npl_reporting.errors import NplError
from npl_reporting.evidence.seal import CONTENT
from npl_reporting.evidence.signing import make_key
from npl_reporting.submission.deltas import (
    Grounds,
    confirm,
    propose_adjustment,
    propose_override,
)
from npl_reporting.submission.package import package
from npl_reporting.submission.replay import Replayed
from npl_reporting.submission.unpacked import replay_package

FOLDER = Path(__file__).parent / "packages"
KEPT = FOLDER / "TW-2024-12-31-v1.zip"
KEY = FOLDER / "key.pub"
DECEMBER = date(2024, 12, 31)


@pytest.fixture(scope="module", autouse=True)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make the package anew where `--update-golden` asks for it."""
    if request.config.getoption("--update-golden"):
        make(tmp_path_factory.mktemp("made"))


def make(home: Path) -> None:
    """Two quarters of the small book, the second with an override and an adjustment, submitted."""
    office = Office.__new__(Office)
    office.store = store(home)
    september = run_tape(home, write_tape(home)).run
    office.hire()
    office.desk("approver").approve_rulebook(september.rulebook_sha256)
    (home / "memo.txt").write_text("the receiver's report\n", encoding="utf-8")
    grounds = Grounds("receivership", home / "memo.txt", DECEMBER, DECEMBER)
    preparer = office.desk("preparer")
    for proposed in (
        propose_override(preparer, "TW", "SOUND", "category", "substandard", grounds),
        propose_adjustment(preparer, "TW", "asset_quality/05/npl", "-1000.5", grounds),
    ):
        confirm(office.desk("reviewer"), proposed.delta.id)
    tape = write_tape(home, name="december.csv")
    december = run_tape(home, tape, DECEMBER, "december", prior=september.id).run
    name = preparer.create(december.id).id
    office.accept_all(name)
    office.desk("reviewer").review(name)
    office.desk("approver").approve(name)
    office.desk("approver").submit(name)
    make_key(home / "key.pem")
    packed = package(office.desk("approver"), name, home / "key.pem", home)
    FOLDER.mkdir(exist_ok=True)
    shutil.copyfile(packed.path, KEPT)
    KEY.write_text(packed.key + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """The package done again by the present code."""
    with zipfile.ZipFile(KEPT) as archive:
        versions = {run["engine_version"] for run in json.loads(archive.read("replay.json"))}
    if versions != {__version__}:
        with pytest.raises(NplError, match="was made by npl-reporting .*, not"):
            replay_package(KEPT)
        pytest.skip(f"made by {versions}, which replay names and refuses; make it anew")
    return replay_package(KEPT)


def test_python_alone_verifies_it_with_the_program_that_it_holds(tmp_path: Path) -> None:
    with zipfile.ZipFile(KEPT) as archive:
        archive.extract("verify.py", tmp_path)
    key = KEY.read_text(encoding="utf-8").strip()
    program = str(tmp_path / "verify.py")
    command = [sys.executable, "-I", "-S", program, str(KEPT), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout.endswith("verified\n")) == (0, True), done.stdout


@pytest.mark.parametrize("part", CONTENT)
def test_every_part_of_both_runs_comes_out_again(replayed: Replayed, part: str) -> None:
    for one in (replayed, *replayed.before):
        assert one.replayed.parts[part] == one.stored.parts[part]


def test_the_files_handed_out_come_out_again(replayed: Replayed) -> None:
    """Further files may have come with later commits; those that were there are the same."""
    assert [d for d in replayed.differences if "/" in d.what] == []
