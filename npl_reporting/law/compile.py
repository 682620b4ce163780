"""A rule file into a rulebook: every name resolved, every condition read, all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.bands import Bands, bands_of
from npl_reporting.law.columns import Column, ColumnType
from npl_reporting.law.conditions import comparisons, compile_condition
from npl_reporting.law.exampletext import example_faults
from npl_reporting.law.expressions import (
    NUMBERS,
    DebtorAggregate,
    Kind,
    Scope,
    Value,
    compile_value,
)
from npl_reporting.law.rulebook import Decision, Fact, Outcome, Rule, Rulebook, Stage
from npl_reporting.law.rulefile import (
    APPROPRIATION,
    DecisionText,
    FactText,
    FindingText,
    RuleFile,
    RuleText,
    SettingValue,
)
from npl_reporting.law.syntax import ExpressionError, names, parse_expression
from npl_reporting.law.words import in_all, phrase
from npl_reporting.law.yamlfile import Path_, YamlFile
from npl_reporting.money import RATE_DECIMALS, known_currency, minor_digits

T = TypeVar("T")
LEVELS = {"debtor": 0, "exposure": 1, "portion": 2}
PORTION_NAMES: Mapping[str, Kind] = {"portion": "text", "amount": "money"}
GIVEN_NAMES: Mapping[str, Kind] = {"reporting_date": "date"}
RESERVED = frozenset({"row", "portion", "amount", "first_portion", "case_id", "reporting_date"})
"""Names of what stands beside the facts of a treated exposure."""


class Compiler:
    """Compiles one file, keeping every problem found on the way."""

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

    def rulebook(self, sha256: str) -> Rulebook:
        """Compile the whole file; NplError with all its problems."""
        self._heading()
        self._facts(self.file.facts, ("facts",))
        portions = self._portions()
        self.scope = self.scope.with_names(
            PORTION_NAMES, values={"portion": tuple(self.file.portions)}
        )
        for number, text in enumerate(self.file.decisions):
            self._decision(text, ("decisions", number))
        amounts = self._amounts()
        findings = tuple(self._findings())
        carried = self._carried()
        for fault in example_faults(self.file, self.columns, self.scope.kinds):
            self.fault(*fault)
        if self.problems:
            raise NplError(*self.problems)
        return Rulebook(
            self.file, self.yaml, sha256, self.columns, self.settings,
            frozenset(self.changed), portions, self._stages(), amounts, carried, findings,
            replace(self.scope, debtors=False), self.levels,
        )  # fmt: skip

    def _heading(self) -> None:
        if not known_currency(self.file.currency):
            self.fault(
                ("currency",), f"'{self.file.currency}' is no ISO 4217 currency", "correct it"
            )
        if sorted(self.file.appropriation) != sorted(APPROPRIATION):
            what = "the order of appropriation must name each part of an instalment once"
            self.fault(("appropriation",), what, f"write them in order: {', '.join(APPROPRIATION)}")
        for name, column in self.file.columns.items():
            usual = self.dictionary.get(name, column).type
            if name in RESERVED or column.type != usual:
                what = f"'{name}' is already a column of every tape, of type {usual}"
                self.fault(("columns", name), what, "keep its type, or choose another name")
        for name in self.file.settings:
            if name in self.columns or name in RESERVED:
                what = f"'{name}' is already a column"
                self.fault(("settings", name), what, "choose another name")
        for name in self.file.portion_labels.keys() - self.file.portions.keys():
            self.fault(("portion_labels", name), f"there is no portion '{name}'", "remove it")
        for name, setting in self.file.settings.items():
            if setting.cite is not None:
                self._citation(setting.cite, ("settings", name, "cite"))

    def _facts(self, texts: Mapping[str, str | FactText], where: Path_) -> None:
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
        stage = max((self._known_after(read) for read in value.reads), default=0)
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

    def _ready(self, name: str) -> int:
        """The stage in which a name is known."""
        if name in self.facts:
            return self.facts[name].stage
        return self.decisions[name].stage if name in self.decisions else 0

    def _known_after(self, name: str) -> int:
        """The stage in which a fact can be computed that reads a name."""
        if name in PORTION_NAMES:
            return 1
        return self._ready(name) + (name in self.decisions)

    def _portions(self) -> dict[str, Value]:
        portions: dict[str, Value] = {}
        scope = self.scope
        for name, text in self.file.portions.items():
            where = ("portions", name)
            if name in self.scope.kinds or name in RESERVED:
                self.fault(where, f"'{name}' is defined twice", "choose another name")
            value = self.expression(where, text, compile_value, scope)
            if value is None:
                self.broken.add(name)
                continue
            if value.kind not in ("money", "integer"):
                self.fault(where, f"portion '{name}' is not money", "write an amount")
            if any(self._ready(read) for read in value.reads) or value.aggregates:
                self.fault(where, f"portion '{name}' reads an outcome", "read columns and facts")
            portions[name] = value
            scope = scope.with_names({name: "money"})
        return portions

    def _decision(self, text: DecisionText, where: Path_) -> None:
        if self.taken(text.name, (*where, "name")):
            return
        self._facts(text.facts, (*where, "facts"))
        outcomes = self._outcomes(text, where)
        rules: list[Rule] = []
        for number, rule_text in enumerate(text.rules):
            rule = self._rule(text, rule_text, outcomes, (*where, "rules", number))
            if rule is not None:
                if rule.id in {known.id for known in rules}:
                    self.fault(
                        (*where, "rules", number, "id"), f"rule '{rule.id}' twice", "rename it"
                    )
                rules.append(rule)
        read = {name for rule in rules for name in rule.condition.names}
        stage = max((self._ready(name) for name in read), default=0)
        decision = Decision(
            text.name, text.of, text.type == "rate", text.label, outcomes, text.outcomes,
            self._default(text, where), tuple(rules), stage, self._milder(text, where),
        )  # fmt: skip
        self._levels_allowed(decision, where)
        self.decisions[text.name] = decision
        self.levels[text.name] = LEVELS[text.of]
        kind: Kind = "decimal" if decision.rate else "text"
        self.scope = self.scope.with_names(
            {text.name: kind}, {text.name: RATE_DECIMALS}, {text.name: tuple(text.outcomes)}
        )

    def _milder(self, text: DecisionText, where: Path_) -> frozenset[str]:
        for number, milder in enumerate(text.milder_allowed):
            place = (*where, "milder_allowed", number)
            self._citation(milder.cite, (*place, "cite"))
            if milder.fact not in self.scope.kinds:
                self.fault((*place, "fact"), f"'{milder.fact}' is not defined", "name a fact")
        return frozenset(milder.fact for milder in text.milder_allowed)

    def _outcomes(self, text: DecisionText, where: Path_) -> tuple[Outcome, ...]:
        if text.type == "rate":
            if text.outcomes:
                self.fault((*where, "outcomes"), "a rate has no list of outcomes", "remove it")
            written = [*(rule.then for rule in text.rules), text.default or 0]
            rates = [
                self.settings.get(rate, 0) if isinstance(rate, str) else rate for rate in written
            ]
            return tuple(
                sorted({Decimal(rate) for rate in rates if isinstance(rate, int | Decimal)})
            )
        if not text.outcomes:
            self.fault(where, f"decision '{text.name}' has no outcomes", "list them, mildest first")
        if text.default is not None and text.default not in text.outcomes:
            self.fault((*where, "default"), f"'{text.default}' is no outcome", "name one of them")
        return tuple(text.outcomes)

    def _rule(
        self, decision: DecisionText, text: RuleText, outcomes: tuple[Outcome, ...], where: Path_
    ) -> Rule | None:
        then = self._then(text, decision, outcomes, (*where, "then"))
        citations = (text.cite,) if isinstance(text.cite, str) else text.cite
        if not citations:
            self.fault((*where, "cite"), f"rule '{text.id}' cites nothing", "name source/article")
        for citation in citations:
            self._citation(citation, (*where, "cite"))
        condition = self.expression((*where, "when"), text.when, compile_condition)
        if condition is None:
            return None
        inherited = [self.facts[n].settings for n in condition.names if n in self.facts]
        settings = condition.settings.union(*inherited)
        if isinstance(text.then, str) and text.then in self.settings:
            settings |= {text.then}
        return Rule(text.id, condition, then, citations, text.label, settings)

    def _then(
        self, text: RuleText, decision: DecisionText, outcomes: tuple[Outcome, ...], where: Path_
    ) -> Outcome:
        if decision.type == "outcome":
            if outcomes and text.then not in outcomes:
                self.fault(
                    where,
                    f"'{text.then}' is no outcome",
                    f"name one of {', '.join(map(str, outcomes))}",
                )
            return str(text.then)
        return self._rate(text.then, where)

    def _default(self, text: DecisionText, where: Path_) -> Outcome | None:
        if text.type == "rate" and text.default is not None:
            return self._rate(text.default, (*where, "default"))
        return None if text.default is None else str(text.default)

    def _rate(self, written: str | int | Decimal, where: Path_) -> Decimal:
        rate = self.settings.get(written, written) if isinstance(written, str) else written
        if isinstance(rate, bool) or not isinstance(rate, int | Decimal):
            self.fault(where, f"'{written}' is no rate", "write a number or name a setting")
            return Decimal(0)
        exact = Decimal(rate)
        if exact != round(exact, RATE_DECIMALS):
            self.fault(where, f"{rate} has more than {RATE_DECIMALS} decimals", "shorten it")
        return exact

    def _citation(self, citation: str, where: Path_) -> None:
        source, _, article = citation.partition("/")
        if source not in self.file.sources:
            self.fault(where, f"source '{source}' is not listed", "add it under sources")
        if not article:
            self.fault(where, f"'{citation}' names no article", "write source/article")

    def _levels_allowed(self, decision: Decision, where: Path_) -> None:
        for rule in decision.rules:
            for name in sorted(rule.condition.names):
                level = list(LEVELS)[self.levels[name]]
                if self.levels[name] > LEVELS[decision.of]:
                    self.fault(
                        where,
                        f"decision '{decision.name}' is of {decision.of}, but rule '{rule.id}' "
                        f"reads '{name}', which may differ within one {decision.of}",
                        f"make the decision 'of: {level}', or read a value of the whole",
                    )

    def _amounts(self) -> dict[str, Value]:
        amounts: dict[str, Value] = {}
        for name, text in self.file.amounts.items():
            where = ("amounts", name)
            if self.taken(name, where):
                continue
            value = self.expression(where, text, compile_value)
            if value is None:
                self.broken.add(name)
                continue
            if value.aggregates:
                self.fault(where, f"amount '{name}' looks across the debtor", "make that a fact")
            amounts[name] = value
            self.scope = self.scope.with_names({name: value.kind}, {name: value.scale})
        return amounts

    def _findings(self) -> Iterator[tuple[FindingText, Value]]:
        for number, text in enumerate(self.file.findings):
            where = ("findings", number, "when")
            value = self.expression(where, text.when, compile_value)
            if value is None:
                continue
            if value.kind != "boolean" or value.aggregates:
                self.fault(where, f"'{text.when}' is no condition on one exposure", "compare")
            yield text, value

    def _carried(self) -> dict[str, Value]:
        """Values for the next quarter: of the exposure as a whole, known once all is decided."""
        carried: dict[str, Value] = {}
        for name, text in self.file.carried.items():
            where = ("carried", name)
            if self.taken(name, where):
                continue
            value = self.expression(where, text.value, compile_value)
            if value is None:
                continue
            wanted = Column(type=text.type, meaning=text.meaning).kind
            if value.kind != wanted and {value.kind, wanted} - NUMBERS:
                self.fault(where, f"'{name}' is {value.kind}, not {text.type}", "correct its type")
            if any(self.levels.get(read, 1) == LEVELS["portion"] for read in value.names):
                self.fault(where, f"'{name}' may differ between portions", "carry a whole value")
            carried[name] = value
            self.scope = self.scope.with_names({name: value.kind}, {name: value.scale})
        return carried

    def _stages(self) -> tuple[Stage, ...]:
        last = max((d.stage for d in self.decisions.values()), default=0)
        last = max([last, *(fact.stage for fact in self.facts.values())])
        stages: list[Stage] = []
        banded: set[str] = set()
        everything = self._all_bands()
        for number in range(last + 1):
            facts = tuple(f for f in self.facts.values() if f.stage == number)
            decisions = tuple(d for d in self.decisions.values() if d.stage == number)
            read = {n for d in decisions for rule in d.rules for n in rule.condition.names}
            bands = {name: everything[name] for name in sorted(read - banded)}
            banded |= set(bands)
            stages.append(Stage(facts, decisions, bands))
        return tuple(stages)

    def _all_bands(self) -> dict[str, Bands]:
        read = [
            comparison
            for decision in self.decisions.values()
            for rule in decision.rules
            for comparison in comparisons(rule.condition.condition)
        ]
        closed = {
            d.name: tuple(map(str, d.outcomes)) for d in self.decisions.values() if not d.rate
        }
        closed["portion"] = tuple(self.file.portions)
        return bands_of(self.scope.kinds, read, closed)


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
