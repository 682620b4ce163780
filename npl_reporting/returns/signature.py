"""The only door to pyHanko: a PAdES signature in a PDF, which stays the PDF/A that it was."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from npl_reporting.errors import NplError, Problem

FIELD = "npl-reporting-{number}"


@dataclass(frozen=True)
class Signatory:
    """Who signs, in which role, and what the signature means."""

    name: str
    role: str
    meaning: str


def load_certificate(path: Path, passphrase: str | None = None) -> signers.SimpleSigner:
    """Read a PKCS#12 file with key and certificate; NplError if it holds none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NplError(Problem(f"it cannot be read: {error.strerror}", "", str(path))) from error
    secret = passphrase.encode() if passphrase else None
    try:
        signer: signers.SimpleSigner | None = signers.SimpleSigner.load_pkcs12_data(
            content, other_certs=[], passphrase=secret
        )
    except ValueError:
        signer = None
    if signer is None:
        what = "it holds no key and certificate, or the passphrase is another"
        raise NplError(Problem(what, "name a PKCS#12 file (.p12)", str(path)))
    return signer


def sign_pdf(content: bytes, signer: signers.SimpleSigner, by: Signatory) -> bytes:
    """Add a signature after those that are there; nothing visible, so the pages stay as they are."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    number = len(writer.prev.embedded_regular_signatures) + 1
    about = signers.PdfSignatureMetadata(
        field_name=FIELD.format(number=number),
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=f"{by.name} ({by.role})",
        reason=by.meaning,
    )
    signed: io.BytesIO = signers.sign_pdf(writer, about, signer=signer)
    return signed.getvalue()
