"""Finds documents and their files in a tree, and rewrites their paths and links after a rename.

Invariant: reads one tree and takes no lock. A name that fits several documents is an error that lists them, because something may
be deleted. After a rename only the destinations of links differ; everything else that a person or gitkb wrote stays to the byte.
"""

import re
from collections.abc import Mapping, Sequence

from gitkb.branch.commit_messages import edit_message
from gitkb.errors import FormatError, NotFound
from gitkb.formats import records
from gitkb.formats.records import OWN_FOLDERS
from gitkb.formats.topic_rows import DocumentFacts
from gitkb.model.documents import Record, Tree
from gitkb.model.path_changes import PathChanges
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import is_external, relative, resolve
from gitkb.text.names.name_parts import has_words, part_of_name
from gitkb.wiki.hand_edits import edited_path

_END_OF_NAME = re.compile(r"\.|--")


def find_document(tree: Tree, name: str, known: Sequence[DocumentFacts]) -> str:
    """The document that a person means by its name, or by the path of one of its files or of its source; `known` are the
    documents with a readable record. Raises `NotFound`; `PartOfName` with the candidates where it is only a part of a name."""
    wanted = name.strip().removeprefix("./").strip("/")
    exact = exact_document(tree, wanted)
    if exact is not None:
        return exact
    found = sorted({facts.document for facts in known if facts.source == wanted})
    if len(found) == 1:
        return found[0]
    found = found or _matches(tree, wanted, known)
    if not found:
        raise NotFound(f"There is no document {name!r}.", "gitkb list shows the documents.")
    raise part_of_name(name, found)


def exact_document(tree: Tree, name: str) -> str | None:
    """The document of exactly this name, or the owner of the file at this path; None if the tree has none."""
    names = (name, records.document_of(name), owner_of(name), owner_of(f"wiki/{name}"))
    return next((each for each in names if each and tree.blob(records.record_path(each))), None)


def owner_of(path: str) -> str | None:
    """The document that a file's path belongs to by its form, whether or not there is one; None outside their folders."""
    for folder in records.OWN_FOLDERS:
        if path.startswith(folder):
            above, slash, last = path[len(folder) :].rpartition("/")
            return above + slash + _END_OF_NAME.split(last, maxsplit=1)[0]
    return None


def record_of(tree: Tree, document: str) -> Record | None:
    """A document's record; None if there is none or it cannot be read."""
    path = records.record_path(document)
    content = tree.read(path)
    try:
        return records.decode(content, path) if content is not None else None
    except FormatError:
        return None


def own_files(tree: Tree, document: str) -> tuple[str, ...]:
    """All paths that belong to a document alone, sorted: its record, its files, and the projections kept for files that a person
    edited. Empty if there is no such document."""
    path = records.record_path(document)
    if tree.blob(path) is None:
        return ()
    record = record_of(tree, document)
    if record is not None:
        files = [file for file in record.files if tree.blob(file)]
    else:
        files = [file for top in records.OWN_FOLDERS for file, _ in tree.files(top) if owner_of(file) == document]
    kept = [edited_path(file) for file in files if file.startswith("wiki/") and tree.blob(edited_path(file))]
    return tuple(sorted([path, *files, *kept]))


def _matches(tree: Tree, part: str, known: Sequence[DocumentFacts]) -> list[str]:
    if not part:
        return []
    names = (records.document_of(path) or "" for path, _ in tree.files(records.RECORDS))
    sources = {facts.document for facts in known if has_words(facts.source, part)}
    return sorted(sources | {name for name in names if has_words(name, part)})


_LINK = re.compile(r"(?P<before>\]\(\s*|^ {0,3}\[[^\]\n]+\]:[ \t]*)(?P<target><[^<>\n]*>|[^\s()<>]+)", re.MULTILINE)
_RESOURCE = re.compile(r"(?P<before>\bresource: )(?P<target>[^\s,'\"{}]+)")


def moved_path(path: str, moves: Mapping[str, str]) -> str:
    """The path of a document's own file after the rename; other paths stay."""
    before = owner_of(path)
    if before is None or before not in moves:
        return path
    folder = next(folder for folder in OWN_FOLDERS if path.startswith(folder))
    return f"{folder}{moves[before]}{path[len(folder) + len(before) :]}"


def moved_page(content: bytes, path: str, moves: Mapping[str, str]) -> bytes:
    """The page of a document at `path` after all documents have their new names."""
    target = moved_path(path, moves)

    def led(found: re.Match[str]) -> str:
        written = found["target"].strip("<>")
        place = None if is_external(written) or written.startswith("#") else resolve(path, written)
        if place is None:
            return found[0]
        fragment = f"#{place[1]}" if place[1] else ""
        new = relative(target, moved_path(place[0], moves) + fragment)
        return found["before"] + (f"<{new}>" if found["target"].startswith("<") else new)

    header, body = frontmatter.cut(content.decode("utf-8", "surrogateescape"))
    body = _LINK.sub(led, body)
    text = body if header is None else f"---\n{_RESOURCE.sub(led, header)}---\n{body}"
    return text.encode("utf-8", "surrogateescape")


def own_edits(transaction: Transaction, paths: Sequence[str]) -> PathChanges:
    """The edits to tracked pages that a person has neither committed nor staged: what a commit of their own will hold."""
    wiki = [path for path in paths if path.startswith("wiki/")]
    edits = transaction.edits(wiki).values()
    return PathChanges.of((edit.path, edit.content) for edit in edits if edit.tracked and not edit.staged)


def edit_commit(edits: PathChanges) -> PlannedCommit:
    """The commit of their own that a person's edits get, before anything is made upon them."""
    return PlannedCommit(edit_message(sorted(edits.paths)), dict(edits.items()))
