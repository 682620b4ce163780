"""Cases that were decided alike stand together, and no fact of any case is lost on the way."""

from __future__ import annotations

from decimal import Decimal

from printed_pages import DECISIONS, READS, case, text

from npl_reporting.returns.page import CaseBlock, Text
from npl_reporting.returns.treatments import Facts, treatments

SUED, CARD, CARD_DEBT = text("已訴追", "sued"), text("卡", "card"), text("卡款", "card debt")
MONTHS = text("另訂契約後月數", "months since")


def one(id: str, reads: tuple[Text, ...] = (), **more: tuple[Text, ...]) -> CaseBlock:
    return case(1, id=id, reads=reads, **{"no": (), "missing": (), **more})


def yes(fact: Text) -> Text:
    return text(f"{fact['zh-TW']}：是", f"{fact['en']}: yes")


def test_cases_with_the_same_decisions_by_the_same_rules_are_one_treatment() -> None:
    other = case(3, id="other", decisions=DECISIONS[1:], exposures=1, amount=Decimal(5))
    found = treatments([one("a"), other, one("b")]).all
    assert [[told.id for told in treatment.cases] for treatment in found] == [["a", "b"], ["other"]]
    assert [(each.exposures, each.amount) for each in found] == [(14, Decimal(246_912)), (1, 5)]
    assert found[1].decisions == DECISIONS[1:]


def test_what_all_cases_of_a_treatment_share_is_told_once() -> None:
    (treatment,) = treatments([one("a", READS[:3]), one("b", READS[1:4])]).all
    assert treatment.common.reads == READS[1:3]
    assert [told.facts.reads for told in treatment.cases] == [READS[:1], READS[3:4]]


def test_a_case_alone_tells_all_itself() -> None:
    (treatment,) = treatments([one("a", READS)]).all
    assert treatment.common == Facts((), (), ())
    assert treatment.cases[0].facts.reads == READS


def test_a_fact_is_told_once_as_no_where_every_other_case_names_it() -> None:
    found = treatments(
        [
            one("a", no=(SUED, CARD)),
            one("b", (yes(SUED),), no=(CARD,)),
            one("c", missing=(SUED, CARD)),
        ]
    )
    assert found.shared.no == (SUED, CARD)
    assert [told.facts.no for treatment in found.all for told in treatment.cases] == [(), (), ()]


def test_a_fact_that_a_case_is_silent_about_is_told_as_no_case_by_case() -> None:
    found = treatments([one("a", no=(SUED, CARD)), one("b", no=(CARD,))])
    assert found.shared.no == (CARD,)
    assert [told.facts.no for told in found.all[0].cases] == [(SUED,), ()]


def test_a_name_that_only_begins_alike_is_another_fact() -> None:
    found = treatments([one("a", no=(CARD,)), one("b", (yes(CARD_DEBT),))])
    assert found.shared.no == ()
    assert found.all[0].cases[0].facts.no == (CARD,)


def test_what_no_case_knows_is_told_once() -> None:
    found = treatments([one("a", missing=(MONTHS, SUED)), one("b", missing=(MONTHS,))])
    assert found.shared.missing == (MONTHS,)
    assert [told.facts.missing for told in found.all[0].cases] == [(SUED,), ()]


def test_no_cases_are_no_treatments() -> None:
    assert treatments([]).all == ()
