"""Merkle trees as RFC 9162 defines them: roots and proofs in one pass, whatever the size.

Our own, because the libraries at hand are GPL or keep every node; the RFC's own vectors are tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

EMPTY = hashlib.sha256(b"").digest()
Range = tuple[int, int]


def leaf_hash(data: bytes) -> bytes:
    """Hash an entry as a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees as their parent."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Growing:
    """A tree that leaves are added to; it keeps one hash per level, never the leaves."""

    size: int = 0
    _full: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Add the next leaf's hash."""
        self.size += 1
        height = 0
        while self._full and self._full[-1][0] == height:
            leaf = node_hash(self._full.pop()[1], leaf)
            height += 1
        self._full.append((height, leaf))

    def root(self) -> bytes:
        """The root of the leaves so far."""
        if not self._full:
            return EMPTY
        result = self._full[-1][1]
        for _, subtree in reversed(self._full[:-1]):
            result = node_hash(subtree, result)
        return result


def tree(leaves: Iterable[bytes]) -> Growing:
    """Grow a tree of leaf hashes."""
    growing = Growing()
    for leaf in leaves:
        growing.add(leaf)
    return growing


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees of an inclusion proof, leaf end first: RFC 9162, section 2.1.3.1."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    found: list[Range] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            found.append((middle, last))
            last = middle
        else:
            found.append((first, middle))
            first = middle
    return found[::-1]


def consistency_ranges(first: int, size: int) -> list[Range]:
    """The subtrees of a consistency proof between two sizes: RFC 9162, section 2.1.4.1."""
    if not 0 < first <= size:
        raise ValueError(f"no tree of {first} leaves grew into one of {size}")
    found: list[Range] = []
    start, end, whole = 0, size, True
    while end - start != first - start:
        middle = start + _split(end - start)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, whole = middle, False
    return ([] if whole else [(start, end)]) + found[::-1]


def subtree_roots(leaves: Iterable[bytes], ranges: Sequence[Range]) -> tuple[bytes, ...]:
    """The roots of disjoint ranges of leaves, in one pass over them."""
    growing = {bounds: Growing() for bounds in ranges}
    ordered = iter(sorted(ranges))
    bounds = next(ordered, None)
    for number, leaf in enumerate(leaves):
        while bounds and number >= bounds[1]:
            bounds = next(ordered, None)
        if bounds is None:
            break
        if number >= bounds[0]:
            growing[bounds].add(leaf)
    return tuple(growing[bounds].root() for bounds in ranges)


def inclusion_holds(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof shows the leaf at that index of the tree: RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            result = node_hash(sibling, result)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and result == root


def consistency_holds(
    first: int, size: int, first_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that one tree only grew into another: RFC 9162, section 2.1.4.2."""
    if not 0 < first <= size:
        return False
    if first == size:
        return not proof and first_root == root
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    place, last = first - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == (first_root, root)


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def hashed(entries: Iterable[bytes]) -> Iterator[bytes]:
    """Hash entries as leaves, one by one."""
    return map(leaf_hash, entries)
