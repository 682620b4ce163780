"""Two rule files side by side: what changed from one to the other, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npl_reporting.law.conditions import Comparison, Condition
from npl_reporting.law.parts import Aspects, Place, parts
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.words import comparison_words

_TELLING = (
    "title (en)", "type", "value", "basis", "expression", "outcomes", "condition", "outcome",
    "rate", "article", "default",
)  # fmt: skip
_LANGUAGE = "en"
_SHORT, _AROUND = 12, 4
"""Words up to which a text is shown whole, and words shown around what differs in a longer one."""


@dataclass(frozen=True)
class Change:
    """One thing that differs: in which part of the file, of what, in which respect.

    Without an `aspect` the thing as a whole is new (`before` is None) or gone (`after` is None).
    """

    part: str
    name: str
    aspect: str
    before: str | None
    after: str | None

    @property
    def words(self) -> str:
        """The change as one line."""
        if not self.aspect and self.before is None:
            return f"{self.name}: new; {self.after}"
        if not self.aspect:
            return f"{self.name}: gone; was {self.before}"
        before, after = excerpts(self.before or "none", self.after or "none")
        return f"{self.name}: {self.aspect} {before} → {after}"


def difference(before: Rulebook, after: Rulebook) -> tuple[Change, ...]:
    """Every change, in the order of the newer file; what is gone stands at the end of its part."""
    old, new = parts(before.file), parts(after.file)
    order = dict.fromkeys(part for part, _ in (*new, *old))
    places = [place for part in order for place in dict.fromkeys((*new, *old)) if place[0] == part]
    return tuple(change for place in places for change in _changes(place, old, new, before, after))


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Of two long texts the parts that differ, with a few words around them."""
    was, now = before.split(), after.split()
    if max(len(was), len(now)) <= _SHORT:
        return before, after
    most = min(len(was), len(now))
    head = next((n for n in range(most) if was[n] != now[n]), most)
    most -= head
    tail = next((n for n in range(most) if was[-1 - n] != now[-1 - n]), most)
    head, tail = max(head - _AROUND, 0), max(tail - _AROUND, 0)
    return _cut(was, head, tail), _cut(now, head, tail)


def _cut(words: list[str], head: int, tail: int) -> str:
    middle = words[head : len(words) - tail]
    return " ".join([*(["…"] if head else []), *middle, *(["…"] if tail else [])])


def _changes(
    place: Place, old: dict[Place, Aspects], new: dict[Place, Aspects],
    before: Rulebook, after: Rulebook,
) -> Iterator[Change]:  # fmt: skip
    if place not in old or place not in new:
        yield Change(*place, "", _summary(old.get(place)), _summary(new.get(place)))
        return
    for aspect in dict.fromkeys((*new[place], *old[place])):
        was, now = old[place].get(aspect), new[place].get(aspect)
        if was == now:
            continue
        thresholds = _thresholds(place, before, after) if aspect == "condition" else ()
        yield from thresholds or (Change(*place, aspect, was, now),)


def _summary(aspects: Aspects | None) -> str | None:
    """What a thing is, in a few of its aspects."""
    if aspects is None:
        return None
    told = [f"{aspect.split()[0]} {aspects[aspect]}" for aspect in _TELLING if aspect in aspects]
    return ", ".join(told) or ", ".join(aspects.values())


def _thresholds(place: Place, before: Rulebook, after: Rulebook) -> tuple[Change, ...]:
    """The constants that a rule compares otherwise, if that is all that changed in its condition."""
    pairs = _pairs(_condition(before, place), _condition(after, place))
    return tuple(
        Change(
            *place,
            "threshold",
            comparison_words(before, was, _LANGUAGE),
            comparison_words(after, now, _LANGUAGE),
        )
        for was, now in pairs or ()
    )


def _condition(rulebook: Rulebook, place: Place) -> Condition:
    part, name = place
    decision = next(d for d in rulebook.decisions if part == f"decision {d.name}")
    return next(rule for rule in decision.rules if name == f"rule {rule.id}").condition.condition


def _pairs(was: Condition, now: Condition) -> list[tuple[Comparison, Comparison]] | None:
    """Comparisons of the same names that differ; None where the conditions are built otherwise."""
    if isinstance(was, Comparison) or isinstance(now, Comparison):
        alike = isinstance(was, Comparison) and isinstance(now, Comparison)
        if not alike or was.name != now.name:  # type: ignore[union-attr]
            return None
        return [(was, now)] if was != now else []  # type: ignore[list-item]
    if type(was) is not type(now) or len(was.parts) != len(now.parts):
        return None
    found: list[tuple[Comparison, Comparison]] = []
    for one, other in zip(was.parts, now.parts, strict=True):
        inner = _pairs(one, other)
        if inner is None:
            return None
        found += inner
    return found
