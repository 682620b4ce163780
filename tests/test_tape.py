"""A tape is read the same from every format, exactly or not at all, and its totals tie."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tapes import REPORTING_DATE, Reader, csv_text

from npl_reporting.engine import Engine
from npl_reporting.errors import NplError
from npl_reporting.law.columns import Column, column_dictionary
from npl_reporting.portfolio.quarantine import Counts, Total
from npl_reporting.portfolio.tape import TapeSource, Terms, read_tape

LOAN = {
    "exposure_id": "0012",
    "debtor_id": "D1",
    "product_type": "corporate_loan",
    "outstanding_principal": Decimal("1234567.89"),
    "oldest_unpaid_due_date": date(2025, 6, 30),
    "past_due_amount": Decimal("0.10"),
    "unlikely_to_pay": True,
    "payments_since_restructuring": 0,
}
HEADER = ",".join(LOAN)
ROW = "0012,D1,corporate_loan,1234567.89,2025-06-30,0.1,true,0"
CSV = f"{HEADER}\n{ROW}\n"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def parquet(reader: Reader, table: pa.Table, name: str = "tape.parquet") -> str:
    pq.write_table(table, reader.folder / name)
    return name


def native_table(rows: int = 1) -> pa.Table:
    types = {
        "outstanding_principal": pa.decimal128(15, 2),
        "past_due_amount": pa.decimal128(18, 2),
        "oldest_unpaid_due_date": pa.date32(),
    }
    return pa.table({n: pa.array([v] * rows, types.get(n)) for n, v in LOAN.items()})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tape.csv", CSV.encode()),
        ("tape.csv.gz", gzip.compress(CSV.encode())),
        ("gzip-without-its-name.csv", gzip.compress(CSV.encode())),
        ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("windows.csv", CSV.replace("\n", "\r\n").encode()),
        ("old-mac.csv", CSV.replace("\n", "\r").encode()),
        ("no-last-line-end.csv", CSV.rstrip().encode()),
        ("blank-lines-at-end.csv", (CSV + "\n\n").encode()),
        ("quoted.csv", '"{}"\n"{}"\n'.format(*(s.replace(",", '","') for s in (HEADER, ROW))).encode()),
    ],
)  # fmt: skip
def test_text_tape_is_read_into_typed_columns(reader: Reader, name: str, content: bytes) -> None:
    read = reader.read(name, content)
    assert read.findings == []
    assert read.exposures == [{"row": 2, **LOAN}]
    assert read.kinds["outstanding_principal"] == "DECIMAL(18,2)"
    assert read.kinds["oldest_unpaid_due_date"] == "DATE"


def test_sha256_is_of_the_file_as_it_came(reader: Reader) -> None:
    import hashlib

    content = gzip.compress(CSV.encode())
    assert reader.read("t.csv.gz", content).tape.sha256 == hashlib.sha256(content).hexdigest()


def test_parquet_of_the_right_types_is_a_view_and_counts_rows_from_one(reader: Reader) -> None:
    path = reader.folder / parquet(
        reader, native_table(2).set_column(0, "exposure_id", [["a", "b"]])
    )
    terms = Terms(column_dictionary(), "TWD", REPORTING_DATE)
    with TemporaryDirectory() as work, Engine(Path(work), [path]) as engine:
        tape = read_tape(engine, TapeSource(path), terms)
        assert engine.value("SELECT count(*) FROM duckdb_views() WHERE view_name = 'tape'") == 1
        assert engine.rows("SELECT row, exposure_id FROM exposures") == [(1, "a"), (2, "b")]
        assert tape.errors == 0


def test_parquet_doubles_go_through_their_shortest_text(reader: Reader) -> None:
    table = native_table(3).set_column(0, "exposure_id", [[1.0, 2.0, 3.0]])
    table = table.set_column(3, "outstanding_principal", [[0.1 + 0.7, 1e15, 4503599627370.49]])
    read = reader.read(parquet(reader, table))
    assert [row["outstanding_principal"] for row in read.exposures] == [
        None, Decimal("1000000000000000.00"), Decimal("4503599627370.49"),
    ]  # fmt: skip
    assert [row["exposure_id"] for row in read.exposures] == ["1", "2", "3"]
    (finding,) = read.findings
    assert (finding.check, finding.row, finding.value) == ("S-04", 1, "0.7999999999999999")


def test_parquet_types_that_lose_nothing_are_taken(reader: Reader) -> None:
    table = native_table(2).set_column(0, "exposure_id", [[7, 8]])
    table = table.set_column(3, "outstanding_principal", [pa.array([5, 10**17], pa.int64())])
    wide = pa.array([Decimal("1.2300"), Decimal("1.2345")], pa.decimal128(38, 4))
    table = table.set_column(5, "past_due_amount", [wide])
    noon = pa.array([0, 43200], pa.timestamp("s"))
    table = table.append_column("origination_date", [noon])
    read = reader.read(parquet(reader, table))
    assert read.exposures[0]["past_due_amount"] == Decimal("1.23")
    assert read.exposures[0]["origination_date"] == date(1970, 1, 1)
    assert [(f.check, f.row, f.column) for f in read.findings if f.severity == "error"] == [
        ("S-04", 2, "past_due_amount"),
        ("S-05", 2, "outstanding_principal"),
        ("S-12", 2, "origination_date"),
    ]


def test_parquet_text_is_parsed_like_csv(reader: Reader) -> None:
    texts = dict(zip(HEADER.split(","), ([cell] for cell in ROW.split(",")), strict=True))
    read = reader.read(parquet(reader, pa.table(texts)))
    assert read.exposures == [{"row": 1, **LOAN}]


def test_unknown_columns_are_kept_as_text_or_in_their_parquet_type(reader: Reader) -> None:
    read = reader.read("t.csv", csv_text({"crop": "rice"}, {"exposure_id": "E2"}))
    assert [row["crop"] for row in read.exposures] == ["rice", None]
    table = native_table().append_column("crops", [pa.array([3], pa.int32())])
    read = reader.read(parquet(reader, table))
    assert read.exposures[0]["crops"] == 3
    assert read.tape.others == {"crops": "crops"}


def test_column_that_a_rulebook_declares_is_typed_and_has_its_default(tmp_path: Path) -> None:
    season = Column(type="text", meaning={"en": "x"}, values=("dry", "wet"), default="dry")
    reader = Reader(tmp_path, extra={
        "season": season,
        "share": Column(type="rate", meaning={"en": "x"}, default=Decimal("0.25")),
        "moved": Column(type="boolean", meaning={"en": "x"}, default=False),
    })  # fmt: skip
    rows = [{"season": "wet", "share": "0.5", "moved": "true"}, {"exposure_id": "E2"}]
    read = reader.read("t.csv", csv_text(*rows, {"exposure_id": "E3", "season": "cold"}))
    assert [(r["season"], r["share"], r["moved"]) for r in read.exposures][:2] == [
        ("wet", Decimal("0.5"), True),
        ("dry", Decimal("0.25"), False),
    ]
    assert [(f.check, f.value, f.expected) for f in read.findings] == [
        ("S-13", "cold", "dry | wet")
    ]


def test_name_that_the_rulebook_needs_is_kept_under_another(tmp_path: Path) -> None:
    reader = Reader(tmp_path, taken=("days_past_due",))
    read = reader.read("t.csv", csv_text({"days_past_due": "3", "Row": "9"}))
    assert read.exposures[0]["tape_days_past_due"] == "3"
    assert read.exposures[0]["tape_Row"] == "9"
    assert read.failed == ["S-20", "S-20"]


def test_currency_without_minor_unit_takes_no_decimals(tmp_path: Path) -> None:
    read = Reader(tmp_path, currency="JPY").read(
        "t.csv", csv_text({"outstanding_principal": "5"}, {"outstanding_principal": "5.0"})
    )
    assert read.kinds["outstanding_principal"] == "DECIMAL(18,0)"
    assert "S-04" in read.failed


def test_mapping_gives_a_banks_own_names_and_codes_their_meaning(reader: Reader) -> None:
    mapping = reader.write(
        "mapping.yaml",
        """
