"""`npl serve`: the review site."""

from __future__ import annotations

from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, StoreUrl
from npl_reporting.cli.printing import say
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.store import Store


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen at.")] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="A further name of this host; may be repeated."),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="It stands behind a proxy that speaks https.")
    ] = False,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Serve the review site of a store, as in `npl serve --port 8765`.

    People sign in with the token that `npl submission token` made for them. Ctrl-C stops it.
    """
    try:
        from npl_reporting.site.server import serve as serve_site
    except ModuleNotFoundError as error:
        remedy = "install it with: pip install npl-reporting[site]"
        raise NplError(Problem(f"{error.name} is not installed", remedy)) from None
    opened = Store(store)
    serve_site(opened, host, port, allow_host or [], https, lambda at: _begun(opened, at))
    say("stopped; everybody is signed out")


def _begun(store: Store, address: str) -> None:
    say(f"the review site of {store.place} is at {address}")
    say("people sign in with their tokens; Ctrl-C stops it")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(serve)
