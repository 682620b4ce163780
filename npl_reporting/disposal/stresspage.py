"""What stress does to a book as a page: its scenarios side by side, as decided anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.frame import code_label, page_of
from npl_reporting.disposal.setting import count, head, line, money, percent, table, words
from npl_reporting.disposal.stress import Stressed, category_labels
from npl_reporting.returns.page import Bar, Chart, Figure, Page, Table, Text

_STUB = words("Scenario", "情境")


def stress_page(desk: Desk, found: Sequence[Stressed]) -> Page:
    """Every scenario's cover, allowance, ratio, negative equity and categories."""
    return page_of(
        desk, "collateral_stress", words("Collateral under stress", "擔保品壓力測試"),
        subtitle=_decided_under(desk), figures=_figures(found),
        charts=_charts(found),
        tables=(_effects(found), _changes(found), _categories(desk, found), _kinds(desk, found)),
        notes=(_NOTE,),
    )  # fmt: skip


def _charts(found: Sequence[Stressed]) -> tuple[Chart, ...]:
    """Cover, and the allowance where the rules ask for any."""
    cover = _chart(found, "Cover", "擔保涵蓋金額", lambda one: one.cover,
                   "Realisable value, at most each loan.", "可變現價值，以各筆放款為限。")  # fmt: skip
    if not any(one.allowance for one in found):
        return (cover,)
    return cover, _chart(
        found, "Minimum allowance", "最低備抵", lambda one: one.allowance or Decimal(0),
        "What the rules ask for when the book is decided anew.", "依規則重新分類後應提列之金額。",
    )  # fmt: skip


_NOTE = words(
    "Prices and times of the collateral file are changed, every asset is valued and every loan "
    "decided anew beside the official run, which stays as it is. The half-price sale replaces the "
    "factor of every type; the ways out keep their own prices. Loans without a row in the file keep "
    "what the tape says of them. Time moves the present value and the ways out, not the realisable "
    "value.",
    "變更擔保品檔之價格及時間，於正式作業之外重新估價及分類，正式作業不受影響。半價處分取代各類之"
    "變現係數，處分方案價格不變。檔中無資料之放款沿用原資料。時間影響現值及處分方案，不影響可變現價值。",
)


def _decided_under(desk: Desk) -> Text:
    title = desk.rulebook.file.title
    name = title.get("zh-TW") or title.get("zh-HK") or title["en"]
    return words(f"Decided under: {title['en']}", f"適用規則：{name}")


def _figures(found: Sequence[Stressed]) -> tuple[Figure, ...]:
    base = found[0]
    return (
        Figure(words("Cover", "擔保涵蓋金額"), money(base.cover)),
        Figure(words("Minimum allowance", "最低備抵"), money(base.allowance)),
        Figure(words("Nonperforming ratio", "逾放比率"), percent(base.ratio, 2)),
        Figure(words("Most allowance under stress", "壓力下最高備抵"),
               money(max((one.allowance or Decimal(0) for one in found), default=None))),
        Figure(words("Least cover under stress", "壓力下最低涵蓋"),
               money(min(one.cover for one in found))),
    )  # fmt: skip


def _chart(
    found: Sequence[Stressed], english: str, chinese: str, of: Callable[[Stressed], Decimal],
    said: str, said_chinese: str,
) -> Chart:  # fmt: skip
    bars = tuple(Bar(one.label, of(one)) for one in found)
    title = words(f"{english} by scenario", f"各情境{chinese}")
    return Chart(title, words(said, said_chinese), bars, "money")


def _effects(found: Sequence[Stressed]) -> Table:
    heads = [head("cover", "Cover", "涵蓋金額", "money"),
             head("present", "Present value", "涵蓋現值", "money"),
             head("allowance", "Minimum allowance", "最低備抵", "money"),
             head("ratio", "NPL ratio", "逾放比率", "percent"),
             head("cases", "Homes in negative equity", "負資產住宅件數"),
             head("unsecured", "Unsecured portion", "無擔保部分", "money"),
             head("best", "Best net present value", "最佳淨現值", "money")]  # fmt: skip
    lines = [
        line(one.name, one.label, [
            money(one.cover), money(one.present_value), money(one.allowance),
            percent(one.ratio, 2), count(one.equity.cases), money(one.equity.unsecured),
            money(one.expected),
        ])
        for one in found
    ]  # fmt: skip
    return table(words("Effects", "影響"), heads, lines, _STUB)


def _changes(found: Sequence[Stressed]) -> Table:
    """What each scenario changes against the file as it is."""
    base = found[0]
    heads = [head("cover", "Cover", "涵蓋金額", "money"),
             head("allowance", "Minimum allowance", "最低備抵", "money"),
             head("unsecured", "Unsecured portion", "無擔保部分", "money"),
             head("best", "Best net present value", "最佳淨現值", "money")]  # fmt: skip
    lines = [
        line(one.name, one.label, [
            money(one.cover - base.cover), money(_apart(one.allowance, base.allowance)),
            money(one.equity.unsecured - base.equity.unsecured),
            money(one.expected - base.expected),
        ])
        for one in found[1:]
    ]  # fmt: skip
    return table(words("Change against the file as it is", "與現況之差"), heads, lines, _STUB)


def _apart(one: Decimal | None, base: Decimal | None) -> Decimal | None:
    return None if one is None or base is None else one - base


def _categories(desk: Desk, found: Sequence[Stressed]) -> Table:
    heads = []
    for name, label in category_labels(desk).items():
        chinese = label.get("zh-TW") or label.get("zh-HK") or label["en"]
        heads.append(head(name, label["en"], chinese, "money"))
    lines = [
        line(one.name, one.label, [money(one.categories[each.id]) for each in heads])
        for one in found
    ]  # fmt: skip
    return table(words("Loans by category", "各類別金額"), heads, lines, _STUB)


def _kinds(desk: Desk, found: Sequence[Stressed]) -> Table:
    """Which kind of collateral falls below its loans first."""
    heads = []
    for kind in found[0].kinds:
        label = code_label(desk, kind)
        heads.append(head(kind, label["en"], label.get("zh-TW", kind), "money"))
    lines = [
        line(one.name, one.label, [money(survey.unsecured) for survey in one.kinds.values()])
        for one in found
    ]
    caption = words("Owed above the market value, by kind", "各類擔保品貸款超過市價之金額")
    return table(caption, heads, lines, _STUB)
