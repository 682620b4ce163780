"""From exposures to decided portions: stages, debtors, portions, amounts, and two evaluators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rulebooks import TODAY, Row, decided, decision, fill, loan, rulebook

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, NplError
from npl_reporting.portfolio.cases import case_id, keys
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.decide import DecisionRules

LATE = decision("status", {"late": "days_late > 90"})
FACTS = "facts: {days_late: 'days_between(oldest_unpaid_due_date, reporting_date)'}\n"


def due(days: int) -> date:
    return date.fromordinal(TODAY.toordinal() - days)


def test_an_exposure_is_decided_by_its_own_facts(tmp_path: Path) -> None:
    book = rulebook(tmp_path, f"{FACTS}decisions:\n{LATE}")
    loans = [
        loan("A", oldest_unpaid_due_date=due(90)),
        loan("B", oldest_unpaid_due_date=due(91)),
        loan("C"),
        loan("D", oldest_unpaid_due_date=due(400)),
    ]
    with decided(tmp_path, book, loans) as found:
        assert found.column("days_late") == [90, 91, 0, 400]
        assert found.column("status") == ["good", "bad", "good", "bad"]
        assert [found.fired(row, "status") for row in found.rows] == [(), ("late",), (), ("late",)]


def test_a_case_counts_its_exposures_and_sums_their_amounts_exactly(tmp_path: Path) -> None:
    book = rulebook(tmp_path, f"{FACTS}decisions:\n{LATE}")
    amounts = ("0.10", "0.20", "9999999999999999.99", "0.01")
    loans = [
        loan(f"E{n}", outstanding_principal=Decimal(amount), oldest_unpaid_due_date=due(days))
        for n, (amount, days) in enumerate(zip(amounts, (0, 5, 91, 92), strict=True))
    ]
    with decided(tmp_path, book, loans) as found:
        assert [(case.exposures, case.amount) for case in found.cases] == [
            (2, Decimal("10000000000000000.00")),
            (2, Decimal("0.30")),
        ]
        assert [case.verdict("status").outcome for case in found.cases] == ["bad", "good"]
        assert [dict(case.bands) for case in found.cases] == [{"days_late": 2}, {"days_late": 1}]


def test_exposures_in_the_same_bands_share_a_case_and_others_do_not(tmp_path: Path) -> None:
    rules = decision("status", {"late": "days_late > 90", "card": "product_type = 'credit_card'"})
    book = rulebook(tmp_path, f"{FACTS}decisions:\n{rules}")
    loans = [
        loan("A", oldest_unpaid_due_date=due(10)),
        loan("B", oldest_unpaid_due_date=due(20), product_type="overdraft"),
        loan("C", oldest_unpaid_due_date=due(20), product_type="credit_card"),
        loan("D", oldest_unpaid_due_date=due(91)),
    ]
    with decided(tmp_path, book, loans) as found:
        a, b, c, d = found.column("case_id")
        assert a == b and len({a, c, d}) == 3


MISSING = """\
facts:
  sued_for: days_between(legal_action_date, reporting_date)
  doubtful: unlikely_to_pay
