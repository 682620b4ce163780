"""durable-rules: each trap as the library has it, and the door that avoids or refuses it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from durable.engine import Host, MessageNotHandledException, durable_rules_engine

from npl_reporting.errors import NplError
from npl_reporting.law.bands import bands_of
from npl_reporting.law.conditions import comparisons, compile_condition
from npl_reporting.law.expressions import Kind, Scope
from npl_reporting.law.rulebook import Decision, Rule
from npl_reporting.portfolio.decide import (
    MOST_BRANCHES,
    MOST_FACTS,
    MOST_GROUPS,
    MOST_MATCHES,
    DecisionRules,
)

Raw = dict[str, dict[str, Any]]
Fired = list[str]


class QuietHost(Host):  # type: ignore[misc]
    """The library without its threads, so that a trap shows itself in the call that springs it."""

    def _run(self) -> None:
        return


def appending(rule: str, fired: Fired) -> Callable[[object], None]:
    def action(context: object) -> None:
        fired.append(rule)

    return action


def raw_host(conditions: Raw, fired: Fired, host: type[Host] = QuietHost) -> Any:
    """The library with a rule for each condition; firing appends the rule's id."""
    made = host()
    rules = {i: {"all": [{"m": m}], "run": appending(i, fired)} for i, m in conditions.items()}
    made.set_rulesets({"raw": rules})
    return made


def raw(conditions: Raw, **fact: Any) -> Fired:
    """The ids of the rules that the library fires for one fact."""
    fired: Fired = []
    raw_host(conditions, fired).assert_fact("raw", {"id": 1, "sid": 1, **fact})
    return fired


def decision_of(conditions: Mapping[str, str], kinds: Mapping[str, Kind]) -> Decision:
    """A decision with a rule for each condition."""
    scope = Scope(kinds=kinds)
    rules = [
        Rule(i, compile_condition(when, scope), "bad", ("norm/1",), {}, frozenset())
        for i, when in conditions.items()
    ]
    return Decision("status", "exposure", False, {}, ("good", "bad"), {}, "good", tuple(rules), 0, frozenset())  # fmt: skip


class Door:
    """A decision behind our door, asked with values instead of bands."""

    def __init__(self, conditions: Mapping[str, str], **kinds: Kind) -> None:
        self.decision = decision_of(conditions, kinds)
        read = [c for rule in self.decision.rules for c in comparisons(rule.condition.condition)]
        self.bands = bands_of(kinds, read, {})
        self.rules = DecisionRules(self.decision, self.bands)

    def __call__(self, **values: Any) -> set[str]:
        return set(self.rules.fired({n: b.band(values[n]) for n, b in self.bands.items()}))

    @property
    def host(self) -> Any:
        return self.rules._host

    @property
    def ruleset(self) -> str:
        return self.rules._ruleset


def numbers(count: int) -> dict[str, Kind]:
    return {f"x{number}": "integer" for number in range(count)}


def run(script: str, *, seconds: float) -> str:
    """Run a script apart from this process; what it printed, and how it ended."""
    prelude = (
        "from durable.engine import Host\n"
        "class Quiet(Host):\n    def _run(self): pass\n"
        "def appending(rule, fired):\n    return lambda context: fired.append(rule)\n"
        "def ready(conditions, fired):\n"
        "    made = Quiet()\n"
        "    made.set_rulesets({'raw': {i: {'all': [{'m': m}], 'run': appending(i, fired)}"
        " for i, m in conditions.items()}})\n"
        "    return made\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", prelude + script],
            capture_output=True,
            check=False,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as expired:
        return f"{(expired.stdout or b'').decode()}never returned"
    return f"{done.stdout}{done.stderr.strip().splitlines()[-1:]} ended with {done.returncode}"


def test_texts_are_compared_as_texts() -> None:
    at_least_900 = {"r": {"$gte": {"days": 900}}}
    assert raw(at_least_900, days="95") == ["r"]
    with pytest.raises(MessageNotHandledException):
        raw(at_least_900, days="1000")

    door = Door({"late": "days >= 900", "odd": "kind = '95'"}, days="integer", kind="text")
    assert door(days=1000, kind="1000") == {"late"}
    assert door(days=95, kind="95") == {"odd"}


