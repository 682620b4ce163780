"""A run that says who reports hands out the package beside its returns, and replays it."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest

from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.request import Request
from npl_reporting.run import run
from npl_reporting.submission.replay import replay

TAPE = TapeSource(Path(__file__).parent / "reports" / "EU.npl_ratio" / "tape.csv")
LEI = "529900T8BM49AURSDO55"
DAY = date(2026, 6, 30)


def request(entity: str, **changes: str) -> Request:
    return Request(TAPE, "EU", DAY, entity=entity, changes=changes, printed=False)


@pytest.mark.slow
def test_the_package_is_handed_out_archived_and_replayed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'npl.db'}")
    finished = run(request(LEI, country="DE", not_on_tape="0"), store, tmp_path / "out")
    (package,) = [path for path in finished.files if path.suffix == ".zip"]
    assert package.name.startswith(f"{LEI}.CON_DE_FINREP030300_FINREP9_2026-06-30_")
    with zipfile.ZipFile(package) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    assert {"reports/f_18.00.a.csv", "reports/f_19.00.a.csv"} <= names
    assert "reports/f_18.01.csv" not in names  # there is no prior run
    assert replay(store, finished.run.id).same


@pytest.mark.slow
def test_a_bank_by_its_name_files_nothing(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'npl.db'}")
    finished = run(request("Exampleland Savings Bank"), store, tmp_path / "out")
    assert [path for path in finished.files if path.suffix == ".zip"] == []


@pytest.mark.parametrize(
    ("entity", "changes", "words"),
    [
        (LEI, {}, "the filing needs 'country'"),
        ("529900T8BM49AURSDO56", {"country": "DE"}, "check digits are wrong"),
    ],
    ids=["no country", "check digits"],
)
def test_an_unsound_call_is_refused_before_anything_is_computed(
    tmp_path: Path, entity: str, changes: dict[str, str], words: str
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'npl.db'}")
    with pytest.raises(NplError, match=words):
        run(request(entity, **changes), store)
