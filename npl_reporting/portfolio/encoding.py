"""Text tapes as UTF-8: proven, or the encoding named and asked for, or converted; never guessed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from charset_normalizer import from_bytes

from npl_reporting.errors import NplError
from npl_reporting.portfolio.source import TapeFile, refusal
from npl_reporting.portfolio.textscan import NotUtf8, Scan, blocks, plain_blocks, scan

_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LIKELY = ["big5", "cp950", "big5hkscs", "gb18030", "cp932", "euc_jp", "cp949", "cp1252"]


@dataclass(frozen=True)
class TextFile:
    """A tape whose bytes are UTF-8; `gaps` are blank lines between its rows."""

    path: Path
    gzipped: bool
    gaps: bool


def utf8_text(file: TapeFile, encoding: str | None, work: Path) -> TextFile:
    """Prove that a tape is UTF-8, or convert it into `work` from the encoding that was named.

    NplError names the encoding that the bytes look like, and the row of the first that is wrong.
    """
    named = _codec(file, encoding) if encoding else "utf-8"
    if named == "utf-8":
        _refuse_bom(file)
        return TextFile(file.path, file.gzipped, _proven(file).gaps)
    if _wide_utf8(file):
        what = f"is UTF-8 text already; reading it as {encoding} would garble it"
        raise refusal(file.path, what, "leave --encoding out")
    target = work / "tape.utf8.csv"
    _transcode(file, named, target)
    return TextFile(target, False, scan(plain_blocks(target), file.path).gaps)


def _codec(file: TapeFile, encoding: str) -> str:
    try:
        info = codecs.lookup(encoding)
    except LookupError:
        info = None
    if info is None or not getattr(info, "_is_text_encoding", True):
        remedy = "use a name such as big5, cp950, utf-16 or gb18030"
        raise refusal(file.path, f"there is no text encoding '{encoding}'", remedy)
    return "utf-8" if info.name == "utf-8-sig" else info.name


def _refuse_bom(file: TapeFile) -> None:
    head = next(blocks(file), b"")
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            remedy = f"say so: --encoding {encoding}"
            raise refusal(file.path, f"is {encoding.upper()} text, not UTF-8", remedy)


def _proven(file: TapeFile) -> Scan:
    try:
        return scan(blocks(file), file.path)
    except NotUtf8 as fault:
        what = f"is not UTF-8 text (byte 0x{fault.byte:02X} in row {fault.row})"
        raise _asking(file, what, _likely(fault.sample)) from None


def _asking(file: TapeFile, what: str, likely: list[str]) -> NplError:
    if not likely:
        remedy = "save it as UTF-8, or name its encoding with --encoding"
        return refusal(file.path, what, remedy)
    return refusal(file.path, f"{what}; it reads as {likely[0]}", f"say so: --encoding {likely[0]}")


def _wide_utf8(file: TapeFile) -> bool:
    try:
        return scan(blocks(file), file.path).wide
    except (NotUtf8, NplError):
        return False


def _transcode(file: TapeFile, encoding: str, target: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    row = 1
    with target.open("w", encoding="utf-8", newline="") as out:
        for block in chain(blocks(file), [b""]):
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                raise _not_convertible(file, encoding, row, error) from None
            row += text.count("\n")
            out.write(text)


def _not_convertible(file: TapeFile, encoding: str, row: int, error: UnicodeError) -> NplError:
    if not isinstance(error, UnicodeDecodeError):
        return refusal(file.path, f"is not {encoding} text: {error}", "name another --encoding")
    fault = NotUtf8(error, row)
    fitting = [name for name in _LIKELY if _decodes(fault.sample, name)]
    remedy = f"try --encoding {fitting[0]}" if fitting else "name another --encoding"
    what = f"is not {encoding} text (byte 0x{fault.byte:02X} near row {fault.row})"
    return refusal(file.path, what, remedy)


def _likely(sample: bytes) -> list[str]:
    """The encoding that the bytes most look like, if any."""
    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    return [best.encoding] if best else []


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
