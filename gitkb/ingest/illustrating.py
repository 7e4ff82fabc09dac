"""Fetches the pictures that fetched pages show, under the same rules as the pages.

Invariant: a picture that cannot be had costs the picture alone, and is told. Numbers, bytes and seconds are bounded
for each page; an address is asked once in a run. What the bytes are is for the worker to judge.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from gitkb.errors import FetchFailed
from gitkb.fetch.fetcher import Fetcher
from gitkb.ingest.prepare import Job
from gitkb.text import webaddress

MAX_PICTURES = 100
MAX_PICTURE_BYTES = 16 * 1024**2
SECONDS = 60.0
"""For all pictures of one page."""
_THREADS = 4
_ACCEPT = "image/avif;q=0,image/webp,image/png,image/jpeg,image/gif,image/*;q=0.1"


class Illustrating:
    """Makes of a page's job one that has the pictures; called from many threads."""

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
                    webaddress.parse(address), out.write, MAX_PICTURE_BYTES, accept=_ACCEPT, seconds=seconds
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
