"""What a watching process remembers of files: it reads what changed, waits for what is being written, and does not nag."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from gitkb.intake.hashing import FileMemory, Hashed
from gitkb.intake.scan import Filter, Scan, scan
from gitkb.model.documents import SourceFile

LONG_AGO = time.time() - 1000


class Reader:
    """Hashes what it is asked for, and keeps what that was."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, sources: Sequence[SourceFile]) -> list[Hashed]:
        self.read += [source.path for source in sources]
        return [Hashed(source.file.read_text()) for source in sources]


def write(file: Path, text: str, when: float = LONG_AGO) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    os.utime(file, (when, when))


def look(memory: FileMemory, folder: Path, reader: Reader) -> dict[str, str]:
    memory.begin()
    found: Scan = memory.at_rest(scan(folder, "", Filter(), None))
    return {s.path: h.sha256 for s, h in zip(found.files, memory.hashes(found.files, reader), strict=True)}


def test_a_file_that_was_written_just_now_is_left_for_later(tmp_path: Path) -> None:
    memory = FileMemory(settle=60)
    write(tmp_path / "docs" / "a.md", "a")
    assert look(memory, tmp_path / "docs", Reader()) == {}
    assert memory.waiting == ("docs/a.md",) and time.time() < memory.ready_at <= time.time() + 60


def test_a_file_at_rest_is_read_once_and_again_when_it_changed(tmp_path: Path, monkeypatch: object) -> None:
    memory, reader, folder = FileMemory(settle=0.0), Reader(), tmp_path / "docs"
    for name in ("a.md", "b.md"):
        write(folder / name, name)
    look(memory, folder, reader)
    # The time of change is now, so a coarse clock might hide another change: nothing is remembered yet.
    later = FileMemory(settle=0.0)
    later._hashes = {path: (signature, Hashed(path[5:])) for path, signature in memory._current.items()}
    reader.read.clear()
    assert look(later, folder, reader) == {"docs/a.md": "a.md", "docs/b.md": "b.md"} and reader.read == []
    write(folder / "b.md", "other")
    assert look(later, folder, reader)["docs/b.md"] == "other" and reader.read == ["docs/b.md"]


def test_a_file_that_failed_is_left_alone_until_it_changes(tmp_path: Path) -> None:
    memory, folder = FileMemory(settle=0.0), tmp_path / "docs"
    write(folder / "a.md", "a")
    assert look(memory, folder, Reader())
    memory.failed("docs/a.md")
    assert look(memory, folder, Reader()) == {}
    write(folder / "a.md", "better")
    assert look(memory, folder, Reader()) == {"docs/a.md": "better"}


def test_a_time_in_the_future_does_not_keep_a_file_out(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "a.md", "a", time.time() + 10_000)
    assert look(FileMemory(settle=1.0), tmp_path / "docs", Reader()) == {"docs/a.md": "a"}
