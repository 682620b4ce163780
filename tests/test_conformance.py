"""Every sample page is PDF/A-3a and PDF/UA-1 at once, by veraPDF; a spoilt one is found out."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import printed_pages
import pytest
from printed_pages import samples
from verapdf import faults

FLAVOURS = ("PDFA_3_A", "PDFUA_1")


@pytest.fixture(name="printed", scope="module")
def all_printed() -> dict[str, bytes]:
    """Every sample page as a file."""
    return printed_pages.printed()


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", samples())
def test_a_page_conforms(printed: dict[str, bytes], name: str, flavour: str) -> None:
    assert faults(printed[name], flavour) == set()


def without_structure(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.StructTreeRoot


def without_language(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.Lang


def without_claim(pdf: pikepdf.Pdf) -> None:
    packet = pdf.Root.Metadata.read_bytes()
    assert packet.count(b'pdfuaid:part="1"') == 1
    pdf.Root.Metadata.write(packet.replace(b'pdfuaid:part="1"', b""))


def without_fonts(pdf: pikepdf.Pdf) -> None:
    for each in pdf.objects:
        if isinstance(each, pikepdf.Dictionary) and "/FontFile3" in each:
            del each["/FontFile3"]


def without_relationship(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.AF[0]["/AFRelationship"]


def without_alternative_text(pdf: pikepdf.Pdf) -> None:
    for each in pdf.objects:
        if isinstance(each, pikepdf.Dictionary) and each.get("/S") == pikepdf.Name.Figure:
            del each["/Alt"]


@pytest.mark.parametrize(
    ("spoil", "flavour"),
    [
        (without_structure, "PDFA_3_A"),
        (without_fonts, "PDFA_3_A"),
        (without_relationship, "PDFA_3_A"),
        (without_language, "PDFUA_1"),
        (without_claim, "PDFUA_1"),
        (without_alternative_text, "PDFUA_1"),
    ],
)
def test_a_spoilt_page_does_not_conform(
    printed: dict[str, bytes], spoil: Callable[[pikepdf.Pdf], None], flavour: str
) -> None:
    with pikepdf.open(io.BytesIO(printed["asset_quality"])) as pdf:
        spoil(pdf)
        spoilt = io.BytesIO()
        pdf.save(spoilt)
    assert faults(spoilt.getvalue(), flavour) != set()
