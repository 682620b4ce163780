"""Every reachable combination decided: what `npl rules check` finds, and what it rightly does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulebooks import rulebook

from npl_reporting.engine import Engine
from npl_reporting.portfolio import exhaust
from npl_reporting.portfolio.exhaust import Examined, examine

FACTS = """\
facts:
  days_late: {value: "days_between(oldest_unpaid_due_date, reporting_date)", label: {en: Days late}, unit: days}
  days_sued: {value: "days_between(legal_action_date, reporting_date)", label: {en: Days sued}, unit: days}
  sued: {value: legal_action_date is not null, label: {en: Sued}}
  severity: {value: "outstanding_principal > 1000", label: {en: Large}}
  cover: {value: "coalesce(collateral_value, 0)", label: {en: Cover}, worse: down}
  lost: {value: "coalesce(written_off_amount, 0)", label: {en: Lost}, worse: up}
  pledged: {value: "coalesce(collateral_value, 0) > 0", label: {en: Pledged}, worse: down}
"""
OUTCOMES = "{good: {en: Good}, fair: {en: Fair}, bad: {en: Bad}}"


def decision(rules: dict[str, str], name: str = "status", more: str = "default: good") -> str:
    """A decision in which each rule is written as `outcome when condition`."""
    lines = [f"  - name: {name}", f"    outcomes: {OUTCOMES}", f"    {more}", "    rules:"]
    for rule, text in rules.items():
        then, when = text.split(" when ")
        lines.append(f'      - {{id: {rule}, when: "{when}", then: {then}, cite: norm/1}}')
    return "\n".join(lines) + "\n"


def found(folder: Path, *decisions: str) -> list[Examined]:
    book = rulebook(folder, f"{FACTS}decisions:\n{''.join(decisions)}")
    with Engine(folder) as engine:
        return [*examine(engine, book)]


def weaknesses(folder: Path, *decisions: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Kind, words and example of what is wrong with the last decision."""
    last = found(folder, *decisions)[-1]
    assert last.examined
    return [(one.kind, one.what, one.example) for one in last.weaknesses]


NO_DEFAULT = "default: null"


def test_a_sound_decision_has_no_weakness(tmp_path: Path) -> None:
    """Up to 30, to 90, more than 90 days; sued or not: six combinations."""
    rules = {"a": "fair when days_late > 30", "b": "bad when days_late > 90", "c": "bad when sued"}
    (status,) = found(tmp_path, decision(rules))
    assert (status.combinations, status.examined, status.weaknesses) == (6, True, ())


def test_a_combination_without_an_outcome_is_a_gap(tmp_path: Path) -> None:
    rules = {"a": "fair when days_late < 30", "b": "bad when days_late > 30 or sued"}
    assert weaknesses(tmp_path, decision(rules, more=NO_DEFAULT)) == [
        ("gap", "1 combinations get no outcome", ("Days late: exactly 30 days", "Sued: no"))
    ]


def test_a_missing_value_leaves_a_gap(tmp_path: Path) -> None:
    rules = {"a": "fair when days_sued <= 30", "b": "bad when not days_sued <= 30"}
    assert weaknesses(tmp_path, decision(rules, more=NO_DEFAULT)) == [
        ("gap", "1 combinations get no outcome", ("Days sued: not given",))
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("days_late <= 30", "days_late > 30"),  # an empty due date is not past due
        ("sued", "not sued"),
        ("product_type = 'credit_card'", "product_type <> 'credit_card'"),  # required on a tape
        ("days_sued <= 30", "days_sued is null or days_sued > 30"),
        ("legal_action_date is null", "legal_action_date is not null"),
    ],
)
def test_a_value_that_is_never_missing_leaves_none(one: str, other: str, tmp_path: Path) -> None:
    rules = {"a": f"fair when {one}", "b": f"bad when {other}"}
    assert weaknesses(tmp_path, decision(rules, more=NO_DEFAULT)) == []


