"""Every check of every report holds on a sound book, and fails where something is other than it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from golden import FOLDER, SOUND, Failing, alive, failing_of
from golden_checks import idle, state
from small_book import Book, classified

BOOKS = [folder.name for folder in SOUND]
FAILING = [(book.name, failing) for book in SOUND for failing in failing_of(book)]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Book]]:
    """The books on which every check holds, by name, each classified once."""
    with ExitStack() as stack:

        @cache
        def opened(name: str) -> Book:
            work = tmp_path_factory.mktemp("sound")
            return stack.enter_context(classified(FOLDER / name, work))

        yield opened


Books = Callable[[str], Book]


@pytest.mark.parametrize("name", BOOKS)
def test_every_check_holds_on_a_sound_book(name: str, books: Books) -> None:
    assert [result for result in books(name).results if result.state != "passed"] == []


@pytest.mark.parametrize("name", BOOKS)
def test_every_check_has_a_book_on_which_it_fails(name: str, books: Books) -> None:
    checks = {f"{result.report}/{result.id}" for result in books(name).results}
    assert checks == {failing.check for book, failing in FAILING if book == name}


@pytest.mark.parametrize("name", BOOKS)
def test_no_check_holds_over_zeros_alone(name: str, books: Books) -> None:
    """What is all zero in the sound book is not in a golden book of the report."""
    assert set(idle(books(name))) - alive(name.split(".")[0]) == set()


@pytest.mark.parametrize(
    ("name", "failing"), FAILING, ids=[f"{book}-{failing.check}" for book, failing in FAILING]
)
def test_a_check_fails_where_something_is_other(name: str, failing: Failing, books: Books) -> None:
    assert state(books(name), failing) == "failed"
