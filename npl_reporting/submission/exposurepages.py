"""The dossier of one exposure as a page: what was decided, why, in every run, and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from npl_reporting.evidence.explain import Explained, Explanation, explain
from npl_reporting.evidence.history import Told, history
from npl_reporting.evidence.log import Event
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.reopen import Reopened, reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.words import value_labels
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import exact_text
from npl_reporting.returns.page import Fact, Format, Head, Line, Page, Shown, Table
from npl_reporting.returns.sharedwords import day_text, word


def exposure_page(store: Store, name: str, exposure_id: str) -> Page:
    """Set the dossier of an exposure as a run left it; NplError if the run does not hold it."""
    with reopen(store, name) as again:
        return page_of(store, again, explained(again, exposure_id))


def explained(again: Reopened, exposure_id: str) -> Explanation:
    """Explain an exposure of a run that was opened again; NplError if the run does not hold it."""
    return explain(
        again.engine, again.rulebook, again.columns, again.run.reporting_date, exposure_id,
        again.source,
    )  # fmt: skip


def page_of(store: Store, again: Reopened, told: Explanation) -> Page:
    """Set the dossier of an exposure that was explained already."""
    run, rulebook = again.run, again.rulebook
    known = history(store, told.exposure_id)
    tables = (
        _decided(run, rulebook, told, [t for t in known if t.run == run.id]),
        _tape(run, rulebook, told),
        _through_runs(run, rulebook, known),
        _events(run, _about(store, known, told.exposure_id)),
    )
    return Page(
        report="exposure",
        title=word("dossier", exposure=told.exposure_id),
        languages=run.languages,
        jurisdiction=run.jurisdiction,
        reporting_date=run.reporting_date,
        run=run.id,
        currency=run.currency,
        landscape=True,
        warnings=run.warnings,
        facts=tuple(_facts(store, run, told, known)),
        tables=tables,
        draft=run.parameters.get("approved") is False,
    )


def _facts(store: Store, run: Run, told: Explanation, known: Sequence[Told]) -> Iterator[Fact]:
    rows = sorted({t.row for t in known if t.run == run.id})
    yield Fact(word("debtor"), told.debtor_id)
    yield Fact(word("source_row"), f"{run.tape_name}: {', '.join(map(str, rows))}")
    yield Fact(word("tape_hash"), run.tape_sha256, mono=True)
    yield Fact(word("rulebook"), run.rulebook_title)
    yield Fact(word("rulebook_hash"), run.rulebook_sha256, mono=True)
    yield Fact(word("content_root"), store.seals.of(run.id).content, mono=True)


def _decided(run: Run, rulebook: Rulebook, told: Explanation, now: Sequence[Told]) -> Table:
    """Each decision in this run: outcome, the rules in their words, what comes if nothing is paid."""
    heads = _heads("portion", "outcome", "computed", "rules", "articles", "if_unpaid")
    stands = {(t.portion, t.decision): t for t in now}
    lines = []
    for portion in told.portions:
        for one in portion.decisions:
            known = stands.get((portion.portion, one.decision))
            instead = known is not None and known.computed
            outcome = known.outcome if known is not None else one.outcome
            lines.append(
                Line(
                    f"{portion.portion}.{one.decision}",
                    _label(rulebook, run, one.decision),
                    (
                        _shown(
                            rulebook.file.portion_labels.get(portion.portion) or portion.portion
                        ),
                        _shown(_outcome(rulebook, one.decision, outcome)),
                        _shown(_outcome(rulebook, one.decision, one.outcome) if instead else ""),
                        _shown(_sentences(rulebook, run, one)),
                        _shown(", ".join(one.citations)),
                        _shown(_next(rulebook, run, one)),
                    ),
                )
            )
    return Table(heads, tuple(lines), word("decided_now"), stub=word("decision"))


def _tape(run: Run, rulebook: Rulebook, told: Explanation) -> Table:
    lines = tuple(
        Line(
            name,
            rulebook.columns[name].meaning if name in rulebook.columns else _same(run, name),
            (_shown(name), _shown(_text(value))),
        )
        for name, value in told.columns.items()
        if name != "row"
    )
    return Table(_heads("column", "value"), lines, word("on_the_tape"), stub=word("item"))


def _through_runs(run: Run, rulebook: Rulebook, known: Sequence[Told]) -> Table:
    heads = _heads("known_since", "row", "portion", "amount", "outcome", "rules", "articles")
    lines = tuple(
        Line(
            f"{t.run}.{t.portion}.{t.decision}",
            _same(run, f"{t.reporting_date} {t.run} {t.decision}"),
            (
                _shown(day_text(t.known_at.date(), run.languages)),
                _shown(f"{t.tape}: {t.row}"),
                _shown(t.portion),
                Shown(t.amount, "money"),
                _shown(f"{t.outcome} ({t.computed})" if t.computed else t.outcome),
                _shown(" ".join(t.rules)),
                _shown(" ".join(t.citations)),
            ),
        )
        for t in known
    )
    return Table(heads, lines, word("through_runs"), stub=word("as_of"))


def _events(run: Run, events: Sequence[Event]) -> Table:
    lines = tuple(
        Line(
            str(event.number),
            _same(run, str(event.number)),
            (
                _shown(f"{event.at:%Y-%m-%d %H:%M} UTC"),
                _shown(f"{event.person} ({event.role})" if event.role else event.person),
                _shown(event.action),
                _shown(event.subject),
                _shown(str(event.said.get("reason") or event.said.get("comment") or "")),
            ),
        )
        for event in events
    )
    heads = _heads("when", "person", "event", "about", "said")
    return Table(heads, lines, word("events"), stub=word("item"))


def _about(store: Store, known: Sequence[Told], exposure_id: str) -> list[Event]:
    """The events on the exposure's runs, on their submissions, and on overrides of it."""
    runs = {told.run for told in known}
    names = runs | {run.rpartition("-")[0] for run in runs}
    events = store.log.events()
    names |= {event.subject for event in events if event.said.get("target") == exposure_id}
    return [event for event in events if event.subject in names]


