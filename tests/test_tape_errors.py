"""Per mistake, the smallest tape that makes it and the exact message: `tests/errors/tape/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Golden
from tapes import Reader

from npl_reporting.errors import Finding, NplError
from npl_reporting.law.yamlfile import read as read_yaml

MISTAKES = sorted((Path(__file__).parent / "errors" / "tape").iterdir())
FILES = ("mapping", "control")


def options(folder: Path) -> dict[str, Any]:
    path = folder / "options.yaml"
    given = read_yaml(path).data if path.is_file() else {}
    return {name: folder / value if name in FILES else value for name, value in given.items()}


def tape_of(folder: Path) -> str:
    others = ("expected.txt", "options.yaml", "mapping.yaml", "totals.csv")
    (name,) = (path.name for path in folder.iterdir() if path.name not in others)
    return name


def shown(finding: Finding) -> str:
    place = f"row {finding.row} {finding.exposure_id or ''}".strip() if finding.row else "tape"
    cell = f"{finding.column}: {finding.value}" if finding.column else finding.value
    return f"{finding.check} {place}, {cell}; {finding.expected}\n    {finding.words['en']}\n"


def message(folder: Path) -> str:
    try:
        read = Reader(folder).read(tape_of(folder), **options(folder))
    except NplError as error:
        return f"exit {error.exit_code}\n{error}\n".replace(f"{folder}/", "")
    return f"{read.tape.blocking} blocking\n" + "".join(map(shown, read.findings))


@pytest.mark.parametrize("folder", MISTAKES, ids=[folder.name for folder in MISTAKES])
def test_mistake_is_told_with_place_and_remedy(folder: Path, golden: Golden) -> None:
    golden(folder / "expected.txt", message(folder))


def test_folder_and_missing_file_are_no_tapes(tmp_path: Path) -> None:
    with pytest.raises(NplError, match="is a folder"):
        Reader(tmp_path.parent).read(tmp_path.name)
    with pytest.raises(NplError, match="there is no such file"):
        Reader(tmp_path).read("tape.csv")
