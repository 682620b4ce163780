"""What a prior run leaves to read, as columns of the rulebook that comes after."""

from __future__ import annotations

from npl_reporting.law.columns import Column, ColumnType
from npl_reporting.law.rulefile import RuleFile
from npl_reporting.law.words import in_all, phrase


def prior_columns(file: RuleFile) -> dict[str, Column]:
    """What a prior run leaves to read: its outcomes, what it carried, and its date.

    They are columns like any other, so that a bank without a prior run may give them on its tape.
    """
    columns = {"prior_reporting_date": Column(type="date", meaning=in_all("prior_reporting_date"))}
    for decision in file.decisions:
        meaning = {
            language: phrase("of_prior", language, name=name)
            for language, name in decision.label.items()
        }
        kind: ColumnType = "rate" if decision.type == "rate" else "text"
        columns[f"prior_{decision.name}"] = Column(
            type=kind, meaning=meaning, values=tuple(decision.outcomes)
        )
    for name, carried in file.carried.items():
        columns[f"prior_{name}"] = Column(type=carried.type, meaning=carried.meaning)
    return columns
