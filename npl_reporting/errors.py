"""What can be wrong, as records: problems in files and calls, findings in data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file or a call: where, what, and what to do about it."""

    what: str
    remedy: str = ""
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.file and self.line:
            place = f"{self.file}:{self.line}"
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}; {self.remedy}" if self.remedy else text


class NplError(Exception):
    """The call, or a file it names, is wrong; holds every problem found, never the first alone."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class DataError(NplError):
    """The data, a check or a comparison failed; nothing was stored."""

    exit_code = 1


@dataclass(frozen=True)
class Finding:
    """One thing wrong with one row of data (or with the whole tape, where `row` is None).

    `row` counts as a spreadsheet does for text and Excel tapes (the header is row 1) and from
    1 for Parquet. `words` holds the sentence in each language.
    """

    check: str
    severity: Severity
    row: int | None
    exposure_id: str | None
    column: str | None
    value: str | None
    expected: str
    words: dict[str, str]

    def __str__(self) -> str:
        """One line: check, place, value found, and the sentence in English."""
        place = "the tape" if self.row is None else f"row {self.row}"
        exposure = f", exposure {self.exposure_id}" if self.exposure_id else ""
        found = f", found '{self.value}'" if self.value else ""
        return f"{self.check} {place}{exposure}{found}: {self.words['en']}"
