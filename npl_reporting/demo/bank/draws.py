"""Chance as integer arithmetic in SQL: a draw depends on its key, its name and the seed alone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from npl_reporting.engine import Engine

# A 32-bit mixing function in three steps (xor with a shift, multiply by an odd constant): each
# result stays below 2^64, so that no machine, thread or version of the engine rounds or wraps.
_MACROS = (
    "CREATE MACRO low_word(x) AS x & 4294967295",
    "CREATE MACRO folded(x, bits) AS xor(x, x >> bits)",
    "CREATE MACRO spread(x) AS low_word(folded(x, 16) * 2146121005)",
    "CREATE MACRO mixed(x) AS folded(low_word(folded(spread(x), 15) * 2221713035), 16)",
)


def prepare(engine: Engine) -> None:
    """Define the macros that draws are written with."""
    for macro in _MACROS:
        engine.execute(macro)


@dataclass(frozen=True)
class Draws:
    """Writes draws as SQL; the same seed gives the same draws."""

    seed: int

    def whole(self, key: str, name: str, least: object, most: object) -> str:
        """A whole number from `least` to `most`, both included; `key` is a SQL integer."""
        return f"(({least}) + {self._word(key, name)} % (({most}) - ({least}) + 1))"

    def day(self, key: str, name: str, first: str, last: str) -> str:
        """A day from `first` to `last`, both included; missing where `first` is."""
        word = self._word(key, name)
        return f"(({first}) + CAST({word} % (({last}) - ({first}) + 1) AS INTEGER))"

    def percent(self, key: str, name: str, chance: object) -> str:
        """True for about `chance` in a hundred keys."""
        return f"({self._word(key, name)} % 10000 < 100 * ({chance}))"

    def _word(self, key: str, name: str) -> str:
        salt = zlib.crc32(f"{self.seed}/{name}".encode())
        return f"CAST(mixed(xor(CAST({key} AS UBIGINT), {salt}::UBIGINT)) AS BIGINT)"
