"""Where the law, the reports and the templates lie: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
_BUNDLED = PACKAGE / "data"
ROOT = _BUNDLED if _BUNDLED.is_dir() else PACKAGE.parent

RULES = ROOT / "rules"
REPORTS = ROOT / "reports"
TEMPLATES = ROOT / "templates"
COLUMNS = RULES / "columns.yaml"
CHECKS = RULES / "checks.yaml"


def shown(path: Path) -> str:
    """Write a path as messages and records show it: from the project's own folders, if inside."""
    try:
        return path.resolve().relative_to(ROOT.resolve()).as_posix()
    except ValueError:
        return str(path)
