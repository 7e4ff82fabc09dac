"""Every command that writes tells whoever waits for another process, and goes on when that has ended."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import pytest
from filelock import FileLock

from gitkb import KnowledgeBase
from gitkb.formats.settings import CONFIG_PATH
from gitkb.model.answers import Answer
from gitkb.model.listener import Listener
from gitkb.model.options import AddOptions, ApproveOptions, ChangeOptions, RecompileOptions
from gitkb.store.transaction.run import LOCK_MESSAGE
from tests.support.small_documents import TEXTS, write

PATIENCE = 20.0
"""Seconds after which the lock is given back, so that a command that says nothing fails and does not hang."""


class Releasing(Listener):
    """Gives the lock back when it hears that somebody waits for it."""

    def __init__(self, lock: FileLock) -> None:
        self.lock, self.said = lock, list[str]()

    def message(self, text: str) -> None:
        self.said.append(text)
        if text == LOCK_MESSAGE:
            self.lock.release(force=True)


@dataclass
class Place:
    """A knowledge base of a few documents with a remote, a branch to merge, and a folder of more documents."""

    top: Path
    base: KnowledgeBase = field(init=False)

    def __post_init__(self) -> None:
        self.base = KnowledgeBase.open(self.top / "kb")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.top / "kb"), *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("waiting")
    write(top / "docs", TEXTS)
    write(top / "more", {"zab.md": "# Zab\n\nZab is a broadcast protocol that keeps the order of every change.\n"})
    KnowledgeBase.init(top / "kb")
    base = KnowledgeBase.open(top / "kb")
    base.add([top / "docs"], AddOptions(jobs=1))
    base.add([top / "more"], AddOptions(jobs=1, branch="side"))
    place = Place(top)
    place.git("config", "user.name", "Ada")
    place.git("config", "user.email", "ada@example.org")
    subprocess.run(["git", "init", "--bare", "-q", str(top / "hub.git")], check=True)
    place.git("remote", "add", "origin", "../hub.git")
    place.git("push", "-q", "origin", "side:main")
    return top


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Iterator[Place]:
    shutil.copytree(made, tmp_path / "top", symlinks=True)
    yield Place(tmp_path / "top")


def _older(place: Place) -> None:
    """Makes the settings those of the first format."""
    file = place.top / "kb" / CONFIG_PATH
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("format:")))
    place.git("commit", "-qam", "an older format")


def _answer(place: Place) -> Answer:
    return Answer("What is Raft?", "Raft is a protocol. [Raft](concepts/raft.md)", place.base.commit())


Change = Callable[[Place, Listener], object]
CHANGES: dict[str, Change] = {
    "add": lambda place, heard: place.base.add([place.top / "more"], AddOptions(jobs=1), heard),
    "add --dry-run": lambda place, heard: place.base.add([place.top / "more"], AddOptions(jobs=1, dry_run=True), heard),
    "add --estimate": lambda place, heard: place.base.estimate([place.top / "more"], AddOptions(jobs=1, model="m"), heard),
    "recompile": lambda place, heard: place.base.recompile([], RecompileOptions(every=True, jobs=1), heard),
    "recompile --estimate": lambda place, heard: place.base.estimate_recompile(
        [], RecompileOptions(every=True, jobs=1, model="m"), heard
    ),
    "remove": lambda place, heard: place.base.remove(["docs/raft"], ChangeOptions(), heard),
    "undo": lambda place, heard: place.base.undo(None, ChangeOptions(), heard),
    "approve": lambda place, heard: place.base.approve(["concepts/write-ahead-logging"], ApproveOptions(), heard),
    "same": lambda place, heard: place.base.decide(*_two(place), ChangeOptions(), heard, same=True),
    "apart": lambda place, heard: place.base.decide(*_two(place), ChangeOptions(), heard, same=False),
    "drop": lambda place, heard: place.base.drop(_two(place)[0], ChangeOptions(), heard),
    "lint --fix": lambda place, heard: place.base.fix(None, ChangeOptions(), heard),
    "refresh": lambda place, heard: place.base.refresh(heard),
    "migrate": lambda place, heard: place.base.migrate(heard),
    "save an answer": lambda place, heard: place.base.save_answer(_answer(place), heard),
    "write a page": lambda place, heard: place.base.write_page("wiki/notes/one.md", "# One\n\nWords.\n", "", None, heard),
    "edit a page": lambda place, heard: place.base.edit_page("notes/two", "# Two\n\nWords.\n", "", heard),
    "merge": lambda place, heard: place.base.merge("side", None, heard),
    "pull": lambda place, heard: place.base.pull(None, heard),
    "push": lambda place, heard: place.base.push(heard),
    "pr": lambda place, heard: place.base.pull_request(heard, branch="side", base="other"),
}


def _two(place: Place) -> tuple[str, str]:
    one, other, *_ = (row.title for row in place.base.pages())
    return one, other


@pytest.mark.parametrize("name", CHANGES)
def test_who_waits_for_another_process_is_told(place: Place, name: str) -> None:
    if name == "migrate":
        _older(place)
    if name == "pr":
        place.git("push", "-q", "origin", "main:other", "main:side", "--force")
    lock = FileLock(place.top / "kb" / ".git" / "gitkb" / "lock", thread_local=False)
    heard = Releasing(lock)
    lock.acquire()
    late = Timer(PATIENCE, lambda: lock.release(force=True))
    late.start()
    try:
        CHANGES[name](place, heard)
    finally:
        late.cancel()
        lock.release(force=True)
    assert heard.said.count(LOCK_MESSAGE) == 1, heard.said


def test_no_command_that_writes_is_missing_here() -> None:
    """Methods that take a listener and write must be in the table; those that only read, or are loops of others, are named."""
    reading = {"lint", "answering_model", "query", "recover", "prune_cache", "init", "watch", "check", "preview"}
    reading |= {"cancel_batches"}  # what it changes is kept beside the repository
    writing = {"add", "estimate", "recompile", "estimate_recompile", "remove", "undo", "approve", "decide", "drop", "fix"}
    writing |= {"refresh", "migrate", "save_answer", "write_page", "edit_page", "merge", "pull", "push", "pull_request"}
    import inspect

    found = {
        name
        for name, method in inspect.getmembers(KnowledgeBase, inspect.isfunction)
        if not name.startswith("_") and "listener" in inspect.signature(method).parameters
    }
    assert found == reading - {"prune_cache"} | writing
