"""Trees and proofs: the vectors of Certificate Transparency, then every leaf of every small tree."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from npl_reporting.engine import Engine
from npl_reporting.evidence.bulktree import bulk_root
from npl_reporting.evidence.merkle import (
    EMPTY,
    consistency_holds,
    consistency_ranges,
    hashed,
    inclusion_holds,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    subtree_roots,
    tree,
)

# The entries and roots that the reference implementations of RFC 6962 and RFC 9162 publish.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LARGEST = 70
LEAVES = [leaf_hash(str(number).encode()) for number in range(LARGEST)]


def by_definition(leaves: list[bytes]) -> bytes:
    """The root as section 2.1.1 writes it: split at the largest power of two below the size."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(by_definition(leaves[:k]), by_definition(leaves[k:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_vectors(size: int) -> None:
    assert tree(hashed(ENTRIES[:size])).root().hex() == ROOTS[size - 1]


def test_an_empty_tree() -> None:
    assert tree([]).root() == EMPTY == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_leaf_is_proven_and_no_other(size: int) -> None:
    leaves = LEAVES[:size]
    root = tree(leaves).root()
    assert root == by_definition(leaves)
    for index, leaf in enumerate(leaves):
        proof = subtree_roots(leaves, inclusion_ranges(index, size))
        assert inclusion_holds(leaf, index, size, proof, root)
        assert not inclusion_holds(leaf_hash(b"other"), index, size, proof, root)
        assert not inclusion_holds(leaf, index, size, (*proof, leaf), root)
        assert not inclusion_holds(leaf, index + size, size, proof, root)
        if proof:
            assert not inclusion_holds(leaf, index, size, proof[:-1], root)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_earlier_tree_is_proven_to_have_grown(size: int) -> None:
    leaves = LEAVES[:size]
    root = tree(leaves).root()
    for first in range(1, size + 1):
        before = tree(leaves[:first]).root()
        proof = subtree_roots(leaves, consistency_ranges(first, size))
        assert consistency_holds(first, size, before, root, proof)
        rewritten = tree([leaf_hash(b"rewritten"), *leaves[1:first]]).root()
        assert not consistency_holds(first, size, rewritten, root, proof)
        assert not consistency_holds(first, size, before, leaf_hash(b""), proof)
        if first < size:
            assert not consistency_holds(first, size, before, root, (*proof, root))


def test_proofs_that_cannot_be() -> None:
    for index, size in ((0, 0), (-1, 3), (3, 3)):
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion_ranges(index, size)
    for first, size in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match="no tree of"):
            consistency_ranges(first, size)
        assert not consistency_holds(first, size, EMPTY, EMPTY, ())


@pytest.mark.parametrize("size", [0, 1, 2, 3, 8, 69, 70])
def test_the_data_engine_grows_the_same_tree(size: int, tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        query = f"SELECT range AS place, CAST(range AS VARCHAR) AS entry FROM range({size})"
        assert bulk_root(engine, query) == (size, tree(LEAVES[:size]).root())
