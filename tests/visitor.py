"""A person at the review site: signs in, opens pages, fills forms; every page is looked over."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

from starlette.testclient import TestClient

from npl_reporting.evidence.store import Store
from npl_reporting.site.app import application
from npl_reporting.site.asked import Site
from npl_reporting.site.guard import POLICY
from npl_reporting.site.sessions import Sessions
from npl_reporting.site.tries import Tries

_FORM = re.compile(r'name="form" value="([^"]+)"')
_FIELDS = ("input", "textarea", "select")


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Looked(HTMLParser):
    """What makes a page hard to use or unsafe, told by its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.feed(page)
        if self.tags.count("h1") != 1:
            self.faults.append(f"{self.tags.count('h1')} h1")
        if len(self.ids) != len(set(self.ids)):
            self.faults.append("an id stands twice")
        self.faults += [f"no label for {name}" for name in self.fields if name not in self.labels]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag in ("script", "style", "iframe", "object"):
            self.faults.append(f"<{tag}>")
        self.faults += [f"{name}=" for name in given if name == "style" or name.startswith("on")]
        if tag == "html" and not given.get("lang"):
            self.faults.append("no language")
        if tag == "th" and not given.get("scope"):
            self.faults.append("a table head without scope")
        if tag == "label":
            self.labels.add(str(given.get("for")))
        if tag in _FIELDS and given.get("type") != "hidden":
            self.fields.append(str(given.get("id")))
        for name in ("href", "src", "action"):
            if re.match(r"[a-z]+:|//", given.get(name) or ""):
                self.faults.append(f"{name} leads away: {given[name]}")


class Visitor:
    """One browser at one site; a site made without clocks runs by the real one."""

    def __init__(self, store: Store, site: Site | None = None, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        self.clock = clock
        self.site = site or Site(store, sessions=Sessions(clock), tries=Tries(clock))
        self.client = TestClient(
            application(self.site, ["127.0.0.1"]), base_url="http://127.0.0.1",
            follow_redirects=False, raise_server_exceptions=False,
        )  # fmt: skip

    def sign_in(self, token: str, **more: str) -> Any:
        """Give a token in the form."""
        return self.post("/sign-in", token=token, **more)

    def get(self, path: str, status: int = 200) -> str:
        """The text of a page, which has to be sound and to come with this status."""
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-900:])
        assert answer.headers["content-security-policy"] == POLICY
        assert Looked(answer.text).faults == [], path
        return answer.text

    def post(self, path: str, **fields: str) -> Any:
        """The answer to a form, which carries what this browser's pages carry."""
        return self.client.post(path, data={"form": self.form, **fields})

    @property
    def form(self) -> str:
        """What a page of this browser puts into its forms."""
        found = _FORM.search(self.client.get("/sign-in").text)
        assert found
        return found[1]


def links(page: str, beginning: str) -> list[str]:
    """The links of a page that begin so, each once."""
    found = re.findall(r'href="([^"]+)"', page)
    return list(dict.fromkeys(u for u in map(unescape, found) if u.startswith(beginning)))
