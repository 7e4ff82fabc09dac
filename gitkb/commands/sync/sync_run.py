"""Brings the documents of declared sources up to date: fetches, adds with prune, and notes the commit that they came from.

Invariant: everybody who syncs at the same commit of a source gets the same documents. A source says itself what is newest, so
nothing of it counts as older; only what people removed here stays out. The note is written after everything else is in, and says
which documents it is about, so that it is never true of others. Files of another repository lie in the folder of a run, so that
whatever a kill leaves is found and cleared by the next writer; they are gone when the run ends.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from gitkb.catalog.record_tables import known_at
from gitkb.commands.add.add_run import AddRun
from gitkb.commands.add.compile_context import compile_context
from gitkb.commands.change import Change, ChangeContext
from gitkb.commands.sync.declare import folder_in_repository, no_source
from gitkb.errors import UsageError
from gitkb.formats.declared_sources import (
    SYNCED,
    Synced,
    documents_hash,
    encode_synced,
    sources_at,
    synced_at,
)
from gitkb.model.options import AddOptions, DeclaredSource, SyncOptions
from gitkb.model.results import SyncedSource, SyncSummary
from gitkb.model.web_access import WebAccess
from gitkb.pages.model_session import Asking
from gitkb.store.remote import fetch_files, write_files
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import Content, PlannedCommit


class SyncedFrom(Struct, frozen=True):
    """From where the files of a run come: a declared source, the commit there (hex) and its time (seconds); no commit where they
    are not those of one."""

    source: str
    commit: str
    time: int


class SyncRun(Struct, frozen=True):
    """One `sync`."""

    asking: Asking
    options: SyncOptions
    access: WebAccess

    def __call__(self, tip: Snapshot, names: Sequence[str]) -> SyncSummary:
        """Syncs the sources with these names as a tip declares them, all without a name. `NotFound` and `UsageError` before
        anything is changed."""
        known = {each.name: each for each in sources_at(tip)}
        for name in names:
            if name not in known:
                raise no_source(tip, name)
        if not known:
            raise UsageError("No source is declared.", "Declare one: gitkb source add NAME --path DIR, or --repo URL")
        return SyncSummary(tuple(self._sync(known[name]) for name in dict.fromkeys(names or known)))

    def _sync(self, source: DeclaredSource) -> SyncedSource:
        self.asking.listener.message(f"Syncing {source.name} from {source.where}.")
        how = self.options
        options = AddOptions(
            into=source.name,
            update=True,
            jobs=how.jobs,
            include=source.include,
            exclude=source.exclude,
            dry_run=how.dry_run,
            timings=how.timings,
            branch=how.branch,
            model=how.model,
            max_tokens=how.max_tokens,
            prune=True,
            current=True,
        )
        with self._files(source) as (folder, origin), compile_context(self.asking, options) as (context, model):
            summary = AddRun(context, options, model, self.access, finish=_noting(context, origin))([folder])
        return SyncedSource(source.name, origin.commit, summary)

    @contextmanager
    def _files(self, source: DeclaredSource) -> Iterator[tuple[Path, SyncedFrom]]:
        """The folder of this machine that holds a source now, and from where it came."""
        if source.path:
            yield folder_in_repository(self.asking.store, source), self._of_worktree(source)
        elif self.options.dry_run:
            with TemporaryDirectory(prefix="gitkb-") as folder:
                yield self._fetched(source, Path(folder) / "fetched")
        else:
            store = self.asking.store
            store.recover(self.asking.listener.message)
            branch = self.options.branch or None
            with store.begin(f"fetch {source.name}", branch=branch, on_wait=self.asking.listener.message, signs=False) as run:
                yield self._fetched(source, run.scratch.with_name("fetched"))

    def _of_worktree(self, source: DeclaredSource) -> SyncedFrom:
        """The last commit that changed a folder of this repository; none where it was edited since."""
        store = self.asking.store
        last = next(store.history(f"/{source.path}"), None) if not store.edited_below(f"/{source.path}") else None
        return SyncedFrom(source.name, last.oid if last else "", last.time if last else 0)

    def _fetched(self, source: DeclaredSource, folder: Path) -> tuple[Path, SyncedFrom]:
        store = self.asking.store
        folder.mkdir()
        # As in a checkout: the ignore files above the folder count, and none above the repository.
        snapshot = fetch_files(source.repo, source.ref, folder / ".git", store.top or store.git_dir)
        if not write_files(snapshot, source.subdir, folder):
            raise UsageError(
                f"{source.where} has no file at {snapshot.commit[:12]}, so nothing was changed.",
                "Declare the source again with another --ref or --subdir.",
            )
        return folder / source.subdir, SyncedFrom(source.name, snapshot.commit, snapshot.time)


def _noting(context: ChangeContext, origin: SyncedFrom) -> Callable[[Change], None]:
    """What notes the commit of a source once its documents are in. Where they are what an earlier commit gave, that one stays."""

    def note(transaction: Transaction) -> None:
        tip, name = transaction.tip, origin.source
        with known_at(context.catalog, tip) as known:
            documents = documents_hash((path, sha256) for path, _, sha256 in known.below(name))
        stand, before = [path for path, _ in tip.files(f"{SYNCED}/{name}")], synced_at(tip).get(name)
        same = before is not None and before.documents == documents
        if same and len(stand) == 1:
            return
        made = before if same else Synced(name, origin.commit, origin.time, documents) if origin.commit else None
        changes: dict[str, Content] = dict.fromkeys(stand)
        if made is not None:
            changes[made.path] = encode_synced(made)
        if changes:
            said = f"{name} @ {made.commit[:7]}" if made is not None else f"{name}, at no commit"
            transaction.publish([PlannedCommit(f"sync: {said}\n\nGitkb-Operation: sync\n", changes)])

    return lambda change: change.transact(note)
