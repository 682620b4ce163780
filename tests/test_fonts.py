"""A character that no font has is refused by name, with its place, before anything is drawn."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from printed_pages import form_c, text, top_ten

from npl_reporting.errors import NplError
from npl_reporting.returns.document import html
from npl_reporting.returns.fonts import FONTS, printable
from npl_reporting.returns.page import Attachment, Page, Shown
from npl_reporting.returns.wording import fixed_words


def refused(page: Page) -> str:
    with pytest.raises(NplError) as caught:
        html(page)
    return str(caught.value)


def with_first_cell(page: Page, cell: Shown) -> Page:
    table = page.tables[0]
    line = table.lines[0]
    lines = (replace(line, cells=(cell, *line.cells[1:])), *table.lines[1:])
    return replace(page, tables=(replace(table, lines=lines),))


def test_the_fonts_come_with_the_setup() -> None:
    assert {path.name for path in FONTS.values()} == {
        "NotoSansCJKjp-Regular.otf",
        "NotoSansCJKjp-Bold.otf",
    }
    assert all(path.is_file() for path in FONTS.values())


def test_names_of_debtors_in_taiwan_can_be_printed() -> None:
    assert set("臺灣堃碁喆犇峯着啓銹鑫淼ㄅㄆㄇ（）「」、。％①㈠NT$−–≤✓") <= printable()


def test_the_fixed_words_of_every_page_can_be_printed() -> None:
    words = fixed_words()
    texts = [word for entry in words.words.values() for word in entry.values()]
    texts += [word for entry in words.units.values() for word in entry.values()]
    texts += [words.marks.dash, words.marks.minus]
    assert set("".join(texts)) <= printable()


def test_a_missing_character_is_named_with_table_row_and_cell() -> None:
    page = with_first_cell(top_ten(), Shown("A集團 \U0001f600", "text"))
    message = refused(page)
    assert "'\U0001f600' (U+1F600 GRINNING FACE)" in message
    assert "report top_ten, table 1, row rank-1, cell 1, value" in message
    assert "replace the character" in message


def test_invisible_characters_are_refused_by_code_alone() -> None:
    message = refused(form_c(subtitle=text("資產\u200b品質", "\x07")))
    assert "glyph for U+200B ZERO WIDTH SPACE, in report asset_quality, subtitle (zh-TW)" in message
    assert "glyph for U+0007 without a name, in report asset_quality, subtitle (en)" in message


def test_every_missing_character_is_reported_not_the_first() -> None:
    message = refused(form_c(subtitle={"en": "\u0e01 \u0627"}, notes=({"en": "\u0627"},)))
    assert message.count("ARABIC LETTER ALEF") == 2
    assert "THAI CHARACTER KO KAI" in message
    assert "note 1 (en)" in message


def test_what_is_only_embedded_is_not_printed_and_not_refused() -> None:
    html(form_c(attachments=(Attachment("cells.csv", "\U0001f600".encode(), "Cells"),)))


def test_a_language_that_is_not_printed_is_not_refused() -> None:
    html(form_c(languages=("en",), subtitle={"en": "fine", "th": "\u0e01"}))


def test_every_text_of_a_page_is_searched_for_its_place() -> None:
    page = with_first_cell(
        form_c(), Shown(Decimal(1), "money", "not_computed", reason={"en": "\u0627"})
    )
    assert "cell 1, reason (en)" in refused(page)
