"""The reconciliation of the register of recoveries with the roll-forward, as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from npl_reporting.disposal.frame import LANGUAGES
from npl_reporting.disposal.reconcile import Meeting, Sum
from npl_reporting.disposal.setting import count, head, joined, line, money, plain, table, words
from npl_reporting.evidence.records import Run
from npl_reporting.returns.page import Figure, Page, Table, Text

_FLOWS: Mapping[str, Text] = {
    "recovered_in_cash": words("Recovered in cash", "現金收回"),
    "sold": words("Sold", "出售"),
    "upgraded": words("Upgraded", "轉回正常"),
}
_STATES: Mapping[str, Text] = {
    "agrees": words("agrees", "相符"),
    "differs": words("differs", "不符"),
    "register_only": words("in the register only", "僅見於收回紀錄"),
    "roll_forward_only": words("in the roll-forward only", "僅見於變動表"),
}
_STANDINGS: Mapping[str, Text] = {
    "nonperforming": words("nonperforming", "逾期放款"),
    "upgraded": words("upgraded since", "已轉正常"),
    "performing": words("performing, no line", "正常放款，無變動項目"),
    "unknown": words("in neither quarter", "兩期皆無"),
}
_DASH = words(": ", "：")
LISTED = 50
"""Exposures that do not meet and are printed; reconciliation.csv has all."""


def reconciliation(run: Run, start: date, sums: Sequence[Sum], apart: Sequence[Meeting]) -> Page:
    """What the register and the roll-forward say of the same quarter, and where they part."""
    return Page(
        report="recovery_reconciliation",
        title=words("Recoveries and the roll-forward", "收回紀錄與變動表調節"),
        languages=LANGUAGES, jurisdiction=run.jurisdiction, reporting_date=run.reporting_date,
        run=run.id, currency=run.currency, landscape=True,
        subtitle=words(f"Since {start}", f"自 {start} 起"), figures=_figures(sums),
        tables=(_sums(sums), _apart(apart)), notes=(_NOTE,),
    )  # fmt: skip


_NOTE = words(
    "A recovery meets one line: cash, sold collateral and assets taken over what was recovered; a "
    "sale in bulk what was sold, whose balance leaves the books while the price is compared with "
    "the exits; what came in on a loan that was upgraded lies inside the upgraded balance.",
    "每筆收回對應一個變動項目：現金、擔保品拍定及承受對應收回；整批出售對應出售（帳列餘額轉出，價款與"
    "出帳檔相較）；已轉正常放款之收回包含於轉正常餘額。",
)


def _figures(sums: Sequence[Sum]) -> tuple[Figure, ...]:
    met = [one for one in sums if one.state == "agrees"]
    return (
        Figure(words("In the register", "收回紀錄"), money(_total([one.registered for one in sums]))),
        Figure(words("Of it meeting its line", "其中相符"),
               money(_total([one.registered for one in met]))),
        Figure(words("Exposures that do not meet", "不符筆數"),
               count(sum(one.exposures for one in sums if one.state != "agrees"))),
    )  # fmt: skip


def _total(amounts: Sequence[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _sums(sums: Sequence[Sum]) -> Table:
    heads = [head("n", "Exposures", "筆數"), head("r", "Recoveries", "收回次數"),
             head("register", "Register", "收回紀錄", "money"),
             head("rolled", "Roll-forward", "變動表", "money")]  # fmt: skip
    lines = [
        line(f"{one.flow}.{one.state}", joined([_FLOWS[one.flow], _STATES[one.state]], _DASH), [
            count(one.exposures), count(one.recoveries), money(one.registered), money(one.rolled),
        ])
        for one in sums
    ]  # fmt: skip
    return table(words("By line of the roll-forward", "依變動項目"), heads, lines,
                 words("Line", "項目"))  # fmt: skip


def _apart(apart: Sequence[Meeting]) -> Table:
    heads = [head("flow", "Line", "項目", "text"), head("state", "State", "結果", "text"),
             head("standing", "The exposure is", "放款狀態", "text"),
             head("register", "Register", "收回紀錄", "money"),
             head("rolled", "Roll-forward", "變動表", "money"),
             head("price", "Price by the exits", "出帳檔價款", "money")]  # fmt: skip
    lines = [
        line(f"{one.exposure_id}.{one.flow}", plain(one.exposure_id), [
            _FLOWS[one.flow], _STATES[one.state], _STANDINGS[one.standing], money(one.registered),
            money(one.rolled), money(one.price),
        ])
        for one in apart
    ]  # fmt: skip
    note = words("The most money first; reconciliation.csv holds every exposure.",
                 "依金額由大至小；reconciliation.csv 列有全部。")  # fmt: skip
    return table(
        words("What does not meet", "不符明細"), heads, lines, words("Exposure", "放款"), note
    )
