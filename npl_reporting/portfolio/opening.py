"""A tape of any format opened as the view `raw`, or a clear word why it cannot be."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from npl_reporting.engine import Engine
from npl_reporting.portfolio.delimited import delimiter_of, mended, read_header, seen_delimiter
from npl_reporting.portfolio.encoding import utf8_text
from npl_reporting.portfolio.headings import refuse_bad_names
from npl_reporting.portfolio.rawtape import (
    RawTape,
    declare_csv,
    declare_parquet,
    declare_rewritten,
    texts,
)
from npl_reporting.portfolio.source import TapeFile, TapeSource, open_source, refusal
from npl_reporting.portfolio.workbook import read_workbook


def open_raw(engine: Engine, source: TapeSource, known: Collection[str]) -> RawTape:
    """Make `raw` from a tape; `known` are the dictionary's names, by which a header is known.

    What is converted on the way lies in the engine's work folder.
    """
    file = open_source(source)
    match file.format:
        case "parquet":
            raw = declare_parquet(engine, file)
            refuse_bad_names(source, list(raw.kinds))
            return raw
        case "excel":
            names, path = read_workbook(source, engine.work)
            refuse_bad_names(source, names)
            declare_rewritten(engine, path, names)
            return RawTape(file, texts(names))
    return _open_csv(engine, source, file, known)


def _open_csv(
    engine: Engine, source: TapeSource, file: TapeFile, known: Collection[str]
) -> RawTape:
    delimiter = delimiter_of(source)
    text = utf8_text(file, source.encoding, engine.work)
    names = read_header(text, source, delimiter)
    other = seen_delimiter(names, known, delimiter)
    if other:
        what = f"has its cells separated by {other}, not '{delimiter}'"
        raise refusal(source.path, what, f"say so: --delimiter {other}", 1)
    refuse_bad_names(source, names)
    mend = partial(mended, text, source, delimiter, engine.work)
    if text.gaps:
        declare_rewritten(engine, mend(), names)
        return RawTape(file, texts(names))
    declare_csv(engine, text.path, names, delimiter, gzipped=text.gzipped)
    return RawTape(file, texts(names), mend)
