"""A bank's own policy on top of the law: what it may say, and that it may only tighten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from exampleland import AS_OF, rulebook, write_tape
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.engine import Engine
from npl_reporting.errors import NplError
from npl_reporting.evidence.coverage import coverage
from npl_reporting.evidence.explain import explain
from npl_reporting.evidence.reopen import archived_rulebook, reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.policy import added_rules, policy_title, with_policy
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.decided import Decided, decide_tape
from npl_reporting.portfolio.examples import run_examples
from npl_reporting.portfolio.sound import read_sound_tape
from npl_reporting.portfolio.tape import TapeSource, Terms
from npl_reporting.portfolio.tightening import refuse_milder
from npl_reporting.request import Request
from npl_reporting.run import run
from npl_reporting.submission.replay import replay

HEAD = """\
title: {en: Credit policy of Example Bank}
sources:
  policy: {title: Credit policy of 2025}
"""
SIXTY = (
    HEAD
    + """\
rules:
  - {decision: status, id: bank-60, when: days_past_due > 60, then: nonperforming, cite: policy/3}
"""
)
COVERED = {
    "  whole: outstanding_principal\n": (
        "  covered: least(coalesce(collateral_value, 0) * counted, outstanding_principal)\n"
        "  open: outstanding_principal - covered\n"
    ),
    "settings:\n": (
        "settings:\n  counted: {value: 0.80, basis: law, why: {en: The norm}}\n"
    ),
    "  - name: minimum_allowance_rate\n    type: rate\n": (
        "  - name: minimum_allowance_rate\n    of: portion\n    type: rate\n"
    ),
    "when: status = 'nonperforming', then: 0.50": (
        "when: status = 'nonperforming' and portion = 'open', then: 0.50"
    ),
}  # fmt: skip
# 0, 75 and 100 days past due.
LOANS = (
    {"outstanding_principal": "100"},
    {"outstanding_principal": "200", "oldest_unpaid_due_date": "2025-07-17"},
    {"outstanding_principal": "400", "oldest_unpaid_due_date": "2025-06-22"},
)


def layered(folder: Path, text: str, law: Rulebook | None = None) -> Rulebook:
    """Exampleland's law with a policy on top."""
    path = folder / "bank.yaml"
    path.write_text(text, encoding="utf-8")
    return with_policy(law or rulebook(folder), path)


def answers(engine: Engine, book: Rulebook, name: str) -> Decided:
    """A rulebook's answers on the tape that the engine holds."""
    return decide_tape(engine, book, engine.columns("exposures"), AS_OF, name)


def refused(
    folder: Path, text: str, rows: Sequence[Mapping[str, object]] = LOANS,
    changes: Mapping[str, str] | None = None,
) -> list[str]:  # fmt: skip
    """What is said against a policy on a tape of these loans; nothing if it only tightens."""
    law = rulebook(folder, "law", changes)
    policy = layered(folder, text, law)
    tape = write_tape(folder / "tape.csv", rows)
    (folder / "work").mkdir()
    with Engine(folder / "work", [tape]) as engine:
        read_sound_tape(engine, TapeSource(tape), Terms(law.columns, "TWD", AS_OF))
        sides = answers(engine, law, "law"), answers(engine, policy, "policy")
        try:
            refuse_milder(engine, *sides, folder / "bank.yaml")
        except NplError as error:
            assert {problem.file for problem in error.problems} == {str(folder / "bank.yaml")}
            assert {problem.remedy for problem in error.problems} == {"a policy may only tighten"}
            return [problem.what for problem in error.problems]
    return []


def test_a_policy_adds_rules_and_sources_to_the_law(tmp_path: Path) -> None:
    book = layered(tmp_path, SIXTY)
    status = book.decisions[0]
    assert [rule.id for rule in status.rules] == ["overdue", "bankruptcy", "bank-60"]
    assert status.rules[-1].citations == ("policy/3",)
    assert added_rules(book) == {("status", "bank-60")}
    assert policy_title(book) == {"en": "Credit policy of Example Bank"}
    assert (policy_title(rulebook(tmp_path)), added_rules(rulebook(tmp_path))) == (
        None,
        frozenset(),
    )


def test_a_policy_may_compute_facts_and_change_settings(tmp_path: Path) -> None:
    text = HEAD + (
        "settings: {grace_days: 5}\n"
        "facts: {large: outstanding_principal >= 1000}\n"
        "rules:\n"
        "  - {decision: status, id: large, when: large and days_past_due > 30,"
        " then: nonperforming, cite: policy/4}\n"
    )
    book = layered(tmp_path, text)
    assert book.settings["grace_days"] == 5
    assert book.changed == {"grace_days"}
    assert "large" in {fact.name for fact in book.facts}


