"""The survey of negative equity as a page, with its series over quarters."""

from __future__ import annotations

from collections.abc import Sequence

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.equity import Survey
from npl_reporting.disposal.frame import code_label, page_of
from npl_reporting.disposal.series import Surveys
from npl_reporting.disposal.setting import count, head, line, money, percent, plain, table, words
from npl_reporting.returns.page import Bar, Chart, Figure, Head, Page, Shown, Text


def survey(desk: Desk, found: Surveys, quarters: Sequence[Survey]) -> Page:
    """Homes in negative equity, the quarters before, and every other kind of collateral."""
    heads = _heads()
    kinds = [line(k, code_label(desk, k), _cells(one)) for k, one in found.kinds.items()]
    series = [line(str(q.day), plain(str(q.day)), _cells(q)) for q in quarters]
    return page_of(
        desk, "negative_equity", words("Homes in negative equity", "負資產住宅貸款"),
        figures=_figures(found.homes), charts=(_unsecured(quarters), _aggregate(quarters)),
        notes=(_definition(found),),
        tables=(
            table(words("Quarters", "各季"), heads, series, words("Quarter", "季底")),
            table(words("Every kind of collateral", "各種擔保品"), heads, kinds,
                  words("Kind", "種類"), _ANY),
        ),
    )  # fmt: skip


_ANY = words(
    "Loans that one kind of collateral alone secures, whatever its rank and number.",
    "僅由單一種類擔保品擔保之放款，不論順位及件數。",
)


def _figures(homes: Survey) -> tuple[Figure, ...]:
    return (
        Figure(words("Cases", "件數"), count(homes.cases)),
        Figure(words("Aggregate", "餘額"), money(homes.aggregate)),
        Figure(words("Unsecured portion", "無擔保部分"), money(homes.unsecured)),
        Figure(words("Loan to value", "貸放成數"), percent(homes.loan_to_value, 0)),
        Figure(words("Delinquent, by amount", "逾期比率（金額）"), percent(homes.delinquency, 2)),
        Figure(words("Of all loans surveyed", "占調查放款件數"), percent(homes.share_of_loans)),
    )


def _heads() -> list[Head]:
    return [head("loans", "Loans", "調查筆數"), head("cases", "Cases", "件數"),
            head("a", "Aggregate", "餘額", "money"), head("u", "Unsecured", "無擔保部分", "money"),
            head("ltv", "LTV", "貸放成數", "percent"),
            head("late", "Delinquent", "逾期比率", "percent")]  # fmt: skip


def _cells(one: Survey) -> list[Shown | Text]:
    return [count(one.loans), count(one.cases), money(one.aggregate), money(one.unsecured),
            percent(one.loan_to_value), percent(one.delinquency, 2)]  # fmt: skip


def _unsecured(quarters: Sequence[Survey]) -> Chart:
    bars = tuple(Bar(plain(str(q.day)), q.unsecured) for q in quarters)
    return Chart(
        words("Unsecured portion by quarter", "各季無擔保部分"),
        words("What loans in negative equity owe above the market value of the homes.",
              "負資產貸款超過住宅市價之金額。"),
        bars, "money",
    )  # fmt: skip


def _aggregate(quarters: Sequence[Survey]) -> Chart:
    bars = tuple(Bar(plain(str(q.day)), q.aggregate) for q in quarters)
    return Chart(
        words("Loans in negative equity by quarter", "各季負資產貸款餘額"),
        words("What these loans owe in all.", "該等貸款之餘額合計。"),
        bars, "money",
    )  # fmt: skip


def _definition(found: Surveys) -> Text:
    shortfall = f"{found.economic_shortfall:,}"
    return words(
        "Homes: first mortgage, one property, balance above the gross market value. The ratio is "
        "aggregate / (aggregate - unsecured). This product's own measure, asked for by no "
        f"authority: all loans lack {shortfall} of realisable value.",
        "住宅：第一順位、單一房產、餘額高於市價毛額。比率為餘額除以（餘額減無擔保部分）。"
        f"本產品自訂、非主管機關要求之指標：全部放款之可變現價值不足 {shortfall}。",
    )
