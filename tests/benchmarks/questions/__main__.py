"""How often `gitkb query` without a model shows the passage that answers, beside `gitkb search` and a plain BM25.

    python -m tests.benchmarks.questions --corpora DIR [--set second|third] [--kb DIR] [--wrong odd|even] [--json FILE]

The documents are not here: README.md says where they come from and how to fetch them into DIR. questions.json holds 100
questions, each with the documents that answer it and a few words that the right passage contains, written down before gitkb was
asked; second.json and third.json are about other documents. All documents of a set are added to one new knowledge base (or to
the folder of --kb, once: it is used as it is from then on). Then every question goes to `query`, to `search` and to bm25s (pip
install bm25s snowballstemmer) over chunks of 600 characters of the same converted texts.

A passage is right when it belongs to one of the documents (or to a page on a topic) and contains the words, whatever stands
between their letters and digits. Of search two things are scored: the section that a hit leads to, whole, and the snippet that it
shows. A passage of query is one quote.

The first two sets are for tuning, the third is held out: --wrong names the questions of one half of a set that query does not
answer within five.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitkb import KnowledgeBase

HERE = Path(__file__).parent
SETS = {
    "questions": (
        "prometheus+docs/docs",
        "prometheus+docs/blog",
        "rimaout+Obsidian-Vault",
        "MadisonEvans94+Zettelkasten",
        "YovRen+Papers",
        "dsysoev+fun-with-papers/docs",
    ),
    "second": (
        "sourcegraph+handbook/content",
        "logseq+docs/pages",
        "debian/debian-policy/usr/share/doc/debian-policy",
        "debian/developers-reference/usr/share/developers-reference",
    ),
    "third": (
        "debian/debian-reference-en/usr/share/debian-reference",
        "debian/r-doc-pdf/usr/share/doc/r-doc-pdf/manual/R-intro.pdf",
        "debian/r-doc-pdf/usr/share/doc/r-doc-pdf/manual/R-lang.pdf",
        "OWASP+ASVS/4.0/OWASP Application Security Verification Standard 4.0.3-de.pdf",
        "py-pdf+benchmarks/read/extraction-ground-truth/GeoTopo-book.txt",
        "allenai+olmocr",
        "docling-project+docling/tests/data/jats/groundtruth",
        "docling-project+docling/tests/data/pdf/groundtruth",
        "Unstructured-IO+unstructured/example-docs/norwich-city.txt",
        "Unstructured-IO+unstructured/example-docs/winter-sports.epub",
    ),
}
"""The folders of each set of questions, and single files."""
PAPERS = ("apers", "debian/")
"""Of folders with such a name the PDFs are added, of others the notes."""
DEPTH = 5
CHUNK = 600
_LINK = re.compile(r"\[\[[^\]|]*\|")
_TARGET = re.compile(r"\]\([^)]*\)")
_PLACE = re.compile(r" \[(?:[^\[\]\\]|\\.)*\]\((?P<target>[^()\s]*)\)$")


@dataclass(frozen=True)
class Label:
    """One question of a set; `documents` are files below the folder of all corpora."""

    number: int
    worded: str
    question: str
    documents: list[str]
    phrase: str


@dataclass(frozen=True)
class Found:
    """A passage that an engine shows: its document by gitkb's name, "" for a page on a topic, and its text."""

    document: str
    text: str


Engine = Callable[[str], Sequence[Found]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", metavar="DIR", type=Path, required=True, help="the folder that holds the corpora")
    parser.add_argument("--set", choices=tuple(SETS), default="questions", help="which questions")
    parser.add_argument("--kb", metavar="DIR", type=Path, help="the knowledge base to use; made if it is not there")
    parser.add_argument("--wrong", choices=("odd", "even"), help="name what query does not answer, of one half")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every rank to this file")
    options = parser.parse_args()
    labels = [Label(**line) for line in json.loads((HERE / f"{options.set}.json").read_text("utf-8"))]
    with tempfile.TemporaryDirectory() as folder:
        kb = options.kb or Path(folder, "kb")
        if not kb.exists():
            build(kb, options.corpora, SETS[options.set])
        base = KnowledgeBase.open(kb)
        names = {name: row.document for row in base.documents() for name in (place(row.source),)}
        absent = [one for label in labels for one in label.documents if one not in names]
        wanted = {label.number: {names[one] for one in label.documents if one in names} for label in labels}
        ranks = {name: ranked(engine, labels, wanted) for name, engine in engines(base, kb).items()}
    print("\n".join(report(labels, ranks)))
    for label in labels:
        if options.wrong and label.number % 2 == (options.wrong == "odd") and not 0 < ranks["query"][label.number] <= DEPTH:
            print(f"  {label.number:3} {label.question}  [{label.documents[0]}: {label.phrase}]")
    if options.json:
        options.json.write_text(json.dumps(ranks, indent=1) + "\n", "utf-8")
    for one in absent:
        print(f"MISSING {one}")
    return 1 if absent else 0


def build(kb: Path, corpora: Path, folders: Sequence[str]) -> None:
    """One new knowledge base with the notes and papers of all corpora, each file below its corpus's name."""
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder, "documents")
        for name in folders:
            suffix = ".pdf" if any(part in name for part in PAPERS) else ".md"
            given = Path(corpora, name)
            inside = (file for file in given.rglob("*") if file.suffix == suffix and file.is_file())
            for file in [given] if given.is_file() else sorted(inside):
                copy = documents / file.relative_to(corpora)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())
        for arguments in (["init", str(kb)], ["add", "--kb", str(kb), str(documents)]):
            subprocess.run([sys.executable, "-m", "gitkb", *arguments], stdout=sys.stderr, check=False)


