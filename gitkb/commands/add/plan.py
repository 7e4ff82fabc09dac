"""Decides, before anything is converted, what becomes of every source: skipped, failed, or a job; and which files are gone.

Invariant: looks at the disk itself, at names as they are written there, so neither an ignore file nor `--exclude` makes a file
gone, and neither does a folder that cannot be listed. Only folders that this run scans are looked into.

Invariant: decisions are made in scan order from paths, bytes and what the knowledge base knows at one commit; they depend
neither on the number of jobs nor on timing. What was fetched from the web is no file of a folder, whatever the folder is called:
no file takes it over, and none is gone for it.

Invariant: nothing that a person named is left out of the results: each address has an outcome.
"""

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path, PurePosixPath
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.errors import UsageError
from gitkb.intake import document_names
from gitkb.intake.hashing import Hashed
from gitkb.intake.scan import Scan, stored_path
from gitkb.intake.web.fetch_addresses import Repeat
from gitkb.model.documents import SourceFile
from gitkb.model.results import Outcome, SkipReason


class Disk:
    """The folders of some scans; what was listed once is remembered."""

    def __init__(self, scans: Sequence[Scan]) -> None:
        self._folders = [(scan.root, scan.folder) for scan in scans if scan.is_folder]
        self._scanned = {source.path for scan in scans for source in scan.files}
        self._listings: dict[Path, dict[str, Path] | OSError] = {}

    def is_gone(self, source: str) -> bool:
        """Whether a source's path is below a scanned folder and the file does not exist any more."""
        if source in self._scanned:
            return False
        below = [(folder, source[len(root) + 1 :]) for root, folder in self._folders if source.startswith(f"{root}/")]
        return bool(below) and not any(self._stands(folder, path.split("/")) for folder, path in below)

    def _stands(self, folder: Path, parts: Sequence[str]) -> bool:
        for part in parts:
            try:
                listing = self._listing(folder)
            except (FileNotFoundError, NotADirectoryError):
                return False
            except OSError:
                return True  # nobody can tell
            if part not in listing:
                return False
            folder = listing[part]
        return not folder.is_dir()

    def _listing(self, folder: Path) -> dict[str, Path]:
        """The entries of a folder by the names that records have for them."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    found = {stored_path(form): Path(entry.path) for entry in entries for form in _forms(entry.name)}
                self._listings[folder] = found
            except OSError as error:
                self._listings[folder] = error
        listing = self._listings[folder]
        if isinstance(listing, OSError):
            raise listing
        return listing


def _forms(name: str) -> tuple[str, str]:
    return unicodedata.normalize("NFC", name), name


class Known(Protocol):
    """The sources and documents that the knowledge base has at one commit."""

    def source(self, path: str) -> tuple[str, str] | None:
        """(document, sha256) of a source path."""

    def holders(self, sha256: str) -> list[tuple[str, str]]:
        """(document, source path) of all documents that hold these bytes, by name."""

    def taken(self, document: str) -> bool:
        """Whether a document has this name."""

    def below(self, root: str) -> list[tuple[str, str, str]]:
        """(source path, document, sha256) of all files below a root's path, by path; nothing that was fetched."""

    def url(self, path: str) -> str:
        """The address from which a source was fetched, "" for none."""


class Item(Struct, frozen=True):
    """One source of a run. `outcome` None: it is to be prepared; otherwise the outcome is decided already. `update`: the source
    is known with other bytes. `before`: its file moved, and this is the old name of its document. `again`: its original is the
    one in the knowledge base. `hashing`: seconds that hashing took. `twin`: another source of this run with the same bytes,
    because of which this one is skipped. `restores`: the
    document is known with these bytes, and its original in the knowledge base is damaged."""

    source: SourceFile
    document: str
    sha256: str = ""
    outcome: Outcome | None = None
    reason: str = ""
    update: bool = False
    hashing: float = 0.0
    twin: str = ""
    before: str = ""
    again: bool = False
    skipped: SkipReason | None = None
    restores: bool = False


class Gone(Struct, frozen=True):
    """A document whose file is gone from its folder, and the path that it had there."""

    document: str
    source: str


class Plan(Struct, frozen=True):
    """An item for every source, in scan order, and the documents whose file is gone and whose bytes no source takes over."""

    items: list[Item]
    gone: tuple[Gone, ...] = ()


