"""How long reading commands take on a knowledge base of 500 documents, against the imports that none of them can do without.

    python tests/benchmarks/start_up.py [--runs 9]

Each command runs in turn with `python -c "import pygit2, typer, sqlite3"` (`--help` with `import typer`), so that both meet
the same machine. Printed are the medians of wall seconds and of the ratios pair by pair. Wanted: at most 2.0, for `--help` at
most 1.3.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GITKB = [sys.executable, "-m", "gitkb"]
IMPORTS = [sys.executable, "-c", "import pygit2, typer, sqlite3"]
TYPER = [sys.executable, "-c", "import typer"]
DOCUMENTS = 500


def seconds(command: Sequence[str | Path], folder: Path) -> float:
    """Wall seconds of one command that must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def made(folder: Path) -> None:
    """Makes a knowledge base of small documents below a folder."""
    docs = folder / "docs"
    docs.mkdir()
    for number in range(DOCUMENTS):
        sentence = f"Valve {number} is a valve that closes line {number % 40} when the pressure of line {number % 7} falls."
        text = f"# Valve {number}\n\n{sentence}\n"
        (docs / f"valve-{number}.md").write_text(text, encoding="utf-8")
    seconds([*GITKB, "init", "kb"], folder)
    seconds([*GITKB, "add", "docs", "--kb", "kb"], folder)


def main() -> int:
    """The exit code: 1 where a figure is above what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs: int = parser.parse_args().runs
    commands = {
        "list": (["list"], IMPORTS, 2.0),
        "show": (["show", "docs/valve-7"], IMPORTS, 2.0),
        "search": (["search", "valve", "pressure"], IMPORTS, 2.0),
        "status": (["status"], IMPORTS, 2.0),
        "log": (["log", "-n", "20"], IMPORTS, 2.0),
        "--help": (["--help"], TYPER, 1.3),
    }
    slow = False
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        made(folder)
        print(f"{'command':8} {'gitkb':>7} {'imports':>8} {'ratio':>6} {'wanted':>7}")
        for name, (arguments, reference, wanted) in commands.items():
            pairs = []
            for number in range(runs + 1):
                pair = seconds([*GITKB, *arguments], folder / "kb"), seconds(reference, folder)
                if number:  # the first run warms the caches of the machine
                    pairs.append(pair)
            ratio = statistics.median(one / other for one, other in pairs)
            ours, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
            print(f"{name:8} {ours:7.3f} {theirs:8.3f} {ratio:6.2f} {wanted:7.1f}")
            slow |= ratio > wanted
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
