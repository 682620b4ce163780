"""The road of a quarter: a loan tape goes in, decisions, cells, pages and a stored run come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from npl_reporting.agreed import agree, with_standing_deltas
from npl_reporting.deliver import Drafted, content, files, hand_out, save
from npl_reporting.engine import Engine
from npl_reporting.evidence.exports import tell_export
from npl_reporting.evidence.store import Store
from npl_reporting.request import Finished, Request
from npl_reporting.returned import compute
from npl_reporting.returns.pages import pages
from npl_reporting.treated import treat
from npl_reporting.work import work_folder

Tell = Callable[[str], None]


def run(
    request: Request, store: Store, out: Path | None = None, tell: Tell = lambda step: None
) -> Finished:
    """Take a tape to a stored run, its files and its pages; nothing is stored unless all is done.

    NplError if the call or a file is wrong, DataError if the data is. The same inputs give the
    same run, which is stored once.
    """
    agreed = agree(request, store)
    with work_folder() as work, Engine(work, agreed.inputs) as engine:
        agreed = with_standing_deltas(agreed, store, work)
        treated = treat(engine, agreed, tell)
        tell(f"{len(treated.cases):,} cases decided; computing the reports")
        returned = compute(engine, agreed, treated, store)
        drafted = Drafted(
            agreed.request, agreed.rulebook, agreed.reports, returned.edition.run,
            treated.columns, treated.cases, returned.cells, returned.checks, len(returned.edition.findings), agreed.filings,
        )  # fmt: skip
        seal = content(engine, drafted)
        sealed = replace(returned.edition, content=seal.content)
        drawn = tuple(pages(sealed, returned.plans, returned.cells, returned.checks))
        tell(f"writing {len(drawn)} reports")
        written = files(engine, drafted, drawn, work, seal)
        tell("storing the run")
        saved = save(engine, store, drafted, written, seal)
        handed = tuple(hand_out(written, out)) if out else ()
    if handed:
        names = {file.name for file in handed}
        tell_export(store, saved.run.id, [f for f in store.files(saved.run.id) if f.name in names])
    return Finished(
        saved.run, saved.stored, returned.cells, returned.checks, len(treated.cases),
        treated.tape.warnings, handed,
    )  # fmt: skip
