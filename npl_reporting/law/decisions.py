"""A decision's text into a decision: outcomes, rules, citations, and what it may read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.law.conditions import compile_condition
from npl_reporting.law.expressions import Kind
from npl_reporting.law.names import LEVELS, Names
from npl_reporting.law.rulebook import Decision, Outcome, Rule
from npl_reporting.law.rulefile import DecisionText, RuleText
from npl_reporting.law.yamlfile import Path_
from npl_reporting.money import RATE_DECIMALS


@dataclass(frozen=True)
class DecisionReader:
    """Compiles the decisions of one file, one after the other."""

    names: Names

    def read(self, text: DecisionText, where: Path_) -> None:
        """Compile a decision and define its name."""
        if self.names.taken(text.name, (*where, "name")):
            return
        self.names.add_facts(text.facts, (*where, "facts"))
        outcomes = self._outcomes(text, where)
        rules: list[Rule] = []
        for number, rule_text in enumerate(text.rules):
            rule = self._rule(text, rule_text, outcomes, (*where, "rules", number))
            if rule is not None:
                if rule.id in {known.id for known in rules}:
                    self.names.fault(
                        (*where, "rules", number, "id"), f"rule '{rule.id}' twice", "rename it"
                    )
                rules.append(rule)
        read = {name for rule in rules for name in rule.condition.names}
        stage = max((self.names.ready(name) for name in read), default=0)
        decision = Decision(
            text.name, text.of, text.type == "rate", text.label, outcomes, text.outcomes,
            self._default(text, where), tuple(rules), stage, self._milder(text, where),
        )  # fmt: skip
        self._levels_allowed(decision, where)
        self.names.decisions[text.name] = decision
        self.names.levels[text.name] = LEVELS[text.of]
        kind: Kind = "decimal" if decision.rate else "text"
        self.names.scope = self.names.scope.with_names(
            {text.name: kind}, {text.name: RATE_DECIMALS}, {text.name: tuple(text.outcomes)}
        )

    def _milder(self, text: DecisionText, where: Path_) -> frozenset[str]:
        for number, milder in enumerate(text.milder_allowed):
            place = (*where, "milder_allowed", number)
            self.names.citation(milder.cite, (*place, "cite"))
            if milder.fact not in self.names.scope.kinds:
                self.names.fault((*place, "fact"), f"'{milder.fact}' is not defined", "name a fact")
        return frozenset(milder.fact for milder in text.milder_allowed)

    def _outcomes(self, text: DecisionText, where: Path_) -> tuple[Outcome, ...]:
        if text.type == "rate":
            if text.outcomes:
                self.names.fault(
                    (*where, "outcomes"), "a rate has no list of outcomes", "remove it"
                )
            written = [rule.then for rule in text.rules]
            written += [] if text.default is None else [text.default]
            rates = [
                self.names.settings.get(rate, 0) if isinstance(rate, str) else rate
                for rate in written
            ]
            return tuple(
                sorted({Decimal(rate) for rate in rates if isinstance(rate, int | Decimal)})
            )
        if not text.outcomes:
            self.names.fault(
                where, f"decision '{text.name}' has no outcomes", "list them, mildest first"
            )
        if text.default is not None and text.default not in text.outcomes:
            self.names.fault(
                (*where, "default"), f"'{text.default}' is no outcome", "name one of them"
            )
        return tuple(text.outcomes)

    def _rule(
        self, decision: DecisionText, text: RuleText, outcomes: tuple[Outcome, ...], where: Path_
    ) -> Rule | None:
        then = self._then(text, decision, outcomes, (*where, "then"))
        citations = (text.cite,) if isinstance(text.cite, str) else text.cite
        if not citations:
            self.names.fault(
                (*where, "cite"), f"rule '{text.id}' cites nothing", "name source/article"
            )
        for citation in citations:
            self.names.citation(citation, (*where, "cite"))
        condition = self.names.expression((*where, "when"), text.when, compile_condition)
        if condition is None:
            return None
        inherited = [self.names.facts[n].settings for n in condition.names if n in self.names.facts]
        settings = condition.settings.union(*inherited)
        if isinstance(text.then, str) and text.then in self.names.settings:
            settings |= {text.then}
        return Rule(text.id, condition, then, citations, text.label, settings)

    def _then(
        self, text: RuleText, decision: DecisionText, outcomes: tuple[Outcome, ...], where: Path_
    ) -> Outcome:
        if decision.type == "outcome":
            if outcomes and text.then not in outcomes:
                self.names.fault(
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
        rate = self.names.settings.get(written, written) if isinstance(written, str) else written
        if isinstance(rate, bool) or not isinstance(rate, int | Decimal):
            self.names.fault(where, f"'{written}' is no rate", "write a number or name a setting")
            return Decimal(0)
        exact = Decimal(rate)
        if exact != round(exact, RATE_DECIMALS):
            self.names.fault(where, f"{rate} has more than {RATE_DECIMALS} decimals", "shorten it")
        return exact

    def _levels_allowed(self, decision: Decision, where: Path_) -> None:
        for rule in decision.rules:
            for name in sorted(rule.condition.names):
                level = list(LEVELS)[self.names.levels[name]]
                if self.names.levels[name] > LEVELS[decision.of]:
                    self.names.fault(
                        where,
                        f"decision '{decision.name}' is of {decision.of}, but rule '{rule.id}' "
                        f"reads '{name}', which may differ within one {decision.of}",
                        f"make the decision 'of: {level}', or read a value of the whole",
                    )
