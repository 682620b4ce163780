"""What citations point into: each source's short name, title and number."""

from __future__ import annotations

from npl_reporting.law.yamlfile import Text
from npl_reporting.returns.edition import Edition
from npl_reporting.returns.page import Head, Line, Shown, Table
from npl_reporting.returns.sharedwords import word


def sources_table(edition: Edition) -> Table:
    """The rulebook's sources, as the decision annex lists them."""
    languages = edition.run.languages
    lines = tuple(
        Line(
            name,
            dict.fromkeys(languages, name),
            (Shown(_title(source.title, languages), "text"), Shown(source.id or "", "text")),
        )
        for name, source in edition.sources.items()
    )
    heads = (
        Head("title", word("source_title"), "text"),
        Head("id", word("source_id"), "text"),
    )
    return Table(heads, lines, word("sources"), stub=word("cited_as"))


def _title(title: Text | str, languages: tuple[str, ...]) -> Text:
    return dict.fromkeys(languages, title) if isinstance(title, str) else title
