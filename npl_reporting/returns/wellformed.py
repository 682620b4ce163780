"""The faults that a report file alone shows: repeated ids, missing keys, names of nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from npl_reporting.errors import Problem
from npl_reporting.law.yamlfile import Path_, YamlFile
from npl_reporting.returns.report import Chart, Column, Flag, Report, Row, Table


def faults(report: Report) -> Iterator[Problem]:
    """Every fault of the file beyond the types of its keys."""
    yield from _languages(report.file)
    yield from _tables(report)
    yield from _references(report)


def _languages(file: YamlFile) -> Iterator[Problem]:
    """Every text is written in the same languages as the title."""
    wanted = list(file.data["title"])
    for where, mapping in _mappings(file.data, ()):
        if set(mapping) & set(wanted) and set(mapping) != set(wanted):
            absent = ", ".join(language for language in wanted if language not in mapping)
            what = f"this text is not in {absent}" if absent else "this text is in more languages"
            yield file.problem(where, what, f"write {', '.join(wanted)}, as the title does")


def _mappings(data: object, where: Path_) -> Iterator[tuple[Path_, dict[str, object]]]:
    if isinstance(data, dict):
        yield where, data
        for key, value in data.items():
            yield from _mappings(value, (*where, key))
    elif isinstance(data, tuple):
        for index, value in enumerate(data):
            yield from _mappings(value, (*where, index))


def _tables(report: Report) -> Iterator[Problem]:
    file, tables = report.file, report.definition.tables
    yield from _repeated(file, ("tables",), [table.id for table in tables])
    yield from _repeated(file, ("checks",), [check.id for check in report.definition.checks])
    codes: set[str] = set()
    for index, table in enumerate(tables):
        where: Path_ = ("tables", index)
        yield from _repeated(file, (*where, "columns"), [column.id for column in table.columns])
        yield from _repeated(file, (*where, "rows"), [row.id for row in table.rows], codes)
        codes |= {row.id for row in table.rows}
        yield from _shape(file, where, table, {other.id: other for other in tables[:index]})


def _repeated(
    file: YamlFile, where: Path_, ids: Sequence[str], taken: Iterable[str] = ()
) -> Iterator[Problem]:
    seen = set(taken)
    for index, id_ in enumerate(ids):
        if id_ in seen:
            yield file.problem((*where, index), f"'{id_}' is used twice", "give it another id")
        seen.add(id_)


def _shape(
    file: YamlFile, where: Path_, table: Table, earlier: Mapping[str, Table]
) -> Iterator[Problem]:
    if table.columns_of and table.columns_of not in earlier:
        yield file.problem(
            where, f"no table '{table.columns_of}' above", "borrow from a table above"
        )
    lent = earlier.get(table.columns_of or "")
    for name in set(table.labels) - {column.id for column in lent.columns} if lent else ():
        yield file.problem((*where, "labels", name), f"no column '{name}'", "name a column")
    if bool(table.columns) == bool(table.columns_of):
        yield file.problem(
            where, f"'{table.id}' needs columns or columns_of", "give one of the two"
        )
    if table.kind == "grid":
        yield from _grid_shape(file, where, table)
    else:
        yield from _list_shape(file, where, table)
    for index, column in enumerate(table.columns):
        yield from _column_shape(file, (*where, "columns", index), table, column)
    known: dict[str, Row] = {}
    columns = {column.id for column in (lent or table).columns}
    for index, row in enumerate(table.rows):
        yield from _row_shape(file, (*where, "rows", index), row, known)
        yield from _row_columns(file, (*where, "rows", index), row, columns)
        known[row.id] = row


def _grid_shape(file: YamlFile, where: Path_, table: Table) -> Iterator[Problem]:
    if not table.rows:
        yield file.problem(where, f"grid '{table.id}' has no rows", "add rows")
    for key in (
        "group_by",
        "order_by",
        "limit",
        "label",
        "where",
        "blank",
        "words",
        "rest",
        "total",
    ):
        if getattr(table, key):
            yield file.problem((*where, key), f"a grid takes no '{key}'", "make it a list")


def _list_shape(file: YamlFile, where: Path_, table: Table) -> Iterator[Problem]:
    if table.rows:
        yield file.problem((*where, "rows"), "a list has no fixed rows", "make it a grid")
    for key in ("group_by", "order_by", "limit", "label"):
        if not getattr(table, key) and not (key == "limit" and table.total):
            yield file.problem(where, f"list '{table.id}' lacks '{key}'", "add it")
    if table.order_by and table.order_by not in {column.id for column in table.columns}:
        yield file.problem((*where, "order_by"), f"no column '{table.order_by}'", "name a column")


def _column_shape(file: YamlFile, where: Path_, table: Table, column: Column) -> Iterator[Problem]:
    own = all(row.heading or row.formula or row.value for row in table.rows) and table.rows
    if column.value is not None and column.formula is not None:
        yield file.problem(where, f"'{column.id}' has value and formula", "give one of the two")
    if column.value is None and column.formula is None and not own:
        yield file.problem(where, f"'{column.id}' needs value or formula", "give one of the two")
    if column.of_largest and table.kind == "grid":
        yield file.problem(where, "a grid takes no 'of_largest'", "use it in a list")
    if column.formula is None and column.over:
        yield file.problem((*where, "over"), "only a formula is over a column", "write a formula")
    if column.over and column.over not in {c.id for c in table.columns}:
        what = f"no column '{column.over}'"
        yield file.problem((*where, "over"), what, "name a column of this table")
    yield from _flags_shape(file, where, column.flags)
    if column.dash_when_zero and column.dash_when_zero not in {c.id for c in table.columns}:
        what = f"no column '{column.dash_when_zero}'"
        yield file.problem((*where, "dash_when_zero"), what, "name a column of this table")


def _row_shape(
    file: YamlFile, where: Path_, row: Row, known: Mapping[str, Row]
) -> Iterator[Problem]:
    kinds = (row.where or row.value, row.sum_of, row.heading, row.formula)
    if sum(map(bool, kinds)) != 1:
        what = f"'{row.id}' needs one of where, value, sum_of, formula or heading"
        yield file.problem(where, what, "give one of them")
    if row.over and not row.formula:
        yield file.problem((*where, "over"), "only a formula is over something", "write a formula")
    yield from _flags_shape(file, where, row.flags)
    for part in row.sum_of:
        if part not in known:
            yield file.problem((*where, "sum_of"), f"no row '{part}' above", "name rows above")
        elif known[part].formula or known[part].value:
            what = (
                f"row '{part}' has its own formula or value, so that no total can be taken over it"
            )
            yield file.problem((*where, "sum_of"), what, "add the rows up with a formula")


def _row_columns(
    file: YamlFile, where: Path_, row: Row, columns: Collection[str]
) -> Iterator[Problem]:
    """The columns that are blank or zero in a row are columns of the table."""
    for key, names in (("blank", row.blank), ("zero", row.zero)):
        for name in names:
            if name not in columns:
                what = f"'{row.id}' has no column '{name}'"
                yield file.problem((*where, key), what, "name a column of this table")


def _flags_shape(file: YamlFile, where: Path_, flags: Sequence[Flag]) -> Iterator[Problem]:
    for index, flag in enumerate(flags):
        if (flag.above is None) == (flag.below is None):
            place = (*where, "flags", index)
            yield file.problem(place, "a flag needs above or below", "give one of the two")


def _references(report: Report) -> Iterator[Problem]:
    """Charts, labels and `each` name tables, columns and rows that exist."""
    file, names = report.file, {table.id: table for table in report.definition.tables}
    for index, chart in enumerate(report.definition.charts):
        if chart.table not in names:
            yield file.problem(("charts", index, "table"), f"no table '{chart.table}'", "name one")
            continue
        yield from _chart_shape(file, ("charts", index), chart, _drawn(names, chart.table))
    for index, check in enumerate(report.definition.checks):
        if check.each is not None and check.each not in names:
            yield file.problem(("checks", index, "each"), f"no table '{check.each}'", "name one")


def _drawn(names: Mapping[str, Table], table: str) -> Table:
    """A chart's table, with the columns that it borrows."""
    lent = names.get(names[table].columns_of or "", names[table])
    return names[table].model_copy(update={"columns": names[table].columns or lent.columns})


def _chart_shape(file: YamlFile, where: Path_, chart: Chart, table: Table) -> Iterator[Problem]:
    rows = {row.id for row in table.rows}
    columns = {column.id for column in table.columns}
    if not chart.rows and chart.row is None:
        yield file.problem(where, "the chart names no rows", "give rows and a column, or a row")
    for row, column, _ in chart.places():
        if row not in rows:
            yield file.problem((*where, "rows"), f"no row '{row}'", "name a row")
        if column not in columns:
            yield file.problem((*where, "column"), f"no column '{column}'", "name a column")
