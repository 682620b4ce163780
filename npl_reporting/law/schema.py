"""The language of rule files as a JSON Schema, so that editors complete and check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from npl_reporting.law.columns import Column, column_dictionary
from npl_reporting.law.rulefile import RuleFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Mapping[str, Any] = {
    "text": "string",
    "money": "number",
    "rate": "number",
    "integer": "integer",
    "date": "string",
    "boolean": "boolean",
}
_LANGUAGE = "en"


def rule_schema() -> dict[str, Any]:
    """The schema, made from the records that a rule file fills and the dictionary of columns."""
    schema = _tidy(RuleFile.model_json_schema())
    example = schema["$defs"]["Example"]["properties"]
    example["given"] = example["others"]["items"] = _loan()
    return {"$schema": DIALECT, "title": "Rules of one jurisdiction", **schema}


def _tidy(node: Any) -> Any:
    """Leave out the titles that only repeat names, and refuse names that break the pattern."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        name: _tidy(item)
        for name, item in node.items()
        if name != "title" or not isinstance(item, str)
    }
    return {**kept, "additionalProperties": False} if "patternProperties" in kept else kept


def _loan() -> dict[str, Any]:
    """What an example may give of a loan: the columns of every tape, and those of the file."""
    columns = {name: _value(column) for name, column in column_dictionary().items()}
    day = {"type": "string", "format": "date"}
    return {"type": "object", "properties": {"reporting_date": day, **columns}}


def _value(column: Column) -> dict[str, Any]:
    described = {"description": column.meaning[_LANGUAGE], "type": [_TYPES[column.type], "null"]}
    return described | ({"format": "date"} if column.type == "date" else {})
