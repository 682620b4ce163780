"""Figures, dates and texts as each language writes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from printed_pages import english, form_c, text

from npl_reporting.returns.page import Shown
from npl_reporting.returns.wording import Wording, fixed_words

BOTH = Wording(form_c())
ENGLISH = Wording(english())


def shown(value: Any, format: Any, unit: int = 1, **more: Any) -> str:
    return BOTH.shown(Shown(value, format, **more), unit)


@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        ("1741972998000", 1000, "1,741,972,998"),
        ("1499.99", 1000, "1"),
        ("1500", 1000, "2"),  # half up, not to the even neighbour
        ("2500", 1000, "3"),
        ("-2500", 1000, "−3"),  # half away from zero
        ("-1", 1000, "0"),  # no minus before a zero
        ("123456.7", 1, "123,456.70"),  # the currency's minor unit
        ("99999999999999999999.99", 1, "99,999,999,999,999,999,999.99"),
    ],
)
def test_money_is_scaled_and_rounded_half_up(value: str, unit: int, printed: str) -> None:
    assert shown(Decimal(value), "money", unit) == printed


@pytest.mark.parametrize(
    ("value", "format", "decimals", "printed"),
    [
        ("0.0010625", "percent", None, "0.11%"),
        ("294.7704", "percent", None, "29477.04%"),
        ("0.00005", "percent", None, "0.01%"),
        ("0.5", "percent", 0, "50%"),
        ("1234", "count", None, "1,234"),
        ("0.3750", "number", None, "0.375"),
        ("3", "number", 2, "3.00"),
    ],
)
def test_figures_have_the_decimals_of_their_format(
    value: str, format: str, decimals: int | None, printed: str
) -> None:
    assert shown(Decimal(value), format, decimals=decimals) == printed


def test_what_is_not_a_figure_never_looks_like_zero() -> None:
    states = {state: shown(Decimal(0), "money", state=state) for state in ("dash", "not_computed")}
    assert states == {"dash": "–", "not_computed": "無法計算"}
    assert shown(Decimal(0), "money", 1000) == "0"
    assert shown(None, "money", state="blank") == ""


def test_dates_follow_the_language_and_its_era() -> None:
    day = date(2025, 9, 30)
    assert shown(day, "date") == "2025年9月30日"
    assert [said.words for said in BOTH.long_day(day)] == [
        "中華民國114年9月30日（2025年9月30日）",
        "30 September 2025",
    ]
    assert ENGLISH.shown(Shown(day, "date")) == "30 Sep 2025"
    assert BOTH.long_day(date(1911, 12, 31))[0].words == "1911年12月31日"


def test_units_are_named_in_each_language() -> None:
    assert [said.words for said in BOTH.unit(1000)] == ["單位：新臺幣千元", "Unit: NT$ thousand"]
    assert [said.words for said in ENGLISH.unit(1)] == ["Unit: NT$"]
    assert [said.words for said in ENGLISH.unit(500)] == ["Unit: NT$ 500"]
    euros = Wording(form_c(currency="EUR", languages=("en",)))
    assert [said.words for said in euros.unit(1000)] == ["Unit: Euro thousand"]


def test_a_text_comes_in_the_pages_languages_main_first_and_once() -> None:
    assert [said.language for said in BOTH.said(text("甲", "A"))] == ["zh-TW", "en"]
    assert [said.words for said in BOTH.said(text("10%", "10%"))] == ["10%"]
    assert [said.language for said in ENGLISH.said({"zh-TW": "甲"})] == ["zh-TW"]
    assert list(BOTH.said({})) == []


def test_a_list_of_facts_loses_none_that_lacks_a_language() -> None:
    assert BOTH.joined([text("甲", "A"), {"en": "B"}]) == {"zh-TW": "甲 · B", "en": "A · B"}


def test_a_language_without_words_says_them_in_english() -> None:
    wording = Wording(form_c(languages=("fr", "sw")))
    assert wording.mark("as_of") == "As of"
    assert [said.words for said in wording.long_day(date(2025, 9, 30))] == [
        "30 septembre 2025", "30 Septemba 2025",
    ]  # fmt: skip
    assert [said.words for said in wording.said({"zh-TW": "甲", "en": "A"})] == ["A"]


def test_a_language_that_nobody_knows_writes_its_dates_in_english() -> None:
    assert [
        said.words for said in Wording(form_c(languages=("qqq",))).long_day(date(2025, 9, 30))
    ] == ["30 September 2025"]


LANGUAGES = {"en", "zh-TW", "zh-HK", "zh-CN", "ja", "ko", "es"}


def test_the_fixed_words_are_in_every_language_of_the_rulebooks() -> None:
    fixed = fixed_words()
    assert {
        name: LANGUAGES - {*text} for name, text in fixed.words.items() if LANGUAGES - {*text}
    } == {}
    assert LANGUAGES == {*fixed.dates}


@pytest.mark.parametrize(
    ("language", "currency", "said"),
    [
        ("zh-HK", "HKD", "單位：港幣千元"),
        ("zh-CN", "CNY", "单位：人民币千元"),
        ("ja", "JPY", "単位：円（千単位）"),
        ("ko", "KRW", "단위: 원(천 단위)"),
        ("es", "EUR", "Unidad: euro (miles)"),
    ],
)
def test_the_unit_in_further_languages(language: str, currency: str, said: str) -> None:
    wording = Wording(form_c(currency=currency, languages=(language,)))
    assert [one.words for one in wording.unit(1000)] == [said]


def test_a_figure_beside_a_bar_has_the_decimals_of_its_cell() -> None:
    crore = 10_000_000
    assert BOTH.value(Decimal(12_964_568), "money", crore) == "1"
    assert BOTH.value(Decimal(12_964_568), "money", crore, 2) == "1.30"
