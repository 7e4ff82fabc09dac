"""The library's front door: a `KnowledgeBase` is what every command calls.

Invariant: reading methods take no lock and see one commit; writing methods recover from dead runs first and then work in
transactions. Nothing here prints or reads the environment.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb import records
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.config import CONFIG_PATH, Effective, Settings, effective_settings, parse_settings
from gitkb.errors import FormatError, NotAKnowledgeBase, NotFound, RepositoryError, UsageError
from gitkb.events import (
    AddOptions,
    AddSummary,
    ApproveOptions,
    ApproveSummary,
    Blame,
    CheckResult,
    DecideSummary,
    DocumentRow,
    InitResult,
    InstalledHook,
    Listener,
    LogEntry,
    MergeChoices,
    MergeSummary,
    MigrateSummary,
    PageRow,
    Pruned,
    PullRequest,
    PushSummary,
    RecompileOptions,
    RecompileSummary,
    RefreshSummary,
    RefUpdate,
    Refused,
    RemoveSummary,
    Shown,
    Status,
    TakeBackOptions,
    UndoSummary,
    WatchListener,
    WatchOptions,
)
from gitkb.fetch.public import resolve
from gitkb.formats import FORMATS, Formats
from gitkb.ingest import pages
from gitkb.ingest.asking import Asking, asks_none, for_once, kept_replies
from gitkb.ingest.notes import Note, forget, noted, remember
from gitkb.ingest.versions import refuse_newer_settings
from gitkb.ingest.web import Network
from gitkb.model import Record, SearchHit, State, Usage
from gitkb.store import RunState, Snapshot, Store
from gitkb.usersettings import UserSettings
from gitkb.wiki.made import newer, refuse_newer

if TYPE_CHECKING:
    from gitkb.answer.chats import Chats
    from gitkb.answer.exploration import Exploration
    from gitkb.answer.values import Answer, AnswerListener, AnswerModel, Said, Saved
    from gitkb.ingest.estimate import Estimate
    from gitkb.ingest.hooks import HookChoice
    from gitkb.ingest.remembering import FileMemory
    from gitkb.lint.values import FixSummary, LintOptions, LintResult
    from gitkb.wiki.diff_report import DiffReport
    from gitkb.wiki.diff_web import WebLinks

_DEFAULTS = Settings()


class KnowledgeBase:
    """A knowledge base in a git repository, bare or with a worktree."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.user: Callable[[], UserSettings] = UserSettings
        """The settings of whoever works here: how a model is reached. Asked for only when one is."""
        self.network = Network(resolve, lambda url: "")
        """How the web is reached where a page is to be fetched."""
        folder = store.derived
        self.catalog = Catalog(folder / "catalog.sqlite" if folder is not None else None)

    @classmethod
    def open(cls, path: Path) -> "KnowledgeBase":
        """The knowledge base of a folder (its root, or a bare repository); `NotAKnowledgeBase` when it holds none."""
        hint = f"Make one with: gitkb init {path}"
        if not path.is_dir():
            raise NotAKnowledgeBase(f"{path} does not exist.", hint)
        found = Store.discover(path)
        if found is None or found.resolve() != path.resolve():
            raise NotAKnowledgeBase(f"{path} is not a knowledge base.", hint)
        return cls._opened(found)

    @classmethod
    def discover(cls, start: Path) -> "KnowledgeBase":
        """The knowledge base that holds a folder; `NotAKnowledgeBase` when none does."""
        found = Store.discover(start)
        if found is None:
            raise NotAKnowledgeBase(f"There is no knowledge base in {start} or above it.", "Make one with: gitkb init")
        return cls._opened(found)

    @classmethod
    def _opened(cls, folder: Path) -> "KnowledgeBase":
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
            return AddRun(self.store, self.catalog, settings, options, listener, network=self.network, memory=memory)(paths)
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
            base = KnowledgeBase.open(root)
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
        from gitkb.ingest.run import AddRun
        from gitkb.ingest.session import model_settings, replies

        self.recover(listener)
        settings = for_once(self.settings(start_of(self.store, options.branch, options.start)), options)
        if settings.compiler != "llm":
            raise asks_none()
        run = AddRun(self.store, self.catalog, settings, options, listener, network=self.network)
        return run.estimate(paths, model_settings(settings, self.user()), replies(self.store))

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

    def _asking(self, listener: Listener) -> Asking:
        return Asking(self.store, self.catalog, self.user, listener)

    def remove(self, names: Sequence[str], options: TakeBackOptions, listener: Listener) -> RemoveSummary:
        """Removes documents; see `gitkb.ingest.remove`."""
        from gitkb.ingest.branches import start_of
        from gitkb.ingest.remove import RemoveRun

        self._ready(listener, options.branch, dry_run=options.dry_run)
        tip = start_of(self.store, options.branch, "")
        settings = self.settings(tip)
        with nullcontext() if options.dry_run else self._asking(listener).session(settings, tip) as session:
            author = session.author if session else None
            return RemoveRun(self.store, self.catalog, settings, options, listener, author)(names)

    def undo(self, what: str | None, options: TakeBackOptions, listener: Listener) -> UndoSummary:
        """Takes back a commit or a document's last change, by default the last change; see `gitkb.ingest.undo`."""
        from gitkb.ingest.branches import start_of
        from gitkb.ingest.undo import UndoRun

        self._ready(listener, options.branch, dry_run=options.dry_run)
        tip = start_of(self.store, options.branch, "")
        settings = self.settings(tip)
        with nullcontext() if options.dry_run else self._asking(listener).session(settings, tip) as session:
            author = session.author if session else None
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

    def _ready(self, listener: Listener, branch: str = "", start: str = "", *, dry_run: bool = False) -> bool:
        """Clears up after dead runs and migrates the branch to be written where it is of an older format; a dry run says so.
        True where it was migrated, so that a new branch stands already."""
        from gitkb.ingest.migration import migrate_first

        if not dry_run:
            self.recover(listener)
        return migrate_first(self.store, listener, branch, start, dry_run=dry_run)

    def decide(self, name: str, other: str, options: TakeBackOptions, listener: Listener, *, same: bool) -> DecideSummary:
        """Decides that two names mean the same, so that the claims of the first go on the page of the second, or that they do
        not; see `gitkb.ingest.decide`."""
        from gitkb.ingest.branches import start_of
        from gitkb.ingest.decide import DecideRun

        self._ready(listener, options.branch, dry_run=options.dry_run)
        tip = start_of(self.store, options.branch, "")
        settings = self.settings(tip)
        with nullcontext() if options.dry_run else self._asking(listener).session(settings, tip) as session:
            author = session.author if session else None
            return DecideRun(self.store, self.catalog, settings, options, listener, author)(name, other, same=same)

    def merge(self, rev: str, choices: MergeChoices, listener: Listener, branch: str = "") -> MergeSummary:
        """Merges a revision of this repository into a branch; `MergeConflict` names what both sides changed."""
        from gitkb.ingest.sharing import merge_revision

        self._begin(listener, branch)
        return merge_revision(self.store, self.catalog, rev, choices, listener, branch)

    def pull(self, choices: MergeChoices, listener: Listener, *, branch: str = "", remote: str | None = None) -> MergeSummary:
        """Fetches a branch from its remote and merges it; see `gitkb.ingest.sharing`."""
        from gitkb.ingest.sharing import Sharing

        self._begin(listener, branch)
        return Sharing(self.store, self.catalog, listener, branch, remote).pull(choices)

    def push(self, listener: Listener, *, branch: str = "", remote: str | None = None) -> PushSummary:
        """Sends a branch to its remote, merging what came there first; see `gitkb.ingest.sharing`."""
        from gitkb.ingest.sharing import Sharing

        self._begin(listener, branch)
        return Sharing(self.store, self.catalog, listener, branch, remote).push()

    def pull_request(self, listener: Listener, *, branch: str = "", base: str = "", title: str = "") -> PullRequest:
        """Pushes a branch and asks for its merge, with the diff as the text; see `gitkb.ingest.requesting`."""
        from gitkb.ingest.requesting import request_merge

        self.recover(listener)
        return request_merge(self.store, self.catalog, self.settings(), listener, branch=branch, base=base, title=title)

    def _begin(self, listener: Listener, branch: str) -> None:
        """Gets ready, and from now on keeps in mind what a merge changes, for the next command that asks a model."""
        from gitkb.ingest.branches import branch_tip

        branch_tip(self.store, branch or self.store.branch())
        self._ready(listener, branch)
        tip = self.store.snapshot()
        if self.settings(tip).compiler == "llm" and not noted(self.store, Note.TOLD):
            remember(self.store, Note.TOLD, tip)

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

    def recover(self, listener: Listener) -> bool:
        """Clears what dead runs left; True when there was something."""
        return bool(self.store.recover(listener.message))

    def prune_cache(self) -> Pruned:
        """Empties the caches; what is needed again is converted, and paid for, again."""
        from gitkb.ingest.cache import Cache
        from gitkb.ingest.session import replies

        return Pruned(replies(self.store).prune(), Cache(self.store.local / "cache").prune())

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

    def _snapshot(self, at: str | None) -> Snapshot:
        """The files of a revision, the tip by default; `NewerFormat` where they are a newer gitkb's."""
        found = self.store.snapshot(at)
        if at is not None:
            refuse_newer_settings(found)
        return found

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

    def save_exploration(self, exploration: "Exploration", listener: Listener, *, branch: str = "") -> "Saved":
        """Commits an answer as a page of wiki/explorations/; see `gitkb.answer.save`."""
        from gitkb.answer.save import SaveRun
        from gitkb.ingest.branches import start_of

        self._ready(listener, branch)
        settings = self.settings(start_of(self.store, branch, ""))
        return SaveRun(self.store, self.catalog, settings, branch, listener)(exploration)

    @classmethod
    def receiving(cls, path: Path, quarantine: Path | None) -> "KnowledgeBase":
        """The repository at a path while git receives a push, whether or not it holds a knowledge base yet."""
        return cls(Store.receiving(path, quarantine))

    def judge_push(self, updates: Sequence[RefUpdate]) -> list[Refused]:
        """What of a push must be refused, and why; see `gitkb.ingest.receive`."""
        from gitkb.ingest.receive import judge_push

        return judge_push(self.store, self.catalog, updates)

    def check_push(self, remote: str, pushed: Sequence[tuple[str, str]]) -> list[Refused]:
        """The commits (`Refused.ref`) of a push, given as (new, old), that are broken in what the remote does not have."""
        from gitkb.ingest.receive import check_push

        return check_push(self.store, self.catalog, self.settings().pages.branch, remote, pushed)

    def bases_of_edits(self, commit: str) -> list[tuple[str, str]]:
        """(path, blob) of the projections to keep beneath the hand edits of a commit; see `gitkb.ingest.hooks`."""
        from gitkb.ingest.hooks import bases_of_edits

        return bases_of_edits(self.store.snapshot(f"{commit}^"), self.store.snapshot(commit))

    def install_hooks(self, choice: "HookChoice", python: str) -> list[InstalledHook]:
        """Puts hooks and CI templates in place that run gitkb with this Python; see `gitkb.ingest.hooks`."""
        from gitkb.ingest.hooks import install

        return install(self.store, choice, python, self._pages_branch())

    def installed_hooks(self, python: str) -> list[InstalledHook]:
        """The hooks and CI templates that stand."""
        from gitkb.ingest.hooks import installed

        return installed(self.store, python, self._pages_branch())

    def remove_hooks(self, choice: "HookChoice", python: str) -> list[InstalledHook]:
        """Takes hooks and CI templates away and returns them."""
        from gitkb.ingest.hooks import remove

        return remove(self.store, choice, python, self._pages_branch())

    def _pages_branch(self) -> str:
        """The branch on which CI refreshes the pages."""
        try:
            branch = self.settings().pages.branch
        except NotFound:
            return self.store.branch()
        return self.store.branch() if branch == "*" else branch

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

    def fix(self, options: "LintOptions", how: TakeBackOptions, listener: Listener) -> "FixSummary":
        """Sets right what `lint` finds and can be set right alone; see `gitkb.lint.fixing`."""
        from gitkb.ingest.branches import start_of
        from gitkb.lint.findings import chosen_codes
        from gitkb.lint.fixing import FixRun

        codes = chosen_codes(options.only, options.excepted)
        self._ready(listener, how.branch, dry_run=how.dry_run)
        tip = start_of(self.store, how.branch, "")
        settings = self.settings(tip)
        with nullcontext() if how.dry_run else self._asking(listener).session(settings, tip) as session:
            author = session.author if session else None
            return FixRun(self.store, self.catalog, settings, how, listener, codes, author)()

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

    def _record(self, tip: Snapshot, document: str | None) -> Record | None:
        content = tip.read(records.record_path(document)) if document else None
        return records.decode(content, records.record_path(document)) if document and content is not None else None


def _described(run: RunState) -> str:
    return f"{run.what}, {run.progress}" if run.progress else run.what


def _decoded(tip: Snapshot, path: str) -> Record | FormatError:
    try:
        return records.decode(tip.read(path) or b"", path)
    except FormatError as error:
        return error
