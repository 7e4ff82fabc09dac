"""Checks that what documents say is their originals': the bytes by the hash in the record, the claims by their places.

Invariant: reads only, and costs what the documents that are asked about hold. A person may edit a converted text; claims are held
against the text as gitkb made it. What stands in Git LFS is judged by its pointer.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from gitkb.compile.grounding.claim_places import misplaced_claims
from gitkb.formats.records import record_path
from gitkb.model.documents import Claim, Record, Tree
from gitkb.model.findings import Problem
from gitkb.store.lfs import pointed
from gitkb.wiki.document_files import raw_path
from gitkb.wiki.hand_edits import Seal, edited_path, state

NAMED = 5
_SHOWN = 80
Base = Callable[[str], bytes | None]
"""The last text that gitkb made for a page, from the history of a commit."""


def evidence_problems(tree: Tree, records: Iterable[Record], base: Base) -> Iterator[Problem]:
    """What does not agree between these records of a tree, their originals and their texts."""
    for record in records:
        yield from altered_originals(tree, record)
        yield from _misplaced(tree, record, base)


def altered_originals(tree: Tree, record: Record) -> Iterator[Problem]:
    """The original of a record if its bytes are others than those that the record names."""
    for path in record.files:
        content = tree.read(path) if path.startswith("raw/") else None
        if content is not None and content_of(path, content) != (record.source.sha256, record.source.size):
            named = record_path(record.document)
            message = f"It is not the original that {named} names. Add the document again, or take the file from git."
            yield Problem("altered-original", path, message)


def has_original(tree: Tree, document: str, source: str, sha256: str, blob: str) -> bool:
    """Whether the original of a document, added from the path `source`, stands in a tree with these bytes. `blob` is the id that
    git gives them; without it they are read."""
    for path in (raw_path(document, source), raw_path(document, source, large=True)):
        found = tree.blob(path)
        if found is not None:
            return found == blob or content_of(path, tree.read_blob(found))[0] == sha256
    return False


def content_of(path: str, content: bytes) -> tuple[str, int]:
    """(sha256 in hex, size in bytes) of an original whose file in a commit has this content."""
    return pointed(path, content) or (hashlib.sha256(content).hexdigest(), len(content))


def _misplaced(tree: Tree, record: Record, base: Base) -> Iterator[Problem]:
    path = record_path(record.document)
    pages = {file: _made(tree, file, base) for file in record.files if file.startswith("wiki/sources/") and file.endswith(".md")}
    found = list(misplaced_claims(record, {page: text for page, text in pages.items() if text is not None}))
    for claim, why in found[:NAMED]:
        hint = f"Make the document anew: gitkb recompile {record.document}"
        yield Problem("forged-claim", path, f"{_shown(claim)}: {why}. {hint}")
    if len(found) > NAMED:
        yield Problem("forged-claim", path, f"{len(found) - NAMED:,} more claims do not stand at their places.")


def _made(tree: Tree, path: str, base: Base) -> str | None:
    """A page of converted text as gitkb made it, else as it stands."""
    content = tree.read(path)
    if content is not None and state(content) is not Seal.GENERATED:
        content = tree.read(edited_path(path)) or base(path) or content
    return None if content is None else content.decode("utf-8", "replace").replace("\r\n", "\n")


def _shown(claim: Claim) -> str:
    text = claim.text
    return f"“{text if len(text) <= _SHOWN else f'{text[: _SHOWN - 1]}…'}”"
