"""Cases that were decided alike stand together, and no fact of any case is lost on the way."""

from __future__ import annotations

from decimal import Decimal

from printed_pages import DECISIONS, READS, case, text

from npl_reporting.returns.page import CaseBlock, Text
from npl_reporting.returns.treatments import Facts, treatments

SUED, CARD, CARD_DEBT = text("已訴追", "sued"), text("卡", "card"), text("卡款", "card debt")
MONTHS = text("另訂契約後月數", "months since")
NOTHING = Facts((), (), ())


def one(id: str, reads: tuple[Text, ...] = (), **more: tuple[Text, ...]) -> CaseBlock:
    return case(1, id=id, reads=reads, **{"no": (), "missing": (), **more})


def read(id: str, **values: str) -> CaseBlock:
    """A case with these facts: 'no', 'missing', or a value."""
    said = {name: value for name, value in values.items() if value not in ("no", "missing")}
    return one(
        id,
        tuple(text(f"{name}：{value}", f"{name}: {value}") for name, value in said.items()),
        names=tuple(text(name, name) for name in said),
        no=tuple(text(name, name) for name in values if values[name] == "no"),
        missing=tuple(text(name, name) for name in values if values[name] == "missing"),
    )


def states(*all_facts: Facts) -> dict[str, str]:
    """Each fact and how it stands; what is told later counts."""
    found: dict[str, str] = {}
    for facts in all_facts:
        found |= dict(each["en"].split(": ") for each in facts.reads)
        found |= {each["en"]: "no" for each in facts.no}
        found |= {each["en"]: "missing" for each in facts.missing}
    return found


def test_cases_with_the_same_decisions_by_the_same_rules_are_one_treatment() -> None:
    other = case(3, id="other", decisions=DECISIONS[1:], exposures=1, amount=Decimal(5))
    found = treatments([one("a"), other, one("b")]).all
    assert [[told.id for told in treatment.cases] for treatment in found] == [["a", "b"], ["other"]]
    assert [(each.exposures, each.amount) for each in found] == [(14, Decimal(246_912)), (1, 5)]
    assert [answer.outcome for answer in found[1].answers] == [d.outcome for d in DECISIONS[1:]]


def test_a_rule_is_told_once_and_named_by_its_number() -> None:
    found = treatments([one("a"), case(3, id="b", decisions=DECISIONS[1:])])
    legend = {each.number: each.rule.id for part in found.legend for each in part.rules}
    assert legend == {
        1: "overdue-3-months", 2: "covered-1-12", 3: "watch-other", 4: "uncovered-3-6", 5: "rate-3",
    }  # fmt: skip
    for treatment in found.all:
        for answer in treatment.answers:
            assert all(legend[each.number] == each.rule.id for each in answer.rules)


def test_a_decision_without_a_rule_is_not_in_the_legend() -> None:
    labels = [decision.label for decision in DECISIONS if decision.rules]
    assert [part.decision for part in treatments([one("a")]).legend] == labels


def test_what_all_cases_of_a_treatment_share_is_told_once() -> None:
    other = case(3, id="c", reads=(), no=(), missing=(), decisions=DECISIONS[1:])
    treatment = treatments([one("a", READS[:3]), one("b", READS[1:4]), other]).all[0]
    assert treatment.common.reads == READS[1:3]
    assert [told.facts.reads for told in treatment.cases] == [READS[:1], READS[3:4]]


def test_a_case_alone_tells_all_itself() -> None:
    (treatment,) = treatments([one("a", READS)]).all
    assert treatment.common == NOTHING
    assert treatment.cases[0].facts.reads == READS


def test_how_a_fact_stands_in_most_cases_is_told_once() -> None:
    found = treatments([
        read("a", sued="no", months="3"),
        read("b", sued="yes", months="3"),
        read("c", sued="no", months="missing"),
    ])  # fmt: skip
    assert states(found.usual) == {"sued": "no", "months": "3"}
    told = [states(each.facts) for each in found.all[0].cases]
    assert told == [{}, {"sued": "yes"}, {"months": "missing"}]


def test_what_half_of_the_cases_have_is_not_usual() -> None:
    found = treatments([read("a", sued="no"), read("b", sued="yes")])
    assert found.usual == NOTHING


def test_a_fact_that_a_case_is_silent_about_is_told_case_by_case() -> None:
    found = treatments([one("a", no=(SUED, CARD)), one("b", no=(SUED, CARD)), one("c", no=(CARD,))])
    assert found.usual.no == (CARD,)
    assert [told.facts.no for told in found.all[0].cases] == [(SUED,), (SUED,), ()]


def test_a_name_that_only_begins_alike_is_another_fact() -> None:
    found = treatments([read("a", card="no"), read("b", card="no"), one("c", no=(CARD_DEBT,))])
    assert found.usual == NOTHING


def test_what_no_case_knows_is_told_once() -> None:
    found = treatments([one("a", missing=(MONTHS, SUED)), one("b", missing=(MONTHS,))])
    assert found.usual.missing == (MONTHS,)
    assert [told.facts.missing for told in found.all[0].cases] == [(SUED,), ()]


def test_every_fact_of_every_case_can_be_read_back() -> None:
    values = ("no", "yes", "missing", "more than 3")
    facts = [
        {f"f{place}": values[(number * place + number // 3) % 4] for place in range(1, 8)}
        for number in range(40)
    ]
    cases = [
        case(1, **{**_fields(read(str(n), **each)), "decisions": DECISIONS[n % 3 :]})
        for n, each in enumerate(facts)
    ]
    found = treatments(cases)
    told = {
        case.id: states(found.usual, treatment.common, case.facts)
        for treatment in found.all
        for case in treatment.cases
    }
    assert told == {str(number): each for number, each in enumerate(facts)}


def _fields(block: CaseBlock) -> dict[str, object]:
    return {name: getattr(block, name) for name in ("id", "reads", "names", "no", "missing")}


def test_no_cases_are_no_treatments() -> None:
    found = treatments([])
    assert (found.all, found.usual, found.legend) == ((), NOTHING, ())
