"""What a dry run would change, path by path: commits that are planned and not made.

Invariant: only paths whose content would differ from the tip's are noted. What no shared page is made of (originals, pictures, a
document's own pages) is noted by its blob's id in place of its bytes, and its file is deleted, so that a dry run of much takes
little memory and disk.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from gitkb.model import Tree
from gitkb.store import Content, Stored


def note(noted: dict[str, bytes | None], tip: Tree, changes: Mapping[str, Content]) -> None:
    """Adds to `noted` what a planned commit changes; deletes the files of the scratch folder that it names."""
    for path, content in changes.items():
        assert not isinstance(content, Stored)
        oid = _blob_id(content)
        if oid == tip.blob(path):
            noted.pop(path, None)
        elif isinstance(content, Path) and not path.startswith(".gitkb/"):
            noted[path] = (oid or "").encode()
        else:
            noted[path] = content.read_bytes() if isinstance(content, Path) else content
        if isinstance(content, Path):
            content.unlink()


def _blob_id(content: bytes | Path | None) -> str | None:
    if content is None:
        return None
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    sha = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    if isinstance(content, bytes):
        sha.update(content)
        return sha.hexdigest()
    with content.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha.update(chunk)
    return sha.hexdigest()
