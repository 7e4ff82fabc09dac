"""Runs the gitkb command line and kills this very process at its n-th state-changing step.

    python tests/support/killed.py COUNT_FILE N ARGUMENTS...

Steps are what Python's audit hooks report: opening for writing, rename, link, unlink, mkdir, rmdir, starting a program.
With N = 0 nothing is killed; the number of steps is written to COUNT_FILE either way.
"""

import os
import signal
import sys
from pathlib import Path

STEPS = frozenset({"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "subprocess.Popen"})


def main() -> None:
    count_file, last = Path(sys.argv[1]), int(sys.argv[2])
    sys.argv[1:] = sys.argv[3:]
    sys.dont_write_bytecode = True
    from gitkb.__main__ import main as gitkb

    steps = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        writes = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if event not in STEPS and not writes:
            return
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    try:
        code = gitkb()
    finally:
        total = steps
        count_file.write_text(str(total), encoding="ascii")
    sys.exit(code)


if __name__ == "__main__":
    main()