def test_decimals_are_floats_and_small_ones_do_not_parse() -> None:
    with pytest.raises(durable_rules_engine.error, match="204"):
        raw({"r": {"$gte": {"share": 0.0000001}}}, share=1)
    with pytest.raises(TypeError, match="Decimal"):
        raw({"r": {"$gte": {"share": 1}}}, share=Decimal(1))
    nine_quadrillion = {"r": {"$lt": {"share": 9007199254740993.5}}}
    with pytest.raises(MessageNotHandledException):  # though it is less
        raw(nine_quadrillion, share=9007199254740993.25)

    door = Door({"r": "share < 9007199254740993.5", "s": "share >= 0.0000001"}, share="decimal")
    assert door(share=Decimal("9007199254740993.25")) == {"r", "s"}
    assert door(share=Decimal("9007199254740993.50")) == {"s"}
    assert door(share=Decimal("0.00000009")) == {"r"}


def test_the_1025th_session_is_a_memory_error() -> None:
    script = (
        "h = ready({'r': {'$gte': {'x': 1}}}, [])\n"
        "for n in range({}): h.assert_fact('raw', {'id': n, 'sid': n, 'x': 1})\n"
    )
    assert run(script.replace("{}", "1024"), seconds=60) == "[] ended with 0"
    assert "MemoryError" in run(script.replace("{}", "1025"), seconds=60)

    cuts = {f"r{n}": f"x = {n}" for n in range(350)}
    door = Door({**cuts, "y": "y > 3"}, x="integer", y="integer")
    asked = [(x, y) for x in range(350) for y in (0, 3, 4, None)]
    assert len(asked) > 1024
    for x, y in asked:
        assert door(x=x, y=y) == {f"r{x}", *(["y"] if y == 4 else [])}


def test_facts_stay_in_memory_until_they_are_retracted() -> None:
    host = raw_host({"r": {"$gte": {"x": 1}}}, [])
    for number in range(3):
        host.assert_fact("raw", {"id": number, "sid": 1, "x": 1})
    assert len(host.get_facts("raw", 1)) == 3

    door = Door({"r": "x > 1", "s": "x > 3"}, x="integer")
    assert [door(x=x) for x in (2, 5, 1)] == [{"r"}, {"r", "s"}, set()]
    assert door.host.get_facts(door.ruleset, 1) == []


def test_65_conditions_that_hold_at_once_are_too_many() -> None:
    with pytest.raises(durable_rules_engine.error, match="303"):
        raw({f"r{n}": {"$gte": {"x": n}} for n in range(65)}, x=100)

    def door(rules: int) -> Door:
        return Door({f"r{n}": f"x > {n}" for n in range(rules)}, x="integer")

    assert len(door(MOST_MATCHES)(x=100)) == MOST_MATCHES
    for rules in (MOST_MATCHES + 1, 65, 100):
        with pytest.raises(
            NplError, match="more than 48 conditions hold at once; split the decision"
        ):
            door(rules)(x=100)
        assert door(rules)(x=0) == set()


def test_65_conditions_that_hold_at_once_are_too_many_even_where_no_rule_does() -> None:
    door = Door({f"r{n}": f"x > {n} and y = 1" for n in range(65)}, x="integer", y="integer")
    with pytest.raises(NplError, match="more than 48 conditions hold at once"):
        door(x=100, y=0)


def test_ways_to_hold_multiply_within_a_rule() -> None:
    condition = {"$and": [{"$or": [{"$gte": {"x": 1}}, {"$gte": {"y": n}}]} for n in range(6)]}
    assert len(raw({"r": condition}, x=1, y=9)) == 2**6

    either = "(x > {0} or y > {0})"
    five, six = (" and ".join(either.format(n) for n in range(count)) for count in (5, 6))
    assert Door({"r": five}, x="integer", y="integer")(x=1, y=1) == set()
    assert Door({"r": five}, x="integer", y="integer")(x=9, y=9) == {"r"}
    with pytest.raises(NplError, match="rule 'r' .* may hold in 64 ways at once, more than 48"):
        Door({"r": six}, x="integer", y="integer")


