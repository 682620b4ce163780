"""The wheel alone is enough: installed into an empty environment, far from any checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
LOCKED = [
    *("--require-hashes", "--only-binary", ":all:", "--no-binary", "durable-rules"),
    *("--build-constraints", str(ROOT / "requirements" / "build.txt")),
    str(ROOT / "requirements" / "run.txt"),
]
BUNDLED = ("rules", "reports", "templates")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and give all that it printed."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and the empty folder that commands run in."""

    environment: Path
    folder: Path

    def npl(self, *arguments: str) -> str:
        """Run `npl` as its user would and give what it printed."""
        command = [str(self.environment / "bin" / "npl"), *arguments]
        done = run(command, self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def build(target: Path, *kind: str) -> Path:
    """Build with the locked hatchling; without a kind, the source archive and a wheel from it."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *kind]
    done = run([*command, str(ROOT)], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


def uv(*arguments: str) -> None:
    """Run uv on the files that set-up has fetched; on the network where they are gone."""
    tool = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    if not Path(tool).is_file():
        pytest.skip("uv is neither on the PATH nor in .tools: `make setup` puts it there")
    if run([tool, *arguments, "--offline"], ROOT).returncode:
        done = run([tool, *arguments], ROOT)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the source archive builds."""
    return build(tmp_path_factory.mktemp("from-sdist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel and the locked libraries that it needs at run time, nothing else."""
    environment = tmp_path_factory.mktemp("environment") / "env"
    python = str(environment / "bin" / "python")
    uv("venv", "--no-config", "--python", sys.executable, str(environment))
    uv("pip", "sync", "--python", python, *LOCKED)
    uv("pip", "install", "--python", python, "--no-deps", str(wheel))
    return Installed(environment, tmp_path_factory.mktemp("elsewhere"))


def names(wheel: Path) -> set[str]:
    """What lies in a wheel."""
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_is_the_same_from_the_checkout_and_from_the_source_archive(
    wheel: Path, tmp_path: Path
) -> None:
    assert names(build(tmp_path, "--wheel")) == names(wheel)


@pytest.mark.parametrize("folder", BUNDLED)
def test_the_wheel_carries_every_file_of(folder: str, wheel: Path) -> None:
    ours = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert ours
    assert {f"npl_reporting/data/{path.as_posix()}" for path in ours} <= names(wheel)


def test_the_installed_wheel_finds_its_rulebooks(installed: Installed) -> None:
    assert "TW" in installed.npl("rules", "list")


@pytest.mark.slow
def test_the_installed_wheel_runs_the_demo(installed: Installed) -> None:
    printed = installed.npl("demo")
    documents = [installed.folder / name for name in re.findall(r"\S+\.pdf", printed)]
    assert documents
    assert all(path.read_bytes().startswith(b"%PDF") for path in documents)
