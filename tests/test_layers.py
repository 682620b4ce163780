"""Imports go down the layers only, and a foreign library is met only at its door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import npl_reporting

PACKAGE = Path(npl_reporting.__file__).parent
LAYERS = (  # top to bottom; CONTRIBUTING.md says what each is for
    {"__main__", "cli", "demo", "site"},
    {
        "quarter",
        "run",
        "agreed",
        "treated",
        "returned",
        "record",
        "deliver",
        "request",
        "submission",
        "impact",
        "compare",
        "outlook",
        "earlier",
        "variance",
    },
    {"returns", "disposal"},
    {"evidence", "migrations"},
    {"portfolio"},
    {"law"},
    {"errors", "resources", "money", "dates", "engine", "work", "__version__"},
)
DOORS = {
    "duckdb": {"engine"},
    "durable": {"portfolio.decide"},
    "sqlmodel": {"evidence", "migrations"},
    "sqlalchemy": {"evidence", "migrations"},
    "alembic": {"evidence", "migrations"},
    "cryptography": {"evidence.signing"},
    "pyhanko": {"returns.signature"},
    "weasyprint": {"returns.render"},
    "xlsxwriter": {"returns.spreadsheet"},
    "ruamel": {"law.yamlfile"},
    "sqlglot": {"law.syntax"},
    "typer": {"cli"},
    "statsmodels": {"disposal.fit"},
    "holidays": {"submission.workdays"},
    "stdnum": {"returns.filing.subject"},
    "starlette": {"site"},
    "itsdangerous": {"site.sessions"},
    "uvicorn": {"site.server"},
}


def name_of(path: Path) -> str:
    """The module's name inside the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(module: str) -> Iterator[str]:
    """Every full name that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{module}: write imports with the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def depth(module: str) -> int:
    """The layer of a module, counted from the top."""
    layers = [number for number, names in enumerate(LAYERS) if module.split(".")[0] in names]
    assert layers, f"{module} is in no layer: give it one, here and in CONTRIBUTING.md"
    return layers[0]


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_a_module_imports_from_its_own_layer_or_below(module: str) -> None:
    own = [name.partition(".")[2] for name in imported(module) if name.startswith("npl_reporting")]
    assert [name for name in own if depth(name) < depth(module)] == []


@pytest.mark.parametrize("library", DOORS)
def test_a_foreign_library_is_met_only_at_its_door(library: str) -> None:
    users = {name for name in MODULES if library in {one.split(".")[0] for one in imported(name)}}
    inside = {
        name for name in users for door in DOORS[library] if f"{name}.".startswith(f"{door}.")
    }
    assert users - inside == set()


def test_the_package_itself_imports_nothing() -> None:
    assert list(imported("")) == []
