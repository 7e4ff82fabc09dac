"""Fetches the addresses of an `add`, so that what was found enters the run like files: with a path, a hash, an outcome.

Invariant: fetching happens in this process, as workers have no network, and before anything is decided; of what servers said
only as much is looked at as names need. The result is in the order of the addresses, whatever came first, and nothing of the
knowledge base is changed. What is remembered of an address is written by rename, so it is whole or absent, and believed only
together with the document that it was kept for; if it is deleted, everything is fetched in full once.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.errors import FetchFailed
from gitkb.intake.hashing import Hashed
from gitkb.intake.prepare.typed_json import dumps, loads
from gitkb.intake.scan import Scan
from gitkb.intake.web import html_head
from gitkb.intake.web.fetcher import Fetched, Fetcher, Validators
from gitkb.model.documents import SourceFile, WebPage
from gitkb.store.local.whole_files import write_whole
from gitkb.text.names import web_address
from gitkb.text.names.web_address import WebAddress

FOLDER = "web"


class Seen(Struct, frozen=True):
    """The last result for an address: its source path here, the hash of its bytes, and the server's validators."""

    url: str
    path: str
    sha256: str
    validators: Validators


class SeenPages:
    """The entries below a folder."""

    def __init__(self, local: Path) -> None:
        self._folder = local / FOLDER

    def get(self, url: str) -> Seen | None:
        """The last result for an address; None if there is none."""
        with contextlib.suppress(OSError, ValueError):
            seen = loads(Seen, self._file(url).read_bytes())
            return seen if seen.url == url else None
        return None

    def keep(self, seen: Seen) -> None:
        """Remembers an entry; a full disk costs only that."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            write_whole(self._file(seen.url), dumps(seen))

    def _file(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()


class Repeat(Struct, frozen=True):
    """An address that led to a page which another address of this run had already led to: it becomes no document of its own.

    `source` has the address as its path, `path` is the source path of the page, and `first` the address that stands for it in
    this run. `error` says why this address could not be had, "" where it could.
    """

    source: SourceFile
    path: str
    first: str
    error: str = ""


THREADS = 8
ACCEPT = "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.8"


class KnownPages(Protocol):
    """The fetched pages that the knowledge base has at one commit."""

    def source(self, path: str) -> tuple[str, str] | None:
        """(document, sha256) of a source path."""

    def fetched(self, url: str) -> tuple[str, str] | None:
        """(source path, sha256) of what was fetched from an address."""

    def url(self, path: str) -> str:
        """The address from which a source was fetched, "" for none."""


class FetchedSources(Struct, frozen=True):
    """The result of fetching: a scan with the hashes of its sources by path, or the reason why there is none. `repeats`:
    addresses that led to a page of another address."""

    scan: Scan
    hashes: dict[str, Hashed]
    repeats: tuple[Repeat, ...] = ()


class _Asked(Struct, frozen=True):
    """An address, the path and hash of the document that stands for it so far ("" for none), and what to ask its server with."""

    address: WebAddress
    path: str = ""
    sha256: str = ""
    validators: Validators = field(default_factory=Validators)


class _Got(Struct, frozen=True):
    """The result for one address: the file, its hash and its head, or the reason why there is none."""

    asked: _Asked
    file: Path
    fetched: Fetched | None = None
    sha256: str = ""
    head: bytes = b""
    error: str = ""


class Fetching(Struct):
    """Fetches addresses. `folder` receives the files; `root` stands before their paths; `refuse` says why a size in bytes is
    too large, else "". With `keep`, what servers gave to ask later is remembered.
    """

    fetcher: Fetcher
    known: KnownPages
    seen: SeenPages
    folder: Path
    root: str
    max_bytes: int
    refuse: Callable[[int], str]
    keep: bool
    _paths: dict[str, WebAddress] = field(default_factory=dict)

    def __call__(self, addresses: Sequence[WebAddress]) -> FetchedSources:
        """Fetches all of them, several at once."""
        asked = [self._asked(address) for address in dict.fromkeys(addresses)]
        entered: dict[str, list[tuple[_Got, SourceFile, Hashed]]] = {}
        for got in self._fetch_all(asked):
            source, hashed = self._entered(got)
            entered.setdefault(source.path, []).append((got, source, hashed))
        sources, hashes, repeats = [], {}, []
        for path, of_path in entered.items():
            first = min(of_path, key=lambda each: bool(each[2].error))
            sources.append(first[1])
            hashes[path] = first[2]
            repeats += [
                Repeat(replace(source, path=str(got.asked.address)), path, str(first[0].asked.address), hashed.error)
                for got, source, hashed in of_path
                if got is not first[0]
            ]
        return FetchedSources(Scan("", self.folder, tuple(sources), (), is_folder=False), hashes, tuple(repeats))

    def _asked(self, address: WebAddress) -> _Asked:
        """An address is known by the document that has it as its own, or as what it led to when it was last fetched."""
        seen = self.seen.get(str(address))
        found = self.known.fetched(str(address))
        if found is None and seen is not None and self.known.url(seen.path) and (before := self.known.source(seen.path)):
            found = (seen.path, before[1])
        if found is None:
            return _Asked(address)
        fresh = seen is not None and (seen.path, seen.sha256) == found
        return _Asked(address, *found, seen.validators if seen is not None and fresh else Validators())

    def _fetch_all(self, asked: Sequence[_Asked]) -> list[_Got]:
        threads = ThreadPoolExecutor(THREADS)
        try:
            return list(threads.map(self._fetch, asked, range(len(asked))))
        except BaseException:
            self.fetcher.close()  # or leaving would wait for every server
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def _fetch(self, asked: _Asked, number: int) -> _Got:
        file = self.folder / f"{number:05}"
        sha, head, size = hashlib.sha256(), bytearray(), 0
        try:
            with file.open("wb") as out:

                def sink(piece: bytes) -> None:
                    nonlocal size
                    size += len(piece)
                    sha.update(piece)
                    head.extend(piece[: max(0, html_head.HEAD - len(head))])
                    out.write(piece)

                fetched = self.fetcher.fetch(asked.address, sink, self.max_bytes, asked.validators, ACCEPT)
        except FetchFailed as error:
            return _Got(asked, file, error=f"{error.message} {error.hint}".strip())
        except OSError as error:
            return _Got(asked, file, error=f"it cannot be kept on this disk: {(error.strerror or str(error)).lower()}.")
        if fetched.unchanged and not asked.sha256:
            return _Got(asked, file, error="its server says that it has not changed, though nothing was asked.")
        return _Got(asked, file, fetched, sha.hexdigest(), bytes(head), "" if fetched.unchanged else self.refuse(size))

    def _entered(self, got: _Got) -> tuple[SourceFile, Hashed]:
        asked = got.asked
        if got.fetched is None or got.error:
            path = asked.path or web_address.source_path(asked.address, ".html", self.root)
            return self._source(path, got, asked.address), Hashed(error=got.error)
        if got.fetched.unchanged:
            return self._source(asked.path, got, asked.address), Hashed(asked.sha256)
        ending = html_head.ending(got.fetched, got.head)
        own = html_head.own_address(got.fetched, got.head, ending in (".html", ".htm"))
        path = self._path(asked, own, ending or ".bin")
        if not ending:
            return self._source(path, got, own), Hashed(
                error=f"gitkb does not read what it is ({got.fetched.media_type or 'unknown'})."
            )
        if self.keep:
            self.seen.keep(Seen(str(asked.address), path, got.sha256, got.fetched.validators))
        return self._source(path, got, own), Hashed(got.sha256)

    def _path(self, asked: _Asked, own: WebAddress, ending: str) -> str:
        """The source path of an address: a known one keeps its path as long as it is of the same kind."""
        found = self.known.fetched(str(own))
        for path in (found[0] if found else "", asked.path if self._is_still(asked, own) else ""):
            if path.endswith(ending) and self._is_free(path, own):
                self._paths[path] = own
                return path
        path = web_address.source_path(own, ending, self.root)
        before = self.known.url(path)
        is_file = not before and self.known.source(path) is not None
        others = web_address.parse(before) if before else own
        if is_file or not self._is_free(path, own) or not web_address.alike(others, own):
            path = web_address.told_apart(path, own)
        self._paths.setdefault(path, own)
        return path

    def _is_still(self, asked: _Asked, own: WebAddress) -> bool:
        """Whether what is at an address now is of the document that stood for it: of its own, or of the same page."""
        before = self.known.url(asked.path)
        return before == str(asked.address) or bool(before and web_address.same_page(web_address.parse(before), own))

    def _is_free(self, path: str, own: WebAddress) -> bool:
        return web_address.alike(self._paths.get(path, own), own)

    def _source(self, path: str, got: _Got, own: WebAddress) -> SourceFile:
        base = got.fetched.address if got.fetched else got.asked.address
        page = WebPage(str(own), str(base), got.fetched.charset if got.fetched else "")
        return SourceFile(path, got.file, "", self.folder, page)
