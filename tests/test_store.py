"""Runs go into the store whole, once, exactly, and come back as they went in."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from stored_run import CASES, CELLS, CHECKS, FINDINGS, RUN, TAPE, Numbered, portions, save, store_in

from npl_reporting.errors import DataError, NplError
from npl_reporting.evidence.records import RunFile, TreatedPortion
from npl_reporting.evidence.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return store_in(tmp_path)


def everything(folder: Path) -> list[tuple[str, list[tuple[object, ...]]]]:
    """All tables of the store with all their rows, seen without the product."""
    with sqlite3.connect(folder / "npl.db") as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [
            (name, connection.execute(f'SELECT * FROM "{name}"').fetchall()) for (name,) in tables
        ]


def test_a_run_comes_back_as_it_went_in(store: Store) -> None:
    assert save(store).stored
    assert store.runs() == (RUN,)
    assert store.run(RUN.id) == RUN
    assert store.cases(RUN.id) == CASES
    assert store.cells(RUN.id) == CELLS
    assert store.checks(RUN.id) == CHECKS
    assert tuple(store.findings(RUN.id)) == FINDINGS
    (tape,) = store.files(RUN.id)
    assert store.archive.open_path(tape.sha256).read_bytes() == TAPE


def test_an_exposure_comes_back_with_all_its_portions(store: Store) -> None:
    save(store)
    assert store.exposure(RUN.id, "E1") == (
        TreatedPortion(2, "E1", "D1", "secured", "c2", Decimal("200.00"), Decimal("20.000000")),
        TreatedPortion(2, "E1", "D1", "unsecured", "c2", Decimal("100.00"), Decimal("10.000000")),
    )
    assert store.exposure(RUN.id, "E9") == ()


def test_cells_and_checks_of_one_report_and_period(store: Store) -> None:
    save(store)
    assert store.cells(RUN.id, "asset_quality", "comparative") == CELLS[3:]
    assert store.cells(RUN.id, "deadlines") == ()
    assert store.checks(RUN.id, "deadlines") == ()


def test_the_same_run_twice_is_recognised_and_nothing_is_doubled(
    store: Store, tmp_path: Path
) -> None:
    save(store)
    before = everything(tmp_path)
    later = replace(RUN, created_at=RUN.created_at + timedelta(days=1), created_by="somebody else")
    saved = save(store, later)
    assert (saved.run, saved.stored) == (RUN, False)
    assert everything(tmp_path) == before


def test_another_run_with_the_same_id_is_refused(store: Store) -> None:
    save(store)
    with pytest.raises(NplError, match="is stored already with another tape_sha256"):
        save(store, replace(RUN, tape_sha256="00" * 32))


def test_a_run_is_found_by_a_beginning_that_only_it_has(store: Store) -> None:
    earlier = replace(RUN, id="XX-2025-06-30-99999999", reporting_date=date(2025, 6, 30))
    longer = replace(RUN, id=RUN.id + "-2")
    for run in (RUN, earlier, longer):
        save(store, run)
    assert store.run("XX-2025-06") == earlier
    assert store.run(RUN.id) == RUN
    with pytest.raises(NplError, match="2 runs begin with XX-2025-09: .*; write more of the id"):
        store.run("XX-2025-09")
    with pytest.raises(NplError, match="there is no run xx; npl runs lists them"):
        store.run("xx")


def test_the_moment_of_a_run_is_kept_in_utc(store: Store) -> None:
    taipei = timezone(timedelta(hours=8))
    save(store, replace(RUN, created_at=datetime(2025, 10, 8, 9, 30, tzinfo=taipei)))
    (run,) = store.runs()
    assert run.created_at == datetime(2025, 10, 8, 1, 30, tzinfo=UTC)
    assert run.created_at.tzinfo is UTC


def test_money_is_whole_units_in_the_file_and_nothing_is_a_float(
    store: Store, tmp_path: Path
) -> None:
    large = portions((2, "E1", "D1", "whole", "c2", "12345678901234.56", "1234567890123.456789"))
    save(store, exposures=[large])
    (stored,) = store.exposure(RUN.id, "E1")
    assert (stored.amount, stored.minimum_allowance) == (
        Decimal("12345678901234.56"),
        Decimal("1234567890123.456789"),
    )
    with sqlite3.connect(tmp_path / "npl.db") as connection:
        assert connection.execute(
            "SELECT amount_units, allowance_units FROM treated_portion"
        ).fetchall() == [(1234567890123456, 1234567890123456789)]
    values = [value for _, rows in everything(tmp_path) for row in rows for value in row]
    assert values
    assert not any(isinstance(value, float) for value in values)


def test_money_of_a_currency_without_minor_unit(store: Store) -> None:
    yen = replace(RUN, currency="JPY")
    batch = portions((2, "E1", "D1", "whole", "c2", "300.00", "0.000100"))
    save(store, yen, cases=[replace(CASES[0], amount=Decimal(300))], exposures=[batch])
    (stored,) = store.exposure(RUN.id, "E1")
    assert (stored.amount, stored.minimum_allowance) == (Decimal(300), Decimal("0.0001"))
    assert store.cases(RUN.id)[0].amount == Decimal(300)


def test_whole_units_are_taken_as_they_come(store: Store) -> None:
    save(store, exposures=Numbered(batches=3, size=10))
    (stored,) = store.exposure(RUN.id, "E000000029")
    assert (stored.amount, stored.minimum_allowance) == (Decimal("29.00"), Decimal("0.014500"))


def test_a_sliced_batch_keeps_its_own_amounts(store: Store) -> None:
    batch = portions(
        (2, "E1", "D1", "whole", "c1", "1.00", "0.100000"),
        (3, "E2", "D1", "whole", "c1", "2.00", "0.200000"),
    )
    save(store, exposures=[batch.slice(1)])
    (stored,) = store.exposure(RUN.id, "E2")
    assert (stored.amount, stored.minimum_allowance) == (Decimal("2.00"), Decimal("0.200000"))


@pytest.mark.parametrize(
    ("amount", "allowance", "named"),
    [
        ("92233720368547758.08", "0.000000", "amount 92233720368547758.08"),  # 2^63 cents
        ("1.00", "9223372036854.775808", "minimum_allowance 9223372036854.775808"),
    ],
)
def test_an_amount_too_large_is_named_and_nothing_is_stored(
    store: Store, amount: str, allowance: str, named: str
) -> None:
    batch = portions(
        (2, "E1", "D1", "whole", "c1", "1.00", "0.000000"),
        (3, "E2", "D1", "whole", "c1", amount, allowance),
    )
    with pytest.raises(DataError, match=f"exposure E2: {named} cannot be stored exactly"):
        save(store, exposures=[batch])
    assert store.runs() == ()


def test_a_fraction_of_the_minor_unit_is_refused_not_rounded(store: Store) -> None:
    batch = portions((2, "E1", "D1", "whole", "c1", "0.01", "0.000001"))
    with pytest.raises(DataError, match="exposure E1: amount 0.01 cannot be stored exactly"):
        save(store, replace(RUN, currency="JPY"), cases=(), exposures=[batch])
    with pytest.raises(DataError, match="case c2: its amount cannot be stored: 0.001 has more"):
        save(store, cases=[replace(CASES[0], amount=Decimal("0.001"))])
    with pytest.raises(DataError, match="case c2: its amount cannot be stored: .* is too large"):
        save(store, cases=[replace(CASES[0], amount=Decimal("92233720368547758.08"))])


def test_a_float_is_a_bug(store: Store) -> None:
    batch = portions((2, "E1", "D1", "whole", "c1", "1.00", "0.000000"))
    floats = batch.set_column(5, "amount", pa.array([1.0]))
    with pytest.raises(TypeError, match="amount holds floats"):
        save(store, exposures=[floats])


def test_the_previous_run_is_of_the_latest_earlier_date_and_not_superseded(store: Store) -> None:
    march = replace(RUN, id="m", reporting_date=date(2025, 3, 31))
    june = replace(RUN, id="j", reporting_date=date(2025, 6, 30))
    corrected = replace(june, id="j2", supersedes="j")
    insurer = replace(june, id="i", variant="insurer")
    elsewhere = replace(june, id="e", jurisdiction="YY")
    for run in (march, june, corrected, insurer, elsewhere, RUN):
        save(store, run)
    assert store.previous(RUN) == corrected
    assert store.previous(corrected) == march
    assert store.previous(march) is None
    assert store.comparative(RUN, date(2025, 3, 31)) == march
    assert store.comparative(RUN, date(2024, 9, 30)) is None


def test_of_several_runs_on_a_date_the_one_under_the_same_rulebook_compares(store: Store) -> None:
    june = replace(RUN, id="j", reporting_date=date(2025, 6, 30))
    what_if = replace(june, id="w", rulebook_sha256="99" * 32)
    again = replace(june, id="a", engine_version="0.1.1")
    for run in (june, again, what_if):
        save(store, run)
    assert store.previous(RUN) == again
    assert store.previous(replace(RUN, rulebook_sha256="99" * 32)) == what_if


def test_a_file_that_is_not_in_the_archive_is_named_and_nothing_is_stored(store: Store) -> None:
    lost = RunFile("rulebook", "2014-01-01.yaml", "00" * 32, 1, "application/yaml")
    with pytest.raises(NplError, match="2014-01-01.yaml is not in the archive"):
        save(store, files=[lost])
    assert store.runs() == ()


def test_orphans_are_named_and_removed_but_no_file_of_a_run(store: Store) -> None:
    save(store)
    orphan = store.archive.place_bytes(b"left by a run that was killed")
    assert store.orphans() == ()
    assert store.orphans(age=timedelta(0)) == (orphan.sha256,)
    two_days_ago = store.archive.path(orphan.sha256).stat().st_mtime - 2 * 86400
    os.utime(store.archive.path(orphan.sha256), (two_days_ago, two_days_ago))
    assert store.remove_orphans() == (orphan.sha256,)
    assert store.orphans(age=timedelta(0)) == ()
    assert store.archive.holds(store.files(RUN.id)[0].sha256)


def test_the_archive_lies_beside_the_store_or_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'bank.db'}"
    assert Store(url).archive.folder == tmp_path / "bank-archive"
    assert Store().archive.folder == Path("npl-archive")
    assert Store("postgresql://host/npl").archive.folder == Path("npl-archive")
    monkeypatch.setenv("NPL_ARCHIVE", str(tmp_path / "vault"))
    assert Store(url).archive.folder == tmp_path / "vault"
    assert Store(url, tmp_path / "told").archive.folder == tmp_path / "told"


def test_a_failure_in_the_middle_leaves_nothing(store: Store) -> None:
    class Stop(Exception):
        """What the caller's own code may raise."""

    def broken() -> Iterator[pa.RecordBatch]:
        yield from Numbered(batches=2, size=1000)
        raise Stop

    save(store, replace(RUN, id="first"))
    with pytest.raises(Stop):
        save(store, exposures=broken())
    assert [run.id for run in store.runs()] == ["first"]
    assert save(store).stored
