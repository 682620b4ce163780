"""15,000 real card accounts of a Taiwanese bank in 2005: two tapes and the mapping that reads them.

ATTRIBUTION.md says where they come from, under which licence, and what is assumed.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

_HERE = Path(__file__).parent

QUARTERS = (date(2005, 6, 30), date(2005, 9, 30))
TAPES = {quarter: _HERE / f"{quarter}.parquet" for quarter in QUARTERS}
MAPPING = _HERE / "mapping.yaml"
ATTRIBUTION = _HERE / "ATTRIBUTION.md"
