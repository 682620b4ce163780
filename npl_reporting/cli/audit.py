"""`npl audit`: the event log, tamper checks, replays, proofs, and signed heads."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, Json, RunName, StoreUrl
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.cli.runs import telling
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.canonical import json_text, moment_text
from npl_reporting.evidence.history import Told
from npl_reporting.evidence.history import history as exposure_history
from npl_reporting.evidence.proofs import (
    Growth,
    Inclusion,
    prove_event,
    prove_exposure,
    prove_growth,
)
from npl_reporting.evidence.signing import make_key, read_head, sign, write_head
from npl_reporting.evidence.store import Store
from npl_reporting.evidence.verify import verify as verify_store
from npl_reporting.money import exact_text
from npl_reporting.submission.openlineage import lineage_events
from npl_reporting.submission.replay import Replayed
from npl_reporting.submission.replay import replay as replay_run
from npl_reporting.submission.trace import trace as trace_cell
from npl_reporting.submission.unpacked import replay_package

app = typer.Typer(help="Who did what; what changed since; the same figures again.")


@app.command()
def log(
    about: Annotated[
        str | None, typer.Option("--about", help="Only of this run, submission, person or hash.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """List the events, as in `npl audit log --about TW-2025-09-30`."""
    found = [
        event
        for event in Store(store).log.events()
        if about is None or about in (event.person, event.hash) or event.subject.startswith(about)
    ]
    if json:
        emit(found)
        return
    table(
        ("event", "at (UTC)", "person", "role", "action", "about", "comment"),
        [
            (
                e.number, f"{e.at:%Y-%m-%d %H:%M:%S}", e.person, e.role, e.action, e.subject,
                e.said.get("comment") or e.said.get("reason") or "",
            )
            for e in found
        ],
    )  # fmt: skip


@app.command()
def verify(
    head: Annotated[
        list[Path] | None,
        typer.Option("--head", help="A signed head kept outside; may be repeated."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The public key you trust, or a file with it.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Compare the whole store with its hashes, as in `npl audit verify --head head.json`.

    Exit code 1 if anything is not as it was written.
    """
    heads = [read_head(path, key).head for path in head or ()]
    verified = verify_store(Store(store), heads)
    if json:
        emit(verified)
    else:
        for remark in verified.remarks:
            say(f"remark: {remark}")
        for fault in verified.faults:
            say(f"CHANGED {fault}")
        say(
            f"{verified.runs} runs, {verified.files} files, {verified.head.size} events, "
            f"{len(heads)} heads: {'as written' if verified.sound else 'NOT as written'}"
        )
        say(f"head of the log: {verified.head.root}")
        if not heads:
            say("no head from outside was given: a store rewritten as a whole would not show")
    raise typer.Exit(0 if verified.sound else 1)


