"""From any cell to the rows of the tape, and the same told as OpenLineage, valid by its schema."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from quarters import npl, run_tape, store, write_tape
from referencing import Registry, Resource

from npl_reporting.errors import NplError
from npl_reporting.submission.archived import take_up
from npl_reporting.submission.openlineage import lineage_events
from npl_reporting.submission.trace import trace, trace_in

SCHEMAS = Path(__file__).parent / "openlineage"
RUN = "TW-2024-12-31"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quarters of the small book."""
    home = tmp_path_factory.mktemp("trace")
    prior = run_tape(home, write_tape(home)).run
    run_tape(home, write_tape(home, name="december.csv"), date(2024, 12, 31), "december",
             prior=prior.id)  # fmt: skip
    return home


def test_behind_a_cell_stand_exposures_cases_rules_and_rows(home: Path) -> None:
    """All five loans of the book stand in the total of one column or another."""
    found = {
        f"{c.report}/{c.row}/{c.column}": c for c in store(home).cells(RUN, "asset_quality")
        if c.period == "current" and c.value is not None
    }  # fmt: skip
    added = 0
    with take_up(store(home), RUN) as up:
        for place, cell in found.items():
            traced = trace_in(store(home), up, place)
            assert traced.exposures == len(traced.behind)
            if traced.sum is not None:
                assert traced.sum == Decimal(cell.value or ""), place
                assert sum(b.contribution or 0 for b in traced.behind) == traced.sum
                added += 1
    assert added > 5


def test_an_exposure_behind_a_cell_says_why_it_is_there(home: Path) -> None:
    places = (
        f"{c.report}/{c.row}/{c.column}" for c in store(home).cells(RUN, None, "current")
        if c.value == "50000"
    )  # fmt: skip
    with take_up(store(home), RUN) as up:
        traced = [trace_in(store(home), up, place) for place in places]
    behind = [b for t in traced for b in t.behind if b.exposure_id == "CARD"]
    assert behind
    told = {t.decision: t for t in behind[0].decided}
    assert (told["category"].tape, told["category"].row) == ("december.csv", 5)
    assert told["category"].rules and told["category"].citations
    assert told["category"].outcome == "doubtful"  # unsecured, between six months and a year late


def test_a_limit_lists_the_largest_and_counts_all(home: Path) -> None:
    place = next(
        f"{c.report}/{c.row}/{c.column}"
        for c in store(home).cells(RUN, "decision_annex", "current")
        if c.value == "4570000.5"
    )
    traced = trace(store(home), RUN, place, 2)
    assert (traced.exposures, traced.sum) == (5, Decimal("4570000.50"))
    assert [b.exposure_id for b in traced.behind] == ["SPLIT", "SOUND"]


def test_behind_a_text_stand_exposures_that_add_up_to_nothing(home: Path) -> None:
    """D1 owes 3,000,000 and 500,000: the largest debtor, of whom the list tells the kind."""
    cell = next(c for c in store(home).cells(RUN, "top_debtors", "current") if c.text is not None)
    traced = trace(store(home), RUN, f"{cell.report}/{cell.row}/{cell.column}")
    assert (traced.exposures, traced.sum) == (2, None)
    assert [(b.exposure_id, b.contribution) for b in traced.behind] == [
        ("OTHER", None), ("SPLIT", None),
    ]  # fmt: skip


def test_a_cell_that_is_not_there_is_refused(home: Path) -> None:
    with pytest.raises(NplError, match="has no cell asset_quality/nowhere/npl"):
        trace(store(home), RUN, "asset_quality/nowhere/npl")


ABROAD = """exposure_id,debtor_id,product_type,debtor_type,industry,currency,outstanding_principal
LOCAL,D1,corporate_loan,corporate,A1,,1000.00
DOLLAR,D2,corporate_loan,corporate,A1,USD,100.01
YEN,D3,corporate_loan,corporate,A1,JPY,1000001
"""
RATES = """currency,date,kind,rate,units,source
USD,2026-03-31,closing,7.8,1,Example bank
JPY,2026-03-31,closing,5.2,100,Example bank
"""
BROUGHT = {
    "usd": {"DOLLAR": Decimal("780.08")}, "others": {"YEN": Decimal("52000.05")},
    "total": {"YEN": Decimal("52000.05"), "LOCAL": Decimal("1000.00"), "DOLLAR": Decimal("780.08")},
}  # fmt: skip
"""100.01 at 7.80 is 780.078, 1000001 at 5.20 for 100 is 52000.052: each rounded for itself."""


