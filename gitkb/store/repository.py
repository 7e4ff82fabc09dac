"""The store's front door: one knowledge base's repository.

Invariant: reading takes no lock and sees whole commits; writing goes through `begin` and a transaction. Everything local
lies in `<git dir>/gitkb`. Must not be shared between threads that write.
"""

import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import pygit2
from msgspec.structs import replace
from pygit2.enums import ObjectType, Option

from gitkb.errors import MissingObject, NotFound, RepositoryError
from gitkb.store import lfs, opening, repack, signing
from gitkb.store.git_program import email, git_person, identity
from gitkb.store.history import PathChange, all_changes, changes_of, indexed_changes_of, last_changes
from gitkb.store.incoming_push import Received
from gitkb.store.local.durable_files import history_errors, library_errors
from gitkb.store.local.local_folder import LOCK_SECONDS, Note, RunFolder, claim, run_folders
from gitkb.store.local.locks import Liveness, Wait, exclusive
from gitkb.store.snapshot import ObjectReader, Snapshot, TreeView, full_path, short_path
from gitkb.store.transaction.commit_group import Signers
from gitkb.store.transaction.index_file import WHOLE_INDEX, changed_below
from gitkb.store.transaction.recovery import Recoverer, Report, run_states
from gitkb.store.transaction.refs import ZERO, ref_oid
from gitkb.store.transaction.run import LOCK_MESSAGE, Run, open_folder
from gitkb.store.transaction.run_context import Place, Writer
from gitkb.store.transaction.sparse import sparse_rules
from gitkb.store.transaction.worktree import Worktree
from gitkb.store.values import Commit, Recovery, WorktreeStatus

OPEN_PACKS = 64
LARGEST_KEPT_TREE = 32 * 1024**2
"""Bytes of a tree that libgit2 keeps parsed. By default it keeps none above 4 kB, so that each look-up in a folder of 4,600 pages
reads and parses them all: 2.5 ms instead of 0.004 ms. What it keeps in all is bounded (256 MB)."""


