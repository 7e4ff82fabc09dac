"""What all parts of a knowledge base's front door stand on: opening one, its settings, getting ready to write.

Invariant: nothing here prints or reads the environment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitkb import records
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.config import CONFIG_PATH, Effective, Settings, effective_settings, parse_settings
from gitkb.errors import NotAKnowledgeBase, NotFound
from gitkb.events import (
    InitResult,
    Listener,
)
from gitkb.fetch.public import resolve
from gitkb.ingest.asking import Asking
from gitkb.ingest.versions import refuse_newer_settings
from gitkb.ingest.web import Network
from gitkb.model import Record
from gitkb.store import Snapshot, Store
from gitkb.usersettings import UserSettings

if TYPE_CHECKING:
    from gitkb.ingest.authoring import Author

_DEFAULTS = Settings()


class Base:
    """A knowledge base that is open: its store, its catalog, and how a model and the web are reached."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.user: Callable[[], UserSettings] = UserSettings
        """The settings of whoever works here: how a model is reached. Asked for only when one is."""
        self.network = Network(resolve, lambda url: "")
        """How the web is reached where a page is to be fetched."""
        folder = store.derived
        self.catalog = Catalog(folder / "catalog.sqlite" if folder is not None else None)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The knowledge base of a folder (its root, or a bare repository); `NotAKnowledgeBase` when it holds none."""
        hint = f"Make one with: gitkb init {path}"
        if not path.is_dir():
            raise NotAKnowledgeBase(f"{path} does not exist.", hint)
        found = Store.discover(path)
        if found is None or found.resolve() != path.resolve():
            raise NotAKnowledgeBase(f"{path} is not a knowledge base.", hint)
        return cls._opened(found)

    @classmethod
    def discover(cls, start: Path) -> Self:
        """The knowledge base that holds a folder; `NotAKnowledgeBase` when none does."""
        found = Store.discover(start)
        if found is None:
            raise NotAKnowledgeBase(f"There is no knowledge base in {start} or above it.", "Make one with: gitkb init")
        return cls._opened(found)

    @classmethod
    def _opened(cls, folder: Path) -> Self:
        """The knowledge base of a repository; `NewerFormat` where a newer gitkb made it what it is."""
        store = Store.open(folder)
        with suppress(NotFound):
            refuse_newer_settings(store.snapshot())
        return cls(store)

    @classmethod
    def init(cls, path: Path, *, bare: bool, listener: Listener, settings: Settings = _DEFAULTS) -> InitResult:
        """Makes a knowledge base in a new folder, an existing one, or an existing repository; `settings` names its compiler."""
        from gitkb.ingest.setup import init

        return init(path, bare=bare, listener=listener, settings=settings)

    def settings(self, at: Snapshot | None = None) -> Settings:
        """The tracked settings at a commit, the tip by default."""
        return parse_settings(self._settings_text(at))

    def effective_settings(self) -> list[Effective]:
        """Every tracked setting in force at the tip, and whether the file holds it."""
        return effective_settings(self._settings_text())

    def settings_wait(self) -> bool:
        """Whether the file of settings was edited and not committed, so that something else is in force than it says."""
        file = self.store.worktree / CONFIG_PATH if self.store.worktree is not None else None
        if file is None or not file.is_file():
            return False
        return file.read_bytes().replace(b"\r\n", b"\n").decode("utf-8", "replace") != self._settings_text()

    def _settings_text(self, at: Snapshot | None = None) -> str:
        content = (at or self.store.snapshot()).read(CONFIG_PATH)
        if content is None:
            raise NotAKnowledgeBase(
                f"{CONFIG_PATH} is missing at the tip.", f"Take it back with: git checkout HEAD~ -- {CONFIG_PATH}"
            )
        return content.decode("utf-8", "replace")

    def _snapshot(self, at: str | None) -> Snapshot:
        """The files of a revision, the tip by default; `NewerFormat` where they are a newer gitkb's."""
        found = self.store.snapshot(at)
        if at is not None:
            refuse_newer_settings(found)
        return found

    def _record(self, tip: Snapshot, document: str | None) -> Record | None:
        content = tip.read(records.record_path(document)) if document else None
        return records.decode(content, records.record_path(document)) if document and content is not None else None

    def recover(self, listener: Listener) -> bool:
        """Clears what dead runs left; True when there was something."""
        return bool(self.store.recover(listener.message))

    def _ready(self, listener: Listener, branch: str = "", start: str = "", *, dry_run: bool = False) -> bool:
        """Clears up after dead runs and migrates the branch to be written where it is of an older format; a dry run says so.
        True where it was migrated, so that a new branch stands already."""
        from gitkb.ingest.branches import start_of
        from gitkb.ingest.migration import migrate_first

        if not dry_run:
            self.recover(listener)
        migrated = migrate_first(self.store, listener, branch, start, dry_run=dry_run)
        self._refuse_newer(start_of(self.store, branch, "" if migrated else start), keep=not branch)
        return migrated

    def _refuse_newer(self, tip: Snapshot, *, keep: bool) -> None:
        """Raises `NewerFormat` where a file is a newer gitkb's, before anything is changed that this one does not understand."""
        with self.catalog.at(tip, RECORDS, keep=keep) as db:
            RecordCorpus(db).refuse_newer()

    def _asking(self, listener: Listener) -> Asking:
        return Asking(self.store, self.catalog, self.user, listener)

    @contextmanager
    def _authored(self, listener: Listener, branch: str, *, dry_run: bool) -> "Iterator[tuple[Settings, Author | None]]":
        """Gets ready to change a branch: its settings, and who writes about the pages that change (nobody in a dry run)."""
        from gitkb.ingest.branches import start_of

        self._ready(listener, branch, dry_run=dry_run)
        tip = start_of(self.store, branch, "")
        settings = self.settings(tip)
        with nullcontext() if dry_run else self._asking(listener).session(settings, tip) as session:
            yield settings, session.author if session else None
