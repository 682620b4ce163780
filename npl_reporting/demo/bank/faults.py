"""A few wrong rows, for those who want to see the checks at work."""

from __future__ import annotations

from npl_reporting.engine import Engine, literal

_FAULTS = {
    "outstanding_principal": "-1000",
    "debtor_id": "NULL",
    "currency": "'NTD'",
    "product_type": "'mortgage'",
    "origination_date": "DATE '2031-01-15'",
    "oldest_unpaid_due_date": "origination_date - 30",
    "collateral_value": "NULL",
    "prior_claims": "-5",
    "write_off_date": "DATE '2025-05-15'",
}


def spoilt(engine: Engine) -> str:
    """Copy the view `tape`, spoil one row per fault and repeat one; return the relation's name."""
    engine.execute("CREATE TABLE spoilt AS FROM tape ORDER BY exposure_id")
    for column, value in _FAULTS.items():
        engine.execute(
            f"UPDATE spoilt SET {column} = {value} WHERE exposure_id = "
            f"(SELECT exposure_id FROM spoilt WHERE {column} IS NOT NULL OR {literal(column)} "
            f"IN ('oldest_unpaid_due_date', 'write_off_date') "
            f"ORDER BY md5({literal(column)} || exposure_id), exposure_id LIMIT 1)"
        )
    engine.execute("INSERT INTO spoilt FROM spoilt ORDER BY exposure_id LIMIT 1")
    return "spoilt"
