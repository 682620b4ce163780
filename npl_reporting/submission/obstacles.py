"""What keeps a run from going to the supervisor: errors that block, warnings to be accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from npl_reporting.errors import NplError, Problem, Severity
from npl_reporting.evidence.records import CheckResult
from npl_reporting.evidence.store import Store
from npl_reporting.submission.state import Acceptance, Submission


@dataclass(frozen=True)
class Obstacle:
    """Something wrong with a run: an error blocks; a warning waits for somebody to accept it."""

    code: str
    severity: Severity
    what: str


def obstacles(store: Store, run: str) -> tuple[Obstacle, ...]:
    """Everything that is wrong with a run, errors first."""
    found = [*_of_checks(store.checks(run)), *_of_findings(store, run), *_of_run(store, run)]
    return tuple(sorted(found, key=lambda obstacle: (obstacle.severity, obstacle.code)))


def open_obstacles(
    store: Store, submission: Submission, on: date
) -> Iterator[tuple[Obstacle, Acceptance | None]]:
    """Every obstacle, with its acceptance where one is in force on a day."""
    for obstacle in obstacles(store, submission.run):
        accepted = [a for a in submission.acceptances if a.code == obstacle.code and a.until >= on]
        yield obstacle, accepted[-1] if accepted and obstacle.severity == "warning" else None


def refuse_open(store: Store, submission: Submission, on: date) -> None:
    """NplError that names every obstacle that is still open."""
    problems = [
        Problem(f"{o.severity} {o.code}: {o.what}", _remedy(o, submission))
        for o, accepted in open_obstacles(store, submission, on)
        if accepted is None
    ]
    if problems:
        raise NplError(*problems)


def _remedy(obstacle: Obstacle, submission: Submission) -> str:
    if obstacle.severity == "error":
        return "correct the tape and run it again; an error cannot be accepted"
    return f"accept it with a reason: npl submission accept {submission.id} {obstacle.code}"


def _of_checks(checks: Sequence[CheckResult]) -> Iterator[Obstacle]:
    """A failed check is as severe as it says; one that was not evaluated has not passed."""
    for check in checks:
        code = f"check:{check.report}/{check.check}"
        if check.state == "failed":
            yield Obstacle(code, check.severity, check.detail or "failed")
        elif check.state == "not_evaluated":
            yield Obstacle(code, "warning", f"not evaluated: {check.detail}".rstrip(": "))


def _of_findings(store: Store, run: str) -> Iterator[Obstacle]:
    """Findings by their check. Rows with errors are not in the figures: they were set aside."""
    counts = Counter((finding.check, finding.severity) for finding in store.findings(run))
    for (check, severity), number in sorted(counts.items()):
        aside = " in rows that were set aside" if severity == "error" else ""
        yield Obstacle(f"finding:{check}", "warning", f"{number:,} findings{aside}")


def _of_run(store: Store, run: str) -> Iterator[Obstacle]:
    for number, warning in enumerate(store.run(run).warnings, 1):
        yield Obstacle(f"run:{number}", "warning", warning.get("en") or str(dict(warning)))
