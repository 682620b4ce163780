"""A small Taiwanese book whose figures can be added up by hand, and runs of it."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from unittest.mock import patch

from npl_reporting.cli import main, printing
from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Finished, Request
from npl_reporting.run import run

SEPTEMBER = date(2024, 9, 30)
HEADER = (
    "exposure_id,debtor_id,debtor_type,product_type,outstanding_principal,collateral_type,"
    "collateral_value,oldest_unpaid_due_date,specific_allowance"
)
ROWS = (
    "SPLIT,D1,corporate,corporate_loan,3000000,land,2200000,2024-05-10,150000",
    "SOUND,D2,corporate,corporate_loan,1000000,,,,10000",
    "OTHER,D1,corporate,corporate_loan,500000,,,,10000",
    "CARD,D3,individual,credit_card,50000,,,2024-03-08,50000",
    "LATE,D4,individual,personal_loan,20000.50,,,2024-08-31,300",
)
"""SPLIT is the partly secured loan of the notes (12.2), CARD the card (12.3).

OTHER is undue, but its debtor is in arrears on SPLIT; LATE is exactly one month late.
"""


def write_tape(folder: Path, rows: tuple[str, ...] = ROWS, name: str = "tape.csv") -> Path:
    """Write rows under the header."""
    path = folder / name
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def run_tape(
    folder: Path, tape: Path, day: date = SEPTEMBER, out: str = "out", **more: object
) -> Finished:
    """Run a tape under Taiwan's rules into a store in the folder, in English, without pages."""
    more = {"languages": ("en",), "printed": False, **more}
    request = Request(TapeSource(tape), "TW", day, **more)  # type: ignore[arg-type]
    return run(request, store(folder), folder / out)


def store(folder: Path) -> Store:
    """The store that the runs of a folder share."""
    return Store(f"sqlite:///{folder / 'npl.db'}")


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def npl(*words: object) -> Said:
    """Give the program a command line, in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        patch.object(sys, "argv", ["npl", *map(str, words)]),
        patch.object(printing.out, "_file", out),
        patch.object(printing.err, "_file", err),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Said(code, out.getvalue(), err.getvalue())
