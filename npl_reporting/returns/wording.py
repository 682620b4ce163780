"""Words, figures and dates as each language of a page writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_name

from npl_reporting import money
from npl_reporting.law.yamlfile import Record, load
from npl_reporting.resources import TEMPLATES
from npl_reporting.returns.page import Format, Page, Shown, Text

WORDS = TEMPLATES / "words.yaml"
PERCENT_DECIMALS = 2
USUAL = "en"
"""The language that stands in where a text lacks the page's own."""


class Era(Record):
    """A count of years beside the common one: its name, and the common year of its year 1."""

    name: str
    first_year: int


class Dates(Record):
    """How a language writes dates: CLDR patterns, long and short."""

    long: str
    short: str
    era: Era | None = None


class Marks(Record):
    """What stands for a figure that is left out by a display rule, and before a negative one."""

    dash: str
    minus: str


class Words(Record):
    """The fixed words of printed pages: `templates/words.yaml`."""

    words: dict[str, dict[str, str]]
    marks: Marks
    dates: dict[str, Dates]
    units: dict[str, dict[str, str]]
    currencies: dict[str, dict[str, str]]


class Said(NamedTuple):
    """A text in one language."""

    language: str
    words: str


@cache
def fixed_words(path: Path = WORDS) -> Words:
    """Read the fixed words once per process."""
    return load(path, Words)


