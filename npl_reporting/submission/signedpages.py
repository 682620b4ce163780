"""The returns of a submission as signed PDFs: each signature repeats what its person signed off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence import faults
from npl_reporting.evidence.log import Event
from npl_reporting.evidence.records import RunFile
from npl_reporting.returns.signature import Signatory, load_certificate, sign_pdf
from npl_reporting.submission.state import APPROVE, REVIEW, SUBMIT, Submission
from npl_reporting.submission.steps import Desk, find

SIGN = "submission.sign"
_SIGNED_OFF = (REVIEW, APPROVE, SUBMIT)


def sign_pages(
    desk: Desk, name: str, certificate: Path, passphrase: str | None, out: Path
) -> tuple[Path, ...]:
    """Write the submission's PDFs with a signature of whoever stands at the desk.

    A PDF that lies in `out` already gets its further signature; the run's own files stay as they
    were made. NplError if this person signed nothing off.
    """
    store, signer = desk.store, load_certificate(certificate, passphrase)
    submission = find(store, name)
    with store.log.writing() as pen:
        person, role = desk.acting(pen, "sign")
        event = _signed_off(submission, person)
        pages = [file for file in store.files(submission.run) if file.role == "pdf"]
        files = {file.name: file.sha256 for file in pages}
        pen.append(person, SIGN, submission.id, {"event": event.number, "files": files}, role)
    by = Signatory(person, event.role, str(event.said["meaning"]))
    with faults.files(str(out)):
        out.mkdir(parents=True, exist_ok=True)
        return tuple(
            _write(out / file.name, sign_pdf(content, signer, by))
            for file, content in _contents(desk, pages, out)
        )


def _contents(desk: Desk, pages: list[RunFile], out: Path) -> Iterator[tuple[RunFile, bytes]]:
    """Each PDF as it was made, or with the signatures that it has got already."""
    for file in pages:
        made = desk.store.archive.open_path(file.sha256).read_bytes()
        target = out / file.name
        known = target.read_bytes() if target.exists() else made
        if not known.startswith(made):
            what = "it is another PDF than the one that was made"
            raise NplError(Problem(what, "name an empty folder with --out", str(target)))
        yield file, known


def _write(target: Path, content: bytes) -> Path:
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    return part.replace(target)


def _signed_off(submission: Submission, person: str) -> Event:
    own = [e for e in submission.events if e.person == person and e.action in _SIGNED_OFF]
    if not own:
        what = f"{person} has signed nothing off in {submission.id}"
        raise NplError(Problem(what, "review, approve or submit it first"))
    return own[-1]
