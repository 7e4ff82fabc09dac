"""Whether the file of a document is gone from the folder that it was added from: really gone, not only left out of a scan.

Invariant: looks at the disk itself, at names as they are written there, so neither an ignore file nor `--exclude` makes a file
gone, and neither does a folder that cannot be listed. Only folders that this run scans are looked into.
"""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from gitkb.ingest.scan import Scan, stored_path


class Disk:
    """The folders of some scans; what was listed once is remembered."""

    def __init__(self, scans: Sequence[Scan]) -> None:
        self._folders = [(scan.root, scan.folder) for scan in scans if scan.is_folder]
        self._scanned = {source.path for scan in scans for source in scan.files}
        self._listings: dict[Path, dict[str, Path] | OSError] = {}

    def is_gone(self, source: str) -> bool:
        """Whether a source path lies below a scanned folder and no file stands there any more."""
        if source in self._scanned:
            return False
        below = [(folder, source[len(root) + 1 :]) for root, folder in self._folders if source.startswith(f"{root}/")]
        return bool(below) and not any(self._stands(folder, path.split("/")) for folder, path in below)

    def _stands(self, folder: Path, parts: Sequence[str]) -> bool:
        for part in parts:
            try:
                listing = self._listing(folder)
            except (FileNotFoundError, NotADirectoryError):
                return False
            except OSError:
                return True  # nobody can tell
            if part not in listing:
                return False
            folder = listing[part]
        return not folder.is_dir()

    def _listing(self, folder: Path) -> dict[str, Path]:
        """The entries of a folder by the names that records have for them."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    found = {stored_path(form): Path(entry.path) for entry in entries for form in _forms(entry.name)}
                self._listings[folder] = found
            except OSError as error:
                self._listings[folder] = error
        listing = self._listings[folder]
        if isinstance(listing, OSError):
            raise listing
        return listing


def _forms(name: str) -> tuple[str, str]:
    return unicodedata.normalize("NFC", name), name
