"""A filing is what the authority's module says: names, codes, files, and the same bytes each time."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from npl_reporting.errors import NplError
from npl_reporting.resources import REPORTS
from npl_reporting.returns.cells import Cell
from npl_reporting.returns.filing.definition import Filing, asked, load_filing, load_filings
from npl_reporting.returns.filing.package import filings_to_write, write_package
from npl_reporting.returns.filing.subject import Subject, names_entity
from npl_reporting.returns.report import Report
from npl_reporting.returns.shelf import load_report, load_reports

DAY = date(2026, 3, 31)
LEI = "529900T8BM49AURSDO55"
SUBJECT = Subject(LEI, DAY, "EUR", "EU-2026-03-31-0a1b2c3d", {"country": "DE"})
FILES = sorted(REPORTS.glob("*/filing/*.yaml"))
(FINREP,) = load_filings("EU", DAY)
REPORTED = load_reports("EU", DAY)


def cell(table: str, row: str, column: str, value: str | None) -> Cell:
    """A cell of the first filed report."""
    report, _, _ = table.partition("/")
    number = None if value is None else Decimal(value)
    reason = "no_exposures" if value is None else None
    return Cell(report, table.partition("/")[2], row, column, "current", number, reason=reason)


CELLS = (
    cell("f_18_00/a", "a.r0070", "c0010", "900000000"),
    cell("f_18_00/a", "a.r0070", "c0020", "855000000"),
    cell("f_18_00/a", "a.r0070", "c0060", "45000000.55"),
    cell("f_18_00/a", "a.r0080", "c0010", "0"),
    cell("f_18_00/a", "a.r0010", "c0010", None),
    cell("f_18_00/b", "b.r0070", "c0150", "-1234.50"),
    cell("f_18_01/flows", "r0130", "c0010", "6000000"),
    cell("f_18_01/flows", "r0130", "c0020", "-4000000"),
    cell("f_19_00/a", "a.r0070", "c0010", None),
)


def places(report: Report, table: str) -> Iterator[tuple[str, str, str, str]]:
    """Every cell of a grid: row, column, and the official codes of both."""
    grid = report.table(table)
    for row in grid.rows:
        for column in grid.columns:
            if not row.heading and column.id not in row.blank:
                yield row.id, column.id, row.code, column.code


def whole_return() -> Iterator[Cell]:
    """Every cell of every filed table, each with a figure of its own."""
    figures = iter(range(1, 10_000))
    reports = {report.id: report for report in REPORTED}
    for filed in FINREP.definition.tables:
        for row, column, _, _ in places(reports[filed.report], filed.table):
            yield cell(f"{filed.report}/{filed.table}", row, column, str(next(figures)))


def unpacked(path: Path) -> dict[str, str]:
    """The files of a package below its one top folder."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {name.partition("/")[0] for name in names} == {path.stem}
        return {name.partition("/")[2]: archive.read(name).decode() for name in names}


def table_of(text: str) -> dict[str, str]:
    """A two-column file by its first column; no key may stand twice."""
    (_, *lines) = csv.reader(io.StringIO(text))
    assert len({line[0] for line in lines}) == len(lines)
    return dict(lines)


