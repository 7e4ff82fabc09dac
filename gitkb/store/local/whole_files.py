"""Files that are written whole or not at all: first as a draft, then by one rename."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, data: bytes, *, drafts: Path | None = None, durable: bool = False) -> None:
    """Makes or replaces a file, readable by the user alone; an `OSError` leaves what was there.

    The draft lies beside the file, or in `drafts` on the same disk, where a kill may leave it. `durable`: the bytes are on the
    disk before the file has its name.
    """
    handle, name = tempfile.mkstemp(dir=drafts or file.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            if durable:
                out.flush()
                os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
