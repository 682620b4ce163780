"""The Merkle tree over a run's exposures: `python -m bench.trees 10000000` prints JSON.

The entries are of the length that exposures have. Besides the time stand the most memory that the
process held, and the same tree grown leaf by leaf in Python over a hundredth of the leaves.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from bench.stopwatch import Stopwatch, peak_memory
from npl_reporting.engine import Engine
from npl_reporting.evidence.bulktree import bulk_root
from npl_reporting.evidence.merkle import hashed, tree
from npl_reporting.work import work_folder

_ENTRIES = (
    "SELECT i AS place, '10:E' || lpad(CAST(i AS VARCHAR), 9, '0') || '5:whole' || '8:D0000001' "
    "|| '12:65NSSXH0Y7CB' || '10:1234567.89' || '12:12345.678900' AS entry FROM range({size}) t(i)"
)
_PART = 100


def measure(size: int) -> Mapping[str, float | str]:
    """Grow the tree in the engine, and a part of it in Python; both must give the same root."""
    watch = Stopwatch()
    with work_folder() as work, Engine(work) as engine:
        with watch.step("engine"):
            count, root = bulk_root(engine, _ENTRIES.format(size=size))
        memory = peak_memory()
        few = _ENTRIES.format(size=size // _PART)
        texts = [text for (text,) in engine.rows(f"SELECT entry FROM ({few}) ORDER BY place")]
        with watch.step("python_part"):
            part = tree(hashed(text.encode() for text in texts)).root()
        assert part == bulk_root(engine, few)[1]
    return {
        "leaves": count, "root": root.hex(), "leaves_per_second": round(count / watch.seconds["engine"]),
        "peak_memory_mb": round(memory / 2**20),
        **{name: round(seconds, 1) for name, seconds in watch.seconds.items()},
    }  # fmt: skip


if __name__ == "__main__":
    json.dump(measure(int(sys.argv[1])), sys.stdout)
