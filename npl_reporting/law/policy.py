"""A bank's own policy as a layer on top of the law: stricter settings and further rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import Field

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import column_dictionary
from npl_reporting.law.compile import Compiler
from npl_reporting.law.names import Names
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.rulefile import FactText, RuleFile, RuleText, SettingValue, Source
from npl_reporting.law.yamlfile import Name, Path_, Record, Text, YamlFile, read, typed


class PolicyRule(RuleText):
    """A rule that the bank adds to one of the law's decisions."""

    decision: Name


class PolicyFile(Record):
    """The file: what the bank sets, computes and rules beyond the law."""

    title: Text
    sources: dict[str, Source]
    settings: dict[Name, SettingValue] = Field(default_factory=dict)
    facts: dict[Name, str | FactText] = Field(default_factory=dict)
    rules: tuple[PolicyRule, ...] = ()


@dataclass(frozen=True)
class Layered(YamlFile):
    """A rule file with a policy on top; `places` says where in the policy an added part stands."""

    policy: YamlFile
    title: Text
    places: Mapping[Path_, Path_]

    def problem(self, where: Path_, what: str, remedy: str = "") -> Problem:
        """Name a fault at its line in the policy, or in the rule file."""
        for length in range(len(where), 0, -1):
            if where[:length] in self.places:
                place = self.places[where[:length]] + where[length:]
                return self.policy.problem(place, what, remedy)
        return super().problem(where, what, remedy)


def with_policy(law: Rulebook, path: Path) -> Rulebook:
    """The rulebook with a policy on top; NplError with every fault of the policy file.

    That the policy loosens nothing is another matter: portfolio/tightening.py.
    """
    yaml = read(path)
    policy = typed(yaml, PolicyFile)
    problems = tuple(_faults(law, policy, yaml))
    if problems:
        raise NplError(*problems)
    file, places = _merged(law.file, policy)
    layered = Layered(law.path, law.yaml.data, law.yaml.lines, yaml, policy.title, places)
    changed = {name: law.settings[name] for name in law.changed}
    changed |= {name: _like(law, name, value) for name, value in policy.settings.items()}
    names = Names(file, layered, column_dictionary(), changed)
    return Compiler(names).rulebook(law.sha256)


def policy_title(rulebook: Rulebook) -> Text | None:
    """What the policy on top of a rulebook is called; None where there is none."""
    return rulebook.yaml.title if isinstance(rulebook.yaml, Layered) else None


def added_rules(rulebook: Rulebook) -> frozenset[tuple[str, str]]:
    """Decision and id of every rule that a policy has added."""
    places = rulebook.yaml.places if isinstance(rulebook.yaml, Layered) else {}
    rules = (where for where in places if where[0] == "decisions")
    decisions = rulebook.file.decisions
    return frozenset(
        (decisions[int(where[1])].name, decisions[int(where[1])].rules[int(where[3])].id)
        for where in rules
    )


def _merged(file: RuleFile, policy: PolicyFile) -> tuple[RuleFile, dict[Path_, Path_]]:
    """The law's file with the policy's parts added, and where each of these comes from."""
    places: dict[Path_, Path_] = {("facts", name): ("facts", name) for name in policy.facts}
    decisions = []
    for number, decision in enumerate(file.decisions):
        rules = list(decision.rules)
        for place, rule in enumerate(policy.rules):
            if rule.decision == decision.name:
                places["decisions", number, "rules", len(rules)] = ("rules", place)
                rules.append(
                    RuleText(
                        id=rule.id, when=rule.when, then=rule.then, cite=rule.cite, label=rule.label
                    )
                )
        decisions.append(decision.model_copy(update={"rules": tuple(rules)}))
    added = {
        "sources": {**file.sources, **policy.sources},
        "facts": {**file.facts, **policy.facts},
        "decisions": tuple(decisions),
    }
    return file.model_copy(update=added), places


def _faults(law: Rulebook, policy: PolicyFile, yaml: YamlFile) -> Iterator[Problem]:
    """What is wrong with a policy file by itself, beside this law."""
    for name in policy.sources:
        if name in law.file.sources:
            what = f"'{name}' is a source of the law"
            yield yaml.problem(("sources", name), what, "choose another name")
    for name in policy.facts.keys() & {fact.name for fact in law.facts}:
        what = f"'{name}' is a fact of the law"
        yield yaml.problem(("facts", name), what, "choose another name")
    for name, value in policy.settings.items():
        yield from _setting_faults(law, name, value, yaml)
    for place, rule in enumerate(policy.rules):
        yield from _rule_faults(law, policy, rule, ("rules", place), yaml)


def _setting_faults(
    law: Rulebook, name: str, value: SettingValue, yaml: YamlFile
) -> Iterator[Problem]:
    where = ("settings", name)
    if name not in law.settings:
        known = ", ".join(law.settings) or "none"
        yield yaml.problem(where, f"the rulebook has no setting '{name}'", f"its settings: {known}")
    elif type(_like(law, name, value)) is not type(law.settings[name]):
        default = str(law.settings[name]).lower()
        yield yaml.problem(where, f"'{value}' is no value of {name}", f"its default is {default}")
    elif name in law.changed:
        what = f"setting '{name}' is changed by --set too"
        yield yaml.problem(where, what, "leave one of them out")


def _like(law: Rulebook, name: str, value: SettingValue) -> SettingValue:
    """A whole number where the law has a decimal one is a decimal."""
    decimal = isinstance(law.settings[name], Decimal) and type(value) is int
    return Decimal(str(value)) if decimal else value


def _rule_faults(
    law: Rulebook, policy: PolicyFile, rule: PolicyRule, where: Path_, yaml: YamlFile
) -> Iterator[Problem]:
    decision = next((d for d in law.decisions if d.name == rule.decision), None)
    if decision is None:
        known = ", ".join(d.name for d in law.decisions)
        what = f"the rulebook has no decision '{rule.decision}'"
        yield yaml.problem((*where, "decision"), what, f"its decisions: {known}")
    elif rule.id in {known.id for known in decision.rules}:
        what = f"rule '{rule.id}' is the law's own"
        remedy = "a policy adds rules and replaces none; choose another id"
        yield yaml.problem((*where, "id"), what, remedy)
    citations = (rule.cite,) if isinstance(rule.cite, str) else rule.cite
    if not any(citation.partition("/")[0] in policy.sources for citation in citations):
        what = f"rule '{rule.id}' cites no source of the policy"
        yield yaml.problem((*where, "cite"), what, "name one of its own sources and a paragraph")
