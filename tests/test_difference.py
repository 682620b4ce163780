"""What changed between two rule files, each kind of change from a change made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from exampleland import rulebook, write_rules
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.law.difference import difference, excerpts
from npl_reporting.law.shelf import shelf

OVERDUE = "{id: overdue, when: days_past_due > 90, then: nonperforming, cite: norm/4.1}"
CHANGES = {
    "a threshold": (
        "days_past_due > 90",
        "days_past_due > 60",
        "decision status",
        ["rule overdue: threshold Days past due: more than 90 days → Days past due: more than 60 days"],
    ),
    "on the day itself": (
        "days_past_due > 90",
        "days_past_due >= 90",
        "decision status",
        ["rule overdue: threshold Days past due: more than 90 days → Days past due: 90 days or more"],
    ),
    "another condition": (
        "when: bankrupt,",
        "when: bankrupt and days_past_due > 0,",
        "decision status",
        ["rule bankruptcy: condition bankrupt → bankrupt and days_past_due > 0"],
    ),
    "a rate": (
        "then: 0.50",
        "then: 0.455",
        "decision minimum_allowance_rate",
        ["rule rate-half: rate 50 % → 45.5 %"],
    ),
    "an article": (
        "norm/4.2",
        "norm/5",
        "decision status",
        ["rule bankruptcy: article norm/4.2 → norm/5"],
    ),
    "a new outcome": (
        "      performing: {en: Performing}\n",
        "      performing: {en: Performing}\n      watch: {en: Watch}\n",
        "decision status",
        [
            "status: outcomes performing, nonperforming → performing, watch, nonperforming",
            "status: label of watch (en) none → Watch",
        ],
    ),
    "a default": ("default: 0.01", "default: 0.02", "decision minimum_allowance_rate",
                  ["minimum_allowance_rate: default 0.01 → 0.02"]),
    "a rule is gone": (
        f"      - {OVERDUE}\n",
        "",
        "decision status",
        ["rule overdue: gone; was condition days_past_due > 90, outcome nonperforming, article norm/4.1"],
    ),
    "a rule is new": (
        f"      - {OVERDUE}\n",
        (f"      - {OVERDUE}\n      - {{id: fraud, when: fraud_date is not null,"
        " then: nonperforming, cite: norm/4.3}\n"),
        "decision status",
        [
            ("rule fraud: new; condition fraud_date is not null, outcome nonperforming,"
            " article norm/4.3")
        ],
    ),
    "a setting": (
        "value: 0, basis: convention",
        "value: 10, basis: practice",
        "settings",
        ["grace_days: value 0 → 10", "grace_days: basis convention → practice"],
    ),
    "a fact": (
        "bankrupt: bankruptcy_date is not null",
        "bankrupt: bankruptcy_date <= reporting_date",
        "facts",
        ["bankrupt: expression bankruptcy_date is not null → bankruptcy_date <= reporting_date"],
    ),
    "a label": ("{en: Days past due}", "{en: Days late, zh-TW: 逾期日數}", "facts",
                ["days_past_due: label (en) Days past due → Days late",
                 "days_past_due: label (zh-TW) none → 逾期日數"]),
    "a column": (
        "facts:\n  days",
        "columns:\n  reaged: {type: boolean, default: false, meaning: {en: Re-aged}}\nfacts:\n  days",
        "columns",
        ["reaged: new; type boolean, default false"],
    ),
    "an amount": ("amount * minimum_allowance_rate", "amount * minimum_allowance_rate + 1",
                  "amounts",
                  [("minimum_allowance: expression amount * minimum_allowance_rate → amount *"
                   " minimum_allowance_rate + 1")]),
    "the heading": ("effective_from: 2024-01-01", "effective_from: 2025-01-01", "heading",
                    ["XX: effective_from 2024-01-01 → 2025-01-01"]),
    "an example": ("expect: {status: nonperforming, minimum_allowance: 50}",
                   "expect: {status: nonperforming}", "examples",
                   [("ninety-one days are: expect status: nonperforming, minimum_allowance: 50"
                    " → status: nonperforming")]),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_one_change_is_said_and_nothing_else(kind: str, tmp_path: Path) -> None:
    old, new, part, words = CHANGES[kind]
    changes = difference(rulebook(tmp_path), rulebook(tmp_path, "new", {old: new}))
    assert [change.words for change in changes] == words
    assert {change.part for change in changes} == {part}


def test_a_setting_in_place_of_the_same_number_is_a_change_of_words_only(tmp_path: Path) -> None:
    ninety = {
        "when: days_past_due > 90": "when: days_past_due > limit",
        "settings:\n": "settings:\n  limit: {value: 90, basis: law, why: {en: The norm}}\n",
    }
    changes = difference(rulebook(tmp_path), rulebook(tmp_path, "new", ninety))
    assert [change.words for change in changes] == [
        "limit: new; value 90, basis law",
        "rule overdue: condition days_past_due > 90 → days_past_due > limit",
    ]


@pytest.mark.parametrize("path", [found.path for found in shelf()], ids=str)
def test_a_file_does_not_differ_from_itself(path: Path) -> None:
    result = CliRunner().invoke(app, ["rules", "diff", str(path), str(path)])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "nothing changed"


def test_a_long_text_is_cut_to_what_differs() -> None:
    before = "a b c d e f g h i j k l m n o p"
    after = "a b c d e f g H i j k l m n o p"
    assert excerpts(before, after) == ("… d e f g h i j k l …", "… d e f g H i j k l …")
    assert excerpts("a b c", "a B c") == ("a b c", "a B c")
    assert excerpts(before, before + " q") == ("… m n o p", "… m n o p q")


def test_the_command_counts_examples_and_gives_json(tmp_path: Path) -> None:
    new = write_rules(
        tmp_path, "new", {"ninety-one days are": "91 days are", "then: 0.50": "then: 0.60"}
    )
    call = ["rules", "diff", str(write_rules(tmp_path)), str(new)]
    told = CliRunner().invoke(app, call).stdout.splitlines()
    assert told[2:] == [
        "decision minimum_allowance_rate",
        "  rule rate-half: rate 50 % → 60 %",
        "examples: 1 new, 1 gone",
    ]
    first = json.loads(CliRunner().invoke(app, [*call, "--json"]).stdout)[0]
    assert (first["aspect"], first["before"], first["after"]) == ("rate", "50 %", "60 %")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("TW@2011-02-31", "'2011-02-31' is no date; write TW@YYYY-MM-DD"),
        ("nowhere.yaml", "there is no such rule file"),
        ("TW@1999-12-31", "no rulebook of TW was in force on 1999-12-31"),
    ],
)
def test_what_names_no_rule_file_is_refused(reference: str, words: str) -> None:
    result = CliRunner().invoke(app, ["rules", "diff", reference, "TW"])
    assert words in str(result.exception)
