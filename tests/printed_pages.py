"""Pages that tests print: a published return, a list, a cover and an annex of cases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from npl_reporting.returns.page import (
    Attachment,
    Bar,
    CaseBlock,
    CaseDecision,
    CaseRule,
    Chart,
    CheckLine,
    Fact,
    Figure,
    Head,
    Line,
    Page,
    Shown,
    Table,
)
from npl_reporting.returns.render import render_all

DAY = date(2016, 12, 31)
BOTH = ("zh-TW", "en")
RUN = "TW-2016-12-31-5f3a9c1e"

HEADS = (
    ("npl", "逾期放款金額", "Nonperforming loans", "money"),
    ("loans", "放款總額", "Total loans", "money"),
    ("ratio", "逾放比率", "NPL ratio", "percent"),
    ("allowance", "備抵呆帳金額", "Allowance", "money"),
    ("coverage", "備抵呆帳覆蓋率", "Coverage", "percent"),
)

# Published figures, NT$ thousand: nonperforming, total, allowance (None: the form prints a dash).
LOANS = (
    ("01", "企業金融—擔保", "Corporate, secured", 653_250, 662_796_704, 9_911_426),
    ("02", "企業金融—無擔保", "Corporate, unsecured", 741_285, 684_542_363, 11_256_953),
    ("03", "消費金融—住宅抵押貸款", "Residential mortgage", 360_832, 301_248_288, 4_232_784),
    ("04", "消費金融—現金卡", "Cash cards", 0, 0, 0),
    ("05", "消費金融—小額純信用貸款", "Small unsecured loans", 453, 9_683_356, 133_531),
    ("06", "消費金融—其他—擔保", "Other consumer, secured", 93_991, 83_537_591, 1_157_260),
    ("07", "消費金融—其他—無擔保", "Other consumer, unsecured", 553, 164_696, 2_278),
    ("08", "放款業務合計", "Total loans", 1_850_364, 1_741_972_998, 26_694_232),
)
CARDS = (
    ("09", "信用卡業務", "Credit cards", 8_354, 4_431_609, 47_486),
    ("10", "無追索權之應收帳款承購業務", "Factoring without recourse", 0, 36_988_054, 555_759),
)


def text(chinese: str, english: str) -> dict[str, str]:
    return {"zh-TW": chinese, "en": english}


def heads(day: str | None = None) -> tuple[Head, ...]:
    group = text(f"{day}年12月31日", f"31 December {day}") if day else None
    return tuple(
        Head(f"{id}-{day}", text(zh, en), format, group)  # type: ignore[arg-type]
        for id, zh, en, format in HEADS
    )


def money(thousands: int, shown: bool = True) -> Shown:
    if shown and thousands:
        return Shown(Decimal(thousands) * 1000, "money")
    return Shown(None, "money", "dash")


def ratio(part: int, whole: int) -> Shown:
    if part and whole:
        return Shown(Decimal(part) / Decimal(whole), "percent")
    return Shown(None, "percent", "dash")


def cells(npl: int, total: int, allowance: int) -> tuple[Shown, ...]:
    coverage = ratio(allowance, npl)
    return money(npl), money(total), ratio(npl, total), money(allowance), coverage


def line(row: tuple[str, str, str, int, int, int], times: int = 1) -> Line:
    code, zh, en, npl, total, allowance = row
    kind: Any = "total" if code == "08" else "data"
    values = cells(npl, total, allowance) * times
    return Line(f"r{code}", text(zh, en), values, kind, code=code)


def form_c(**changes: Any) -> Page:
    """The published asset quality of one bank, as its form prints it."""
    tables = (
        Table(heads(), tuple(map(line, LOANS)), text("放款業務", "Loans"), unit=1000),
        Table(heads(), tuple(map(line, CARDS)), text("信用卡及應收帳款承購", "Cards and factoring"),
              text("註：逾期放款為零時，以「-」列示。", "A dash stands where nothing is overdue."), 1000),
    )  # fmt: skip
    given: dict[str, Any] = {
        "report": "asset_quality",
        "title": text("資產品質", "Asset quality"),
        "form": text("表C　逾期放款及逾期帳款", "Form C — Nonperforming loans and receivables"),
        "languages": BOTH,
        "jurisdiction": "TW",
        "reporting_date": DAY,
        "run": RUN,
        "currency": "TWD",
        "tables": tables,
        "facts": FACTS,
        "warnings": (
            text(
                "本規則檔之檢視期限已過（2016-06-30），請確認法規未再修正。",
                "The rulebook was due for review on 2016-06-30; confirm that the law has not changed.",
            ),
        ),
        "charts": (form_c_chart(), category_chart()),
        "notes": NOTES,
        "checks": CHECKS,
        "attachments": (
            Attachment("cells.csv", b"report,row,column,value\nC,01,npl,653250000\n", "Cells"),
        ),
    }
    return Page(**{**given, **changes})


FACTS = (
    Fact(text("執行編號", "Run"), RUN, mono=True),
    Fact(text("規則檔", "Rulebook"), "rules/TW/2014-01-01.yaml"),
    Fact(text("規則檔雜湊", "Rulebook SHA-256"), "9f86d081884c7d659a2feaa0c55ad015" * 2, mono=True),
    Fact(text("資料檔雜湊", "Tape SHA-256"), "60303ae22b998861bce3b28f33eec1be" * 2, mono=True),
    Fact(text("列報標準", "Basis"), text("銀行法第四十五條之一", "Banking Act, article 45-1")),
)

NOTES = (
    text(
        "逾期放款係依「銀行資產評估損失準備提列及逾期放款催收款呆帳處理辦法」規定之列報逾期放款；信用卡逾期帳款係依金管銀(四)字第0944000378號函所規定之逾期帳款。",
        "Nonperforming loans are those reported under the regulation on asset evaluation; overdue "
        "card accounts follow letter 0944000378 of the supervisor.",
    ),
    text("逾放比率＝逾期放款／放款總額。", "NPL ratio = nonperforming loans / total loans."),
)

CHECKS = (
    CheckLine("C-1", "error", text("合計等於各列之和", "The total is the sum of its rows"), "passed"),
    CheckLine(
        "C-2", "error", text("放款總額與總帳相符", "Total loans tie to the general ledger"), "failed",
        "1,741,972,998,000 ≠ 1,741,972,999,000",
    ),
    CheckLine(
        "C-3", "warning", text("逾放比率低於前期之兩倍", "The ratio is below twice the last one"),
        "failed", "0.11% / 0.05%",
    ),
    CheckLine(
        "C-4", "error", text("與前期期末餘額銜接", "Opens where the last quarter closed"),
        "not_evaluated", "no prior run",
    ),
)  # fmt: skip


def form_c_chart() -> Chart:
    bars = tuple(Bar(text(zh, en), Decimal(npl) * 1000) for _, zh, en, npl, _, _ in LOANS[:7])
    return Chart(
        text("逾期放款之分布", "Where nonperforming loans lie"),
        text("企業金融占逾期放款四分之三。", "Three quarters of nonperforming loans are corporate."),
        bars, "money", 1000,
    )  # fmt: skip


def category_chart() -> Chart:
    names = ("正常", "應予注意", "可望收回", "收回困難", "收回無望")
    english = ("Normal", "Special mention", "Substandard", "Doubtful", "Loss")
    amounts = (61_200, 20_000, 8_000, 5_000, 1_500)
    bars = tuple(
        Bar(text(f"第{number}類 {zh}", en), Decimal(amount) * 1_000_000, step)
        for step, (number, zh, en, amount) in enumerate(
            zip("一二三四五", names, english, amounts, strict=True)
        )
    )
    return Chart(
        text("授信資產五分類", "Credit assets by category"),
        text("正常類占六成以上。", "More than six tenths are normal."),
        bars, "money", 1_000_000, "stacked",
    )  # fmt: skip


def two_dates() -> Page:
    """The form on its side, with a group of columns for each of two dates."""
    earlier = date(2015, 12, 31)
    both = Table(
        (*heads("2016"), *heads(str(earlier.year))),
        tuple(line(row, times=2) for row in LOANS),
        text("放款業務", "Loans"),
        unit=1000,
    )
    return form_c(
        report="two_dates", tables=(both,), landscape=True, charts=(), warnings=(), checks=()
    )


def top_ten() -> Page:
    """A list with text columns, a figure that is not known, and a check of each state."""
    net_worth = Decimal(331_220_000)
    rows = (
        ("A集團", "化學原材料製造業", 38_859_646),
        ("B公司", "鐵路運輸業", 37_475_296),
        ("C集團", "未分類其他金融服務業", 32_844_497),
        ("D集團", "面板及其組件製造業", 23_754_314),
    )
    lines = [
        Line(
            f"rank-{rank}",
            text(str(rank), str(rank)),
            (
                Shown(f"{name}　{industry}", "text"),
                Shown(Decimal(balance) * 1000, "money"),
                Shown(Decimal(balance) / net_worth, "percent"),
            ),
        )
        for rank, (name, industry, balance) in enumerate(rows, start=1)
    ]
    why = text("本期未提供淨值", "net worth was not given")
    unknown = (
        Shown("E集團　半導體封裝及測試業", "text"),
        Shown(Decimal(-19_019_167_000), "money"),
        Shown(None, "percent", "not_computed", why),
    )
    lines.append(Line("rank-5", text("5", "5"), unknown))
    table = Table(
        (
            Head("name", text("公司或集團企業所屬行業別", "Company or group, industry"), "text"),
            Head("balance", text("授信總餘額", "Credit balance"), "money"),
            Head("share", text("占本期淨值比例", "Share of net worth"), "percent"),
        ),
        tuple(lines),
        unit=1000,
        stub=text("排名", "Rank"),
    )
    return form_c(
        report="top_ten", title=text("授信風險集中情形", "Concentration of credit"), form=None,
        tables=(table,), charts=(), notes=(), attachments=(),
    )  # fmt: skip


def cover() -> Page:
    """A run's cover."""
    figures = (
        Figure(text("放款總額", "Total loans"), Shown(Decimal(1741972998000), "money"), 1_000_000),
        Figure(text("逾放比率", "NPL ratio"), Shown(Decimal("0.00106"), "percent"),
               note=text("前期 0.09%", "0.09% at the last quarter")),
        Figure(text("備抵呆帳覆蓋率", "Coverage"), Shown(Decimal("14.4265"), "percent")),
        Figure(text("授信筆數", "Exposures"), Shown(Decimal(100_000), "count")),
        Figure(text("案型", "Cases"), Shown(Decimal(312), "count")),
        Figure(text("淨值占比", "Share of net worth"),
               Shown(None, "percent", "not_computed", text("未提供淨值", "net worth not given"))),
    )  # fmt: skip
    return form_c(
        report="cover", template="cover.html", title=text("資產品質季報", "Quarterly asset quality"),
        form=None, subtitle=text("銀行業授信資產分類申報", "Classification of bank credit assets"),
        figures=figures, tables=(), charts=(category_chart(),), notes=(), checks=CHECKS,
    )  # fmt: skip


