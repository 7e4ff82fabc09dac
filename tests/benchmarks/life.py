"""Plays drawn lives of a knowledge base for as long as you like: python tests/benchmarks/life.py --examples 300 --seed 1

Each is a list of operations on small documents (tests/life/operations.py); after each operation, and at the end, it is looked at
what must hold (tests/life/oracle.py). The first life that fails is made as small as can be, and printed. The last line counts.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))


def main() -> int:
    """Plays; returns the exit code."""
    parser = argparse.ArgumentParser(description="Plays drawn lives of a knowledge base.")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-shrink", action="store_true", help="show the first failure as it came")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitkb-lives-") as top:
        from tests.support.isolation import isolate

        isolate(Path(top) / "home")
        (Path(top) / "home").mkdir()
        from tests.life.playing import Player

        started = time.monotonic()
        player = Player(Path(top) / "lives")
        fault, counts = player.drawn(options.examples, options.seed, shrink=not options.no_shrink), player.counts
        seconds = time.monotonic() - started
    print(fault, end="")
    told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    print(f"{counts['lives']} lives in {seconds:.0f} s, seed {options.seed}: {'FAULT' if fault else 'no fault'} ({told})")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
