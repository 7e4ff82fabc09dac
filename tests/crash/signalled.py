"""Runs the gitkb command line and sends this very process a signal at its n-th step, and another one some steps later.

    python -m tests.crash.signalled COUNT_FILE SIGNAL N SECOND ARGUMENTS...

Steps are what Python's audit hooks report of files, programs and imports, in any thread. With N = 0 no signal is sent; SECOND
is the number of steps after which the second one follows, 0 for none. COUNT_FILE gets "steps sent".
"""

import os
import sys
from pathlib import Path

STEPS = frozenset(
    "open os.rename os.link os.remove os.mkdir os.rmdir os.truncate os.listdir os.scandir subprocess.Popen import sqlite3.connect"
    " os.chmod fcntl.flock".split()
)


def main() -> int:
    """The exit code of the command."""
    count, number, first, second = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    del sys.argv[1:5]
    steps, sent = 0, 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps, sent
        if event not in STEPS:
            return
        steps += 1
        if first and (steps == first or (second and steps == first + second)):
            sent += 1
            os.kill(os.getpid(), number)

    from gitkb.__main__ import run

    sys.addaudithook(hook)
    try:
        return run(sys.argv[1:])
    finally:
        total, first = f"{steps} {sent}", 0
        count.write_text(total, encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