class Store:
    """A repository that holds a knowledge base at its root, or in the folder `inside`.

    Paths count from the root of the knowledge base; one that begins with "/" counts from that of the repository. `worktree` is
    the folder of the knowledge base on this machine, `top` that of the repository; both are None for a bare one.
    """

    def __init__(
        self,
        folders: opening.Folders,
        quarantine: Path | None = None,
        trailer: str = "",
        person: str = "",
        *,
        receiving: bool = False,
    ) -> None:
        pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)
        # A long run makes many packs; libgit2 would keep each open for ever.
        pygit2.option(Option.SET_MWINDOW_FILE_LIMIT, OPEN_PACKS)
        pygit2.option(Option.SET_CACHE_OBJECT_LIMIT, int(ObjectType.TREE), LARGEST_KEPT_TREE)
        self._folders, self._trailer, self._person = folders, trailer, git_person(person)
        self._reader = ObjectReader(folders.git_dir, quarantine)
        self.git_dir = folders.common
        self.inside, self.top, self._receiving = folders.inside, folders.worktree, receiving
        self.worktree = folders.worktree / folders.inside if folders.worktree is not None else None
        self.bare = folders.worktree is None

    @classmethod
    def open(cls, path: Path, trailer: str = "", person: str = "") -> "Store":
        """The store at a worktree root, bare repository or git folder; `RepositoryError` with a remedy where gitkb cannot
        work with it. Variables such as GIT_DIR are not followed. Each commit that it makes ends in `trailer`; its author is the
        `person` ("Ada <ada@example.org>"), by default the one that git names."""
        return cls(opening.find_folders(path), trailer=trailer, person=person)

    @classmethod
    def at(cls, top: Path, inside: str) -> "Store":
        """The store of the repository at `top` for a knowledge base in one of its folders, whether or not it is there yet."""
        return cls(replace(opening.find_folders(top), inside=inside))

    @classmethod
    def receiving(cls, path: Path, quarantine: Path | None) -> "Store":
        """The store at a path while git receives a push: it sees the objects in quarantine too. Only to read from."""
        return cls(opening.find_folders(path), quarantine, receiving=True)

    @classmethod
    def create(cls, path: Path, *, bare: bool, branch: str = "main") -> "Store":
        """A new repository, without templates and hooks, whose HEAD names `branch` (not born yet)."""
        pygit2.init_repository(str(path), bare=bare, initial_head=branch)
        return cls.open(path)

    @staticmethod
    def repository_above(folder: Path) -> Path | None:
        """The root of the worktree that a folder is in, None where it is in none or is one itself."""
        folder = folder.resolve()
        return None if opening.is_repository(folder) else opening.repository_above(folder)

    @staticmethod
    def discover(start: Path) -> Path | None:
        """The nearest folder at or above `start` that is the root of a knowledge base, None where there is none."""
        return opening.discover(start)

    @staticmethod
    def discover_at(path: Path) -> Path | None:
        """The root of the knowledge base of which this folder is the root, or the repository; None where it is neither."""
        found = opening.discover(path)
        if found is None or found.resolve() == path.resolve():
            return found
        return found if (path / ".git").exists() and found.resolve().is_relative_to(path.resolve()) else None

    def hooks_path(self) -> str:
        """What git is configured to take for the folder of hooks, "" for the repository's own."""
        config = self._repository.config
        return str(config["core.hookspath"]) if "core.hookspath" in config else ""

    def received(self) -> Received:
        """What a push brings, for the one who must accept or refuse it."""
        return Received(self._reader)

    @property
    def local(self) -> Path:
        """The folder for what is never tracked: lock, runs, caches, catalog. Made when first needed, and claimed for this
        machine: what came with a copied repository is not used."""
        folder = self.git_dir / "gitkb"
        claim(folder)
        return folder

    @property
    def derived(self) -> Path | None:
        """The folder for caches, None where none can be kept (a disk that cannot be written)."""
        folder = self.git_dir / "gitkb"
        return folder if claim(folder) else None

    @property
    def _repository(self) -> pygit2.Repository:
        return self._reader.repository

    def branch(self) -> str:
        """The short name of the checked-out branch (bare: HEAD's); `RepositoryError` where HEAD is detached."""
        return opening.head_branch(self._repository).removeprefix("refs/heads/")

    def email(self) -> str:
        """The e-mail address of whoever commits here, "" where git knows none."""
        return self._person.rpartition("<")[2].rstrip(">") or email(self._folders.git_dir)

    def snapshot(self, rev: str | None = None) -> Snapshot:
        """The files of a revision (None: HEAD's commit); `NotFound` where there is no such commit, `MissingObject` where a ref
        names one that cannot be read."""
        try:
            commit = self._repository.revparse_single(rev or "HEAD").peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError) as error:
            if oid := self._named(rev or "HEAD"):
                raise MissingObject(oid) from error
            if rev is None:
                raise NotFound("The branch has no commit yet.", "gitkb init makes the first one.") from error
            lost = " If there was one: git fsck." if len(rev) == len(ZERO) else ""
            raise NotFound(f"No revision {rev!r} in this repository.", f"git log lists the commits.{lost}") from error
        inside = self.inside
        if self._receiving and not inside:
            # Before the first push nobody knows yet in which folder the knowledge base will be.
            inside = opening.knowledge_base_in(commit.tree) or ""
        return Snapshot(self._reader, str(commit.id), inside)

    def full(self, path: str) -> str:
        """A path as it counts from the root of the repository."""
        return full_path(self.inside, path)

    def _named(self, rev: str) -> str:
        """The id that a ref's name stands for, whether or not there is such an object; "" for other words."""
        with suppress(KeyError, ValueError, pygit2.GitError):
            return str(self._repository.lookup_reference_dwim(rev).resolve().target)
        return ""

    def tree(self, oid: str) -> TreeView:
        """The files of a root tree by its id; `KeyError` where it is gone."""
        return TreeView(self._reader, oid)

    def history(self, path: str, rev: str | None = None) -> Iterator[Commit]:
        """The commits that changed a file, or anything below a folder, newest first, as `git log PATH` has them."""
        commit, full = self.snapshot(rev).commit, self.full(path).strip("/")
        if full and self._is_indexed():
            return indexed_changes_of(self._reader, self._folders.git_dir, commit, full)
        return changes_of(self._reader, commit, full)

    def last_changes(self, folder: str, rev: str | None = None) -> dict[str, str]:
        """For every path below a folder the last commit that changed it."""
        found = last_changes(self._folders.git_dir, self.full(folder), self.snapshot(rev).commit)
        return {self._short(path): commit for path, commit in found.items()}

    def last_days(self, folder: str, rev: str | None = None) -> dict[str, str]:
        """For every path below a folder the day (ISO 8601) on which it was last changed."""
        found = last_changes(self._folders.git_dir, self.full(folder), self.snapshot(rev).commit, "%cs")
        return {self._short(path): day for path, day in found.items()}

    def all_changes(self, paths: Collection[str], rev: str | None = None) -> dict[str, list[PathChange]]:
        """For each of these paths that ever was, and maybe for others, all changes in a history, the newest first."""
        if not paths:
            return {}
        full, commit = [self.full(path) for path in paths], self.snapshot(rev).commit
        found = all_changes(self._folders.git_dir, full, commit, indexed=self._is_indexed())
        return {self._short(path): changes for path, changes in found.items()}

    def _is_indexed(self) -> bool:
        """Whether the commit-graph of this clone knows which commit may have changed which path."""
        return (derived := self.derived) is not None and repack.has_graph(derived)

    def _short(self, path: str) -> str:
        return short_path(self.inside, path)

    def log(self, rev: str | None = None) -> Iterator[Commit]:
        """All commits of a revision's history, newest first."""
        return changes_of(self._reader, self.snapshot(rev).commit, "")

    def status(self) -> WorktreeStatus:
        """Unfinished runs, paths below wiki/ that differ from the tip, and git's operation in progress. Writes nothing."""
        local = self.git_dir / "gitkb"
        runs = tuple(run_states(local, self._reader)) if local.exists() and claim(local) else ()
        return WorktreeStatus(runs, self._edited(), opening.operation(self._repository))

    def _edited(self) -> tuple[str, ...]:
        return tuple(path for path in self.edited_below("wiki") if path.startswith("wiki/"))

    def edited_below(self, folder: str) -> tuple[str, ...]:
        """The paths below a folder of the worktree that differ from the tip, new ones that git does not ignore included,
        sorted."""
        if self.top is None:
            return ()
        folder = self.full(folder)
        try:
            index = self._repository.index
            index.read()
        except (pygit2.GitError, OSError) as error:
            hint = WHOLE_INDEX if "extension" in str(error) else "Look with: git status"
            raise RepositoryError(f"git's index cannot be read: {error}", hint) from error
        found = changed_below(self._repository, index, folder)
        try:
            tip = self.snapshot()
        except NotFound:
            return tuple(sorted(map(self._short, found)))
        with history_errors():
            staged = self._repository.diff("HEAD", None, cached=True) if tip.commit else ()
        paths = {delta.new_file.path or delta.old_file.path for delta in getattr(staged, "deltas", ())}
        changed = {path for path in found | paths if path.startswith(f"{folder}/")} - self._following()
        return tuple(sorted(self._short(path) for path in changed))

    def _following(self) -> set[str]:
        """The paths at which worktree and index have still to follow the branch: a run is about to, or died over it."""
        found: set[str] = set()
        local = self.git_dir / "gitkb"
        for folder in run_folders(local) if local.exists() else ():
            note = folder.marked()
            if note is not None and note.after:
                with suppress(KeyError):
                    before = Snapshot(self._reader, note.before).oid if note.before else None
                    found.update(change.path for change in Snapshot(self._reader, note.after).changes_since(before))
        return found

    def recover(self, report: Report) -> Recovery:
        """Clear what dead runs left; `report` gets a sentence for each. Costs nothing to speak of where there is none."""
        local = self.git_dir / "gitkb"
        opening.refuse_links(self._folders)
        if not claim(local) or all(Liveness.probe(folder.alive) for folder in run_folders(local)):
            return Recovery()
        with exclusive(local / "lock", report, LOCK_SECONDS, LOCK_MESSAGE), library_errors("clear up after a dead run"):
            return Recoverer(self.git_dir, self._reader, self._place_of, report).clear(local)

    def begin(
        self,
        what: str,
        *,
        branch: str | None = None,
        start: str = "",
        allow_unborn: bool = False,
        on_wait: Wait | None = None,
        signs: bool = True,
    ) -> Run:
        """Start a run: `what` describes it ("add papers/"). A `branch` that does not exist starts at the commit `start`, by
        default HEAD's.

        `RepositoryError` where the branch cannot be written now. `allow_unborn` lets the run make the first commit. `signs`: it
        will make commits, so that a key is asked for now.
        """
        ref = f"refs/heads/{branch}" if branch is not None else opening.head_branch(self._repository)
        opening.refuse_name(self._repository, ref)
        opening.refuse_links(self._folders, (ref,))
        self._refuse(ref)
        head = self._repository.lookup_reference("HEAD").target
        here = ref_oid(self._repository, head) if isinstance(head, str) else str(head)
        base = ref_oid(self._repository, ref) or start or here
        if not base and not allow_unborn:
            raise RepositoryError("The branch has no commit yet.", "Make the first one: gitkb init")
        shown = not self.bare and ref == head
        note = Note(what, ref, admin=self._admin())
        signers, signed = self._signers(), signing.configured(self._folders.git_dir, self._root)
        folder, alive = open_folder(self.local, secrets.token_hex(8), note, on_wait, LOCK_SECONDS)
        try:
            place = self._place(folder, ref, shown, signers.committer())
            if signed is not None:
                who = signers.committer().rsplit(" ", 2)[0]
                signers = replace(signers, sign=signing.Signature(signed, folder.folder, self._root, who))
            run = Run(Writer(place, note, signers), self.local / "lock", alive, lambda: self._guard(ref, shown), base, on_wait)
        except BaseException:
            folder.remove()
            alive.release()
            raise
        try:
            if signers.sign is not None and signs:
                # What cannot be signed shows now, and a person is asked for a passphrase while no lock is held.
                signers.sign(b"gitkb\n\n")
            run.prepare()
        except BaseException:
            run.close()
            raise
        return run

    def large_original(self, path: str, content: bytes) -> Path | None:
        """The file of this machine that a pointer at a path stands for; None where it is no pointer, or Git LFS has not got it
        here."""
        return lfs.Originals.of(self._repository, self.git_dir, self._root).find(path, content)

    def require_lfs(self, report: Wait) -> None:
        """Make sure that large originals can be kept in Git LFS here: `RepositoryError` where git-lfs is not installed."""
        lfs.require(self._folders.git_dir, self.git_dir, report)

    @property
    def _root(self) -> Path:
        return self.top or self.git_dir

    def _signers(self) -> Signers:
        author, committer = identity(self._folders.git_dir, "AUTHOR"), identity(self._folders.git_dir, "COMMITTER")
        author = replace(author, person=self._person) if self._person else author
        return Signers(author.line, committer.line, trailer=self._trailer)

    def _admin(self) -> str:
        return "" if self._folders.git_dir == self.git_dir else self._folders.git_dir.relative_to(self.git_dir).as_posix()

    def _guard(self, ref: str, shown: bool) -> None:
        if shown != (not self.bare and self._repository.lookup_reference("HEAD").target == ref):
            name = ref.removeprefix("refs/heads/")
            raise RepositoryError(f"Another branch than {name} was checked out meanwhile.", f"git switch {name}, or start again.")
        self._refuse(ref)

    def _refuse(self, ref: str) -> None:
        if not self.bare and self._repository.lookup_reference("HEAD").target in (ref,):
            opening.refuse_busy(self._repository)
        elsewhere = opening.other_worktree(self._folders, ref)
        if elsewhere:
            name = ref.removeprefix("refs/heads/")
            raise RepositoryError(f"Branch {name} is checked out in {elsewhere}.", "Run the command there.")

    def _place(self, folder: RunFolder, ref: str, shown: bool, who: str) -> Place:
        worktree, originals = None, lfs.Originals.of(self._repository, self.git_dir, self._root)
        if shown and self.top is not None:
            near = folder.folder
            if near.stat().st_dev != self.top.stat().st_dev:
                # Renames need one file system.
                near = self.top / f".gitkb-{folder.id}"
            mode = (folder.folder / "run.json").stat().st_mode & 0o666
            config = self._repository.config
            ignore_case = "core.ignorecase" in config and config.get_bool("core.ignorecase")
            read = self._reader.blob
            sparse = sparse_rules(self._folders.git_dir, self.top)
            worktree = Worktree(self.top, near / "stage", near / "swap", mode, read, originals, ignore_case, sparse)
        return Place(self.git_dir, self._folders.git_dir, ref, worktree, folder, self._reader, originals, who, inside=self.inside)

    def _place_of(self, folder: RunFolder, note: Note | None) -> Place:
        """Where a dead run wrote: maybe from another worktree of this repository."""
        who = self._signers().committer()
        if note is None:
            return self._place(folder, "", False, who)
        if note.admin != self._admin():
            return self._elsewhere(note)._place(folder, note.branch, True, who)
        return self._place(folder, note.branch, not self.bare, who)

    def _elsewhere(self, note: Note) -> "Store":
        git_dir = self.git_dir / note.admin if note.admin else self.git_dir
        said = opening.read_pointer(git_dir / "gitdir")
        root = Path(said).parent if said else self.git_dir.parent
        try:
            found = Store.open(root)
        except RepositoryError:
            return Store(opening.Folders(self.git_dir, self.git_dir, None))
        same = found.git_dir == self.git_dir
        return found if same else Store(opening.Folders(self.git_dir, self.git_dir, None))

    def maintain(self) -> None:
        """Repack, and note which commit changed what, in the background where there are too many packs; returns at once."""
        repack.repack_if_needed(self.git_dir, self.local)
