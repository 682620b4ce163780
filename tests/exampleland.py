"""Exampleland: a jurisdiction small enough to know by heart, its rules written where tests need them.

An exposure is nonperforming when more than 90 days are past due, or when the debtor is bankrupt;
what is nonperforming carries an allowance of half, everything else of one percent.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook

AS_OF = date(2025, 9, 30)
RULES = """\
jurisdiction: XX
title: {en: Exampleland}
authority: {en: Banking Supervisor}
effective_from: 2024-01-01
currency: TWD
sources:
  norm: {title: Norm on asset classification}
portions:
  whole: outstanding_principal
settings:
  grace_days: {value: 0, basis: convention, why: {en: The norm is silent on days of grace}}
facts:
  days_past_due:
    value: greatest(days_between(oldest_unpaid_due_date, reporting_date) - grace_days, 0)
    label: {en: Days past due}
    unit: days
  bankrupt: bankruptcy_date is not null
decisions:
  - name: status
    outcomes:
      performing: {en: Performing}
      nonperforming: {en: Nonperforming}
    default: performing
    rules:
      - {id: overdue, when: days_past_due > 90, then: nonperforming, cite: norm/4.1}
      - {id: bankruptcy, when: bankrupt, then: nonperforming, cite: norm/4.2}
  - name: minimum_allowance_rate
    type: rate
    default: 0.01
    rules:
      - {id: rate-half, when: status = 'nonperforming', then: 0.50, cite: norm/7}
amounts:
  minimum_allowance: amount * minimum_allowance_rate
examples:
  - name: ninety days are not yet nonperforming
    given: {oldest_unpaid_due_date: 2025-07-02, reporting_date: 2025-09-30}
    expect: {days_past_due: 90, status: performing}
  - name: ninety-one days are
    given: {oldest_unpaid_due_date: 2025-07-01, reporting_date: 2025-09-30}
    expect: {status: nonperforming, minimum_allowance: 50}
"""


def write_rules(folder: Path, name: str = "XX", changes: Mapping[str, str] | None = None) -> Path:
    """Write Exampleland's rules, or rules that differ from them: old words → new words."""
    text = RULES
    for old, new in (changes or {}).items():
        assert text.count(old) == 1, f"'{old}' stands {text.count(old)} times"
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rulebook(folder: Path, name: str = "XX", changes: Mapping[str, str] | None = None) -> Rulebook:
    """Exampleland's rulebook, or one that differs from it."""
    return load_rulebook(str(write_rules(folder, name, changes)))


def write_tape(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write loans of 100 each, sound unless a row says otherwise, as a tape."""
    given = list(dict.fromkeys(name for row in rows for name in row))
    sound = {"exposure_id": "", "debtor_id": "", "product_type": "corporate_loan"}
    header = list(dict.fromkeys([*sound, "outstanding_principal", *given]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(rows, 1):
            ids = {"exposure_id": f"E{number}", "debtor_id": f"D{number}"}
            writer.writerow({**sound, **ids, "outstanding_principal": "100", **row})
    return path
