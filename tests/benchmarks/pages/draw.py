"""Draws shared pages of a knowledge base by seed, for a reader who grades them by `rubric.md`.

python -m tests.benchmarks.pages.draw KNOWLEDGE_BASE --seed 1 --count 60 [--summaries]
"""

import argparse
import random
from pathlib import Path


def shared_pages(wiki: Path) -> list[Path]:
    """The pages of concepts and entities, without indexes, by path."""
    found = [file for folder in ("concepts", "entities") for file in (wiki / folder).rglob("*.md")]
    return sorted(file for file in found if not _is_index(file))


def summaries(wiki: Path) -> list[Path]:
    """The summaries, without indexes, by path."""
    return sorted(file for file in (wiki / "summaries").rglob("*.md") if not _is_index(file))


def draw(pages: list[Path], seed: int, count: int) -> list[Path]:
    """`count` of the pages, in the order in which they were drawn."""
    return random.Random(seed).sample(pages, min(count, len(pages)))


def _is_index(file: Path) -> bool:
    return file.name == "index.md" or file.name.startswith("index--")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path, help="a knowledge base (the folder that holds wiki/)")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--summaries", action="store_true", help="draw summaries instead")
    options = parser.parse_args()
    wiki = options.base / "wiki"
    pages = summaries(wiki) if options.summaries else shared_pages(wiki)
    drawn = draw(pages, options.seed, options.count)
    for number, page in enumerate(drawn, 1):
        print(f"=== {number}/{len(drawn)} {page.relative_to(wiki)}\n{page.read_text(encoding='utf-8').rstrip()}\n")


if __name__ == "__main__":
    main()
