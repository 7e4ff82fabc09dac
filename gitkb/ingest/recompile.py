"""`recompile`: documents made again from their originals in the knowledge base, with the present converters, compiler, settings.

Invariant: what comes out is what an `add` of the same original makes today; a document whose files would not differ gets no
commit. A person's edits are kept as an update keeps them. What was converted, digested or answered before comes from the cache.
"""

import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.making import making
from gitkb.compile.requests import Replies
from gitkb.config import Settings
from gitkb.errors import UsageError
from gitkb.events import Listener, RecompileOptions, RecompileSummary
from gitkb.ingest.branches import start_of
from gitkb.ingest.committing import ASKS_FIRST, Committing, jobs_of
from gitkb.ingest.documents import find_document
from gitkb.ingest.estimate import Estimate, estimate
from gitkb.ingest.foreseeing import foresee_run
from gitkb.ingest.land import Ready
from gitkb.ingest.originals import Originals
from gitkb.ingest.outdated import newer_documents, outdated_documents
from gitkb.ingest.plan import Item
from gitkb.ingest.pool import Pool
from gitkb.ingest.prepare import Workshop
from gitkb.ingest.replies import ASKS, KnownReplies
from gitkb.ingest.session import Session
from gitkb.model import Outcome, PageChanges, SourceFile
from gitkb.store import Run, Store
from gitkb.topics import DocumentFacts


class RecompileRun:
    """One `recompile`: `settings` are those in force for it; `model` is what a dry run or an estimate would ask, and `replies`
    are those known."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        settings: Settings,
        options: RecompileOptions,
        listener: Listener,
        session: Session | None = None,
        model: ModelSettings | None = None,
        replies: Replies | None = None,
    ) -> None:
        self.store, self.catalog, self.settings, self.options = store, catalog, settings, options
        self.listener, self.session = listener, session
        self.model = session.settings if session else model
        self.replies = replies
        self.pages: dict[str, str] = {}
        self.start = start_of(store, options.branch, "")
        self.work = Committing(store, catalog, settings, listener, session, timings=options.timings, dry=options.dry_run)
        self.work.tip = self.start.commit

    def __call__(self, names: Sequence[str]) -> RecompileSummary:
        """Recompiles documents by name, path or unique part, or those that the options say; `NotFound` before anything is
        changed."""
        started = time.perf_counter()
        facts, sources = self._chosen(names)
        what = f"recompile {facts[0].document if len(facts) == 1 else f'{len(facts)} documents'}"
        with self.store.begin(what, branch=self.options.branch or None, on_wait=self.listener.message) as run:
            self.work.run = run
            self._land_all(run, facts, sources)
            if not self.options.dry_run:
                self.work.refresh()
        if self.options.dry_run:
            return self._foreseen(run.branch, started)
        self.work.clean_up()
        commit = start_of(self.store, run.branch, "").commit
        return self._summary(run.branch, commit, self.work.page_changes.result(), started)

    def estimate(self, names: Sequence[str]) -> Estimate:
        """What recompiling would ask of a model; converts and commits nothing."""
        facts, sources = self._chosen(names)
        assert self.replies is not None
        with self.store.begin("estimate", branch=self.options.branch or None) as run:
            items, shop = _items(facts, run.scratch), self._workshop(run, sources)
            originals = Originals.of(self.store, self.start, run.scratch)
            with Pool(shop, self.settings.convert, run.worker_lock, self.options.jobs) as pool:
                return estimate(pool, jobs_of(items), self.replies, originals.fetch)

    def _chosen(self, names: Sequence[str]) -> tuple[list[DocumentFacts], Mapping[str, str]]:
        """The documents, by name, and the documents of all source paths."""
        if bool(names) + self.options.every + self.options.outdated != 1:
            raise UsageError(
                "Which documents shall be recompiled: some by name, the outdated ones, or all?",
                "gitkb recompile DOCUMENT..., gitkb recompile --outdated, or gitkb recompile --all; gitkb status counts them.",
            )
        with self.catalog.at(self.start, RECORDS, keep=not self.options.branch) as db:
            corpus = RecordCorpus(db)
            known, self.pages = corpus.documents(), corpus.addresses()
            wanted = set(outdated_documents(db, self.settings)) if self.options.outdated else set()
            newer = set(newer_documents(db, self.settings))
        if names:
            wanted = {find_document(self.start, name, known) for name in names}
        sources = {facts.source: facts.document for facts in reversed(known)}
        chosen = [facts for facts in known if self.options.every or facts.document in wanted]
        unreadable = sorted(wanted - {facts.document for facts in chosen})
        if unreadable:
            raise UsageError(f"The record of {unreadable[0]} cannot be read.", "gitkb check says what is wrong with it.")
        return self._without(newer, chosen), sources

    def _without(self, newer: Collection[str], chosen: Sequence[DocumentFacts]) -> list[DocumentFacts]:
        kept = [facts for facts in chosen if facts.document not in newer]
        left = [facts.document for facts in chosen if facts.document in newer]
        if left:
            more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
            self.listener.message(f"{left[0]}{more}: made by a newer gitkb, so left as it is. To make it again, upgrade gitkb.")
        return kept

    def _land_all(self, run: Run, facts: Sequence[DocumentFacts], sources: Mapping[str, str]) -> None:
        items = _items(facts, run.scratch)
        known = KnownReplies(self.replies) if self.replies is not None else None
        originals = Originals.of(self.store, self.start, run.scratch)
        with self.work.preparing(jobs_of(items), self._workshop(run, sources), self.options.jobs, originals.fetch, known):
            for item in items:
                self.work.add(self._entry(item))
                shutil.rmtree(item.source.file.parent, ignore_errors=True)

    def _entry(self, item: Item) -> Item | Ready:
        prepared = self.work.next()
        if self.options.dry_run and prepared.error == ASKS:
            return replace(item, outcome=Outcome.RECOMPILED, reason=ASKS_FIRST)
        return Ready(item, prepared)

    def _workshop(self, run: Run, sources: Mapping[str, str]) -> Workshop:
        return Workshop(
            scratch=run.scratch,
            cache=self.store.local / "cache",
            language=self.settings.language,
            max_bytes=self.settings.convert.max_bytes,
            names=sources,
            pages=self.pages,
            model=self.model,
            settings=making(self.settings).settings,
        )

    def _foreseen(self, branch: str, started: float) -> RecompileSummary:
        pages, foreseen = foresee_run(self.store, self.catalog, self.settings, branch, self.start, self.work.noted)
        return replace(self._summary(branch, self.start.commit, pages, started), foreseen=foreseen)

    def _summary(self, branch: str, commit: str, pages: PageChanges, started: float) -> RecompileSummary:
        self.work.tell_phases()
        counts = self.work.counts
        return RecompileSummary(
            recompiled=counts[Outcome.RECOMPILED],
            unchanged=counts[Outcome.UNCHANGED],
            skipped=counts[Outcome.SKIPPED],
            failed=counts[Outcome.FAILED],
            branch=branch,
            commit=commit,
            pages=pages,
            seconds=time.perf_counter() - started,
            usage=self.work.usage,
            ungrounded=self.work.ungrounded,
        )


def _items(facts: Sequence[DocumentFacts], scratch: Path) -> list[Item]:
    """An item for each document; its original will stand in a folder of its own."""
    folder = scratch / "originals"
    files = (folder / str(number) / "original" for number in range(len(facts)))
    return [
        Item(SourceFile(each.source, file, "", file.parent), each.document, each.sha256, again=True)
        for each, file in zip(facts, files, strict=True)
    ]
