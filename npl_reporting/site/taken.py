"""Stored runs with their tapes open, kept for the next question; the oldest is closed for another."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from npl_reporting.evidence.history import Cases, cases_of
from npl_reporting.evidence.store import Store
from npl_reporting.submission.archived import TakenUp, as_decided

MOST = 2
"""How many tapes stay open at once."""


@dataclass
class _Slot:
    """One run's place: its tape once it is open, used by one request at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    open: ExitStack = field(default_factory=ExitStack)
    up: TakenUp | None = None
    cases: Cases | None = None


class Taken:
    """The runs that are open; what a run was is for ever, so none grows stale."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def up(self, run: str) -> Iterator[tuple[TakenUp, Cases]]:
        """A run as it was decided, and its decisions by case; nobody else uses it meanwhile."""
        while True:
            slot = self._slot(run)
            with slot.lock:
                if self._slots.get(run) is not slot:
                    continue
                if slot.up is None or slot.cases is None:
                    slot.up = slot.open.enter_context(as_decided(self._store, run))
                    slot.cases = cases_of(self._store, slot.up.again.run)
                yield slot.up, slot.cases
                return

    def close(self) -> None:
        """Close every tape."""
        with self._lock:
            slots = list(self._slots.values())
            self._slots.clear()
        for slot in slots:
            with slot.lock:
                slot.open.close()

    def _slot(self, run: str) -> _Slot:
        closing = None
        with self._lock:
            slot = self._slots.setdefault(run, _Slot())
            self._slots.move_to_end(run)
            if len(self._slots) > MOST:
                _, closing = self._slots.popitem(last=False)
        if closing is not None:
            with closing.lock:
                closing.open.close()
        return slot
