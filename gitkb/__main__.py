"""Where the program starts, as `gitkb` and as `python -m gitkb`.

It answers `--version` before anything else is imported, because that is asked often and by other programs. Everything else
goes to the command line proper. It must import nothing at the top but what Python has loaded anyway.
"""

import sys

from gitkb import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitkb.cli.boundary import Program


def main() -> int:
    """The exit code of the command given on the command line."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        sys.stdout.write(f"gitkb {__version__}\n")
        return 0
    try:
        from gitkb.cli import boundary  # noqa: F401
    except KeyboardInterrupt:
        # Nothing has begun: no traceback for that.
        return 130
    return run(arguments)


def run(arguments: "Sequence[str]") -> int:
    """The exit code of one command line, without the program's name."""
    from gitkb.cli.boundary import run as run_on

    def load() -> "Program":
        from gitkb.cli.app import application

        return application

    return run_on(arguments, load)


if __name__ == "__main__":
    sys.exit(main())
