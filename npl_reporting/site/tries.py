"""How often an address may try to sign in: five refusals a minute, then it has to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from npl_reporting.site.sessions import now

MOST = 5
WITHIN = timedelta(minutes=1)


class Tries:
    """The refused tries of the last minute, by address."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self.clock = clock
        self._refused: dict[str, list[datetime]] = {}
        self._lock = threading.Lock()

    def too_many(self, address: str) -> bool:
        """Whether an address has to wait."""
        with self._lock:
            self._forget()
            return len(self._refused.get(address, ())) >= MOST

    def refused(self, address: str) -> None:
        """Count a try that was refused."""
        with self._lock:
            self._refused.setdefault(address, []).append(self.clock())

    def _forget(self) -> None:
        since = self.clock() - WITHIN
        kept = {a: [at for at in times if at > since] for a, times in self._refused.items()}
        self._refused = {address: times for address, times in kept.items() if times}
