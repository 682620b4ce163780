"""Options and arguments that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.errors import NplError, Problem

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
StoreUrl = Annotated[
    str,
    typer.Option("--store", envvar="NPL_STORE", help="Where runs are kept: any SQLAlchemy URL."),
]
DEFAULT_STORE = "sqlite:///npl.db"
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning.")]
SubmissionName = Annotated[
    str, typer.Argument(metavar="SUBMISSION", help="Its id, or its beginning.")
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="NPL_TOKEN", help="Stands for a person; else the system's user."
    ),
]
Comment = Annotated[str, typer.Option("--comment", help="What you want to say with it.")]
Until = Annotated[
    datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day that it holds.")
]
Rules = Annotated[
    str, typer.Option("--rules", help="A jurisdiction (TW, TW/insurer) or a rule file's path.")
]
AsOf = Annotated[
    datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The reporting date.")
]
TapePath = Annotated[Path, typer.Argument(metavar="TAPE", help="CSV (also .gz), Parquet or Excel.")]
Mapping = Annotated[
    Path | None, typer.Option("--mapping", help="YAML that renames a bank's columns and codes.")
]
Schedule = Annotated[
    Path | None,
    typer.Option("--schedule", help="Instalments and payments, from which arrears are derived."),
]
Rates = Annotated[
    Path | None,
    typer.Option("--rates", help="Exchange rates, for a tape in several currencies."),
]
Encoding = Annotated[
    str | None, typer.Option("--encoding", help="Of a CSV that is not UTF-8, such as big5.")
]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", help="Of a CSV that is not separated by commas.")
]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Of an Excel file with several.")]
Control = Annotated[
    Path | None, typer.Option("--control", help="CSV of general-ledger totals to compare with.")
]
Quarantine = Annotated[
    bool, typer.Option("--quarantine", help="Set faulty rows aside instead of stopping.")
]


def changes(given: list[str]) -> dict[str, str]:
    """Read `--set name=value` options; NplError where one has no name or value."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise NplError(Problem(f"--set {text}", "write --set name=value"))
        found[name.strip()] = value.strip()
    return found
