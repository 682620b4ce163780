"""Cases as an examiner reads them: what was read, what followed, by which rule and article."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npl_reporting.evidence.records import CaseDecision
from npl_reporting.law.bands import MISSING
from npl_reporting.law.rulebook import Decision, Outcome, Rule, Rulebook
from npl_reporting.law.words import label_of, phrase, reading
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import exact_text
from npl_reporting.portfolio.cases import Case, Verdict, outcome_text
from npl_reporting.returns import page


def case_blocks(
    rulebook: Rulebook, cases: Sequence[Case], languages: Sequence[str]
) -> tuple[page.CaseBlock, ...]:
    """Every case as a block of the decision annex."""
    return tuple(_block(rulebook, case, languages) for case in cases)


def case_decisions(
    rulebook: Rulebook, cases: Sequence[Case], languages: Sequence[str]
) -> Iterator[CaseDecision]:
    """Every decision on every case, as the store keeps it and `cases.csv` shows it."""
    for case in cases:
        reads = {
            language: _joined(reads_in_words(rulebook, case, language), language)
            for language in languages
        }
        for decision in rulebook.decisions:
            verdict = case.verdict(decision.name)
            rules = [rule for rule in decision.rules if rule.id in verdict.fired]
            yield CaseDecision(
                case_id=case.id,
                decision=decision.name,
                outcome=outcome_text(verdict.outcome),
                reads=reads,
                rules=verdict.fired,
                citations=tuple(dict.fromkeys(c for rule in rules for c in rule.citations)),
                exposures=case.exposures,
                amount=case.amount,
            )


@dataclass(frozen=True)
class Reads:
    """What a case read, in one language: telling values, what was no, what was not given.

    `names` are the labels of what `said` tells.
    """

    said: tuple[str, ...]
    no: tuple[str, ...]
    missing: tuple[str, ...]
    names: tuple[str, ...]


def reads_in_words(rulebook: Rulebook, case: Case, language: str) -> Reads:
    """Read a case's bands out, apart from outcomes, which stand with the decisions."""
    decided = {decision.name for decision in rulebook.decisions}
    said: list[str] = []
    names: list[str] = []
    no: list[str] = []
    missing: list[str] = []
    for name, band in case.bands.items():
        if name in decided:
            continue
        codes = rulebook.bands[name].codes
        if band == MISSING:
            missing.append(rulebook.label(name, language))
        elif codes[band - 1 : band] == (False,):
            no.append(rulebook.label(name, language))
        else:
            names.append(label_of(rulebook, name, language))
            said.append(reading(rulebook, name, band, language))
    return Reads(tuple(said), tuple(no), tuple(missing), tuple(names))


def _joined(reads: Reads, language: str) -> list[str]:
    """The same as a list of sentences, for files."""
    separator = phrase("separator", language)
    rest = (("all_no", reads.no), ("all_missing", reads.missing))
    named = [phrase(key, language, names=separator.join(names)) for key, names in rest if names]
    return [*reads.said, *named]


def settings_that_influenced(rulebook: Rulebook, cases: Sequence[Case]) -> frozenset[str]:
    """Settings on which a rule that fired depends, by its condition, its facts or its outcome."""
    fired = {(v.decision, rule) for case in cases for v in case.verdicts for rule in v.fired}
    return frozenset(
        setting
        for decision in rulebook.decisions
        for rule in decision.rules
        if (decision.name, rule.id) in fired
        for setting in rule.settings
    )


def _block(rulebook: Rulebook, case: Case, languages: Sequence[str]) -> page.CaseBlock:
    read = {language: reads_in_words(rulebook, case, language) for language in languages}

    def texts(part: str) -> tuple[Text, ...]:
        columns = [getattr(reads, part) for reads in read.values()]
        return tuple(
            dict(zip(languages, words, strict=True)) for words in zip(*columns, strict=True)
        )

    decisions = tuple(_decision(d, case.verdict(d.name), languages) for d in rulebook.decisions)
    return page.CaseBlock(
        case.id, texts("said"), case.exposures, case.amount, decisions,
        no=texts("no"), missing=texts("missing"), names=texts("names"),
    )  # fmt: skip


def _decision(decision: Decision, verdict: Verdict, languages: Sequence[str]) -> page.CaseDecision:
    label = decision.label or dict.fromkeys(languages, decision.name)
    outcome = outcome_label(decision, verdict.outcome, languages)
    rules = [rule for rule in decision.rules if rule.id in verdict.fired]
    return page.CaseDecision(
        label, outcome, tuple(_rule(rule, verdict, languages) for rule in rules)
    )


def outcome_label(decision: Decision, outcome: Outcome, languages: Sequence[str]) -> Text:
    """An outcome as it is printed: its label, or the rate as a percentage."""
    if isinstance(outcome, str):
        return decision.outcome_labels.get(outcome) or dict.fromkeys(languages, outcome)
    return dict.fromkeys(languages, f"{exact_text(outcome * 100)} %")


def _rule(rule: Rule, verdict: Verdict, languages: Sequence[str]) -> page.CaseRule:
    sentence = rule.label or dict.fromkeys(languages, rule.id)
    return page.CaseRule(
        rule.id, sentence, ", ".join(rule.citations), decisive=rule.then == verdict.outcome
    )
