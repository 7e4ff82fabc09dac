"""Brings what the knowledge base holds of a document to where a worker can make the document again: original and pictures.

Invariant: read from one commit, whatever happens meanwhile; what is brought is the original that the record names, or nothing.
Everything is written below the run's scratch folder, and only for documents that are about to be made.
"""

import hashlib
import html
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from gitkb.errors import ConversionError, MissingObject
from gitkb.ingest.documents import record_of
from gitkb.ingest.prepare import Job
from gitkb.ingest.present import Present
from gitkb.model import LARGE, Record, WebPage
from gitkb.store import Snapshot, Store
from gitkb.text.links import resolve

_DESTINATION = re.compile(r"\](?:\(|:)\s*(?:<([^<>\n]*)>|([^\s()<>]+))|\b(?:href|src)=\"([^\"]*)\"")
"""Of inline links, of the definitions of links by reference, and of HTML's links and pictures."""


@dataclass(frozen=True, slots=True)
class Originals:
    """The originals at a commit; used by several threads, one at a time."""

    store: Store
    tip: Snapshot
    scratch: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, store: Store, tip: Snapshot, scratch: Path) -> "Originals":
        """Those at a tip, read through a handle of their own: the run's own commits meanwhile, in another thread."""
        own = Store.open(store.worktree or store.git_dir)
        return cls(own, own.snapshot(tip.commit), scratch)

    def fetch(self, job: Job) -> Job:
        """The job with what it needs; raises `ConversionError` where the original is not to be had."""
        try:
            with self.lock:
                record = record_of(self.tip, job.document)
                if record is None:
                    raise ConversionError("its record cannot be read.", "Look with: gitkb check")
                raw = next((file for file in record.files if file.startswith("raw/")), "")
                self._original(raw, job)
                pictures = tuple(self._pictures(record, job.source.file.parent))
                links = frozenset(self._links(record))
        except MissingObject as error:
            raise ConversionError(error.message, error.hint) from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConversionError(f"its original could not be written: {reason}.", "Try again when that is mended.") from error
        if record.source.url:
            source = record.source
            page = WebPage(source.url, source.base or source.url, source.charset, {})
            job = replace(job, source=replace(job.source, page=page))
        return replace(job, present=Present(pictures, links, is_large(raw)))

    def _original(self, raw: str, job: Job) -> None:
        content = self.tip.read(raw) if raw else None
        if content is None:
            raise ConversionError("its original is not in the knowledge base.", "Look with: gitkb check")
        job.source.file.parent.mkdir(parents=True, exist_ok=True)
        kept = self.store.large_original(raw, content) if is_large(raw) else None
        if kept is not None:
            shutil.copyfile(kept, job.source.file)
            with job.source.file.open("rb") as file:
                sha = hashlib.file_digest(file, "sha256").hexdigest()
        else:
            job.source.file.write_bytes(content)
            sha = hashlib.sha256(content).hexdigest()
        if sha != job.sha256 and is_large(raw) and kept is None:
            hint = f"Get it with: git lfs pull --include {raw}"
            raise ConversionError("its original is in Git LFS and not in this clone.", hint)
        if sha != job.sha256:
            raise ConversionError(f"{raw} is not the original that its record names.", "Take the file from git, or add it again.")

    def _pictures(self, record: Record, folder: Path) -> Iterator[tuple[str, Path]]:
        """The pictures beside the document's text, in the order in which it shows them."""
        stem = f"wiki/sources/{record.document}--"
        named = {file for file in record.files if file.startswith(stem) and not file.endswith(".md")}
        if not named:
            return
        shown = [path for page in self._pages(record) for path in self._targets(page) if path in named]
        for path in dict.fromkeys([*shown, *sorted(named)]):
            content = self.tip.read(path)
            if content is not None:
                file = folder / PurePosixPath(path).name
                file.write_bytes(content)
                yield path.removeprefix(stem), file

    def _links(self, record: Record) -> Iterator[str]:
        own = f"wiki/sources/{record.document}"
        for page in self._pages(record):
            for path in self._targets(page):
                if path.startswith("wiki/sources/") and not path.startswith((f"{own}.", f"{own}--")):
                    yield path

    def _pages(self, record: Record) -> list[str]:
        """The pages of the document's text: the first, then its chapters in order."""
        return [file for file in record.files if file.startswith("wiki/sources/") and file.endswith(".md")]

    def _targets(self, page: str) -> Iterator[str]:
        text = (self.tip.read(page) or b"").decode("utf-8", "replace")
        for angled, bare, quoted in _DESTINATION.findall(text):
            place = resolve(page, angled or bare or html.unescape(quoted))
            if place is not None:
                yield place[0]


def is_large(raw: str) -> bool:
    """Whether the path of an original says that it is in Git LFS."""
    return LARGE in PurePosixPath(raw).suffixes
