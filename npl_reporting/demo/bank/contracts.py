"""The terms of each exposure: what was lent to whom, for how long, against which collateral."""

from __future__ import annotations

from npl_reporting.demo.bank.draws import Draws
from npl_reporting.engine import Engine

# First and last day of the quarter between the two reporting dates, and both dates.
FIRST = "DATE '2025-06-30'"
SECOND = "DATE '2025-09-30'"

_INDUSTRIES = "['C24', 'C25', 'C26', 'C27', 'C29', 'F41', 'F42', 'G45', 'G46', 'H49', 'I55', 'L67']"
_REGIONS = "['TPE', 'TPE', 'NWT', 'NWT', 'TAO', 'HSZ', 'TXG', 'TXG', 'CHA', 'TNN', 'KHH', 'PIF']"

_DEBTORS = """
    CREATE VIEW debtors AS
    SELECT *,
           initial || printf('%08d', debtor) AS debtor_id,
           CASE segment WHEN 'person' THEN 'individual' WHEN 'government' THEN 'government'
                ELSE CASE WHEN {small} THEN 'sme' ELSE 'corporate' END END AS debtor_type,
           CASE segment WHEN 'business' THEN {industry} WHEN 'government' THEN 'O83' END
               AS industry,
           {region} AS region
    FROM exposures
"""

_OFFERS = """
    CREATE VIEW offers AS
    SELECT debtors.*, products.* EXCLUDE (nth, family, debtor_type, share),
           stories.* EXCLUDE (story)
    FROM (SELECT *, {share} AS share FROM debtors) AS debtors
    JOIN shares USING (family, debtor_type, share)
    JOIN (SELECT row_number() OVER () AS nth, * FROM products) AS products
      ON products.nth = shares.product
    JOIN stories USING (story)
"""

# Most exposures are small and a few are large: the product of two draws, each to a power.
_SIZES = """
    CREATE VIEW sizes AS
    SELECT * EXCLUDE (one, two), (amount - amount % 1000) AS lent
    FROM (SELECT *,
                 (least + (most - least) * skewed(one, skew) * skewed(two, skew) // 100000000)
                 * size_percent // 100 AS amount
          FROM (SELECT *, {one} AS one, {two} AS two FROM offers))
"""

_SKEWED = """
    CREATE MACRO skewed(x, power) AS CASE power
        WHEN 1 THEN x
        WHEN 2 THEN x * x // 10000
        WHEN 3 THEN x * x // 10000 * x // 10000
        ELSE x * x // 10000 * x // 10000 * x // 10000 END
"""

# Old enough for its story: an exposure in trouble was granted half a year or more before.
_CONTRACTS = """
    CREATE VIEW contracts AS
    SELECT *, months_later(origination_date, term) AS agreed_maturity
    FROM (SELECT *,
                 CASE WHEN story = 'new' THEN {new_day}
                      ELSE least({old_day}, {before_trouble}) END AS origination_date
          FROM (SELECT *, {term} AS term, {cover} AS cover FROM sizes))
"""

_MONTHS_LATER = "CREATE MACRO months_later(day, n) AS CAST(day + to_months(n) AS DATE)"


def grant(engine: Engine, draws: Draws) -> None:
    """Make the view `contracts` from the view `exposures`."""
    for macro in (_SKEWED, _MONTHS_LATER):
        engine.execute(macro)
    engine.execute(
        _DEBTORS.format(
            small=draws.percent("debtor_key", "small business", 75),
            industry=_one_of(draws, "industry", _INDUSTRIES),
            region=_one_of(draws, "region", _REGIONS),
        )
    )
    engine.execute(_OFFERS.format(share=draws.whole("number", "product", 0, 999)))
    one, two = (draws.whole("number", name, 0, 9999) for name in ("size", "weight"))
    engine.execute(_SIZES.format(one=one, two=two))
    engine.execute(_contracts(draws))


def _one_of(draws: Draws, name: str, codes: str) -> str:
    return f"{codes}[{draws.whole('debtor_key', name, 1, codes.count(',') + 1)}]"


def _contracts(draws: Draws) -> str:
    age = draws.whole("number", "age", 1, "least(term - 5, 120)")
    grace = draws.whole("number", "months before trouble", 7, 40)
    trouble = "least(coalesce(restructured_from, due_from), coalesce(due_from, restructured_from))"
    return _CONTRACTS.format(
        new_day=draws.day("number", "day of grant", f"{FIRST} + 1", f"{SECOND} - 1"),
        old_day=f"months_later({FIRST}, -{age}) - CAST({draws.whole('number', 'day', 0, 27)} AS INTEGER)",
        before_trouble=f"months_later({trouble}, -{grace})",
        term=draws.whole("number", "term", "term_least", "term_most"),
        cover=draws.whole("number", "cover", "cover_least", "cover_most"),
    )
