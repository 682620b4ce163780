"""One tape under several rulebooks, on a book that can be added up by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from exampleland import AS_OF, write_rules, write_tape
from typer.testing import CliRunner

from npl_reporting.cli import app
from npl_reporting.compare import Compared, compare
from npl_reporting.errors import DataError, NplError
from npl_reporting.portfolio.disagreement import Answer
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.returns.page import Page, Shown
from npl_reporting.returns.sidebyside import comparison_page

# 0, 75 and 100 days past due, and bankrupt.
LOANS = (
    {"outstanding_principal": "100"},
    {"outstanding_principal": "200", "oldest_unpaid_due_date": "2025-07-17"},
    {"outstanding_principal": "400", "oldest_unpaid_due_date": "2025-06-22"},
    {"outstanding_principal": "800", "bankruptcy_date": "2025-01-31"},
)
STRICT = {"jurisdiction: XX": "jurisdiction: SX", "days_past_due > 90": "days_past_due > 60"}
MILD = {
    "jurisdiction: XX": "jurisdiction: MX",
    "when: bankrupt,": "when: bankrupt and days_past_due > 0,",
    "then: 0.50": "then: 0",
    "default: 0.01": "default: 0",
}
GRADED = {
    "jurisdiction: XX": "jurisdiction: GX",
    "  - name: minimum_allowance_rate\n": (
        "  - name: category\n"
        "    outcomes: {sound: {en: Sound}, poor: {en: Poor}}\n"
        "    default: sound\n"
        "    rules:\n"
        "      - {id: poor, when: status = 'nonperforming', then: poor, cite: norm/5}\n"
        "  - name: minimum_allowance_rate\n"
    ),
}


def compared(
    folder: Path, *changes: Mapping[str, str], rows: Sequence[Mapping[str, object]] = LOANS,
    **options: object,
) -> Compared:  # fmt: skip
    """Compare Exampleland's rules with others on a tape of these loans."""
    rules = [write_rules(folder, f"side{n}", change) for n, change in enumerate(({}, *changes))]
    tape = write_tape(folder / "tape.csv", rows)
    return compare(TapeSource(tape), [str(path) for path in rules], AS_OF, **options)  # type: ignore[arg-type]


def page(found: Compared) -> Page:
    """The page of a comparison."""
    return comparison_page(found.comparison)


def column(found: Compared, table: int, place: int) -> list[object]:
    """What stands in one column of one of the page's tables."""
    lines = page(found).tables[table].lines
    return [line.cells[place].value for line in lines if line.cells]


def test_each_rulebook_has_its_own_ratio(tmp_path: Path) -> None:
    """Of 1500 the norm calls 400 and 800 nonperforming, the strict one 200 besides, the mild 400."""
    sides = compared(tmp_path, STRICT, MILD).comparison.panel.sides
    found = [(side.nonperforming, side.nonperforming_amount, side.allowance) for side in sides]
    assert found == [
        (2, Decimal(1200), Decimal(603)),  # half of 1200, a hundredth of 300
        (3, Decimal(1400), Decimal(701)),  # half of 1400, a hundredth of 100
        (1, Decimal(400), None),
    ]


def test_the_overview_says_what_was_not_asked_for(tmp_path: Path) -> None:
    found = compared(tmp_path, MILD)
    assert column(found, 0, 3) == [Decimal("0.8"), Decimal("0.266666666667")]
    norm, mild = (line.cells[4] for line in page(found).tables[0].lines)
    assert norm == Shown(Decimal(603), "money", decimals=0)
    assert (mild.state, mild.value) == ("not_computed", None)
    assert mild.reason is not None
    assert mild.reason["en"].startswith("No rule asks for an allowance")


def test_the_ways_of_disagreeing_and_their_largest_exposures(tmp_path: Path) -> None:
    comparison = compared(tmp_path, STRICT, MILD).comparison
    ways = [(way.statuses, way.exposures, way.amount) for way in comparison.panel.patterns]
    bad, good = "nonperforming", "performing"
    assert ways == [((bad, bad, good), 1, Decimal(800)), ((good, bad, good), 1, Decimal(200))]
    assert [one.exposure_id for one in comparison.contested] == ["E4", "E2"]
    assert comparison.contested[1].answers == (
        Answer(good, "", ""),
        Answer(bad, "overdue", "norm/4.1"),
        Answer(good, "", ""),
    )
    assert (comparison.panel.contested, comparison.panel.contested_amount) == (2, Decimal(1000))


def test_both_articles_stand_beside_the_statuses(tmp_path: Path) -> None:
    cells = column(compared(tmp_path, STRICT), 3, 2)
    assert cells == [{"en": "● Nonperforming [norm/4.1]"}]


def test_what_one_calls_nonperforming_and_another_does_not(tmp_path: Path) -> None:
    """The strict one 200 more than the norm and 1000 more than the mild, which nobody else misses."""
    found = compared(tmp_path, STRICT, MILD)
    pairs = [[cell.value for cell in line.cells] for line in page(found).tables[1].lines]
    assert pairs == [[None, 0, 800], [200, None, 1000], [0, 0, None]]


