"""What a form sends: read up to a limit, each field once."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

LONGEST = 64 * 1024
"""Bytes of the longest form that is read."""
_KIND = "application/x-www-form-urlencoded"
_FIELDS = 20


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form; HTTPException if it is too long, or none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise HTTPException(415, "This page takes forms only.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise HTTPException(413, "The form is longer than this page takes.")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"
        )
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    if len(dict(fields)) != len(fields):
        raise HTTPException(400, "The form says something twice.")
    return dict(fields)
