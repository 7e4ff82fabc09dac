"""A tree of files in memory, for what only reads."""

import hashlib
from collections.abc import Iterator, Mapping

from gitkb.model.documents import TreeChange


class FilesTree:
    """A `Tree` of these files."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {path: text.encode() for path, text in files.items()}
        self._blobs = {hashlib.sha1(data).hexdigest(): data for data in self._files.values()}

    @property
    def oid(self) -> str:
        return hashlib.sha1(repr(sorted(self._files.items())).encode()).hexdigest()

    def read(self, path: str) -> bytes | None:
        return self._files.get(path)

    def read_blob(self, oid: str) -> bytes:
        return self._blobs[oid]

    def blob(self, path: str) -> str | None:
        data = self._files.get(path)
        return None if data is None else hashlib.sha1(data).hexdigest()

    def files(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        for path in sorted(self._files):
            if not prefix or path.startswith(f"{prefix}/"):
                yield path, self.blob(path) or ""

    def changes_since(self, old: str | None) -> list[TreeChange]:
        if old is not None:
            raise KeyError(old)
        return [TreeChange(path, None, oid) for path, oid in self.files()]
