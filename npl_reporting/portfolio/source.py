"""The file that a tape comes in: what it is by its first bytes, its hash, and what no tape is."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import shown

Format = Literal["csv", "parquet", "excel"]
TITLES: Mapping[Format, str] = {"csv": "CSV", "parquet": "Parquet", "excel": "Excel"}
_HEAD = 4096
_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "give a CSV, Parquet or Excel file"
_FOREIGN: Mapping[bytes, str] = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"PK\x05\x06": "an empty zip archive",
    b"{\\rtf": "an RTF document",
    b"\x7fELF": "a program",
}
_MARKUP: Mapping[bytes, str] = {b"<": "a web page or XML", b"{": "JSON", b"[": "JSON"}
_NAMED: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
}


@dataclass(frozen=True)
class TapeSource:
    """Where a tape lies and how to read it; what is None is found out or has its default.

    `encoding` and `delimiter` are for CSV, `sheet` for Excel; `mapping` is the file that gives a
    bank's own column names and codes their meaning; `schedule` the file of instalments and
    payments that stands beside the tape, `rates` the file of exchange rates.
    """

    path: Path
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    mapping: Path | None = None
    schedule: Path | None = None
    rates: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the data engine opens."""
        return (self.path, *(path for path in (self.schedule, self.rates) if path))


@dataclass(frozen=True)
class TapeFile:
    """A file that may be a tape: its format, its size and the SHA-256 of its bytes."""

    path: Path
    format: Format
    gzipped: bool
    size: int
    sha256: str


def refusal(path: Path, what: str, remedy: str = "", line: int | None = None) -> NplError:
    """The error that says why a file cannot be used."""
    return NplError(Problem(what, remedy, shown(path), line))


def open_source(source: TapeSource) -> TapeFile:
    """Look at a tape's first bytes and hash it; NplError if it is no tape or cannot be read."""
    path = source.path
    if path.is_dir():
        raise refusal(path, "is a folder, not a loan tape", "name the file inside it")
    if not path.exists():
        raise refusal(path, "there is no such file", "check the path")
    if not path.is_file():
        raise refusal(path, "is not a regular file", "save the tape as a file first")
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise refusal(path, f"cannot be read: {error.strerror}", "check its permissions") from None
    if not head:
        raise refusal(path, "is empty", "export the tape again")
    format_ = _format(path, head)
    _check_options(source, format_)
    return TapeFile(path, format_, head.startswith(_GZIP), path.stat().st_size, sha256)


def _format(path: Path, head: bytes) -> Format:
    found = _found(path, head)
    promised = _NAMED.get(path.suffix.lower())
    if promised and promised != found:
        what = f"is named {path.suffix} but does not begin as {TITLES[promised]} does"
        raise refusal(path, what, "export it again, or name it by what it is")
    return found


def _found(path: Path, head: bytes) -> Format:
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_OLE) or (head.startswith(_ZIP) and _workbook(path)):
        return "excel"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise refusal(path, f"is {what}, not a loan tape", _SAVE_AS)
    if head.startswith(_ZIP):
        raise refusal(path, "is a zip archive, not a loan tape", "unpack it first")
    markup = _MARKUP.get(head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1])
    if markup:
        raise refusal(path, f"is {markup}, not a loan tape", _SAVE_AS)
    return "csv"


def _workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        raise refusal(path, "is a damaged Excel file or archive", "export it again") from None
    return any(name.startswith("xl/") or name == "content.xml" for name in names)


def _check_options(source: TapeSource, format_: Format) -> None:
    given = {
        "--sheet": source.sheet,
        "--encoding": source.encoding,
        "--delimiter": source.delimiter,
    }
    fits = {"excel": ("--sheet",), "csv": ("--encoding", "--delimiter"), "parquet": ()}[format_]
    for option, value in given.items():
        if value is not None and option not in fits:
            what = f"{option} says nothing about {TITLES[format_]}"
            raise refusal(source.path, what, "leave the option out")
