"""Every rule file on the shelf: its examples, what exhaustion finds, its citations and its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.exampletext import FINDINGS
from npl_reporting.law.missing import never_missing
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.rulefile import RuleFile
from npl_reporting.law.shelf import load_rulebook, shelf
from npl_reporting.portfolio import exhaust
from npl_reporting.portfolio.examples import DecidedExample, compare, decide_examples
from npl_reporting.resources import REPORTS, shown

FILES = [shown(one.path) for one in shelf()]
QUICK_COMBINATIONS = 200_000
each_file = pytest.mark.parametrize("file", FILES)


@cache
def book(file: str) -> Rulebook:
    return load_rulebook(file)


@each_file
def test_examples_under_the_settings_of_the_file_pass(file: str) -> None:
    """The others, which change settings, take longer: see the slow test below."""
    plain = [e for e in book(file).file.examples if not e.settings]
    assert len(plain) >= 20
    assert [*failures(decide_examples(book(file), plain))] == []


def failures(decided: Iterator[DecidedExample]) -> Iterator[str]:
    for one in decided:
        for failure in compare(one):
            yield f"{failure.example}: {failure.name} is {failure.found}, not {failure.expected}"


@cache
def all_decided(file: str) -> tuple[DecidedExample, ...]:
    return tuple(decide_examples(book(file)))


@pytest.mark.slow
@each_file
def test_every_example_passes_and_every_rule_fires_in_one(file: str) -> None:
    assert [*failures(iter(all_decided(file)))] == []
    cases = {(one.number, c): case for one in all_decided(file) for c, case in one.cases.items()}
    fired = {(v.decision, r) for case in cases.values() for v in case.verdicts for r in v.fired}
    assert {(d.name, rule.id) for d in book(file).decisions for rule in d.rules} - fired == set()


@cache
def reads(rulebook_file: str) -> Mapping[str, frozenset[str]]:
    """What each fact, decision and amount reads."""
    rulebook = book(rulebook_file)
    found = {fact.name: fact.value.reads for fact in rulebook.facts}
    for values in (rulebook.portions, rulebook.amounts, rulebook.carried):
        found |= {name: value.reads for name, value in values.items()}
    for decision in rulebook.decisions:
        found[decision.name] = frozenset(n for r in decision.rules for n in r.condition.names)
    return found


def weaknesses(file: str, folder: Path) -> list[str]:
    with Engine(folder) as engine:
        examined = exhaust.examine(engine, book(file))
    found = [f"{w.decision}: {w.what} {w.example}" for one in examined for w in one.weaknesses]
    return found + [
        f"{one.decision}: too many combinations"
        for one in examined
        if not one.examined and one.combinations > exhaust.MOST_COMBINATIONS
    ]


@each_file
def test_no_reachable_combination_is_undecided_or_odd(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions with very many combinations are left to the slow test."""
    monkeypatch.setattr(exhaust, "MOST_COMBINATIONS", QUICK_COMBINATIONS)
    odd = [what for what in weaknesses(file, tmp_path) if "too many" not in what]
    assert odd == []


@pytest.mark.slow
@each_file
def test_no_reachable_combination_at_all_is_undecided_or_odd(file: str, tmp_path: Path) -> None:
    assert weaknesses(file, tmp_path) == []


@each_file
def test_every_citation_names_a_source_and_what_it_says(file: str) -> None:
    rulebook = book(file)
    cited = [(rule.id, c) for d in rulebook.decisions for rule in d.rules for c in rule.citations]
    cited += [(name, s.cite) for name, s in rulebook.file.settings.items() if s.cite]
    parts = {name: citation.partition("/") for name, citation in cited}
    assert [n for n, (source, _, _) in parts.items() if source not in rulebook.file.sources] == []
    assert [name for name, (_, _, article) in parts.items() if not article.strip()] == []


@each_file
def test_everything_that_is_printed_has_its_words_in_each_language(file: str) -> None:
    rulebook = book(file)
    languages = {"en", *rulebook.file.languages}
    texts = dict(printed(rulebook.file, rulebook))
    assert {name: languages - {*text} for name, text in texts.items() if languages - {*text}} == {}
    assert [name for name, text in texts.items() if not all(map(str.strip, text.values()))] == []


def printed(file: RuleFile, rulebook: Rulebook) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "title", file.title
    yield "authority", file.authority
    for name, setting in file.settings.items():
        yield f"why of setting {name}", setting.why
    for name, column in file.columns.items():
        yield f"meaning of column {name}", column.meaning
    if len(file.portions) > 1:
        yield from (
            (f"portion {name}", file.portion_labels.get(name, {})) for name in file.portions
        )
    read = {n for d in rulebook.decisions for rule in d.rules for n in rule.condition.names}
    yield from ((f"fact {f.name}", f.label) for f in rulebook.facts if f.name in read)
    for decision in rulebook.decisions:
        yield f"decision {decision.name}", decision.label
        for outcome, text in decision.outcome_labels.items():
            yield f"outcome {decision.name} {outcome}", text
        yield from ((f"rule {decision.name} {rule.id}", rule.label) for rule in decision.rules)
    for number, finding in enumerate(file.findings):
        yield f"finding {number}", finding.words


@each_file
def test_every_setting_makes_a_difference(file: str) -> None:
    """It is read by a fact, a rule, a rate or an amount."""
    rulebook = book(file)
    values = [*(fact.value for fact in rulebook.facts), *rulebook.portions.values()]
    values += [*rulebook.amounts.values(), *rulebook.carried.values()]
    values += [value for _, value in rulebook.findings]
    used = {name for value in values for name in value.settings}
    used |= {name for d in rulebook.decisions for rule in d.rules for name in rule.settings}
    used |= {str(d.default) for d in rulebook.file.decisions}
    assert {*rulebook.settings} - used == set()


@each_file
def test_every_fact_is_read_by_something(file: str) -> None:
    """By a rule, a report, an example or another fact; a name that nobody reads is a slip."""
    rulebook = book(file)
    used = {name for read in reads(file).values() for name in read}
    used |= {name for example in rulebook.file.examples for name in example.expect}
    used |= {name for _, value in rulebook.findings for name in value.reads}
    used |= {name for name in report_names(rulebook.file.jurisdiction)}
    assert {fact.name for fact in rulebook.facts} - used == set()


@cache
def report_names(jurisdiction: str) -> frozenset[str]:
    """Every word of the jurisdiction's report files."""
    text = " ".join(p.read_text(encoding="utf-8") for p in (REPORTS / jurisdiction).glob("*.yaml"))
    return frozenset("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


@each_file
def test_every_finding_is_expected_in_an_example(file: str) -> None:
    written = book(file).file
    expected = {name for example in written.examples for name in example.expect.get(FINDINGS, ())}
    assert {finding.id for finding in written.findings} - expected == set()


@each_file
def test_portions_are_never_missing(file: str) -> None:
    rulebook = book(file)
    known = never_missing(rulebook) | {*rulebook.portions}
    unsure = {
        n: value.reads - known for n, value in rulebook.portions.items() if value.reads - known
    }
    assert unsure == {}


@each_file
def test_dates_of_the_heading_are_in_order(file: str) -> None:
    heading = book(file).file
    assert heading.review_by is None or heading.review_by > heading.effective_from