def test_513_rules_never_return() -> None:
    script = (
        "print('begun', flush=True)\n"
        "h = ready({f'r{n}': {'$eq': {'x': n}} for n in range({})}, [])\n"
        "h.assert_fact('raw', {'id': 1, 'sid': 1, 'x': 1})\n"
    )
    assert run(script.replace("{}", "511"), seconds=60) == "begun\n[] ended with 0"
    assert run(script.replace("{}", "513"), seconds=2).endswith("never returned")

    def door(rules: int) -> Door:
        return Door({f"r{n}": f"x = {n}" for n in range(rules)}, x="integer")

    assert door(MOST_BRANCHES)(x=7) == {"r7"}
    with pytest.raises(NplError, match="'status' has 401 branches, more than 400; split it"):
        door(MOST_BRANCHES + 1)


def test_513_branches_of_few_rules_never_return() -> None:
    script = (
        "h = ready({f'r{n}': {'$or': [{'$eq': {'x': n}}, {'$eq': {'y': n}}, {'$eq': {'z': n}}]}"
        " for n in range(171)}, [])\n"
        "h.assert_fact('raw', {'id': 1, 'sid': 1, 'x': 1, 'y': 1, 'z': 1})\n"
    )
    assert run(script, seconds=2).endswith("never returned")

    conditions = {f"r{n}": f"x = {n} or y = {n} or z = {n}" for n in range(171)}
    with pytest.raises(NplError, match="has 513 branches, more than 400"):
        Door(conditions, x="integer", y="integer", z="integer")
    unequal = {f"r{n}": f"x <> {n}" for n in range(201)}  # below or above: two branches each
    with pytest.raises(NplError, match="has 402 branches, more than 400"):
        Door(unequal, x="integer")


def test_16_nested_groups_in_a_rule_do_not_compile() -> None:
    nested: dict[str, Any] = {
        "$and": [{"$or": [{"$eq": {"x": n}}, {"$eq": {"y": n}}]} for n in range(15)]
    }
    with pytest.raises(durable_rules_engine.error, match="113"):
        raw({"r": nested}, x=1, y=1)

    kinds = numbers(40)
    ranges = " and ".join(f"{name} between 3 and 5" for name in kinds)
    door = Door({"flat": ranges}, **kinds)  # 80 comparisons, one group
    assert door(**dict.fromkeys(kinds, 4)) == {"flat"}
    assert door(**{**dict.fromkeys(kinds, 4), "x7": 6}) == set()
    exclusive = "(x{0} = 1 or x{0} = 2)"
    many = " or ".join(f"(y = {n} and {exclusive.format(n)})" for n in range(8))
    with pytest.raises(NplError, match="rule 'r' .* nests 17 'and' and 'or', more than 15"):
        Door({"r": many}, y="integer", **numbers(8))
    assert MOST_GROUPS == 15


def test_255_properties_are_too_many() -> None:
    with pytest.raises(durable_rules_engine.error, match="302"):
        raw({"r": {"$gte": {"x0": 1}}}, **{f"x{n}": 1 for n in range(255)})

    kinds = numbers(MOST_FACTS)
    door = Door({f"r{n}": f"x{n} > {n}" for n in range(MOST_FACTS)}, **kinds)
    assert door(**dict.fromkeys(kinds, 2)) == {"r0", "r1"}
    with pytest.raises(NplError, match="'status' reads 61 facts, more than 60; split it"):
        Door({f"r{n}": f"x{n} > {n}" for n in range(61)}, **numbers(61))


