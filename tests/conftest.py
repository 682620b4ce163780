"""Expected files: compared in every run, rewritten by `pytest --update-golden`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the expected files."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite expected files; review the diff"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with the expected file, or rewrite the file when asked to."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(expected: Path, text: str) -> None:
        if update:
            expected.parent.mkdir(parents=True, exist_ok=True)
            expected.write_text(text, encoding="utf-8")
        assert expected.is_file(), f"{expected.name} is missing; pytest --update-golden writes it"
        assert text == expected.read_text(encoding="utf-8")

    return compare
