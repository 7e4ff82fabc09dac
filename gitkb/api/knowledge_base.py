"""The library's front door: `KnowledgeBase`, which every command and interface calls.

Invariant: nothing here prints or reads the environment.

Invariant: reading methods take no lock and see one commit; writing methods recover from dead runs first and then work in
transactions. Nothing here prints or reads the environment.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitkb.branch.migrate import refuse_newer_settings
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.errors import FormatError, NotAKnowledgeBase, NotFound, RepositoryError, UsageError
from gitkb.formats import records
from gitkb.formats.settings import CONFIG_PATH, Effective, Settings, effective_settings, parse_settings
from gitkb.formats.user_settings import UserSettings
from gitkb.formats.versions import FORMATS, Formats
from gitkb.intake.web.http_wire import resolve
from gitkb.intake.web.session import Network
from gitkb.model.documents import Record
from gitkb.model.listener import Listener, WatchListener
from gitkb.model.options import AddOptions, ApproveOptions, MergeChoices, RecompileOptions, TakeBackOptions, WatchOptions
from gitkb.model.results import (
    AddSummary,
    ApproveSummary,
    Blame,
    CheckResult,
    DecideSummary,
    DocumentRow,
    InitResult,
    InstalledHook,
    LogEntry,
    MergeSummary,
    MigrateSummary,
    PageRow,
    Pruned,
    PullRequest,
    PushSummary,
    RecompileSummary,
    RefreshSummary,
    RefUpdate,
    Refused,
    RemoveSummary,
    SearchHit,
    Shown,
    State,
    Status,
    UndoSummary,
    Usage,
)
from gitkb.pages import refresh
from gitkb.pages.model_session import Asking, asks_none, for_once, kept_replies
from gitkb.pages.scope import Note, forget, noted, remember
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.values import RunState
from gitkb.wiki.projection import newer, refuse_newer

if TYPE_CHECKING:
    from gitkb.commands.add.add_run import AddRun
    from gitkb.commands.answer.chats import Chats
    from gitkb.commands.answer.saved_answer import Exploration
    from gitkb.commands.answer.types import Answer, AnswerListener, AnswerModel, Said, Saved
    from gitkb.commands.diff.report import DiffReport, WebLinks
    from gitkb.commands.lint.findings import FixSummary, LintOptions, LintResult
    from gitkb.commands.share.hooks import HookChoice
    from gitkb.intake.hashing import FileMemory
    from gitkb.intake.prepare.estimate import Estimate
    from gitkb.pages.author import Author


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
        from gitkb.commands.init import init

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
        from gitkb.branch.migrate import migrate_first
        from gitkb.branch.tips import start_of

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
        from gitkb.branch.tips import start_of

        self._ready(listener, branch, dry_run=dry_run)
        tip = start_of(self.store, branch, "")
        settings = self.settings(tip)
        with nullcontext() if dry_run else self._asking(listener).session(settings, tip) as session:
            yield settings, session.author if session else None


class Reading(Base):
    """Questions to a knowledge base."""

    def documents(self, at: str | None = None) -> list[DocumentRow]:
        """All documents at a revision, by name."""
        from gitkb.commands.inspect.listing import document_rows

        tip = self._snapshot(at)
        with self.catalog.at(tip, RECORDS, keep=at is None) as db:
            return document_rows(self.store, RecordCorpus(db), tip)

    def pages(self, at: str | None = None) -> list[PageRow]:
        """The pages of concepts and entities that say something, by path, with how they stand to their approval."""
        from gitkb.commands.inspect.listing import page_rows

        with self.catalog.at(self._snapshot(at), RECORDS, keep=at is None) as db:
            return page_rows(RecordCorpus(db))

    def show(self, name: str, at: str | None = None) -> Shown:
        """A document's summary or a page, by name, path or unique part; `NotFound` names the candidates."""
        from gitkb.commands.inspect.find import find_page

        tip = self._snapshot(at)
        path, document = find_page(tip, name)
        return Shown(path, (tip.read(path) or b"").decode("utf-8", "replace"), self._record(tip, document))

    def status(self, at: str | None = None) -> Status:
        """Where the knowledge base stands, or stood at a revision; takes no lock."""
        from gitkb.commands.inspect.listing import approvals_at, changed_pages, outdated_at

        tip, found = self._snapshot(at), self.store.status()
        settings = self.settings(tip)
        branch = at or self.store.branch()
        waits = refresh.carries_pages(settings, branch) and bool(refresh.pending(self.store, self.catalog, tip))
        asks = settings.compiler == "llm"
        newer_pages = newer(tip) if refresh.carries_pages(settings, branch) else ""
        approved = approvals_at(self.catalog, tip, keep=at is None)
        return Status(
            branch=branch,
            commit=tip.commit,
            documents=sum(1 for path, _ in tip.files(records.RECORDS) if records.document_of(path)),
            pages=sum(1 for path, _ in tip.files("wiki") if refresh.is_topic_page(path)),
            state=State.PENDING if waits or newer_pages else State.WHOLE,
            runs=tuple(_described(run) for run in found.runs if not run.living),
            living=tuple(_described(run) for run in found.runs if run.living),
            edited=found.edited if at is None else (),
            approved=sum(1 for each in approved if not each.changed),
            changed_since_approval=changed_pages(approved),
            newer=newer_pages,
            model=settings.model if asks else "",
            unwritten=refresh.unwritten(self.store, self.catalog, tip) if asks else 0,
            replies=kept_replies(self.store),
            outdated=outdated_at(self.catalog, tip, settings, keep=at is None),
            settings_wait=at is None and self.settings_wait(),
        )

    def log(self, name: str | None = None, limit: int | None = None, at: str | None = None) -> Iterator[LogEntry]:
        """Commits, newest first; those of one document or page when named."""
        from gitkb.commands.inspect.log import log

        return log(self.store, self._snapshot(at), name, limit)

    def search(self, query: str, *, scope: str = "all", limit: int = 10, at: str | None = None) -> list[SearchHit]:
        """The pages that match best at a revision."""
        from gitkb.catalog.search.passage_index import PASSAGES
        from gitkb.catalog.search.search import search

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
        from gitkb.commands.answer.types import AnswerModel
        from gitkb.pages.model_session import client_of, model_settings

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
        text is empty where nothing was found. Takes no lock; see `gitkb.commands.answer.answer`."""
        from gitkb.commands.answer.answer import Answering

        tip = self._snapshot(at)
        own = self.settings().llm.instructions if model is not None else ""
        return Answering(self.catalog, tip, at is None, own)(question, model, listener, history)

    def chats(self) -> "Chats":
        """The conversations that are kept here, for nobody else."""
        from gitkb.commands.answer.chats import Chats

        return Chats(self.store.local / "chats")

    def names(self, at: str | None = None) -> list[str]:
        """What documents and pages can be called by in `show`: documents first."""
        from gitkb.commands.inspect.find import page_names

        return page_names(self.store.snapshot(at))

    def check(self, at: str | None = None, *, changed: str | None = None) -> CheckResult:
        """Whether a revision is whole, pending or broken, and what is wrong with it; with `changed` only of what differs from
        that revision."""
        from gitkb.commands.inspect.check_changed import check_changed
        from gitkb.wiki.check import check

        tip = self._snapshot(at)
        if changed is not None:
            part = check_changed(self.store, self.catalog, self.store.snapshot(changed), tip)
            return CheckResult(part.state, tip.commit, part.problems)
        projected = refresh.project_tree(self.catalog, tip, keep=at is None, whole=False)
        found = check(tip, {path: _decoded(tip, path) for path, _ in tip.files(records.RECORDS)}, projected)
        return CheckResult(found.state, tip.commit, tuple(found.problems))

    def lint(
        self, options: "LintOptions", listener: Listener, *, at: str | None = None, model: str | None = None
    ) -> "LintResult":
        """What could be better at a revision; see `gitkb.commands.lint`. Where `model` names one, or is "" and the settings want
        one, it is asked about contradictions. Takes no lock."""
        from gitkb.commands.lint.lint_run import Lint

        tip = self.store.snapshot(at)
        settings = self.settings(tip)
        asks = model is not None and (model or settings.compiler == "llm")
        asked = replace(settings, model=model or settings.model) if asks else None
        return Lint(self.store, self.catalog, self.user, listener, keep=at is None)(tip, options, asked)

    def diff(self, base: str | None = None, head: str | None = None) -> "DiffReport":
        """What leads from one revision to another, shared pages projected on both sides; see `gitkb.commands.diff.revisions`."""
        from gitkb.commands.diff.revisions import diff

        return diff(self.store, self.catalog, self.settings(), base, head)

    def web_links(self) -> "WebLinks | None":
        """Addresses of files on the service that hosts origin, None where it is not known."""
        from gitkb.commands.diff.revisions import links

        return links(self.store)

    def blame(self, page: str, line: int | None = None, at: str | None = None) -> Blame:
        """Where the claims of a page come from, or its one line; `NotFound` names the candidates."""
        from gitkb.commands.inspect.blame import blame

        return blame(self.store, self._snapshot(at), page, line)


def _described(run: RunState) -> str:
    return f"{run.what}, {run.progress}" if run.progress else run.what


def _decoded(tip: Snapshot, path: str) -> Record | FormatError:
    try:
        return records.decode(tip.read(path) or b"", path)
    except FormatError as error:
        return error


class Writing(Base):
    """Changes of a knowledge base."""

    def add(self, paths: Sequence[Path], options: AddOptions, listener: Listener) -> AddSummary:
        """Adds files, folders and pages of the web; see `gitkb.commands.add.add_run`."""
        return self._add(paths, options, listener, None)

    def _add(self, paths: Sequence[Path], options: AddOptions, listener: Listener, memory: "FileMemory | None") -> AddSummary:
        from gitkb.branch.tips import start_of
        from gitkb.commands.add.add_run import AddRun

        if self._ready(listener, options.branch, options.start, dry_run=options.dry_run):
            options = replace(options, start="")
        start = start_of(self.store, options.branch, options.start)
        settings = for_once(self.settings(start), options)
        if options.dry_run:
            return self._asking_nobody(settings, options, listener, memory)(paths)
        with self._asking(listener).session(settings, start, max_tokens=options.max_tokens, needed=True) as session:
            return AddRun(self.store, self.catalog, settings, options, listener, session, self.network, memory)(paths)

    def watch(self, folders: Sequence[Path], options: WatchOptions, listener: WatchListener) -> None:
        """Adds what is in the folders and what changes there, until it is interrupted; see `gitkb.commands.add.watch`."""
        from gitkb.commands.add.watch import Watching

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
        """What `add` would ask of a model, without asking it; see `gitkb.intake.prepare.estimate`."""
        from gitkb.branch.tips import start_of

        self.recover(listener)
        settings = for_once(self.settings(start_of(self.store, options.branch, options.start)), options)
        if settings.compiler != "llm":
            raise asks_none()
        return self._asking_nobody(settings, options, listener).estimate(paths)

    def _asking_nobody(
        self, settings: "Settings", options: AddOptions, listener: Listener, memory: "FileMemory | None" = None
    ) -> "AddRun":
        """An `add` that asks no model, but knows what one has answered."""
        from gitkb.commands.add.add_run import AddRun

        if settings.compiler != "llm":
            return AddRun(self.store, self.catalog, settings, options, listener, None, self.network, memory)
        from gitkb.pages.model_session import model_settings, replies

        model, known = model_settings(settings, self.user()), replies(self.store)
        return AddRun(self.store, self.catalog, settings, options, listener, None, self.network, memory, model, known)

    def recompile(self, names: Sequence[str], options: RecompileOptions, listener: Listener) -> RecompileSummary:
        """Makes documents again from their originals in the knowledge base; see `gitkb.commands.add.recompile`."""
        from gitkb.commands.add.recompile import recompile

        self._ready(listener, options.branch, dry_run=options.dry_run)
        return recompile(self._asking(listener), self.settings, names, options)

    def estimate_recompile(self, names: Sequence[str], options: RecompileOptions, listener: Listener) -> "Estimate":
        """What `recompile` would ask of a model, without asking it."""
        from gitkb.commands.add.recompile import estimate_recompile

        self.recover(listener)
        return estimate_recompile(self._asking(listener), self.settings, names, options)

    def remove(self, names: Sequence[str], options: TakeBackOptions, listener: Listener) -> RemoveSummary:
        """Removes documents; see `gitkb.commands.curate.remove`."""
        from gitkb.commands.curate.remove import RemoveRun

        with self._authored(listener, options.branch, dry_run=options.dry_run) as (settings, author):
            return RemoveRun(self.store, self.catalog, settings, options, listener, author)(names)

    def undo(self, what: str | None, options: TakeBackOptions, listener: Listener) -> UndoSummary:
        """Takes back a commit or a document's last change, by default the last change; see `gitkb.commands.curate.undo`."""
        from gitkb.commands.curate.undo import UndoRun

        with self._authored(listener, options.branch, dry_run=options.dry_run) as (settings, author):
            return UndoRun(self.store, self.catalog, settings, options, listener, author)(what)

    def approve(self, names: Sequence[str], options: ApproveOptions, listener: Listener) -> ApproveSummary:
        """A person confirms what pages claim, or takes that back; see `gitkb.commands.curate.approve`."""
        from gitkb.branch.tips import start_of
        from gitkb.commands.curate.approve import ApproveRun

        self._ready(listener, options.branch, dry_run=options.dry_run)
        settings = self.settings(start_of(self.store, options.branch, ""))
        return ApproveRun(self.store, self.catalog, settings, options, listener)(names)

    def migrate(
        self, listener: Listener, *, branch: str = "", dry_run: bool = False, formats: Formats = FORMATS
    ) -> MigrateSummary:
        """Brings a branch that is of an older format to the newest; see `gitkb.branch.migrate`."""
        from gitkb.branch.migrate import Migration

        if not dry_run:
            self.recover(listener)
        return Migration(self.store, listener, branch, formats=formats)(dry_run=dry_run)

    def decide(self, name: str, other: str, options: TakeBackOptions, listener: Listener, *, same: bool) -> DecideSummary:
        """Decides that two names mean the same, so that the claims of the first go on the page of the second, or that they do
        not; see `gitkb.commands.curate.decide`."""
        from gitkb.commands.curate.decide import DecideRun

        with self._authored(listener, options.branch, dry_run=options.dry_run) as (settings, author):
            return DecideRun(self.store, self.catalog, settings, options, listener, author)(name, other, same=same)

    def fix(self, options: "LintOptions", how: TakeBackOptions, listener: Listener) -> "FixSummary":
        """Sets right what `lint` finds and can be set right alone; see `gitkb.commands.lint.fix`."""
        from gitkb.commands.lint.findings import chosen_codes
        from gitkb.commands.lint.fix import FixRun

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
            changes = refresh.refresh(self.store, run, self.catalog, settings, listener, session.author if session else None)
        usage = session.client.usage if session else Usage()
        return RefreshSummary(run.branch, self.store.snapshot(run.branch).commit, changes, usage)

    def prune_cache(self) -> Pruned:
        """Empties the caches; what is needed again is converted, and paid for, again."""
        from gitkb.intake.prepare.cache import Cache
        from gitkb.pages.model_session import replies

        return Pruned(replies(self.store).prune(), Cache(self.store.local / "cache").prune())

    def save_exploration(self, exploration: "Exploration", listener: Listener, *, branch: str = "") -> "Saved":
        """Commits an answer as a page of wiki/explorations/; see `gitkb.commands.answer.saved_answer`."""
        from gitkb.branch.tips import start_of
        from gitkb.commands.answer.saved_answer import SaveRun

        self._ready(listener, branch)
        settings = self.settings(start_of(self.store, branch, ""))
        return SaveRun(self.store, self.catalog, settings, branch, listener)(exploration)


