"""How many of the pages that an expert would look for a knowledge base has.

    python -m tests.benchmarks.pages.expected CORPUS KNOWLEDGE_BASE

labels.json holds for each corpus up to 30 things, each with the names that a reader would look up, written down before gitkb had
read it, and says which files of which commit. A thing is there if a concept or entity page that does not only lead elsewhere has
one of its names as title or alias, in any case and number. Prints what is missing and how many are there.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from gitkb.formats.topic_rows import page_key
from gitkb.text.markdown import frontmatter

LABELS = Path(__file__).with_name("labels.json")


def names_there(wiki: Path) -> set[str]:
    """The keys of the titles and aliases of all concept and entity pages."""
    found: set[str] = set()
    for folder in ("concepts", "entities"):
        for file in (wiki / folder).rglob("*.md"):
            if file.name == "index.md" or file.name.startswith("index--"):
                continue
            meta, body = frontmatter.split(file.read_text(encoding="utf-8"))
            if "\nSee [" not in body.replace("\n\n", "\n")[:400] or "sources" in meta:
                found.update(_keys([str(meta.get("title", "")), *map(str, _listed(meta.get("aliases")))]))
    return found


def missing(things: list[list[str]], there: set[str]) -> Iterator[list[str]]:
    """The things of which no name is there."""
    yield from (names for names in things if not there & set(_keys(names)))


def _keys(names: list[str]) -> Iterator[str]:
    for name in names:
        yield page_key(name, "")
        yield page_key(name, "en")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def main() -> None:
    corpora = json.loads(LABELS.read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", choices=sorted(corpora))
    parser.add_argument("base", type=Path, help="a knowledge base made of that corpus (the folder that holds wiki/)")
    options = parser.parse_args()
    things = corpora[options.corpus]["pages"]
    absent = list(missing(things, names_there(options.base / "wiki")))
    for names in absent:
        print(f"missing: {' | '.join(names)}")
    print(f"{options.corpus}: {len(things) - len(absent)} of {len(things)} pages are there")


if __name__ == "__main__":
    main()
