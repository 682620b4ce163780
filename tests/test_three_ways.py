"""Random rulebooks over random portfolios, decided three ways without a difference.

durable-rules on cases, SQL on every exposure, and the plain reading of the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from plain_reading import DEBTOR_FACTS, FACTS, Decision, Values, read_plainly
from random_rulebooks import SPLIT, WHOLE, Maker, file_text
from rulebooks import Decided, decided, rulebook

from npl_reporting.engine import Engine
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio.evaluate import declare_evaluated, fired_column


def by_rule_engine(found: Decided, made: Sequence[Decision]) -> list[Values]:
    cases = {case.id: case for case in found.cases}
    return [
        row | {fired_column(d.name): [*cases[row["case_id"]].verdict(d.name).fired] for d in made}
        for row in found.rows
    ]


def by_sql(engine: Engine, book: Rulebook) -> list[Values]:
    last = declare_evaluated(engine, "all_exposures", "every", book)
    return engine.records(f'SELECT * FROM {last} ORDER BY "row", portion')


def three_ways(seed: int, size: int, folder: Path) -> None:
    """Decide a random portfolio under a random rulebook; fail with the first difference."""
    maker = Maker(seed)
    made = maker.decisions()
    book = rulebook(folder, file_text(made), SPLIT if maker.split else WHOLE)
    rows = maker.portfolio(size)
    plain = read_plainly([dict(row) for row in rows], maker.split, made)
    with decided(folder, book, rows, small=seed % 2 == 0) as found:
        by_engine, by_query = by_rule_engine(found, made), by_sql(found.engine, book)
    assert len(plain) == len(by_engine) == len(by_query)
    names = [*FACTS, *DEBTOR_FACTS, "portion", "amount"]
    names += [name for d in made for name in (*d.facts, d.name, fired_column(d.name))]
    for expected, one, other in zip(plain, by_engine, by_query, strict=True):
        for name in names:
            assert one[name] == other[name] == expected[name], f"{name} of {expected}"


@pytest.mark.parametrize("seed", range(16))
def test_random_rulebooks_are_decided_alike(seed: int, tmp_path: Path) -> None:
    three_ways(seed, 250, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_many_random_rulebooks_are_decided_alike(seed: int, tmp_path: Path) -> None:
    three_ways(seed, 400, tmp_path)


def test_the_random_rulebooks_hold_everything_that_a_rule_file_may_say() -> None:
    said = "".join(file_text(Maker(seed).decisions()) for seed in range(16))
    for word in (
        "not (", " and ", " or ", " in (", "between", "is null", "type: rate", "then: penalty",
        "of: portion", "of: exposure", "share_bad >", "anyone_bad", "bad_ones", "d0 =", "portion =",
        "amount", "DATE '", "'it''s'", "limit",
    ):  # fmt: skip
        assert word in said, word
