"""Negative equity: loans above what secures them, surveyed as the Monetary Authority counts homes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from npl_reporting.disposal.collateraltypes import Kind
from npl_reporting.disposal.discount import precisely
from npl_reporting.disposal.parameters import Citation, Parameters
from npl_reporting.engine import Engine, literal
from npl_reporting.law.yamlfile import Record
from npl_reporting.money import rounded

_ZERO = Decimal(0)
_FIRST = "max(rank) = 1 AND coalesce(max(v.pc1), 0) = 0"
"""A first mortgage: first of the bank's, and nothing of another lender secured before it."""


class SurveySet(Record):
    """Which loans a survey looks at."""

    kinds: tuple[Kind, ...]
    first_rank_only: bool
    one_property: bool
    cite: Citation


class Rounding(Record):
    """Decimals that the authority prints: amounts in billions, ratio and delinquency in percent."""

    amount: int
    ltv: int
    delinquency: int
    cite: Citation


class Published(Record):
    """One quarter as it was published; amounts as printed, in billions."""

    quarter: date
    cases: int
    aggregate: str
    unsecured: str
    ltv: int


class EquityRules(Parameters):
    """The file `rules/disposal/equity.yaml`."""

    survey: SurveySet
    rounding: Rounding
    published: tuple[Published, ...]


@dataclass(frozen=True)
class Survey:
    """Loans in negative equity at one day.

    `aggregate` A is what they owe, `unsecured` U what their market values leave open, so that
    A - U is the market values' sum. `delinquent` is what loans of the set owe that are delinquent;
    None where the tape does not say.
    """

    day: date
    loans: int
    cases: int
    aggregate: Decimal
    unsecured: Decimal
    delinquent: Decimal | None = None

    @property
    def share_of_loans(self) -> Decimal | None:
        """Cases over all loans that the survey looks at."""
        return _over(Decimal(self.cases), Decimal(self.loans))

    @property
    def loan_to_value(self) -> Decimal | None:
        """A / (A - U): a ratio of sums, not the mean of the loans' ratios."""
        return _over(self.aggregate, self.aggregate - self.unsecured)

    @property
    def delinquency(self) -> Decimal | None:
        """What delinquent loans of the set owe, over A."""
        return None if self.delinquent is None else _over(self.delinquent, self.aggregate)


def _over(part: Decimal, whole: Decimal) -> Decimal | None:
    with precisely():
        return part / whole if whole else None


def survey_homes(engine: Engine, rules: EquityRules, day: date) -> Survey:
    """Survey `links` and `valued`: the kinds, rank and number of assets that the rules say.

    Market values are gross: no discount, no costs. With the column `delinquent` in `loans`, what
    is owed by delinquent loans is summed too.
    """
    kinds = ", ".join(literal(kind) for kind in rules.survey.kinds)
    conditions = [f"every(kind IN ({kinds}))"]
    conditions += [_FIRST] if rules.survey.first_rank_only else []
    conditions += ["count(*) = 1"] if rules.survey.one_property else []
    having = " AND ".join(conditions).replace("every(", "bool_and(")
    return _sum(engine, day, having, rules.number("coverage"))


def survey_kind(engine: Engine, kind: Kind, day: date) -> Survey:
    """Survey the loans that one kind of collateral alone secures, whatever rank and number."""
    return _sum(engine, day, f"bool_and(kind = {literal(kind)})", Decimal(1))


def kinds_present(engine: Engine) -> list[Kind]:
    """The kinds of collateral in the file."""
    return [kind for (kind,) in engine.rows("SELECT DISTINCT kind FROM valued ORDER BY kind")]


def _sum(engine: Engine, day: date, having: str, coverage: Decimal) -> Survey:
    has_delinquency = "delinquent" in engine.columns("loans")
    late = "any_value(o.delinquent)" if has_delinquency else "CAST(NULL AS BOOLEAN)"
    (loans, cases, owed, open_, delinquent, known) = engine.rows(
        "WITH looked_at AS (SELECT exposure_id, any_value(g.balance) AS balance, "
        f"sum(g.gross_within_reach) AS worth, {late} AS late "
        "FROM allocated g JOIN valued v USING (asset_id) JOIN loans o USING (exposure_id) "
        f"GROUP BY exposure_id HAVING {having}) "
        "SELECT count(*), count(*) FILTER (balance > worth), sum(balance) FILTER (balance > worth), "
        "sum(balance - worth) FILTER (balance > worth), "
        "sum(balance) FILTER (balance > worth AND late), count(late) FROM looked_at"
    )[0]
    late_amount = (delinquent or _ZERO) if known else None
    return extrapolated(
        Survey(day, loans, cases, owed or _ZERO, open_ or _ZERO, late_amount), coverage
    )


def extrapolated(survey: Survey, coverage: Decimal) -> Survey:
    """Amounts and numbers over the share surveyed; ratios stay as they are."""
    if coverage == 1:
        return survey
    with precisely():
        late = survey.delinquent
        return Survey(
            survey.day,
            int(rounded(survey.loans / coverage, 0)),
            int(rounded(survey.cases / coverage, 0)),
            rounded(survey.aggregate / coverage, 2),
            rounded(survey.unsecured / coverage, 2),
            None if late is None else rounded(late / coverage, 2),
        )


def economic_shortfall(engine: Engine) -> Decimal:
    """What all loans owe above their realisable value: this product's measure, wider than negative
    equity."""
    found = engine.value("SELECT sum(balance - realisable) FROM covered WHERE unknown = 0")
    return found or _ZERO


def break_even_fall(loan: Decimal, value: Decimal) -> Decimal:
    """The fall of prices that takes a loan below its value to the edge: 1 - loan / value."""
    with precisely():
        return 1 - loan / value


def bounds(printed: str) -> tuple[Decimal, Decimal]:
    """The least and greatest amounts that print so: half of the last decimal either way."""
    value = Decimal(printed)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(5).scaleb(exponent - 1)
    return value - half, value + half


def possible_ratio(aggregate: str, unsecured: str) -> tuple[Decimal, Decimal]:
    """The least and greatest A / (A - U) of amounts that print so."""
    (least_a, most_a), (least_u, most_u) = bounds(aggregate), bounds(unsecured)
    with precisely():
        return most_a / (most_a - least_u), least_a / (least_a - most_u)


def in_order(surveys: Sequence[Survey]) -> list[Survey]:
    """A series by day, the last one of a day that stands twice."""
    return [survey for _, survey in sorted({s.day: s for s in surveys}.items())]
