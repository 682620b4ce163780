"""Who acts: the operating system's word for it, or the holder of a token."""

from __future__ import annotations

import os
import pwd


def system_user() -> str:
    """The name of the account that this process runs under, whatever its environment claims."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
