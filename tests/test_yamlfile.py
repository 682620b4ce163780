"""Strict YAML, and what a malformed rule file says: per mistake the smallest file and the words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import Golden

from npl_reporting.errors import NplError
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.yamlfile import Record, Text, load, parse, read, typed, unquoted

MISTAKES = sorted((Path(__file__).parent / "errors" / "rules").glob("*.yaml"))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_each_mistake_in_a_rule_file_is_told_with_place_and_remedy(
    mistake: Path, golden: Golden
) -> None:
    with pytest.raises(NplError) as caught:
        load_rulebook(str(mistake))
    golden(mistake.with_suffix(".txt"), f"{caught.value}\n")
    assert all(problem.file and problem.line for problem in caught.value.problems)


def test_a_mistake_has_its_words_and_words_their_mistake() -> None:
    folder = MISTAKES[0].parent
    assert {path.stem for path in folder.glob("*.txt")} == {path.stem for path in MISTAKES}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("007", 7),
        ("0.10", Decimal("0.10")),
        ("-2.50", Decimal("-2.50")),
        ("true", True),
        ("false", False),
        ("2024-02-29", date(2024, 2, 29)),
        ("null", None),
        ("~", None),
        ("", None),
        # what YAML 1.1 and loose readers would turn into something else
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("12:30", "12:30"),
        (".5", ".5"),
        ("5.", "5."),
        ("2024-1-5", "2024-1-5"),
        ("2024-01-31 00:00:00", "2024-01-31 00:00:00"),
        ("台灣", "台灣"),
    ],
)
def test_what_a_scalar_without_quotes_says(text: str, value: object) -> None:
    found = unquoted(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["True", "FALSE", "Null", ".inf", "-.INF", ".nan", "1e3", "1.5E-7", "2023-02-29", "2024-13-01"],
)
def test_a_scalar_that_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is ambiguous|there is no day"):
        unquoted(text)


class Sample(Record):
    name: str
    share: Decimal = Decimal(0)
    label: Text | str = ""
    items: tuple[int, ...] = ()


HERE = Path("sample.yaml")


def sample(text: str) -> Sample:
    return typed(parse(text, HERE), Sample)


def test_quoted_scalars_stay_text_and_decimals_keep_their_digits() -> None:
    assert sample('name: "2024-01-31"\nshare: 0.10') == Sample(
        name="2024-01-31", share=Decimal("0.10")
    )
    assert str(sample("name: a\nshare: 0.10").share) == "0.10"
    assert sample("name: |\n  5\n").name == "5\n"


def test_lists_arrive_as_tuples_and_records_are_frozen() -> None:
    found = sample("name: a\nitems: [1, 2]")
    assert found.items == (1, 2)
    with pytest.raises(ValueError, match="frozen"):
        found.name = "b"


def test_nothing_is_converted() -> None:
    with pytest.raises(NplError) as caught:
        sample("name: 5\nshare: 1\nitems: [1, 2.0, x]\nlabel: [a]\n")
    assert str(caught.value).splitlines() == [
        "sample.yaml:1: 'name' is '5'; write text",
        "sample.yaml:2: 'share' is '1'; write a decimal number",
        "sample.yaml:4: 'label' is a list; write a mapping (key: value) or text",
        "sample.yaml:3: 'items.1' is '2.0'; write a whole number",
        "sample.yaml:3: 'items.2' is 'x'; write a whole number",
    ]


def test_a_problem_stands_at_its_line_or_at_the_nearest_around_it() -> None:
    file = parse("rules:\n  - id: a\n    when: b\n  - id: c\n", HERE)
    places: list[tuple[str | int, ...]] = [
        ("rules", 0, "when"), ("rules", 1), ("rules", 1, "cite"), ("rules", 7), ("facts",), (),
    ]  # fmt: skip
    assert [file.problem(place, "is wrong").line for place in places] == [3, 4, 4, 1, 1, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("jurisdiction: 台灣\n".encode("big5"), "is not UTF-8 text; save it as UTF-8"),
        (b"\xff\xfej\x00", "is not UTF-8 text; save it as UTF-8"),
        (b"a: \x07", "not valid YAML"),
        (b"PK\x03\x04", "not valid YAML"),
        (b"a: " + b"[" * 800 + b"]" * 800, "nests too deeply to be read"),
    ],
)
def test_a_file_that_is_not_yaml_text_at_all(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)
    with pytest.raises(NplError, match=words):
        read(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: a\n")
    assert load(path, Sample).name == "a"


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(NplError, match="cannot be read"):
        read(tmp_path / name)
