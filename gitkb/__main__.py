"""Where the program starts, as `gitkb` and as `python -m gitkb`.

It answers `--version` before anything else is imported, because that is asked often and by other programs. Everything else
goes to the command line proper. It must import nothing at the top but what Python has loaded anyway.
"""

import sys

from gitkb import __version__


def main() -> int:
    """The exit code of the command given on the command line."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        sys.stdout.write(f"gitkb {__version__}\n")
        return 0
    try:
        from gitkb.cli.boundary import run
    except KeyboardInterrupt:
        # Nothing has begun: no traceback for that.
        return 130
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
