"""The README of the rules, followed to the letter: its blocks make a jurisdiction that works."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exampleland import write_tape
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.engine import Engine
from npl_reporting.law.columns import column_dictionary
from npl_reporting.law.policy import with_policy
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.examples import run_examples
from npl_reporting.portfolio.tape import TapeSource, Terms, read_tape
from npl_reporting.resources import RULES

README = (RULES / "README.md").read_text(encoding="utf-8")
RULE_FILE = Path("XX/2026-01-01.yaml")
TITLE = "From nothing to a working 120-day jurisdiction with 20 examples"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """The text under a heading, up to the next."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(title: str) -> list[tuple[str, str]]:
    """Language and text of every block of a section, in order."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(section(title))]


@dataclass
class Newcomer:
    """Somebody who pastes every block and types every command, in the current folder."""

    rules: str = ""
    told: dict[str, str] = field(default_factory=dict)

    def follow(self, kind: str, text: str) -> None:
        """Do what one block says."""
        match kind:
            case "yaml":
                self.rules += text
                RULE_FILE.write_text(self.rules, encoding="utf-8")
            case "csv":
                Path("loans.csv").write_text(text, encoding="utf-8")
            case "sh":
                for line in text.splitlines():
                    self.type(line)
            case _:
                raise AssertionError(f"nobody knows what to do with a block of {kind}")

    def type(self, line: str) -> None:
        """Type one command; what is ours runs in this process."""
        name, *words = shlex.split(line)
        if name != "npl":
            subprocess.run(line, shell=True, check=True)
            return
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception}"
        self.told[line] = result.stdout
        if words[:2] == ["rules", "new"]:
            self.rules = RULE_FILE.read_text(encoding="utf-8").splitlines(keepends=True)[0]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A newcomer who has followed the whole tutorial, in the folder where that was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tutorial"))
        person = Newcomer()
        for kind, text in blocks(TITLE):
            person.follow(kind, text)
        yield person


def test_the_tutorial_ends_with_a_jurisdiction_that_works(newcomer: Newcomer) -> None:
    told = newcomer.told
    assert f"{RULE_FILE}: 20 examples passed, 0 failed" in told[f"npl rules test {RULE_FILE}"]
    assert "0 fire in no example" in told[f"npl rules coverage {RULE_FILE}"]
    checked = told[f"npl rules check {RULE_FILE}"]
    assert [line.split(":")[0].strip() for line in checked.splitlines()[1:]] == [
        "status", "category", "minimum_allowance_rate",
    ]  # fmt: skip
    tested = run_examples(str(RULE_FILE))
    assert (tested.examples, tested.failures) == (20, ())
    assert newcomer.rules.startswith("# yaml-language-server: $schema=")


def test_the_tutorials_run_explains_the_loan_of_151_days(newcomer: Newcomer) -> None:
    """From 31 October to 31 March: 30 + 31 + 31 + 28 + 31 days."""
    explained = newcomer.told["npl explain XX-2026-03-31 L3"]
    assert "fired   overdue-120-days: More than 120 days past due [norm/3.1]" in explained
    assert "Days past due  151" in explained


def test_the_tutorials_change_of_law_moves_the_loan_of_44_days(newcomer: Newcomer) -> None:
    diff, moved = list(newcomer.told.values())[-2:]
    assert "days past due: more than 120 days → days past due: more than 30 days" in diff.lower()
    assert "status: 1 exposures move, 500.00 EUR" in moved


def test_the_readmes_policy_stands_on_top_of_the_tutorials_law(newcomer: Newcomer) -> None:
    ((_, text),) = blocks("A bank's own policy")
    Path("bank.yaml").write_text(text, encoding="utf-8")
    book = with_policy(load_rulebook(str(RULE_FILE)), Path("bank.yaml"))
    assert book.settings["observation_days"] == 90
    assert [rule.id for rule in book.decisions[0].rules][-1] == "bank-90-days"
    newcomer.type(
        f"npl run loans.csv --rules {RULE_FILE} --as-of 2026-03-31 --policy bank.yaml --no-pdf"
    )


def test_the_readmes_schedule_leaves_300_of_february(tmp_path: Path) -> None:
    ((_, text),) = blocks("A payment schedule")
    schedule = tmp_path / "schedule.csv"
    schedule.write_text(text, encoding="utf-8")
    tape = write_tape(tmp_path / "tape.csv", [{"exposure_id": "L1"}])
    source = TapeSource(tape, schedule=schedule)
    with Engine(tmp_path, source.files) as engine:
        read_tape(engine, source, Terms(column_dictionary(), "EUR", date(2026, 3, 31)))
        found = engine.rows("SELECT oldest_unpaid_due_date, past_due_amount FROM exposures")
    assert found == [(date(2026, 2, 28), Decimal(300))]


def test_the_quarterly_keys_of_the_readme_are_a_rulebooks(tmp_path: Path) -> None:
    """What the README shows of carried values and findings compiles in a rule file."""
    shown = dict(enumerate(text for _, text in blocks("From quarter to quarter")))
    text = (
        "jurisdiction: XX\ntitle: {en: X}\nauthority: {en: X}\neffective_from: 2026-01-01\n"
        "currency: EUR\nsources: {norm: {title: N}}\nportions: {whole: outstanding_principal}\n"
        "facts:\n  nonperforming_from: "
        "coalesce(nonperforming_since, prior_nonperforming_start, reporting_date)\n"
        "decisions:\n  - name: status\n    outcomes: {performing: {en: P}, nonperforming: {en: N}}\n"
        "    default: performing\n    rules:\n"
        "      - {id: b, when: bankruptcy_date is not null, then: nonperforming, cite: norm/1}\n"
    )
    path = tmp_path / "XX.yaml"
    path.write_text(text + "".join(shown.values()), encoding="utf-8")
    book = load_rulebook(str(path))
    assert list(book.carried) == ["nonperforming_start"]
    assert [found.id for found, _ in book.findings] == ["start-of-spell-unknown"]