def _sentences(rulebook: Rulebook, run: Run, one: Explained) -> Text | str:
    rules = {
        rule.id: rule for d in rulebook.decisions for rule in d.rules if d.name == one.decision
    }
    fired = [rules[name] for name in one.fired]
    if not fired:
        return ""
    return {
        language: "; ".join(rule.label.get(language) or rule.id for rule in fired)
        for language in run.languages
    }


def _next(rulebook: Rulebook, run: Run, one: Explained) -> Text | str:
    if one.next_change is None:
        return ""
    day = day_text(one.next_change.day, run.languages)
    outcome = _outcome(rulebook, one.decision, one.next_change.outcome)
    said = _same(run, outcome) if isinstance(outcome, str) else outcome
    return {
        language: f"{said.get(language) or said['en']} · {day[language]}"
        for language in run.languages
    }


def _outcome(rulebook: Rulebook, decision: str, outcome: object) -> Text | str:
    text = _text(outcome)
    labels = next(d.outcome_labels for d in rulebook.decisions if d.name == decision)
    return labels.get(text) or value_labels(rulebook, decision).get(text) or text


def _label(rulebook: Rulebook, run: Run, name: str) -> Text:
    return {language: rulebook.label(name, language) for language in run.languages}


def _heads(*names: str) -> tuple[Head, ...]:
    formats: dict[str, Format] = {"amount": "money"}
    return tuple(Head(name, word(name), formats.get(name, "text")) for name in names)


def _shown(text: Text | str) -> Shown:
    return Shown(text, "text")


def _same(run: Run, text: str) -> Text:
    return dict.fromkeys(run.languages, text)


def _text(value: Any) -> str:
    return exact_text(value) if isinstance(value, Decimal) else str(value)
