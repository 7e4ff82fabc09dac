"""What changes a knowledge base. Invariant: dead runs are cleared up first; then all is done in transactions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.errors import RepositoryError, UsageError
from gitkb.events import (
    AddOptions,
    AddSummary,
    ApproveOptions,
    ApproveSummary,
    DecideSummary,
    Listener,
    MigrateSummary,
    Pruned,
    RecompileOptions,
    RecompileSummary,
    RefreshSummary,
    RemoveSummary,
    TakeBackOptions,
    UndoSummary,
    WatchListener,
    WatchOptions,
)
from gitkb.formats import FORMATS, Formats
from gitkb.ingest import pages
from gitkb.ingest.asking import asks_none, for_once
from gitkb.ingest.notes import Note, forget
from gitkb.kb.base import Base
from gitkb.model import Usage
from gitkb.wiki.made import refuse_newer

if TYPE_CHECKING:
    from gitkb.answer.exploration import Exploration
    from gitkb.answer.values import Saved
    from gitkb.config import Settings
    from gitkb.ingest.estimate import Estimate
    from gitkb.ingest.remembering import FileMemory
    from gitkb.ingest.run import AddRun
    from gitkb.lint.values import FixSummary, LintOptions


class Writing(Base):
    """Changes of a knowledge base."""

    def add(self, paths: Sequence[Path], options: AddOptions, listener: Listener) -> AddSummary:
        """Adds files, folders and pages of the web; see `gitkb.ingest.run`."""
        return self._add(paths, options, listener, None)

    def _add(self, paths: Sequence[Path], options: AddOptions, listener: Listener, memory: "FileMemory | None") -> AddSummary:
        from gitkb.ingest.branches import start_of
        from gitkb.ingest.run import AddRun

        if self._ready(listener, options.branch, options.start, dry_run=options.dry_run):
            options = replace(options, start="")
        start = start_of(self.store, options.branch, options.start)
        settings = for_once(self.settings(start), options)
        if options.dry_run:
            return self._asking_nobody(settings, options, listener, memory)(paths)
        with self._asking(listener).session(settings, start, max_tokens=options.max_tokens, needed=True) as session:
            return AddRun(self.store, self.catalog, settings, options, listener, session, self.network, memory)(paths)

    def watch(self, folders: Sequence[Path], options: WatchOptions, listener: WatchListener) -> None:
        """Adds what is in the folders and what changes there, until it is interrupted; see `gitkb.ingest.watching`."""
        from gitkb.ingest.watching import Watching

        for folder in folders:
            if not folder.is_dir():
                raise UsageError(f"{folder} is no folder.", "Watch the folder that the file is in.")
        root, branch = self.store.worktree or self.store.git_dir, self.store.branch()

        def add(paths: Sequence[Path], each: AddOptions, news: Listener, memory: "FileMemory") -> AddSummary:
            """One run, in the knowledge base as it is by then."""
            base = type(self).open(root)
            base.user, base.network = self.user, self.network
            if not each.branch and (now := base.store.branch()) != branch:
                raise RepositoryError(
                    f"Branch {now} is checked out instead of {branch}; what changes waits until {branch} is back.",
                    f"To write to {branch} whatever is checked out, watch with --branch {branch}.",
                )
            return base._add(paths, each, news, memory)

        Watching(add, tuple(folder.resolve() for folder in folders), options, listener)()

    def estimate(self, paths: Sequence[Path], options: AddOptions, listener: Listener) -> "Estimate":
        """What `add` would ask of a model, without asking it; see `gitkb.ingest.estimate`."""
        from gitkb.ingest.branches import start_of

        self.recover(listener)
        settings = for_once(self.settings(start_of(self.store, options.branch, options.start)), options)
        if settings.compiler != "llm":
            raise asks_none()
        return self._asking_nobody(settings, options, listener).estimate(paths)

    def _asking_nobody(
        self, settings: "Settings", options: AddOptions, listener: Listener, memory: "FileMemory | None" = None
    ) -> "AddRun":
        """An `add` that asks no model, but knows what one has answered."""
        from gitkb.ingest.run import AddRun

        if settings.compiler != "llm":
            return AddRun(self.store, self.catalog, settings, options, listener, None, self.network, memory)
        from gitkb.ingest.session import model_settings, replies

        model, known = model_settings(settings, self.user()), replies(self.store)
        return AddRun(self.store, self.catalog, settings, options, listener, None, self.network, memory, model, known)

    def recompile(self, names: Sequence[str], options: RecompileOptions, listener: Listener) -> RecompileSummary:
        """Makes documents again from their originals in the knowledge base; see `gitkb.ingest.recompile`."""
        from gitkb.ingest.recompiling import recompile

        self._ready(listener, options.branch, dry_run=options.dry_run)
        return recompile(self._asking(listener), self.settings, names, options)

    def estimate_recompile(self, names: Sequence[str], options: RecompileOptions, listener: Listener) -> "Estimate":
        """What `recompile` would ask of a model, without asking it."""
        from gitkb.ingest.recompiling import estimate_recompile

        self.recover(listener)
        return estimate_recompile(self._asking(listener), self.settings, names, options)

    def remove(self, names: Sequence[str], options: TakeBackOptions, listener: Listener) -> RemoveSummary:
        """Removes documents; see `gitkb.ingest.remove`."""
        from gitkb.ingest.remove import RemoveRun

        with self._authored(listener, options.branch, dry_run=options.dry_run) as (settings, author):
            return RemoveRun(self.store, self.catalog, settings, options, listener, author)(names)

    def undo(self, what: str | None, options: TakeBackOptions, listener: Listener) -> UndoSummary:
        """Takes back a commit or a document's last change, by default the last change; see `gitkb.ingest.undo`."""
        from gitkb.ingest.undo import UndoRun

        with self._authored(listener, options.branch, dry_run=options.dry_run) as (settings, author):
            return UndoRun(self.store, self.catalog, settings, options, listener, author)(what)

    def approve(self, names: Sequence[str], options: ApproveOptions, listener: Listener) -> ApproveSummary:
        """A person confirms what pages claim, or takes that back; see `gitkb.ingest.approve`."""
        from gitkb.ingest.approve import ApproveRun
        from gitkb.ingest.branches import start_of

        self._ready(listener, options.branch, dry_run=options.dry_run)
        settings = self.settings(start_of(self.store, options.branch, ""))
        return ApproveRun(self.store, self.catalog, settings, options, listener)(names)

    def migrate(
        self, listener: Listener, *, branch: str = "", dry_run: bool = False, formats: Formats = FORMATS
    ) -> MigrateSummary:
        """Brings a branch that is of an older format to the newest; see `gitkb.ingest.migration`."""
        from gitkb.ingest.migration import Migration

        if not dry_run:
            self.recover(listener)
        return Migration(self.store, listener, branch, formats=formats)(dry_run=dry_run)

    def decide(self, name: str, other: str, options: TakeBackOptions, listener: Listener, *, same: bool) -> DecideSummary:
        """Decides that two names mean the same, so that the claims of the first go on the page of the second, or that they do
        not; see `gitkb.ingest.decide`."""
        from gitkb.ingest.decide import DecideRun

        with self._authored(listener, options.branch, dry_run=options.dry_run) as (settings, author):
            return DecideRun(self.store, self.catalog, settings, options, listener, author)(name, other, same=same)

    def fix(self, options: "LintOptions", how: TakeBackOptions, listener: Listener) -> "FixSummary":
        """Sets right what `lint` finds and can be set right alone; see `gitkb.lint.fixing`."""
        from gitkb.lint.findings import chosen_codes
        from gitkb.lint.fixing import FixRun

        codes = chosen_codes(options.only, options.excepted)
        with self._authored(listener, how.branch, dry_run=how.dry_run) as (settings, author):
            return FixRun(self.store, self.catalog, settings, how, listener, codes, author)()

    def refresh(self, listener: Listener) -> RefreshSummary:
        """Makes the pages commit if pages are pending, and asks a model for every overview that is missing. `NewerFormat` where
        a newer gitkb made the pages."""
        self._ready(listener)
        tip = self.store.snapshot()
        refuse_newer(tip)
        settings = self.settings(tip)
        with (
            self._asking(listener).session(settings, tip) as session,
            self.store.begin("refresh", on_wait=listener.message) as run,
        ):
            if session:
                forget(self.store, Note.TOLD)
            changes = pages.refresh(self.store, run, self.catalog, settings, listener, session.author if session else None)
        usage = session.client.usage if session else Usage()
        return RefreshSummary(run.branch, self.store.snapshot(run.branch).commit, changes, usage)

    def prune_cache(self) -> Pruned:
        """Empties the caches; what is needed again is converted, and paid for, again."""
        from gitkb.ingest.cache import Cache
        from gitkb.ingest.session import replies

        return Pruned(replies(self.store).prune(), Cache(self.store.local / "cache").prune())

    def save_exploration(self, exploration: "Exploration", listener: Listener, *, branch: str = "") -> "Saved":
        """Commits an answer as a page of wiki/explorations/; see `gitkb.answer.save`."""
        from gitkb.answer.save import SaveRun
        from gitkb.ingest.branches import start_of

        self._ready(listener, branch)
        settings = self.settings(start_of(self.store, branch, ""))
        return SaveRun(self.store, self.catalog, settings, branch, listener)(exploration)