@pytest.fixture(scope="module")
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tape in three currencies, run with the rates beside it."""
    home = tmp_path_factory.mktemp("abroad")
    (home / "tape.csv").write_text(ABROAD, encoding="utf-8")
    (home / "rates.csv").write_text(RATES, encoding="utf-8")
    said = npl("run", home / "tape.csv", "--rules", "HK", "--as-of", "2026-03-31",
               "--rates", home / "rates.csv", "--store", store(home).url, "--out", home / "out",
               "--no-pdf")  # fmt: skip
    assert said.code == 0, said
    return home


def test_behind_a_converted_cell_stand_converted_amounts(abroad: Path) -> None:
    """The sum over a section has the same behind it as its only line."""
    with take_up(store(abroad), "HK-2026-03-31") as up:
        for row, column in (("A1", "usd"), ("A1", "others"), ("A1", "total"), ("L", "total")):
            traced = trace_in(store(abroad), up, f"mabs2a_part1/{row}/{column}")
            found = [(behind.exposure_id, behind.contribution) for behind in traced.behind]
            assert found == list(BROUGHT[column].items())
            brought = sum(BROUGHT[column].values())
            assert Decimal(traced.cell.value or "") == traced.sum == brought


def test_the_command_traces_a_converted_cell(abroad: Path) -> None:
    place = "mabs2a_part1/A1/usd"
    said = npl("audit", "trace", "HK-2026-03-31", place, "--store", store(abroad).url)
    assert (said.code, "780.08" in said.out, "DOLLAR" in said.out) == (0, True, True), said


def test_the_commands_print_both(home: Path, tmp_path: Path) -> None:
    cell = store(home).cells(RUN, "asset_quality", "current")[0]
    place = f"{cell.report}/{cell.row}/{cell.column}"
    said = npl("audit", "trace", RUN, place, "--store", store(home).url)
    assert said.code == 0 and "stand behind it" in said.out, said
    out = tmp_path / "run.ndjson"
    assert npl("audit", "lineage", RUN, "--out", out, "--store", store(home).url).code == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2


def schemas() -> dict[str, dict[str, object]]:
    """OpenLineage's own schemas by their address."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(SCHEMAS.glob("*.json")))
    return {schema["$id"]: schema for schema in map(json.loads, texts)}


def validator(reference: str) -> Draft202012Validator:
    known: Registry[Any] = Registry().with_resources(
        (address, Resource.from_contents(schema)) for address, schema in schemas().items()
    )
    return Draft202012Validator({"$ref": reference}, registry=known, format_checker=FormatChecker())


def test_events_and_facets_are_valid_by_openlineage_s_schemas(home: Path) -> None:
    events = json.loads(json.dumps(lineage_events(store(home), RUN)))
    facets = 0
    for event in events:
        validator(event["schemaURL"]).validate(event)
        for holder in (event["run"], *event.get("inputs", ()), *event.get("outputs", ())):
            for facet in holder["facets"].values():
                assert facet["_schemaURL"].partition("#")[0] in schemas()
                validator(facet["_schemaURL"]).validate(facet)
                facets += 1
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
    assert len({event["run"]["runId"] for event in events}) == 1
    assert facets > 10


def test_the_lineage_of_a_column_leads_back_to_the_tape(home: Path) -> None:
    _, event = lineage_events(store(home), RUN)
    datasets = {data["name"]: data["facets"] for data in event["outputs"]}
    assert {data["name"] for data in event["inputs"]} >= {"december.csv", "2014-01-01.yaml"}

    def columns(dataset: str, field: str) -> set[tuple[str, str]]:
        found = datasets[dataset]["columnLineage"]["fields"][field]["inputFields"]
        return {(one["name"], one["field"]) for one in found}

    def tape_columns(dataset: str, field: str) -> set[str]:
        seen, waiting = set(), columns(dataset, field)
        while waiting:
            name, one = waiting.pop()
            if (name, one) not in seen:
                seen.add((name, one))
                waiting |= columns(name, one) if name in datasets else set()
        return {one for name, one in seen if name == "december.csv"}

    assert "oldest_unpaid_due_date" in tape_columns("decisions.parquet", "category")
    assert "outstanding_principal" in tape_columns("decisions.parquet", "amount")
    cell = next(c for c in store(home).cells(RUN, "asset_quality", "current") if c.value)
    assert tape_columns("TW/asset_quality", f"{cell.row}/{cell.column}")


def test_every_cell_that_is_computed_has_a_field(home: Path) -> None:
    _, event = lineage_events(store(home), RUN)
    datasets = {data["name"]: data["facets"] for data in event["outputs"]}
    for cell in store(home).cells(RUN, None, "current"):
        fields = datasets[f"TW/{cell.report}"]["columnLineage"]["fields"]
        line = cell.table if cell.row.startswith(f"{cell.table}.") else cell.row
        assert f"{line}/{cell.column}" in fields
