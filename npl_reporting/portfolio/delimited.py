"""CSV tapes: the header row, the delimiter, and rows written anew where some are ragged."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from npl_reporting.portfolio.encoding import TextFile
from npl_reporting.portfolio.rawtape import CELLS, ROW, NumberedRow
from npl_reporting.portfolio.source import TapeSource, refusal

_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_USUAL_DELIMITERS = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}


def delimiter_of(source: TapeSource) -> str:
    """The one character that separates cells; NplError if the option names none."""
    given = source.delimiter or ","
    delimiter = _NAMED_DELIMITERS.get(given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n' or delimiter.isalnum():
        what = f"'{given}' cannot separate cells"
        raise refusal(source.path, what, "give one character, such as --delimiter ';'")
    return delimiter


def read_header(text: TextFile, source: TapeSource, delimiter: str) -> list[str]:
    """The names in the first row that is not blank."""
    with _rows(text, source, delimiter) as rows:
        return list(next(rows).cells)


def seen_delimiter(names: Sequence[str], known: Iterable[str], delimiter: str) -> str | None:
    """The delimiter that would cut a header into columns of the dictionary, as an option says it."""
    header, wanted = delimiter.join(names), set(known)
    if len(names) == 1:
        return next((said for other, said in _USUAL_DELIMITERS.items() if other in header), None)
    if wanted & set(names):
        return None
    for other, said in _USUAL_DELIMITERS.items():
        if other != delimiter and wanted & {name.strip('" ') for name in header.split(other)}:
            return said
    return None


def mended(text: TextFile, source: TapeSource, delimiter: str, work: Path) -> Path:
    """Write the rows anew, all of the header's length, with their numbers and what was wrong."""
    target = work / "tape.mended.csv"
    with _rows(text, source, delimiter) as rows:
        rewrite(target, next(rows).cells, rows)
    return target


def rewrite(target: Path, header: Sequence[str], rows: Iterable[NumberedRow]) -> None:
    """Write rows for `rawtape.declare_rewritten`: the cell count stands where it is wrong, else 0."""
    width = len(header)
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([ROW, CELLS, *header])
        for row in rows:
            count = len(row.cells)
            cells = [*row.cells[:width], *[""] * (width - count)]
            writer.writerow([row.number, 0 if count == width else count, *cells])


@contextmanager
def _rows(text: TextFile, source: TapeSource, delimiter: str) -> Iterator[Iterator[NumberedRow]]:
    with _opened(text) as stream:
        yield _numbered(csv.reader(stream, delimiter=delimiter, strict=True), source)


def _opened(text: TextFile) -> TextIO:
    if text.gzipped:
        return gzip.open(text.path, "rt", encoding="utf-8-sig", newline="")
    return text.path.open(encoding="utf-8-sig", newline="")


def _numbered(rows: Iterator[list[str]], source: TapeSource) -> Iterator[NumberedRow]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            what = f"row {number} cannot be read: {error}"
            remedy = "look for a quotation mark that is not closed or not doubled"
            raise refusal(source.path, what, remedy, number) from None
        if any(cells):
            yield NumberedRow(number, cells)
