"""The library's front door: `KnowledgeBase`, which the command line and every other interface call.

Invariant: nothing here prints or reads the environment. Methods that read take no lock and see one commit. Methods that write
clear up after dead runs first and then work in transactions. Importing this module loads nothing but the standard library:
each method loads what it needs, because a command line starts anew for every command.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitkb.errors import NotAKnowledgeBase, NotFound, RepositoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitkb.api.hooks import Hooks
    from gitkb.api.named_revisions import Revisions
    from gitkb.api.sources import Sources
    from gitkb.commands.add.remake import Remaking
    from gitkb.commands.answer.agent import AnswerModel
    from gitkb.commands.answer.chats import Chats
    from gitkb.commands.answer.page_text import LinkMap
    from gitkb.commands.change import ChangeContext
    from gitkb.commands.diff.report import DiffReport
    from gitkb.commands.inspect.searched_pages import SearchedBase
    from gitkb.formats.user_settings import UserSettings
    from gitkb.formats.versions import Formats
    from gitkb.intake.hashing import FileMemory
    from gitkb.model import results, rows
    from gitkb.model.answers import Answer, AnswerListener, Chat, Said, Saved
    from gitkb.model.findings import CheckResult, LintResult
    from gitkb.model.listener import Listener, WatchListener
    from gitkb.model.options import (
        AddOptions,
        ApproveOptions,
        ChangeOptions,
        LintOptions,
        MergeChoices,
        RecompileOptions,
        WatchOptions,
    )
    from gitkb.model.usage import Estimate, Pruned
    from gitkb.model.web_access import WebAccess
    from gitkb.pages.model_session import Asking
    from gitkb.store.repository import Store
    from gitkb.store.snapshot import Snapshot


class KnowledgeBase:
    """A knowledge base in a git repository, bare or with a worktree.

    Open one with `open`, `discover` or, after `init`, `open` again. A revision (`at`, `rev`) is anything that git takes for a
    commit: a branch, a tag, `HEAD~3`, an id; None is the tip of the checked-out branch. Options and the listener may be left
    out: the listener that is silent and the options of a plain command are the defaults.

    Every error is a `GitkbError`. Beside those that a method names, any method raises `NotFound` for a revision that does not
    exist, `RepositoryError` where git's repository cannot be used, and `NewerFormat` where a newer gitkb made what it needs.
    """

    def __init__(
        self, store: Store, *, user: Callable[[], UserSettings] | None = None, web: WebAccess | None = None, agent: str = ""
    ) -> None:
        """`user` returns the settings of whoever works here: how a model is reached. It is called only when one is to be
        asked; without it the defaults hold. `web` is how pages are fetched: by default directly, with the system's resolver.
        `agent` is the one for whom somebody writes, "" for nobody."""
        from gitkb.catalog.catalog import Catalog

        self._store, self._user, self._web, self._agent = store, user, web, agent
        self._link_map: LinkMap | None = None
        self._catalog = Catalog(store.derived / "catalog.sqlite" if store.derived is not None else None)

    # Which one.

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        user: Callable[[], UserSettings] | None = None,
        web: WebAccess | None = None,
        agent: str = "",
        person: str = "",
    ) -> Self:
        """The knowledge base whose root, or whose repository, is this folder; `NotAKnowledgeBase` when it holds none. An `agent`
        is named in every commit that it makes here. Its author is the `person` ("Ada <ada@example.org>", or a name alone), by
        default whom git knows."""
        from gitkb.store.repository import Store

        path = Path(path)
        hint = f"Make one with: gitkb init {path}"
        if not path.is_dir():
            raise NotAKnowledgeBase(f"{path} does not exist.", hint)
        found = Store.discover_at(path)
        if found is None:
            raise NotAKnowledgeBase(f"{path} is not a knowledge base.", hint)
        return cls._opened(found, user, web, agent, person)

    @classmethod
    def discover(cls, start: Path | str, *, user: Callable[[], UserSettings] | None = None, web: WebAccess | None = None) -> Self:
        """The knowledge base that holds this folder; `NotAKnowledgeBase` when none does."""
        from gitkb.store.repository import Store

        found = Store.discover(Path(start))
        if found is None:
            raise NotAKnowledgeBase(f"There is no knowledge base in {start} or above it.", "Make one with: gitkb init")
        return cls._opened(found, user, web)

    @classmethod
    def _opened(
        cls, folder: Path, user: Callable[[], UserSettings] | None, web: WebAccess | None, agent: str = "", person: str = ""
    ) -> Self:
        """The knowledge base of a repository; `NewerFormat` where a newer gitkb made it what it is."""
        from gitkb.branch.tips import refuse_newer_settings
        from gitkb.store.repository import Store

        trailer = ""
        if agent:
            from gitkb.branch.commit_messages import agent_trailer

            trailer = agent_trailer(agent)
        store = Store.open(folder, trailer, person)
        with suppress(NotFound):
            refuse_newer_settings(store.snapshot())
        return cls(store, user=user, web=web, agent=agent)

    @classmethod
    def receiving(cls, path: Path, quarantine: Path | None) -> Self:
        """The repository at a path while git receives a push, whether or not it holds a knowledge base yet. Only to read from;
        objects of the push are in `quarantine`."""
        from gitkb.store.repository import Store

        return cls(Store.receiving(path, quarantine))

    @staticmethod
    def init(
        path: Path | str,
        *,
        bare: bool = False,
        compiler: str = "",
        model: str = "",
        listener: Listener | None = None,
        subdir: str = "",
        nested: bool = False,
    ) -> results.InitResult:
        """Makes a knowledge base in a new folder, an existing one, or an existing repository; says so and changes nothing where
        there is one; in a folder (`subdir`) of a repository that exists, or `nested` as a repository of its own in there.
        `compiler` is "extractive" (the default) or "llm", which a `model` implies. `InTheWay` names files that would be
        overwritten; `UsageError` where llm has no model, `InsideRepository` where a folder of a repository is named."""
        from gitkb.commands.init import InitWish, init

        return init(Path(path), InitWish(bare, compiler, model, subdir, nested), _heard(listener))

    @property
    def folder(self) -> Path:
        """The root of the worktree, or the bare repository."""
        return self._store.worktree or self._store.git_dir

    @property
    def branch(self) -> str:
        """The name of the checked-out branch, "" where none is."""
        with suppress(RepositoryError):
            return self._store.branch()
        return ""

    # Reading: at a revision, without a lock.

    def commit(self, at: str | None = None) -> str:
        """The commit id (hex) of a revision."""
        return self._store.snapshot(at).commit

    def settings(self, at: str | None = None) -> list[rows.SettingRow]:
        """Every tracked setting in force at a revision, in the order of the example file; `ConfigError` where one is wrong."""
        from gitkb.commands.inspect.settings_in_force import setting_rows

        return setting_rows(self._snapshot(at))

    def settings_wait(self) -> bool:
        """Whether the file of settings was edited and not committed, so that something else is in force than it says."""
        from gitkb.commands.inspect.settings_in_force import settings_wait

        return settings_wait(self._store)

    def documents(self, at: str | None = None, *, commits: bool = True) -> list[rows.DocumentRow]:
        """All documents at a revision, by name; without `commits` nobody looks for the last commit of each, which is most of the
        work, and `commit` is "" in all rows."""
        from gitkb.commands.inspect.listing import listed_documents

        return listed_documents(self._store, self._catalog, self._snapshot(at), keep=at is None, with_commits=commits)

    def pages(self, at: str | None = None) -> list[rows.PageRow]:
        """The pages of concepts and entities that say something, by path, with how they stand to their approval."""
        from gitkb.commands.inspect.listing import listed_pages

        return listed_pages(self._catalog, self._snapshot(at), keep=at is None)

    def names(self, at: str | None = None) -> list[str]:
        """What documents and pages can be called by in `show`: documents first."""
        from gitkb.commands.inspect.find import page_names

        return page_names(self._store.snapshot(at))

    def show(self, name: str, at: str | None = None) -> rows.Shown:
        """A document's summary or a page, by name, path or whole words of one; `PartOfName` names the candidates."""
        from gitkb.commands.inspect.find import shown

        return shown(self._snapshot(at), name)

    def status(self, at: str | None = None) -> rows.Status:
        """Where the knowledge base stands, or stood at a revision."""
        from gitkb.branch.tips import settings_at
        from gitkb.commands.inspect.status import status

        tip = self._snapshot(at)
        return status(self._store, self._catalog, settings_at(tip), tip, at)

    def log(self, name: str | None = None, limit: int | None = None, at: str | None = None) -> Iterator[rows.LogEntry]:
        """Commits, newest first, at most `limit`; those of one document or page when named (`NotFound` names candidates)."""
        from gitkb.commands.inspect.log import log

        return log(self._store, self._snapshot(at), name, limit)

    def blame(self, page: str, line: int | None = None, at: str | None = None) -> rows.Blame:
        """Where the claims of a page come from, or its one line; `NotFound` names the candidates."""
        from gitkb.commands.inspect.blame import blame
        from gitkb.commands.inspect.listing import origins_at

        tip = self._snapshot(at)
        return blame(self._store, tip, page, line, origins_at(self._catalog, tip, keep=at is None))

    def read(self, name: str, place: str = "", *, first: int = 1, most: int = 8_000, at: str | None = None) -> rows.PageText:
        """Part of a page, or of a document's text: from a line, or of a place such as "p. 12" or a heading; `most` characters in
        whole lines. `NotFound` names candidates."""
        from gitkb.commands.answer.page_text import page_text

        return page_text(self._snapshot(at), name, place, first, most)

    def links(self, name: str, at: str | None = None) -> rows.PageLinks:
        """What a page links to, and what links to it. Asked again, only what changed is read again. `NotFound` as above."""
        from gitkb.commands.answer.page_text import LinkMap

        self._link_map = self._link_map or LinkMap()
        return self._link_map.links(self._snapshot(at), name)

    def search(self, query: str, *, scope: str = "all", limit: int = 10, at: str | None = None) -> list[rows.SearchHit]:
        """The pages that match best, the best first. `query` has words, "phrases", prefix* and -exclusions; `scope` is "all", a
        folder ("sources"), or "evidence" for all but "explorations". `UsageError` for a query without a word."""
        from gitkb.commands.inspect.searched_pages import searched_pages

        return searched_pages([self.searched("", at)], query, scope=scope, limit=limit)

    def searched(self, name: str, at: str | None = None) -> SearchedBase:
        """What is searched of it at a revision, for those who search several."""
        from gitkb.commands.inspect.searched_pages import SearchedBase

        return SearchedBase(name, self._catalog, self._snapshot(at), at is None, self._store)

    def diff(self, base: str | None = None, head: str | None = None, *, forked: bool = False) -> DiffReport:
        """What leads from one revision to another, shared pages projected on both sides; if `forked`, from where the head left
        the base. Without a base it is the commit at which the branch left the remote's pages branch; on that one, what is not
        shared yet, or the last run."""
        from gitkb.branch.tips import settings_at
        from gitkb.commands.diff.revisions import diff

        return diff(self._store, self._catalog, settings_at(self._store.snapshot()), base, head, forked=forked)

    def diff_as_text(self, report: DiffReport, width: int = 100, height: int = 40) -> str:
        """A diff for people at a terminal of so many columns, with a first screen of at most so many lines."""
        from gitkb.commands.diff.as_text import text

        return text(report, width, height)

    def diff_as_markdown(self, report: DiffReport) -> str:
        """A diff for the comment of a pull request, with links into the service that hosts origin where that is known."""
        from gitkb.commands.diff.as_markdown import markdown
        from gitkb.commands.diff.revisions import links

        return markdown(report, links(self._store))

    def preview(self, rev: str | None = None, to: Path | None = None, listener: Listener | None = None) -> results.Preview:
        """Writes the pages as HTML into a folder that is new, empty or an earlier preview: as they would be after a merge of a
        revision into what is checked out, by default as after a refresh. `MergeConflict` as from `merge`; `InTheWay` where the
        folder holds something else."""
        from gitkb.commands.merge.merged_wiki import preview

        return preview(self._store, self._catalog, _heard(listener), rev, to, self._remaking(listener))

    def export_bundle(self, to: Path, at: str | None = None, *, originals: bool = True) -> results.Bundle:
        """Writes the wiki as a bundle of the Open Knowledge Format, with the originals or without, into a folder that is new,
        empty or an earlier bundle. `InTheWay` where it holds something else."""
        from gitkb.commands.share.okf_bundle import export_bundle

        return export_bundle(self._store, self._snapshot(at), to, originals=originals)

    def check(
        self, at: str | None = None, *, changed: str | None = None, reproduce: bool = False, listener: Listener | None = None
    ) -> CheckResult:
        """Whether a revision is whole, pending or broken, and what is wrong with it; with `changed` only of what differs from
        that revision. With `reproduce` documents are also made again from their originals, and compared."""
        from gitkb.commands.add.reproduce import check

        between = (self._store.snapshot(changed) if changed is not None else None, self._snapshot(at))
        return check(self._store, self._catalog, _heard(listener), between, keep=at is None, reproduce=reproduce)

    def lint(
        self,
        options: LintOptions | None = None,
        listener: Listener | None = None,
        *,
        at: str | None = None,
        model: str | None = None,
    ) -> LintResult:
        """What could be better at a revision, the gravest first. Where `model` names one, or is "" and the settings want one, it
        is asked about contradictions. `UsageError` for a code that does not exist."""
        from gitkb.commands.lint.lint_run import Lint
        from gitkb.model.options import LintOptions

        lint = Lint(self._asking(listener), keep=at is None)
        return lint(self._store.snapshot(at), options or LintOptions(), model)

    # Questions in words.

    @contextmanager
    def answering_model(self, name: str = "", listener: Listener | None = None) -> Iterator[AnswerModel | None]:
        """The model that answers, for several questions: the one of this name, else that of the settings where their compiler is
        llm, else None. `ModelError` where the settings name none."""
        from gitkb.branch.tips import settings_at

        settings = settings_at(self._store.snapshot())
        if not name and settings.compiler != "llm":
            yield None
            return
        from gitkb.commands.answer.agent import opened_model

        with opened_model(self._asking(listener), settings.with_model(name)) as model:
            yield model

    def query(
        self,
        question: str,
        model: AnswerModel | None = None,
        listener: AnswerListener | None = None,
        *,
        at: str | None = None,
        history: Sequence[Said] = (),
    ) -> Answer:
        """An answer at a revision ("A..B": about what changed there), which the listener hears as it comes: of a model (see
        `answering_model`) or the best passages; "" where nothing was found. `ModelFailure` where its server does not answer."""
        from gitkb.branch.tips import settings_at
        from gitkb.commands.answer.answer import Answering
        from gitkb.model.answers import AnswerListener

        own = settings_at(self._store.snapshot()).llm.instructions if model is not None else ""
        base, dots, head = (at or "").partition("..")
        diff = self.diff(base or None, head.lstrip(".") or None, forked=head.startswith(".")) if dots else None
        answer = Answering([self.searched("", at if diff is None else diff.head)], own, diff)
        return answer(question, model, listener or AnswerListener(), history)

    def chats(self) -> Chats:
        """The conversations that are kept here, for nobody else."""
        from gitkb.commands.answer.chats import Chats

        return Chats(self._store.local / "chats")

    def save_answer(self, said: Answer | Chat, listener: Listener | None = None, *, title: str = "", branch: str = "") -> Saved:
        """Commits an answer, or a whole conversation, as a page of wiki/explorations/, under a title or its (first) question. A
        page that stands there with the same content is found again."""
        from gitkb.commands.answer.saved_answer import exploration_of, save
        from gitkb.commands.change import change_context

        with change_context(self._asking(listener), branch) as context:
            return save(context, exploration_of(said, title))

    def edit_page(
        self, page: str, new: str, old: str = "", listener: Listener | None = None, *, branch: str = ""
    ) -> results.EditSummary:
        """Replaces the passage `old` of a page by `new` and commits that; without `old` a new page is made. `NotFound` for a page
        or passage that does not exist, `UsageError` for HTML, dead links, and pages that follow from documents."""
        from gitkb.commands.answer.page_edit import PageEdit, edit
        from gitkb.commands.change import change_context

        with change_context(self._asking(listener), branch) as context:
            return edit(context, PageEdit(page, new, old, self._agent))

    # Documents come, change and go.

    def add(
        self, paths: Sequence[Path], options: AddOptions | None = None, listener: Listener | None = None
    ) -> results.AddSummary:
        """Adds files, folders and pages of the web; every document becomes a commit. A document that cannot be read is counted
        as failed and told to the listener; errors are for what stops the whole run, such as `UsageError` for a path that does
        not exist and `ModelError` where a model is wanted that cannot be asked."""
        return self._add(paths, options, listener, None)

    def _add(
        self, paths: Sequence[Path], options: AddOptions | None, listener: Listener | None, memory: FileMemory | None
    ) -> results.AddSummary:
        from gitkb.commands.add.add_run import AddRun
        from gitkb.commands.add.compile_context import compile_context
        from gitkb.model.options import AddOptions

        how = options or AddOptions()
        with compile_context(self._asking(listener), how, how.start) as (context, model):
            return AddRun(context, how, model, self._web_access(), memory)(paths)

    def watch(self, folders: Sequence[Path], options: WatchOptions | None = None, listener: WatchListener | None = None) -> None:
        """Adds what is in the folders and what changes there, until it is interrupted. `UsageError` for what is no folder; what
        stops a single run is told to the listener, and the run is tried again."""
        from gitkb.commands.add.watch import Watching, watchable
        from gitkb.model.listener import WatchListener
        from gitkb.model.options import WatchOptions

        resolved = watchable(folders)
        root, branch = self.folder, self._store.branch()

        def add(paths: Sequence[Path], each: AddOptions, news: Listener, memory: FileMemory) -> results.AddSummary:
            """One run, in the knowledge base as it is by then."""
            base = type(self).open(root, user=self._user, web=self._web)
            if not each.branch and (now := base._store.branch()) != branch:
                raise RepositoryError(
                    f"Branch {now} is checked out instead of {branch}; what changes waits until {branch} is back.",
                    f"To write to {branch} whatever is checked out, watch with --branch {branch}.",
                )
            return base._add(paths, each, news, memory)

        Watching(add, resolved, options or WatchOptions(), listener or WatchListener())()

    def estimate(self, paths: Sequence[Path], options: AddOptions | None = None, listener: Listener | None = None) -> Estimate:
        """What `add` would ask of a model, without asking it. `UsageError` where the compiler asks none."""
        from gitkb.commands.add.add_run import AddRun
        from gitkb.commands.add.compile_context import estimate_context
        from gitkb.model.options import AddOptions

        how = options or AddOptions()
        context, model = estimate_context(self._asking(listener), how, how.start)
        return AddRun(context, how, model, self._web_access()).estimate(paths)

    def recompile(
        self, names: Sequence[str], options: RecompileOptions | None = None, listener: Listener | None = None
    ) -> results.RecompileSummary:
        """Makes documents again from their originals in the knowledge base: those named, or those that the options say. A
        document that comes out as it is gets no commit. `NotFound` and `UsageError` before anything is changed."""
        from gitkb.commands.add.compile_context import compile_context
        from gitkb.commands.add.recompile import RecompileRun
        from gitkb.model.options import RecompileOptions

        how = options or RecompileOptions()
        with compile_context(self._asking(listener), how) as (context, model):
            return RecompileRun(context, how, model)(names)

    def estimate_recompile(
        self, names: Sequence[str], options: RecompileOptions | None = None, listener: Listener | None = None
    ) -> Estimate:
        """What `recompile` would ask of a model, without asking it. `UsageError` where the compiler asks none."""
        from gitkb.commands.add.compile_context import estimate_context
        from gitkb.commands.add.recompile import RecompileRun
        from gitkb.model.options import RecompileOptions

        how = options or RecompileOptions()
        context, model = estimate_context(self._asking(listener), how)
        return RecompileRun(context, how, model).estimate(names)

    def remove(
        self, names: Sequence[str], options: ChangeOptions | None = None, listener: Listener | None = None
    ) -> results.RemoveSummary:
        """Removes documents by name or path; the rest is as if they had never come. `NotFound` before anything is changed."""
        from gitkb.commands.curate.remove import RemoveRun

        with self._changing(options, listener, mends=True) as (context, dry_run):
            return RemoveRun(context, dry_run)(names)

    # What people decide.

    def undo(
        self,
        what: str | None = None,
        options: ChangeOptions | None = None,
        listener: Listener | None = None,
        *,
        rest: bool = False,
    ) -> results.UndoSummary:
        """Takes back a commit or a document's last change (`name@rev`: the last at that revision), by default the last change
        of the branch, as a new commit; with `rest` also if parts of it were changed since, which stay. `NothingToUndo`,
        `ChangedSince` and `NotFound` leave everything as it was."""
        from gitkb.commands.curate.undo import UndoRun

        with self._changing(options, listener, mends=True) as (context, dry_run):
            return UndoRun(context, dry_run, rest)(what)

    def approve(
        self, names: Sequence[str], options: ApproveOptions | None = None, listener: Listener | None = None
    ) -> results.ApproveSummary:
        """A person, known by git's `user.email`, confirms what pages claim, or takes that back. `NotFound` and `CannotApprove`
        leave everything as it was."""
        from gitkb.commands.change import change_context
        from gitkb.commands.curate.approve import ApproveRun
        from gitkb.model.options import ApproveOptions

        how = options or ApproveOptions()
        with change_context(self._asking(listener), how.branch, dry_run=how.dry_run) as context:
            return ApproveRun(context, how)(names)

    def decide(
        self,
        name: str,
        other: str,
        options: ChangeOptions | None = None,
        listener: Listener | None = None,
        *,
        same: bool,
        documents: Sequence[str] = (),
    ) -> results.DecideSummary:
        """Decides that two names mean the `same`, so that the claims of the first go on the page of the second, or that they do
        not; with `documents`, that the name means the other one in these, which may be a new name. `NotFound` names candidates;
        `UsageError` where the two are one page."""
        from gitkb.commands.curate.decide import DecideRun

        with self._changing(options, listener) as (context, dry_run):
            return DecideRun(context, dry_run)(name, other, documents, same=same and not documents)

    def drop(
        self, name: str, options: ChangeOptions | None = None, listener: Listener | None = None, *, back: bool = False
    ) -> results.DropSummary:
        """Decides that a name gets no page, also with documents that come later; `back` takes that back. `NotFound` names
        candidates."""
        from gitkb.commands.curate.drop import DropRun

        with self._changing(options, listener) as (context, dry_run):
            return DropRun(context, dry_run, back)(name)

    def write_page(
        self, path: str, text: str, seen: str, options: ChangeOptions | None = None, listener: Listener | None = None
    ) -> results.PageWritten:
        """Writes a page as a person wants it, in one commit; `seen` is the id (hex) of the bytes that this person changed, "" for
        a new page below wiki/notes/. `ChangedSince` and `InTheWay` leave everything as it was."""
        from gitkb.commands.curate.write_page import WritePageRun

        with self._changing(options, listener) as (context, dry_run):
            return WritePageRun(context, dry_run)(path, text, seen)

    def fix(
        self, lint: LintOptions | None = None, options: ChangeOptions | None = None, listener: Listener | None = None
    ) -> results.FixSummary:
        """Sets right what `lint` finds and can be set right alone: one commit for each kind."""
        from gitkb.commands.lint.fix import FixRun
        from gitkb.model.options import LintOptions

        codes = (lint or LintOptions()).codes
        with self._changing(options, listener) as (context, dry_run):
            return FixRun(context, dry_run, codes)()

    # Upkeep.

    def refresh(self, listener: Listener | None = None) -> results.RefreshSummary:
        """Makes the pages commit if pages are pending, and asks a model for every overview that is missing. `NewerFormat` where
        a newer gitkb made the pages."""
        from gitkb.commands.change import ModelWish, change_context
        from gitkb.model.results import RefreshSummary
        from gitkb.pages.scope import Marker, forget
        from gitkb.wiki.projection import refuse_newer

        with change_context(self._asking(listener), model=ModelWish()) as context:
            refuse_newer(context.tip())
            with context.change("refresh") as change:
                if context.session:
                    forget(self._store, Marker.TOLD)
        return RefreshSummary(change.run.branch, change.commit, change.pages, change.usage)

    def migrate(
        self,
        listener: Listener | None = None,
        *,
        branch: str = "",
        dry_run: bool = False,
        formats: Formats | None = None,
    ) -> results.MigrateSummary:
        """Brings a branch that is of an older format to the newest (of `formats`, by default gitkb's own) in one commit."""
        from gitkb.branch.migrate import Migration
        from gitkb.formats.versions import FORMATS

        heard = _heard(listener)
        if not dry_run:
            self.recover(heard)
        return Migration(self._store, heard, branch, formats=formats or FORMATS)(dry_run=dry_run)

    def recover(self, listener: Listener | None = None) -> bool:
        """Clears what dead runs left; True when there was something."""
        return bool(self._store.recover(_heard(listener).message))

    def prune_cache(self) -> Pruned:
        """Empties the caches; what is needed again is converted, and paid for, again."""
        from gitkb.intake.prepare.cache import Cache
        from gitkb.model.usage import Pruned
        from gitkb.pages.model_session import asking_file, replies

        asking_file(self._store).forget()
        self.revisions.forget()
        return Pruned(replies(self._store).prune(), Cache(self._store.local / "cache").prune())

    def cancel_batches(self, listener: Listener | None = None) -> int:
        """Ends the batches that wait at the model's server, and keeps what they have answered; how many there were."""
        from gitkb.pages.model_session import cancel_batches

        return cancel_batches(self._asking(listener))

    # What connects it with others.

    def merge(
        self, rev: str, choices: MergeChoices | None = None, listener: Listener | None = None, branch: str = ""
    ) -> results.MergeSummary:
        """Merges a revision of this repository into a branch; `MergeConflict` names what both sides changed."""
        from gitkb.commands.share.push_pull import merge_context, merge_revision
        from gitkb.model.options import MergeChoices

        with merge_context(self._asking(listener), branch) as context:
            return merge_revision(context, rev, choices or MergeChoices(), self._remaking(listener))

    def pull(
        self,
        choices: MergeChoices | None = None,
        listener: Listener | None = None,
        *,
        branch: str = "",
        remote: str | None = None,
    ) -> results.MergeSummary:
        """Fetches a branch from its remote (by default its own, else origin) and merges it; errors as from `merge`."""
        from gitkb.commands.share.push_pull import RemoteBranch, merge_context
        from gitkb.model.options import MergeChoices

        with merge_context(self._asking(listener), branch) as context:
            return RemoteBranch(context, remote, self._remaking(listener)).pull(choices or MergeChoices())

    def push(self, listener: Listener | None = None, *, branch: str = "", remote: str | None = None) -> results.PushSummary:
        """Sends a branch to its remote, merging what came there first, as often as needed; never by force. Errors as from
        `merge`."""
        from gitkb.commands.share.push_pull import RemoteBranch, merge_context

        with merge_context(self._asking(listener), branch) as context:
            return RemoteBranch(context, remote, self._remaking(listener)).push()

    def pull_request(
        self, listener: Listener | None = None, *, branch: str = "", base: str = "", title: str = ""
    ) -> results.PullRequest:
        """Pushes a branch and asks for its merge, with the diff as the text: through gh, glab or tea where they are installed."""
        from gitkb.branch.tips import settings_at
        from gitkb.commands.change import ChangeContext
        from gitkb.commands.share.pull_request import request_merge

        asking = self._asking(listener)
        self.recover(listener)
        tip = self._store.snapshot()
        context = ChangeContext(self._store, self._catalog, asking.listener, settings_at(tip), branch, tip.commit)
        return request_merge(context, base=base, title=title)

    @property
    def sources(self) -> Sources:
        """Where documents come from, as everybody here has it, and bringing them up to date from there."""
        from gitkb.api.sources import Sources

        return Sources(self._store, self._catalog, self._asking, self._web_access)

    @property
    def hooks(self) -> Hooks:
        """The git hooks and CI templates of this repository, and what they ask of commits and pushes."""
        from gitkb.api.hooks import Hooks

        return Hooks(self._store, self._catalog)

    @property
    def revisions(self) -> Revisions:
        """The names of revisions, and the files of one."""
        from gitkb.api.named_revisions import Revisions

        return Revisions(self._store, self._catalog, self._remaking)

    # What the methods share.

    def _snapshot(self, at: str | None) -> Snapshot:
        """The files of a revision, the tip by default; `NewerFormat` where they are a newer gitkb's."""
        found = self._store.snapshot(at)
        if at is not None:
            from gitkb.branch.tips import refuse_newer_settings

            refuse_newer_settings(found)
        return found

    def _user_settings(self) -> UserSettings:
        from gitkb.formats.user_settings import UserSettings

        return UserSettings() if self._user is None else self._user()

    def _web_access(self) -> WebAccess:
        from gitkb.model.web_access import WebAccess

        return self._web or WebAccess()

    def _remaking(self, listener: Listener | None) -> Remaking:
        from gitkb.commands.add.remake import Remaking

        return Remaking(self._store, self._catalog, _heard(listener))

    def _asking(self, listener: Listener | None) -> Asking:
        from gitkb.pages.model_session import Asking

        return Asking(self._store, self._catalog, self._user_settings, _heard(listener))

    @contextmanager
    def _changing(
        self, options: ChangeOptions | None, listener: Listener | None, *, mends: bool = False
    ) -> Iterator[tuple[ChangeContext, bool]]:
        """A branch that is ready to be changed, and whether it is a dry run. A model writes about pages where there is one."""
        from gitkb.commands.change import ModelWish, change_context
        from gitkb.model.options import ChangeOptions

        how = options or ChangeOptions()
        asking, wish = self._asking(listener), ModelWish()
        with change_context(asking, how.branch, dry_run=how.dry_run, model=wish, mends=mends) as context:
            yield context, how.dry_run


def _heard(listener: Listener | None) -> Listener:
    from gitkb.model.listener import Listener

    return listener or Listener()
