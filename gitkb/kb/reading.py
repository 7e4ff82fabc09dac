"""What can be asked of a knowledge base. Invariant: no lock is taken, and each method sees one commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from gitkb import records
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.errors import FormatError
from gitkb.events import (
    Blame,
    CheckResult,
    DocumentRow,
    Listener,
    LogEntry,
    PageRow,
    Shown,
    Status,
)
from gitkb.ingest import pages
from gitkb.ingest.asking import kept_replies
from gitkb.kb.base import Base
from gitkb.model import Record, SearchHit, State
from gitkb.store import RunState, Snapshot
from gitkb.wiki.made import newer

if TYPE_CHECKING:
    from gitkb.answer.chats import Chats
    from gitkb.answer.values import Answer, AnswerListener, AnswerModel, Said
    from gitkb.lint.values import LintOptions, LintResult
    from gitkb.wiki.diff_report import DiffReport
    from gitkb.wiki.diff_web import WebLinks


class Reading(Base):
    """Questions to a knowledge base."""

    def documents(self, at: str | None = None) -> list[DocumentRow]:
        """All documents at a revision, by name."""
        from gitkb.ingest.listing import document_rows

        tip = self._snapshot(at)
        with self.catalog.at(tip, RECORDS, keep=at is None) as db:
            return document_rows(self.store, RecordCorpus(db), tip)

    def pages(self, at: str | None = None) -> list[PageRow]:
        """The pages of concepts and entities that say something, by path, with how they stand to their approval."""
        from gitkb.ingest.listing import page_rows

        with self.catalog.at(self._snapshot(at), RECORDS, keep=at is None) as db:
            return page_rows(RecordCorpus(db))

    def show(self, name: str, at: str | None = None) -> Shown:
        """A document's summary or a page, by name, path or unique part; `NotFound` names the candidates."""
        from gitkb.ingest.find import find_page

        tip = self._snapshot(at)
        path, document = find_page(tip, name)
        return Shown(path, (tip.read(path) or b"").decode("utf-8", "replace"), self._record(tip, document))

    def status(self, at: str | None = None) -> Status:
        """Where the knowledge base stands, or stood at a revision; takes no lock."""
        from gitkb.ingest.listing import approvals_at, changed_pages
        from gitkb.ingest.outdated import outdated_at

        tip, found = self._snapshot(at), self.store.status()
        settings = self.settings(tip)
        branch = at or self.store.branch()
        waits = pages.carries_pages(settings, branch) and bool(pages.pending(self.store, self.catalog, tip))
        asks = settings.compiler == "llm"
        newer_pages = newer(tip) if pages.carries_pages(settings, branch) else ""
        approved = approvals_at(self.catalog, tip, keep=at is None)
        return Status(
            branch=branch,
            commit=tip.commit,
            documents=sum(1 for path, _ in tip.files(records.RECORDS) if records.document_of(path)),
            pages=sum(1 for path, _ in tip.files("wiki") if pages.is_topic_page(path)),
            state=State.PENDING if waits or newer_pages else State.WHOLE,
            runs=tuple(_described(run) for run in found.runs if not run.living),
            living=tuple(_described(run) for run in found.runs if run.living),
            edited=found.edited if at is None else (),
            approved=sum(1 for each in approved if not each.changed),
            changed_since_approval=changed_pages(approved),
            newer=newer_pages,
            model=settings.model if asks else "",
            unwritten=pages.unwritten(self.store, self.catalog, tip) if asks else 0,
            replies=kept_replies(self.store),
            outdated=outdated_at(self.catalog, tip, settings, keep=at is None),
            settings_wait=at is None and self.settings_wait(),
        )

    def log(self, name: str | None = None, limit: int | None = None, at: str | None = None) -> Iterator[LogEntry]:
        """Commits, newest first; those of one document or page when named."""
        from gitkb.ingest.history import log

        return log(self.store, self._snapshot(at), name, limit)

    def search(self, query: str, *, scope: str = "all", limit: int = 10, at: str | None = None) -> list[SearchHit]:
        """The pages that match best at a revision."""
        from gitkb.catalog.passages import PASSAGES
        from gitkb.catalog.search import search

        tip = self._snapshot(at)
        with self.catalog.at(tip, PASSAGES, keep=at is None) as db:
            return search(db, tip, query, scope=scope, limit=limit)

    @contextmanager
    def answering_model(self, name: str, listener: Listener) -> "Iterator[AnswerModel | None]":
        """The model that answers: the one of this name, else that of the settings where their compiler is llm, else None."""
        settings = self.settings()
        if not name and settings.compiler != "llm":
            yield None
            return
        from gitkb.answer.values import AnswerModel
        from gitkb.ingest.session import client_of, model_settings

        user = self.user()
        wanted = model_settings(replace(settings, model=name or settings.model), user)
        with client_of(self.store, user, listener) as client:
            yield AnswerModel(client, wanted.model, user.context_tokens, user.max_output_tokens)

    def query(
        self,
        question: str,
        model: "AnswerModel | None",
        listener: "AnswerListener",
        *,
        at: str | None = None,
        history: "Sequence[Said]" = (),
    ) -> "Answer":
        """An answer at a revision, which the listener hears as it comes: a model's where there is one, else passages. Its
        text is empty where nothing was found. Takes no lock; see `gitkb.answer.answering`."""
        from gitkb.answer.answering import Answering

        tip = self._snapshot(at)
        own = self.settings().llm.instructions if model is not None else ""
        return Answering(self.catalog, tip, at is None, own)(question, model, listener, history)

    def chats(self) -> "Chats":
        """The conversations that are kept here, for nobody else."""
        from gitkb.answer.chats import Chats

        return Chats(self.store.local / "chats")

    def names(self, at: str | None = None) -> list[str]:
        """What documents and pages can be called by in `show`: documents first."""
        from gitkb.ingest.find import page_names

        return page_names(self.store.snapshot(at))

    def check(self, at: str | None = None, *, changed: str | None = None) -> CheckResult:
        """Whether a revision is whole, pending or broken, and what is wrong with it; with `changed` only of what differs from
        that revision."""
        from gitkb.ingest.changed import check_changed
        from gitkb.wiki.check import check

        tip = self._snapshot(at)
        if changed is not None:
            part = check_changed(self.store, self.catalog, self.store.snapshot(changed), tip)
            return CheckResult(part.state, tip.commit, part.problems)
        projected = pages.project_tree(self.catalog, tip, keep=at is None, whole=False)
        found = check(tip, {path: _decoded(tip, path) for path, _ in tip.files(records.RECORDS)}, projected)
        return CheckResult(found.state, tip.commit, tuple(found.problems))

    def lint(
        self, options: "LintOptions", listener: Listener, *, at: str | None = None, model: str | None = None
    ) -> "LintResult":
        """What could be better at a revision; see `gitkb.lint`. Where `model` names one, or is "" and the settings want one,
        it is asked about contradictions. Takes no lock."""
        from gitkb.lint.linting import Lint

        tip = self.store.snapshot(at)
        settings = self.settings(tip)
        asks = model is not None and (model or settings.compiler == "llm")
        asked = replace(settings, model=model or settings.model) if asks else None
        return Lint(self.store, self.catalog, self.user, listener, keep=at is None)(tip, options, asked)

    def diff(self, base: str | None = None, head: str | None = None) -> "DiffReport":
        """What leads from one revision to another, shared pages projected on both sides; see `gitkb.ingest.compare`."""
        from gitkb.ingest.compare import diff

        return diff(self.store, self.catalog, self.settings(), base, head)

    def web_links(self) -> "WebLinks | None":
        """Addresses of files on the service that hosts origin, None where it is not known."""
        from gitkb.ingest.compare import links

        return links(self.store)

    def blame(self, page: str, line: int | None = None, at: str | None = None) -> Blame:
        """Where the claims of a page come from, or its one line; `NotFound` names the candidates."""
        from gitkb.ingest.blame import blame

        return blame(self.store, self._snapshot(at), page, line)


def _described(run: RunState) -> str:
    return f"{run.what}, {run.progress}" if run.progress else run.what


def _decoded(tip: Snapshot, path: str) -> Record | FormatError:
    try:
        return records.decode(tip.read(path) or b"", path)
    except FormatError as error:
        return error
