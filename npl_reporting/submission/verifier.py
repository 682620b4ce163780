"""Checks a submission package with Python alone: no other software, no network.

    python3 verify.py PACKAGE.zip [--head HEAD.json]... [--key PUBLIC_KEY]

Exit code 0 if everything in the package is as it was when it was made, 1 if anything is not.
It is honest about what it cannot know: whether the whole package was made by the bank. For that,
give a head or a public key that you had from the bank by another way.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

Point = Any  # four whole numbers: a point of the curve in extended coordinates

# Ed25519 as RFC 8032 defines it, section 6, for verifying only.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y: int, sign: int) -> int | None:
    """The x of a point on the curve, None if there is none."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if (x & 1) != sign else x


def point_of(data: bytes) -> Point | None:
    """A point from its 32 bytes, None if they are none."""
    if len(data) != 32:
        return None
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """A point added to itself that many times."""
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0) or 0
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signature_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is of this message by this key."""
    if len(signature) != 64:
        return False
    public, nonce = point_of(key), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or nonce is None or scalar >= Q:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    one = times(scalar, BASE)
    other = add(nonce, times(int.from_bytes(digest, "little") % Q, public))
    return not (
        (one[0] * other[2] - other[0] * one[2]) % P or (one[1] * other[2] - other[1] * one[2]) % P
    )


# Merkle trees as RFC 9162 defines them, section 2.1.
def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> tuple[bytes, int]:
    """The root over leaf hashes, and how many there were."""
    full: list[tuple[int, bytes]] = []
    size = 0
    for leaf in leaves:
        size += 1
        height = 0
        while full and full[-1][0] == height:
            leaf = node_hash(full.pop()[1], leaf)
            height += 1
        full.append((height, leaf))
    if not full:
        return hashlib.sha256(b"").digest(), 0
    result = full[-1][1]
    for _, subtree in reversed(full[:-1]):
        result = node_hash(subtree, result)
    return result, size


def entry(*values: object) -> str:
    """The one text of values: each with its length in bytes, ~ for one that is missing."""
    return "".join("~" if v is None else f"{len(str(v).encode())}:{v}" for v in values)


def plain_json(value: object) -> str:
    """JSON written in one way only."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


BLOCK = 1 << 20


class Package:
    """An opened package, and what was found wrong in it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.faults: list[str] = []

    def fail(self, where: str, what: str) -> None:
        """Note a fault."""
        self.faults.append(f"{where}: {what}")

    def content(self, name: str) -> bytes:
        """One file's content."""
        return self.archive.read(name)

    def json(self, name: str) -> Any:
        """One file as JSON."""
        return json.loads(self.content(name).decode("utf-8"))

    def lines(self, name: str) -> Iterator[str]:
        """One file's lines without their ends, one by one."""
        with self.archive.open(name) as opened:
            for line in opened:
                yield line.decode("utf-8").rstrip("\n")


MANIFEST_PURPOSE = "npl-reporting manifest of a package\n%s\n"
HEAD_PURPOSE = "npl-reporting head of the event log\n%d\n%s\n%s\n"
CONTENT = ("record", "inputs", "cases", "exposures", "cells", "checks", "findings")
PARTS = CONTENT + ("outputs",)


def check_container(path: str, package: Package) -> None:
    """The zip is byte for byte what these files give: nothing hides between them."""
    infos = package.archive.infolist()
    if len({info.filename for info in infos}) != len(infos):
        package.fail("package", "a file stands in it twice")
    with tempfile.TemporaryFile() as rebuilt, open(path, "rb") as opened:
        with zipfile.ZipFile(rebuilt, "w", zipfile.ZIP_STORED) as again:
            for info in infos:
                with package.archive.open(info) as source:
                    put(again, info.filename, source, info.file_size)
        rebuilt.seek(0)
        while True:
            one, other = rebuilt.read(BLOCK), opened.read(BLOCK)
            if one != other:
                package.fail("package", "its bytes are not those that these files give")
            if not one or one != other:
                return


