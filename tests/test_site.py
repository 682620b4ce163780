"""The review site: what its pages show, that they lead from a cell to the tape, and what it refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.request import urlopen

import pytest
from quarters import ROWS, SEPTEMBER, npl, run_tape, store, write_tape
from stored_run import RUN, save, store_in
from test_submission import NAME, Office
from visitor import Visitor, links

from npl_reporting.evidence.exports import EXPORT
from npl_reporting.evidence.records import RunFile
from npl_reporting.evidence.store import Store
from npl_reporting.site import overview
from npl_reporting.site.answers import exact, href
from npl_reporting.site.cells import Sum
from npl_reporting.site.guard import HEADERS
from npl_reporting.submission.archived import TakenUp, take_up
from npl_reporting.submission.deltas import Grounds, confirm, propose_adjustment

HOSTILE = "<script>alert('1')</script>"
MANY = 104
NONPERFORMING = Decimal(10109356)
"""SPLIT's 3,000,000, the hostile loan's 7,000,000, and 1,000 + n for n from 0 to 103:
104 * 1,000 + 103 * 104 / 2 = 109,356; every one of them more than three months late."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One quarter of the small book, with many small loans and an id that would be a script."""
    home = tmp_path_factory.mktemp("site")
    office = Office.__new__(Office)
    office.store = store(home)
    office.hire()
    small = (
        f"S{n:03},DS{n:03},individual,personal_loan,{1000 + n},,,2024-06-01,0" for n in range(MANY)
    )
    hostile = f"{HOSTILE},<b>D9</b>,corporate,corporate_loan,7000000,,,2024-05-10,0"
    rows = (*ROWS, hostile, *small)
    run = run_tape(
        home, write_tape(home, rows), languages=("zh-TW", "en"), entity="<i>Bank</i>"
    ).run
    office.desk("preparer").create(run.id, "<img src=x onerror=alert(1)>")
    (home / "token").write_text(office.tokens["viewer"], encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def visitor(home: Path) -> Iterator[Visitor]:
    visitor = Visitor(store(home))
    assert visitor.sign_in((home / "token").read_text(encoding="utf-8")).status_code == 303
    yield visitor
    visitor.site.taken.close()


@pytest.fixture(scope="module")
def run(home: Path) -> str:
    return store(home).runs()[0].id


def plain(page: str) -> str:
    """A page's words without its tags, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# What the pages show ------------------------------------------------------------------------------


def test_the_board_comes_first_and_marks_what_is_late(visitor: Visitor) -> None:
    page = plain(visitor.get("/"))
    assert "Asset quality for the public 資產品質揭露" in page
    # The return of September 2024 was due on 15 October 2024, and its submission is a draft.
    assert re.search(r"TW 2024-09-30 draft review the reviewer 2024-10-15 ! late", page)


def test_a_run_says_what_it_was_made_from_and_what_its_checks_say(
    visitor: Visitor, home: Path, run: str
) -> None:
    page = visitor.get(f"/runs/{run}")
    states = [check.state for check in store(home).checks(run)]
    counted = [states.count(state) for state in ("passed", "failed", "not_evaluated")]
    told = plain(page)
    assert "{} passed, {} failed, {} not evaluated".format(*counted) in told
    assert page.count("✓ passed") == counted[0] and page.count("? not evaluated") == counted[2]
    assert all(name in told for name in ("tape.csv", "2014-01-01.yaml", "decisions.parquet"))
    assert f"Rows {len(ROWS) + 1 + MANY}" in told
    assert store(home).seals.of(run).root in page
    assert links(visitor.get("/runs"), f"/runs/{run}") == [f"/runs/{run}"]


def test_every_return_opens_in_both_languages(visitor: Visitor, run: str) -> None:
    returns = links(visitor.get(f"/runs/{run}"), f"/runs/{run}/returns/")
    assert len(returns) > 10
    for address in returns:
        visitor.get(address)
    page = visitor.get(f"/runs/{run}/returns/asset_quality")
    assert (
        '<span lang="zh-TW">放款業務合計</span> <span class="second" lang="en">Total loans' in page
    )
    assert re.search(r"asset_quality/08/npl\"[^>]*>\s*10,109\s*</a>", page)  # in thousands


def test_a_cell_s_exposures_sum_to_it_over_all_pages(visitor: Visitor, run: str) -> None:
    address = f"/runs/{run}/returns/asset_quality/08/npl"
    first = visitor.get(address)
    second = visitor.get(f"{address}?page=2")
    assert f"contributions of 106 exposures sum to {exact(NONPERFORMING)}, which is the cell" in (
        plain(first)
    )
    listed = [
        Decimal(text.replace(",", ""))
        for page in (first, second)
        for text in re.findall(r'</th>\s*<td class="money">([\d,.]+)</td>', page)
    ]
    assert len(listed) == 106 and sum(listed) == NONPERFORMING
    assert listed[:2] == [7_000_000, 3_000_000]  # what contributes most comes first
    assert "Page 1 of 2" in first and "Page 2 of 2" in second
    assert "NOT the cell" not in first + second


@pytest.mark.slow
def test_what_persons_added_stands_beside_the_sum(tmp_path: Path) -> None:
    """SPLIT's 3,000,000 less the 1,000 by which two persons adjusted the cell."""
    office = Office.__new__(Office)
    office.store = store(tmp_path)
    office.hire()
    (tmp_path / "memo.txt").write_text("booked twice", encoding="utf-8")
    grounds = Grounds("booked twice", tmp_path / "memo.txt", SEPTEMBER, SEPTEMBER)
    place = "asset_quality/01/npl"
    delta = propose_adjustment(office.desk("preparer"), "TW", place, "-1000", grounds).delta
    confirm(office.desk("reviewer"), delta.id, "seen")
    made = run_tape(tmp_path, write_tape(tmp_path)).run
    visitor = Visitor(office.store)
    visitor.sign_in(office.tokens["viewer"])
    page = plain(visitor.get(f"/runs/{made.id}/returns/{place}"))
    visitor.site.taken.close()
    assert "sum to 3,000,000; adjustments of persons add -1,000, and together this is the cell" in (
        page
    )
    assert "Exact value 2999000" in page and "As computed 3000000" in page


def test_a_sum_is_the_value_to_the_last_digit() -> None:
    assert Sum(2, Decimal("10.01"), Decimal("10.010")).holds
    assert Sum(2, Decimal("10.01"), Decimal("9.01"), Decimal(-1)).holds
    assert not Sum(2, Decimal("10.01"), Decimal("10.02")).holds
    assert not Sum(2, Decimal("10.01"), None).holds
    assert not Sum(2, None, Decimal("10.01")).holds


def test_a_ratio_says_what_it_is_made_of(visitor: Visitor, run: str) -> None:
    page = plain(visitor.get(f"/runs/{run}/returns/asset_quality/08/ratio"))
    assert (
        "What stands behind it does not sum to it: the value is made by npl / nullif(total, 0)"
        in page
    )


def test_a_cell_that_was_not_computed_says_why(visitor: Visitor, home: Path, run: str) -> None:
    cell = next(c for c in store(home).cells(run, "movement", "current") if c.reason)
    page = plain(visitor.get(href("runs", run, "returns", "movement", cell.row, cell.column)))
    assert "not computed" in page and "No prior run was given to compare with" in page


def test_from_a_cell_to_the_row_of_the_tape(visitor: Visitor, run: str) -> None:
    cell = visitor.get(f"/runs/{run}/returns/asset_quality/08/npl")
    assert "tape.csv: 2" in plain(cell)  # SPLIT stands in the second line of the file
    address = f"/runs/{run}/exposure?id=SPLIT"
    assert address in links(cell, f"/runs/{run}/exposure")
    page = visitor.get(address)
    told = plain(page)
    assert "Debtor D1 · tape.csv, row 2" in told
    assert "2,200,000 TWD" in told and "800,000 TWD" in told  # covered part and the rest
    assert "br/7.1" in told and "Principal or interest unpaid for more than three months" in told
    (case, *_) = links(page, f"/runs/{run}/cases/")
    assert "Rules that held" in visitor.get(case) and case in links(
        visitor.get(f"/runs/{run}/cases"), case
    )


def test_what_the_site_reads_is_what_was_decided(visitor: Visitor, home: Path, run: str) -> None:
    """The decisions kept, over the tape, against the same tape decided again."""

    def rows(up: TakenUp) -> list[tuple[object, ...]]:
        names = ", ".join(f'"{name}"' for name in sorted(up.again.engine.columns("treated")))
        query = f"SELECT {names} FROM treated ORDER BY exposure_id, portion"
        return [(names,), *up.again.engine.rows(query)]

    with visitor.site.taken.up(run) as (up, _):
        read = rows(up)
    with take_up(store(home), run) as again:
        assert read == rows(again)
    assert len(read) == 1 + len(ROWS) + 1 + 1 + MANY  # names; SPLIT has two portions


def test_a_file_is_the_archived_bytes_and_its_download_an_event(
    visitor: Visitor, home: Path, run: str
) -> None:
    opened = store(home)
    page = visitor.get(f"/runs/{run}")
    for name, kind in (("decisions.csv", "text/csv"), ("TW-asset_quality.xlsx", "sheet")):
        file = next(file for file in opened.files(run) if file.name == name)
        address = href("runs", run, "files", file.role, name)
        assert address in links(page, address)
        answer = visitor.client.get(address)
        assert answer.content == opened.archive.path(file.sha256).read_bytes()
        assert kind in answer.headers["content-type"]
        assert answer.headers["content-disposition"].startswith("attachment")
        event = opened.log.events()[-1]
        assert (event.action, event.person, event.role) == (EXPORT, "the viewer", "viewer")
        assert (event.subject, event.said["files"]) == (run, {name: file.sha256})


def test_the_log_is_told_filtered_and_verified(visitor: Visitor, home: Path, run: str) -> None:
    head = store(home).log.head()
    page = visitor.get("/log")
    assert head.root in page and f"{head.size} events" in plain(page)
    about = plain(visitor.get(f"/log?about={run}"))
    assert "run.store" in about and "role.grant" not in about
    by = plain(visitor.get("/log?person=the+preparer"))
    assert by.count("submission.create") == 1 and "run.store" not in by
    answer = visitor.post("/log/verify")
    assert "✓ as written" in answer.text and "1 runs" in plain(answer.text)


def test_hostile_text_stays_text(visitor: Visitor, run: str) -> None:
    pages = [
        visitor.get(f"/runs/{run}/returns/asset_quality/08/npl"),
        visitor.get(href("runs", run, "exposure", id=HOSTILE)),
        visitor.get("/"),
        visitor.get("/log"),
        visitor.get("/submissions/TW-2024-09-30"),
    ]
    assert all(HOSTILE in plain(page) for page in pages[:2])
    for page in pages:
        assert not re.search(r"<(script|img|i>|b>D9)", page)
    for address in (f"/runs/{HOSTILE}", f"/log?about={HOSTILE}", f"/sign-in?to={HOSTILE}"):
        assert "<script" not in visitor.client.get(address).text


# What it refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/runs/XX", "/runs/TW-2024-09-30", "/runs/{run}/returns/nothing", "/runs/{run}/cases/c0",
        "/runs/{run}/returns/asset_quality/08/nothing", "/runs/{run}/exposure?id=NOBODY",
        "/runs/{run}/exposure", "/runs/{run}/files/tape/..%2f..%2fnpl.db",
        "/runs/{run}/files/tape/other.csv", "/runs/{run}/files/cases/tape.csv",
        "/runs/..%2f..%2fetc%2fpasswd", "/submissions/XX", "/site.css/..%2fbase.html", "/nothing",
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_page_that_says_so(visitor: Visitor, run: str, address: str) -> None:
    assert "There is no" in visitor.get(address.format(run=run), 404)


def test_without_a_session_every_page_leads_to_the_sign_in(home: Path, run: str) -> None:
    stranger = Visitor(store(home))
    before = store(home).log.head()
    for address in (
        "/", "/runs", "/submissions", "/log", f"/runs/{run}", f"/runs/{run}/findings",
        f"/runs/{run}/cases", f"/runs/{run}/cases/c", f"/runs/{run}/files/tape/tape.csv",
        f"/runs/{run}/exposure?id=SPLIT", f"/runs/{run}/returns/asset_quality",
        f"/runs/{run}/returns/asset_quality/08/npl", "/submissions/TW-2024-09-30",
    ):  # fmt: skip
        answer = stranger.client.get(address)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    for address in ("/sign-out", "/log/verify"):
        assert stranger.post(address).headers["location"] == "/sign-in"
    assert store(home).log.head() == before
    assert "Your token" in stranger.get("/sign-in")


def test_a_form_of_another_site_is_refused(visitor: Visitor, home: Path) -> None:
    other = Visitor(store(home))
    before = store(home).log.head()
    for data in ({}, {"form": ""}, {"form": "guessed"}, {"form": other.form}, {"form": "é"}):
        for address in ("/sign-in", "/sign-out", "/submissions/TW-2024-09-30/review"):
            answer = visitor.client.post(address, data={**data, "token": "x"})
            assert answer.status_code == 403 and "is not from a page" in answer.text
    assert store(home).log.head() == before
    visitor.get("/")


def test_a_form_has_a_size_and_a_kind(visitor: Visitor) -> None:
    post, form = visitor.client.post, visitor.form
    assert post("/sign-out", data={"form": form, "more": "x" * 70_000}).status_code == 413
    assert post("/sign-out", json={"form": form}).status_code == 415
    assert post("/sign-out", files={"form": b"x"}).status_code == 415
    assert post("/sign-out", data={"form": [form, form]}).status_code == 400
    assert post("/sign-out", data={str(n): "" for n in range(50)}).status_code == 400
    assert post("/runs").status_code == 405
    visitor.get("/")


def test_every_answer_is_guarded(visitor: Visitor) -> None:
    for address in ("/", "/sign-in", "/nothing", "/site.css", "/runs/XX"):
        answer = visitor.client.get(address)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, address
    assert "script-src" not in HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]