decisions:
"""


@pytest.mark.parametrize(
    ("when", "given", "missing"),
    [
        ("sued_for > 30", "bad", "good"),
        ("not sued_for <= 30", "bad", "good"),
        ("sued_for <> 30", "bad", "good"),
        ("sued_for is null", "good", "bad"),
        ("doubtful", "bad", "good"),
        ("not doubtful", "good", "good"),
        ("guarantor_type <> 'individual'", "bad", "good"),
        ("guarantor_type not in ('individual')", "bad", "good"),
    ],
)
def test_a_comparison_with_a_missing_value_is_false(
    when: str, given: str, missing: str, tmp_path: Path
) -> None:
    book = rulebook(tmp_path, MISSING + decision("status", {"r": when}))
    full: Row = {"legal_action_date": due(31), "unlikely_to_pay": True, "guarantor_type": "bank"}
    with decided(tmp_path, book, [loan("A", **full), loan("B")]) as found:
        assert found.column("status") == [given, missing]


# ---- over the debtor's exposures, by hand: 100 (sued), 300 and 50 of one debtor, 70 of another
DEBTOR = [
    loan("A", "D1", outstanding_principal=100, legal_action_date=due(9), collateral_value=80),
    loan("B", "D1", outstanding_principal=300, oldest_unpaid_due_date=due(40)),
    loan("C", "D1", outstanding_principal=50, collateral_value=20),
    loan("D", "D2", outstanding_principal=70, oldest_unpaid_due_date=due(5)),
]


@pytest.mark.parametrize(
    ("fact", "one", "other"),
    [
        ("any_of_debtor(legal_action_date is not null)", True, False),
        ("count_of_debtor(outstanding_principal > 60)", 2, 1),
        ("count_of_debtor(collateral_value > 0)", 2, 0),
        ("sum_of_debtor(outstanding_principal)", Decimal(450), Decimal(70)),
        ("sum_of_debtor(collateral_value)", Decimal(100), None),
        ("max_of_debtor(outstanding_principal)", Decimal(300), Decimal(70)),
        ("min_of_debtor(collateral_value)", Decimal(20), None),
        ("max_of_debtor(oldest_unpaid_due_date)", due(40), due(5)),
        ("share_of_debtor(legal_action_date is not null, outstanding_principal)",
         Decimal("0.222222222222222222"), Decimal(0)),  # 100 / 450, cut
        ("share_of_debtor(outstanding_principal > 60, collateral_value)", Decimal("0.8"), None),
        ("sum_of_debtor(outstanding_principal) - outstanding_principal", None, Decimal(0)),
        ("max_of_debtor(days_between(oldest_unpaid_due_date, reporting_date))", 40, 5),
    ],
)  # fmt: skip
def test_a_value_over_the_debtors_exposures(
    fact: str, one: object, other: object, tmp_path: Path
) -> None:
    book = rulebook(
        tmp_path, f'facts: {{x: "{fact}"}}\ndecisions:\n' + decision("status", {"r": "x is null"})
    )
    with decided(tmp_path, book, DEBTOR) as found:
        *first, last = found.column("x")
        assert last == other
        if " - " in fact:
            assert first == [350, 150, 400]
        else:
            assert first == [one] * 3


def share_bad(of: str) -> str:
    return f"share_of_debtor({of} = 'bad', outstanding_principal)"


STAGES = (
    f"{FACTS}decisions:\n{LATE}"
    + decision(
        "category",
        {"tainted": "bad_share > 0.20", "late": "status = 'bad'"},
        {"bad_share": share_bad("status")},
    )
    + decision(
        "group",
        {"bad": "worst_share >= 0.5 and status = 'good'"},
        {"worst_share": share_bad("category")},
    )
)


def test_a_fact_over_outcomes_waits_for_them(tmp_path: Path) -> None:
    """20 of 100 is not more than 20 %, 21 of 101 is; a third stage reads the second."""
    book = rulebook(tmp_path, STAGES)
    assert [[d.name for d in stage.decisions] for stage in book.stages] == [
        ["status"], ["category"], ["group"],
    ]  # fmt: skip
    loans = [
        loan("A", "D1", outstanding_principal=20, oldest_unpaid_due_date=due(91)),
        loan("B", "D1", outstanding_principal=80),
        loan("C", "D2", outstanding_principal=21, oldest_unpaid_due_date=due(91)),
        loan("D", "D2", outstanding_principal=80),
    ]
    with decided(tmp_path, book, loans) as found:
        assert found.column("status") == ["bad", "good", "bad", "good"]
        assert found.column("bad_share")[:2] == [Decimal("0.2")] * 2
        assert found.column("category") == ["bad", "good", "bad", "bad"]
        assert found.column("worst_share")[1:3] == [Decimal("0.2"), Decimal(1)]
        assert found.column("group") == ["good", "good", "good", "bad"]
        fired = [found.fired(row, "category") for row in found.rows]
        assert fired == [("late",), (), ("tainted", "late"), ("tainted",)]


# ---- portions
SPLIT = (
    "{secured: 'least(outstanding_principal, coalesce(collateral_value, 0))', "
    "unsecured: outstanding_principal - secured}"
)
PORTIONS = "decisions:\n" + decision("status", {"open": "portion = 'unsecured'"}, of="portion")


@pytest.mark.parametrize(
    ("principal", "collateral", "portions"),
    [
        (100, 60, {"secured": 60, "unsecured": 40}),
        (100, 100, {"secured": 100}),
        (100, 150, {"secured": 100}),
        (100, 0, {"unsecured": 100}),
        (100, None, {"unsecured": 100}),
        (0, 60, {"unsecured": 0}),  # nothing at all: the last remains
        (0, None, {"unsecured": 0}),
        (Decimal("0.01"), Decimal("0.01"), {"secured": Decimal("0.01")}),
    ],
)
def test_the_portions_of_an_exposure(
    principal: Decimal, collateral: Decimal | None, portions: Mapping[str, Decimal], tmp_path: Path
) -> None:
    book = rulebook(tmp_path, PORTIONS, SPLIT)
    given = loan(outstanding_principal=principal, collateral_value=collateral)
    with decided(tmp_path, book, [given]) as found:
        assert {row["portion"]: row["amount"] for row in found.rows} == portions
        assert found.column("first_portion") == [True, False][: len(portions)]
        expected = ["bad" if portion == "unsecured" else "good" for portion in portions]
        assert found.column("status") == expected
        assert sum(case.amount for case in found.cases) == principal


def test_an_exposure_decision_is_the_same_on_both_portions_and_counted_once(tmp_path: Path) -> None:
    """Exposures of 100 (60 covered) and 300: one of two is bad, 100 of 400, 40 of 340 uncovered."""
    facts = {
        "bad_ones": "count_of_debtor(status = 'bad')",
        "bad_share": share_bad("status"),
        "bad_part": "share_of_debtor(status = 'bad' and portion = 'unsecured', amount)",
    }
    body = (
        "decisions:\n"
        + decision("status", {"sued": "legal_action_date is not null"})
        + decision("counted", {"r": "bad_ones = 1 and bad_share = 0.25 and bad_part = 0.10"}, facts)
    )
    book = rulebook(tmp_path, body, SPLIT)
    loans = [
        loan("A", collateral_value=60, legal_action_date=due(1)),
        loan("B", outstanding_principal=300),
    ]
    with decided(tmp_path, book, loans) as found:
        assert found.column("portion") == ["secured", "unsecured", "unsecured"]
        assert found.column("status") == ["bad", "bad", "good"]
        assert found.column("bad_ones") == [1, 1, 1]
        assert found.column("bad_share") == [Decimal("0.25")] * 3
        assert found.column("bad_part") == [Decimal("0.1")] * 3  # 40 of 400
        assert found.column("counted") == ["bad", "bad", "bad"]
        assert found.column("first_portion") == [True, False, True]


def test_a_fact_of_the_portion_is_known_once_portions_are(tmp_path: Path) -> None:
    facts = {"large": "amount > 50", "covered": "portion = 'secured'"}
    body = "decisions:\n" + decision("status", {"r": "large and covered"}, facts, of="portion")
    book = rulebook(tmp_path, body, SPLIT)
    with decided(
        tmp_path, book, [loan("A", collateral_value=60), loan("B", collateral_value=40)]
    ) as found:
        assert found.column("status") == ["bad", "good", "good", "good"]


# ---- rates, amounts, settings
RATES = """\
settings: {penalty: {value: 0.25, basis: convention, why: {en: Because}}, fee: {value: 3, basis: convention, why: {en: Because}}}
decisions:
  - name: rate
    of: portion
    type: rate
    default: 0.005
    rules:
      - {id: some, when: outstanding_principal > 100, then: 0.10, cite: norm/1}
      - {id: sued, when: legal_action_date is not null, then: penalty, cite: norm/2}
      - {id: large, when: outstanding_principal > 1000, then: 1, cite: norm/3}
