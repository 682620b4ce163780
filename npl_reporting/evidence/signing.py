"""The only door to the cryptography library: Ed25519 keys, and heads of the log signed with them.

The private key is a PEM file that only its owner may read; the public key beside it, in
hexadecimal, is what whoever checks a head must have got by another way.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.evidence import faults
from npl_reporting.evidence.log import Head

PURPOSE = "npl-reporting head of the event log"


@dataclass(frozen=True)
class SignedHead:
    """A head of the log with the moment of its last event, the public key and the signature."""

    size: int
    root: str
    at: str
    key: str
    signature: str

    @property
    def head(self) -> Head:
        """The head that is signed."""
        return Head(self.size, self.root)

    def message(self) -> bytes:
        """The bytes that are signed."""
        return f"{PURPOSE}\n{self.size}\n{self.root}\n{self.at}\n".encode()


def make_key(path: Path) -> str:
    """Write a new private key, and its public key to a file beside it; give the public key."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with faults.files(str(path)):
        if path.exists():
            raise NplError(Problem("there is a key already", "name another file", str(path)))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(pem)
        public = _public(key)
        path.with_name(path.name + ".pub").write_text(public + "\n", encoding="ascii")
    return public


def sign(head: Head, at: str, path: Path) -> SignedHead:
    """Sign a head with the private key in a file; NplError if there is none."""
    key = _private(path)
    bare = SignedHead(head.size, head.root, at, _public(key), "")
    return SignedHead(head.size, head.root, at, bare.key, key.sign(bare.message()).hex())


def sign_text(text: str, path: Path) -> dict[str, str]:
    """Sign a text with the private key in a file; give the public key and the signature."""
    key = _private(path)
    return {"key": _public(key), "signature": key.sign(text.encode()).hex()}


def _private(path: Path) -> Ed25519PrivateKey:
    with faults.files(str(path)):
        content = path.read_bytes()
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError) as error:
        raise NplError(Problem(f"it holds no private key: {error}", _MAKE, str(path))) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NplError(Problem("it holds a key of another kind than Ed25519", _MAKE, str(path)))
    return key


def write_head(signed: SignedHead, path: Path) -> None:
    """Write a signed head as JSON, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with faults.files(str(path)):
        part.write_text(json.dumps(vars(signed), indent=2) + "\n", encoding="ascii")
        part.replace(path)


def read_head(path: Path, trusted: str | None = None) -> SignedHead:
    """Read a signed head; DataError if its signature is not that of its key, or of the trusted one.

    `trusted` is a public key in hexadecimal, or a file that holds one.
    """
    with faults.files(str(path)):
        content = path.read_bytes()
    try:
        signed = SignedHead(**json.loads(content))
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.key)).verify(
            bytes.fromhex(signed.signature), signed.message()
        )
    except (ValueError, TypeError, AttributeError, InvalidSignature) as error:
        what = f"its signature does not hold: {error or 'it is of other content or another key'}"
        raise DataError(Problem(what, "take the file as it was handed out", str(path))) from error
    if trusted and signed.key != trusted_key(trusted):
        what = f"it is signed with the key {signed.key}, which is not the one you trust"
        raise DataError(Problem(what, "ask who signed it", str(path)))
    return signed


def trusted_key(given: str) -> str:
    """A public key as given: in hexadecimal, or in a file."""
    path = Path(given)
    if not path.is_file():
        return given.strip().lower()
    with faults.files(given):
        return path.read_text(encoding="ascii").strip().lower()


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


_MAKE = "make one with npl audit key FILE"
