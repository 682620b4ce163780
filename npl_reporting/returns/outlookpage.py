"""The page of `npl outlook`: what crosses a threshold of itself, and which payment keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from npl_reporting.law.rulebook import Decision
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import minor_digits
from npl_reporting.portfolio.ahead import Reached
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.payments import CURE, PREVENT, Goal, Payment
from npl_reporting.returns import page
from npl_reporting.returns.annex import outcome_label
from npl_reporting.returns.lookahead import Lookahead, word
from npl_reporting.returns.page import Bar, Chart, Fact, Figure, Head, Line, Page, Shown, Table
from npl_reporting.returns.sharedwords import day_text


def outlook_page(found: Lookahead) -> Page:
    """The outlook as a document."""
    run = found.run
    return Page(
        report="outlook",
        title=word("title"),
        languages=found.languages,
        jurisdiction=found.rulebook.name,
        reporting_date=run.reporting_date,
        run=run.id,
        currency=run.currency,
        landscape=True,
        warnings=tuple(_warnings(found)),
        facts=tuple(_facts(found)),
        figures=tuple(_figures(found)),
        charts=tuple(_charts(found)),
        tables=(
            _reached(found),
            _payments(found),
            *(_largest(found, goal) for goal in (PREVENT, CURE)),
        ),
        notes=(word("assumptions"),),
    )


def _warnings(found: Lookahead) -> Iterator[Text]:
    yield word("not_a_filing")
    if found.run.parameters.get("deltas"):
        yield word("without_overrides")


def _facts(found: Lookahead) -> Iterator[Fact]:
    last = found.run.reporting_date + timedelta(days=max(found.horizons))
    all_of_them = len(found.counted) == len(found.rulebook.decisions)
    yield Fact(word("run"), found.run.id, mono=True)
    yield Fact(word("tape"), found.run.tape_name, mono=True)
    yield Fact(word("rules"), found.rulebook.file.title)
    yield Fact(word("last_day"), day_text(last, found.languages))
    yield Fact(word("counted"), word("all_decisions") if all_of_them else ", ".join(found.counted))


def _figures(found: Lookahead) -> Iterator[Figure]:
    names: dict[Goal, tuple[str, str, str]] = {
        PREVENT: ("debtors_worse", "preventable", "prevented_by"),
        CURE: ("debtors_bad", "curable", "cured_by"),
    }
    for goal, (all_of_them, solved, paid) in names.items():
        yield Figure(word(all_of_them), _count(found.debtors(goal)))
        yield Figure(word(solved), _count(found.debtors(goal, solved=True)))
        yield Figure(word(paid), _money(found.paid(goal)))


def _charts(found: Lookahead) -> Iterator[Chart]:
    """The amounts that become nonperforming week by week."""
    whole = sum(found.weeks.values(), Decimal(0))
    if not whole:
        return
    said = f"{whole:,.{minor_digits(found.run.currency)}f} {found.run.currency}"
    bars = tuple(Bar(word("week", day=day), amount) for day, amount in found.weeks.items())
    description = word("calendar_said", amount=said, days=max(found.horizons))
    yield Chart(word("calendar"), description, bars, "money")


def _count(number: int) -> Shown:
    return Shown(Decimal(number), "count")


def _money(amount: Decimal) -> Shown:
    return Shown(amount, "money")


def _heads(*heads: tuple[str, page.Format]) -> tuple[Head, ...]:
    return tuple(Head(name, word(name), format_) for name, format_ in heads)


def _reached(found: Lookahead) -> Table:
    """What reaches each outcome within each horizon, decision by decision."""
    heads = [Head("turn", word("turn"), "text")]
    for days in found.horizons:
        group = word("within", days=days)
        heads.append(Head(f"exposures_{days}", word("exposures"), "count", group))
        heads.append(Head(f"amount_{days}", word("amount"), "money", group))
    lines: list[Line] = []
    for decision in found.rulebook.decisions:
        of_it = [one for one in found.reached if one.decision == decision.name]
        if of_it:
            lines.append(Line(decision.name, _name(decision), (), "heading"))
        lines += _reached_lines(found, decision, of_it)
    note = word("reached_note") if lines else word("nothing_reached")
    return Table(tuple(heads), tuple(lines), word("reached"), note, stub=word("outcome"))


def _reached_lines(
    found: Lookahead, decision: Decision, of_it: Sequence[Reached]
) -> Iterator[Line]:
    """A line for each outcome and turn; by the last horizon everything has been counted."""
    by_days = {(one.outcome, one.worse, one.days): one for one in of_it}
    for outcome in decision.outcomes:
        for worse in (False, True):
            text = outcome_text(outcome)
            held = [by_days.get((text, worse, days)) for days in found.horizons]
            if not any(held):
                continue
            turn = "worse" if worse else "milder"
            cells = [Shown(word(turn), "text")]
            for one in held:
                cells.append(_count(one.exposures if one else 0))
                cells.append(_money(one.amount if one else Decimal(0)))
            label = outcome_label(decision, outcome, found.languages)
            yield Line(f"{decision.name}.{text}.{turn}", label, tuple(cells), level=1)


def _name(decision: Decision) -> Text:
    return decision.label or {"en": decision.name.replace("_", " ")}


def _payments(found: Lookahead) -> Table:
    heads = _heads(("debtors", "count"), ("amount", "money"), ("payment", "money"))
    lines: list[Line] = []
    for goal in (PREVENT, CURE):
        lines.append(Line(goal, word(goal), (), "heading"))
        for one in found.payments:
            if one.goal == goal:
                cells = (_count(one.debtors), _money(one.amount), _paid(one.payment))
                result = one.reason or "done"
                lines.append(Line(f"{goal}.{result}", word(result), cells, level=1))
    return Table(heads, tuple(lines), word("payments"), word("payments_note"), stub=word("goal"))


def _paid(payment: Decimal | None) -> Shown:
    if payment is None:
        return Shown(None, "money", "not_computed", word("no_payment"))
    return _money(payment)


def _largest(found: Lookahead, goal: Goal) -> Table:
    heads = _heads(
        ("first_day", "date"), ("exposures", "count"), ("amount", "money"), ("payment", "money"),
        ("result", "text"),
    )  # fmt: skip
    listed = found.largest[goal]
    lines = tuple(Line(one.debtor_id, {"en": one.debtor_id}, tuple(_cells(one))) for one in listed)
    shown = word("largest_note", shown=f"{len(listed):,}", all=f"{found.debtors(goal):,}")
    return Table(heads, lines, word(f"largest_{goal}"), shown, stub=word("debtor"))


def _cells(one: Payment) -> Iterator[Shown]:
    if one.first_day is None:
        yield Shown(None, "date", "not_computed", word("not_dated"))
    else:
        yield Shown(one.first_day, "date")
    yield _count(one.exposures)
    yield _money(one.amount)
    yield _paid(one.payment)
    result = word(one.reason or "done")
    rules = f" [{', '.join(one.rules.split())}]" if one.rules else ""
    yield Shown({language: text + rules for language, text in result.items()}, "text")
