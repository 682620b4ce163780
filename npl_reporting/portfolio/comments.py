"""Comments on cells that moved: the comments file, read whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, Problem
from npl_reporting.law.columns import Column, Dictionary
from npl_reporting.law.yamlfile import load
from npl_reporting.portfolio.beside import read_beside
from npl_reporting.resources import RULES, shown


class Comment(NamedTuple):
    """What was said of a cell, and by whom."""

    text: str
    author: str


Place = tuple[str, str, str]
"""A report, a row and a column."""


@cache
def comment_columns() -> Mapping[str, Column]:
    """What a comments file may hold: `rules/comments.yaml`."""
    return load(RULES / "comments.yaml", Dictionary).columns


def read_comments(engine: Engine, path: Path | None, currency: str) -> dict[Place, Comment]:
    """The comments of a file by report, row and column; DataError where a cell has two."""
    if path is None:
        return {}
    read_beside(engine, path, comment_columns(), "comments", currency)
    found: dict[Place, Comment] = {}
    problems = []
    lines = 'SELECT line, report, "row", "column", comment, author FROM comments ORDER BY line'
    for line, report, row, column, text, author in engine.rows(lines):
        if (report, row, column) in found:
            what = f"the cell {report}/{row}/{column} has two comments"
            problems.append(Problem(what, "put them into one", shown(path), line))
        found[report, row, column] = Comment(text, author)
    if problems:
        raise DataError(*problems)
    return found
