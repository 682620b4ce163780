"""A package is checked by Python alone, and rejected after any one byte of it was changed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from stored_run import RUN, save
from test_submission import NAME, Office

from npl_reporting.errors import NplError
from npl_reporting.evidence.canonical import json_text
from npl_reporting.evidence.signing import make_key, sign, write_head
from npl_reporting.submission import verifier
from npl_reporting.submission.package import Packed, package


@dataclass(frozen=True)
class Made:
    """A package, and the office that made it."""

    office: Office
    packed: Packed
    folder: Path

    def check(
        self, content: bytes | None = None, *more: object
    ) -> subprocess.CompletedProcess[str]:
        """Check the package, or other content in its place, with the program taken out of it."""
        program, path = self.folder / "taken-out.py", self.packed.path
        with zipfile.ZipFile(self.packed.path) as archive:
            program.write_bytes(archive.read("verify.py"))
        if content is not None:
            path = self.folder / "changed.zip"
            path.write_bytes(content)
        command = [sys.executable, "-I", "-S", str(program), str(path), *map(str, more)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, env={}
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("package")
    office = Office(folder)
    office.until("submitted")
    make_key(folder / "key.pem")
    packed = package(office.desk("approver"), NAME, folder / "key.pem", folder / "out")
    return Made(office, packed, folder)


def test_python_alone_verifies_it(made: Made) -> None:
    done = made.check()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "verified" in done.stdout
    assert made.check(None, "--key", made.packed.key).returncode == 0
    assert made.check(None, "--key", "00" * 32).returncode == 1


def test_it_holds_what_the_submission_rests_on(made: Made) -> None:
    with zipfile.ZipFile(made.packed.path) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
        assert {file["path"] for file in manifest["files"]} | {
            "manifest.json", "signature.json",
        } == names  # fmt: skip
        tape = archive.read("files/tape/tape.csv")
    assert {"seal.json", "log.jsonl", "head.json", "verify.py", "README.txt"} < names
    assert {f"entries/{part}.txt" for part in verifier.PARTS} < names
    store = made.office.store
    assert hashlib.sha256(tape).hexdigest() == store.files(RUN.id)[0].sha256
    assert manifest["root"] == store.seals.of(RUN.id).root
    assert store.log.events()[-1].action == "submission.package"


def places(path: Path) -> list[tuple[str, int]]:
    """Positions in every file of the package, in every header, and in the directory at its end."""
    chance, found = random.Random(9162), []
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            start = info.header_offset + 30 + len(info.filename.encode())
            if info.file_size:
                inside = {0, info.file_size - 1, *chance.sample(range(info.file_size), 3)}
                found += [(info.filename, start + place) for place in sorted(inside)]
            found.append(
                (f"header of {info.filename}", chance.randrange(info.header_offset, start))
            )
        size = path.stat().st_size
        found += [
            ("directory", place) for place in chance.sample(range(archive.start_dir, size), 60)
        ]
    return found


def test_any_one_byte_changed_is_rejected(made: Made) -> None:
    clean = made.packed.path.read_bytes()
    chance = random.Random(6962)
    for where, place in places(made.packed.path):
        changed = bytearray(clean)
        changed[place] ^= 1 << chance.randrange(8)
        path = made.folder / "changed.zip"
        path.write_bytes(changed)
        assert verifier.check(str(path)), (where, place)


def test_a_changed_byte_of_every_file_is_rejected_by_python_alone(made: Made) -> None:
    clean = made.packed.path.read_bytes()
    seen: set[str] = set()
    for where, place in places(made.packed.path):
        if where in seen or where.startswith("header"):
            continue
        seen.add(where)
        changed = bytearray(clean)
        changed[place] ^= 1
        done = made.check(bytes(changed))
        assert done.returncode == 1, (where, done.stdout)
    assert len(seen) > 14


def test_bytes_added_or_cut_are_rejected(made: Made) -> None:
    clean = made.packed.path.read_bytes()
    for changed in (clean + b"\0", b"\0" + clean, clean[:-1], clean[: len(clean) // 2], b""):
        assert made.check(changed).returncode == 1


def remade(path: Path, changes: dict[str, bytes | None]) -> bytes:
    """The package with files changed or left out, and a manifest that fits them."""
    target = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        manifest = json.loads(old.read("manifest.json"))
        kept = [file for file in manifest["files"] if changes.get(file["path"], b"") is not None]
        for file in kept:
            content = changes.get(file["path"]) or old.read(file["path"])
            file |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            verifier.put(new, file["path"], io.BytesIO(content), len(content))
        text = (json_text(manifest | {"files": kept}) + "\n").encode()
        for name, content in (
            ("manifest.json", text),
            ("signature.json", old.read("signature.json")),
        ):
            verifier.put(new, name, io.BytesIO(content), len(content))
    return target.getvalue()


def test_a_package_made_anew_needs_the_bank_s_key(made: Made) -> None:
    assert remade(made.packed.path, {}) == made.packed.path.read_bytes()
    forged = remade(made.packed.path, {"files/tape/tape.csv": b"another tape\n"})
    assert "the signature of the manifest does not hold" in made.check(forged).stdout
    left_out = remade(made.packed.path, {"files/tape/tape.csv": None})
    assert "not those that were sealed" in made.check(left_out).stdout


def test_a_head_kept_outside_is_compared_with_the_log(made: Made) -> None:
    store = made.office.store
    for size, code in ((3, 0), (len(store.log.events()), 0)):
        head = made.folder / f"head-{size}.json"
        write_head(sign(store.log.head(size), "then", made.folder / "key.pem"), head)
        assert made.check(None, "--head", head).returncode == code
    store.log.append("somebody", "note", "later", {})
    later = made.folder / "later.json"
    write_head(sign(store.log.head(), "now", made.folder / "key.pem"), later)
    assert "not the one that it heads" in made.check(None, "--head", later).stdout


def test_a_draft_is_not_packed(tmp_path: Path) -> None:
    office = Office(tmp_path)
    save(office.store)
    office.desk("preparer").create(RUN.id)
    make_key(tmp_path / "key.pem")
    with pytest.raises(NplError, match="is a draft"):
        package(office.desk("preparer"), NAME, tmp_path / "key.pem", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# RFC 8032, section 7.1: TEST 1 to 3.
@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        ),
    ],
)  # fmt: skip
def test_the_pure_python_signature_is_that_of_the_rfc(
    key: str, message: str, signature: str
) -> None:
    given = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert verifier.signature_holds(*given)
    assert not verifier.signature_holds(given[0], given[1] + b"!", given[2])
    for place in range(0, 64, 7):
        broken = bytearray(given[2])
        broken[place] ^= 1
        assert not verifier.signature_holds(given[0], given[1], bytes(broken))
