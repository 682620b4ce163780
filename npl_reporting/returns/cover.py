"""The cover of a run: what was run on what, by which rules, and how the checks came out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from npl_reporting.law.yamlfile import Text
from npl_reporting.returns.cells import COMPUTED, Cell
from npl_reporting.returns.checks import CheckResult
from npl_reporting.returns.edition import Edition
from npl_reporting.returns.layout import Layout, joined
from npl_reporting.returns.page import Fact, Figure, Head, Line, Shown, Table
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.sharedwords import day_text, word
from npl_reporting.returns.wording import Wording

_STATES = ("passed", "failed", "warned", "not_evaluated")


def cover_facts(edition: Edition) -> Iterator[Fact]:
    """Ids, hashes and versions: enough to do the run again and get the same pages."""
    run = edition.run
    yield Fact(word("run"), run.id, mono=True)
    prior: str | Text = run.prior_run or word("no_prior")
    yield Fact(word("prior_run"), prior, mono=run.prior_run is not None)
    yield Fact(word("rulebook"), run.rulebook_title)
    since = day_text(run.rulebook_effective_from, run.languages)
    yield Fact(word("in_force_since"), since)
    yield Fact(word("rulebook_hash"), run.rulebook_sha256, mono=True)
    yield Fact(word("tape"), run.tape_name, mono=True)
    yield Fact(word("tape_hash"), run.tape_sha256, mono=True)
    yield Fact(word("version"), run.engine_version, mono=True)
    if edition.content:
        yield Fact(word("content_root"), edition.content, mono=True)


def key_figures(
    planned: Plan, plans: Sequence[Plan], cells: Sequence[Cell], wording: Wording
) -> Iterator[Figure]:
    """The cells that the cover repeats, each with its comparative value where there is one."""
    reports = {other.report.id: other.report for other in plans}
    for figure in planned.report.definition.figures:
        report = reports[figure.report]
        layout = Layout(report, [cell for cell in cells if cell.report == report.id], {})
        shown = layout.shown(figure.row, figure.column, "current")
        if shown is None:
            continue
        unit = report.definition.unit if shown.format == "money" else 1
        before = layout.shown(figure.row, figure.column, "comparative")
        note = None
        if before is not None and before.state in ("value", "dash"):
            note = word("compared", value=wording.shown(before, unit))
        computed = layout.shown(figure.row, figure.column, COMPUTED)
        if computed is not None:
            note = joined(word("computed_value", value=wording.shown(computed, unit)), note)
        yield Figure(figure.label, shown, unit, note)


def settings_table(edition: Edition) -> Table:
    """Settings that influenced an outcome or were changed; the rest of the rulebook is archived."""
    heads = tuple(Head(name, word(name), "text") for name in ("value", "basis", "changed", "why"))
    used = {n: s for n, s in sorted(edition.run.settings.items()) if s.influenced or s.changed}
    lines = tuple(
        Line(
            name,
            dict.fromkeys(edition.run.languages, name),
            (
                Shown(setting.value, "text"),
                Shown(word(setting.basis), "text"),
                Shown(word("yes" if setting.changed else "no"), "text"),
                Shown(edition.setting_reasons.get(name, {}), "text"),
            ),
        )
        for name, setting in used.items()
    )
    note = None if lines else word("no_settings")
    return Table(heads, lines, word("settings"), note, stub=word("setting"))


def checks_table(plans: Sequence[Plan], results: Sequence[CheckResult]) -> Table:
    """How many checks of each report passed, failed, failed as a warning, were not evaluated."""
    heads = tuple(Head(state, word(state), "count") for state in _STATES)
    lines = [
        Line(
            planned.report.id,
            planned.report.definition.title,
            _counts([r for r in results if r.report == planned.report.id]),
        )
        for planned in plans
        if planned.report.definition.checks
    ]
    lines.append(Line("all", word("all_reports"), _counts(results), "total"))
    return Table(heads, tuple(lines), word("checks_by_report"), stub=word("report"))


def files_table(edition: Edition, plans: Sequence[Plan]) -> Table:
    """The report files that the run used, each with the hash of its bytes."""
    lines = tuple(
        Line(
            planned.report.id,
            dict.fromkeys(edition.run.languages, planned.report.file.path.name),
            (Shown(hashlib.sha256(planned.report.file.path.read_bytes()).hexdigest(), "text"),),
        )
        for planned in plans
    )
    heads = (Head("hash", {"en": "SHA-256"}, "text"),)
    return Table(heads, lines, word("report_files"), stub=word("report_file"))


def _counts(results: Sequence[CheckResult]) -> tuple[Shown, ...]:
    states = Counter(map(_state, results))
    return tuple(Shown(Decimal(states[state]), "count") for state in _STATES)


def _state(result: CheckResult) -> str:
    warned = result.state == "failed" and result.severity == "warning"
    return "warned" if warned else result.state
