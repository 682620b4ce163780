"""The data-quality annex: rows and sums of the tape, findings by check, and each finding."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from npl_reporting.errors import Finding
from npl_reporting.law.yamlfile import Text
from npl_reporting.returns.edition import Control, Edition
from npl_reporting.returns.page import Attachment, Format, Head, Line, Shown, Table
from npl_reporting.returns.sharedwords import word

PRINTED_FINDINGS = 500
"""Findings that are printed; all of them are attached."""

_MISSING = Shown(None, "text", "blank")


def quality_tables(edition: Edition, unit: int) -> Iterator[Table]:
    """Sums that must tie, findings counted, findings named."""
    yield _rows_table(edition)
    if edition.controls:
        yield _sums_table(edition.controls, unit)
    yield _counts_table(edition.findings)
    if edition.findings:
        yield _findings_table(edition)


def quality_notes(edition: Edition) -> Iterator[Text]:
    """Say which checks were not made: they have not passed."""
    if edition.checks_not_made:
        yield word("checks_not_made", checks=", ".join(edition.checks_not_made))


def _rows_table(edition: Edition) -> Table:
    run = edition.run
    counts = (run.rows_read, run.rows_used, run.rows_set_aside)
    cells = tuple(Shown(Decimal(count), "count") for count in counts)
    heads = tuple(Head(n, word(n), "count") for n in ("read", "used", "set_aside"))
    return Table(heads, (Line("rows", word("rows"), cells),), word("row_counts"), stub=word("item"))


def _sums_table(controls: Sequence[Control], unit: int) -> Table:
    """Sums read, used and set aside; the ledger's beside them where any was given."""
    compared = any(control.ledger is not None for control in controls)
    names = ("read", "used", "set_aside", *(("ledger", "difference") if compared else ()))
    heads = tuple(Head(name, word(name), "money") for name in names)
    lines = tuple(Line(c.column, c.label, _sums(c)[: len(names)]) for c in controls)
    note = None if compared else word("no_ledger")
    return Table(heads, lines, word("controls"), note, unit, word("item"))


def _sums(control: Control) -> tuple[Shown, ...]:
    sums = [Shown(v, "money") for v in (control.read, control.used, control.set_aside)]
    if control.ledger is None:
        missing = Shown(None, "money", "not_computed", word("no_ledger"))
        return (*sums, missing, missing)
    difference = control.read - control.ledger
    return (*sums, Shown(control.ledger, "money"), Shown(difference, "money"))


def _counts_table(findings: Sequence[Finding]) -> Table:
    heads = (Head("severity", word("severity"), "text"), Head("rows", word("rows"), "count"))
    counts = Counter((finding.check, finding.severity) for finding in findings)
    lines = [
        Line(check, _same(check, word("rows")), (Shown(word(severity), "text"), _count(number)))
        for (check, severity), number in sorted(counts.items())
    ]
    lines.append(Line("all", word("all_findings"), (_MISSING, _count(len(findings))), "total"))
    return Table(heads, tuple(lines), word("findings_by_check"), stub=word("item"))


def _findings_table(edition: Edition) -> Table:
    names: tuple[tuple[str, Format], ...] = (
        ("exposure", "text"), ("column", "text"), ("found", "text"), ("severity", "text"),
        ("what", "text"),
    )  # fmt: skip
    heads = tuple(Head(name, word(name), format_) for name, format_ in names)
    printed = edition.findings[:PRINTED_FINDINGS]
    languages = edition.run.languages
    lines = tuple(_line(number, finding, languages) for number, finding in enumerate(printed, 1))
    cut = len(edition.findings) > len(printed)
    note = word("cut_short", shown=len(printed), all=len(edition.findings)) if cut else None
    return Table(heads, lines, word("findings"), note, stub=word("row"))


def _line(number: int, finding: Finding, languages: Sequence[str]) -> Line:
    row = "–" if finding.row is None else str(finding.row)
    cells = (
        Shown(finding.exposure_id or "", "text"),
        Shown(finding.column or "", "text"),
        Shown(finding.value or "", "text"),
        Shown(word(finding.severity), "text"),
        Shown(finding.words, "text"),
    )
    return Line(str(number), {language: row for language in languages}, cells)


def findings_file(edition: Edition) -> Attachment:
    """Every finding as CSV: check, severity, row, exposure_id, column, value, expected, words."""
    languages = edition.run.languages
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    fields = ("check", "severity", "row", "exposure_id", "column", "value", "expected")
    writer.writerow([*fields, *(f"words_{language}" for language in languages)])
    for finding in edition.findings:
        words = [finding.words.get(language, "") for language in languages]
        writer.writerow([*(getattr(finding, field) for field in fields), *words])
    description = word("findings_file")["en"]
    return Attachment("findings.csv", text.getvalue().encode(), description)


def _count(number: int) -> Shown:
    return Shown(Decimal(number), "count")


def _same(text: str, languages: Text) -> Text:
    return {language: text for language in languages}
