"""Which pages of the wiki link to which, remembered between two runs of the server.

Invariant: what is remembered of a page hangs on its path and its bytes alone, so it is right for every revision. A file that is
damaged counts as absent, and the folder may be deleted at any time.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitkb.web.rendering import targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME, _WORTH = "links", 300
"""The file, and how many pages must have been read for it to be written anew."""
_Targets = dict[str, tuple[str, tuple[str, ...]]]
"""By the path of a page the id of its bytes, and the pages to which it links."""


class Backlinks:
    """The links of the pages that were looked at last. For one thread at a time."""

    def __init__(self) -> None:
        self._known: _Targets | None = None

    def of(
        self, blobs: Mapping[str, str], read: Callable[[], Callable[[str], bytes]], memory: Path | None
    ) -> dict[str, tuple[str, ...]]:
        """For each page the pages that link to it, but lists. `blobs` are the ids of all files by path; `read` gives what reads
        an id, and is called if a page is new. `memory` is the folder in which it is remembered, None for nowhere."""
        before = self._known if self._known is not None else _loaded(memory)
        now: _Targets = {}
        reader: Callable[[str], bytes] | None = None
        new = 0
        for path, blob in blobs.items():
            if not path.endswith(".md") or path.rpartition("/")[2].startswith("index"):
                continue
            known = before.get(path)
            if known is None or known[0] != blob:
                reader, new = reader or read(), new + 1
                known = (blob, tuple(sorted(targets(path, reader(blob).decode("utf-8", "replace")))))
            now[path] = known
        self._known = now
        if memory is not None and new >= _WORTH:
            _save(memory, now)
        found: dict[str, list[str]] = {}
        for path, (_, to) in now.items():
            for target in to:
                found.setdefault(target, []).append(path)
        return {path: tuple(pages) for path, pages in found.items()}


def _loaded(memory: Path | None) -> _Targets:
    if memory is not None:
        with suppress(OSError, ValueError, zlib.error):
            return msgspec.msgpack.decode(zlib.decompress((memory / _NAME).read_bytes()), type=_Targets)
    return {}


def _save(memory: Path, found: _Targets) -> None:
    """A full disk is no error: the pages are read again next time. Nor is a path that is no text."""
    with suppress(OSError, ValueError):
        data = zlib.compress(msgspec.msgpack.encode(found), 1)
        memory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=memory)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(name).replace(memory / _NAME)
        finally:
            Path(name).unlink(missing_ok=True)
