"""Each column of the tape, written from a position in the ledger."""

from __future__ import annotations

from npl_reporting.demo.bank.banks import Bank
from npl_reporting.demo.bank.contracts import FIRST, SECOND
from npl_reporting.demo.bank.draws import Draws

_RISK_DAYS = ("DATE '2024-09-01'", "DATE '2025-12-31'")

# A bullet loan is past due with all of it at maturity, a called loan with all of it at once.
_PAST_DUE = """
    CASE WHEN due IS NULL THEN 0
         WHEN sued IS NOT NULL OR maturity <= {date} THEN principal + accrued
         WHEN repayment = 'instalments' THEN
              least(principal, (months_done(due, {date}) + 1) * greatest(lent // term, 1)) + accrued
         WHEN repayment = 'bullet' THEN accrued
         ELSE least(principal, (months_done(due, {date}) + 1) * (principal // 10)) + accrued END
"""

# By how much the claim fell since the first date, but for what was written off; a loan written off
# brought a little on the way.
_RECOVERED = """
    CASE WHEN {date} = {first} THEN 0
         ELSE greatest(coalesce(claim_then - claim - (written_off - written_off_then), 0),
                       coalesce(owed_then - principal - accrued - (written_off - written_off_then), 0),
                       CASE WHEN ended > {first} AND ends = 'written_off' THEN owed // 25 ELSE 0 END)
         END
"""

_VALUED = """
    CASE WHEN {revalued} AND origination_date < {first} THEN {lately}
         ELSE greatest(origination_date, {before}) END
"""


def select(draws: Draws, date: str, revalued: str, bank: Bank) -> str:
    """Write the query that gives the tape on a reporting date; `revalued` is a SQL condition."""
    cells = {
        **_identity(draws),
        **_amounts(date),
        **_cover(draws, revalued),
        **_allowances(bank),
        **_dates(draws, date),
        **_agreement(draws),
        **_marks(draws, date),
    }
    shown = ",\n".join(f"{value} AS {name}" for name, value in cells.items())
    return f"SELECT {shown} FROM positions LEFT JOIN first_claims USING (number)"


def _identity(draws: Draws) -> dict[str, str]:
    group = "initial || 'G' || printf('%06d', debtor // 40)"
    grouped = draws.percent("debtor_key", "in a group", 30)
    state_owned = draws.percent("debtor_key", "state enterprise", 2)
    return {
        "exposure_id": "account(number)",
        "debtor_id": "debtor_id",
        "product_type": "product_type",
        "debtor_type": "debtor_type",
        "industry": "industry",
        "region": "region",
        "currency": "'TWD'",
        "group_id": f"CASE WHEN debtor_type = 'corporate' AND {grouped} THEN {group} END",
        "state_enterprise": f"debtor_type = 'corporate' AND NOT {grouped} AND {state_owned}",
        "taiwan_government_claim": "family = 'government'",
        "off_balance_sheet": "family = 'guarantee'",
        "mainland_china_credit": "mainland",
        "real_estate_credit": "CASE WHEN real_estate THEN true END",
        "covid_programme_end": "CASE WHEN product_type = 'sme_loan' AND "
        + draws.percent("number", "pandemic programme", 2)
        + " THEN DATE '2025-08-31' + 122 * CAST(number % 2 AS INTEGER) END",
    }


def _amounts(date: str) -> dict[str, str]:
    unused = "repayment = 'revolving' AND due IS NULL AND restructured IS NULL AND ended IS NULL"
    recovered = _RECOVERED.format(date=date, first=FIRST)
    return {
        "outstanding_principal": "money(principal)",
        "accrued_interest": "money(accrued)",
        "suspended_interest": "money(suspended)",
        "past_due_amount": f"money({_PAST_DUE.format(date=date)})",
        "undrawn_commitment": f"money(CASE WHEN {unused} THEN lent - principal ELSE 0 END)",
        "written_off_amount": "money(written_off)",
        "write_off_date": "CASE WHEN written_off > 0 THEN ended END",
        "recovered_amount": f"money({recovered})",
    }


def _cover(draws: Draws, revalued: str) -> dict[str, str]:
    valued = _VALUED.format(
        revalued=revalued,
        first=FIRST,
        lately=draws.day("number", "revaluation", f"{FIRST} + 1", f"{SECOND} - 2"),
        before=draws.day("number", "valuation", f"{FIRST} - 700", f"{FIRST} - 5"),
    )
    pledged = "CASE WHEN collateral_type IS NOT NULL AND value > 0 THEN"
    return {
        "collateral_value": f"money({pledged} value END)",
        "collateral_type": f"{pledged} collateral_type END",
        "collateral_valuation_date": f"{pledged} {valued} END",
        "prior_claims": f"money({pledged} prior END)",
        "covered_amount": "money(CASE WHEN assessed IS NOT NULL THEN least(assessed, claim) END)",
        "guarantee_amount": "money(CASE WHEN guaranteed > 0 THEN guaranteed END)",
        "guarantor_type": "CASE WHEN guaranteed > 0 THEN guarantor_type END",
        "estimated_recovery": "money(CASE WHEN noticed = 'pointless' THEN 0 "
        "WHEN noticed = 'absconded' THEN claim * 15 // 100 END)",
    }


