"""The web's part of an `add`: which addresses are fetched, where what comes is kept meanwhile, and that it is gone afterwards.

Invariant: fetched files lie in the scratch folder of a run of their own, so that whatever a kill leaves is found and cleared by
the next writer; in a dry run they lie in a temporary folder, and nothing is remembered.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import known_at
from gitkb.config import Settings
from gitkb.errors import UsageError
from gitkb.events import AddOptions, Listener
from gitkb.fetch.public import Resolve
from gitkb.ingest import large
from gitkb.ingest.desk import Illustrate
from gitkb.ingest.plan import Hashed, Item
from gitkb.ingest.repeats import Repeat
from gitkb.ingest.scan import Scan
from gitkb.model import Outcome
from gitkb.store import Snapshot, Store
from gitkb.text import webaddress
from gitkb.text.webaddress import WEB_ROOT, WebAddress

if TYPE_CHECKING:
    from gitkb.fetch.fetcher import Fetcher


@dataclass(frozen=True, slots=True)
class Network:
    """How the web is reached: `resolve` finds the addresses of a host, `proxy` the proxy for a URL ("" for none), which is used
    only where addresses need not be public."""

    resolve: Resolve
    proxy: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Web:
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
        return webaddress.parse(text)
    except ValueError as error:
        raise UsageError(f"{text} cannot be fetched: {error}.", "An address looks like https://host/page.") from error


@contextmanager
def web(
    store: Store, catalog: Catalog, settings: Settings, options: AddOptions, start: Snapshot, network: Network, listener: Listener
) -> Iterator[Web]:
    """What the options want of the web, as the knowledge base stands at `start`; its files are gone when the block ends."""
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
    fetcher = _fetcher(network, options)
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
    from gitkb.ingest.fetching import Fetching
    from gitkb.ingest.illustrating import Illustrating
    from gitkb.ingest.scan import prefix_of
    from gitkb.ingest.validators import SeenPages

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
            partial(large.refusal, settings),
            keep=not options.dry_run,
        )
        found = fetching(addresses)
    return Web((found.scan,), found.hashes, found.repeats, Illustrating(fetcher, pictures), fetcher.close)


def _fetcher(network: Network, options: AddOptions) -> "Fetcher":
    from gitkb.fetch.fetcher import Fetcher
    from gitkb.fetch.wire import Wire

    wire = Wire(network.resolve, lambda address: True, network.proxy) if options.allow_private else Wire(network.resolve)
    return Fetcher(wire, allow_downgrade=options.allow_private)
