"""One exposure of a run: its facts, its cases, the rules that decided, the row of the source file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from starlette.responses import Response

from npl_reporting.evidence.explain import Explanation, Portion
from npl_reporting.evidence.records import CaseDecision, TreatedPortion
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.words import comparison_words, value_labels
from npl_reporting.law.yamlfile import Text
from npl_reporting.returns.page import Shown
from npl_reporting.site.answers import answer, wording_of
from npl_reporting.site.asked import Asked, Missing
from npl_reporting.site.overview import run_of
from npl_reporting.site.printed import printed
from npl_reporting.submission.exposurepages import explained, page_of


@dataclass(frozen=True)
class FactShown:
    """One fact of a portion, named and written as the law's words have it."""

    label: Text
    value: Shown


@dataclass(frozen=True)
class NearMiss:
    """A severer rule that did not hold, and what it would have asked for."""

    decision: Text
    rule: str
    citations: tuple[str, ...]
    asks: Text


@dataclass(frozen=True)
class PortionShown:
    """A portion with its amount and case; `reads` is what the case's rules read, in words."""

    portion: Text | str
    stored: TreatedPortion
    reads: object
    facts: tuple[FactShown, ...]
    misses: tuple[NearMiss, ...]


def exposure_page(asked: Asked) -> Response:
    """One exposure on one page."""
    run, name = run_of(asked), asked.query("id")
    kept = asked.store.exposure(run.id, name)
    if not kept:
        raise Missing(f"Run {run.id} has no exposure {name}.")
    languages = printed(asked.store, run.id).languages
    with asked.site.taken.up(run.id) as (up, cases):
        told = explained(up.again, name)
        page = page_of(asked.store, up.again, told)
        rulebook = up.again.rulebook
    read = {c.case_id: c for stored in kept for c in cases.get(stored.case_id, ())}
    return answer(
        asked, "exposure.html", run=run, told_id=name, explained=told, page=page, rows=sorted({k.row for k in kept}),
        portions=list(_portions(rulebook, told, kept, read, languages)), languages=languages,
        wording=wording_of(run, languages), sources=_sources(rulebook, told),
    )  # fmt: skip


def _portions(
    rulebook: Rulebook, told: Explanation, kept: tuple[TreatedPortion, ...],
    read: Mapping[str, CaseDecision], languages: tuple[str, ...],
) -> Iterator[PortionShown]:  # fmt: skip
    portions = {portion.portion: portion for portion in told.portions}
    for stored in kept:
        portion = portions.get(stored.portion)
        yield PortionShown(
            rulebook.file.portion_labels.get(stored.portion) or stored.portion,
            stored,
            read[stored.case_id].reads if stored.case_id in read else {},
            tuple(_facts(rulebook, portion, languages)) if portion else (),
            tuple(_misses(rulebook, portion, languages)) if portion else (),
        )


def _facts(rulebook: Rulebook, portion: Portion, languages: tuple[str, ...]) -> Iterator[FactShown]:
    """Every fact that is known, those that are false left out."""
    for name, value in portion.facts.items():
        if value is None or value is False:
            continue
        label = {language: rulebook.label(name, language) for language in languages}
        yield FactShown(label, _shown(rulebook, name, value))


def _shown(rulebook: Rulebook, name: str, value: object) -> Shown:
    labels = value_labels(rulebook, name).get(str(value))
    if labels:
        return Shown(labels, "text")
    if isinstance(value, Decimal):
        return Shown(value, "money" if rulebook.scope.kinds[name] == "money" else "number")
    if isinstance(value, date):
        return Shown(value, "date")
    return Shown("yes" if value is True else str(value), "text")


def _misses(rulebook: Rulebook, portion: Portion, languages: tuple[str, ...]) -> Iterator[NearMiss]:
    for decision in portion.decisions:
        for miss in decision.nearest:
            label = {
                language: rulebook.label(decision.decision, language) for language in languages
            }
            asks = {
                language: "; ".join(comparison_words(rulebook, c, language) for c in miss.failing)
                for language in languages
            }
            yield NearMiss(label, miss.rule, miss.citations, asks)


def _sources(rulebook: Rulebook, told: Explanation) -> Mapping[str, Text | str]:
    """The titles of what the articles that decided are articles of."""
    cited = {c for p in told.portions for d in p.decisions for c in d.citations}
    named = {citation.partition("/")[0] for citation in cited}
    return {name: source.title for name, source in rulebook.file.sources.items() if name in named}
