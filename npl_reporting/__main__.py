"""The program's entry: loads the command line, so that an interruption while it loads is quiet."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C at any moment ends it with words and exit code 130."""
    try:
        from npl_reporting.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        print("interrupted; nothing was stored by halves", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
