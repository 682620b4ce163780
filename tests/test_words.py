"""Bands and comparisons in words, as an examiner reads them."""

from __future__ import annotations

from datetime import date

import pytest
from rulebooks import decision, rulebook

from npl_reporting.law.conditions import comparisons, compile_condition
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook, shelf
from npl_reporting.law.words import comparison_words, phrase, reading, words

FACTS = """\
facts:
  months_late:
    value: months_between(oldest_unpaid_due_date, reporting_date)
    label: {en: Months late, zh-TW: 逾期月數}
    unit: months
  sued: {value: legal_action_date is not null, label: {en: Sued, zh-TW: 已訴追}}
  kind: {value: "coalesce(guarantor_type, 'none')", label: {en: Guarantor}}
"""
RULES = {
    "a": "months_late > 3 and months_late <= 6",
    "b": "months_late >= 12 or months_late = 24",
    "c": "sued or kind = 'bank' or kind = 'government'",
    "d": "maturity_date < DATE '2024-06-30'",
    "e": "outstanding_principal is null",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    later = decision("accrual", {"f": "status = 'bad'"})
    body = f"{FACTS}decisions:\n{decision('status', RULES)}{later}"
    return rulebook(tmp_path_factory.mktemp("words"), body)


@pytest.mark.parametrize(
    ("name", "value", "english"),
    [
        ("months_late", None, "Months late: not given"),
        ("months_late", 0, "Months late: at most 3 months"),
        ("months_late", 3, "Months late: at most 3 months"),
        ("months_late", 4, "Months late: more than 3 months, at most 6 months"),
        ("months_late", 7, "Months late: more than 6 months, less than 12 months"),
        ("months_late", 12, "Months late: 12 months or more, less than 24 months"),
        ("months_late", 24, "Months late: exactly 24 months"),
        ("months_late", 25, "Months late: more than 24 months"),
        ("sued", True, "Sued: yes"),
        ("sued", False, "Sued: no"),
        ("kind", "bank", "Guarantor: bank"),
        ("kind", "company", "Guarantor: any other"),
        ("status", "bad", "status: Bad"),
        ("maturity_date", date(2024, 6, 29), "less than 2024-06-30"),
        ("maturity_date", date(2024, 6, 30), "2024-06-30 or more"),
        ("outstanding_principal", 5, "any value"),
    ],
)  # fmt: skip
def test_what_a_case_read(name: str, value: object, english: str, book: Rulebook) -> None:
    band = book.bands[name].band(value)  # type: ignore[arg-type]
    assert english in reading(book, name, band, "en")


@pytest.mark.parametrize(
    ("language", "words_of_band"),
    [("zh-TW", "逾期月數：超過 3"), ("ja", "Months late：3"), ("xx", "Months late: more than 3")],
)
def test_a_language_without_a_word_falls_back_to_english(
    language: str, words_of_band: str, book: Rulebook
) -> None:
    band = book.bands["months_late"].band(4)
    assert reading(book, "months_late", band, language).startswith(words_of_band)


@pytest.mark.parametrize(
    ("when", "english"),
    [
        ("months_late > 3", "Months late: more than 3 months"),
        ("not months_late > 3", "Months late: at most 3 months"),
        ("months_late >= 3", "Months late: 3 months or more"),
        ("months_late < 3", "Months late: less than 3 months"),
        ("months_late in (3, 6)", "Months late: 3 months or 6 months"),
        ("sued", "Sued: yes"),
        ("not sued", "Sued: no"),
        ("kind <> 'bank'", "Guarantor: not bank"),
        ("status = 'bad'", "status: Bad"),
        ("months_late is null", "Months late: not given"),
        ("months_late is not null", "Months late: given"),
    ],
)
def test_what_a_rule_asks(when: str, english: str, book: Rulebook) -> None:
    (comparison,) = comparisons(compile_condition(when, book.scope).condition)
    assert comparison_words(book, comparison, "en") == english


PLACES = ("{low}", "{high}", "{value}", "{unit}", "{name}", "{names}")


def test_every_phrase_has_english_and_the_same_places_in_each_language() -> None:
    for name, text in {**words().phrases, **words().units}.items():
        assert "en" in text, name
        assert len({tuple(place in one for place in PLACES) for one in text.values()}) == 1, name
    assert phrase("unit", "en", value="3", unit="months") == "3 months"


def test_every_phrase_is_in_every_language_of_the_rulebooks() -> None:
    languages = {"en"} | {
        name for one in shelf() for name in load_rulebook(str(one.path)).file.languages
    }
    said = {**words().phrases, **words().units}
    assert {name: languages - {*text} for name, text in said.items() if languages - {*text}} == {}
