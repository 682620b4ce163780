"""A rule file taken apart: every thing in it by its place, each in aspects that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from npl_reporting.law.rulefile import DecisionText, FactText, RuleFile, RuleText
from npl_reporting.law.yamlfile import Record
from npl_reporting.money import exact_text

Place = tuple[str, str]
"""A part of the file and a name in it: ('settings', 'well_secured_ltv')."""
Aspects = Mapping[str, str]
"""What can be said of a thing, in words: {'value': '0.60', 'basis': 'convention'}."""

EXAMPLES = "examples"
_HEADING = (
    "variant", "title", "authority", "effective_from", "currency", "languages", "months",
    "appropriation", "review_by",
)  # fmt: skip
_TEXTS = ("title", "authority", "note", "why", "label", "meaning", "words")
"""Fields that hold one text in each language."""
_RULE = {"when": "condition", "then": "outcome", "cite": "article"}


def parts(file: RuleFile) -> dict[Place, Aspects]:
    """Everything that a file says, in its order."""
    return {(part, name): aspects for part, name, aspects in _parts(file)}


def _parts(file: RuleFile) -> Iterator[tuple[str, str, Aspects]]:
    said = [pair for name in _HEADING for pair in _said(name, getattr(file, name))]
    yield "heading", file.jurisdiction, dict(said)
    yield from _records("sources", file.sources)
    yield from _expressions("portions", file.portions)
    for name, labels in file.portion_labels.items():
        yield "portion labels", name, dict(_said("label", labels))
    yield from _records("settings", file.settings)
    yield from _records("columns", file.columns)
    yield from _facts(file.facts)
    for decision in file.decisions:
        yield from _facts(decision.facts)
        yield from _decision(decision)
    yield from _expressions("amounts", file.amounts)
    yield from _records("carried", file.carried)
    for found in file.findings:
        yield "findings", found.id, _aspects(found, but="id")
    for example in file.examples:
        yield EXAMPLES, example.name, _aspects(example, but="name")


def _records(part: str, records: Mapping[str, Record]) -> Iterator[tuple[str, str, Aspects]]:
    for name, record in records.items():
        yield part, name, _aspects(record)


def _expressions(part: str, texts: Mapping[str, str]) -> Iterator[tuple[str, str, Aspects]]:
    for name, text in texts.items():
        yield part, name, {"expression": text}


def _facts(facts: Mapping[str, str | FactText]) -> Iterator[tuple[str, str, Aspects]]:
    for name, fact in facts.items():
        record = fact if isinstance(fact, FactText) else FactText(value=fact)
        aspects = _aspects(record)
        yield "facts", name, {"expression": aspects.pop("value"), **aspects}


def _decision(decision: DecisionText) -> Iterator[tuple[str, str, Aspects]]:
    part = f"decision {decision.name}"
    own = {"of": decision.of, "type": decision.type, "default": decision.default}
    aspects = {name: text for name, value in own.items() for name, text in _said(name, value)}
    aspects["outcomes"] = ", ".join(decision.outcomes)
    aspects |= dict(_said("label", decision.label))
    for outcome, label in decision.outcomes.items():
        aspects |= {f"label of {outcome} ({key})": text for key, text in label.items()}
    yield part, decision.name, {name: text for name, text in aspects.items() if text}
    for rule in decision.rules:
        yield part, f"rule {rule.id}", _rule(rule, rate=decision.type == "rate")
    for milder in decision.milder_allowed:
        yield part, f"milder as {milder.fact} grows", _aspects(milder)


def _rule(rule: RuleText, *, rate: bool) -> Aspects:
    aspects = {_RULE.get(name, name): text for name, text in _aspects(rule, but="id").items()}
    if rate:
        written = aspects.pop("outcome")
        number = None if isinstance(rule.then, str) else rule.then * Decimal(100)
        aspects["rate"] = written if number is None else f"{exact_text(number)} %"
    return aspects


def _aspects(record: Record, but: str = "") -> dict[str, str]:
    """A record's fields in words; `but` is the field that only names it."""
    names = [name for name in type(record).model_fields if name != but]
    return {aspect: text for name in names for aspect, text in _said(name, getattr(record, name))}


def _said(name: str, value: object) -> Iterator[tuple[str, str]]:
    """A value in words; texts in several languages are an aspect for each, nothing is none."""
    if name in _TEXTS and isinstance(value, dict):
        for language, text in value.items():
            yield f"{name} ({language})", text
    elif value not in (None, "", (), {}):
        yield name, _text(value)


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return exact_text(value)
        case dict():
            return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
        case tuple():
            return "; ".join(_text(item) for item in value)
    return str(value)
