"""Bands in words: what an examiner reads where the rule engine saw a small whole number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from npl_reporting.law.bands import MISSING, Bands, Cut
from npl_reporting.law.conditions import Comparison, Known
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.yamlfile import Record, Text, load
from npl_reporting.resources import RULES


class Words(Record):
    """The file `rules/words.yaml`: phrases and units in each language."""

    phrases: dict[str, Text]
    units: dict[str, Text]


@cache
def words() -> Words:
    """The phrases as the file gives them."""
    return load(RULES / "words.yaml", Words)


def phrase(key: str, language: str, /, **values: str) -> str:
    """One phrase in a language, English where the language lacks it, with its values filled in."""
    text = words().phrases[key]
    return (text.get(language) or text["en"]).format(**values)


def in_all(key: str) -> Text:
    """One phrase in every language that has it."""
    return words().phrases[key]


def band_words(
    bands: Bands, band: int, language: str, labels: Mapping[str, Text], unit: str | None = None
) -> str:
    """What a band means; `labels` name the codes of outcomes and portions."""
    if band == MISSING:
        return phrase("missing", language)
    if not bands.ordered:
        return _code(bands, band, language, labels)
    low = bands.cuts[band - 2] if band >= 2 else None
    high = bands.cuts[band - 1] if band - 1 < len(bands.cuts) else None
    return _interval(low, high, language, unit)


def _code(bands: Bands, band: int, language: str, labels: Mapping[str, Text]) -> str:
    if band > len(bands.codes):
        return phrase("other", language)
    code = bands.codes[band - 1]
    if isinstance(code, bool):
        return phrase("yes" if code else "no", language)
    text = labels.get(str(code), {})
    return text.get(language) or text.get("en") or str(code)


def _interval(low: Cut | None, high: Cut | None, language: str, unit: str | None) -> str:
    """A cut is passed by values above it (strict) or from it on."""
    if low and high and low.value == high.value:
        return phrase("exactly", language, low=_value(low.value, language, unit))
    below = {None: "", True: "up_to", False: "below"}[high.strict if high else None]
    above = {None: "", True: "above", False: "from"}[low.strict if low else None]
    name = "_".join(part for part in (above, below) if part) or "any"
    values = {
        "low": _value(low.value, language, unit) if low else "",
        "high": _value(high.value, language, unit) if high else "",
    }
    return phrase(name, language, **values)


def _value(value: Known, language: str, unit: str | None) -> str:
    units = words().units.get(unit or "", {})
    named = units.get(language) or units.get("en")
    return phrase("unit", language, value=str(value), unit=named) if named else str(value)


def reading(rulebook: Rulebook, name: str, band: int, language: str) -> str:
    """One thing that a case read: the name's label and its band in words."""
    labels, unit = value_labels(rulebook, name), unit_of(rulebook, name)
    value = band_words(rulebook.bands[name], band, language, labels, unit)
    return phrase("reading", language, name=label_of(rulebook, name, language), value=value)


def label_of(rulebook: Rulebook, name: str, language: str) -> str:
    """What a case reads, by its label alone."""
    return phrase("portion", language) if name == "portion" else rulebook.label(name, language)


_BY_SIGN = {">": "above", ">=": "from", "<": "below", "<=": "up_to"}


def comparison_words(rulebook: Rulebook, comparison: Comparison, language: str) -> str:
    """A comparison of a rule's condition as a reader would say it."""
    name, sign = rulebook.label(comparison.name, language), comparison.sign
    if sign in ("is null", "is not null"):
        value = phrase("missing" if sign == "is null" else "given", language)
        return phrase("reading", language, name=name, value=value)
    unit = unit_of(rulebook, comparison.name)
    labels = value_labels(rulebook, comparison.name)
    told = [_constant(value, language, unit, labels) for value in comparison.values]
    value = phrase("or", language).join(told)
    if sign in _BY_SIGN:
        value = phrase(_BY_SIGN[sign], language, low=value, high=value)
    elif sign == "<>":
        value = phrase("not", language, value=value)
    return phrase("reading", language, name=name, value=value)


def _constant(value: Known, language: str, unit: str | None, labels: Mapping[str, Text]) -> str:
    if isinstance(value, bool):
        return phrase("yes" if value else "no", language)
    text = labels.get(str(value), {})
    return text.get(language) or text.get("en") or _value(value, language, unit)


def unit_of(rulebook: Rulebook, name: str) -> str | None:
    """The unit in which a fact or column is counted."""
    fact = next((fact for fact in rulebook.facts if fact.name == name), None)
    column = rulebook.columns.get(name)
    return fact.unit if fact else column.unit if column else None


def value_labels(rulebook: Rulebook, name: str) -> Mapping[str, Text]:
    """Labels of a name's values: outcomes of a decision, or the portions."""
    if name == "portion":
        return rulebook.file.portion_labels
    fact = next((fact for fact in rulebook.facts if fact.name == name), None)
    if fact is not None:
        return fact.value_labels
    decision = next((d for d in rulebook.decisions if d.name == name), None)
    return decision.outcome_labels if decision else {}