def test_the_first_page_says_whose_ratio_is_lowest_and_highest(tmp_path: Path) -> None:
    lowest, highest, *rest = page(compared(tmp_path, STRICT, MILD)).figures
    assert (lowest.note, highest.note) == ({"en": "MX"}, {"en": "SX"})
    assert highest.shown.value == Decimal("0.933333333333")
    assert rest[0].note is not None and rest[0].note["en"] == "66.67% of the portfolio"


def test_categories_stand_under_their_own_rulebook(tmp_path: Path) -> None:
    found = compared(tmp_path, GRADED)
    lines = page(found).tables[-2].lines
    assert [(line.label["en"], line.kind) for line in lines] == [
        ("XX", "heading"), ("GX", "heading"), ("Sound", "data"), ("Poor", "data"),
    ]  # fmt: skip
    assert [cell.value for cell in lines[-1].cells] == [
        Decimal(2), Decimal(1200), Decimal("0.8"), Decimal(600),
    ]  # fmt: skip


def test_rulebooks_that_agree_say_so(tmp_path: Path) -> None:
    found = compared(tmp_path, {"jurisdiction: XX": "jurisdiction: YX"})
    assert found.comparison.panel.patterns == ()
    assert page(found).tables[1].note == {
        "en": "The rulebooks agree on every exposure.",
        "zh-TW": "各法規對所有授信之判定一致。",
    }


def test_the_page_says_that_it_is_no_filing_and_whose_currency_it_is(tmp_path: Path) -> None:
    """The tape is in euro, which is the currency of neither rulebook."""
    rows = [{**loan, "currency": "EUR"} for loan in LOANS]
    found = compared(tmp_path, {**STRICT, "currency: TWD": "currency: JPY"}, rows=rows)
    said = [warning["en"] for warning in page(found).warnings]
    assert said[0].startswith("This is a comparison, not a filing.")
    assert said[-1].startswith("Amounts are in the tape's currency, EUR, under every rulebook.")
    assert len(said) == 2
    assert page(found).currency == "EUR"
    assert found.comparison.panel.sides[1].nonperforming_amount == Decimal(1400)


LIMITED = {
    **STRICT,
    "jurisdiction: XX": "jurisdiction: EX",
    "currency: TWD": "currency: EUR",
    "settings:\n": (
        "settings:\n  limit: {value: 100, money: true, basis: law, why: {en: In euro}}\n"
        "  nothing: {value: 0, money: true, basis: law, why: {en: Nothing}}\n"
    ),
    "when: bankrupt,": "when: bankrupt or large,",
    "facts:\n": "facts:\n  large: outstanding_principal > limit\n",
}
RATES = "currency,date,kind,rate,source\nEUR,2025-09-30,closing,5.005,Bank\n"


def limited(folder: Path, rates: str | None = None) -> Compared:
    """Exampleland beside a law that names 100 euro, on a tape in New Taiwan dollars."""
    rows = [{**loan, "currency": "TWD"} for loan in LOANS]
    rules = [write_rules(folder, "norm", {}), write_rules(folder, "euro", LIMITED)]
    tape, given = write_tape(folder / "tape.csv", rows), None
    if rates is not None:
        given = folder / "rates.csv"
        given.write_text(rates, encoding="utf-8")
    return compare(TapeSource(tape, rates=given), [str(path) for path in rules], AS_OF)


def test_an_amount_of_another_currency_is_converted(tmp_path: Path) -> None:
    """100 euro at 5.005 are 500.50: of 100, 200, 400 and 800 only the last is large."""
    found = limited(tmp_path, RATES)
    (none, (limit,)) = found.comparison.limits
    assert none == () and (limit.own, limit.here) == (Decimal(100), Decimal("500.50"))
    assert found.comparison.panel.sides[1].nonperforming == 3  # 75 and 100 days, and 800
    told = [cell.value for cell in page(found).tables[-2].lines[0].cells]
    assert told == ["limit", "EUR 100", "TWD 500.5", "5.005 (2025-09-30, Bank)"]
    assert not [w for w in page(found).warnings if "no closing rate" in w["en"]]


@pytest.mark.parametrize("rates", [None, RATES.replace("EUR", "USD")])
def test_an_amount_that_cannot_be_converted_is_a_warning(rates: str | None, tmp_path: Path) -> None:
    found = limited(tmp_path, rates)
    assert page(found).warnings[1]["en"] == (
        "EX names amounts of money in EUR, and no closing rate of EUR for this date was given "
        "(--rates). They were read as TWD as they stand, so its answers may be wrong wherever they "
        "decide: limit 100."
    )
    (cell,) = [line.cells[-1] for line in page(found).tables[-2].lines]
    assert cell.value == {"en": "none given", "zh-TW": "未提供"}


