"""The pinned fonts of printed pages, and the characters that they do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from html import unescape
from pathlib import Path
from unicodedata import name

import noto_cjk_sans_jp_bold
import noto_cjk_sans_jp_regular
from fontTools.ttLib import TTFont

from npl_reporting.errors import NplError, Problem
from npl_reporting.returns.page import Attachment, Page

FONTS: Mapping[str, Path] = {
    "regular": Path(str(noto_cjk_sans_jp_regular.FONT_PATH)),
    "bold": Path(str(noto_cjk_sans_jp_bold.FONT_PATH)),
}
_LAYOUT = frozenset("\n\t\r")


@cache
def printable() -> frozenset[str]:
    """Give the characters that every font of a page has a glyph for."""
    common: set[int] | None = None
    for path in FONTS.values():
        with TTFont(path, lazy=True) as font:
            own = set(font.getBestCmap())
        common = own if common is None else common & own
    return frozenset(map(chr, common or ()))


def refuse_missing(page: Page, html: str) -> None:
    """Stop with every character of the document that the fonts cannot print, and its places."""
    missing = set(unescape(html)) - printable() - _LAYOUT
    if not missing:
        return
    problems = [
        _problem(character, place)
        for place, text in texts(page)
        for character in sorted(missing & set(text))
    ]
    raise NplError(*problems or [_problem(one, "the template") for one in sorted(missing)])


def _problem(character: str, place: str) -> Problem:
    code = f"U+{ord(character):04X} {name(character, 'without a name')}"
    seen = f"'{character}' ({code})" if character.isprintable() else code
    return Problem(
        f"no font has a glyph for {seen}, in {place}", "replace the character where it comes from"
    )


def texts(page: Page) -> Iterator[tuple[str, str]]:
    """Give every text of a page with its place: table, row and cell, by their own ids."""
    yield from _texts(page, f"report {page.report}")


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield place, value
        case Attachment():
            yield from _texts((value.name, value.description), f"{place} {value.name}")
        case Mapping():
            for language, words in value.items():
                yield from _texts(words, f"{place} ({language})")
        case tuple():
            for number, item in enumerate(value, start=1):
                yield from _texts(item, f"{place} {getattr(item, 'id', number)}")
        case _ if is_dataclass(value):
            for each in fields(value):
                word = _PLACES.get(each.name, each.name)
                yield from _texts(getattr(value, each.name), f"{place}, {word}")


_PLACES = {
    "tables": "table", "charts": "chart", "lines": "row", "cells": "cell", "heads": "column",
    "facts": "fact", "figures": "figure", "cases": "case", "checks": "check", "notes": "note",
    "warnings": "warning", "bars": "bar", "decisions": "decision", "rules": "rule",
    "attachments": "attachment", "reads": "fact read",
}  # fmt: skip
