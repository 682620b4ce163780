"""A run's record: its id derived from all it depends on, the settings it used, its warnings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from npl_reporting import __version__
from npl_reporting.agreed import Agreed
from npl_reporting.errors import NplError
from npl_reporting.evidence.people import system_user
from npl_reporting.evidence.records import Run, SettingUsed
from npl_reporting.law.policy import policy_title
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.rulefile import SettingValue
from npl_reporting.law.shelf import find
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.deltas import Deltas
from npl_reporting.portfolio.exchange import shown_rate
from npl_reporting.portfolio.tape import Tape
from npl_reporting.request import Request
from npl_reporting.resources import shown
from npl_reporting.returns.annex import settings_that_influenced
from npl_reporting.returns.filing.definition import Filing
from npl_reporting.returns.sharedwords import word
from npl_reporting.treated import Treated

_CUT = 8
"""Hexadecimal digits of the content's hash that a run's id carries."""


def record(agreed: Agreed, treated: Treated) -> Run:
    """The run's record, its id derived from everything that its content depends on."""
    request, rulebook, prior = agreed.request, agreed.rulebook, agreed.prior
    tape, deltas, file = treated.tape, agreed.deltas, agreed.rulebook.file
    languages = request.languages or file.languages
    later = _later_rulebook(rulebook, request)
    content = {
        "tape": tape.sha256,
        "mapping": _digest(request.tape.mapping),
        "control": _digest(request.control),
        "reading": [request.tape.encoding, request.tape.delimiter, request.tape.sheet],
        "rulebook": rulebook.sha256,
        "reports": [_digest(report.file.path) for report in agreed.reports],
        "date": request.reporting_date.isoformat(),
        "prior": prior.id if prior else None,
        "changes": dict(sorted(request.changes.items())),
        "quarantine": request.quarantine,
        "languages": list(languages),
        "printed": request.printed,
        "approved": bool(request.approved),
        "version": __version__,
        **_beside(request),
        **_filed(agreed.filings),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    name = rulebook.name.replace("/", "-")
    return Run(
        id=f"{name}-{request.reporting_date}-{digest[:_CUT]}",
        jurisdiction=file.jurisdiction,
        variant=file.variant,
        rulebook_effective_from=file.effective_from,
        rulebook_title=file.title,
        rulebook_sha256=rulebook.sha256,
        reporting_date=request.reporting_date,
        currency=file.currency,
        tape_name=request.tape.path.name,
        tape_sha256=tape.sha256,
        engine_version=__version__,
        created_at=datetime.now(UTC),
        created_by=system_user(),
        rows_read=tape.counts.read,
        rows_used=tape.counts.used,
        rows_set_aside=tape.counts.set_aside,
        prior_run=prior.id if prior else None,
        control_totals={
            name: {k: str(v) for k, v in asdict(total).items()}
            for name, total in tape.totals.items()
        },
        settings=_settings(rulebook, treated.cases),
        warnings=tuple(_warnings(rulebook, request, tape, later, deltas)),
        languages=languages,
        parameters={
            **{name: str(value) for name, value in agreed.parameters.items()},
            "reading": json.dumps(content["reading"]),
            "quarantine": request.quarantine,
            "printed": request.printed,
            "changes": content["changes"],
            "later_rulebook": later,
            **({"entity": request.entity} if request.entity else {}),
            "approved": bool(request.approved),
            "checks_not_made": list(tape.skipped),
            **({"deltas": deltas.plain()} if deltas else {}),
        },
    )


def _beside(request: Request) -> dict[str, str | None]:
    """Hashes of what only some calls give; a run without them keeps the id that it always had."""
    given = {
        "policy": request.policy,
        "schedule": request.tape.schedule,
        "rates": request.tape.rates,
        "exits": request.exits,
        "comments": request.comments,
        "deltas": request.deltas[0] if request.deltas else None,
    }
    digests = {name: _digest(path) for name, path in given.items() if path}
    return digests | ({"entity": request.entity} if request.entity else {})


def _filed(filings: Sequence[Filing]) -> dict[str, list[str | None]]:
    """Hashes of the definitions of what is filed; a run that files nothing keeps its id."""
    files = [path for filing in filings for path in filing.files]
    return {"filings": [_digest(path) for path in files]} if files else {}


def _digest(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _settings(rulebook: Rulebook, cases: Sequence[Case]) -> dict[str, SettingUsed]:
    influenced = settings_that_influenced(rulebook, cases)
    return {
        name: SettingUsed(
            _setting_text(rulebook.settings[name]),
            setting.basis,
            name in rulebook.changed,
            name in influenced,
        )
        for name, setting in rulebook.file.settings.items()
    }


def _setting_text(value: SettingValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _warnings(
    rulebook: Rulebook, request: Request, tape: Tape, later: str, deltas: Deltas
) -> Iterator[Text]:
    """What page one must say before any figure."""
    file, day = rulebook.file, request.reporting_date
    if not rulebook.in_force(day):
        yield word("not_yet_in_force", day=file.effective_from)
    elif later:
        yield word("later_rulebook", path=later)
    policy = policy_title(rulebook)
    if policy:
        yield {
            language: text.format(title=policy.get(language) or policy["en"])
            for language, text in word("policy_applied", title="{title}").items()
        }
    if deltas.in_force:
        overrides, adjustments = len(deltas.overrides), len(deltas.adjustments)
        yield word("deltas_in_force", overrides=overrides, adjustments=adjustments)
    if file.review_by and day > file.review_by:
        yield word("review_overdue", day=file.review_by)
    for one in tape.converted:
        rate = one.rate
        told = {"rate": shown_rate(rate), "day": rate.date, "source": rate.source}
        yield word("converted", rows=f"{one.rows:,}", currency=rate.currency, **told)
    if tape.counts.set_aside:
        yield word("rows_set_aside", number=f"{tape.counts.set_aside:,}")


def _later_rulebook(rulebook: Rulebook, request: Request) -> str:
    """The file on the shelf that should have been taken instead, as it is shown; empty if none."""
    if request.later_rulebook is not None:
        return request.later_rulebook
    try:
        newest = find(rulebook.name, request.reporting_date)
    except NplError:  # it is not from the shelf, or not yet in force
        return ""
    return "" if newest.resolve() == rulebook.path.resolve() else shown(newest)
