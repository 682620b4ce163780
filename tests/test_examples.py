"""A rule file's own tests: what passes, what fails, and how a failure is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulebooks import decision, write

from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.examples import decide_examples, run_examples

SPLIT = (
    "{secured: 'least(outstanding_principal, coalesce(collateral_value, 0))', "
    "unsecured: outstanding_principal - secured}"
)
BODY = (
    "settings: {allowed: {value: 90, basis: convention, why: {en: Because}}}\n"
    "facts:\n  days_late: days_between(oldest_unpaid_due_date, reporting_date)\n"
    "  days_sued: days_between(legal_action_date, reporting_date)\n"
    "  others: sum_of_debtor(outstanding_principal) - outstanding_principal\n"
    "decisions:\n"
    + decision("status", {"late": "days_late > allowed"})
    + decision("category", {"open": "portion = 'unsecured' and status = 'bad'"}, of="portion")
    + "findings:\n"
    "  - {id: sued-unknown, when: status = 'bad' and days_sued is null, words: {en: Unknown}}\n"
    "  - {id: no-value, when: collateral_value is null, words: {en: No value}}\n"
    "amounts: {required: case when category = 'bad' then amount else 0 end}\n"
)


def examples(*texts: str) -> str:
    return BODY + "examples:\n" + "".join(f"  - {{name: e{n}, {t}}}\n" for n, t in enumerate(texts))


LATE = (
    "given: {oldest_unpaid_due_date: 2024-03-31, reporting_date: 2024-06-30, collateral_value: 60}"
)
ON_TIME = "given: {reporting_date: 2024-06-30}"


@pytest.mark.parametrize(
    "text",
    [
        f"{LATE}, expect: {{status: bad, days_late: 91, amount: 100}}",
        f"{LATE}, expect: {{category: {{secured: good, unsecured: bad}}}}",
        f"{LATE}, expect: {{required: 40}}",
        f"{LATE}, expect: {{required: {{secured: 0, unsecured: 40.00}}}}",
        f"{LATE}, expect: {{status: good}}, settings: {{allowed: 91}}",
        f"{ON_TIME}, expect: {{status: good, days_late: 0, days_sued: null, others: 0}}",
        f"{LATE}, expect: {{findings: [sued-unknown]}}",
        f"{ON_TIME}, expect: {{findings: [no-value]}}",
        f"{LATE}, expect: {{findings: []}}, settings: {{allowed: 91}}",
        f"{ON_TIME}, expect: {{others: 50}}, others: [{{outstanding_principal: 50}}]",
        f"{ON_TIME}, expect: {{others: 0}}, others: [{{debtor_id: D2, outstanding_principal: 50}}]",
    ],
)
def test_an_example_that_holds(text: str, tmp_path: Path) -> None:
    tested = run_examples(str(write(tmp_path, examples(text), SPLIT)))
    assert (tested.examples, tested.failures) == (1, ())


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (f"{LATE}, expect: {{status: good}}", ("status", "good", "bad")),
        (f"{LATE}, expect: {{days_late: 90}}", ("days_late", "90", "91")),
        (f"{LATE}, expect: {{days_late: null}}", ("days_late", "None", "91")),
        (f"{ON_TIME}, expect: {{days_sued: 0}}", ("days_sued", "0", "None")),
        (f"{LATE}, expect: {{findings: []}}", ("findings", "none", "sued-unknown")),
        (f"{ON_TIME}, expect: {{findings: [sued-unknown, no-value]}}",
         ("findings", "no-value, sued-unknown", "no-value")),
        (f"{LATE}, expect: {{required: 100}}", ("required", "100", "40.00")),
        (f"{LATE}, expect: {{category: {{secured: bad}}}}", ("category (secured)", "bad", "good")),
        (f"{LATE}, expect: {{category: bad}}",
         ("category", "bad", "{'secured': 'good', 'unsecured': 'bad'}")),
        (f"{ON_TIME}, expect: {{category: {{secured: good}}}}",
         ("category (secured)", "good", "no portion 'secured'")),
    ],
)  # fmt: skip
def test_an_example_that_fails_says_where_and_what_was_found(
    text: str, failure: tuple[str, str, str], tmp_path: Path
) -> None:
    path = write(tmp_path, examples(f"{ON_TIME}, expect: {{status: good}}", text), SPLIT)
    (only,) = run_examples(str(path)).failures
    assert (only.example, only.name, only.expected, only.found) == ("e1", *failure)
    assert path.read_text(encoding="utf-8").splitlines()[only.line - 1].startswith("  - {name: e1")


def test_a_rule_that_fires_in_no_example_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, examples(f"{ON_TIME}, expect: {{status: good}}"), SPLIT)
    silent = run_examples(str(path)).never_fired(load_rulebook(str(path)))
    assert silent == (("status", "late"), ("category", "open"))


def test_a_rule_may_fire_under_a_changed_setting_or_on_another_loan(tmp_path: Path) -> None:
    other = "others: [{oldest_unpaid_due_date: 2024-06-28, reporting_date: 2024-06-30}]"
    text = f"{ON_TIME}, expect: {{status: good}}, settings: {{allowed: 1}}, {other}"
    path = write(tmp_path, examples(text), SPLIT)
    assert run_examples(str(path)).never_fired(load_rulebook(str(path))) == ()


def test_examples_know_nothing_of_one_another(tmp_path: Path) -> None:
    """The same debtor and exposure in two examples are two debtors and two exposures."""
    texts = (f"{ON_TIME}, expect: {{others: 0}}", f"{LATE}, expect: {{others: 0}}")
    book = load_rulebook(str(write(tmp_path, examples(*texts), SPLIT)))
    assert run_examples(str(book.path)).failures == ()
    chosen = [*decide_examples(book, [book.file.examples[1]])]
    assert [(one.number, len(one.rows)) for one in chosen] == [(1, 2)]