FAULTS = {
    "an unknown key": (
        HEAD + "defaults: {}\n",
        "bank.yaml:4: unknown key 'defaults'; remove it or correct its spelling",
    ),
    "a setting that the law does not have": (
        HEAD + "settings: {grace: 1}\n",
        "bank.yaml:4: the rulebook has no setting 'grace'; its settings: grace_days",
    ),
    "a setting of another kind": (
        HEAD + "settings: {grace_days: none}\n",
        "bank.yaml:4: 'none' is no value of grace_days; its default is 0",
    ),
    "a rule of the law again": (
        SIXTY.replace("bank-60", "overdue"),
        "bank.yaml:5: rule 'overdue' is the law's own; a policy adds rules and replaces none;",
    ),
    "a decision that the law does not take": (
        SIXTY.replace("decision: status", "decision: category"),
        "bank.yaml:5: the rulebook has no decision 'category'; its decisions: status, minimum",
    ),
    "an article of the law": (
        SIXTY.replace("policy/3", "norm/4.1"),
        "bank.yaml:5: rule 'bank-60' cites no source of the policy; name one of its own",
    ),
    "a source of the law": (
        SIXTY.replace("policy:", "norm:").replace("policy/3", "norm/3"),
        "bank.yaml:3: 'norm' is a source of the law; choose another name",
    ),
    "a fact that nobody defined": (
        SIXTY.replace("days_past_due", "days_late"),
        "bank.yaml:5: 'days_late' is not defined",
    ),
    "an outcome that the decision does not have": (
        SIXTY.replace("then: nonperforming", "then: lost"),
        "bank.yaml:5: 'lost' is no outcome; name one of performing, nonperforming",
    ),
    "a fact of the law again": (
        HEAD + "facts: {bankrupt: fraud_date is not null}\n",
        "bank.yaml:4: 'bankrupt' is a fact of the law; choose another name",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_policy_names_file_line_and_remedy(fault: str, tmp_path: Path) -> None:
    text, words = FAULTS[fault]
    with pytest.raises(NplError) as raised:
        layered(tmp_path, text)
    assert words in str(raised.value)


def test_a_setting_given_on_the_call_is_not_for_the_policy(tmp_path: Path) -> None:
    law = load_rulebook(str(rulebook(tmp_path).path), changes={"grace_days": "1"})
    with pytest.raises(NplError, match="setting 'grace_days' is changed by --set too"):
        layered(tmp_path, HEAD + "settings: {grace_days: 2}\n", law)


def test_an_earlier_threshold_tightens(tmp_path: Path) -> None:
    assert refused(tmp_path, SIXTY) == []


def test_days_of_grace_loosen_and_the_exposure_proves_it(tmp_path: Path) -> None:
    """With 15 days of grace E3 is 85 days past due and performs; its allowance falls too."""
    assert refused(tmp_path, HEAD + "settings: {grace_days: 15}\n") == [
        (
            "exposure E3: status would be 'performing' by default instead of 'nonperforming' by "
            "overdue [norm/4.1]"
        ),
        (
            "exposure E3: minimum_allowance_rate would be '0.01' by default instead of '0.5' by "
            "rate-half [norm/7]"
        ),
        "exposure E3: the least allowance would be 4 instead of 200",
    ]


def test_a_severer_outcome_that_exempts_further_on_is_a_loosening(tmp_path: Path) -> None:
    """The law charges nothing on what is watched; a bank that watches more would charge less."""
    watched = {
        "  - name: minimum_allowance_rate\n    type: rate\n    default: 0.01\n": (
            "  - name: attention\n"
            "    outcomes: {usual: {en: Usual}, watched: {en: Watched}}\n"
            "    default: usual\n"
            "    rules:\n"
            "      - {id: fraud, when: fraud_date is not null, then: watched, cite: norm/6}\n"
            "  - name: minimum_allowance_rate\n    type: rate\n    default: 0\n"
        ),
        "when: status = 'nonperforming', then: 0.50": (
            "when: attention = 'usual' and status = 'nonperforming', then: 0.50"
        ),
    }
    text = HEAD + (
        "rules:\n  - {decision: attention, id: late, when: days_past_due > 95, then: watched,"
        " cite: policy/5}\n"
    )
    assert refused(tmp_path, text, changes=watched) == [
        (
            "exposure E3: minimum_allowance_rate would be '0' by default instead of '0.5' by "
            "rate-half [norm/7]"
        ),
        "exposure E3: the least allowance would be 0 instead of 200",
    ]


def test_more_cover_is_a_loosening_though_each_part_is_treated_alike(tmp_path: Path) -> None:
    """Of 400 with collateral of 300, 240 are covered at 80 percent, 270 at 90: 30 less are open."""
    rows = [{**LOANS[2], "collateral_value": "300", "collateral_type": "other"}]
    text = HEAD + "settings: {counted: 0.90}\n"
    assert refused(tmp_path, text, rows, COVERED) == [
        ("exposure E1: of minimum_allowance_rate, 130 instead of 160 would be at least '0.5'"),
        "exposure E1: the least allowance would be 67.7 instead of 82.4",
    ]


def test_less_cover_tightens(tmp_path: Path) -> None:
    rows = [{**LOANS[2], "collateral_value": "300", "collateral_type": "other"}]
    assert refused(tmp_path, HEAD + "settings: {counted: 0.50}\n", rows, COVERED) == []


def test_the_largest_are_named_and_the_others_counted(tmp_path: Path) -> None:
    """Of 25 loans the 20 largest are named for each decision."""
    rows = [{**LOANS[2], "outstanding_principal": str(100 + n)} for n in range(25)]
    words = refused(tmp_path, HEAD + "settings: {grace_days: 15}\n", rows)
    assert words[0].startswith("exposure E25: status would be 'performing'")
    assert words[20] == "status: 25 come out milder, the largest 20 are named"
    assert len(words) == 21 + 21 + 20


def test_a_run_under_a_policy_keeps_the_file_and_says_so(tmp_path: Path) -> None:
    """By 60 days E2 is nonperforming too; the same run without the policy is another run."""
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    law, policy = rulebook(tmp_path).path, tmp_path / "bank.yaml"
    policy.write_text(SIXTY, encoding="utf-8")
    tape = TapeSource(write_tape(tmp_path / "tape.csv", LOANS))
    plain = run(Request(tape, str(law), AS_OF, printed=False), store).run
    strict = run(Request(tape, str(law), AS_OF, policy=policy, printed=False), store).run
    assert plain.id != strict.id
    assert [warning["en"] for warning in strict.warnings] == [
        (
            "On top of the law stands the bank's own policy, which may only tighten it: "
            "Credit policy of Example Bank."
        )
    ]
    (kept,) = (file for file in store.files(strict.id) if file.role == "policy")
    assert store.archive.open_path(kept.sha256).read_text(encoding="utf-8") == SIXTY
    fired = {rule for case in store.cases(strict.id) for rule in case.rules}
    assert fired == {"overdue", "bank-60", "rate-half"}


@pytest.mark.slow
def test_a_run_under_a_policy_is_explained_and_replayed_with_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    policy = tmp_path / "bank.yaml"
    policy.write_text(
        SIXTY.replace("rules:\n", "settings: {grace_days: 0}\nrules:\n"), encoding="utf-8"
    )
    tape = TapeSource(write_tape(tmp_path / "tape.csv", LOANS))
    request = Request(tape, str(rulebook(tmp_path).path), AS_OF, policy=policy, printed=False)
    stored = run(request, store).run
    with reopen(store, stored.id) as again:
        explanation = explain(again.engine, again.rulebook, again.columns, AS_OF, "E2")
    status = explanation.portions[0].decisions[0]
    assert (status.outcome, status.fired) == ("nonperforming", ("bank-60",))
    replayed = replay(store, stored.id)
    assert (replayed.differences, replayed.same) == ((), True)


def test_a_loosening_policy_stops_the_run_and_nothing_is_stored(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    policy = tmp_path / "bank.yaml"
    policy.write_text(HEAD + "settings: {grace_days: 15}\n", encoding="utf-8")
    tape = TapeSource(write_tape(tmp_path / "tape.csv", LOANS))
    request = Request(tape, str(rulebook(tmp_path).path), AS_OF, policy=policy, printed=False)
    with pytest.raises(NplError, match="exposure E3: status would be 'performing' by default"):
        run(request, store)
    assert not (tmp_path / "npl.db").exists()


def test_the_command_takes_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "bank.yaml"
    policy.write_text(SIXTY, encoding="utf-8")
    tape = write_tape(tmp_path / "tape.csv", LOANS)
    call = ["run", str(tape), "--rules", str(rulebook(tmp_path).path), "--as-of", str(AS_OF),
            "--policy", str(policy), "--store", f"sqlite:///{tmp_path}/npl.db"]  # fmt: skip
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0
    assert "warning: On top of the law stands the bank's own policy" in result.stdout


def test_coverage_of_a_run_under_a_policy_counts_its_rules(tmp_path: Path) -> None:
    """The law's examples say nothing of the policy's rules, so that is not held against them."""
    store = Store(f"sqlite:///{tmp_path}/npl.db")
    policy = tmp_path / "bank.yaml"
    policy.write_text(SIXTY, encoding="utf-8")
    tape = TapeSource(write_tape(tmp_path / "tape.csv", LOANS))
    stored = run(
        Request(tape, str(rulebook(tmp_path).path), AS_OF, policy=policy, printed=False), store
    ).run
    book = archived_rulebook(store, stored.id, tmp_path)
    found = coverage(book, run_examples(str(book.path)), store.cases(stored.id))
    assert [(c.rule, c.in_examples, c.portions) for c in found] == [
        ("overdue", True, 1), ("bankruptcy", False, 0), ("bank-60", None, 2), ("rate-half", True, 2),
    ]  # fmt: skip