def test_a_tape_that_names_no_currency_has_the_first_rulebooks(tmp_path: Path) -> None:
    said = [warning["en"] for warning in page(compared(tmp_path, STRICT)).warnings]
    assert "The tape does not name its currency; that of the first rulebook, TWD, is taken." in said


def test_a_rulebook_not_yet_in_force_is_a_warning(tmp_path: Path) -> None:
    later = {**STRICT, "effective_from: 2024-01-01": "effective_from: 2030-01-01"}
    said = [warning["en"] for warning in page(compared(tmp_path, later)).warnings]
    assert said[-1] == "SX was not in force on this date: it applies from 2030-01-01."


def test_two_files_of_one_name_are_told_apart_by_their_dates(tmp_path: Path) -> None:
    later = {"effective_from: 2024-01-01": "effective_from: 2025-01-01", "norm/7": "norm/8"}
    assert compared(tmp_path, later).comparison.titles == ("XX@2024-01-01", "XX@2025-01-01")


def test_a_column_of_one_rulebook_takes_its_default_and_is_named(tmp_path: Path) -> None:
    reaged = {
        "jurisdiction: XX": "jurisdiction: RX",
        "facts:\n  days": (
            "columns:\n  reaged: {type: boolean, default: true, meaning: {en: Re-aged}}\n"
            "facts:\n  days"
        ),
        "when: bankrupt,": "when: reaged,",
    }
    sides = compared(tmp_path, reaged).comparison.panel.sides
    assert [side.nonperforming for side in sides] == [2, 4]
    assert "reaged" in sides[1].lacking
    assert "reaged" not in sides[0].lacking


def test_the_files_hold_the_sums_and_every_disagreement(tmp_path: Path) -> None:
    found = compared(tmp_path, STRICT, out=tmp_path / "out", languages=("en", "zh-TW"))
    names = ["comparison.csv", "comparison.pdf", "disagreements.csv"]
    assert [path.name for path in found.files] == names
    table, printed, listed = found.files
    assert table.read_text(encoding="utf-8").splitlines() == [
        "rules,measure,outcome,number,amount,share,allowance",
        "XX,status,nonperforming,2,1200,0.8,603",
        "SX,status,nonperforming,3,1400,0.933333333333,701",
    ]
    with listed.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["exposure_id"], row["XX status"], row["SX articles"]) == (
        "E2", "performing", "norm/4.1",
    )  # fmt: skip
    document = pypdfium2.PdfDocument(printed)
    text = document[0].get_textpage().get_text_bounded()
    assert "One portfolio under several rulebooks" in text
    assert "93.33%" in text


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["side0.yaml"], "one rulebook compares with nothing; write --rules TW,HK"),
        (["side0.yaml", "side0.yaml"], "a rulebook is named twice; name each once"),
        (["side0.yaml", "other.yaml"], "has no decision 'status'; leave it out"),
        (["side0.yaml", "gone.yaml"], "there is no such rule file; check the path"),
    ],
)
def test_what_cannot_be_compared_is_refused(rules: list[str], words: str, tmp_path: Path) -> None:
    write_rules(tmp_path, "side0")
    other = write_rules(tmp_path, "other")
    other.write_text(
        other.read_text(encoding="utf-8").replace("status", "standing"), encoding="utf-8"
    )
    tape = write_tape(tmp_path / "tape.csv", LOANS)
    with pytest.raises(NplError, match=words):
        compare(TapeSource(tape), [str(tmp_path / name) for name in rules], AS_OF)


def test_an_unsound_tape_is_refused_or_its_rows_set_aside(tmp_path: Path) -> None:
    rows = [*LOANS, {"outstanding_principal": "about 100"}]
    with pytest.raises(DataError, match="must be a plain number"):
        compared(tmp_path, STRICT, rows=rows)
    found = compared(tmp_path, STRICT, rows=rows, quarantine=True)
    assert found.comparison.panel.exposures == len(LOANS)
    assert "1 faulty rows of the tape were set aside." in [
        warning["en"] for warning in page(found).warnings
    ]


def test_the_command_prints_a_line_for_each_rulebook(tmp_path: Path) -> None:
    rules = ",".join(
        str(write_rules(tmp_path, name, change))
        for name, change in (("norm", {}), ("strict", STRICT), ("mild", MILD))
    )
    tape = write_tape(tmp_path / "tape.csv", LOANS)
    call = ["compare", str(tape), "--rules", rules, "--as-of", AS_OF.isoformat()]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0
    told = [line.split() for line in result.stdout.splitlines()]
    assert ["SX", "2024-01-01", "3", "1,400.00", "93.33%", "701.00"] in told
    assert ["MX", "2024-01-01", "1", "400.00", "26.67%", "none", "asked", "for"] in told
    assert "they disagree on 2 exposures, 1,000.00" in result.stdout
    document = json.loads(CliRunner().invoke(app, [*call, "--json"]).stdout)
    assert document["rulebooks"][0]["ratio"] == "0.8"
    assert document["largest"][0]["answers"][2]["status"] == "performing"
