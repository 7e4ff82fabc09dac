"""What servers gave to ask later whether something changed, kept by address in `.git/gitkb/web`.

Invariant: an entry is written by rename, so it is whole or absent, and only believed together with the document that it was given
for. It may be deleted at any time: then everything is fetched in full once.
"""

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gitkb.fetch.fetcher import Validators
from gitkb.ingest import codec

FOLDER = "web"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last found at an address: the source path it has here, the hash of its bytes, and the server's validators."""

    url: str
    path: str
    sha256: str
    validators: Validators


class SeenPages:
    """The entries below a folder."""

    def __init__(self, local: Path) -> None:
        self._folder = local / FOLDER

    def get(self, url: str) -> Seen | None:
        """What is known of an address, None for nothing."""
        with contextlib.suppress(OSError, ValueError):
            seen = codec.loads(Seen, self._file(url).read_bytes())
            return seen if seen.url == url else None
        return None

    def keep(self, seen: Seen) -> None:
        """Remembers an entry; a full disk costs only that."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(codec.dumps(seen))
                Path(name).replace(self._file(seen.url))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _file(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()