def plan(scans: Sequence[Scan], hashes: dict[str, Hashed], known: Known) -> Plan:
    """The plan for every source, and the documents whose source is gone."""
    sources = [source for scan in scans for source in scan.files]
    before = {s.path: found for s in sources if (found := known.source(s.path)) is not None}
    hashes = {**hashes, **_in_the_way([s for s in sources if s.path in before], hashes, before, known)}
    disk = Disk(scans)
    moved = _moved([s.path for s in sources if s.path not in before and s.page is None], hashes, known, disk)
    changing = {document for path, (document, sha) in before.items() if hashes[path].sha256 not in ("", sha)}
    held = _Held(known, changing, {document: path for path, document in moved.items()})
    new = [s.path for s in sources if s.path in before or s.path in moved or held.is_new(hashes[s.path])]
    reserved = _first_of_bytes(new, hashes, before.keys() | moved.keys())
    documents = document_names.reserve(reserved, {p: d for p, (d, _) in before.items()}, known.taken, moved)
    decide = _Deciding(before, moved, documents, held)
    items = [decide(source, hashes[source.path]) for source in sources]
    kept = set(moved.values())
    below = {Gone(document, path) for scan in scans if scan.is_folder for path, document, _ in known.below(scan.root)}
    gone = (each for each in below if each.document not in kept and disk.is_gone(each.source))
    return Plan(items, tuple(sorted(gone, key=lambda each: (each.source, each.document))))


def _in_the_way(
    sources: Sequence[SourceFile], hashes: Mapping[str, Hashed], before: Mapping[str, tuple[str, str]], known: Known
) -> dict[str, Hashed]:
    """Files that are where a fetched page would be stored but have other bytes, each with the reason why it cannot be added."""
    return {
        source.path: Hashed(error=f"{before[source.path][0]} was fetched from {url}. Add the folder with --into PREFIX.")
        for source in sources
        if source.page is None and hashes[source.path].sha256 not in ("", before[source.path][1])
        if (url := known.url(source.path))
    }


def _moved(paths: Sequence[str], hashes: Mapping[str, Hashed], known: Known, disk: Disk) -> dict[str, str]:
    """The new paths whose bytes are those of a document whose own file is gone, with that document. Of several documents the
    first by its source path chooses first: a path of the same file name, else the first in scan order."""
    by_bytes: dict[str, list[str]] = {}
    for path in paths:
        if hashes[path].sha256:
            by_bytes.setdefault(hashes[path].sha256, []).append(path)
    found = {}
    for sha, free in by_bytes.items():
        for source, document in sorted((source, document) for document, source in known.holders(sha)):
            if free and disk.is_gone(source) and not known.url(source):
                name = source.rpartition("/")[2]
                taken = next((path for path in free if path.rpartition("/")[2] == name), free[0])
                free.remove(taken)
                found[taken] = document
    return found


class _Held(Struct, frozen=True):
    """Which documents will hold some bytes after the run: not those that are `changing`; `moved` maps documents to new paths."""

    known: Known
    changing: set[str]
    moved: Mapping[str, str]

    def first(self, sha256: str) -> str | None:
        """The first document by name that holds these bytes, by the name that it has now."""
        return next((document for document, _ in self.known.holders(sha256) if document not in self.changing), None)

    def is_new(self, hashed: Hashed) -> bool:
        return not hashed.error and self.first(hashed.sha256) is None


def without_twin(item: Item, failed: Item, items: Sequence[Item], known: Known) -> Item:
    """A new plan for a source that was skipped because another one with the same bytes failed, or is empty: a job if its ending
    names another format, so that it may be readable; otherwise the same becomes of it."""
    ending = PurePosixPath(item.source.path).suffix.lower()
    if ending == PurePosixPath(failed.source.path).suffix.lower():
        if failed.skipped is SkipReason.EMPTY:
            return replace(item, reason=f"same bytes as {failed.source.name}, which is empty.", twin="", skipped=SkipReason.EMPTY)
        return replace(
            item, outcome=Outcome.FAILED, reason=f"same bytes as {failed.source.name}, which failed.", twin="", skipped=None
        )
    used = {other.document for other in items if other.outcome is None}
    name = next(name for name in document_names.candidates(item.source.path) if name not in used and not known.taken(name))
    return replace(item, document=name, outcome=None, reason="", twin="", skipped=None)


def refuse_other_folder(
    scan: Scan, hashes: dict[str, Hashed], known: Known, has_failed: Callable[[SourceFile, str], bool]
) -> None:
    """Raises `UsageError` when a folder's root is known but shares no bytes with it, nor the names of half of its files: probably
    it is another folder. Files that cannot become documents do not count: those that cannot be read, and those that `has_failed`
    says have failed already, at the same path with the same bytes."""
    old = {sha for _, _, sha in known.below(scan.root)}
    named = sum(1 for source in scan.files if known.source(source.path))
    unknown = [source for source in scan.files if not hashes[source.path].error and not known.source(source.path)]
    fresh = sum(not has_failed(source, hashes[source.path].sha256) for source in unknown)
    if old and named < fresh and not any(hashes[source.path].sha256 in old for source in scan.files):
        raise UsageError(
            f"{scan.folder} shares no file with the documents already below {scan.root}/; it is probably another folder.",
            f"Give it a root of its own with --into PREFIX, or use --update if it is a new version of {scan.root}/.",
        )


