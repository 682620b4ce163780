"""A run and an explanation, told in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from npl_reporting.cli.filelist import tell_files
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.evidence.explain import Explained, Explanation, Portion
from npl_reporting.evidence.records import TreatedPortion
from npl_reporting.law.conditions import Comparison
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.words import value_labels
from npl_reporting.money import exact_text
from npl_reporting.request import Finished

_SIGNS = {
    "<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "=": "", "<>": "not",
    "is null": "not given", "is not null": "given",
}  # fmt: skip


def tell_run(finished: Finished, json: bool, *, stored: bool = False) -> None:
    """Print what a run did, what its checks say, and where its files lie."""
    run = finished.run
    if json:
        emit({
            "run": run, "stored": finished.stored, "cases": finished.cases,
            "passed": finished.passed, "files": finished.files,
            "checks": finished.checks,
        })  # fmt: skip
        return
    say(f"run {run.id}")
    say(
        f"  {run.tape_name}: {run.rows_read:,} rows read, {run.rows_used:,} used, "
        f"{run.rows_set_aside:,} set aside"
    )
    say(f"  rules in force from {run.rulebook_effective_from}: {run.rulebook_title.get('en')}")
    for warning in run.warnings:
        say(f"  warning: {warning.get('en')}")
    if stored:
        return
    _tell_result(finished)


def _tell_result(finished: Finished) -> None:
    say(f"  {finished.cases:,} cases decided, each by two evaluators that agree")
    tell_checks(finished, "  ")
    say("  stored" if finished.stored else "  this run was stored before; nothing was doubled")
    tell_files(finished.files)


def tell_checks(finished: Finished, indent: str, *, unevaluated: bool = True) -> None:
    """Print how many checks passed, then those that did not, if wished with those not evaluated."""
    states = [check.state for check in finished.checks]
    say(
        f"{indent}checks: {states.count('passed')} passed, {states.count('failed')} failed, "
        f"{states.count('not_evaluated')} not evaluated"
    )
    for check in finished.checks:
        if check.state == "failed" or (check.state == "not_evaluated" and unevaluated):
            state = check.state.replace("_", " ")
            say(f"{indent}  {state} ({check.severity}) {check.report}/{check.id}: {check.detail}")


def tell_explanation(
    explanation: Explanation, rulebook: Rulebook, stored: Sequence[TreatedPortion], language: str
) -> None:
    """Print why an exposure got its outcomes."""
    say(f"exposure {explanation.exposure_id} of debtor {explanation.debtor_id}")
    say(f"as of {explanation.reporting_date}, {rulebook.name} from {rulebook.file.effective_from}")
    cases = {portion.portion: portion.case_id for portion in stored}
    for portion in explanation.portions:
        case = cases.get(portion.portion, "")
        label = rulebook.file.portion_labels.get(portion.portion, {})
        name = label.get(language) or portion.portion
        say(f"\n{name}: {portion.amount:,} {rulebook.file.currency}, case {case}")
        _tell_facts(portion, rulebook, language)
        for decision in portion.decisions:
            _tell_decision(decision, portion, rulebook, language)


def _tell_facts(portion: Portion, rulebook: Rulebook, language: str) -> None:
    read = set(rulebook.bands)
    rows = [
        ("  " + rulebook.label(name, language), _named(rulebook, name, value, language))
        for name, value in portion.facts.items()
        if name in read and value is not None and value is not False
    ]
    table(("  fact", "value"), rows)


def _named(rulebook: Rulebook, name: str, value: object, language: str) -> str:
    """A fact's value as print has it: the label of a code, money grouped."""
    label = value_labels(rulebook, name).get(str(value), {}).get(language)
    money = rulebook.scope.kinds[name] == "money" and isinstance(value, Decimal)
    return label or (f"{value:,}" if money else _shown(value))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return exact_text(value)
    return "not given" if value is None else str(value)


def _tell_decision(
    explained: Explained, portion: Portion, rulebook: Rulebook, language: str
) -> None:
    decision = next(d for d in rulebook.decisions if d.name == explained.decision)
    outcome = decision.outcome_labels.get(str(explained.outcome), {})
    label = decision.label.get(language) or decision.name
    say(f"\n  {label}: {outcome.get(language) or _shown(explained.outcome)}")
    rules = {rule.id: rule for rule in decision.rules}
    for name in explained.fired:
        rule = rules[name]
        won = "" if rule.then == explained.outcome else f" (would give {rule.then})"
        say(
            f"    fired   {name}{won}: {rule.label.get(language, '')} [{', '.join(rule.citations)}]"
        )
    if not explained.fired:
        say("    no rule fired; this is the decision's default")
    for miss in explained.nearest:
        needs = " and ".join(_needs(c, portion.facts, rulebook, language) for c in miss.failing)
        say(f"    not     {miss.rule} [{', '.join(miss.citations)}]: would need {needs}")
    if explained.next_change:
        change = explained.next_change
        say(
            f"    if nothing is paid: {change.outcome} on {change.day} by {', '.join(change.fired)}"
        )


def _needs(
    comparison: Comparison, facts: Mapping[str, Any], rulebook: Rulebook, language: str
) -> str:
    """A failing comparison in words, with what the exposure has instead."""
    values = " or ".join(_shown(value) for value in comparison.values)
    sign = _SIGNS[comparison.sign]
    name = rulebook.label(comparison.name, language)
    has = f" (is {_shown(facts[comparison.name])})" if comparison.name in facts else ""
    return f"'{name}' {' '.join(part for part in (sign, values) if part)}{has}"
