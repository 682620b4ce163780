"""The shelf of rule files: which one is meant, which one is in force, and what a run may change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rulebooks import decision, write

from npl_reporting.errors import NplError
from npl_reporting.law import shelf as shelves
from npl_reporting.law.shelf import find, load_rulebook, shelf, version, with_settings


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A shelf with three files of XX, one of its insurers and some that are no rule files."""
    for name in (
        "XX/2011-01-01.yaml", "XX/2005-07-01.yaml", "XX/2014-01-01.yaml",
        "XX/insurer/2010-01-01.yaml", "YY/2020-01-01.yaml",
        "XX/notes.yaml", "XX/2014-02-31.yaml", "columns.yaml", "2024-01-01.yaml", "XX/README.md",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    return tmp_path


def test_what_stands_on_the_shelf(rules: Path) -> None:
    assert [(one.name, str(one.effective_from)) for one in shelf(rules)] == [
        ("XX", "2005-07-01"),
        ("XX", "2011-01-01"),
        ("XX", "2014-01-01"),
        ("XX/insurer", "2010-01-01"),
        ("YY", "2020-01-01"),
    ]


@pytest.mark.parametrize(
    ("reference", "day", "file"),
    [
        ("XX", "2005-07-01", "XX/2005-07-01.yaml"),
        ("XX", "2010-12-31", "XX/2005-07-01.yaml"),
        ("XX", "2011-01-01", "XX/2011-01-01.yaml"),
        ("XX", "2013-12-31", "XX/2011-01-01.yaml"),
        ("XX", "2014-01-01", "XX/2014-01-01.yaml"),
        ("XX", "2025-09-30", "XX/2014-01-01.yaml"),
        ("XX", None, "XX/2014-01-01.yaml"),
        ("XX/insurer", "2025-09-30", "XX/insurer/2010-01-01.yaml"),
    ],
)
def test_the_file_in_force_on_a_date(
    reference: str, day: str | None, file: str, rules: Path
) -> None:
    as_of = date.fromisoformat(day) if day else None
    assert find(reference, as_of, rules) == rules / file


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("XX", "no rulebook of XX was in force on 2005-06-30; the first is of 2005-07-01"),
        ("ZZ", "there is no rulebook 'ZZ'; there are: XX, XX/insurer, YY"),
        ("xx", "there is no rulebook 'xx'"),
        ("XX/bank", "there is no rulebook 'XX/bank'"),
        ("", "there is no rulebook ''"),
        ("XX/2014.yaml", "XX/2014.yaml: there is no such rule file; check the path"),
    ],
)
def test_a_rulebook_that_is_not_there(reference: str, words: str, rules: Path) -> None:
    with pytest.raises(NplError) as caught:
        find(reference, date(2005, 6, 30), rules)
    assert words in str(caught.value) and caught.value.exit_code == 2


def test_a_path_is_taken_whatever_the_date(rules: Path) -> None:
    path = rules / "XX" / "2014-01-01.yaml"
    assert find(str(path), date(1999, 1, 1), rules) == path


def test_a_name_with_a_date() -> None:
    assert version("TW@2013-12-31").stem == "2011-01-01"
    assert version("TW@2014-01-01").stem == "2014-01-01"
    with pytest.raises(NplError, match="'2014-1-1' is no date; write TW@YYYY-MM-DD"):
        version("TW@2014-1-1")


BODY = "decisions:\n" + decision("status", {"late": "outstanding_principal > 1"})


@pytest.mark.parametrize(
    "place", ["XX/2001-01-01.yaml", "YY/2000-01-01.yaml", "XX/bank/2000-01-01.yaml"]
)
def test_a_heading_that_disagrees_with_the_path_is_refused(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "RULES", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    write(tmp_path, BODY).rename(path)
    said, shelved = "the file says XX from 2000-01-01", place.removesuffix(".yaml")
    with pytest.raises(NplError, match=f"{said}, its path {shelved}; move the file or correct"):
        load_rulebook(str(path))


def test_a_heading_that_agrees_or_a_file_off_the_shelf_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, BODY)
    assert load_rulebook(str(path)).name == "XX"
    monkeypatch.setattr(shelves, "RULES", tmp_path)
    (tmp_path / "XX").mkdir()
    assert load_rulebook(str(path.rename(tmp_path / "XX" / "2000-01-01.yaml"))).name == "XX"


def test_the_files_content_has_a_hash(tmp_path: Path) -> None:
    path = write(tmp_path, BODY)
    one = load_rulebook(str(path)).sha256
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
    other = load_rulebook(str(path)).sha256
    assert len(one) == 64 and one != other


SETTINGS = """\
settings:
  months: {value: 3, basis: law, why: {en: Because}}
  share: {value: 0.60, basis: convention, why: {en: Because}}
  strict: {value: true, basis: convention, why: {en: Because}}
  since: {value: 2024-01-31, basis: practice, why: {en: Because}}
  grade: {value: A, basis: memory, why: {en: Because}}
"""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("months", "6", 6),
        ("months", "-1", -1),
        ("share", "0.75", Decimal("0.75")),
        ("share", "1", Decimal(1)),
        ("strict", "false", False),
        ("since", "2025-12-31", date(2025, 12, 31)),
        ("grade", "B", "B"),
        ("grade", "true", "true"),
    ],
)
def test_a_setting_is_changed_for_a_run(
    name: str, text: str, value: object, tmp_path: Path
) -> None:
    book = load_rulebook(str(write(tmp_path, SETTINGS + BODY)), changes={name: text})
    assert book.settings[name] == value and type(book.settings[name]) is type(value)
    assert book.changed == {name}
    again = with_settings(load_rulebook(str(book.path)), {name: text})
    assert again.settings == book.settings and again.sha256 == book.sha256


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("months", "2.5", "setting months: '2.5' is not a whole number; its default is 3"),
        ("months", "three", "'three' is not a whole number"),
        ("months", "1_000", "'1_000' is not a whole number"),
        ("months", "true", "'true' is not a whole number"),
        ("share", "0,6", "'0,6' is not a number; its default is 0.60"),
        ("share", "NaN", "'NaN' is not a number"),
        ("share", "Infinity", "'Infinity' is not a number"),
        ("share", "1e-3", "'1e-3' is not a number"),
        ("share", "", "'' is not a number"),
        ("strict", "yes", "'yes' is not true or false; its default is true"),
        ("strict", "1", "'1' is not true or false"),
        ("since", "2025-02-29", "'2025-02-29' is not a date"),
        ("since", "20250131", "'20250131' is not a date"),
        ("limit", "3", "the rulebook has no setting 'limit'; its settings: months, share, strict"),
    ],
)
def test_a_change_that_does_not_fit_its_setting(
    name: str, text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(NplError) as caught:
        load_rulebook(str(write(tmp_path, SETTINGS + BODY)), changes={name: text})
    assert words in str(caught.value)


def test_a_rulebook_is_in_force_from_its_first_day() -> None:
    book = load_rulebook("TW", date(2014, 1, 1))
    assert [book.in_force(date(*day)) for day in ((2013, 12, 31), (2014, 1, 1))] == [False, True]
