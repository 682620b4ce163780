"""One run: what it was made from, what its checks say, its returns, its files, its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from starlette.responses import FileResponse, Response

from npl_reporting.evidence.exports import tell_export
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.seal import INPUT_ROLES
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.yamlfile import Text
from npl_reporting.site.answers import answer, pages_of
from npl_reporting.site.asked import PAGE, Asked, Missing
from npl_reporting.site.overview import run_of
from npl_reporting.site.printed import Printed, printed
from npl_reporting.submission.roles import ROLES
from npl_reporting.submission.state import submissions
from npl_reporting.submission.steps import moved_cells

_HIDDEN = ("deltas", "reading", "changes")
_FILE_POLICY = "default-src 'none'; object-src 'self'; frame-ancestors 'none'"
_IN_THE_BROWSER = ("application/pdf",)
_STATES = {"failed": 0, "not_evaluated": 1, "passed": 2}


def run_page(asked: Asked) -> Response:
    """A run on one page."""
    run = run_of(asked)
    files = asked.store.files(run.id)
    checks = sorted(asked.store.checks(run.id), key=lambda c: (_STATES[c.state], c.report, c.check))
    found = Counter((f.severity, f.check) for f in asked.store.findings(run.id))
    known = submissions(asked.events).values()
    return answer(
        asked, "run.html", run=run, seal=asked.store.seals.of(run.id), checks=checks,
        counted=Counter(check.state for check in checks), findings=sorted(found.items()),
        inputs=[file for file in files if file.role in INPUT_ROLES],
        outputs=[file for file in files if file.role not in INPUT_ROLES],
        returns=list(_reports(asked, run)), languages=_languages(asked, run), moved=list(moved_cells(asked.store, run.id)),
        submission=next((s for s in known if run.id in (s.run, *s.filed)), None),
        parameters={k: v for k, v in run.parameters.items() if k not in _HIDDEN},
    )  # fmt: skip


def findings_page(asked: Asked) -> Response:
    """What was found in the tape, row by row."""
    run = run_of(asked)
    first = (asked.page - 1) * PAGE
    shown = list(islice(asked.store.findings(run.id), first, first + PAGE + 1))
    return answer(
        asked, "findings.html", run=run, findings=shown[:PAGE], page=asked.page,
        more=len(shown) > PAGE,
    )  # fmt: skip


def cases_page(asked: Asked) -> Response:
    """The distinct cases that were decided, the largest first."""
    run = run_of(asked)
    found: dict[str, list[object]] = {}
    for case in asked.store.cases(run.id):
        found.setdefault(case.case_id, []).append(case)
    first = (asked.page - 1) * PAGE
    return answer(
        asked, "cases.html", run=run, cases=list(found.items())[first : first + PAGE],
        count=len(found), page=asked.page, pages=pages_of(len(found), PAGE),
    )  # fmt: skip


def case_page(asked: Asked) -> Response:
    """One case: what its rules read, and each decision with its rules and articles."""
    run, name = run_of(asked), asked.part("case")
    found = [case for case in asked.store.cases(run.id) if case.case_id == name]
    if not found:
        raise Missing(f"Run {run.id} has no case {name}.")
    rulebook = _rulebook(asked, run)
    decided = {d.name: d for d in rulebook.decisions} if rulebook else {}
    return answer(
        asked, "case.html", run=run, decisions=found, decided=decided,
        languages=_languages(asked, run),
        sentences={rule.id: rule.label for d in decided.values() for rule in d.rules},
    )  # fmt: skip


def file_answer(asked: Asked) -> Response:
    """A file from the archive, its hash compared on the way; that it went out is an event."""
    run, role, name = run_of(asked), asked.part("role"), asked.part("name")
    found = [f for f in asked.store.files(run.id) if (f.role, f.name) == (role, name)]
    if not found:
        raise Missing(f"Run {run.id} has no file {name}.")
    path = asked.store.archive.open_path(found[0].sha256)
    held = next(role for role in ROLES if role in asked.known.of(asked.person))
    tell_export(asked.store, run.id, found, asked.person, held)
    opened = "inline" if found[0].media_type in _IN_THE_BROWSER else "attachment"
    return FileResponse(
        path, media_type=found[0].media_type, filename=name, content_disposition_type=opened,
        headers={"Content-Security-Policy": _FILE_POLICY},
    )  # fmt: skip


def _defined(asked: Asked, run: Run) -> Printed | None:
    """The rulebook and the returns that a run kept, if it kept any."""
    roles = {file.role for file in asked.store.files(run.id)}
    return printed(asked.store, run.id) if "report_definition" in roles else None


def _languages(asked: Asked, run: Run) -> tuple[str, ...]:
    """What to say texts of law in: the jurisdiction's own language first, and English."""
    known = _defined(asked, run)
    return known.languages if known else tuple(dict.fromkeys((*run.languages, "en")))


def _rulebook(asked: Asked, run: Run) -> Rulebook | None:
    known = _defined(asked, run)
    return known.rulebook if known else None


def _reports(asked: Asked, run: Run) -> Iterator[tuple[str, Text, int, str]]:
    """Each return: its id, title, how many cells it has, and the name of its PDF if it was drawn."""
    counted = Counter(cell.report for cell in asked.store.cells(run.id, None, "current"))
    drawn = {file.name for file in asked.store.files(run.id) if file.role == "pdf"}
    known = _defined(asked, run)
    titles = {n: r.definition.title for n, r in known.reports.items()} if known else {}
    for name in titles or counted:
        pdf = f"{run.jurisdiction}-{name}.pdf"
        yield name, titles.get(name, {}), counted[name], pdf if pdf in drawn else ""
