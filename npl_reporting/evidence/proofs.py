"""Proofs that stand alone: an exposure in its run, an event in the log, a log that only grew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.canonical import entry
from npl_reporting.evidence.merkle import (
    consistency_holds,
    consistency_ranges,
    hashed,
    inclusion_holds,
    inclusion_ranges,
    leaf_hash,
    subtree_roots,
)
from npl_reporting.evidence.seal import CONTENT, OUTPUTS, Seal, part_entry
from npl_reporting.evidence.sealing import STORED
from npl_reporting.evidence.store import Store

_EXPOSURES = "exposures"


@dataclass(frozen=True)
class Inclusion:
    """That an entry stands at a place of a tree: RFC 9162, section 2.1.3. Hashes in hexadecimal."""

    tree: str
    entry: str
    index: int
    size: int
    root: str
    path: tuple[str, ...]

    def holds(self) -> bool:
        """Whether the path leads from the entry to the root."""
        path = [bytes.fromhex(text) for text in self.path]
        leaf = leaf_hash(self.entry.encode())
        return inclusion_holds(leaf, self.index, self.size, path, bytes.fromhex(self.root))


@dataclass(frozen=True)
class Growth:
    """That a log of `first` events only grew into one of `size`: RFC 9162, section 2.1.4."""

    first: int
    size: int
    first_root: str
    root: str
    path: tuple[str, ...]

    def holds(self) -> bool:
        """Whether the path fits both roots."""
        path = [bytes.fromhex(text) for text in self.path]
        roots = bytes.fromhex(self.first_root), bytes.fromhex(self.root)
        return consistency_holds(self.first, self.size, *roots, path)


def prove_exposure(store: Store, name: str, exposure_id: str) -> tuple[Inclusion, ...]:
    """From each portion of an exposure to its run's root, and from there to the log's head.

    Reads the run's portions twice, one by one; NplError if the run does not hold the exposure.
    """
    run = store.run(name)
    seal = store.seals.of(run.id)
    begins, found = entry(exposure_id), []
    for index, text in enumerate(store.seals.entries(run.id, _EXPOSURES)):
        if text.startswith(begins):
            found.append((index, text))
    if not found:
        raise NplError(Problem(f"run {run.id} holds no exposure {exposure_id}", "check the id"))
    tree = seal.parts[_EXPOSURES]
    portions = [
        _inclusion(
            f"exposures of run {run.id}", text, index, tree.size, tree.root,
            lambda: hashed(t.encode() for t in store.seals.entries(run.id, _EXPOSURES)),
        )
        for index, text in found
    ]  # fmt: skip
    return (*portions, _part(run.id, seal), prove_event(store, _stored(store, run.id)))


def prove_event(store: Store, number: int) -> Inclusion:
    """From one event to the log's present head."""
    events = store.log.events()
    if not 0 < number <= len(events):
        raise NplError(Problem(f"there is no event {number}", "npl audit log lists them"))
    return _inclusion(
        "event log", events[number - 1].entry(), number - 1, len(events), store.log.head().root,
        lambda: (bytes.fromhex(event.hash) for event in events),
    )  # fmt: skip


def prove_growth(store: Store, first: int, size: int | None = None) -> Growth:
    """That the log's first events are still what they were when there were no more of them."""
    events = store.log.events()
    size = len(events) if size is None else size
    if not 0 < first <= size <= len(events):
        what = f"the log has {len(events)} events: no proof from {first} to {size}"
        raise NplError(Problem(what, "name sizes that it had"))
    leaves = (bytes.fromhex(event.hash) for event in events[:size])
    path = subtree_roots(leaves, consistency_ranges(first, size))
    roots = store.log.head(first).root, store.log.head(size).root
    return Growth(first, size, *roots, tuple(node.hex() for node in path))


def _part(run: str, seal: Seal) -> Inclusion:
    names = (*CONTENT, OUTPUTS)
    entries = [part_entry(name, seal.parts[name]) for name in names]
    index = names.index(_EXPOSURES)
    return _inclusion(
        f"parts of run {run}", entries[index], index, len(names), seal.root,
        lambda: hashed(text.encode() for text in entries),
    )  # fmt: skip


def _stored(store: Store, run: str) -> int:
    return next(event.number for event in store.log.events(run) if event.action == STORED)


def _inclusion(
    tree: str, text: str, index: int, size: int, root: str, leaves: Callable[[], Iterable[bytes]]
) -> Inclusion:
    path = subtree_roots(leaves(), inclusion_ranges(index, size))
    return Inclusion(tree, text, index, size, root, tuple(node.hex() for node in path))
