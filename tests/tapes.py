"""Small tapes written, read and looked at in one line, for the tests of the tape."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from npl_reporting.engine import Engine
from npl_reporting.errors import Finding
from npl_reporting.law.columns import Column, column_dictionary
from npl_reporting.law.rulefile import APPROPRIATION, Part
from npl_reporting.portfolio.tape import Tape, TapeSource, Terms, findings, read_tape

REPORTING_DATE = date(2025, 9, 30)
SOUND = {
    "exposure_id": "E1",
    "debtor_id": "D1",
    "product_type": "corporate_loan",
    "outstanding_principal": "100000",
}


@dataclass(frozen=True)
class Read:
    """What reading a tape gave, small enough to hold."""

    tape: Tape
    findings: list[Finding]
    exposures: list[dict[str, Any]]
    set_aside: list[dict[str, Any]]
    kinds: Mapping[str, str]

    @property
    def failed(self) -> list[str]:
        """Ids of the checks that failed, in the order of the findings."""
        return [finding.check for finding in self.findings]


@dataclass
class Reader:
    """Reads tapes with options of one's own; whatever is written lies in `folder`."""

    folder: Path
    currency: str = "TWD"
    extra: Mapping[str, Column] = field(default_factory=dict)
    taken: Sequence[str] = ()
    appropriation: Sequence[Part] = APPROPRIATION

    def read(self, name: str, content: str | bytes = b"", **options: Any) -> Read:
        """Write a file, unless it is there, and read it as a tape."""
        path = self.folder / name
        if content:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        control = options.pop("control", None)
        quarantine = options.pop("quarantine", False)
        source = TapeSource(path, **options)
        columns = {**column_dictionary(), **self.extra}
        terms = Terms(columns, self.currency, REPORTING_DATE, self.taken, self.appropriation)
        with TemporaryDirectory() as work, Engine(Path(work), source.files, threads=1) as engine:
            tape = read_tape(engine, source, terms, quarantine=quarantine, control=control)
            return Read(
                tape,
                list(findings(engine)),
                engine.records("SELECT * FROM exposures ORDER BY row"),
                engine.records("SELECT * FROM set_aside ORDER BY row"),
                engine.columns("exposures"),
            )

    def write(self, name: str, text: str) -> Path:
        """Write a file beside the tapes."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def csv_text(*rows: Mapping[str, object]) -> str:
    """Write rows as a CSV tape; cells not given are those of a sound loan."""
    header = list(dict.fromkeys([*SOUND, *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**SOUND, **row} for row in rows)
    return out.getvalue()
