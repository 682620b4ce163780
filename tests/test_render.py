"""Pages as PDF files: the same bytes every time, both languages, nothing fetched, nothing lost."""

from __future__ import annotations

import gc
import io
import logging
import os
import subprocess
import sys
from dataclasses import replace
from hashlib import md5
from pathlib import Path

import pdfplumber
import pikepdf
import printed_pages
import pytest
from fontTools.ttLib import TTFont
from printed_pages import RUN, annex, form_c, long_list, text

from npl_reporting.errors import NplError
from npl_reporting.resources import TEMPLATES
from npl_reporting.returns import render as door
from npl_reporting.returns import workers
from npl_reporting.returns.document import html
from npl_reporting.returns.fonts import FONTS
from npl_reporting.returns.page import Attachment, Page, Shown
from npl_reporting.returns.render import allowed, render, render_all


@pytest.fixture(name="printed", scope="module")
def all_printed() -> dict[str, bytes]:
    """Every sample page as a file."""
    return printed_pages.printed()


def words(pdf: bytes) -> list[str]:
    """The text of each page."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        return [page.extract_text() for page in document.pages]


def small(**changes: object) -> Page:
    """A page that is drawn in a moment."""
    empty = {"tables": (), "charts": (), "notes": (), "checks": (), "warnings": (), "facts": ()}
    return replace(form_c(), **{**empty, **changes})  # type: ignore[arg-type]


def test_the_same_page_gives_the_same_bytes_here_and_in_another_process(
    printed: dict[str, bytes],
) -> None:
    assert render(form_c()) == printed["asset_quality"]


def test_neither_locale_nor_hash_seed_nor_temporary_folder_changes_a_byte(
    printed: dict[str, bytes], tmp_path: Path
) -> None:
    script = (
        "import sys, hashlib, printed_pages as pages; from npl_reporting.returns.render import *;"
        "print(hashlib.md5(render(pages.form_c())).hexdigest())"
    )
    odd = {"LC_ALL": "C", "PYTHONHASHSEED": "7", "PANGO_LANGUAGE": "ja", "TMPDIR": str(tmp_path)}
    place = {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **odd, **place}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.split() == [md5(printed["asset_quality"]).hexdigest()]


def test_drawing_says_nothing_and_leaves_the_collector_and_the_environment_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FONTCONFIG_FILE", "as it was")
    with caplog.at_level(logging.WARNING):
        render(small())
    assert caplog.records == []
    assert gc.isenabled()
    assert os.environ["FONTCONFIG_FILE"] == "as it was"


def test_every_page_has_its_number_in_both_languages_and_the_run(printed: dict[str, bytes]) -> None:
    pages = words(printed["deadlines"])
    assert len(pages) > 1
    for number, page in enumerate(pages, start=1):
        assert f"第 {number} 頁，共 {len(pages)} 頁" in page
        assert f"Page {number} of {len(pages)}" in page
        assert RUN in page
    for page in pages[1:]:  # the first has the title itself
        assert page.startswith("期限 · Deadlines TW · 2016年12月31日")


def test_heads_are_repeated_on_every_page_of_a_table(printed: dict[str, bytes]) -> None:
    pages = words(printed["deadlines"])
    listed = [page for page in pages if "E0000" in page]
    assert len(listed) > 1
    assert all("欄位 allowance" in page for page in listed)


def test_published_figures_are_printed_as_the_bank_printed_them(printed: dict[str, bytes]) -> None:
    page = words(printed["asset_quality"])[0]
    for line in (
        "01 企業金融—擔保 653,250 662,796,704 0.10% 9,911,426 1517.25%",
        "04 消費金融—現金卡 – – – – –",
        "05 消費金融—小額純信用貸款 453 9,683,356 0.00% 133,531 29477.04%",
        "08 放款業務合計 1,850,364 1,741,972,998 0.11% 26,694,232 1442.65%",
        "09 信用卡業務 8,354 4,431,609 0.19% 47,486 568.42%",
    ):
        assert line in page


def test_a_page_in_one_language_has_no_other(printed: dict[str, bytes]) -> None:
    assert not [c for page in words(printed["english"]) for c in page if "\u4e00" <= c <= "\u9fff"]


def test_what_could_not_be_computed_has_a_mark_and_its_reason(printed: dict[str, bytes]) -> None:
    page = "\n".join(words(printed["top_ten"]))
    assert "−19,019,167 無法計算 1" in page
    assert "無法計算 1 – 本期未提供淨值" in page
    assert "net worth was not given" in page


def test_checks_differ_in_words_and_mark(printed: dict[str, bytes]) -> None:
    page = "\n".join(words(printed["top_ten"]))
    for mark in ("✓ 通過 Passed", "× 不通過 Failed", "× 警示 Warning", "? 未檢核 Not evaluated"):
        assert mark in page


def test_a_case_shows_what_it_read_every_rule_and_the_defaults(printed: dict[str, bytes]) -> None:
    page = "\n".join(words(printed["decisions"]))
    for piece in (
        "3 授信戶信用已有不良", "辦法 第3條第2款 watch-other", "2 辦法 第3條第2款, (3 辦法 第3條第2款)",
        "案型未另行載明者，皆為：逾期月數超過3、至多6", "否：已訴追", "轉列催收款 Transfer to collection",
        "未到期 None", "依預設", "處理結果 1", "4 案型 · 84 筆 · 1,481,472.00", "無另行載明者 nothing else",
        "處理結果 2", "1 案型 · 21 筆 · 370,368.00", "對政府之債權：是",
    ):  # fmt: skip
        assert piece in page
    for number in range(1, 6):
        assert f"{number:04}" in page


def test_bookmarks_and_metadata_lead_through_the_file(printed: dict[str, bytes]) -> None:
    with pikepdf.open(io.BytesIO(printed["asset_quality"])) as pdf:
        with pdf.open_outline() as outline:
            (top,) = outline.root
            assert top.title == "資產品質 · Asset quality"
            assert "放款業務 · Loans" in [child.title for child in top.children]
        assert str(pdf.docinfo["/Title"]) == "資產品質 · Asset quality"
        assert "/CreationDate" not in pdf.docinfo
        assert str(pdf.Root.Lang) == "zh-TW"


def test_only_the_pinned_fonts_are_used_and_all_are_embedded(printed: dict[str, bytes]) -> None:
    for pdf in printed.values():
        with pikepdf.open(io.BytesIO(pdf)) as document:
            fonts = [each for each in document.objects if _type(each) == "/FontDescriptor"]
            assert 1 <= len(fonts) <= 2
            assert all("/FontFile3" in each for each in fonts)
            assert {str(each.FontName).partition("+")[2] for each in fonts} <= {
                "Report",
                "Report-Bold",
            }


def _type(each: pikepdf.Object) -> str:
    return str(each.get("/Type")) if isinstance(each, pikepdf.Dictionary) else ""


@pytest.mark.parametrize(("language", "system"), [("zh-TW", "ZHT "), ("ja", None)])
def test_characters_have_the_forms_of_the_pages_language(language: str, system: str | None) -> None:
    with TTFont(FONTS["regular"], lazy=True) as font:
        plain = {font.getGlyphID(font.getBestCmap()[ord(each)]) for each in "直骨令"}
        own = {_own_form(font, each, system) if system else 0 for each in "直骨令"}
    source = f'<html lang="{language}"><title>x</title><link rel=stylesheet href=print.css>直骨令'
    used = _glyphs(door._draw(form_c(), source))
    assert (plain if system is None else own) <= used
    assert system is None or not plain & used


def _own_form(font: TTFont, character: str, system: str) -> int:
    """The glyph that the font's own table of local forms gives a character."""
    table = font["GSUB"].table
    (script,) = [each.Script for each in table.ScriptList.ScriptRecord if each.ScriptTag == "hani"]
    (own,) = [each.LangSys for each in script.LangSysRecord if each.LangSysTag == system]
    features = [table.FeatureList.FeatureRecord[index] for index in own.FeatureIndex]
    (local,) = [each.Feature for each in features if each.FeatureTag == "locl"]
    name = font.getBestCmap()[ord(character)]
    for index in local.LookupListIndex:
        for lookup in table.LookupList.Lookup[index].SubTable:
            name = getattr(lookup, "ExtSubTable", lookup).mapping.get(name, name)
    return int(font.getGlyphID(name))


