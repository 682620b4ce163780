"""Cells of a workbook that hold an error or an uncomputed formula, which readers show as empty."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

_BLOCK = 1 << 20
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)([0-9]+)"')
_VALUE = re.compile(rb"<v>([^<]+)</v>")
_ERROR, _FORMULA = b't="e"', b"<f"
_UNCOMPUTED = "#FORMULA!"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def cell_errors(path: Path, sheet: str) -> Mapping[tuple[int, int], str]:
    """What stands in such cells, by row and column, both from 1; nothing for other than .xlsx.

    A formula that no spreadsheet has computed since it was written counts as an error.
    """
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        part = _part(archive, sheet)
        return dict(_errors(archive, part)) if part else {}


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The archive's member that holds a sheet."""
    if "xl/workbook.xml" not in archive.namelist():
        return None
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for entry in book.iter(f"{_MAIN}sheet"):
        if entry.get("name") == sheet:
            target = targets[entry.get(_LINK)]
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _errors(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[tuple[int, int], str]]:
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            data = rest + block
            end = data.rfind(b"</row>") + len(b"</row>")
            rest = data[end:] if end > len(b"</row>") else data
            if end > len(b"</row>") and (_ERROR in data or _FORMULA in data):
                yield from _in_rows(data[:end])


def _in_rows(data: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for cell in _CELL.finditer(data):
        tag, content = cell[1], cell[2] or b""
        place, value = _PLACE.search(tag), _VALUE.search(content)
        if not place:
            continue
        if _ERROR in tag:
            yield _position(place), value[1].decode() if value else _UNCOMPUTED
        elif _FORMULA in content and not value and b't="str"' not in tag:
            yield _position(place), _UNCOMPUTED


def _position(place: re.Match[bytes]) -> tuple[int, int]:
    column = 0
    for letter in place[1]:
        column = column * 26 + letter - ord("A") + 1
    return int(place[2]), column