columns: {ACCT: exposure_id, CUST: debtor_id, BAL: outstanding_principal, DUE: oldest_unpaid_due_date,
          OD: past_due_amount, UTP: unlikely_to_pay, OPEN: origination_date, KIND: debtor_type}
codes:
  unlikely_to_pay: {Y: true, N: false}
  debtor_type: {1: individual, 2: corporate}
constants: {product_type: credit_card}
dates: {oldest_unpaid_due_date: "{minguo}/%m/%d", origination_date: "%d.%m.%Y"}
""",
    )
    tape = "ACCT,CUST,BAL,DUE,OD,UTP,OPEN,KIND\nA1,C1,100,114/06/30,5,Y,31.12.2013,1\nA2,C2,7,,0,N,,2\n"
    read = reader.read("t.csv", tape, mapping=mapping)
    assert read.findings == []
    first, second = read.exposures
    assert first["oldest_unpaid_due_date"] == date(2025, 6, 30)
    assert first["origination_date"] == date(2013, 12, 31)
    assert (first["unlikely_to_pay"], second["unlikely_to_pay"]) == (True, False)
    assert (first["debtor_type"], second["debtor_type"]) == ("individual", "corporate")
    assert first["product_type"] == "credit_card"


def test_named_encoding_is_converted_and_never_garbled(reader: Reader) -> None:
    text = csv_text({"region": "臺北市中山區"}, {"exposure_id": "E2", "region": "宏碁"})
    for encoding in ("cp950", "utf-16", "gb18030"):
        read = reader.read("t.csv", text.encode(encoding), encoding=encoding)
        assert [row["region"] for row in read.exposures] == ["臺北市中山區", "宏碁"]
    zipped = reader.read("t.csv.gz", gzip.compress(text.encode("cp950")), encoding="cp950")
    assert zipped.exposures[0]["region"] == "臺北市中山區"


@pytest.mark.parametrize(("option", "character"), [(";", ";"), ("tab", "\t"), ("|", "|")])
def test_delimiter_option(reader: Reader, option: str, character: str) -> None:
    assert reader.read("t.csv", CSV.replace(",", character), delimiter=option).findings == []


def test_rows_count_as_a_spreadsheet_counts_them(reader: Reader) -> None:
    rows = [
        "a,D1,corporate_loan,1",
        "",
        '"b\n",D1,corporate_loan,x',
        ",,,",
        "c,D1,corporate_loan,y",
    ]
    text = "exposure_id,debtor_id,product_type,outstanding_principal\n" + "\n".join(rows)
    read = reader.read("t.csv", text)
    assert [(f.row, f.check) for f in read.findings] == [(4, "S-02"), (4, "S-15"), (6, "S-02")]


def test_quarantine_sets_rows_aside_and_totals_tie(reader: Reader) -> None:
    rows = [
        {"exposure_id": "E1", "outstanding_principal": "100.10", "specific_allowance": "1"},
        {"exposure_id": "E2", "outstanding_principal": "200.20", "specific_allowance": "x"},
        {"exposure_id": "E3", "outstanding_principal": "-5", "specific_allowance": "2"},
        {"exposure_id": "E3", "outstanding_principal": "50", "specific_allowance": ""},
        {"exposure_id": "E4", "debtor_id": "D9", "outstanding_principal": "0.70"},
    ]
    stopped = reader.read("t.csv", csv_text(*rows))
    assert (stopped.tape.errors, stopped.tape.blocking, len(stopped.exposures)) == (4, 4, 5)
    read = reader.read("t.csv", quarantine=True)
    assert read.tape.counts == Counts(read=5, used=2, set_aside=3)
    assert read.tape.totals["outstanding_principal"] == Total(
        Decimal("346.00"), Decimal("100.80"), Decimal("245.20")
    )
    assert read.tape.totals["specific_allowance"] == Total(Decimal(3), Decimal(1), Decimal(2))
    assert (read.tape.errors, read.tape.blocking) == (4, 0)
    assert [row["row"] for row in read.set_aside] == [3, 4, 5]
    assert [row["exposure_id"] for row in read.exposures] == ["E1", "E4"]


def test_quarantine_cannot_set_aside_what_is_wrong_with_the_whole_tape(reader: Reader) -> None:
    read = reader.read("t.csv", csv_text({"currency": "USD"}), quarantine=True)
    assert read.tape.blocking == 1


def test_unreadable_cell_raises_no_second_finding(reader: Reader) -> None:
    row = {"past_due_amount": "5", "oldest_unpaid_due_date": "2025-02-31"}
    assert reader.read("t.csv", csv_text(row)).failed == ["S-11"]


def test_warning_is_not_looked_for_where_its_column_is_missing(reader: Reader) -> None:
    read = reader.read("t.csv", csv_text({"collateral_type": "land", "collateral_value": "5"}))
    assert read.findings == []
    assert "L-24" in read.tape.skipped and "L-21" not in read.tape.skipped


def test_control_totals_that_tie_are_told_too(reader: Reader) -> None:
    control = reader.write("totals.csv", "product_type,column,total\n,count,2\ncash_card,count,1\n")
    rows = [{}, {"exposure_id": "E2", "product_type": "cash_card"}]
    read = reader.read("t.csv", csv_text(*rows), control=control)
    assert read.findings == []
    assert [c.tape for c in read.tape.controls] == [Decimal(2), Decimal(1)]


def test_damaged_parquet_pages_are_a_damaged_file(reader: Reader) -> None:
    rows = 20_000
    table = native_table(rows).set_column(0, "exposure_id", [[f"E{n * 7919}" for n in range(rows)]])
    name = parquet(reader, table)
    content = bytearray((reader.folder / name).read_bytes())
    content[2000:40000] = bytes(38000)
    with pytest.raises(NplError, match="is damaged"):
        reader.read(name, bytes(content))