def _glyphs(pdf: bytes) -> set[int]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        shown = [
            bytes(each)
            for line in pikepdf.parse_content_stream(document.pages[0])
            if str(line.operator) == "TJ"
            for each in line.operands[0]
            if isinstance(each, pikepdf.String)
        ]
    pairs = b"".join(shown)
    return {int.from_bytes(pairs[place : place + 2]) for place in range(0, len(pairs), 2)}


def test_attachments_come_back_byte_for_byte_with_the_reporting_date() -> None:
    content = bytes(range(256)) * 9
    files = (
        Attachment("z.parquet", content, "Decisions", "application/vnd.apache.parquet"),
        Attachment("cells.csv", "資料,1\n".encode(), "Cells"),
    )
    with pikepdf.open(io.BytesIO(render(small(attachments=files)))) as pdf:
        assert list(pdf.attachments) == ["cells.csv", "z.parquet"]
        for file in files:
            embedded = pdf.attachments[file.name].get_file()
            assert embedded.read_bytes() == file.content
            assert embedded.mime_type == file.media_type
            assert (
                embedded.creation_date and embedded.creation_date.date() == form_c().reporting_date
            )
            assert embedded.creation_date == embedded.mod_date
        assert {str(each.AFRelationship) for each in pdf.Root.AF} == {"/Data"}


def test_heads_have_a_scope_and_cells_know_their_heads(printed: dict[str, bytes]) -> None:
    with pikepdf.open(io.BytesIO(printed["two_dates"])) as pdf:
        cells = [each for each in pdf.objects if _role(each) == "/TH"]
        assert {str(each.A.Scope) for each in cells} == {"/Column", "/Row"}
        figures = [each for each in pdf.objects if _role(each) == "/TD" and "/Headers" in each.A]
        assert figures and all(len(each.A.Headers) for each in figures if each.K)
        assert len([each for each in cells if each.A.get("/ColSpan") == 5]) == 2  # one per date


