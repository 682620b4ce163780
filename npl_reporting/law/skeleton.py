"""A rule file to fill in: `rules/skeleton.yaml` with a name, a date and a currency."""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from pathlib import Path

from npl_reporting.errors import NplError, Problem
from npl_reporting.money import NO_CURRENCY, currency_of, known_currency
from npl_reporting.resources import RULES, shown

_NAME = re.compile(r"[A-Z][A-Z0-9]{1,7}(/[a-z][a-z0-9-]*)?")
_YEAR = timedelta(days=365)


def write_skeleton(name: str, day: date, currency: str | None = None, folder: Path = RULES) -> Path:
    """Write `<folder>/<name>/<day>.yaml`; NplError if there is one, or the name cannot be one.

    Without a currency the territory of that name decides.
    """
    if not _NAME.fullmatch(name):
        what = f"'{name}' is no name of a jurisdiction"
        raise NplError(Problem(what, "write capitals such as XX, or XX/insurer for a variant"))
    if currency and not known_currency(currency):
        raise NplError(Problem(f"'{currency}' is no ISO 4217 currency", "write one such as EUR"))
    path = folder / name / f"{day}.yaml"
    if path.exists():
        raise NplError(Problem("is there already", "edit it, or take another date", shown(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_filled(name, day, currency, path.parent), encoding="utf-8")
    return path


def _filled(name: str, day: date, currency: str | None, folder: Path) -> str:
    jurisdiction, _, variant = name.partition("/")
    heading = jurisdiction + (f"\nvariant: {variant}" if variant else "")
    words = {
        "schema": os.path.relpath(RULES / "schema.json", folder),
        "name": name,
        "day": day.isoformat(),
        "before": (day - _YEAR).isoformat(),
        "jurisdiction": heading,
        "currency": currency or currency_of(jurisdiction) or NO_CURRENCY,
    }
    text = (RULES / "skeleton.yaml").read_text(encoding="utf-8")
    for place, word in words.items():
        text = text.replace(f"{{{place}}}", word)
    return text