def put(archive: zipfile.ZipFile, name: str, source: IO[bytes], size: int) -> None:
    """Put a file into a package in the one way in which it is done."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr, info.file_size = 3, 0o644 << 16, size
    with archive.open(info, "w") as target:
        while chunk := source.read(BLOCK):
            target.write(chunk)


def check_manifest(package: Package) -> Any:
    """Every file is in the manifest with its hash and size, and no other is there."""
    manifest = package.json("manifest.json")
    listed = {file["path"]: file for file in manifest["files"]}
    there = set(package.archive.namelist()) - {"manifest.json", "signature.json"}
    for name in sorted(there ^ set(listed)):
        package.fail(name, "in the package or in the manifest, but not in both")
    for name in sorted(there & set(listed)):
        digest, size = hashlib.sha256(), 0
        with package.archive.open(name) as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
        if (digest.hexdigest(), size) != (listed[name]["sha256"], listed[name]["size"]):
            package.fail(name, "its content is not what the manifest says")
    if package.content("manifest.json") != (plain_json(manifest) + "\n").encode():
        package.fail("manifest.json", "it is not written in the one way that it must be")
    return manifest


def check_signature(package: Package, trusted: str | None) -> None:
    """The manifest is signed, by the key of the head and by the trusted one where it is given."""
    signed = package.json("signature.json")
    key, signature = bytes.fromhex(signed["key"]), bytes.fromhex(signed["signature"])
    digest = hashlib.sha256(package.content("manifest.json")).hexdigest()
    if not signature_holds(key, (MANIFEST_PURPOSE % digest).encode(), signature):
        package.fail("signature.json", "the signature of the manifest does not hold")
    written = plain_json({"key": key.hex(), "signature": signature.hex()}) + "\n"
    if package.content("signature.json") != written.encode():
        package.fail("signature.json", "it is not written in the one way that it must be")
    if key.hex() != package.json("head.json")["key"] or (trusted and key.hex() != trusted):
        package.fail("signature.json", "it is signed with another key")


def check_run(package: Package, manifest: Any) -> Any:
    """The run's trees grow from the entries to the roots of its seal."""
    seal = package.json("seal.json")
    leaves = []
    for part in PARTS:
        lines = package.lines(f"entries/{part}.txt")
        root, size = root_of(leaf_hash(json.loads(line).encode()) for line in lines)
        if (size, root.hex()) != (seal["parts"][part]["size"], seal["parts"][part]["root"]):
            package.fail(f"entries/{part}.txt", "its tree has another root")
        leaves.append(leaf_hash(entry(part, size, root.hex()).encode()))
    if root_of(leaves[:-1])[0].hex() != seal["content"]:
        package.fail("seal.json", "the root over the content is another")
    if root_of(leaves)[0].hex() != seal["root"]:
        package.fail("seal.json", "the root over the run is another")
    if sorted(seal["parts"]) != sorted(PARTS) or manifest["root"] != seal["root"]:
        package.fail("seal.json", "it is not the seal that the manifest names")
    return seal


def check_files(package: Package, manifest: Any) -> None:
    """The run's own files are those that its trees hold."""
    sealed: set[str] = set()
    for part in ("inputs", "outputs"):
        sealed.update(json.loads(line) for line in package.lines(f"entries/{part}.txt"))
    packed = set()
    for file in manifest["files"]:
        if "role" in file:
            packed.add(
                entry(file["role"], file["name"], file["sha256"], file["size"], file["media_type"])
            )
    if sealed != packed:
        package.fail("manifest.json", "the run's files are not those that were sealed")


def check_log(package: Package, seal: Any, manifest: Any) -> list[bytes]:
    """The log's events follow each other, and tell of this run with this root."""
    previous = hashlib.sha256(b"").hexdigest()
    leaves: list[bytes] = []
    told = []
    for number, line in enumerate(package.lines("log.jsonl"), 1):
        event = json.loads(line)
        names = ("number", "at", "person", "role", "action", "subject", "details", "previous")
        digest = leaf_hash(entry(*(event[name] for name in names)).encode()).hex()
        if (event["number"], event["previous"], event["hash"]) != (number, previous, digest):
            package.fail("log.jsonl", f"event {number} is not as it was written")
        if event["action"] == "run.store" and event["subject"] == manifest["run"]:
            told.append(json.loads(event["details"]))
        previous = digest
        leaves.append(bytes.fromhex(digest))
    if [(said["root"], said["content"]) for said in told] != [(seal["root"], seal["content"])]:
        package.fail("log.jsonl", "it does not tell once of this run with this root")
    return leaves


def check_head(
    package: Package, where: str, head: Any, leaves: list[bytes], trusted: str | None
) -> None:
    """A signed head is of this log, and by the trusted key where one is given."""
    message = (HEAD_PURPOSE % (head["size"], head["root"], head["at"])).encode()
    key = bytes.fromhex(head["key"])
    if not signature_holds(key, message, bytes.fromhex(head["signature"])):
        package.fail(where, "its signature does not hold")
    if trusted and head["key"] != trusted:
        package.fail(where, "it is signed with another key than the one you trust")
    if head["size"] > len(leaves) or root_of(leaves[: head["size"]])[0].hex() != head["root"]:
        package.fail(where, "the log in the package is not the one that it heads")


# What Python says of files that are not what they should be.
BROKEN = (
    OSError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError, EOFError,
    RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def check(path: str, heads: Sequence[str] = (), trusted: str | None = None) -> list[str]:
    """Everything wrong with a package."""
    try:
        with zipfile.ZipFile(path) as archive:
            package = Package(archive)
            check_container(path, package)
            manifest = check_manifest(package)
            check_signature(package, trusted)
            seal = check_run(package, manifest)
            check_files(package, manifest)
            leaves = check_log(package, seal, manifest)
            head = package.json("head.json")
            check_head(package, "head.json", head, leaves, trusted)
            if head["size"] != len(leaves):
                package.fail("head.json", "the log goes on after it")
            for name in heads:
                with open(name, encoding="utf-8") as opened:
                    check_head(package, name, json.load(opened), leaves, trusted)
            return package.faults
    except BROKEN as error:
        return [f"package: it cannot be read: {type(error).__name__}: {error}"]


def main() -> int:
    """Check the package named on the command line."""
    parser = argparse.ArgumentParser(description="Check a submission package.")
    parser.add_argument("package")
    parser.add_argument("--head", action="append", default=[], help="a signed head kept outside")
    parser.add_argument("--key", help="the public key you trust, in hexadecimal")
    given = parser.parse_args()
    faults = check(given.package, given.head, given.key)
    for fault in faults:
        print("FAILED " + fault)
    print(f"{given.package}: {'REJECTED' if faults else 'verified'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