READS = (
    text("逾期月數超過3、至多6", "months overdue: more than 3, at most 6"),
    text("未經訴追", "not sued"),
    text("有擔保品", "collateral held"),
    text("產品：住宅抵押貸款", "product: residential mortgage"),
    text("債務人其他授信無不良", "no other bad credit of the debtor"),
)

DECISIONS = (
    CaseDecision(text("列報狀態", "Status"), text("逾期放款", "Nonperforming"), (
        CaseRule("overdue-3-months", text("積欠本金或利息超過清償期三個月",
                 "Principal or interest more than three months past due"), "辦法 第7條第1項"),
    )),
    CaseDecision(text("分類（擔保部分）", "Category, covered part"), text("應予注意", "Special mention"), (
        CaseRule("covered-1-12", text("授信資產經評估有足額擔保部分，逾清償期一個月至十二個月",
                 "Fully covered part, one to twelve months past due"), "辦法 第3條第2款"),
        CaseRule("watch-other", text("授信戶信用已有不良",
                 "The debtor's credit has already deteriorated"), "辦法 第3條第2款", False),
    )),
    CaseDecision(text("分類（無擔保部分）", "Category, uncovered part"), text("可望收回", "Substandard"), (
        CaseRule("uncovered-3-6", text("無擔保部分，逾清償期三個月至六個月",
                 "Uncovered part, three to six months past due"), "辦法 第3條第3款"),
    )),
    CaseDecision(text("最低提存率", "Minimum allowance"), text("10%", "10%"), (
        CaseRule("rate-3", text("第三類授信資產債權餘額之百分之十",
                 "Ten per cent of category 3"), "辦法 第5條"),
    )),
    CaseDecision(text("轉列催收款", "Transfer to collection"), text("未到期", "None")),
    CaseDecision(text("轉銷呆帳", "Write-off"), text("無", "None")),
    CaseDecision(text("免列報", "Exemption"), text("應列報", "Reported")),
)  # fmt: skip


