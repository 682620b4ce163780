"""One archive with everything that a submission rests on, and the program that checks it."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from npl_reporting import __version__
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence import faults
from npl_reporting.evidence.canonical import json_text, moment_text
from npl_reporting.evidence.records import RunFile
from npl_reporting.evidence.seal import CONTENT, INPUT_ROLES, OUTPUTS
from npl_reporting.evidence.signing import sign, sign_text
from npl_reporting.evidence.store import Store
from npl_reporting.returns.render import render
from npl_reporting.submission import verifier
from npl_reporting.submission.replay import Past, kept_run
from npl_reporting.submission.sheet import sheet_page
from npl_reporting.submission.state import Submission
from npl_reporting.submission.steps import Desk, find
from npl_reporting.submission.unpacked import asked, earlier_place, own_place

EXPORT = "submission.package"
SHEET = "submission.pdf"
_SPOOLED = 1 << 26


@dataclass(frozen=True)
class Packed:
    """A package that was written: where, its SHA-256, and the public key that checks it."""

    path: Path
    sha256: str
    key: str


def package(desk: Desk, name: str, key: Path, out: Path) -> Packed:
    """Write the package of a submission into a folder, whole or not at all; the log says so first."""
    store = desk.store
    submission = find(store, name)
    with store.log.writing() as pen:
        person, role = desk.acting(pen, "package")
        if submission.state == "draft":
            what = f"submission {submission.id} is a draft, which nobody should be handed"
            raise NplError(Problem(what, "have it reviewed: npl submission review"))
        details = {"run": submission.run, "version": submission.version}
        pen.append(person, EXPORT, submission.id, details, role)
    with faults.files(str(out)):
        out.mkdir(parents=True, exist_ok=True)
        target = out / f"{submission.id}-v{submission.version}.zip"
        part = target.with_name(target.name + ".part")
        try:
            public = _write(store, submission, key, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        with target.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return Packed(target, digest, public)


def _write(store: Store, submission: Submission, key: Path, path: Path) -> str:
    """Write every file, then the manifest over them and its signature."""
    listed: list[dict[str, Any]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in store.files(submission.run):
            with store.archive.open_path(file.sha256).open("rb") as opened:
                about = {**vars(file), "path": own_place(file)}
                verifier.put(archive, own_place(file), opened, file.size)
            listed.append(about)
        for past in _before(store, submission.run):
            for file in past.files:
                listed.append(_earlier(archive, past, file))
        for name, lines in _told(store, submission, key):
            listed.append(_added(archive, name, lines))
        listed.append(_drawn(archive, SHEET, render(sheet_page(store, submission))))
        manifest = {
            "submission": submission.id, "version": submission.version, "state": submission.state,
            "run": submission.run, "root": submission.root, "made_by": __version__,
            "files": listed,
        }  # fmt: skip
        content = (json_text(manifest) + "\n").encode()
        digest = hashlib.sha256(content).hexdigest()
        signed = sign_text(verifier.MANIFEST_PURPOSE % digest, key)
        _put(archive, "manifest.json", content)
        _put(archive, "signature.json", (json_text(signed) + "\n").encode())
    return signed["key"]


def _told(store: Store, submission: Submission, key: Path) -> Iterator[tuple[str, Iterable[str]]]:
    """The files that are written for the package: the entries, the log, the head, the program."""
    seal = store.seals.of(submission.run)
    for part in (*CONTENT, OUTPUTS):
        entries = store.seals.entries(submission.run, part)
        yield f"entries/{part}.txt", (json.dumps(text, ensure_ascii=False) for text in entries)
    parts = {"content": seal.content, "root": seal.root, "parts": seal.plain()}
    yield "seal.json", [json_text(parts)]
    events = store.log.events()
    yield "log.jsonl", (json_text({**vars(e), "at": moment_text(e.at)}) for e in events)
    signed = sign(store.log.head(len(events)), moment_text(events[-1].at), key)
    yield "head.json", [json_text(vars(signed))]
    runs = [kept_run(store, submission.run), *_before(store, submission.run)]
    yield "replay.json", [json_text([asked(past) for past in runs])]
    yield "verify.py", [Path(verifier.__file__).read_text(encoding="utf-8").rstrip("\n")]
    yield "README.txt", [_README.format(id=submission.id, key=signed.key)]


def _before(store: Store, run: str) -> Iterator[Past]:
    """The runs that a run builds on, the latest first, each with its inputs alone."""
    prior = store.run(run).prior_run
    if prior:
        past = kept_run(store, prior)
        inputs = tuple(file for file in past.files if file.role in INPUT_ROLES)
        yield replace(past, files=inputs)
        yield from _before(store, prior)


def _earlier(archive: zipfile.ZipFile, past: Past, file: RunFile) -> dict[str, Any]:
    """Put an input of an earlier run into the package."""
    place = earlier_place(past.id, file)
    with past.path(file).open("rb") as opened:
        verifier.put(archive, place, opened, file.size)
    return {"path": place, "sha256": file.sha256, "size": file.size}


def _added(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> dict[str, Any]:
    """Write lines as a file; large ones by way of the disk."""
    digest, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(_SPOOLED) as spooled:
        for line in lines:
            data = (line + "\n").encode()
            digest.update(data)
            size += spooled.write(data)
        spooled.seek(0)
        source: IO[bytes] = spooled
        verifier.put(archive, name, source, size)
    return {"path": name, "sha256": digest.hexdigest(), "size": size}


def _drawn(archive: zipfile.ZipFile, name: str, content: bytes) -> dict[str, Any]:
    _put(archive, name, content)
    return {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    verifier.put(archive, name, io.BytesIO(content), len(content))


_README = """\
Submission {id}.

To check this package on any machine with Python 3.10 or newer, take verify.py out of it (or from
a source that you trust more) and run

    python3 verify.py PACKAGE.zip --key {key}

It needs no other software and no network. Exit code 0: nothing was changed since the package was
signed. Exit code 1: something was, and it says what. Compare the key with one that you were given
by another way; --head FILE compares the log with a head that you kept earlier.

submission.pdf   who did what, the warnings accepted and why, overrides and adjustments
files/     tape, rulebook, report definitions, decisions, cases, cells, returns as PDF
entries/   what the run's Merkle trees are grown from, one entry a line
before/    the inputs of the runs that this one builds on; replay.json what each was asked to do
seal.json  the roots of the trees; log.jsonl the events; head.json the log's signed head
"""
