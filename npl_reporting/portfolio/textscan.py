"""The bytes of a text tape, block by block: are they UTF-8, is anything in them not text."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from npl_reporting.portfolio.source import TapeFile, refusal

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_FIRST_WIDE = "\u0800"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class Scan:
    """What a text that is UTF-8 holds.

    `gaps` are blank lines between rows; `wide` characters are those that text in another encoding
    does not give by chance when it is read as UTF-8.
    """

    gaps: bool
    wide: bool


class NotUtf8(Exception):
    """The first byte that is not UTF-8, its row, and the bytes of the lines from there on."""

    def __init__(self, error: UnicodeDecodeError, first_row: int) -> None:
        before = error.object[: error.start]
        start = before.rfind(b"\n") + 1
        sample = error.object[start : start + _SAMPLE]
        self.row = first_row + before.count(b"\n")
        self.byte = error.object[error.start]
        self.sample = sample.rpartition(b"\n")[0] or sample
        super().__init__(f"row {self.row}")


def blocks(file: TapeFile) -> Iterator[bytes]:
    """The text's bytes, unpacked; NplError where a gzip stream breaks off."""
    if not file.gzipped:
        yield from plain_blocks(file.path)
        return
    with gzip.open(file.path) as stream:
        try:
            while block := stream.read(_BLOCK):
                yield block
        except _DAMAGED:
            what = "is a gzip file that is cut off or damaged"
            raise refusal(file.path, what, "copy or export it again") from None


def plain_blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file that is not packed."""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def scan(parts: Iterator[bytes], path: Path) -> Scan:
    """Read a text to its end; NotUtf8 at the first wrong byte, NplError if it is no text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, row, wide = _Lines(), 1, False
    for block in parts:
        text = _decoded(decoder, block, row)
        if b"\0" in block:
            raise _binary(path, row + block.partition(b"\0")[0].count(b"\n"))
        wide = wide or (not text.isascii() and max(text) >= _FIRST_WIDE)
        lines.take(block)
        row += block.count(b"\n")
    _decoded(decoder, b"", row, final=True)
    if lines.blank:
        raise refusal(path, "holds nothing but blank lines", "export the tape again")
    return Scan(lines.gaps, wide)


class _Lines:
    """Looks for blank lines that have text after them."""

    def __init__(self) -> None:
        self.gaps, self.blank, self._ending = False, True, b""

    def take(self, block: bytes) -> None:
        lines = self._ending + block.removeprefix(codecs.BOM_UTF8).replace(b"\r", b"")
        filled = lines.rstrip(b"\n")
        self.gaps |= b"\n\n" in filled or (self.blank and filled.startswith(b"\n"))
        self.blank &= not filled
        self._ending = lines[len(filled) :][:2]


def _decoded(
    decoder: codecs.IncrementalDecoder, block: bytes, row: int, *, final: bool = False
) -> str:
    try:
        return decoder.decode(block, final)
    except UnicodeDecodeError as error:
        raise NotUtf8(error, row) from None


def _binary(path: Path, row: int) -> Exception:
    what = f"is a binary file, not text (a zero byte in row {row})"
    return refusal(path, what, "give a CSV, Parquet or Excel file")