amounts:
  minimum: amount * rate
  with_fee: minimum + fee
  heavy: case when rate >= 0.25 then amount else 0 end
"""


@pytest.mark.parametrize(
    ("given", "rate", "amounts"),
    [
        ({"outstanding_principal": 100}, "0.005", ("0.5", "3.5", "0")),
        ({"outstanding_principal": Decimal("100.01")}, "0.1", ("10.001", "13.001", "0")),
        ({"outstanding_principal": 200, "legal_action_date": due(1)}, "0.25", ("50", "53", "200")),
        ({"outstanding_principal": 2000, "legal_action_date": due(1)}, "1", ("2000", "2003", "2000")),
        ({"outstanding_principal": Decimal("9999999999999999.99")}, "1",
         ("9999999999999999.99", "10000000000000002.99", "9999999999999999.99")),
    ],
)  # fmt: skip
def test_the_largest_rate_wins_and_amounts_follow_exactly(
    given: Row, rate: str, amounts: tuple[str, ...], tmp_path: Path
) -> None:
    with decided(tmp_path, rulebook(tmp_path, RATES), [loan(**given)]) as found:
        (row,) = found.rows
        assert row["rate"] == Decimal(rate)
        assert tuple(row[n] for n in ("minimum", "with_fee", "heavy")) == tuple(
            map(Decimal, amounts)
        )


def test_a_changed_setting_changes_rate_and_amount(tmp_path: Path) -> None:
    book = rulebook(tmp_path, RATES, penalty="0.5", fee="0")
    with decided(tmp_path, book, [loan(legal_action_date=due(1))]) as found:
        assert (found.rows[0]["rate"], found.rows[0]["with_fee"]) == (Decimal("0.5"), Decimal(50))


# ---- two evaluators


def test_a_difference_between_the_evaluators_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """durable-rules is made to forget one rule in one case; SQL does not follow."""
    right = DecisionRules.fired

    def wrong(rules: DecisionRules, bands: Mapping[str, int]) -> frozenset[str]:
        return right(rules, bands) - ({"late"} if bands["days_late"] == 2 else set())

    monkeypatch.setattr(DecisionRules, "fired", wrong)
    book = rulebook(tmp_path, f"{FACTS}decisions:\n{LATE}")
    on_time = [loan("A", oldest_unpaid_due_date=due(90))]
    with decided(tmp_path, book, on_time, small=False) as found:
        assert found.column("status") == ["good"]
    (tmp_path / "work.duckdb").unlink()
    late = loan("B", oldest_unpaid_due_date=due(91))
    with pytest.raises(DataError) as caught, decided(tmp_path, book, [*on_time, late]):
        pass
    assert str(caught.value) == (
        "the two evaluators differ on decision 'status' for exposure B: durable-rules good by "
        "no rule; SQL bad by late; nothing was stored; report this with the rule file"
    )


def test_a_rule_that_fires_without_winning_is_compared_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = DecisionRules.fired
    monkeypatch.setattr(DecisionRules, "fired", lambda r, b: right(r, b) - {"second"})
    rules = decision("status", {"late": "days_late > 90", "second": "days_late > 30"})
    book = rulebook(tmp_path, f"{FACTS}decisions:\n{rules}")
    with (
        pytest.raises(DataError, match="durable-rules bad by late; SQL bad by late, second"),
        decided(tmp_path, book, [loan(oldest_unpaid_due_date=due(91))]),
    ):
        pass


def test_every_decision_that_differs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DecisionRules, "fired", lambda rules, bands: frozenset())
    two = LATE + decision("accrual", {"stops": "days_late > 30"})
    book = rulebook(tmp_path, f"{FACTS}decisions:\n{two}")
    loans = [loan("A", oldest_unpaid_due_date=due(31)), loan("B", oldest_unpaid_due_date=due(91))]
    with pytest.raises(DataError) as caught, decided(tmp_path, book, loans):
        pass
    assert len(caught.value.problems) == 3 and caught.value.exit_code == 1


def test_a_case_without_an_outcome_is_refused(tmp_path: Path) -> None:
    body = f"{FACTS}decisions:\n{LATE}".replace("    default: good\n", "")
    book = rulebook(tmp_path, body)
    with decided(tmp_path, book, [loan(oldest_unpaid_due_date=due(91))], small=False) as found:
        assert found.column("status") == ["bad"]
    (tmp_path / "work.duckdb").unlink()
    with (
        pytest.raises(NplError, match="no rule of decision 'status' holds in a case"),
        decided(tmp_path, book, [loan(oldest_unpaid_due_date=due(90))]),
    ):
        pass


# ---- keys, ids and order


def many_facts(number: int) -> str:
    """Decisions that read many amounts, each with nine bands."""
    facts = "".join(f"  x{n}: outstanding_principal - {n}\n" for n in range(number))
    rules = {f"r{n}": " and ".join(f"x{n} <> {t}" for t in range(4)) for n in range(number)}
    return f"facts:\n{facts}decisions:\n{decision('status', rules)}"


@pytest.mark.parametrize(
    ("facts", "kind"),
    [(18, "BIGINT"), (19, "HUGEINT"), (37, "HUGEINT")],  # 10^18 < 2^62 < 10^19; 10^37 < 2^126
)
def test_a_long_key_is_counted_in_a_wider_number(facts: int, kind: str, tmp_path: Path) -> None:
    book = rulebook(tmp_path, many_facts(facts))
    assert keys(book)[0].size == 10**facts
    loans = [loan(f"E{n}", outstanding_principal=n) for n in range(60)]
    with decided(tmp_path, book, loans) as found:
        assert found.engine.columns("cases_0")["case_key"] == kind
        assert len(found.cases) > facts
        wrong = [
            row for row in found.rows
            if set(found.fired(row, "status")) != {
                f"r{n}" for n in range(facts) if row["outstanding_principal"] - n not in range(4)
            }
        ]  # fmt: skip
        assert wrong == []


def test_a_key_that_no_number_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NplError, match=r"the rules read 1\.0e\+38 combinations .* compare fewer"):
        keys(rulebook(tmp_path, many_facts(38)))


def test_a_key_is_read_back_as_bands(tmp_path: Path) -> None:
    first, second, third = keys(rulebook(tmp_path, STAGES))
    assert (first.size, second.size, third.size) == (3, 3 * 3, 3 * 3 * 3)
    assert first.decode(2) == (0, {"days_late": 2})
    assert second.decode(2 * 3 + 1) == (2, {"bad_share": 1})
    assert third.decode(7 * 3 + 2) == (7, {"worst_share": 2})


@pytest.mark.parametrize(
    ("key", "text"), [(0, "0"), (1, "1"), (31, "Z"), (32, "10"), (32**3 + 18, "100J"), (2**100, "1" + "0" * 20)]
)  # fmt: skip
def test_a_case_id_has_no_letters_that_look_alike(key: int, text: str) -> None:
    assert case_id(key) == text
    assert not set("ILOU") & set("".join(case_id(n) for n in range(40)))


def ids(folder: Path, loans: list[Row], *, threads: int, small: bool = False) -> dict[str, Any]:
    book = rulebook(folder, STAGES)
    folder.mkdir(exist_ok=True)
    with Engine(folder, threads=threads, small=small) as engine:
        cases = classify(engine, book, fill(engine, book, loans), TODAY)
        found = {r["exposure_id"]: r["case_id"] for r in engine.records(f"SELECT * FROM {TREATED}")}
    return {"cases": [(c.id, c.exposures, c.amount) for c in cases], **found}


def test_cases_and_ids_depend_on_neither_row_order_nor_threads(tmp_path: Path) -> None:
    loans: list[Row] = [
        loan(
            f"E{n}",
            f"D{n % 40}",
            outstanding_principal=1 + n % 7,
            oldest_unpaid_due_date=due(n % 120),
        )
        for n in range(3000)
    ]
    folders = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
    once = ids(folders[0], loans, threads=1)
    assert ids(folders[1], loans, threads=4) == once
    assert ids(folders[2], [*reversed(loans)], threads=2) == once
    assert ids(folders[3], loans, threads=1, small=True) == once


def test_a_portfolio_without_exposures_has_no_cases(tmp_path: Path) -> None:
    book = rulebook(tmp_path, STAGES)
    with Engine(tmp_path) as engine:
        fill(engine, book, [loan()])
        engine.execute("DELETE FROM exposures")
        assert classify(engine, book, ["outstanding_principal"], TODAY) == ()
        assert engine.value(f"SELECT count(*) FROM {TREATED}") == 0


def test_a_column_that_the_tape_lacks_is_missing_or_has_its_default(tmp_path: Path) -> None:
    body = (
        "columns:\n  dunned: {type: boolean, default: true, meaning: {en: Dunned}}\n"
        "  auctions: {type: integer, meaning: {en: Auctions}}\ndecisions:\n"
        + decision("status", {"r": "dunned and auctions is null and collateral_value is null"})
    )
    with decided(tmp_path, rulebook(tmp_path, body), [loan()]) as found:
        (row,) = found.rows
        assert (row["dunned"], row["auctions"], row["status"]) == (True, None, "bad")
        assert row["reporting_date"] == TODAY
