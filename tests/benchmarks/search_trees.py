"""Trees in memory and questions with known answers, for the benchmarks of search."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitkb.model.documents import TreeChange


class MemoryTree:
    """A `Tree` over pages held in memory."""

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = dict(sorted(pages.items()))
        self._ids = {path: hashlib.sha1(content).hexdigest() for path, content in self._pages.items()}
        self._blobs = {self._ids[path]: content for path, content in self._pages.items()}
        self.oid = hashlib.sha1(repr(sorted(self._ids.items())).encode()).hexdigest()

    def read(self, path: str) -> bytes | None:
        return self._pages.get(path)

    def read_blob(self, oid: str) -> bytes:
        return self._blobs[oid]

    def blob(self, path: str) -> str | None:
        return self._ids.get(path)

    def files(self, prefix: str = "") -> Iterable[tuple[str, str]]:
        return [(path, oid) for path, oid in self._ids.items() if path.startswith(prefix)]

    def changes_since(self, old: str | None) -> list[TreeChange]:
        if old is not None:
            raise KeyError(old)
        return [TreeChange(path, None, oid) for path, oid in self._ids.items()]


@dataclass(frozen=True, slots=True)
class Collection:
    """A public retrieval set: documents (title, text) by id, questions by id, relevant document ids by question."""

    name: str
    documents: dict[str, tuple[str, str]]
    questions: dict[str, str]
    relevant: dict[str, frozenset[str]]

    def page(self, document: str) -> tuple[str, bytes]:
        """The path and content of a document as a source page."""
        title, text = self.documents[document]
        quoted = " ".join(title.split()).replace("'", "''")
        content = f"---\ntype: Source\ntitle: '{quoted}'\n---\n\n# {' '.join(title.split())}\n\n{text}\n"
        return f"wiki/sources/{self.name}/{document}.md", content.encode()


def cranfield(folder: Path) -> Collection:
    """1,400 abstracts on aerodynamics, 225 questions (github.com/oussbenk/cranfield-trec-dataset)."""
    documents = {}
    for block in (folder / "cran.all.1400.xml").read_text("utf-8", "replace").split("<doc>")[1:]:
        title, text = _between(block, "title"), _between(block, "text")
        documents[_between(block, "docno").strip()] = (title, text.removeprefix(title))
    titles = re.findall(r"<title>(.*?)</title>", (folder / "cran.qry.xml").read_text("utf-8"), re.DOTALL)
    questions = {str(number): " ".join(title.split()) for number, title in enumerate(titles, 1)}
    pairs = [line.split() for line in (folder / "cranqrel.trec.txt").read_text("utf-8").splitlines() if line.strip()]
    return _collection("cranfield", documents, questions, ((row[0], row[2]) for row in pairs if int(row[3]) > 0))


def cisi(folder: Path) -> Collection:
    """1,460 abstracts on libraries, 76 questions (github.com/Shakiba-Alipour/Information-Retrieval-on-CISI)."""
    documents = {}
    for number, fields in _smart(folder / "CISI.ALL"):
        documents[number] = (fields.get("T", ""), fields.get("W", ""))
    questions = {number: " ".join(fields.get("W", "").split()) for number, fields in _smart(folder / "CISI.QRY")}
    rows = (line.split() for line in (folder / "CISI.REL").read_text("utf-8", "replace").splitlines() if line.strip())
    return _collection("cisi", documents, questions, ((row[0], row[1]) for row in rows))


def npl(folder: Path) -> Collection:
    """11,429 short abstracts on electronics, 93 questions (github.com/stefreschke/Information-Retrieval, folder npl)."""
    documents = {number: ("", text) for number, text in _npl(folder / "doc-text")}
    questions = dict(_npl(folder / "query-text"))
    answers = ((number, document) for number, text in _npl(folder / "rlv-ass") for document in text.split())
    return _collection("npl", documents, questions, answers)


def cacm(folder: Path) -> Collection:
    """3,204 titles and abstracts on computing, 52 questions (github.com/t10le/DIEGOTOM-IR-Search-Engine)."""
    documents = {}
    for number, fields in _smart(folder / "cacm.all"):
        documents[number] = (fields.get("T", ""), "\n\n".join(fields[name] for name in "WAK" if name in fields))
    questions = {number: " ".join(fields.get("W", "").split()) for number, fields in _smart(folder / "query.text")}
    rows = (line.split() for line in (folder / "qrels.text").read_text("utf-8").splitlines() if line.strip())
    return _collection("cacm", documents, questions, ((str(int(row[0])), row[1].lstrip("0")) for row in rows))


def _collection(
    name: str, documents: dict[str, tuple[str, str]], questions: dict[str, str], pairs: Iterable[tuple[str, str]]
) -> Collection:
    relevant: dict[str, set[str]] = {}
    for question, document in pairs:
        if document in documents:
            relevant.setdefault(question, set()).add(document)
    kept = {number: text for number, text in questions.items() if number in relevant}
    return Collection(name, documents, kept, {number: frozenset(relevant[number]) for number in kept})


def _between(block: str, tag: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", block, re.DOTALL)
    return found[1].strip() if found else ""


def _smart(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for block in re.split(r"^\.I ", file.read_text("utf-8", "replace"), flags=re.MULTILINE)[1:]:
        number, _, rest = block.partition("\n")
        parts = re.split(r"^\.([A-Z])[ ]*\n", rest, flags=re.MULTILINE)
        yield number.strip(), {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _npl(file: Path) -> Iterator[tuple[str, str]]:
    for block in re.split(r"^\s*/\s*$", file.read_text("utf-8", "replace"), flags=re.MULTILINE):
        number, _, text = block.strip().partition("\n")
        if number.strip().isdigit():
            yield number.strip(), text.lower()
