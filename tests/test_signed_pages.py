"""Signed returns: name, role and meaning inside a signature that holds, still valid PDF/A."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from quarters import run_tape, store, write_tape
from stored_run import RUN, save, store_in
from test_submission import Office
from verapdf import faults

from npl_reporting.errors import NplError
from npl_reporting.evidence.records import Run, RunFile
from npl_reporting.returns.page import Page
from npl_reporting.returns.render import render_all
from npl_reporting.submission.signedpages import sign_pages

NAME = "XX-2025-09-30"


def with_a_return(folder: Path) -> Run:
    """A stored run with one drawn page."""
    page = Page("cover", {"en": "Cover"}, ("en",), "XX", RUN.reporting_date, RUN.id, "TWD")
    kept = store_in(folder)
    pdf = kept.archive.place_bytes(render_all([page], work=folder)["cover"])
    save(kept, files=[RunFile("pdf", "XX-cover.pdf", pdf.sha256, pdf.size, "application/pdf")])
    return RUN


def certificate(folder: Path) -> Path:
    """A key with a certificate that it signed itself, as PKCS#12."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Bank")])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "bank.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"bank", key, signed, None, NoEncryption())
    )
    return path


def test_every_return_is_signed_by_reviewer_and_approver(tmp_path: Path) -> None:
    run = with_a_return(tmp_path)
    office, bank, out = (
        Office.at(store_in(tmp_path), run.id),
        certificate(tmp_path),
        tmp_path / "signed",
    )
    with pytest.raises(NplError, match="the approver has signed nothing off"):
        sign_pages(office.desk("approver"), NAME, bank, None, out)
    sign_pages(office.desk("reviewer"), NAME, bank, None, out)
    office.desk("approver").approve(NAME)
    written = sign_pages(office.desk("approver"), NAME, bank, None, out)
    pdfs = [file for file in store_in(tmp_path).files(run.id) if file.role == "pdf"]
    assert sorted(path.name for path in written) == sorted(file.name for file in pdfs)
    for path in written:
        signatures = PdfFileReader(io.BytesIO(path.read_bytes())).embedded_regular_signatures
        assert [str(one.sig_object["/Name"]) for one in signatures] == [
            "the reviewer (reviewer)", "the approver (approver)",
        ]  # fmt: skip
        assert "I approve the figures" in str(signatures[1].sig_object["/Reason"])
        for one in signatures:
            state = validate_pdf_signature(one)
            assert (state.intact, state.valid) == (True, True)
    assert faults(written[0].read_bytes(), "PDFA_3_A") == set()
    assert office.store.log.events()[-1].action == "submission.sign"


def test_a_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.p12").write_bytes(b"nothing")
    run = with_a_return(tmp_path)
    office = Office.at(store_in(tmp_path), run.id)
    with pytest.raises(NplError, match="holds no key and certificate"):
        sign_pages(office.desk("reviewer"), NAME, tmp_path / "none.p12", None, tmp_path / "out")


@pytest.mark.slow
def test_every_page_of_a_whole_return_is_signed_twice_and_still_archivable(tmp_path: Path) -> None:
    """The real returns of the small Taiwanese book: charts, attachments and all."""
    run = run_tape(tmp_path, write_tape(tmp_path), printed=True).run
    office = Office.__new__(Office)
    office.store = store(tmp_path)
    office.hire()
    office = Office.at(office.store, run.id, hired=office)
    name, bank, out = "TW-2024-09-30", certificate(tmp_path), tmp_path / "signed"
    sign_pages(office.desk("reviewer"), name, bank, None, out)
    office.desk("approver").approve(name)
    written = sign_pages(office.desk("approver"), name, bank, None, out)
    assert len(written) == sum(file.role == "pdf" for file in office.store.files(run.id)) > 5
    for path in written:
        content = path.read_bytes()
        signatures = PdfFileReader(io.BytesIO(content)).embedded_regular_signatures
        states = [validate_pdf_signature(one) for one in signatures]
        assert [(state.intact, state.valid) for state in states] == [(True, True)] * 2, path.name
        assert faults(content, "PDFA_3_A") == set(), path.name
        changed = bytearray(content)
        changed[len(made_of(office, run.id, path.name)) // 2] ^= 1
        damaged = PdfFileReader(io.BytesIO(bytes(changed))).embedded_regular_signatures
        assert not validate_pdf_signature(damaged[0]).intact, path.name


def made_of(office: Office, run: str, name: str) -> bytes:
    """A page as the run made it, which the signed one begins with."""
    kept = next(file for file in office.store.files(run) if file.name == name)
    return office.store.archive.open_path(kept.sha256).read_bytes()
