"""The files that were written, told by report: one line names all the forms of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from npl_reporting.cli.printing import say


def tell_files(files: Sequence[Path]) -> None:
    """Print each report once, with the forms it was written in; then the folder of them all."""
    forms = by_name(files)
    width = max((len(name) for name in forms), default=0)
    for name, suffixes in forms.items():
        say(f"    {name:<{width}}  {' '.join(suffixes)}")
    for folder, number in _folders(files).items():
        say(f"  wrote {number} {'file' if number == 1 else 'files'} to {folder}")


def by_name(files: Sequence[Path]) -> dict[str, list[str]]:
    """The forms of each file by its name without them, in the order in which they were written."""
    forms: dict[str, list[str]] = {}
    for file in files:
        forms.setdefault(file.stem, []).append(file.suffix.removeprefix("."))
    return dict(sorted(forms.items()))


def _folders(files: Sequence[Path]) -> dict[Path, int]:
    folders: dict[Path, int] = {}
    for file in files:
        folders[file.parent] = folders.get(file.parent, 0) + 1
    return folders
