"""A run's seal: one tree for each part of it, and one root over the parts.

The content's root covers what the pages are drawn from, so it is printed on the cover; the run's
root covers the pages too. Nothing in either depends on a clock or on who ran it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from npl_reporting.engine import Engine
from npl_reporting.evidence.bulktree import bulk_root
from npl_reporting.evidence.canonical import entry, entry_sql, record_entry
from npl_reporting.evidence.merkle import hashed, leaf_hash, tree
from npl_reporting.evidence.records import Role
from npl_reporting.money import RATE_DECIMALS, minor_digits

INPUT_ROLES: tuple[Role, ...] = (
    "tape", "control", "mapping", "policy", "schedule", "rates", "exits", "comments", "rulebook", "report_definition",
    "filing_definition",
    "deltas", "evidence",
)  # fmt: skip
CONTENT = ("record", "inputs", "cases", "exposures", "cells", "checks", "findings")
OUTPUTS = "outputs"


@dataclass(frozen=True)
class Tree:
    """Number of leaves of a tree, and its root in hexadecimal."""

    size: int
    root: str


@dataclass(frozen=True)
class Seal:
    """The trees of a run's parts; `content` is the root over all but the files handed out."""

    parts: Mapping[str, Tree]

    @property
    def content(self) -> str:
        """The root that the pages print."""
        return _over({name: self.parts[name] for name in CONTENT})

    @property
    def root(self) -> str:
        """The root over every part."""
        return _over(self.parts)

    def plain(self) -> dict[str, dict[str, int | str]]:
        """The parts as JSON has them."""
        return {name: {"size": t.size, "root": t.root} for name, t in self.parts.items()}


def part_entry(name: str, part: Tree) -> str:
    """The leaf of a part in the tree over the parts."""
    return entry(name, part.size, part.root)


def part_leaves(parts: Mapping[str, Tree]) -> list[bytes]:
    """The leaves of the tree over the parts, in their fixed order."""
    names = [name for name in (*CONTENT, OUTPUTS) if name in parts]
    return [leaf_hash(part_entry(name, parts[name]).encode()) for name in names]


def grown(entries: Iterable[str]) -> Tree:
    """The tree of a part from its entries, which are read once."""
    growing = tree(hashed(text.encode() for text in entries))
    return Tree(growing.size, growing.root().hex())


def grown_of(records: Iterable[object]) -> Tree:
    """The tree of a part from its records."""
    return grown(map(record_entry, records))


def exposures_tree(engine: Engine, relation: str, currency: str) -> Tree:
    """The tree over treated portions, grown inside the data engine."""
    decimals = minor_digits(currency)
    texts = (
        "exposure_id", "portion", 'CAST("row" AS VARCHAR)', "debtor_id", "case_id",
        _money("amount", decimals), _money("minimum_allowance", decimals + RATE_DECIMALS),
    )  # fmt: skip
    size, root = bulk_root(
        engine,
        "SELECT row_number() OVER (ORDER BY exposure_id, portion) - 1 AS place, "
        f"{entry_sql(*texts)} AS entry FROM {relation}",
    )
    return Tree(size, root.hex())


def _money(column: str, decimals: int) -> str:
    return f"CAST(CAST({column} AS DECIMAL(38, {decimals})) AS VARCHAR)"


def _over(parts: Mapping[str, Tree]) -> str:
    return tree(part_leaves(parts)).root().hex()
