"""Which facts can never be missing, read off their expressions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.syntax import Constant, Name, Node, parse_expression


def never_missing(rulebook: Rulebook) -> frozenset[str]:
    """Names whose value is there whatever the tape leaves empty."""
    known = {
        name
        for name, column in rulebook.columns.items()
        if column.required or column.default is not None
    }
    known |= {"reporting_date", "portion", "amount", *rulebook.settings}
    known |= {d.name for d in rulebook.decisions}  # a case without an outcome stops the run
    texts = _fact_texts(rulebook)
    for fact in rulebook.facts:
        if _present(parse_expression(texts[fact.name]), known, rulebook.scope.zero_elapsed):
            known.add(fact.name)
    return frozenset(known)


def _fact_texts(rulebook: Rulebook) -> Mapping[str, str]:
    groups = [rulebook.file.facts, *(decision.facts for decision in rulebook.file.decisions)]
    return {
        name: text if isinstance(text, str) else text.value
        for group in groups
        for name, text in group.items()
    }


def _present(node: Node, known: Collection[str], zero_elapsed: Collection[str]) -> bool:
    if isinstance(node, Constant):
        return node.value is not None
    if isinstance(node, Name):
        return node.name in known
    parts = [_present(arg, known, zero_elapsed) for arg in node.args]
    match node.function:
        case "is null" | "any_of_debtor" | "count_of_debtor":
            return True
        case "coalesce" | "least" | "greatest":
            return any(parts)
        case "nullif" | "/" | "share_of_debtor":
            return False
        case "case":
            return all([*parts[1::2], parts[-1]])
        case "days_between" | "months_between":
            first = node.args[0]
            begun = isinstance(first, Name) and first.name in zero_elapsed
            return begun or all(parts)
    return all(parts)
