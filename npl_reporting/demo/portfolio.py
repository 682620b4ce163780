"""The made portfolio as files: a pure function of seed, size and reporting date."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from npl_reporting.demo.bank import agreements, contracts, draws, faults, ledger, lives, places
from npl_reporting.demo.bank.banks import QUARTERS, USUAL, Bank
from npl_reporting.demo.bank.delivered import deliver, later_dates
from npl_reporting.engine import Engine, literal
from npl_reporting.errors import NplError, Problem
from npl_reporting.work import work_folder

SIZE = 100_000
SEED = 2029
CURRENCY = "TWD"

_SOURCES = places.sources(Path(__file__).parent / "bank")
_FORMS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER",
    ".gz": "FORMAT csv, HEADER, COMPRESSION gzip",
}


def write_tape(
    target: Path,
    reporting_date: date,
    *,
    size: int = SIZE,
    seed: int = SEED,
    faulty: bool = False,
    currency: str = CURRENCY,
    bank: Bank = USUAL,
) -> Path:
    """Write the tape of one quarter end as Parquet or CSV, by the suffix of `target`.

    The amounts are the same in whatever currency it is said to be; what else differs from rulebook
    to rulebook says `bank`, whose quarter ends these must be.

    The same arguments give the same bytes. The second quarter follows from the first: payments,
    new exposures, repayments, cures, transfers and write-offs lie in between. With `faulty`, a few
    rows are wrong in ways that the checks of a tape must find.
    """
    with _made(target, reporting_date, size, seed, bank) as engine:
        relation = faults.spoilt(engine) if faulty else "tape"
        delivered = deliver(engine, draws.Draws(seed), bank, relation, currency)
        return _written(engine, f"{delivered} ORDER BY exposure_id", target)


def write_departures(
    target: Path, *, size: int = SIZE, seed: int = SEED, bank: Bank = USUAL
) -> Path:
    """Write what was repaid between both dates as an exits file for `npl run --exits`."""
    with _made(target, bank.quarters[0], size, seed, bank) as engine:
        last = literal(QUARTERS[1].isoformat())
        engine.execute(
            "CREATE TABLE departures AS "
            "SELECT exposure_id, closed_on AS exit_date, how AS reason FROM exits "
            f"WHERE how = 'repaid' AND closed_on <= DATE {last}"
        )
        departures = later_dates(engine, bank, "departures")
        return _written(engine, f"{departures} ORDER BY exposure_id", target)


def write_ledger(tape: Path) -> Path:
    """Write what the general ledger says of a tape that this module wrote: its rows and principal."""
    target = tape.with_name(f"ledger-{tape.stem}.csv")
    with work_folder(tape.parent) as work, Engine(work, [tape]) as engine:
        ((number, principal),) = engine.rows(
            f"SELECT count(*), sum(outstanding_principal) FROM read_parquet({literal(str(tape))})"
        )
    lines = ("column,total", f"count,{number}", f"outstanding_principal,{principal}")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def write_exits(target: Path, *, size: int = SIZE, seed: int = SEED) -> Path:
    """Write which exposures of the first tape are closed in the second, when, how and what they owed.

    `how` is `repaid` or `written_off`. What was good and repaid is no longer on the second tape;
    what was bad stays for that quarter with a balance of zero.
    """
    with _made(target, QUARTERS[0], size, seed, USUAL) as engine:
        return _written(engine, "FROM exits ORDER BY exposure_id", target)


@contextmanager
def _made(target: Path, reporting_date: date, size: int, seed: int, bank: Bank) -> Iterator[Engine]:
    if reporting_date not in bank.quarters:
        dates = " and ".join(day.isoformat() for day in bank.quarters)
        raise NplError(Problem(f"the made portfolio has no {reporting_date}", f"it has {dates}"))
    if target.suffix not in _FORMS:
        raise NplError(Problem(f"{target.name} names no form of tape", f"use {', '.join(_FORMS)}"))
    chance = draws.Draws(seed)
    with (
        work_folder(target.parent) as work,
        Engine(work, list(_SOURCES.values())) as engine,
    ):
        draws.prepare(engine)
        places.seat(engine, chance, size, _SOURCES)
        contracts.grant(engine, chance)
        agreements.agree(engine, chance)
        lives.tell(engine, chance)
        ledger.keep(engine, bank)
        for day in QUARTERS[: bank.quarters.index(reporting_date) + 1]:
            ledger.state(engine, chance, f"DATE {literal(day.isoformat())}", bank)
            if day == QUARTERS[0]:
                ledger.remember(engine)
        yield engine


def _written(engine: Engine, query: str, target: Path) -> Path:
    made = engine.work / target.name
    engine.execute(f"COPY ({query}) TO {literal(str(made))} ({_FORMS[target.suffix]})")
    return Path(shutil.move(made, target))
