"""The web part of an `add`: addresses, pages and their pictures, under one set of rules.

Invariant: fetched files lie in the scratch folder of a run of their own, so that whatever a kill leaves is found and cleared by
the next writer; in a dry run they lie in a temporary folder, and nothing is remembered. A picture that cannot be had costs the
picture alone, and the person is told. Numbers, bytes and seconds are bounded for each page, and an address is asked once in a
run. What the bytes are is for the worker to judge.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import known_at
from gitkb.convert.pictures import MAX_PICTURE_BYTES
from gitkb.errors import FetchFailed, UsageError
from gitkb.formats.settings import Settings
from gitkb.intake import hashing
from gitkb.intake.hashing import Hashed
from gitkb.intake.prepare.document import Job
from gitkb.intake.prepare.model_rounds import Illustrate
from gitkb.intake.scan import Scan
from gitkb.intake.web.fetch_addresses import Repeat
from gitkb.intake.web.fetcher import Fetcher
from gitkb.model.listener import Listener
from gitkb.model.options import AddOptions
from gitkb.model.web_access import WebAccess
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.text.names import web_address
from gitkb.text.names.web_address import WEB_ROOT, WebAddress

MAX_PICTURES = 100
SECONDS = 60.0
"""For all pictures of one page."""
_THREADS = 4
_ACCEPT = "image/avif;q=0,image/webp,image/png,image/jpeg,image/gif,image/*;q=0.1"


class Illustrating:
    """Fetches the pictures of a page's job; called from many threads."""

    def __init__(self, fetcher: Fetcher, folder: Path) -> None:
        """`folder` receives the pictures, and must exist."""
        self._fetcher, self._folder = fetcher, folder
        self._guard = threading.Lock()
        self._places: dict[str, threading.Lock] = {}
        self._failed: dict[str, str] = {}

    def __call__(self, job: Job, addresses: Sequence[str]) -> tuple[Job, tuple[str, ...]]:
        """(the job with the files of its pictures, a sentence about those that could not be had)."""
        assert job.source.page is not None
        until = time.monotonic() + SECONDS
        wanted = list(addresses[:MAX_PICTURES])
        with ThreadPoolExecutor(_THREADS) as threads:
            results = list(threads.map(lambda address: self._one(address, until), wanted))
        files = {address: found for address, found in zip(wanted, results, strict=True) if isinstance(found, Path)}
        missing = [f"{address}: {found}" for address, found in zip(wanted, results, strict=True) if isinstance(found, str)]
        missing += [f"{address}: the page has more than {MAX_PICTURES} pictures." for address in addresses[MAX_PICTURES:]]
        page = replace(job.source.page, pictures=files)
        return replace(job, source=replace(job.source, page=page)), _told(missing)

    def _one(self, address: str, until: float) -> Path | str:
        """The file of a picture, or why there is none."""
        with self._guard:
            place = self._places.setdefault(address, threading.Lock())
        with place:
            file = self._folder / hashlib.sha256(address.encode()).hexdigest()
            if file.exists() or address in self._failed:
                return self._failed.get(address) or file
            reason = self._fetch(address, file, until)
            if reason:
                file.unlink(missing_ok=True)
                self._failed[address] = reason
            return reason or file

    def _fetch(self, address: str, file: Path, until: float) -> str:
        try:
            with file.open("wb") as out:
                seconds = until - time.monotonic()
                found = self._fetcher.fetch(
                    web_address.parse(address), out.write, MAX_PICTURE_BYTES, accept=_ACCEPT, seconds=seconds
                )
        except FetchFailed as error:
            return error.message
        except ValueError as error:
            return f"{error}."
        except OSError as error:
            return f"it cannot be kept on this disk: {(error.strerror or str(error)).lower()}."
        return "" if found.media_type.startswith("image/") else "it is no picture."


def _told(missing: Sequence[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return (f"a picture could not be had, so the page keeps its address: {missing[0]}{more}",)


class Web(Struct, frozen=True):
    """What was fetched: scans and hashes as of files, and the addresses that led to the page of another one. `illustrate` fetches
    pictures, `close` breaks off what is under way."""

    scans: tuple[Scan, ...] = ()
    hashes: dict[str, Hashed] = field(default_factory=dict)
    repeats: tuple[Repeat, ...] = ()
    illustrate: Illustrate | None = None
    close: Callable[[], None] = lambda: None


def parse_address(text: str) -> WebAddress:
    """The address that a person gave; `UsageError` where it cannot be fetched."""
    try:
        return web_address.parse(text)
    except ValueError as error:
        raise UsageError(f"{text} cannot be fetched: {error}.", "An address looks like https://host/page.") from error


@contextmanager
def web(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    options: AddOptions,
    start: Snapshot,
    access: WebAccess,
    listener: Listener,
) -> Iterator[Web]:
    """Fetches what the options name, as the knowledge base stands at `start`; the files are deleted when the block ends."""
    addresses = [parse_address(url) for url in options.urls]
    if options.refetch:
        with known_at(catalog, start) as known:
            addresses += [parse_address(url) for url in known.urls()]
    if not addresses:
        if options.refetch:
            listener.message("No document was fetched from the web, so there is nothing to fetch again.")
        yield Web()
        return
    listener.message(f"Fetching {len(addresses):,} address{'es' if len(addresses) != 1 else ''}.")
    fetcher = _fetcher(access, options)
    what = f"fetch {addresses[0]}{f' and {len(addresses) - 1} more' if len(addresses) > 1 else ''}"
    try:
        if options.dry_run:
            with TemporaryDirectory(prefix="gitkb-") as folder:
                yield _fetch(store, catalog, settings, options, start, addresses, fetcher, Path(folder))
        else:
            branch = options.branch or None
            with store.begin(what, branch=branch, start=start.commit, on_wait=listener.message) as run:
                folder_of_run = run.scratch.with_name("fetched")
                folder_of_run.mkdir()
                yield _fetch(store, catalog, settings, options, start, addresses, fetcher, folder_of_run)
    finally:
        fetcher.close()


def _fetch(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    options: AddOptions,
    start: Snapshot,
    addresses: Sequence[WebAddress],
    fetcher: "Fetcher",
    folder: Path,
) -> Web:
    from gitkb.intake.scan import prefix_of
    from gitkb.intake.web.fetch_addresses import Fetching, SeenPages

    pictures = folder / "pictures"
    pictures.mkdir()
    with known_at(catalog, start) as known:
        fetching = Fetching(
            fetcher,
            known,
            SeenPages(store.local),
            folder,
            prefix_of(options.into) or WEB_ROOT,
            settings.convert.max_bytes,
            partial(hashing.refusal, settings),
            keep=not options.dry_run,
        )
        found = fetching(addresses)
    return Web((found.scan,), found.hashes, found.repeats, Illustrating(fetcher, pictures), fetcher.close)


def _fetcher(access: WebAccess, options: AddOptions) -> "Fetcher":
    from gitkb.intake.web.fetcher import Fetcher
    from gitkb.intake.web.http_wire import Wire, resolve

    asked = access.resolve or resolve
    wire = Wire(asked, lambda address: True, access.proxy) if options.allow_private else Wire(asked)
    return Fetcher(wire, allow_downgrade=options.allow_private)
