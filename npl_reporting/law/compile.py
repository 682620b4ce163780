"""A rule file into a rulebook: every name resolved, every condition read, all faults at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from npl_reporting.errors import NplError
from npl_reporting.law.columns import Column
from npl_reporting.law.decisions import DecisionReader
from npl_reporting.law.exampletext import example_faults
from npl_reporting.law.expressions import NUMBERS, Value, compile_value
from npl_reporting.law.names import LEVELS, PORTION_NAMES, RESERVED, Names
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.rulefile import APPROPRIATION, FindingText
from npl_reporting.law.stages import stages
from npl_reporting.money import known_currency


@dataclass(frozen=True)
class Compiler:
    """Compiles one file whose names it is given."""

    names: Names

    def rulebook(self, sha256: str) -> Rulebook:
        """Compile the whole file; NplError with all its problems."""
        self._heading()
        self.names.add_facts(self.names.file.facts, ("facts",))
        portions = self._portions()
        self.names.scope = self.names.scope.with_names(
            PORTION_NAMES, values={"portion": tuple(self.names.file.portions)}
        )
        reader = DecisionReader(self.names)
        for number, text in enumerate(self.names.file.decisions):
            reader.read(text, ("decisions", number))
        amounts = self._amounts()
        findings = tuple(self._findings())
        carried = self._carried()
        for fault in example_faults(self.names.file, self.names.columns, self.names.scope.kinds):
            self.names.fault(*fault)
        if self.names.problems:
            raise NplError(*self.names.problems)
        return Rulebook(
            self.names.file, self.names.yaml, sha256, self.names.columns, self.names.settings,
            frozenset(self.names.changed), portions, stages(self.names), amounts, carried, findings,
            replace(self.names.scope, debtors=False), self.names.levels,
        )  # fmt: skip

    def _heading(self) -> None:
        if not known_currency(self.names.file.currency):
            self.names.fault(
                ("currency",), f"'{self.names.file.currency}' is no ISO 4217 currency", "correct it"
            )
        if sorted(self.names.file.appropriation) != sorted(APPROPRIATION):
            what = "the order of appropriation must name each part of an instalment once"
            self.names.fault(
                ("appropriation",), what, f"write them in order: {', '.join(APPROPRIATION)}"
            )
        for name, column in self.names.file.columns.items():
            usual = self.names.dictionary.get(name, column).type
            if name in RESERVED or column.type != usual:
                what = f"'{name}' is already a column of every tape, of type {usual}"
                self.names.fault(("columns", name), what, "keep its type, or choose another name")
        for name in self.names.file.settings:
            if name in self.names.columns or name in RESERVED:
                what = f"'{name}' is already a column"
                self.names.fault(("settings", name), what, "choose another name")
        for name in self.names.file.portion_labels.keys() - self.names.file.portions.keys():
            self.names.fault(("portion_labels", name), f"there is no portion '{name}'", "remove it")
        for name, setting in self.names.file.settings.items():
            if setting.cite is not None:
                self.names.citation(setting.cite, ("settings", name, "cite"))
            number = isinstance(setting.value, int | Decimal)
            if setting.money and (not number or isinstance(setting.value, bool)):
                what = f"'{setting.value}' is no amount of money"
                self.names.fault(("settings", name, "money"), what, "write a number, or remove it")

    def _portions(self) -> dict[str, Value]:
        portions: dict[str, Value] = {}
        scope = self.names.scope
        for name, text in self.names.file.portions.items():
            where = ("portions", name)
            if name in self.names.scope.kinds or name in RESERVED:
                self.names.fault(where, f"'{name}' is defined twice", "choose another name")
            value = self.names.expression(where, text, compile_value, scope)
            if value is None:
                self.names.broken.add(name)
                continue
            if value.kind not in ("money", "integer"):
                self.names.fault(where, f"portion '{name}' is not money", "write an amount")
            if any(self.names.ready(read) for read in value.reads) or value.aggregates:
                self.names.fault(
                    where, f"portion '{name}' reads an outcome", "read columns and facts"
                )
            portions[name] = value
            scope = scope.with_names({name: "money"})
        return portions

    def _amounts(self) -> dict[str, Value]:
        amounts: dict[str, Value] = {}
        for name, text in self.names.file.amounts.items():
            where = ("amounts", name)
            if self.names.taken(name, where):
                continue
            value = self.names.expression(where, text, compile_value)
            if value is None:
                self.names.broken.add(name)
                continue
            if value.aggregates:
                self.names.fault(
                    where, f"amount '{name}' looks across the debtor", "make that a fact"
                )
            amounts[name] = value
            self.names.scope = self.names.scope.with_names({name: value.kind}, {name: value.scale})
        return amounts

    def _findings(self) -> Iterator[tuple[FindingText, Value]]:
        for number, text in enumerate(self.names.file.findings):
            where = ("findings", number, "when")
            value = self.names.expression(where, text.when, compile_value)
            if value is None:
                continue
            if value.kind != "boolean" or value.aggregates:
                self.names.fault(where, f"'{text.when}' is no condition on one exposure", "compare")
            yield text, value

    def _carried(self) -> dict[str, Value]:
        """Values for the next quarter: of the exposure as a whole, known once all is decided."""
        carried: dict[str, Value] = {}
        for name, text in self.names.file.carried.items():
            where = ("carried", name)
            if self.names.taken(name, where):
                continue
            value = self.names.expression(where, text.value, compile_value)
            if value is None:
                continue
            wanted = Column(type=text.type, meaning=text.meaning).kind
            if value.kind != wanted and {value.kind, wanted} - NUMBERS:
                self.names.fault(
                    where, f"'{name}' is {value.kind}, not {text.type}", "correct its type"
                )
            if any(self.names.levels.get(read, 1) == LEVELS["portion"] for read in value.names):
                self.names.fault(
                    where, f"'{name}' may differ between portions", "carry a whole value"
                )
            carried[name] = value
            self.names.scope = self.names.scope.with_names({name: value.kind}, {name: value.scale})
        return carried
