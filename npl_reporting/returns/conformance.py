"""What WeasyPrint leaves out of a PDF/A-3a file that is PDF/UA-1 too, added before it is written.

Works on the objects of a file in the making: dictionaries and streams by number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_ACCESSIBLE = b"""
<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="" pdfuaid:part="1" />
<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about="">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>"""
"""The claim of PDF/UA-1 and, as PDF/A asks of any schema it does not know, its description."""


def finish(pdf: Any, media_types: Sequence[str]) -> None:
    """Claim PDF/UA-1, give heads their scope, and name the attachments' media types."""
    _claim(_stream(pdf, "/Metadata")[0])
    _scope_heads(pdf)
    for stream, media_type in zip(_stream(pdf, "/EmbeddedFile"), media_types, strict=True):
        stream.extra["Subtype"] = "/" + media_type.replace("/", "#2f")


def _stream(pdf: Any, kind: str) -> list[Any]:
    return [each for each in pdf.objects if getattr(each, "extra", {}).get("Type") == kind]


def _claim(metadata: Any) -> None:
    (packet,) = metadata.stream
    head, end, tail = packet.rpartition(b"</rdf:RDF>")
    assert end, "the metadata packet holds no RDF"
    metadata.stream = [head + _ACCESSIBLE + tail]


def _scope_heads(pdf: Any) -> None:
    """Mark each head cell: for its column where it stands in a table's head, else for its row."""
    for cell in pdf.objects:
        if isinstance(cell, dict) and cell.get("S") == "/TH":
            section = _parent(pdf, _parent(pdf, cell))
            cell["A"]["Scope"] = "/Column" if section["S"] == "/THead" else "/Row"


def _parent(pdf: Any, element: Any) -> Any:
    return pdf.objects[int(element["P"].split()[0])]
