"""`npl submission sheet`, `package` and `sign`: what leaves the house."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, Json, StoreUrl, SubmissionName, Token
from npl_reporting.cli.printing import emit, say
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.store import Store
from npl_reporting.returns.render import render
from npl_reporting.submission.package import package as write_package
from npl_reporting.submission.sheet import sheet_page
from npl_reporting.submission.steps import Desk, find


def sheet(
    name: SubmissionName,
    out: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Write the submission's sheet, as in `npl submission sheet TW-2025-09-30 --out sheet.pdf`.

    Its steps with persons and times, the warnings accepted with reason and expiry, overrides and
    adjustments. The package holds it too.
    """
    desk = Desk(Store(store), token)
    with desk.store.log.writing() as pen:
        desk.acting(pen, "status")
    out.write_bytes(render(sheet_page(desk.store, find(desk.store, name))))
    say(f"wrote {out}")


def package(
    name: SubmissionName,
    key: Annotated[Path, typer.Option("--key", help="The private key to sign with.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")] = Path(),
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Write everything into one archive, as in `npl submission package NAME --key bank.pem`.

    `python3 verify.py PACKAGE.zip` checks it anywhere; the package holds that program.
    """
    packed = write_package(Desk(Store(store), token), name, key, out)
    if json:
        emit(packed)
        return
    say(f"wrote {packed.path}, SHA-256 {packed.sha256}")
    say(f"check it anywhere: python3 verify.py {packed.path.name} --key {packed.key}")


def sign(
    name: SubmissionName,
    certificate: Annotated[
        Path, typer.Option("--certificate", help="PKCS#12 with your key and certificate.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder of the signed PDFs.")],
    passphrase: Annotated[
        str | None,
        typer.Option("--passphrase", envvar="NPL_PASSPHRASE", help="Of the certificate."),
    ] = None,
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Sign the PDFs, as in `npl submission sign NAME --certificate bank.p12 --out signed`.

    The signature says what you signed off: reviewed, approved or submitted.
    """
    try:
        from npl_reporting.submission.signedpages import sign_pages
    except ModuleNotFoundError as error:
        remedy = "install it with: pip install npl-reporting[sign]"
        raise NplError(Problem(f"{error.name} is not installed", remedy)) from None
    desk = Desk(Store(store), token)
    for path in sign_pages(desk, name, certificate, passphrase, out):
        say(f"wrote {path}")


def register(app: typer.Typer) -> None:
    """Add the commands to `npl submission`."""
    for command in (sheet, package, sign):
        app.command()(command)