def place(source: str) -> str:
    """A document's file below the folder of all corpora: its source without the folder that was added."""
    return source.partition("/")[2]


def letters(text: str) -> str:
    """Letters and digits alone, in one case; the targets of links are left out."""
    return re.sub(r"[\W_]+", "", _TARGET.sub("]", _LINK.sub("[[", text)).casefold())


def ranked(engine: Engine, labels: Sequence[Label], wanted: Mapping[int, set[str]]) -> dict[int, int]:
    """At which place each question's answer stands, from 1; 0 where it is not shown at all."""
    return {label.number: rank(engine(label.question), wanted[label.number], letters(label.phrase)) for label in labels}


def rank(found: Sequence[Found], documents: set[str], phrase: str) -> int:
    places = (n for n, one in enumerate(found, 1) if one.document in {*documents, ""} and phrase in letters(one.text))
    return next(places, 0)


def engines(base: KnowledgeBase, kb: Path) -> dict[str, Engine]:
    """What is compared, by its name."""
    return {
        "query": lambda question: list(of_query(base, question)),
        "search, section": lambda question: list(of_search(base, kb, question)),
        "search, snippet": lambda question: [Found(hit.document, hit.snippet) for hit in base.search(plain(question))],
        "bm25s": bm25s_engine(base, kb),
    }


def plain(question: str) -> str:
    """A question without the signs that are operators to search."""
    return re.sub(r'"|(?<!\S)-', " ", question)


def of_query(base: KnowledgeBase, question: str) -> Iterator[Found]:
    for quote in base.query(question).text.split("\n\n"):
        if quote.startswith("> "):
            at = _PLACE.search(quote)
            path = at["target"].partition("#")[0] if at else ""
            document = path.removeprefix("sources/").removesuffix(".md").partition("--")[0] if path.startswith("sources/") else ""
            yield Found(document, quote[: at.start() if at else None].replace("\n> ", " "))


def of_search(base: KnowledgeBase, kb: Path, question: str) -> Iterator[Found]:
    for hit in base.search(plain(question)):
        lines = (kb / hit.page).read_text("utf-8").split("\n")
        heads = [number for number, line in enumerate(lines, 1) if line.startswith("#")]
        first = max((number for number in heads if number <= hit.line), default=1)
        last = min((number for number in heads if number > hit.line), default=len(lines) + 1)
        yield Found(hit.document, "\n".join(lines[first - 1 : last - 1]))


def bm25s_engine(base: KnowledgeBase, kb: Path) -> Engine:
    import bm25s
    import snowballstemmer

    chunks = [Found(row.document, chunk) for row in base.documents() for chunk in chunked(kb, row.document)]
    stemmer = snowballstemmer.stemmer("english").stemWords

    def tokens(texts: list[str]) -> bm25s.tokenization.Tokenized:
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    retriever = bm25s.BM25()
    retriever.index(tokens([chunk.text for chunk in chunks]), show_progress=False)

    def ask(question: str) -> list[Found]:
        rows, _ = retriever.retrieve(tokens([question]), k=10, show_progress=False)
        return [chunks[int(row)] for row in rows[0]]

    return ask


def chunked(kb: Path, document: str) -> Iterator[str]:
    """The converted text of a document in pieces of at most `CHUNK` characters, cut between words."""
    main = kb / f"wiki/sources/{document}.md"
    chapters = sorted(main.parent.glob(f"{main.stem}--*.md")) if main.parent.is_dir() else []
    for file in (main, *chapters):
        text = file.read_text("utf-8")
        body = text.split("\n---\n", 1)[1] if text.startswith("---\n") else text
        piece = ""
        for word in re.findall(r"\S+\s*", body):
            if len(piece) + len(word) > CHUNK and piece:
                yield piece
                piece = ""
            piece += word
        yield piece


def report(labels: Sequence[Label], ranks: Mapping[str, Mapping[int, int]]) -> Iterator[str]:
    """A table: how many answers stand first, and within the first five, of all questions and of parts of them."""
    parts: dict[str, Callable[[Label], bool]] = {
        "all": lambda _: True,
        "odd": lambda label: label.number % 2 == 1,
        "even": lambda label: label.number % 2 == 0,
        "as the text": lambda label: label.worded == "as the text",
        "unlike the text": lambda label: label.worded == "unlike the text",
        **{corpus: lambda label, corpus=corpus: corpus in label.documents[0] for corpus in corpora_of(labels)},  # type: ignore[misc]
    }
    yield f"{'':32}{'questions':>10}" + "".join(f"{name:>20}" for name in ranks)
    for name, chosen in parts.items():
        numbers = [label.number for label in labels if chosen(label)]
        cells = []
        for by_number in ranks.values():
            first = sum(by_number[number] == 1 for number in numbers)
            five = sum(0 < by_number[number] <= DEPTH for number in numbers)
            cells.append(f"{first} / {five}")
        yield f"{name:32}{len(numbers):>10}" + "".join(f"{cell:>20}" for cell in cells)


def corpora_of(labels: Sequence[Label]) -> list[str]:
    return list(dict.fromkeys(label.documents[0].partition("/")[0] for label in labels))


if __name__ == "__main__":
    sys.exit(main())
