"""The program's entry: loads the command line, so that an interruption while it loads is quiet."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C at any moment ends it with words and exit code 130.

    By then every folder and store has been left in good order. The interpreter's own end is
    passed over: it would send itself the signal again where the interruption fell inside
    generated code (as dataclasses are made of), and the caller would see no exit code.
    """
    try:
        from npl_reporting.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("interrupted; nothing was stored by halves", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