def test_a_rule_that_can_never_hold(tmp_path: Path) -> None:
    rules = {"a": "bad when days_late > 90", "b": "fair when days_late > 60 and days_late < 30"}
    assert weaknesses(tmp_path, decision(rules)) == [("never holds", "rule 'b' can never hold", ())]


def test_a_rule_that_never_wins(tmp_path: Path) -> None:
    rules = {"a": "bad when days_late > 30 or sued", "b": "fair when days_late > 60"}
    assert weaknesses(tmp_path, decision(rules)) == [
        ("never wins", "rule 'b' never wins: wherever it holds, a severer rule does too", ())
    ]


def test_two_rules_for_the_same_outcome_both_win(tmp_path: Path) -> None:
    rules = {"a": "bad when days_late > 30", "b": "bad when days_late > 60"}
    assert weaknesses(tmp_path, decision(rules)) == []


def test_an_outcome_that_gets_milder_as_a_loan_gets_later(tmp_path: Path) -> None:
    rules = {"a": "bad when days_late > 30 and days_late <= 90", "b": "fair when days_late > 90"}
    assert weaknesses(tmp_path, decision(rules)) == [
        ("milder", "'bad' becomes 'fair' as 'days_late' grows", ("Days late: more than 90 days",))
    ]


def test_milder_is_judged_with_all_else_the_same(tmp_path: Path) -> None:
    rules = {"a": "bad when sued", "b": "fair when days_late > 30"}
    assert weaknesses(tmp_path, decision(rules)) == []
    rules["c"] = "bad when not sued and days_late > 30 and days_late <= 60"
    (only,) = weaknesses(tmp_path, decision(rules))
    assert only[0] == "milder" and only[2] == ("Days late: more than 60 days", "Sued: no")


@pytest.mark.parametrize(
    ("when", "what", "example"),
    [
        ("cover > 100", "as 'cover' shrinks", "Cover: at most 100"),
        ("lost < 50", "as 'lost' grows", "Lost: 50 or more"),
        ("pledged", "as 'pledged' shrinks", "Pledged: no"),
    ],
)
def test_a_fact_may_say_which_way_is_worse(
    when: str, what: str, example: str, tmp_path: Path
) -> None:
    assert weaknesses(tmp_path, decision({"a": f"bad when {when}"})) == [
        ("milder", f"'bad' becomes 'good' {what}", (example,))
    ]
    contrary = when.translate(str.maketrans("<>", "><")) if "pledged" not in when else "not pledged"
    assert weaknesses(tmp_path, decision({"a": f"bad when {contrary}"})) == []


def test_milder_is_no_question_for_time_that_makes_no_loan_later(tmp_path: Path) -> None:
    rules = {"a": "bad when days_sued <= 30", "b": "fair when days_sued > 30"}
    assert weaknesses(tmp_path, decision(rules)) == []


def test_a_milder_outcome_that_the_law_allows_is_no_weakness(tmp_path: Path) -> None:
    rules = {"a": "bad when days_late > 30 and days_late <= 90"}
    allowed = (
        "default: good\n    milder_allowed: "
        "[{fact: days_late, cite: norm/2, why: {en: The norm says so}}]"
    )
    assert weaknesses(tmp_path, decision(rules, more=allowed)) == []


def test_a_rate_that_gets_lower_as_a_loan_gets_later(tmp_path: Path) -> None:
    rate = """\
  - name: rate
    type: rate
    default: 0.01
    rules:
      - {id: a, when: days_late > 30 and days_late <= 90, then: 0.50, cite: norm/1}
      - {id: b, when: days_late > 90, then: 0.10, cite: norm/2}
"""
    (only,) = weaknesses(tmp_path, rate)
    assert only[:2] == ("milder", "'0.50' becomes '0.10' as 'days_late' grows")


