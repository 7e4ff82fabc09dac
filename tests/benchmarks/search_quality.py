"""How well `gitkb search` finds, against a tuned BM25 on public retrieval sets.

    python tests/benchmarks/search_quality.py --data DIR [--set cranfield --set cisi --set npl --set cacm]

Nothing is downloaded. `--data` holds a folder for each set with the classic files (`search_trees` names a public repository for
each); bm25s and snowballstemmer must be installed. bm25s is shown twice: tuned on the very questions it is measured with, and
with the settings that are best on the other sets, which is how gitkb, with one setting for everything, is used.
"""

import argparse
import itertools
import math
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from search_trees import Collection, MemoryTree, cacm, cisi, cranfield, npl

from gitkb.catalog.search.passage_index import PASSAGES
from gitkb.catalog.search.search import search

SETS: Mapping[str, Callable[[Path], Collection]] = {"cranfield": cranfield, "cisi": cisi, "npl": npl, "cacm": cacm}
Run = dict[str, list[str]]
Settings = tuple[float, float, str]


def ndcg(found: Sequence[str], relevant: frozenset[str], depth: int = 10) -> float:
    gain = sum(1 / math.log2(rank + 2) for rank, document in enumerate(found[:depth]) if document in relevant)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(depth, len(relevant))))


def recall(found: Sequence[str], relevant: frozenset[str], depth: int = 100) -> float:
    return len(relevant.intersection(found[:depth])) / len(relevant)


def indexed(tree: MemoryTree) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("BEGIN")
    PASSAGES.create(db)
    PASSAGES.apply(db, tree, tree.changes_since(None))
    db.execute("COMMIT")
    return db


def plain(question: str) -> str:
    """A question without the signs that are operators to gitkb and nothing to bm25s: quote marks, hyphens before words."""
    return re.sub(r'"|(?<!\S)-', " ", question)


def run_gitkb(collection: Collection) -> Run:
    tree = MemoryTree(dict(collection.page(document) for document in collection.documents))
    db = indexed(tree)
    return {
        number: [hit.document.rpartition("/")[2] for hit in search(db, tree, plain(text), limit=100)]
        for number, text in collection.questions.items()
    }


def runs_bm25s(collection: Collection) -> dict[Settings, Run]:
    """A run of bm25s for each settings of a grid."""
    import bm25s
    import snowballstemmer

    stemmer = snowballstemmer.stemmer("english").stemWords
    ids = list(collection.documents)
    corpus = bm25s.tokenize(
        [f"{title} {text}" for title, text in collection.documents.values()], stopwords="en", stemmer=stemmer, show_progress=False
    )
    asked = bm25s.tokenize(list(collection.questions.values()), stopwords="en", stemmer=stemmer, show_progress=False)
    runs = {}
    for k1, b, method in itertools.product((0.8, 1.2, 1.5, 2.0, 2.5), (0.3, 0.5, 0.65, 0.75, 0.9), ("lucene", "bm25+")):
        retriever = bm25s.BM25(k1=k1, b=b, method=method)
        retriever.index(corpus, show_progress=False)
        rows, _ = retriever.retrieve(asked, k=min(100, len(ids)), show_progress=False)
        runs[k1, b, method] = {
            number: [ids[int(row)] for row in found] for number, found in zip(collection.questions, rows, strict=True)
        }
    return runs


def mean(metric: Callable[[Sequence[str], frozenset[str]], float], run: Run, collection: Collection) -> float:
    return sum(metric(run[number], relevant) for number, relevant in collection.relevant.items()) / len(collection.relevant)


def compare(collections: Sequence[Collection]) -> None:
    others = {one.name: runs_bm25s(one) for one in collections}
    values = {one.name: {key: mean(ndcg, run, one) for key, run in others[one.name].items()} for one in collections}
    for one in collections:
        print(f"{one.name}: {len(one.documents)} documents, {len(one.relevant)} questions")
        tuned = max(values[one.name], key=lambda key: values[one.name][key])
        show(f"bm25s, tuned on it {tuned}", others[one.name][tuned], one)
        if len(collections) > 1:
            rest = [name for name in values if name != one.name]
            tuned = max(values[one.name], key=lambda key: sum(values[name][key] for name in rest))
            show(f"bm25s, tuned on the rest {tuned}", others[one.name][tuned], one)
        show("gitkb", run_gitkb(one), one)


def show(name: str, run: Run, collection: Collection) -> None:
    print(f"  {name:48} nDCG@10 {mean(ndcg, run, collection):.4f}   recall@100 {mean(recall, run, collection):.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", action="append", choices=sorted(SETS), dest="sets")
    arguments = parser.parse_args()
    compare([SETS[name](arguments.data / name) for name in arguments.sets or SETS])


if __name__ == "__main__":
    main()
