"""How well `gitkb search` finds, against a tuned BM25 on public retrieval sets.

    python tests/benchmarks/search_quality.py --data DIR [--set cranfield --set cisi --set npl]

Nothing is downloaded. `--data` holds folders `cranfield`, `cisi`, `npl` with the classic files (`search_trees` names a public
repository for each); bm25s and snowballstemmer must be installed. BM25 is tuned on the very questions it is measured with, which
favours it.
"""

import argparse
import itertools
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from search_trees import Collection, MemoryTree, cacm, cisi, cranfield, npl

from gitkb.catalog.passages import PASSAGES
from gitkb.catalog.search import search

SETS: Mapping[str, Callable[[Path], Collection]] = {"cranfield": cranfield, "cisi": cisi, "npl": npl, "cacm": cacm}
Run = dict[str, list[str]]


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


def run_gitkb(collection: Collection) -> Run:
    tree = MemoryTree(dict(collection.page(document) for document in collection.documents))
    db = indexed(tree)
    return {
        number: [hit.document.rpartition("/")[2] for hit in search(db, tree, text, limit=100)]
        for number, text in collection.questions.items()
    }


def run_bm25s(collection: Collection) -> tuple[str, Run]:
    """The best of a grid of bm25s settings, by nDCG@10 on these very questions."""
    import bm25s
    import snowballstemmer

    stemmer = snowballstemmer.stemmer("english").stemWords
    ids = list(collection.documents)
    corpus = bm25s.tokenize(
        [f"{title} {text}" for title, text in collection.documents.values()], stopwords="en", stemmer=stemmer, show_progress=False
    )
    asked = bm25s.tokenize(list(collection.questions.values()), stopwords="en", stemmer=stemmer, show_progress=False)
    best: tuple[float, str, Run] = (-1.0, "", {})
    for k1, b, method in itertools.product((0.8, 1.2, 1.5, 2.0, 2.5), (0.3, 0.5, 0.65, 0.75, 0.9), ("lucene", "bm25+")):
        retriever = bm25s.BM25(k1=k1, b=b, method=method)
        retriever.index(corpus, show_progress=False)
        rows, _ = retriever.retrieve(asked, k=min(100, len(ids)), show_progress=False)
        run = {number: [ids[int(row)] for row in found] for number, found in zip(collection.questions, rows, strict=True)}
        value = mean(ndcg, run, collection)
        if value > best[0]:
            best = (value, f"k1={k1} b={b} {method}", run)
    return best[1], best[2]


def mean(metric: Callable[[Sequence[str], frozenset[str]], float], run: Run, collection: Collection) -> float:
    return sum(metric(run[number], relevant) for number, relevant in collection.relevant.items()) / len(collection.relevant)


def compare(collection: Collection) -> None:
    settings, other = run_bm25s(collection)
    ours = run_gitkb(collection)
    print(f"{collection.name}: {len(collection.documents)} documents, {len(collection.relevant)} questions")
    for name, run in ((f"bm25s ({settings})", other), ("gitkb", ours)):
        print(f"  {name:34} nDCG@10 {mean(ndcg, run, collection):.4f}   recall@100 {mean(recall, run, collection):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", action="append", choices=sorted(SETS), dest="sets")
    arguments = parser.parse_args()
    for name in arguments.sets or sorted(SETS) if arguments.data else ():
        compare(SETS[name](arguments.data / name))


if __name__ == "__main__":
    main()
