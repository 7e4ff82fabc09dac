"""How long a query takes in an index of 100,000 passages, and how long the index takes to build.

    python tests/benchmarks/search_speed.py [--passages 100000]

The text is made up: words of a Zipf distribution, so that the commonest stand in nearly every passage. The index is a file, as in
use; every query runs once to warm the disk cache, then `ROUNDS` times. Processor time is what a quiet machine would take.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from search_trees import MemoryTree

from gitkb.catalog.search.passage_index import PASSAGES
from gitkb.catalog.search.search import search

ROUNDS = 5
PER_PAGE = 20
LENGTH = 90
SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "an", "el", "or")]


def vocabulary(size: int, chance: random.Random) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(words)


def made_up(passages: int, words: list[str], chance: random.Random) -> MemoryTree:
    weights = [1 / (rank + 1) for rank in range(len(words))]
    text = chance.choices(words, weights, k=passages * LENGTH)
    pages = {}
    for number in range(passages // PER_PAGE):
        sections = []
        for part in range(PER_PAGE):
            start = (number * PER_PAGE + part) * LENGTH
            heading = " ".join(text[start + 10 : start + 13])
            sections.append(f"## {heading}\n\n{' '.join(text[start : start + LENGTH])}.\n")
        title = " ".join(text[number * PER_PAGE * LENGTH + 50 : number * PER_PAGE * LENGTH + 52])
        folder = ("sources", "summaries", "concepts", "entities")[number % 4]
        pages[f"wiki/{folder}/{number % 97}/{number}.md"] = (
            f"---\ntitle: {title}\n---\n\n# {title}\n\n{chr(10).join(sections)}".encode()
        )
    return MemoryTree(pages)


def questions(words: list[str]) -> dict[str, str]:
    return {
        "one word, everywhere": words[0],
        "three words, everywhere": " ".join(words[:3]),
        "common and rare": f"{words[1]} {words[40]} {words[4000]}",
        "middling": " ".join(words[100:106]),
        "rare": f"{words[9000]} {words[9500]}",
        "twenty words": " ".join(words[5:205:10]),
        "common phrase": f'"{words[0]} {words[1]}"',
        "middling phrase": f'"{words[30]} {words[31]}"',
        "prefix": f"{words[200][:4]}*",
        "short prefix": f"{words[0][:2]}* {words[300]}",
        "exclusion": f"{words[50]} -{words[0]}",
    }


def milliseconds(db: sqlite3.Connection, tree: MemoryTree, text: str, scope: str) -> list[tuple[float, float]]:
    """(time, processor time) of each round."""
    search(db, tree, text, scope=scope)
    taken = []
    for _ in range(ROUNDS):
        start, used = time.perf_counter(), time.process_time()
        search(db, tree, text, scope=scope)
        taken.append((1000 * (time.perf_counter() - start), 1000 * (time.process_time() - used)))
    return taken


def summary(taken: list[tuple[float, float]]) -> str:
    parts = []
    for name, values in zip(("time", "processor"), zip(*taken, strict=True), strict=True):
        p95 = statistics.quantiles(values, n=20)[-1]
        parts.append(f"{name}: median {statistics.median(values):5.1f} ms, p95 {p95:5.1f} ms, worst {max(values):5.1f} ms")
    return "   ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000)
    arguments = parser.parse_args()
    chance = random.Random(7)
    words = vocabulary(30_000, chance)
    tree = made_up(arguments.passages, words, chance)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "index.sqlite")
        db = sqlite3.connect(file, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        start = time.perf_counter()
        db.execute("BEGIN")
        PASSAGES.create(db)
        PASSAGES.apply(db, tree, tree.changes_since(None))
        db.execute("COMMIT")
        print(f"built {arguments.passages} passages in {time.perf_counter() - start:.1f} s, {file.stat().st_size / 1e6:.0f} MB")
        everything: list[tuple[float, float]] = []
        for name, text in questions(words).items():
            taken = milliseconds(db, tree, text, "all") + milliseconds(db, tree, text, "concepts")
            everything += taken
            print(f"  {name:24} {summary(taken)}")
        print(f"  {'all':24} {summary(everything)}")
        db.close()


if __name__ == "__main__":
    main()