def spoken(fixed: Words, languages: Sequence[str]) -> Words:
    """The fixed words with each of these languages: what one lacks is said in English there."""

    def filled(entries: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        return {
            name: {**dict.fromkeys(languages, texts.get(USUAL, "")), **texts}
            for name, texts in entries.items()
        }

    dates = {**dict.fromkeys(languages, fixed.dates[USUAL]), **fixed.dates}
    changes = {"words": filled(fixed.words), "units": filled(fixed.units), "dates": dates}
    return fixed.model_copy(update=changes)


def _usual(text: Text) -> Text:
    """A text in English alone, or in the first language that it has."""
    language = USUAL if USUAL in text else next(iter(text), USUAL)
    return {language: text[language]} if text else {}


class Wording:
    """Writes the texts, figures and dates of one page, main language first."""

    def __init__(self, page: Page, fixed: Words | None = None) -> None:
        self._fixed = spoken(fixed or fixed_words(), page.languages)
        self._languages = page.languages
        self._currency = page.currency
        self._locale = _locale(page.languages[0])

    def said(self, text: Text | str | Sequence[Said]) -> Sequence[Said]:
        """Give a text in the page's languages, once where they do not differ.

        A text that has none of the page's languages comes in English, or in the first that it has.
        """
        if isinstance(text, str):
            return (Said(self._languages[0], text),)
        if not isinstance(text, Mapping):
            return text
        known = [each for each in self._languages if each in text] or list(_usual(text))
        kept: dict[str, str] = {}
        for language in known:
            kept.setdefault(text[language], language)
        return tuple(Said(language, words) for words, language in kept.items() if words)

    def entry(self, name: str) -> Text:
        """Give one of the fixed words in every language."""
        return self._fixed.words[name]

    def mark(self, name: str) -> str:
        """Give one fixed word in the page's main language alone."""
        return self._fixed.words[name][self._languages[0]]

    def unit(self, unit: int) -> Sequence[Said]:
        """Name the unit that amounts are printed in: 'Unit: NT$ thousand'."""
        return [self._unit_in(language, unit) for language in self._languages]

    def _unit_in(self, language: str, unit: int) -> Said:
        scale = self._fixed.units.get(str(unit), {}).get(language, f"{unit:,}")
        currency = self._fixed.currencies.get(self._currency, {}).get(language)
        name = currency or get_currency_name(self._currency, locale=_locale(language))
        lead = self._fixed.words["unit"][language]
        apart = " " if lead.isascii() else ""
        return Said(language, f"{lead}{apart}{name}{apart}{scale}".rstrip())

    def day(self, day: date, language: str | None = None) -> str:
        """Write a date as tables do, in the main language or the one named."""
        language = language or self._languages[0]
        return dated(day, self._fixed.dates[language].short, language)

    def long_day(self, day: date) -> Sequence[Said]:
        """Write a date in full in every language, with its era's year where there is one."""
        return [Said(language, self._in_full(day, language)) for language in self._languages]

    def _in_full(self, day: date, language: str) -> str:
        dates = self._fixed.dates[language]
        common = dated(day, dates.long, language)
        if dates.era is None or day.year < dates.era.first_year:
            return common
        year = day.year - dates.era.first_year + 1
        pattern = dates.long.replace("y", f"'{dates.era.name}{year}'", 1)
        return f"{dated(day, pattern, language)}（{common}）"

    def shown(self, cell: Shown, unit: int = 1) -> str:
        """Print one cell in the main language; a cell that could not be computed gives its mark."""
        match cell.state:
            case "blank":
                return ""
            case "dash":
                return self._fixed.marks.dash
            case "not_computed":
                return self.mark("not_computed")
        match cell.value:
            case None:
                return ""
            case Decimal():
                return self._figure(cell.value, cell, unit)
            case date():
                return self.day(cell.value)
        return self.first(cell.value)

    def texts(self, cell: Shown) -> Sequence[Said]:
        """Print a cell of text, which may have a second language."""
        if cell.state == "value" and isinstance(cell.value, Mapping):
            return self.said(cell.value)
        return self.said(self.shown(cell))

    def value(
        self, value: Decimal, format: Format, unit: int = 1, decimals: int | None = None
    ) -> str:
        """Print a figure that stands outside a table."""
        return self.shown(Shown(value, format, decimals=decimals), unit)

    def first(self, text: Text | str) -> str:
        """Give a text in one language alone: the first of the page's that it has."""
        return "".join(said.words for said in self.said(text)[:1])

    def words(self, text: Text, language: str) -> str:
        """Give a text in one language, or in English, or in the first that it has."""
        return text.get(language) or "".join(_usual(text).values())

    def joined(self, texts: Sequence[Text]) -> Text:
        """Join short texts into one line in each language."""
        return {
            language: " · ".join(self.words(text, language) for text in texts)
            for language in self._languages
        }

    def led(self, name: str, texts: Sequence[Text]) -> Text:
        """Join short texts behind one of the fixed words, which ends as its language asks."""
        joined = self.joined(texts)
        return {language: self.entry(name)[language] + joined[language] for language in joined}

    def rest(self, no: Sequence[Text], missing: Sequence[Text]) -> Text:
        """Say on one line what is false and what is not known, whichever there is."""
        said = [self.led(name, them) for name, them in (("no", no), ("missing", missing)) if them]
        return {
            language: self.entry("then")[language].join(text[language] for text in said)
            for language in self._languages
        }

    def _figure(self, value: Decimal, cell: Shown, unit: int) -> str:
        match cell.format:
            case "percent":
                decimals = _or(cell.decimals, PERCENT_DECIMALS)
                return self.number(value * 100, decimals, grouped=False) + "%"
            case "money":
                return self.money(value, unit, cell.decimals)
            case "count":
                return self.number(value, _or(cell.decimals, 0))
        return self.number(value, _or(cell.decimals, decimals_of(value)))

    def money(self, value: Decimal, unit: int = 1, decimals: int | None = None) -> str:
        """Print an amount in a unit; the currency's own unit shows its minor unit too."""
        usual = money.minor_digits(self._currency) if unit == 1 else 0
        return self.number(value / unit, _or(decimals, usual))

    def number(self, value: Decimal | int, decimals: int = 0, *, grouped: bool = True) -> str:
        """Print a number with so many decimals, rounded half away from zero."""
        figure = money.rounded(Decimal(value), decimals)
        whole = "#,##0" if grouped else "0"
        pattern = f"{whole}." + "0" * decimals if decimals else whole
        text = format_decimal(abs(figure), pattern, locale=self._locale, decimal_quantization=False)
        return self._fixed.marks.minus + text if figure < 0 else text


def decimals_of(value: Decimal) -> int:
    """Count the decimals that a number needs to be written in full."""
    return len(money.exact_text(value).partition(".")[2])


def _or(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given


def dated(day: date, pattern: str, language: str) -> str:
    """Write a date by a pattern with the names that the language has for months."""
    return format_date(day, pattern, locale=_locale(language))


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(USUAL)