class Sharing(Base):
    """What connects a knowledge base with others."""

    def merge(self, rev: str, choices: MergeChoices, listener: Listener, branch: str = "") -> MergeSummary:
        """Merges a revision of this repository into a branch; `MergeConflict` names what both sides changed."""
        from gitkb.commands.share.push_pull import merge_revision

        self._begin(listener, branch)
        return merge_revision(self.store, self.catalog, rev, choices, listener, branch)

    def pull(self, choices: MergeChoices, listener: Listener, *, branch: str = "", remote: str | None = None) -> MergeSummary:
        """Fetches a branch from its remote and merges it; see `gitkb.commands.share.push_pull`."""
        from gitkb.commands.share.push_pull import Sharing

        self._begin(listener, branch)
        return Sharing(self.store, self.catalog, listener, branch, remote).pull(choices)

    def push(self, listener: Listener, *, branch: str = "", remote: str | None = None) -> PushSummary:
        """Sends a branch to its remote, merging what came there first; see `gitkb.commands.share.push_pull`."""
        from gitkb.commands.share.push_pull import Sharing

        self._begin(listener, branch)
        return Sharing(self.store, self.catalog, listener, branch, remote).push()

    def pull_request(self, listener: Listener, *, branch: str = "", base: str = "", title: str = "") -> PullRequest:
        """Pushes a branch and asks for its merge, with the diff as the text; see `gitkb.commands.share.pull_request`."""
        from gitkb.commands.share.pull_request import request_merge

        self.recover(listener)
        return request_merge(self.store, self.catalog, self.settings(), listener, branch=branch, base=base, title=title)

    def _begin(self, listener: Listener, branch: str) -> None:
        """Gets ready, and from now on keeps in mind what a merge changes, for the next command that asks a model."""
        from gitkb.branch.tips import branch_tip

        branch_tip(self.store, branch or self.store.branch())
        self._ready(listener, branch)
        tip = self.store.snapshot()
        if self.settings(tip).compiler == "llm" and not noted(self.store, Note.TOLD):
            remember(self.store, Note.TOLD, tip)

    @classmethod
    def receiving(cls, path: Path, quarantine: Path | None) -> Self:
        """The repository at a path while git receives a push, whether or not it holds a knowledge base yet."""
        return cls(Store.receiving(path, quarantine))

    def judge_push(self, updates: Sequence[RefUpdate]) -> list[Refused]:
        """What of a push must be refused, and why; see `gitkb.commands.share.receive`."""
        from gitkb.commands.share.receive import judge_push

        return judge_push(self.store, self.catalog, updates)

    def check_push(self, remote: str, pushed: Sequence[tuple[str, str]]) -> list[Refused]:
        """The commits (`Refused.ref`) of a push, given as (new, old), that are broken in what the remote does not have."""
        from gitkb.commands.share.receive import check_push

        return check_push(self.store, self.catalog, self.settings().pages.branch, remote, pushed)

    def bases_of_edits(self, commit: str) -> list[tuple[str, str]]:
        """(path, blob) of the projections to keep beneath the hand edits of a commit; see `gitkb.commands.share.hooks`."""
        from gitkb.commands.share.hooks import bases_of_edits

        return bases_of_edits(self.store.snapshot(f"{commit}^"), self.store.snapshot(commit))

    def install_hooks(self, choice: "HookChoice", python: str) -> list[InstalledHook]:
        """Puts hooks and CI templates in place that run gitkb with this Python; see `gitkb.commands.share.hooks`."""
        from gitkb.commands.share.hooks import install

        return install(self.store, choice, python, self._pages_branch())

    def installed_hooks(self, python: str) -> list[InstalledHook]:
        """The hooks and CI templates that stand."""
        from gitkb.commands.share.hooks import installed

        return installed(self.store, python, self._pages_branch())

    def remove_hooks(self, choice: "HookChoice", python: str) -> list[InstalledHook]:
        """Takes hooks and CI templates away and returns them."""
        from gitkb.commands.share.hooks import remove

        return remove(self.store, choice, python, self._pages_branch())

    def _pages_branch(self) -> str:
        """The branch on which CI refreshes the pages."""
        try:
            branch = self.settings().pages.branch
        except NotFound:
            return self.store.branch()
        return self.store.branch() if branch == "*" else branch


class KnowledgeBase(Reading, Writing, Sharing):
    """A knowledge base in a git repository, bare or with a worktree."""
