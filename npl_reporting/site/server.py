"""The server that the site runs in; the only door to uvicorn."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Sequence

import uvicorn

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.store import Store
from npl_reporting.site.app import application
from npl_reporting.site.asked import Site

_ANYWHERE = ("0.0.0.0", "::", "")
_OWN = {"127.0.0.1": ("localhost",), "::1": ("localhost",)}


def serve(
    store: Store, host: str, port: int, allowed: Sequence[str], https: bool,
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Answer requests until somebody stops it; `tell` is told the address once it listens.

    NplError if there is no store, no such address, or a server there already.
    """
    if host in _ANYWHERE and not allowed:
        what = f"{host} is every address of this machine"
        raise NplError(Problem(what, "name the host that people type, with --allow-host"))
    store.log.head()
    listening = _bound(host, port)
    named = f"[{host}]" if ":" in host else host
    shown = f"http://{named}:{listening.getsockname()[1]}/"
    hosts = [*allowed, *([] if host in _ANYWHERE else [named, *_OWN.get(host, ())])]
    server = uvicorn.Server(_config(Site(store, https), hosts, https))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        tell(shown)
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # uvicorn has ended by now and passes on what ended it
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()


def _config(site: Site, hosts: Sequence[str], https: bool) -> uvicorn.Config:
    """One process, for sessions are in its memory; what stands before it says who asks if `https`."""
    return uvicorn.Config(
        application(site, hosts), workers=1, ws="none", access_log=False, log_level="warning",
        server_header=False, proxy_headers=https, limit_concurrency=100, timeout_keep_alive=10,
        timeout_graceful_shutdown=5,
    )  # fmt: skip


def _bound(host: str, port: int) -> socket.socket:
    """Listen there before anything else is made; NplError says why it cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise NplError(_unbound(host, port, error)) from None
    return listening


def _unbound(host: str, port: int, error: OSError | OverflowError) -> Problem:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        what = f"port {port} of {host} is in use"
        return Problem(what, "stop what uses it, or name another with --port")
    if code == errno.EACCES:
        return Problem(f"port {port} is not for everybody", "name one above 1023 with --port")
    if isinstance(error, OverflowError):
        return Problem(f"there is no port {port}", "name one up to 65535 with --port")
    return Problem(f"{host} is no address of this machine: {error}", "name one with --host")