def case(number: int, **changes: Any) -> CaseBlock:
    """One case; every third is of a government's loan, of which other facts are true."""
    government = number % 3 == 0
    given: dict[str, Any] = {
        "id": f"{number:04}",
        "reads": (*READS, text("對政府之債權：是", "claim on government: yes"))
        if government
        else READS,
        "exposures": number * 7,
        "amount": Decimal(number) * 123_456,
        "decisions": DECISIONS[: 4 - government] + DECISIONS[4:],
        "no": (text("已訴追", "sued"),)
        if government
        else (text("已訴追", "sued"), text("對政府之債權", "claim on government")),
        "missing": (text("另訂契約後月數", "months since instalments were agreed"),),
    }
    return CaseBlock(**{**given, **changes})


def annex(cases: int = 300) -> Page:
    """The decision annex, with as many cases as asked for."""
    return form_c(
        report="decisions", template="annex.html", title=text("決定附冊", "Decision annex"),
        form=None, subtitle=text("本期全部案型及其適用規則", "Every case of the run and its rules"),
        tables=(), charts=(), checks=(), notes=(), warnings=(),
        cases=tuple(case(number) for number in range(1, cases + 1)),
    )  # fmt: skip


def long_list(rows: int = 1000) -> Page:
    """A table of many rows, seven columns each."""
    names = (("date", "date"), ("debtor", "text"), ("amount", "money"), ("allowance", "money"),
             ("rate", "percent"), ("days", "count"))  # fmt: skip
    lines = tuple(
        Line(
            f"E{number}",
            text(f"E{number:06}", f"E{number:06}"),
            (
                Shown(DAY, "date"),
                Shown(f"債務人 {number}", "text"),
                Shown(Decimal(number) * 1001, "money"),
                Shown(Decimal(number) * 11, "money"),
                Shown(Decimal(number) / 5000, "percent"),
                Shown(Decimal(number), "count"),
            ),
        )
        for number in range(1, rows + 1)
    )
    table_heads = tuple(Head(id, text(f"欄位 {id}", id), format) for id, format in names)  # type: ignore[arg-type]
    return form_c(
        report="deadlines", title=text("期限", "Deadlines"), form=None, charts=(), checks=(),
        notes=(), warnings=(), tables=(Table(table_heads, lines),),
    )  # fmt: skip


def english() -> Page:
    """The form in one language."""
    return form_c(report="english", languages=("en",))


def samples() -> dict[str, Page]:
    """Every sample page, small enough to be drawn in a moment."""
    drawn = (form_c(), two_dates(), top_ten(), cover(), annex(5), long_list(60), english())
    return {page.report: page for page in drawn}


@cache
def printed() -> dict[str, bytes]:
    """Every sample page as a file, drawn once for all tests."""
    return render_all(list(samples().values()))
