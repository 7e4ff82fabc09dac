"""Whether the cost of a document grows with the knowledge base: `gitkb add` of 100 documents into one of 100 and one of
20,000.

    python tests/benchmarks/growth.py [SIZE]

Generates the documents (nested folders), builds both knowledge bases once, then measures adds of 100 new documents into
each in turn.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from make_markdown import make

ROUNDS = 5


def add(kb: Path, docs: Path, into: str) -> tuple[float, float]:
    """Seconds of one `gitkb add`: on the clock, and of both cores for it and its workers."""
    started, before = time.perf_counter(), spent()
    command = [sys.executable, "-m", "gitkb", "add", str(docs), "--into", into, "--kb", str(kb)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started, spent() - before


def spent() -> float:
    """CPU seconds of the programs that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        sizes = {"small": 100, "large": size}
        for kind, count in sizes.items():
            make(top / kind, count, size=2_000, seed=1)
            subprocess.run(
                [sys.executable, "-m", "gitkb", "init", str(top / f"kb-{kind}")], check=True, stdout=subprocess.DEVNULL
            )
            clock, cpu = add(top / f"kb-{kind}", top / kind, "base")
            print(f"{count} documents built in {clock:.0f} s, {cpu:.0f} s CPU", flush=True)
        seconds: dict[str, list[tuple[float, float]]] = {kind: [] for kind in sizes}
        for number in range(ROUNDS):
            make(top / f"new-{number}", 100, seed=number + 2)
            for kind in sizes:
                seconds[kind].append(add(top / f"kb-{kind}", top / f"new-{number}", f"new-{number}"))
        for at, what in enumerate(("clock", "CPU")):
            small, large = ([pair[at] for pair in seconds[kind]] for kind in sizes)
            for count, found in ((100, small), (size, large)):
                each = ", ".join(f"{one:.2f}" for one in found)
                print(f"{what}: 100 documents into {count}: median {median(found) * 10:.1f} ms a document, all {each} s")
            print(f"{what}: ratio {median(b / a for a, b in zip(small, large, strict=True)):.2f}")


if __name__ == "__main__":
    main()
