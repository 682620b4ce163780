"""Commands as a user gives them: what they print, what they refuse, how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from quarters import ROWS, npl, write_tape

WHERE = ("--rules", "TW", "--as-of", "2024-09-30")


@pytest.fixture
def store(tmp_path: Path) -> tuple[str, str]:
    return ("--store", f"sqlite:///{tmp_path / 'npl.db'}")


def test_a_run_is_told_in_a_few_lines(tmp_path: Path, store: tuple[str, str]) -> None:
    tape = write_tape(tmp_path)
    said = npl("run", tape, *WHERE, "--no-pdf", "--out", tmp_path / "out", *store)
    assert said.code == 0, said.err
    assert "5 rows read, 5 used, 0 set aside" in said.out
    assert "two evaluators that agree" in said.out
    lines = [line.split() for line in said.out.splitlines()]
    assert ["decisions", "parquet", "csv"] in lines
    assert ["TW-asset_quality", "xlsx", "csv", "json"] in lines
    assert f"files to {tmp_path / 'out'}" in said.out

    listed = npl("runs", *store, "--json")
    (run,) = json.loads(listed.out)
    shown = npl("show", run["id"][:12], *store, "--out", tmp_path / "again")
    assert run["id"] in shown.out
    assert (tmp_path / "again" / "cells.csv").read_bytes() == (
        tmp_path / "out" / "cells.csv"
    ).read_bytes()


def test_json_says_the_same_to_machines(tmp_path: Path, store: tuple[str, str]) -> None:
    said = npl("run", write_tape(tmp_path), *WHERE, "--no-pdf", "--json", *store)
    result = json.loads(said.out)
    assert result["run"]["rows_used"] == 5
    assert result["passed"] is True


def test_bad_data_ends_with_1_and_every_finding(tmp_path: Path, store: tuple[str, str]) -> None:
    tape = write_tape(tmp_path, (*ROWS, "BAD,D9,corporate,corporate_loan,ten,,,2024-02-31,0"))
    said = npl("run", tape, *WHERE, *store)
    assert said.code == 1
    assert "row 7, exposure BAD, found 'ten'" in said.err
    assert "found '2024-02-31'" in said.err
    assert "nothing was stored" in said.err
    assert not (tmp_path / "npl.db").exists()


def test_check_lists_findings_and_stores_nothing(tmp_path: Path) -> None:
    tape = write_tape(tmp_path, (*ROWS, "BAD,D9,corporate,corporate_loan,-1,,,,0"))
    said = npl("check", tape, *WHERE)
    assert said.code == 1
    assert "row 7, exposure BAD" in said.out
    assert "6 rows read as of 2024-09-30, 1 errors" in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "none.csv", *WHERE), "none.csv"),
        (("run", "TAPE", "--rules", "XX", "--as-of", "2024-09-30"), "no rulebook 'XX'"),
        (("run", "TAPE", "--rules", "TW", "--as-of", "1999-12-31"), "the first is of 2005-07-01"),
        (("run", "TAPE", *WHERE, "--set", "limit"), "write --set name=value"),
        (("run", "TAPE", *WHERE, "--set", "no_such=1"), "no setting 'no_such'"),
        (("run", "TAPE", *WHERE, "--prior", "TW-2023"), "there is no store here yet"),
        (("rules", "show", "no/such.yaml"), "no such rule file"),
        (("run", "TAPE", "--rules", "TW", "--as-of", "yesterday"), "yesterday"),
        (("unheard-of",), "unheard-of"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_why(
    tmp_path: Path, store: tuple[str, str], words: tuple[str, ...], told: str
) -> None:
    tape = str(write_tape(tmp_path))
    call = [tape if word == "TAPE" else word for word in words]
    said = npl(*call, *(store if words[0] == "run" else ()))
    assert said.code == 2
    assert told in said.err + said.out
    assert not (tmp_path / "npl.db").exists()


def test_a_wrong_call_is_json_for_machines(tmp_path: Path) -> None:
    said = npl("rules", "show", "XX", "--json")
    assert said.code == 2
    assert "no rulebook 'XX'" in json.loads(said.out)["problems"][0]["what"]


def test_rules_are_listed_and_shown() -> None:
    assert "2014-01-01" in npl("rules", "list").out
    said = npl("rules", "show", "TW", "--as-of", "2012-06-30")
    assert "in force from 2011-01-01" in said.out
    assert "br/7.1" in said.out
