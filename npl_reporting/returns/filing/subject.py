"""Who files, and what the run was told about it; the check digits of a legal entity identifier."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from stdnum.iso7064 import mod_97_10

from npl_reporting.errors import NplError, Problem
from npl_reporting.returns.filing.definition import Answer, Definition

_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


@dataclass(frozen=True)
class Subject:
    """Who files, for when and in which currency; `mark` is the run's id.

    `answers` are what the filing asks for, by name, as given to the run.
    """

    entity: str
    reporting_date: date
    currency: str
    mark: str
    answers: Mapping[str, str]


def names_entity(text: str) -> bool:
    """Whether a text has the form of a legal entity identifier (ISO 17442)."""
    return _LEI.fullmatch(text) is not None


def fields(definition: Definition, subject: Subject) -> dict[str, str]:
    """What the names and parameters of a filing are filled with; NplError if something is wrong."""
    problems = tuple(_faults(definition, subject))
    if problems:
        raise NplError(*problems)
    answers = answered(definition, subject)
    suffixes = {
        name: suffix
        for name, answer in definition.answers.items()
        if (suffix := answer.suffixes.get(answers[name]))
    }
    return {
        **answers,
        "entity": subject.entity,
        "suffix": ".".join(suffixes.values()),
        "date": subject.reporting_date.isoformat(),
        "created": created(subject),
        "currency": subject.currency,
    }


def answered(definition: Definition, subject: Subject) -> dict[str, str]:
    """Every answer, as given or else by default."""
    return {
        name: subject.answers.get(name, answer.default or "")
        for name, answer in definition.answers.items()
    }


def created(subject: Subject) -> str:
    """The time of creation to the millisecond, which is never the clock's.

    It lies in the day after the reporting date, at a time that the run's id gives: the same run is
    filed under the same name, and another run of that date under another.
    """
    digest = hashlib.sha256(subject.mark.encode()).digest()
    moment = timedelta(milliseconds=int.from_bytes(digest[:8]) % 86_400_000)
    at = datetime.combine(subject.reporting_date + timedelta(days=1), time()) + moment
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}"


def _faults(definition: Definition, subject: Subject) -> Iterator[Problem]:
    if not (names_entity(subject.entity) and mod_97_10.is_valid(subject.entity)):
        what = f"'{subject.entity}' is no legal entity identifier: its check digits are wrong"
        yield Problem(what, "give the 20 characters of the LEI with --entity")
    for name, answer in definition.answers.items():
        yield from _answer_faults(name, answer, subject.answers.get(name, answer.default))


def _answer_faults(name: str, answer: Answer, given: str | None) -> Iterator[Problem]:
    wanted = " or ".join(answer.values) or answer.label.get("en", name)
    if given is None:
        yield Problem(f"the filing needs '{name}'", f"give it with --set {name}=…: {wanted}")
    elif answer.values and given not in answer.values:
        yield Problem(f"--set {name}: '{given}' is not known", f"write {wanted}")
    elif answer.pattern and not re.fullmatch(answer.pattern, given):
        yield Problem(f"--set {name}: '{given}' does not fit", f"write {wanted}")