def test_a_combination_without_a_rate_is_a_gap(tmp_path: Path) -> None:
    rate = """\
  - name: rate
    type: rate
    rules:
      - {id: a, when: days_late <= 90 and not sued, then: 0.10, cite: norm/1}
      - {id: b, when: sued, then: 1, cite: norm/2}
"""
    example = ("Days late: more than 90 days", "Sued: no")
    assert weaknesses(tmp_path, rate) == [("gap", "1 combinations get no outcome", example)]


LATE = decision({"a": "fair when days_late > 30", "b": "bad when days_late > 90"})


def test_an_earlier_outcome_comes_only_with_facts_that_lead_to_it(tmp_path: Path) -> None:
    """`bad` means more than 90 days, so three of nine combinations are left, and no gap."""
    covered = {
        "c": "bad when status = 'bad'",
        "d": "fair when status = 'fair' and days_late <= 90",
        "e": "good when status = 'good' and days_late <= 30",
    }
    examined = found(tmp_path, LATE, decision(covered, "accrual", NO_DEFAULT))
    assert [one.combinations for one in examined] == [3, 3]
    assert examined[1].weaknesses == ()


def test_a_rule_that_asks_for_an_outcome_and_what_excludes_it_never_holds(tmp_path: Path) -> None:
    contrary = {"c": "bad when status = 'bad' and days_late <= 30", "d": "fair when sued"}
    assert weaknesses(tmp_path, LATE, decision(contrary, "accrual")) == [
        ("never holds", "rule 'c' can never hold", ())
    ]


def test_an_outcome_that_no_rule_reaches_is_not_expected_later(tmp_path: Path) -> None:
    never_bad = decision({"a": "fair when days_late > 30"})
    later = decision({"c": "bad when status = 'bad'"}, "accrual")
    assert weaknesses(tmp_path, never_bad, later) == [
        ("never holds", "rule 'c' can never hold", ())
    ]


def test_a_gap_is_told_where_it_is_and_not_again(tmp_path: Path) -> None:
    """A case without an outcome stops the run, so no later decision meets one."""
    gap = decision({"a": "fair when days_late > 30"}, more=NO_DEFAULT)
    later = decision({"c": "bad when status = 'fair'"}, "accrual", NO_DEFAULT)
    first, second = found(tmp_path, gap, later)
    assert [one.kind for one in first.weaknesses] == ["gap"] and second.weaknesses == ()


def test_what_is_too_much_to_examine_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exhaust, "MOST_COMBINATIONS", 5)
    rules = {"a": "fair when days_late > 30", "b": "bad when days_late > 90", "c": "bad when sued"}
    (status,) = found(tmp_path, decision(rules))
    assert (status.combinations, status.examined, status.weaknesses) == (6, False, ())


def test_a_decision_after_one_that_was_not_examined_expects_all_its_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exhaust, "MOST_COMBINATIONS", 5)
    large = {"a": "fair when days_late > 30 or sued", "b": "bad when days_late > 90"}
    later = decision({"c": "bad when status = 'bad'"}, "accrual")
    first, second = found(tmp_path, decision(large), later)
    assert not first.examined
    assert (second.combinations, second.examined, second.weaknesses) == (3, True, ())


def test_a_decision_without_rules_gives_its_default(tmp_path: Path) -> None:
    bare = "  - {name: status, outcomes: {good: {en: Good}}, default: good, rules: []}\n"
    (status,) = found(tmp_path, bare)
    assert (status.combinations, status.weaknesses) == (1, ())


def test_a_fact_may_be_called_severity(tmp_path: Path) -> None:
    assert weaknesses(tmp_path, decision({"a": "bad when severity"})) == []


def test_every_weakness_of_a_decision_is_told(tmp_path: Path) -> None:
    rules = {
        "a": "bad when days_late > 30 and days_late <= 60",
        "b": "fair when days_late > 60",
        "c": "good when days_late > 90 and days_late < 30",
        "d": "good when days_late > 60",
    }
    kinds = [kind for kind, _, _ in weaknesses(tmp_path, decision(rules, more=NO_DEFAULT))]
    assert kinds == ["gap", "never holds", "never wins", "milder"]