@app.command()
def replay(
    run: Annotated[str, typer.Argument(metavar="RUN|PACKAGE", help="A run's id, or a package.")],
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Derive a run again from its archived inputs, as in `npl audit replay TW-2025-09-30`.

    In an empty store, after the runs it builds on; a package's run (`npl audit replay FILE.zip`)
    from the package alone. Exit code 1 if one hash is another.
    """
    with telling(quiet=json) as tell:
        tell("replaying")
        package = Path(run)
        found = replay_package(package) if package.suffix == ".zip" else None
        replayed = found or replay_run(Store(store), run)
    if json:
        emit(replayed)
    else:
        _tell_replayed(replayed)
    raise typer.Exit(0 if replayed.same else 1)


def _tell_replayed(replayed: Replayed) -> None:
    for earlier in replayed.before:
        _tell_replayed(earlier)
    say(f"run {replayed.run}: {'the same' if not replayed.differences else 'DIFFERENT'}")
    for part, tree in replayed.stored.parts.items():
        again = replayed.replayed.parts[part]
        say(
            f"  {part}: {tree.size:,} entries, {'same' if again == tree else 'OTHER'} root {again.root}"
        )
    for difference in replayed.differences:
        say(f"  {difference.what}: stored {difference.stored}, replayed {difference.replayed}")


@app.command()
def key(path: Annotated[Path, typer.Argument(metavar="FILE", help="For the private key.")]) -> None:
    """Make an Ed25519 key pair, as in `npl audit key bank.pem`; the public key is in `bank.pem.pub`.

    Keep the private key where only the signer reads it; give the public key to whoever checks.
    """
    public = make_key(path)
    say(f"wrote {path} (private) and {path}.pub")
    say(f"public key: {public}")


@app.command()
def head(
    key: Annotated[Path, typer.Option("--key", help="The private key to sign with.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Sign the log's head, as in `npl audit head --key bank.pem --out head.json`.

    Hand the file to somebody who keeps it outside of the house.
    """
    opened = Store(store)
    events = opened.log.events()
    if not events:
        raise NplError(Problem("the log is empty", "store a run first", opened.place))
    signed = sign(opened.log.head(len(events)), moment_text(events[-1].at), key)
    write_head(signed, out)
    if json:
        emit(signed)
    else:
        say(f"wrote {out}: {signed.size} events, root {signed.root}")


@app.command()
def history(
    exposure: Annotated[str, typer.Argument(metavar="EXPOSURE", help="An exposure_id.")],
    known: Annotated[
        datetime | None,
        typer.Option("--known", formats=["%Y-%m-%d"], help="As it was known on this day."),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Show one exposure in every run, as in `npl audit history E000123 --known 2025-04-30`.

    Outcomes, rules, articles and the row of the source file, as reported or as known on a day.
    """
    found = exposure_history(Store(store), exposure, known.date() if known else None)
    if json:
        emit(found)
        return
    heads = (
        "as of",
        "run",
        "known since",
        "row",
        "portion",
        "amount",
        "decision",
        "outcome",
        "rules",
    )
    table(
        heads,
        [
            (
                t.reporting_date, t.run, f"{t.known_at:%Y-%m-%d}", f"{t.tape}:{t.row}", t.portion,
                t.amount, t.decision, _outcome(t), " ".join((*t.rules, *t.citations)),
            )
            for t in found
        ],
    )  # fmt: skip


def _outcome(told: Told) -> str:
    if not told.computed:
        return told.outcome
    by = told.overridden_by or "an override"
    return f"{told.outcome} (by {by}; computed {told.computed})"


@app.command()
def trace(
    run: RunName,
    cell: Annotated[str, typer.Argument(metavar="REPORT/ROW/COLUMN", help="As in cells.csv.")],
    limit: Annotated[int, typer.Option("--limit", help="List no more exposures than these.")] = 20,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """List what stands behind a cell, as in `npl audit trace TW-2025-09-30 asset_quality/total/npl`.

    Each exposure with what it contributes, its case, rules, articles and row of the source file.
    """
    found = trace_cell(Store(store), run, cell, limit)
    if json:
        emit(found)
        return
    say(f"{cell} of run {found.run}: {found.cell.value or found.cell.text or found.cell.reason}")
    if found.computed:
        say(f"  computed: {found.computed.value or found.computed.text}")
    adds = "" if found.sum is None else f", which sum to {exact_text(found.sum)}"
    say(f"  {found.exposures:,} exposures stand behind it{adds}")
    heads = (
        "exposure", "contributes", "row", "portion", "case", "decision", "outcome", "rules",
    )  # fmt: skip
    table(
        heads,
        [
            (
                b.exposure_id, b.contribution, f"{t.tape}:{t.row}", t.portion, t.case_id,
                t.decision, _outcome(t), " ".join((*t.rules, *t.citations)),
            )
            for b in found.behind
            for t in b.decided
        ],
    )  # fmt: skip


@app.command()
def lineage(
    run: RunName,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file, one event a line.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Print a run as OpenLineage events, as in `npl audit lineage TW-2025-09-30 --out run.ndjson`.

    They say of every decision and every cell which columns of the tape it was made from.
    """
    lines = [json_text(event) for event in lineage_events(Store(store), run)]
    if out is None:
        for line in lines:
            say(line)
        return
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"wrote {out}")


@app.command()
def prove(
    run: Annotated[str | None, typer.Option("--run", help="With --exposure.")] = None,
    exposure: Annotated[str | None, typer.Option("--exposure", help="An exposure_id.")] = None,
    event: Annotated[int | None, typer.Option("--event", help="An event's number.")] = None,
    since: Annotated[
        int | None, typer.Option("--since", help="A size that the log had: it only grew.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Print a proof as JSON, as in `npl audit prove --run RUN --exposure E000123`.

    That an exposure is in its run and the run in the log, or that an event is, or `--since` that
    the log only grew.
    """
    opened = Store(store)
    found: tuple[Inclusion | Growth, ...]
    if run and exposure:
        found = prove_exposure(opened, run, exposure)
    elif event is not None:
        found = (prove_event(opened, event),)
    elif since is not None:
        found = (prove_growth(opened, since),)
    else:
        what = "nothing to prove"
        raise NplError(Problem(what, "name --run and --exposure, or --event, or --since"))
    emit([{**vars(proof), "holds": proof.holds()} for proof in found])
    raise typer.Exit(0 if all(proof.holds() for proof in found) else 1)