def _allowances(bank: Bank) -> dict[str, str]:
    return {
        "specific_allowance": f"money({'on_late + general' if bank.in_specific else 'on_late'})",
        "general_allowance": f"money({'0' if bank.in_specific else 'general'})",
        "expected_credit_loss": "money((on_late + general) * loss_percent // 100)",
    }


def _dates(draws: Draws, date: str) -> dict[str, str]:
    agreed = "months_later(restructured, CAST(agreed_term AS INTEGER))"
    paid = f"coalesce(due - 31, {date} - {_days(draws, f'days since payment, {date}')})"
    how = draws.whole("number", "kind of legal action", 1, 4)
    kinds = "['payment_order', 'lawsuit', 'enforcement', 'collateral_disposal']"
    return {
        "origination_date": "origination_date",
        "maturity_date": f"CASE WHEN restructured IS NULL THEN maturity ELSE {agreed} END",
        "last_payment_date": f"CASE WHEN {paid} > origination_date THEN {paid} END",
        "oldest_unpaid_due_date": "due",
        "legal_action_date": "sued",
        "legal_action_type": f"CASE WHEN sued IS NOT NULL THEN coalesce(sued_how, {kinds}[{how}]) END",
        "bankruptcy_date": f"up_to(bankrupt_on, {date})",
        "death_date": f"CASE WHEN died_on >= origination_date THEN up_to(died_on, {date}) END",
        "fraud_date": "CASE WHEN noticed = 'fraud' THEN noticed_on END",
        "nonaccrual_date": "transferred",
        "collection_transfer_date": "transferred",
    }


def _agreement(draws: Draws) -> dict[str, str]:
    cells = {
        "restructuring_date": "restructured",
        "restructuring_type": "restructuring_type",
        "payments_since_restructuring": "months_done("
        "coalesce(restarted_on, restructured), greatest(paid_to, restructured))",
        "nonperforming_at_restructuring": "performing_before IS NULL",
        "performance_restart_date": "restarted_on",
        "original_term_class": "term_class",
        "original_remaining_months": "CASE WHEN term_class <> 'short' THEN left_months END",
        "agreed_term_months": "agreed_term",
        "agreed_annual_share": "rate(annual_percent * 100)",
        "agreed_share_in_original_term": "rate(within_percent * 100)",
        "agreed_rate": "rate(agreed_bps)",
        "original_rate": "rate(rate_bps)",
        "comparable_new_loan_rate": "rate(comparable_bps)",
    }
    return {
        name: f"CASE WHEN restructured IS NOT NULL THEN {value} END"
        for name, value in cells.items()
    }


def _marks(draws: Draws, date: str) -> dict[str, str]:
    def known(mark: str, chance: str) -> str:
        day = draws.day("debtor_key", f"day of {mark}", *_RISK_DAYS)
        return f"{draws.percent('debtor_key', mark, chance)} AND {day} <= {date}"

    business = "CASE WHEN segment = 'business' THEN {} ELSE 0 END"
    private = "CASE WHEN segment = 'government' THEN 0 ELSE {} END"
    return {
        "unlikely_to_pay": "noticed IN ('unlikely', 'bankruptcy', 'irrecoverable', 'absconded') "
        f"OR coalesce(bankrupt_on <= {date}, false)",
        "assigned_category": "CASE WHEN noticed IN ('special_mention', 'substandard', 'doubtful', 'loss') "
        "THEN noticed END",
        "irrecoverable": "noticed = 'irrecoverable'",
        "unrecoverable_cause": "CASE WHEN noticed = 'absconded' THEN noticed END",
        "execution_pointless": "noticed = 'pointless'",
        "failed_auctions": "CASE noticed WHEN 'unsold' THEN 2 + number % 2 "
        "WHEN 'taken_over' THEN 2 WHEN 'unsold_once' THEN 1 ELSE 0 END",
        "takeover_beneficial": "noticed = 'taken_over'",
        "default_elsewhere": known("default elsewhere", private.format("0.10")),
        "dishonoured_cheque": known("dishonoured cheque", business.format("0.20")),
        "reorganisation_applied": known("reorganisation", business.format("0.10")),
        "negative_credit_record": known("negative record", private.format("0.15")),
    }


def _days(draws: Draws, name: str) -> str:
    return f"CAST({draws.whole('number', name, 0, 27)} AS INTEGER)"
