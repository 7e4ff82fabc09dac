"""Whether `gitkb search` answers thirty questions better than `grep` over the same pages.

    gitkb init KB && gitkb --kb KB add FOLDER     # FOLDER holds the chapters in en, de, ja and policy, see `search_questions`
    python tests/benchmarks/search_versus_grep.py --wiki KB/wiki

grep is given its best: only the telling words of a question (function words left out; of Japanese the runs of kanji and of
katakana), without regard to case, within words too; files are ranked by how many of the words they have, then by matching lines.
Both rank the documents' source pages.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from search_quality import indexed
from search_questions import QUESTIONS, Question
from search_trees import MemoryTree

from gitkb.catalog.search.search import search
from gitkb.text.language.detect import function_words

_KANJI_OR_KATAKANA = re.compile("[\u30a0-\u30ff]+|[\u3400-\u9fff]+|[A-Za-z0-9]+")


def pages_of(wiki: Path) -> dict[str, bytes]:
    return {f"wiki/{file.relative_to(wiki).as_posix()}": file.read_bytes() for file in sorted(wiki.rglob("*.md"))}


def by_gitkb(pages: dict[str, bytes]) -> Callable[[Question], list[str]]:
    tree = MemoryTree(pages)
    db = indexed(tree)
    return lambda question: [hit.document for hit in search(db, tree, question.text, scope="sources", limit=20)]


def by_grep(pages: dict[str, bytes]) -> Callable[[Question], list[str]]:
    lines = {
        path.removeprefix("wiki/sources/").removesuffix(".md"): content.decode().lower().split("\n")
        for path, content in pages.items()
        if path.startswith("wiki/sources/") and not path.endswith("/index.md")
    }

    def rank(question: Question) -> list[str]:
        words = telling_words(question)
        values = {}
        for document, text in lines.items():
            matching = [line for line in text if any(word in line for word in words)]
            values[document] = (-sum(any(word in line for line in matching) for word in words), -len(matching), document)
        return sorted((document for document in values if values[document][0]), key=lambda document: values[document])

    return rank


def telling_words(question: Question) -> list[str]:
    pattern = _KANJI_OR_KATAKANA if question.language == "ja" else re.compile(r"[\w-]+")
    stop = function_words(question.language)
    return list(dict.fromkeys(word for word in pattern.findall(question.text.lower()) if word not in stop))


def place(found: Sequence[str], question: Question) -> int:
    """The place of the first right document, 0 where there is none among the first ten."""
    for number, document in enumerate(list(dict.fromkeys(found))[:10], 1):
        if document.endswith(tuple(f"/{answer}" for answer in question.answers)) or document in question.answers:
            return number
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wiki", type=Path, required=True)
    pages = pages_of(parser.parse_args().wiki)
    rankings = {"gitkb": by_gitkb(pages), "grep": by_grep(pages)}
    places = {name: [place(rank(question), question) for question in QUESTIONS] for name, rank in rankings.items()}
    for number, question in enumerate(QUESTIONS):
        print(f"  {question.language}  gitkb {places['gitkb'][number]:2}  grep {places['grep'][number]:2}  {question.text}")
    for name, values in places.items():
        for language in ("en", "de", "ja", "all"):
            mine = [v for v, question in zip(values, QUESTIONS, strict=True) if language in (question.language, "all")]
            first, five = sum(v == 1 for v in mine), sum(0 < v <= 5 for v in mine)
            mrr = sum(1 / v for v in mine if v) / len(mine)
            print(f"{name:6} {language:3}  first {first}/{len(mine)}  among five {five}/{len(mine)}  MRR {mrr:.3f}")


if __name__ == "__main__":
    main()
