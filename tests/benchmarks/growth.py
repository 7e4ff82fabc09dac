"""Whether the cost of a document grows with the knowledge base: `gitkb add` of 100 documents into one of 100 and one of
20,000.

    python tests/benchmarks/growth.py [SIZE]

Generates the documents (nested folders), builds both knowledge bases once, then measures adds of 100 new documents into
each in turn.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from make_markdown import make

ROUNDS = 5


def add(kb: Path, docs: Path, into: str) -> float:
    """Seconds of one `gitkb add`."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "gitkb", "add", str(docs), "--into", into, "--kb", str(kb)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


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
            print(f"{count} documents built in {add(top / f'kb-{kind}', top / kind, 'base'):.0f} s", flush=True)
        seconds: dict[str, list[float]] = {kind: [] for kind in sizes}
        for number in range(ROUNDS):
            make(top / f"new-{number}", 100, seed=number + 2)
            for kind in sizes:
                seconds[kind].append(add(top / f"kb-{kind}", top / f"new-{number}", f"new-{number}"))
        for kind, count in sizes.items():
            print(
                f"100 documents into {count}: median {median(seconds[kind]) / 100 * 1000:.1f} ms a document, all {seconds[kind]}"
            )
        ratio = median(large / small for small, large in zip(seconds["small"], seconds["large"], strict=True))
        print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