def test_an_event_is_consumed_by_one_rule() -> None:
    fired: Fired = []
    host = raw_host({"a": {"$gte": {"x": 1}}, "b": {"$gte": {"x": 1}}}, fired)
    host.post("raw", {"id": 1, "sid": 1, "x": 1})
    assert len(fired) == 1

    assert Door({"a": "x >= 1", "b": "x >= 1"}, x="integer")(x=1) == {"a", "b"}


def test_a_fact_that_matches_nothing_is_a_normal_answer() -> None:
    with pytest.raises(MessageNotHandledException):
        raw({"r": {"$gte": {"x": 1}}}, x=0)

    door = Door({"r": "x >= 1"}, x="integer")
    assert [door(x=x) for x in (0, None, 1, 0)] == [set(), set(), {"r"}, set()]


def test_or_fires_once_for_each_branch() -> None:
    assert raw({"r": {"$or": [{"$gte": {"x": 1}}, {"$gte": {"y": 1}}]}}, x=1, y=1) == ["r", "r"]

    door = Door({"r": "x > 0 or y > 0 or x > 5"}, x="integer", y="integer")
    assert door(x=9, y=9) == {"r"}
    assert door.rules.fired({name: bands.band(9) for name, bands in door.bands.items()}) == {"r"}


def test_a_rule_of_negations_only_loops_for_ever() -> None:
    script = (
        "h = ready({'r': {'$nex': {'x': 1}}}, [])\n"
        "h.assert_fact('raw', {'id': 1, 'sid': 1, 'y': 1})\n"
    )
    assert run(script, seconds=2).endswith("never returned")
    with pytest.raises(durable_rules_engine.error, match="100"):
        raw({"r": {}}, x=1)

    negations = {
        "a": "x is null",
        "b": "not sued",
        "c": "x <> 3",
        "d": "kind not in ('a', 'b')",
        "e": "not (x > 3 or sued)",
    }
    door = Door(negations, x="integer", sued="boolean", kind="text")
    assert door(x=None, sued=None, kind=None) == {"a"}
    assert door(x=3, sued=False, kind="c") == {"b", "d", "e"}
    signs = {
        key for key in words(door.host.get_ruleset(door.ruleset).get_definition()) if key[0] == "$"
    }
    assert signs <= {"$and", "$or", "$eq", "$gte", "$lte", "$lt"}


def words(tree: object) -> Iterator[str]:
    """Every key of a tree."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from words(value)
    elif isinstance(tree, list):
        for part in tree:
            yield from words(part)


def test_a_condition_that_never_holds_is_no_empty_condition() -> None:
    door = Door({"r": "x > 3 and x < 2", "s": "x between 5 and 4 or x = 7"}, x="integer")
    assert [door(x=x) for x in (1, 3, 5, 7, None)] == [set(), set(), set(), {"s"}, set()]


def hashed(name: str) -> int:
    """The library's hash of a property name: FNV-1a, 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def test_names_with_the_same_32_bit_hash_are_the_same_to_the_library() -> None:
    one, other = "fact_522789", "fact_739192"
    assert hashed(one) == hashed(other)
    assert raw({"r": {"$gte": {one: 5}}}, **{other: 9}) == ["r"]

    both: dict[str, Kind] = {one: "integer", other: "integer"}
    door = Door({"one": f"{one} > 5", "other": f"{other} > 7"}, **both)
    assert door(**{one: 9, other: 0}) == {"one"}
    assert door(**{one: 0, other: 9}) == {"other"}
    generated = [f"f{number}" for number in range(MOST_FACTS)]
    assert len({*map(hashed, generated), hashed("id"), hashed("sid")}) == MOST_FACTS + 2


def test_an_exception_in_an_action_is_swallowed_and_stays() -> None:
    seen: list[object] = []

    def action(context: Any) -> None:
        seen.append(context.s.exception)
        raise ValueError("lost")

    host = QuietHost()
    host.set_rulesets({"raw": {"r": {"all": [{"m": {"$gte": {"x": 1}}}], "run": action}}})
    for number in (1, 2):
        host.assert_fact("raw", {"id": number, "sid": 1, "x": 1})  # and no exception comes out
    assert seen[0] is None and "lost" in str(seen[1])

    door = Door({"r": "x > 1"}, x="integer")
    assert door(x=2) == {"r"}
    assert "exception" not in door.host.get_state(door.ruleset, 1)