def _role(each: pikepdf.Object) -> str:
    return str(each.get("/S")) if isinstance(each, pikepdf.Dictionary) else ""


def test_texts_are_printed_and_never_run() -> None:
    trick = "{{ 7 * 7 }} <b>&amp;</b> <script>1</script>"
    page = small(subtitle={"en": trick}, languages=("en",))
    assert trick in words(render(page))[0]


def test_a_template_cannot_reach_beyond_its_folder() -> None:
    for name in ("../pyproject.toml", "/etc/passwd", "none.html"):
        with pytest.raises(NplError, match="there is no template"):
            html(small(template=name))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png", "https://example.org/a.png", "ftp://example.org/a",
        "file:///etc/passwd", "file://host/etc/passwd", "data:text/css,x", "font:../regular",
        f"{TEMPLATES.as_uri()}/../pyproject.toml", f"{TEMPLATES.as_uri()}/%2e%2e/pyproject.toml",
        TEMPLATES.as_uri(), f"{TEMPLATES.as_uri()}/none.css",
    ],
)  # fmt: skip
def test_a_page_may_not_open(url: str) -> None:
    assert allowed(url) is None


def test_a_page_may_open_its_own_style_and_fonts_alone() -> None:
    assert allowed(f"{TEMPLATES.as_uri()}/print.css?x#y") == (TEMPLATES / "print.css").resolve()
    assert allowed("font:bold") == FONTS["bold"]


@pytest.mark.parametrize(
    "element",
    [
        '<img alt=x src="file:///etc/hostname">',
        '<link rel=stylesheet href="http://127.0.0.1:9/x.css">',
        '<link rel=attachment href="file:///etc/passwd">',
        '<p style="background: url(data:image/png;base64,AAAA)">x',
    ],
)
def test_a_page_that_opens_anything_else_is_not_drawn(element: str) -> None:
    with pytest.raises(NplError, match="a template may not open"):
        door._draw(form_c(), f"<html lang=en><title>x</title>{element}")


def test_a_style_that_is_not_understood_is_an_error_not_a_blemish() -> None:
    with pytest.raises(NplError, match="asset_quality was not drawn: Ignored `colour: red`"):
        door._draw(
            form_c(),
            "<html lang=en><title>x</title><link rel=stylesheet href=print.css><p style='colour: red'>x",
        )


def test_without_a_folder_for_passing_files_the_error_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(NplError, match="asset_quality cannot be drawn: .* No such file"):
        render(small())


def test_without_pango_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lacking:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'\nand more")

    door._weasyprint.cache_clear()
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Lacking(), *sys.meta_path])
    with pytest.raises(NplError) as caught:
        door._weasyprint()
    assert "cannot load library 'libpango-1.0-0'; install the system packages" in str(caught.value)
    for package in ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"):
        assert package in caught.value.problems[0].remedy


def test_workers_report_the_problems_of_all_pages_and_each_page_done() -> None:
    bad = [small(report=f"bad-{n}", subtitle={"en": "\u0627"}, languages=("en",)) for n in (1, 2)]
    done: list[str] = []
    with pytest.raises(NplError) as caught:
        render_all([*bad, small()], done=done.append)
    assert [problem.what.partition("in report ")[2] for problem in caught.value.problems] == [
        "bad-1, subtitle (en)",
        "bad-2, subtitle (en)",
    ]
    assert sorted(done) == ["asset_quality", "bad-1", "bad-2"]


def test_no_pages_need_no_process() -> None:
    assert render_all([]) == {}


def test_workers_leave_nothing_in_the_work_folder(tmp_path: Path) -> None:
    render_all([small()], work=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_dies_is_a_bug_with_the_pages_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_SERVE", "import sys; sys.exit(3)")
    with pytest.raises(RuntimeError, match="drew asset_quality ended with exit code 3"):
        render_all([small()])


def test_long_texts_wrap_inside_their_column() -> None:
    long = "逾期放款" * 60
    page = form_c(notes=(), charts=(), checks=())
    first = page.tables[0].lines[0]
    wide = replace(
        first, label=text(long, "word " * 80), cells=(Shown(None, "money", "blank"),) * 5
    )
    pdf = render(replace(page, tables=(replace(page.tables[0], lines=(wide,)),)))
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        for sheet in document.pages:
            assert max(each["x1"] for each in sheet.chars) <= sheet.width - 30
    assert "".join(words(pdf)).replace("\n", "").count("逾期放款") >= 60


@pytest.mark.slow
def test_a_thousand_rows_and_three_hundred_cases_are_drawn() -> None:
    files = render_all([long_list(1000), annex(300)])
    assert "E001000" in words(files["deadlines"])[-2] + words(files["deadlines"])[-1]
    assert "0300" in "".join(words(files["decisions"])[-2:])
