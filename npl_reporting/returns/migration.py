"""From what every exposure was in the prior run to what it is: a table for each decision named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from npl_reporting.law.rulebook import Decision, Rulebook
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.returns.annex import outcome_label
from npl_reporting.returns.page import Format
from npl_reporting.returns.report import Check, Column, Definition, Row, Table
from npl_reporting.returns.sharedwords import word

_HELD = "case when is_gone then opening_amount else closing_amount end"
"""An exposure counts with what it holds now, or held when it left."""


def with_migration(definition: Definition, rulebook: Rulebook) -> Definition:
    """A report with two tables, by amount and by number, for each decision of its `migration`.

    A decision that the rulebook does not have is left out.
    """
    named = [d for d in rulebook.decisions if d.name in definition.migration and not d.rate]
    tables = [table for decision in named for table in _tables(decision, rulebook)]
    checks = [_check(decision) for decision in named]
    return definition.model_copy(
        update={
            "tables": (*definition.tables, *tables),
            "checks": (*definition.checks, *checks),
        }
    )


def _tables(decision: Decision, rulebook: Rulebook) -> Iterator[Table]:
    languages = rulebook.file.languages
    kinds: tuple[tuple[str, str, Format], ...] = (
        ("amount", f"sum({_HELD})", "money"),
        ("number", "count()", "count"),
    )
    for measure, value, format_ in kinds:
        place = f"{decision.name}_{measure}"
        caption = {
            language: text.format(name=_in(decision.label, language, decision.name))
            for language, text in word(f"migration_{measure}", name="{name}").items()
        }
        columns = tuple(_columns(decision, languages, value, format_))
        yield Table(
            id=place,
            of="movement",
            caption=caption,
            stub=word("was_then"),
            rows=tuple(_rows(decision, languages, place)),
            columns=columns,
        )


def _rows(decision: Decision, languages: Sequence[str], place: str) -> Iterator[Row]:
    """A row for each outcome then, one for what is new, and their total."""
    ids = []
    for outcome in decision.outcomes:
        text = outcome_text(outcome)
        ids.append(f"{place}_{_code(text)}")
        label = outcome_label(decision, outcome, languages)
        yield Row(id=ids[-1], label=label, where=f"prior_{decision.name} = '{text}'")
    ids.append(f"{place}_new")
    yield Row(id=ids[-1], label=word("new_since"), where="is_new")
    yield Row(id=f"{place}_total", label=word("total"), sum_of=tuple(ids))


def _columns(
    decision: Decision, languages: Sequence[str], value: str, format_: Format
) -> Iterator[Column]:
    """A column for each outcome now, one for what has left, and their total."""
    now = word("is_now")
    for outcome in decision.outcomes:
        text = outcome_text(outcome)
        yield Column(
            id=f"to_{_code(text)}",
            label=outcome_label(decision, outcome, languages),
            group=now,
            format=format_,
            value=value,
            where=f"{decision.name} = '{text}'",
        )
    rest: tuple[tuple[str, Text, str | None], ...] = (
        ("left_since", word("left_since"), "is_gone"),
        ("total", word("total"), None),
    )
    for id_, label, where in rest:
        yield Column(
            id=id_,
            label=label,
            format=format_,
            value=value,
            where=where,
        )


def _check(decision: Decision) -> Check:
    """Everything that moved is somewhere: each row's outcomes make its total."""
    parts = " + ".join(f"to_{_code(outcome_text(outcome))}" for outcome in decision.outcomes)
    sentence = {
        language: text.format(name=_in(decision.label, language, decision.name))
        for language, text in word("migration_adds_up", name="{name}").items()
    }
    return Check(
        id=f"{decision.name.replace('_', '-')}-migration-adds-up",
        severity="error",
        sentence=sentence,
        each=f"{decision.name}_amount",
        that=f"{parts} + left_since = total",
    )


def _in(text: Text, language: str, otherwise: str) -> str:
    return text.get(language) or text.get("en") or otherwise


def _code(text: str) -> str:
    return re.sub(r"\W", "_", text, flags=re.ASCII)