def test_threads_lose_firings_without_an_error() -> None:
    script = (
        "import sys, threading\n"
        "sys.setswitchinterval(1e-5)\n"
        "fired = []\n"
        "h = ready({f'r{n}': {'$gte': {'x': n}} for n in range(5)}, fired)\n"
        "def work(t):\n"
        "    for n in range(300):\n"
        "        fact = {'id': t * 300 + n, 'sid': 1, 'x': 9}\n"
        "        h.assert_fact('raw', dict(fact)); h.retract_fact('raw', dict(fact))\n"
        "threads = [threading.Thread(target=work, args=(t,)) for t in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print('lost' if len(fired) < 4 * 300 * 5 else 'complete')\n"
    )
    assert run(script, seconds=60) == "lost\n[] ended with 0"

    door = Door({"r": "x > 1"}, x="integer")
    caught: list[BaseException] = []
    in_thread(lambda: door(x=2), caught)
    assert [type(error) for error in caught] == [RuntimeError]
    assert door(x=2) == {"r"}


def in_thread(call: Callable[[], object], caught: list[BaseException]) -> None:
    """Call in another thread, noting what it raises."""

    def attempt() -> None:
        try:
            call()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()


def test_a_ruleset_cannot_be_replaced() -> None:
    host = raw_host({"r": {"$gte": {"x": 1}}}, [])
    with pytest.raises(Exception, match="already registered"):
        host.set_rulesets(
            {"raw": {"r": {"all": [{"m": {"$gte": {"x": 2}}}], "run": lambda c: None}}}
        )

    first, second = Door({"r": "x > 1"}, x="integer"), Door({"r": "x > 2"}, x="integer")
    assert (first(x=2), second(x=2)) == ({"r"}, set())
    again = Door({"r": "x > 1"}, x="integer")
    assert again.ruleset == first.ruleset and again(x=2) == {"r"}


def test_the_library_changes_the_rules_it_is_given() -> None:
    given = {"raw": {"r": {"all": [{"m": {"$gte": {"x": 1}}}], "run": lambda c: None}}}
    QuietHost().set_rulesets(given)
    assert "run" not in given["raw"]["r"]

    door = Door({"r": "x > 1"}, x="integer")
    for _ in range(2):  # the same decision, made ready twice
        rules = DecisionRules(door.decision, door.bands)
        assert rules.fired({"x": door.bands["x"].band(2)}) == {"r"}


def test_the_librarys_host_fires_in_threads_of_its_own() -> None:
    """A fact is fired by whoever comes first, so that the caller may come away with nothing."""
    by: list[str] = []

    def action(context: object) -> None:
        by.append(threading.current_thread().name)

    before = threading.active_count()
    host = Host()
    assert threading.active_count() == before + 2
    host.set_rulesets({"raw": {"r": {"all": [{"m": {"$gte": {"x": 1}}}], "run": action}}})
    host.get_ruleset("raw").assert_fact({"id": 1, "sid": 1, "x": 1})  # asserted, not fired by us
    deadline = time.monotonic() + 10
    while not by and time.monotonic() < deadline:
        time.sleep(0.01)
    assert by and by[0] != threading.main_thread().name
    host._ruleset_list.clear()

    alive = set(threading.enumerate())
    door = Door({"r": "x > 1"}, x="integer")
    assert door(x=2) == {"r"}
    assert not any(isinstance(t, threading.Timer) for t in set(threading.enumerate()) - alive)


def test_a_decision_without_rules_asks_nobody() -> None:
    assert Door({})() == set()


def test_a_case_is_asked_once() -> None:
    door = Door({"r": "x > 1"}, x="integer")
    assert [door(x=x) for x in (2, 3, 4, 2)] == [{"r"}] * 4
    assert door.rules._number == 1