def test_another_host_is_refused(visitor: Visitor) -> None:
    answer = visitor.client.get("/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_bug_is_told_in_words_without_its_trace(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(store: Store, on: object) -> None:
        raise RuntimeError("a secret place")

    monkeypatch.setattr(overview, "board", broken)
    answer = visitor.client.get("/")
    assert answer.status_code == 500 and "nobody foresaw" in answer.text
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_pdf_opens_in_the_browser_and_a_changed_file_does_not_go_out(tmp_path: Path) -> None:
    office = Office(tmp_path)
    kept = office.store.archive.place_bytes(b"%PDF-1.7 a page")
    file = RunFile("pdf", "XX 'q\".pdf", kept.sha256, kept.size, "application/pdf")
    save(office.store, replace(RUN, id="XX-2025-06-30-1"), files=(file,))
    visitor = Visitor(office.store)
    visitor.sign_in(office.tokens["viewer"])
    address = href("runs", "XX-2025-06-30-1", "files", "pdf", file.name)
    answer = visitor.client.get(address)
    assert answer.content == b"%PDF-1.7 a page"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-content-type-options"] == "nosniff"
    path = office.store.archive.path(kept.sha256)
    path.chmod(0o644)
    path.write_bytes(b"%PDF-1.7 another")
    before = office.store.log.head()
    answer = visitor.client.get(address)
    assert answer.status_code == 500 and "the content has changed" in answer.text
    assert office.store.log.head() == before
    assert "NOT as written" in visitor.post("/log/verify").text


def test_behind_https_the_cookie_is_for_https_alone(tmp_path: Path) -> None:
    from npl_reporting.site.asked import Site

    office = Office(tmp_path)
    visitor = Visitor(office.store, Site(office.store, https=True))
    answer = visitor.client.get("/sign-in")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"]
    assert NAME not in answer.text


# The command --------------------------------------------------------------------------------------


def test_the_server_says_where_it_is_and_ends_with_words(home: Path) -> None:
    command = [sys.executable, "-m", "npl_reporting", "serve", "--port", "0"]
    environment = {**os.environ, "NPL_STORE": store(home).url}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stdout and server.stderr
        try:
            address = server.stdout.readline().rsplit(" ", 1)[1].strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
            with urlopen(f"{address}sign-in", timeout=30) as answer:
                assert answer.status == 200 and b"Your token" in answer.read()
            port = address.rstrip("/").rpartition(":")[2]
            again = npl("serve", "--port", port, "--store", store(home).url)
            assert again.code == 2 and f"port {port} of 127.0.0.1 is in use" in again.err
            assert "--port" in again.err
            server.send_signal(signal.SIGINT)
            rest, said = server.communicate(timeout=30)
        finally:
            server.kill()
    assert server.returncode == 0, said
    assert "stopped; everybody is signed out" in rest and "Traceback" not in said


def test_serving_needs_a_store_and_a_name(tmp_path: Path) -> None:
    missing = npl("serve", "--store", store_in(tmp_path).url)
    assert missing.code == 2 and "npl.db" in missing.err
    Office(tmp_path)
    everywhere = npl("serve", "--host", "0.0.0.0", "--store", store_in(tmp_path).url)
    assert everywhere.code == 2 and "--allow-host" in everywhere.err


def test_without_its_libraries_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "npl_reporting.site.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    said = npl("serve", "--store", store_in(tmp_path).url)
    assert said.code == 2 and "pip install npl-reporting[site]" in said.err
