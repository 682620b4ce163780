"""A rulebook, checked and compiled: facts in order, decisions in stages, everything named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from npl_reporting.law.bands import Bands
from npl_reporting.law.columns import Column
from npl_reporting.law.conditions import CompiledCondition
from npl_reporting.law.expressions import Scope, Value
from npl_reporting.law.rulefile import FindingText, RuleFile, SettingValue
from npl_reporting.law.yamlfile import Text, YamlFile

Outcome = str | Decimal


@dataclass(frozen=True)
class Fact:
    """A named value of an exposure or portion. `settings` are all it depends on."""

    name: str
    value: Value
    label: Text
    unit: str | None
    stage: int
    level: int
    settings: frozenset[str]
    value_labels: Mapping[str, Text]
    worse: str | None


@dataclass(frozen=True)
class Rule:
    """Condition → outcome. `settings` are all that its condition and its facts depend on."""

    id: str
    condition: CompiledCondition
    then: Outcome
    citations: tuple[str, ...]
    label: Text
    settings: frozenset[str]


@dataclass(frozen=True)
class Decision:
    """One question with its rules; `outcomes` mildest first (a rate's are ascending)."""

    name: str
    of: str
    rate: bool
    label: Text
    outcomes: tuple[Outcome, ...]
    outcome_labels: Mapping[str, Text]
    default: Outcome | None
    rules: tuple[Rule, ...]
    stage: int
    milder_allowed: frozenset[str]

    def severity(self, outcome: Outcome) -> int:
        """Place of an outcome, 0 the mildest."""
        return self.outcomes.index(outcome)


@dataclass(frozen=True)
class Stage:
    """Decisions that can be taken together, with the facts that must be computed before them.

    `bands` holds the names that these decisions read and no earlier stage has banded, except
    outcomes of this stage's own decisions, which are known only while deciding.
    """

    facts: tuple[Fact, ...]
    decisions: tuple[Decision, ...]
    bands: Mapping[str, Bands]


@dataclass(frozen=True)
class Rulebook:
    """One jurisdiction's rules, ready to run.

    `columns` are all columns it may read; `settings` the values in force for this run and
    `changed` the names among them that the user changed; `portions`, `amounts` and
    `carried` are compiled in the file's order; `scope` names everything that a report may read of a treated exposure;
    `levels` says of each name whether it is the debtor's (0), the exposure's (1) or the
    portion's (2).
    """

    file: RuleFile
    yaml: YamlFile
    sha256: str
    columns: Mapping[str, Column]
    settings: Mapping[str, SettingValue]
    changed: frozenset[str]
    portions: Mapping[str, Value]
    stages: tuple[Stage, ...]
    amounts: Mapping[str, Value]
    carried: Mapping[str, Value]
    findings: tuple[tuple[FindingText, Value], ...]
    scope: Scope
    levels: Mapping[str, int]

    @property
    def path(self) -> Path:
        """Where the rule file lies."""
        return self.yaml.path

    @property
    def name(self) -> str:
        """Jurisdiction and variant, as `--rules` takes them."""
        parts = (self.file.jurisdiction, self.file.variant)
        return "/".join(part for part in parts if part)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact, in the order in which they are computed."""
        return tuple(fact for stage in self.stages for fact in stage.facts)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision, in the file's order."""
        found = {d.name: d for stage in self.stages for d in stage.decisions}
        return tuple(found[text.name] for text in self.file.decisions)

    @cached_property
    def bands(self) -> Mapping[str, Bands]:
        """Bands of every name that any rule reads, outcomes included."""
        return {name: bands for stage in self.stages for name, bands in stage.bands.items()}

    def in_force(self, day: date) -> bool:
        """Whether the rulebook has begun to apply; a later one may have replaced it."""
        return self.file.effective_from <= day

    def label(self, name: str, language: str) -> str:
        """What a name is called in print; the name itself where the file gives no label."""
        facts = {fact.name: fact.label for fact in self.facts}
        decisions = {decision.name: decision.label for decision in self.decisions}
        columns = {column: record.meaning for column, record in self.columns.items()}
        text = facts.get(name) or decisions.get(name) or columns.get(name) or {}
        return text.get(language) or text.get("en") or name.replace("_", " ")
