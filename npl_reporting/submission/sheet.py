"""The sheet of a submission as a page: its steps, what was accepted and why, what persons set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npl_reporting.evidence.log import Event
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.store import Store
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.deltas import as_delta
from npl_reporting.returns.moved import deltas_table
from npl_reporting.returns.page import Fact, Head, Line, Page, Shown, Table
from npl_reporting.returns.sharedwords import day_text, word
from npl_reporting.submission.obstacles import obstacles
from npl_reporting.submission.state import ACCEPT, RESUBMIT, Submission


def sheet_page(store: Store, submission: Submission) -> Page:
    """Set the sheet of a submission as it stands."""
    run = store.run(submission.run)
    return Page(
        report="submission",
        title=word("sheet", name=submission.id, version=submission.version),
        languages=run.languages,
        jurisdiction=run.jurisdiction,
        reporting_date=run.reporting_date,
        run=run.id,
        currency=run.currency,
        landscape=True,
        warnings=run.warnings,
        facts=tuple(_facts(store, run, submission)),
        tables=(
            _steps(run, submission),
            _accepted(store, run, submission),
            *_deltas(run),
            *_changed(run, submission.events),
        ),
        draft=run.parameters.get("approved") is False,
    )


def _facts(store: Store, run: Run, submission: Submission) -> Iterator[Fact]:
    yield Fact(word("state"), submission.state)
    if run.parameters.get("entity"):
        yield Fact(word("reporting_bank"), str(run.parameters["entity"]))
    yield Fact(word("rulebook"), run.rulebook_title)
    yield Fact(word("rulebook_hash"), run.rulebook_sha256, mono=True)
    yield Fact(word("tape_hash"), run.tape_sha256, mono=True)
    yield Fact(word("content_root"), store.seals.of(run.id).content, mono=True)
    yield Fact(word("run_root"), submission.root, mono=True)


def _steps(run: Run, submission: Submission) -> Table:
    lines = tuple(
        Line(
            str(event.number),
            _same(run, event.action.partition(".")[2]),
            _texts(
                f"{event.at:%Y-%m-%d %H:%M} UTC", f"{event.person} ({event.role})",
                str(event.said.get("meaning", "")), str(event.said.get("comment", "")),
            ),
        )
        for event in submission.events
        if event.action != ACCEPT
    )  # fmt: skip
    return Table(_heads("when", "person", "meaning", "said"), lines, word("steps"),
                 stub=word("event"))  # fmt: skip


def _accepted(store: Store, run: Run, submission: Submission) -> Table:
    """Each acceptance: of what, by whom, why, until when."""
    what = {obstacle.code: obstacle.what for obstacle in obstacles(store, run.id)}
    lines = tuple(
        Line(
            str(one.event),
            _same(run, one.code),
            (
                *_texts(what.get(one.code, ""), one.reason, one.person),
                Shown(day_text(one.until, run.languages), "text"),
            ),
        )
        for one in submission.acceptances
    )
    heads = _heads("what", "delta_reason", "person", "delta_until")
    note = None if lines else word("none_accepted")
    return Table(heads, lines, word("accepted"), note, stub=word("warning"))


def _deltas(run: Run) -> Iterator[Table]:
    kept = run.parameters.get("deltas")
    if isinstance(kept, dict):
        yield from deltas_table([as_delta(fields) for fields in kept["in_force"]], run.languages)


def _changed(run: Run, events: Sequence[Event]) -> Iterator[Table]:
    """Where a version replaced another, the cells that differ."""
    for event in events:
        if event.action != RESUBMIT:
            continue
        lines = tuple(
            Line(
                f"{c['report']}/{c['row']}/{c['column']}",
                _same(run, f"{c['report']}/{c['row']}/{c['column']}"),
                _texts(c["before"] or "", c["after"] or ""),
            )
            for c in event.said["cells"]
        )
        yield Table(_heads("before", "after"), lines, word("changed_cells"), stub=word("column"))


def _heads(*names: str) -> tuple[Head, ...]:
    return tuple(Head(name, word(name), "text") for name in names)


def _texts(*texts: str) -> tuple[Shown, ...]:
    return tuple(Shown(text, "text") for text in texts)


def _same(run: Run, text: str) -> Text:
    return dict.fromkeys(run.languages, text)
