"""The documents keep up: every command and column is described, and nothing names a machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from npl_reporting.cli import app
from npl_reporting.law.columns import Column, column_dictionary

ROOT = Path(__file__).parent.parent
PROSE = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
SETUP = ["Makefile", "setup.sh", "pyproject.toml", ".pre-commit-config.yaml", ".ci", "requirements"]
# A path of somebody's machine: the product is told where things are, it does not know.
MACHINE_PATH = re.compile(r"(?<![\w.~}/-])/(?:home|root|Users|work|mnt|srv|var/tmp)/\w")


def commands(group: TyperGroup, name: str) -> Iterator[str]:
    """Every command as it is typed, those inside groups too."""
    for word, command in group.commands.items():
        typed = f"{name} {word}"
        if isinstance(command, TyperGroup):
            yield from commands(command, typed)
        elif not command.hidden:
            yield typed


def all_commands() -> list[str]:
    """Every command of `npl`."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return list(commands(group, "npl"))


def tracked(*folders: str) -> list[Path]:
    """The project's own text files, as git knows them."""
    command = ["git", "ls-files", "-z", "--", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: cannot tell the project's files from others")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("command", all_commands())
def test_a_command_stands_in_the_readme_or_the_docs(command: str) -> None:
    assert any(f"`{command}" in path.read_text(encoding="utf-8") for path in PROSE)


@pytest.mark.parametrize("name", column_dictionary())
def test_a_column_has_a_meaning_a_unit_and_a_source(name: str) -> None:
    column: Column = column_dictionary()[name]
    assert column.meaning["en"] and column.meaning["zh-TW"]
    assert column.source
    assert column.unit


def test_no_file_names_a_path_of_one_machine() -> None:
    texts = [path for path in tracked(".") if b"\0" not in path.read_bytes()[:1024]]
    assert [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in texts
        if (found := MACHINE_PATH.search(path.read_text(encoding="utf-8", errors="replace")))
    ] == []


def test_set_up_names_no_address() -> None:
    assert [
        path.name for path in tracked(*SETUP) if "://" in path.read_text(encoding="utf-8")
    ] == []
