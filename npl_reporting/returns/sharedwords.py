"""The words that all reports share, in each language: `reports/words.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

from npl_reporting.law.yamlfile import Record, Text, load
from npl_reporting.resources import REPORTS
from npl_reporting.returns.cells import PARAMETER
from npl_reporting.returns.report import Report
from npl_reporting.returns.wording import dated, fixed_words, spoken


class Words(Record):
    """The file's three lists."""

    reasons: dict[str, Text]
    frequencies: dict[str, Text]
    words: dict[str, Text]


@cache
def shared_words() -> Words:
    """Read the shared words once per process."""
    return load(REPORTS / "words.yaml", Words)


def word(name: str, /, **values: object) -> Text:
    """Give one entry in every language, its {places} filled."""
    text = shared_words().words[name]
    return {language: words.format(**values) for language, words in text.items()}


def reason_text(report: Report, reason: str) -> Text:
    """Say in each language why a cell was not computed."""
    if not reason.startswith(PARAMETER):
        return shared_words().reasons[reason]
    name = reason.removeprefix(PARAMETER)
    known = report.definition.parameters.get(name)
    label = known.label if known else dict.fromkeys(report.languages, name)
    sentence = shared_words().reasons[PARAMETER.removesuffix(":")]
    return {
        language: sentence[language].format(name=label[language])
        for language in label
        if language in sentence
    }


def day_text(day: date, languages: Sequence[str]) -> Text:
    """Write a date in each language."""
    patterns = spoken(fixed_words(), languages).dates
    return {language: dated(day, patterns[language].long, language) for language in languages}
