"""A run that is killed, interrupted or out of room: whole or absent, and the next command works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quarters import npl, write_tape

from npl_reporting.evidence.store import Store

CALL = (sys.executable, "-m", "npl_reporting", "run", "tape.csv", "--rules", "TW",
        "--as-of", "2024-09-30", "--no-pdf", "--out", "out")  # fmt: skip
EARLY_TO_LATE = [2.5, *(pytest.param(late, marks=pytest.mark.slow) for late in (0.5, 1.5, 3.5, 5))]


def start(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "NPL_WORK": str(folder), "NPL_STORE": "sqlite:///npl.db"}
    return subprocess.Popen(
        CALL, cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def stored(folder: Path) -> int:
    """How many whole runs the store holds; reading one must never fail."""
    if not (folder / "npl.db").exists():
        return 0
    kept = Store(f"sqlite:///{folder / 'npl.db'}")
    for run in kept.runs():
        assert run.rows_used == 5
        assert kept.exposure(run.id, "SPLIT")
        assert all(kept.archive.holds(file.sha256) for file in kept.files(run.id))
    return len(kept.runs())


@pytest.mark.parametrize("seconds", EARLY_TO_LATE)
def test_killed_at_any_moment_a_run_is_whole_or_absent(tmp_path: Path, seconds: float) -> None:
    write_tape(tmp_path)
    process = start(tmp_path)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    assert stored(tmp_path) in (0, 1)

    again = start(tmp_path)
    _, err = again.communicate()
    assert again.returncode == 0, err
    assert stored(tmp_path) == 1
    assert not list(tmp_path.glob("npl-work-*")), "what the killed run left is cleared away"


def test_an_interrupted_run_says_so_and_stores_nothing(tmp_path: Path) -> None:
    write_tape(tmp_path)
    process = start(tmp_path)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    if process.returncode == 0:
        pytest.skip("the run was over before it could be interrupted")
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert stored(tmp_path) == 0
    assert not list(tmp_path.glob("npl-work-*"))


def test_an_interruption_inside_generated_code_has_the_same_exit_code(tmp_path: Path) -> None:
    """Where it falls into text that Python compiles, the interpreter would end by the signal."""
    (tmp_path / "interrupted.py").write_text(
        "from npl_reporting import __main__, cli\n"
        "cli.main = lambda: exec('raise KeyboardInterrupt')\n"
        "__main__.main()\n"
    )
    said = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 130, said.stderr
    assert "interrupted" in said.stderr


def test_a_full_disk_is_said_and_stores_nothing(tmp_path: Path) -> None:
    """A tiny file system of its own stands for the disk; only root can mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        tape = write_tape(tmp_path)
        said = npl(
            "run", tape, "--rules", "TW", "--as-of", "2024-09-30", "--no-pdf",
            "--store", f"sqlite:///{small / 'npl.db'}",
        )  # fmt: skip
        assert said.code == 2
        assert "full" in said.err
        assert "Traceback" not in said.err
    finally:
        subprocess.run(["umount", str(small)], check=False)