def read_back(path: Path, filing: Filing) -> dict[tuple[str, str, str], str]:
    """What stands in a package: table file, official row and column, figure."""
    files = unpacked(path)
    found = {}
    for filed in filing.definition.tables:
        code_of = {code: place for place, code in filing.codes[filed.file].items()}
        for code, value in table_of(files.get(f"reports/{filed.file}.csv", "datapoint,\n")).items():
            found[(filed.file, *code_of[code])] = value
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(FINREP, REPORTED, CELLS, SUBJECT, tmp_path_factory.mktemp("package"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_filing_is_sound_and_every_cell_of_its_reports_has_a_code(path: Path) -> None:
    filing = load_filing(path)
    assert filing.definition.jurisdiction == path.parent.parent.name
    reports = {report.id: report for report in REPORTED}
    for filed in filing.definition.tables:
        codes = filing.codes[filed.file]
        assert {
            (row, column) for *_, row, column in places(reports[filed.report], filed.table)
        } <= set(codes)


def test_the_package_is_named_by_who_files_what_when(package: Path) -> None:
    stem, created = package.stem.rsplit("_", 1)
    assert stem == f"{LEI}.CON_DE_FINREP030300_FINREP9_2026-03-31"
    assert re.fullmatch("20260401[0-9]{9}", created)


def test_the_package_holds_what_the_format_asks_for_and_no_more(package: Path) -> None:
    files = unpacked(package)
    assert sorted(files) == [
        "META-INF/reportPackage.json",
        "reports/FilingIndicators.csv",
        "reports/f_00.01.csv",
        "reports/f_18.00.a.csv",
        "reports/f_18.00.b.csv",
        "reports/f_18.01.csv",
        "reports/parameters.csv",
        "reports/report.json",
    ]
    about = json.loads(files["META-INF/reportPackage.json"])["documentInfo"]
    assert about == {"documentType": "https://xbrl.org/report-package/2023"}
    about = json.loads(files["reports/report.json"])["documentInfo"]
    assert about["documentType"] == "https://xbrl.org/2021/xbrl-csv"
    assert about["extends"] == [
        "http://www.eba.europa.eu/eu/fr/xbrl/crr/fws/finrep/4.2/mod/finrep9.json"
    ]
    assert table_of(files["reports/parameters.csv"]) == {
        "entityID": f"rs:{LEI}.CON",
        "refPeriod": "2026-03-31",
        "baseCurrency": "iso4217:EUR",
        "decimalsMonetary": "2",
    }
    assert table_of(files["reports/f_00.01.csv"]) == {
        "dp31870": "eba_qAS:qx2004",
        "dp37969": "eba_qSC:qx10",
    }


def test_the_facts_are_the_computed_cells_under_their_codes(package: Path) -> None:
    files = unpacked(package)
    assert files["reports/f_18.00.a.csv"] == (
        "datapoint,factValue\r\n"
        "dp109911,0\r\ndp110279,900000000\r\ndp110280,45000000.55\r\ndp110282,855000000\r\n"
    )
    assert table_of(files["reports/f_18.00.b.csv"]) == {"dp109864": "-1234.5"}
    assert table_of(files["reports/f_18.01.csv"]) == {"dp429492": "6000000", "dp429493": "-4000000"}


def test_every_template_says_once_whether_it_is_reported(package: Path) -> None:
    said = table_of(unpacked(package)["reports/FilingIndicators.csv"])
    assert list(said) == list(FINREP.definition.templates)
    assert {name for name, state in said.items() if state == "true"} == {
        "F_00.01",
        "F_18.00",
        "F_18.01",
    }
    assert set(said.values()) == {"true", "false"}


def test_the_same_run_gives_the_same_bytes_and_another_run_another_name(
    package: Path, tmp_path: Path
) -> None:
    again = write_package(FINREP, REPORTED, tuple(reversed(CELLS)), SUBJECT, tmp_path)
    assert (again.name, again.read_bytes()) == (package.name, package.read_bytes())
    other = write_package(FINREP, REPORTED, CELLS, replace(SUBJECT, mark="EU-other"), tmp_path)
    assert other.name != package.name


def test_read_back_the_package_gives_the_cells_again(tmp_path: Path) -> None:
    cells = tuple(whole_return())
    found = read_back(write_package(FINREP, REPORTED, cells, SUBJECT, tmp_path), FINREP)
    reports = {report.id: report for report in REPORTED}
    file_of = {(one.report, one.table): one.file for one in FINREP.definition.tables}
    expected = {}
    for one in cells:
        table = reports[one.report].table(one.table)
        row = next(row.code for row in table.rows if row.id == one.row)
        column = next(column.code for column in table.columns if column.id == one.column)
        expected[file_of[one.report, one.table], row, column] = one.exact
    assert found == expected


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (replace(SUBJECT, entity="529900T8BM49AURSDO56"), "check digits are wrong"),
        (replace(SUBJECT, entity="529900T8BM94AURSDO55"), "check digits are wrong"),
        (replace(SUBJECT, answers={}), "--set country=…"),
        (replace(SUBJECT, answers={"country": "de"}), "'de' does not fit"),
        (replace(SUBJECT, answers={"country": "DE", "scope": "all"}), "consolidated or individual"),
    ],
    ids=["one digit", "two turned round", "no country", "small letters", "no such scope"],
)
def test_who_files_must_be_told_soundly(subject: Subject, words: str, tmp_path: Path) -> None:
    with pytest.raises(NplError, match=re.escape(words)):
        write_package(FINREP, REPORTED, CELLS, subject, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_single_bank_files_for_itself(tmp_path: Path) -> None:
    alone = replace(SUBJECT, answers={"country": "FI", "scope": "individual"})
    path = write_package(FINREP, REPORTED, CELLS, alone, tmp_path)
    assert path.name.startswith(f"{LEI}.IND_FI_")
    files = unpacked(path)
    assert table_of(files["reports/parameters.csv"])["entityID"] == f"rs:{LEI}.IND"
    assert table_of(files["reports/f_00.01.csv"])["dp37969"] == "eba_qSC:qx9"


def test_a_figure_without_a_code_is_refused(tmp_path: Path) -> None:
    report = load_report(REPORTS / "EU" / "f_18_00.yaml")
    table = report.definition.tables[0]
    row = table.rows[0].model_copy(update={"code": "r9999"})
    changed = table.model_copy(update={"rows": (row, *table.rows[1:])})
    tables = (changed, *report.definition.tables[1:])
    other = replace(report, definition=report.definition.model_copy(update={"tables": tables}))
    with pytest.raises(NplError, match=r"f_18\.00\.a has no code for r9999 c0010"):
        write_package(FINREP, [other], [cell("f_18_00/a", row.id, "c0010", "1")], SUBJECT, tmp_path)


def test_before_the_first_reference_date_there_is_no_filing() -> None:
    assert load_filings("EU", date(2026, 3, 30)) == ()


def test_without_an_identifier_nothing_is_written() -> None:
    assert names_entity(LEI)
    assert filings_to_write((FINREP,), LEI, DAY, {"country": "DE"}) == (FINREP,)
    assert filings_to_write((FINREP,), "Exampleland Savings Bank", DAY, {}) == ()
    assert filings_to_write((FINREP,), "", DAY, {}) == ()


def test_what_a_filing_still_has_to_be_told_is_said_before_anything_is_computed() -> None:
    assert asked((FINREP,)) == {"country", "scope", "accounting"}
    with pytest.raises(NplError, match="the filing needs 'country'"):
        filings_to_write((FINREP,), LEI, DAY, {"scope": "individual"})


# What the authority's module itself says, as the validator's package carries it. ------------------


@pytest.fixture(scope="module")
def module() -> Mapping[str, Any]:
    """The module of the entry point, table by table."""
    modules = pytest.importorskip("xbridge.modules", reason="needs the extra [xbrl]")
    known = Path(modules.__file__).parent / "modules"
    url = FINREP.definition.entry_point.replace(".json", ".xsd")
    name = json.loads((known / "index.json").read_text(encoding="utf-8"))[url]
    return dict(json.loads((known / name).read_text(encoding="utf-8")))


def unknown_codes(path: Path, module: Mapping[str, Any]) -> list[str]:
    """Codes that the module does not have in that table, which the validator lets pass."""
    known = {
        table["url"]: {one["code"] for one in table["variables"]} for table in module["tables"]
    }
    return [
        f"{name}: {code}"
        for name, text in unpacked(path).items()
        if (file := name.rpartition("/")[2]) in known
        for code in table_of(text)
        if code not in known[file]
    ]


def errors_of(path: Path) -> dict[str, Sequence[Any]]:
    """Every error that the validator finds, by its rule."""
    validation = pytest.importorskip("xbridge.validation", reason="needs the extra [xbrl]")
    found: dict[str, Sequence[Any]] = {}
    for section in validation.validate(path, eba=True).values():
        found |= section["errors"]
    return found


def test_the_templates_are_those_of_the_module(module: Mapping[str, Any]) -> None:
    templates = {table["filing_indicator"] for table in module["tables"]}
    assert templates == set(FINREP.definition.templates)


def test_the_codes_of_a_table_are_those_of_the_module(module: Mapping[str, Any]) -> None:
    known = {
        table["url"]: {one["code"] for one in table["variables"]} for table in module["tables"]
    }
    for file, codes in FINREP.codes.items():
        assert set(codes.values()) == known[f"{file}.csv"]


def test_cells_of_one_row_or_column_share_what_the_module_says_of_them(
    module: Mapping[str, Any],
) -> None:
    """In the module a cell is a set of dimensions: those of its row and those of its column.

    So any two rows differ by the same dimensions in every column that both have, apart from the
    portfolio and the table that the module names once more with some of them.
    """
    loose = {"unit", "qEEG", "qBFA", "qAAA", "qCAA", "concept", "qLKL", "qLLJ", "qADB", "qANL"}
    for file, codes in FINREP.codes.items():
        table = next(one for one in module["tables"] if one["url"] == f"{file}.csv")
        said = {one["code"]: _dimensions(one, loose) for one in table["variables"]}
        columns = {column for _, column in codes}
        first = next(row for row, _ in codes)
        for column in sorted(columns):
            if (first, column) not in codes:
                continue
            added = said[codes[first, column]] - _shared(said, codes, first)
            for row in {row for row, _ in codes if (row, column) in codes}:
                assert added <= said[codes[row, column]], (file, row, column)


def _dimensions(variable: Mapping[str, Any], without: set[str]) -> frozenset[tuple[str, str]]:
    named = {key.rpartition(":")[2]: value for key, value in variable["dimensions"].items()}
    return frozenset((key, value) for key, value in named.items() if key not in without)


def _shared(
    said: Mapping[str, frozenset[tuple[str, str]]], codes: Mapping[tuple[str, str], str], row: str
) -> frozenset[tuple[str, str]]:
    return frozenset.intersection(*(said[code] for (one, _), code in codes.items() if one == row))


def test_the_validator_finds_no_error_in_a_package(
    package: Path, module: Mapping[str, Any]
) -> None:
    assert errors_of(package) == {}
    assert unknown_codes(package, module) == []


def test_the_validator_finds_no_error_in_the_whole_return(
    module: Mapping[str, Any], tmp_path: Path
) -> None:
    path = write_package(FINREP, REPORTED, tuple(whole_return()), SUBJECT, tmp_path)
    assert errors_of(path) == {}
    assert unknown_codes(path, module) == []


def test_a_second_reader_finds_no_rule_broken_and_the_same_facts(package: Path) -> None:
    reader = pytest.importorskip("dpmxbrl", reason="needs the extra [xbrl]")
    report = reader.read_report(package)
    assert report.entity_id == f"{LEI}.CON"
    assert report.filing == ()
    assert len(report.facts) == 2 + sum(1 for one in CELLS if one.value is not None)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("reports/FilingIndicators.csv", "F_47.00,false\r\n", ""),
        ("reports/FilingIndicators.csv", "F_18.01,true", "F_18.01,false"),
        ("reports/parameters.csv", "decimalsMonetary,2", "decimalsMonetary,-6"),
        ("reports/f_18.01.csv", "dp429492,6000000", "dp429492,#nil"),
    ],
    ids=["no indicator", "a table that is not reported", "too few decimals", "nil"],
)
def test_the_validator_finds_what_was_spoilt(
    package: Path, tmp_path: Path, file: str, old: str, new: str
) -> None:
    assert errors_of(_spoilt(package, tmp_path, file, old, new))


def test_our_own_check_finds_a_code_that_is_unknown(
    package: Path, module: Mapping[str, Any], tmp_path: Path
) -> None:
    spoilt = _spoilt(package, tmp_path, "reports/f_18.01.csv", "dp429492", "dp110269")
    assert unknown_codes(spoilt, module) == ["reports/f_18.01.csv: dp110269"]


def _spoilt(package: Path, folder: Path, file: str, old: str, new: str) -> Path:
    path = folder / package.name
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in unpacked(package).items():
            assert name != file or old in text
            archive.writestr(
                f"{path.stem}/{name}", text.replace(old, new) if name == file else text
            )
    return path