def refuse_empty(scan: Scan, known: Known) -> None:
    """Raises `UsageError` when a folder has no document left and all of its root's would go: it looks unmounted, or mistyped."""
    count = len(known.below(scan.root))
    if count and not scan.files:
        raise UsageError(
            f"{scan.folder} has no document left, so --prune would remove all {count} below {scan.root}/.",
            "Is it mounted, and the right folder? To remove the documents nevertheless: gitkb remove DOCUMENT...",
        )


def _first_of_bytes(paths: Sequence[str], hashes: dict[str, Hashed], documents: Set[str]) -> list[str]:
    """The paths that need a name: those that are documents already, and of the others the first with its bytes."""
    kept, seen = [], set()
    for path in paths:
        if path in documents or hashes[path].sha256 not in seen:
            kept.append(path)
            seen.add(hashes[path].sha256)
    return kept


class _Deciding(Struct, frozen=True):
    """Decides source by source, in scan order; `first` has the first one to be prepared of all bytes."""

    before: Mapping[str, tuple[str, str]]
    moved: Mapping[str, str]
    documents: Mapping[str, str]
    held: _Held
    first: dict[str, Item] = field(default_factory=dict)

    def __call__(self, source: SourceFile, hashed: Hashed) -> Item:
        item = self._decide(source, hashed)
        if item.outcome is None:
            self.first.setdefault(item.sha256, item)
        return item

    def _decide(self, source: SourceFile, hashed: Hashed) -> Item:
        before = self.before.get(source.path)
        document = before[0] if before else self.documents.get(source.path, document_names.document_name(source.path))
        item = Item(source, document, hashed.sha256, hashing=hashed.seconds)
        if hashed.error:
            return Item(source, document, outcome=Outcome.FAILED, reason=hashed.error)
        if before:
            if before[1] == hashed.sha256:
                return Item(source, document, hashed.sha256, Outcome.SKIPPED, "unchanged", skipped=SkipReason.UNCHANGED)
            return replace(item, update=True)
        if source.path in self.moved:
            return replace(item, before=self.moved[source.path])
        if (twin := self.held.first(hashed.sha256)) is not None:
            now = self.documents.get(self.held.moved.get(twin, ""), twin)
            return same_bytes(Item(source, document, hashed.sha256), now)
        if (other := self.first.get(hashed.sha256)) is not None:
            return replace(same_bytes(item, other.document), twin=other.source.path)
        return item


def same_bytes(item: Item, document: str) -> Item:
    """The item, skipped because a document has its bytes."""
    said = f"same bytes as {document}"
    return replace(item, outcome=Outcome.SKIPPED, reason=said, twin="", skipped=SkipReason.SAME_BYTES)


def restoring(item: Item) -> Item:
    """The item of an unchanged source, to be prepared all the same: its original in the knowledge base is not what it was."""
    return replace(item, outcome=None, reason="", skipped=None, update=True, restores=True)


def with_repeats(items: Sequence[Item], repeats: Sequence[Repeat]) -> list[Item]:
    """The items, behind each the addresses that led to its page as well."""
    by_path: dict[str, list[Repeat]] = {}
    for repeat in repeats:
        by_path.setdefault(repeat.path, []).append(repeat)
    return [each for item in items for each in (item, *(_item(item, repeat) for repeat in by_path.get(item.source.path, ())))]


def _item(item: Item, repeat: Repeat) -> Item:
    source = replace(repeat.source, page=None)  # it is called by its own address, and not by that of the page
    if repeat.error:
        return Item(source, item.document, outcome=Outcome.FAILED, reason=repeat.error)
    said = f"same page as {repeat.first}"
    return Item(source, item.document, outcome=Outcome.SKIPPED, reason=said, skipped=SkipReason.SAME_PAGE)


def pages_of(items: Sequence[Item]) -> dict[str, str]:
    """The documents of the run's fetched sources by every address that they are known by."""
    return {
        url: item.document
        for item in items
        if item.source.page is not None and item.outcome is not Outcome.FAILED
        for url in (item.source.page.base, item.source.page.url)
    }


def unillustrated(items: Sequence[Item]) -> list[Item]:
    """The items as they are prepared when no picture is fetched: for an estimate."""
    return [
        replace(each, source=replace(each.source, page=replace(each.source.page, pictures={}))) if each.source.page else each
        for each in items
    ]
