"""Every check of `rules/checks.yaml` has a tape that passes it and one that fails it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tapes import Read, Reader, csv_text

from npl_reporting.law.columns import column_dictionary
from npl_reporting.portfolio.checks import Check, Fixture, all_checks, phases

LANGUAGES = {"en", "zh-TW"}


def read(folder: Path, fixture: object) -> Read:
    reader = Reader(folder)
    if not isinstance(fixture, Fixture):
        fixture = Fixture(rows=fixture)  # type: ignore[arg-type]
    control = reader.write("totals.csv", fixture.control) if fixture.control else None
    schedule = reader.write("schedule.csv", fixture.schedule) if fixture.schedule else None
    text = fixture.text or csv_text(*fixture.rows)
    return reader.read("tape.csv", text, control=control, schedule=schedule)


@pytest.mark.parametrize(("name", "check"), all_checks().items(), ids=list(all_checks()))
def test_sound_tape_has_no_finding_at_all(name: str, check: Check, tmp_path: Path) -> None:
    assert read(tmp_path, check.passes).findings == []


@pytest.mark.parametrize(("name", "check"), all_checks().items(), ids=list(all_checks()))
def test_bad_tape_fails_the_check_and_no_other_error(
    name: str, check: Check, tmp_path: Path
) -> None:
    found = read(tmp_path, check.fails).findings
    assert name in {finding.check for finding in found}
    assert {f.check for f in found if f.severity == "error"} <= {name}


@pytest.mark.parametrize(("name", "check"), all_checks().items(), ids=list(all_checks()))
def test_check_is_said_in_both_languages_and_about_known_columns(name: str, check: Check) -> None:
    assert set(check.sentence) == set(check.remedy) == LANGUAGES
    assert set(check.columns) <= set(column_dictionary())
    assert (check.kind is None) != (check.fails_when is None)


def test_ids_name_their_phase() -> None:
    letters = {"syntax": "S", "references": "R", "logic": "L"}
    for phase, checks in phases().items():
        assert list(checks) == [f"{letters[phase]}-{n:02}" for n in range(1, len(checks) + 1)]


def test_every_column_is_documented() -> None:
    for name, column in column_dictionary().items():
        assert set(column.meaning) == LANGUAGES, name
        assert column.unit and column.source, name
