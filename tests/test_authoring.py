"""For whoever writes rule files: the schema, a file to fill in, and which rules ever fire."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import Golden
from exampleland import AS_OF, rulebook, write_rules, write_tape
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store
from npl_reporting.law.rulefile import RuleFile
from npl_reporting.law.schema import rule_schema
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.skeleton import write_skeleton
from npl_reporting.money import currency_of
from npl_reporting.portfolio.examples import run_examples
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.resources import RULES
from npl_reporting.run import run


def npl(*call: object) -> tuple[int, str]:
    """Call the program; its exit code and what it printed."""
    result = CliRunner().invoke(app, [str(word) for word in call])
    return result.exit_code, result.stdout


def test_the_committed_schema_is_current(golden: Golden) -> None:
    golden(RULES / "schema.json", npl("rules", "schema")[1])


def test_the_schema_knows_every_key_and_refuses_others() -> None:
    schema = rule_schema()
    assert set(schema["properties"]) == set(RuleFile.model_fields)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) >= {"jurisdiction", "effective_from", "sources", "decisions"}
    assert all(record["additionalProperties"] is False for record in schema["$defs"].values())
    names: dict[str, Any] = schema["properties"]["settings"]
    assert names["additionalProperties"] is False
    assert list(names["patternProperties"]) == ["^[a-z][a-z0-9_]*$"]


def test_the_schema_completes_the_columns_of_an_example() -> None:
    given = rule_schema()["$defs"]["Example"]["properties"]["given"]["properties"]
    assert given["reporting_date"]["format"] == "date"
    assert given["outstanding_principal"]["type"] == ["number", "null"]
    assert given["bankruptcy_date"]["description"]


@pytest.mark.parametrize(
    ("name", "currency"), [("TW", "TWD"), ("JP/insurer", "JPY"), ("EXAMPLE", "XXX")]
)
def test_a_new_file_is_sound_but_its_examples_wait(
    name: str, currency: str, tmp_path: Path
) -> None:
    path = write_skeleton(name, date(2026, 1, 1), folder=tmp_path)
    assert path == tmp_path / name / "2026-01-01.yaml"
    file = load_rulebook(str(path)).file
    assert (file.currency, file.effective_from) == (currency, date(2026, 1, 1))
    assert "/".join(filter(None, (file.jurisdiction, file.variant))) == name
    tested = run_examples(str(path))
    assert {failure.name for failure in tested.failures} == {"status", "minimum_allowance"}
    assert "TODO" in path.read_text(encoding="utf-8")


def test_a_new_file_points_editors_to_the_schema(tmp_path: Path) -> None:
    path = write_skeleton("XX", date(2026, 1, 1), folder=tmp_path)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    place = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / place).resolve() == (RULES / "schema.json").resolve()


@pytest.mark.parametrize(
    ("name", "currency", "words"),
    [
        ("xx", None, "'xx' is no name of a jurisdiction; write capitals such as XX"),
        ("../XX", None, "'../XX' is no name of a jurisdiction"),
        ("XX", "EURO", "'EURO' is no ISO 4217 currency; write one such as EUR"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(
    name: str, currency: str | None, words: str, tmp_path: Path
) -> None:
    with pytest.raises(NplError, match=words.replace(".", r"\.")):
        write_skeleton(name, date(2026, 1, 1), currency, tmp_path)


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = write_skeleton("XX", date(2026, 1, 1), folder=tmp_path)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(NplError, match="is there already; edit it, or take another date"):
        write_skeleton("XX", date(2026, 1, 1), folder=tmp_path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_the_command_says_what_comes_next(tmp_path: Path) -> None:
    code, told = npl("rules", "new", "XX", "--from", "2026-01-01", "--folder", tmp_path)
    assert code == 0
    assert [line.strip() for line in told.splitlines()] == [
        f"wrote {tmp_path}/XX/2026-01-01.yaml",
        "fill in what is marked TODO, until these find nothing:",
        f"npl rules test {tmp_path}/XX/2026-01-01.yaml",
        f"npl rules check {tmp_path}/XX/2026-01-01.yaml",
    ]


def test_the_currency_of_a_territory() -> None:
    assert (currency_of("IN"), currency_of("XX")) == ("INR", None)


def test_a_rule_that_fires_in_no_example_is_named(tmp_path: Path) -> None:
    """Exampleland's examples have no bankruptcy."""
    code, told = npl("rules", "coverage", write_rules(tmp_path))
    assert code == 1
    assert told.splitlines() == [
        "3 rules",
        "1 fire in no example",
        "  bankruptcy of status",
    ]


def test_what_fired_in_a_run_is_counted_with_its_amount(tmp_path: Path) -> None:
    """Two of three loans are 200 days late: 100 and 300."""
    rows = [
        {"oldest_unpaid_due_date": "2025-03-14"},
        {"oldest_unpaid_due_date": "2025-03-14", "outstanding_principal": "300"},
        {"oldest_unpaid_due_date": ""},
    ]
    tape = write_tape(tmp_path / "tape.csv", rows)
    store = f"sqlite:///{tmp_path}/npl.db"
    request = Request(TapeSource(tape), str(write_rules(tmp_path)), AS_OF, printed=False)
    finished = run(request, Store(store))
    code, told = npl("rules", "coverage", "--run", finished.run.id, "--store", store, "--json")
    assert code == 1
    found = [
        (rule["rule"], rule["in_examples"], rule["in_run"], rule["portions"], rule["amount"])
        for rule in json.loads(told)
    ]
    assert found == [
        ("overdue", True, True, 2, "400"),
        ("bankruptcy", False, False, 0, "0"),
        ("rate-half", True, True, 2, "400"),
    ]


def test_coverage_of_nothing_is_refused() -> None:
    result = CliRunner().invoke(app, ["rules", "coverage"])
    assert "nothing to look at; name a rule file, a run, or both" in str(result.exception)


def test_exampleland_stands_as_the_tests_know_it(tmp_path: Path) -> None:
    assert not run_examples(str(rulebook(tmp_path).path)).failures
