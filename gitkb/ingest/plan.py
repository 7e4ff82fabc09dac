"""Decides, before anything is converted, what becomes of every source: skipped, failed, or a job.

Invariant: decisions are made in scan order from paths, bytes and what the knowledge base knows at one commit; they depend
neither on the number of jobs nor on timing.
"""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Protocol

from gitkb.errors import UsageError
from gitkb.ingest import names
from gitkb.ingest.reading import open_document, unreadable
from gitkb.ingest.scan import Scan
from gitkb.model import Outcome, SourceFile


class Known(Protocol):
    """What the knowledge base knows of sources at one commit."""

    def source(self, path: str) -> tuple[str, str] | None:
        """(document, sha256) of a source path."""

    def duplicate(self, sha256: str) -> str | None:
        """The first document by name that holds these bytes."""

    def taken(self, document: str) -> bool:
        """Whether a document has this name."""

    def below(self, root: str) -> set[str]:
        """The sha256 of all sources below a root's path."""


@dataclass(frozen=True, slots=True)
class Item:
    """One source of a run: to be prepared while `outcome` is None, else decided already; `update` where it is known with other
    bytes. `hashing` is the seconds that its hash took; `twin` the source of this run for whose equal bytes it is skipped."""

    source: SourceFile
    document: str
    sha256: str = ""
    outcome: Outcome | None = None
    reason: str = ""
    update: bool = False
    hashing: float = 0.0
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Hashed:
    """The content of a source as the scan saw it: a hash in hex, or why it has none; seconds that it took."""

    sha256: str = ""
    error: str = ""
    seconds: float = 0.0


def hash_files(sources: Sequence[SourceFile], refuse: Callable[[int], str], jobs: int) -> list[Hashed]:
    """The hashes of all sources, in order, read in parallel; `refuse` says why a size in bytes is too large, else ""."""
    if len(sources) < 2:
        return [_hash(source, refuse) for source in sources]
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=jobs or -1, backend="threading")(delayed(_hash)(source, refuse) for source in sources))


def plan(scans: Sequence[Scan], hashes: dict[str, Hashed], known: Known) -> list[Item]:
    """An item for every source, in scan order."""
    sources = [source for scan in scans for source in scan.files]
    before = {s.path: found for s in sources if (found := known.source(s.path)) is not None}
    new = [s.path for s in sources if s.path in before or _is_new(hashes[s.path], known)]
    documents = names.reserve(_first_of_bytes(new, hashes, before), {p: d for p, (d, _) in before.items()}, known.taken)
    items: list[Item] = []
    first: dict[str, Item] = {}
    for source in sources:
        item = _decide(source, hashes[source.path], before.get(source.path), known, documents, first)
        if item.outcome is None:
            first.setdefault(item.sha256, item)
        items.append(item)
    return items


def without_twin(item: Item, failed: Item, items: Sequence[Item], known: Known) -> Item:
    """What becomes of a source that was skipped for the bytes of another one that failed: a job where its ending says another
    format, so that it may be read; else it fails like the other."""
    ending = PurePosixPath(item.source.path).suffix.lower()
    if ending == PurePosixPath(failed.source.path).suffix.lower():
        return replace(item, outcome=Outcome.FAILED, reason=f"same bytes as {failed.source.path}, which failed.", twin="")
    used = {other.document for other in items if other.outcome is None}
    name = next(name for name in names.candidates(item.source.path) if name not in used and not known.taken(name))
    return replace(item, document=name, outcome=None, reason="", twin="")


def refuse_other_folder(scan: Scan, hashes: dict[str, Hashed], known: Known) -> None:
    """Raises `UsageError` when a folder's root is known but shares no bytes with it: probably it is another folder."""
    old = known.below(scan.root)
    if old and scan.files and not any(hashes[source.path].sha256 in old for source in scan.files):
        raise UsageError(
            f"{scan.folder} shares no file with the documents already below {scan.root}/; it is probably another folder.",
            f"Give it a root of its own with --into PREFIX, or use --update if it is a new version of {scan.root}/.",
        )


def _is_new(hashed: Hashed, known: Known) -> bool:
    return not hashed.error and known.duplicate(hashed.sha256) is None


def _first_of_bytes(paths: Sequence[str], hashes: dict[str, Hashed], before: dict[str, tuple[str, str]]) -> list[str]:
    """The paths that need a name: all known ones, and of the others the first with its bytes."""
    kept, seen = [], set()
    for path in paths:
        if path in before or hashes[path].sha256 not in seen:
            kept.append(path)
            seen.add(hashes[path].sha256)
    return kept


def _decide(
    source: SourceFile,
    hashed: Hashed,
    before: tuple[str, str] | None,
    known: Known,
    documents: dict[str, str],
    first: dict[str, Item],
) -> Item:
    document = before[0] if before else documents.get(source.path, names.document_name(source.path))
    if hashed.error:
        return Item(source, document, outcome=Outcome.FAILED, reason=hashed.error)
    if before:
        if before[1] == hashed.sha256:
            return Item(source, document, hashed.sha256, Outcome.SKIPPED, "unchanged")
        return Item(source, document, hashed.sha256, update=True, hashing=hashed.seconds)
    if (twin := known.duplicate(hashed.sha256)) is not None:
        return Item(source, document, hashed.sha256, Outcome.SKIPPED, f"same bytes as {twin}")
    if (other := first.get(hashed.sha256)) is not None:
        reason = f"same bytes as {other.document}"
        return Item(source, document, hashed.sha256, Outcome.SKIPPED, reason, hashing=hashed.seconds, twin=other.source.path)
    return Item(source, document, hashed.sha256, hashing=hashed.seconds)


def _hash(source: SourceFile, refuse: Callable[[int], str]) -> Hashed:
    try:
        with open_document(source.file) as file:
            if reason := refuse(os.fstat(file.fileno()).st_size):
                return Hashed(error=reason)
            started = time.perf_counter()
            return Hashed(hashlib.file_digest(file, "sha256").hexdigest(), seconds=time.perf_counter() - started)
    except OSError as error:
        return Hashed(error=unreadable(error))
