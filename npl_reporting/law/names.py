"""The names of a rule file while it is compiled: what is defined, when it is known, what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from npl_reporting.errors import Problem
from npl_reporting.law.columns import Column
from npl_reporting.law.expressions import NUMBERS, DebtorAggregate, Kind, Scope, compile_value
from npl_reporting.law.prior import prior_columns
from npl_reporting.law.rulebook import Decision, Fact
from npl_reporting.law.rulefile import FactText, RuleFile, SettingValue
from npl_reporting.law.syntax import ExpressionError, names, parse_expression
from npl_reporting.law.yamlfile import Path_, YamlFile
from npl_reporting.money import minor_digits

T = TypeVar("T")
LEVELS = {"debtor": 0, "exposure": 1, "portion": 2}
PORTION_NAMES: Mapping[str, Kind] = {"portion": "text", "amount": "money"}
GIVEN_NAMES: Mapping[str, Kind] = {"reporting_date": "date"}
RESERVED = frozenset({"row", "portion", "amount", "first_portion", "case_id", "reporting_date"})
"""Names of what stands beside the facts of a treated exposure."""


class Names:
    """What one file has defined so far, and every problem found on the way."""

    def __init__(
        self, file: RuleFile, yaml: YamlFile, columns: Mapping[str, Column],
        changed: Mapping[str, SettingValue],
    ) -> None:  # fmt: skip
        self.file = file
        self.yaml = yaml
        self.dictionary = columns
        self.columns = {**columns, **file.columns, **prior_columns(file)}
        self.changed = changed
        self.problems: list[Problem] = []
        self.broken: set[str] = set()
        settings = {name: setting.value for name, setting in file.settings.items()}
        self.settings: dict[str, SettingValue] = {**settings, **changed}
        self.facts: dict[str, Fact] = {}
        self.decisions: dict[str, Decision] = {}
        self.scope = Scope(
            kinds={**{name: column.kind for name, column in self.columns.items()}, **GIVEN_NAMES},
            constants=self.settings,
            values={name: column.values for name, column in self.columns.items()},
            zero_elapsed=frozenset(
                name for name, column in self.columns.items() if column.empty == "zero_elapsed"
            ),
            months=file.months,
            money_decimals=minor_digits(file.currency),
            debtors=True,
        )
        self.levels = {n: LEVELS[column.level] for n, column in self.columns.items()}
        self.levels |= {"reporting_date": 0, "portion": 2, "amount": 2}

    def fault(self, where: Path_, what: str, remedy: str = "") -> None:
        """Note a problem at its line."""
        self.problems.append(self.yaml.problem(where, what, remedy))

    def tried(self, where: Path_, attempt: Callable[[], T]) -> T | None:
        """Compile one expression, noting the problem if it cannot be."""
        try:
            return attempt()
        except ExpressionError as error:
            self.fault(where, error.what, error.remedy)
            return None

    def expression(
        self, where: Path_, text: str, read: Callable[[str, Scope], T], scope: Scope | None = None
    ) -> T | None:
        """Compile an expression, unless it names something that could not be compiled itself."""

        def attempt() -> T | None:
            unknown = self.broken.intersection(names(parse_expression(text)))
            return None if unknown else read(text, scope or self.scope)

        return self.tried(where, attempt)

    def taken(self, name: str, where: Path_) -> bool:
        """Note a problem if a name cannot be given any more."""
        if name in RESERVED:
            self.fault(where, f"'{name}' has a meaning already", "choose another name")
        elif name in self.scope.kinds or name in self.settings or name in self.file.portions:
            self.fault(where, f"'{name}' is defined twice", "choose another name")
        else:
            return False
        return True

    def add_facts(self, texts: Mapping[str, str | FactText], where: Path_) -> None:
        for name, text in texts.items():
            fact = text if isinstance(text, FactText) else FactText(value=text)
            self._fact(name, fact, (*where, name))

    def _fact(self, name: str, text: FactText, where: Path_) -> None:
        if self.taken(name, where):
            return
        value = self.expression(where, text.value, compile_value)
        if value is None:
            self.broken.add(name)
            self.scope = self.scope.with_names({name: "boolean"})
            return
        stage = max((self.known_after(read) for read in value.reads), default=0)
        level = max((self.levels[read] for read in value.names), default=0)
        for aggregate in value.aggregates:
            self._aggregate_allowed(aggregate, where)
        inherited = [self.facts[read].settings for read in value.reads if read in self.facts]
        settings = value.settings.union(*inherited)
        self.facts[name] = Fact(
            name, value, text.label, text.unit, stage, level, settings, text.values,
            text.worse or ("up" if value.elapsed else None),
        )  # fmt: skip
        self.levels[name] = level
        self.scope = self.scope.with_names({name: value.kind}, {name: value.scale})
        if value.elapsed:
            self.scope = replace(self.scope, elapsed=self.scope.elapsed | {name})

    def _aggregate_allowed(self, aggregate: DebtorAggregate, where: Path_) -> None:
        """An exposure's amount must not be counted once for each of its portions."""
        counts = aggregate.function in ("sum", "share") and len(self.file.portions) > 1
        by_portion = {n for n in aggregate.names if self.levels[n] == LEVELS["portion"]}
        amounts = {n for n in aggregate.amount_names if self.scope.kinds[n] in NUMBERS}
        if counts and by_portion and not by_portion & amounts:
            what = f"'{aggregate.function}_of_debtor' would count an amount once for each portion"
            self.fault(where, what, "use 'amount', the portion's own")

    def ready(self, name: str) -> int:
        """The stage in which a name is known."""
        if name in self.facts:
            return self.facts[name].stage
        return self.decisions[name].stage if name in self.decisions else 0

    def known_after(self, name: str) -> int:
        """The stage in which a fact can be computed that reads a name."""
        if name in PORTION_NAMES:
            return 1
        return self.ready(name) + (name in self.decisions)

    def citation(self, citation: str, where: Path_) -> None:
        source, _, article = citation.partition("/")
        if source not in self.file.sources:
            self.fault(where, f"source '{source}' is not listed", "add it under sources")
        if not article:
            self.fault(where, f"'{citation}' names no article", "write source/article")
