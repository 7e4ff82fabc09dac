"""History: what changed a path, which commit contains which, and the bases of merges.

Invariant: reads only, takes no lock, speaks to no network. The history of a path follows a merge that took one side's state of
it whole along that side only, as `git log` does, so it survives merges, squashes and rebases; it costs one look-up per commit.
A shallow clone's missing parents end a history. What gitkb does not write (links, submodules, changed file modes) is named in a
comparison, so that nobody loses it silently.
"""

from collections.abc import Collection, Iterator
from heapq import heappop, heappush
from itertools import takewhile
from pathlib import Path

import pygit2
from msgspec import Struct
from pygit2.enums import DiffOption, FileMode, SortMode

from gitkb.errors import MissingObject, RepositoryError
from gitkb.store.git_program import attempt, environment
from gitkb.store.local.durable_files import history_errors
from gitkb.store.snapshot import ObjectReader, decode_path, open_bare
from gitkb.store.tree_builder import EMPTY_TREE, FILE_MODES
from gitkb.store.values import Commit, Tracking


class Ancestors(Struct, frozen=True):
    """The commit graph of one repository; `git_dir` is its common git folder."""

    git_dir: Path

    def bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors of two commits, sorted; none where their histories have nothing in common."""
        done = attempt(self.git_dir, ["merge-base", "--all", one, other], environment())
        if done.returncode not in (0, 1):
            said = done.stderr.decode("utf-8", "replace").strip()
            raise RepositoryError(f"git could not compare the two histories: {said}", "Look with: git fsck")
        return sorted(done.stdout.decode("ascii").split())

    def holds(self, commit: str, ancestor: str) -> bool:
        """Whether a commit is another one, or has it among its ancestors."""
        if commit == ancestor:
            return True
        try:
            return open_bare(self.git_dir).descendant_of(commit, ancestor)
        except (KeyError, pygit2.GitError):
            return False  # one of them is not here at all

    def ends_at(self, commit: str) -> bool:
        """Whether the history of this clone was cut off at a commit: what was before it is not known here."""
        try:
            return commit in (self.git_dir / "shallow").read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return False

    def is_shallow(self) -> bool:
        """Whether the history of this clone was cut off."""
        return (self.git_dir / "shallow").is_file()

    def unusual(self, old: str, new: str) -> set[str]:
        """The paths that differ between two root trees in a way that is no file's content: a link, a submodule, a mode."""
        repository = open_bare(self.git_dir)
        before, after = (None if oid == EMPTY_TREE else repository[oid].peel(pygit2.Tree) for oid in (old, new))
        return set(_unusual(before, after))


def _unusual(old: pygit2.Tree | None, new: pygit2.Tree | None) -> Iterator[str]:
    whole = old or new
    if whole is None:
        return
    if old is None or new is None:
        changes = whole.diff_to_tree(swap=old is None)
    else:
        changes = old.diff_to_tree(new, flags=DiffOption.INCLUDE_TYPECHANGE)
    for delta in changes.deltas:
        before, after = int(delta.old_file.mode), int(delta.new_file.mode)
        known = all(mode in FILE_MODES for mode in (before, after) if mode)
        if not known or (before and after and before != after):
            yield decode_path(delta.new_file.raw_path or delta.old_file.raw_path)


def merge_lines(git_dir: Path, base: str, ours: str, theirs: str) -> bytes | None:
    """Three blobs of text merged line by line; None where both sides changed the same lines, or one is no text."""
    repository = open_bare(git_dir)
    one, two, three = (pygit2.IndexEntry("merged", pygit2.Oid(hex=oid), FileMode.BLOB) for oid in (base, ours, theirs))
    try:
        merged = repository.merge_file_from_index(one, two, three, use_deprecated=False)
    except (UnicodeDecodeError, pygit2.GitError):
        return None
    return merged.contents.encode() if merged.automergeable else None


def describe(commit: pygit2.Commit) -> Commit:
    """The plain data of a commit."""
    author = commit.author
    parents = tuple(str(oid) for oid in commit.parent_ids)
    message = commit.raw_message.decode("utf-8", "replace")
    return Commit(str(commit.id), message, author.name, author.email, commit.commit_time, parents)


def last_changes(git_dir: Path, folder: str, commit: str, shown: str = "%H") -> dict[str, str]:
    """For every path below a folder the last commit in a history that changed it: {path: commit id}, or what else is `shown` of
    it ("%cs": its day). Asks the git program, which reads thousands of commits in the time that libgit2 takes for hundreds."""
    arguments = ["log", f"--format=%x01{shown}", "--name-only", "-z", "--no-renames", commit, "--", f":(top,literal){folder}"]
    done = attempt(git_dir, arguments, environment())
    if done.returncode:
        raise RepositoryError(
            f"git could not read the history: {done.stderr.decode('utf-8', 'replace').strip()}", "Try git fsck."
        )
    found: dict[str, str] = {}
    current = ""
    for token in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        name = token.removeprefix("\n")
        if name.startswith("\x01"):
            current = name[1:]
        elif name:
            found.setdefault(name, current)
    return found


class PathChange(Struct, frozen=True):
    """A commit that changed a path, with its author and time (seconds), and the blobs before and after (None: no file)."""

    commit: str
    author: str
    time: int
    old: str | None
    new: str | None


FEW_WALKS, MANY_WALKS = 8, 32
"""A walk past the filters of a commit-graph takes a fiftieth of the time of one that reads the trees of every commit."""


def all_changes(git_dir: Path, paths: Collection[str], commit: str, *, indexed: bool) -> dict[str, list[PathChange]]:
    """For each of these paths that ever was, and for others, all changes in a history, the newest first. Asks the git program, as
    `last_changes` does. If it is `indexed`, the commit-graph knows which commit may have changed which path."""
    found: dict[str, list[PathChange]] = {}
    for place in _places(paths, indexed=indexed):
        found |= _changes_below(git_dir, place, commit, indexed=indexed)
    return found


def _places(paths: Collection[str], *, indexed: bool) -> Collection[str]:
    """The paths, their folders, or the one folder of all: what is looked for, so that git has little to read."""
    if indexed:
        own, folders = set(paths), {path.rpartition("/")[0] for path in paths}
        for places, most in ((own, FEW_WALKS), (folders, MANY_WALKS), (own, MANY_WALKS)):
            if len(places) <= most:
                return sorted(places)
    first, last = min(paths).split("/"), max(paths).split("/")
    shared = [one for one, other in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))]
    return ["/".join(shared)]


def _changes_below(git_dir: Path, place: str, commit: str, *, indexed: bool) -> dict[str, list[PathChange]]:
    form = "--format=%x01%H%x02%an%x02%at"
    # git looks into no filter for a path that begins with :(top). With its full history a path's changes are the same whatever
    # else is asked for: otherwise git follows only one side of a merge that leaves everything asked for as it was there.
    spec = f":(literal){place}" if indexed else f":(top,literal){place}"
    arguments = ["log", form, "--raw", "--no-abbrev", "-z", "--no-renames", "--full-history", commit, "--", spec]
    done = attempt(git_dir, arguments, environment())
    if done.returncode:
        raise RepositoryError(
            f"git could not read the history: {done.stderr.decode('utf-8', 'replace').strip()}", "Try git fsck."
        )
    found: dict[str, list[PathChange]] = {}
    oid, author, seconds, blobs = "", "", "0", ["", ""]
    for token in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        text = token.removeprefix("\n")
        if text.startswith("\x01"):
            oid, author, seconds = text[1:].split("\x02")
        elif text.startswith(":"):
            blobs = text.split(" ")[2:4]
        elif text:
            old, new = (None if not blob.strip("0") else blob for blob in blobs)
            found.setdefault(text, []).append(PathChange(oid, author, int(seconds), old, new))
    return found


def changes_of(reader: ObjectReader, tip: str, path: str) -> Iterator[Commit]:
    """The commits that changed a file or folder ("" for every commit), newest first."""
    queue: list[tuple[int, int, pygit2.Commit]] = []
    seen: set[str] = set()
    states: dict[pygit2.Oid, tuple[int, str] | None] = {}

    def state_of(commit: pygit2.Commit) -> tuple[int, str] | None:
        """What stands at the path; looked up once, as the parent of a commit and not again as the next one."""
        if commit.id not in states:
            states[commit.id] = _state(reader, commit, path)
        return states[commit.id]

    def push(commit: pygit2.Commit) -> None:
        oid = str(commit.id)
        if oid not in seen:
            seen.add(oid)
            heappush(queue, (-commit.commit_time, len(seen), commit))

    push(reader.commit(tip))
    while queue:
        commit = heappop(queue)[2]
        state = state_of(commit)
        parents = _parents(reader, commit)
        same = [parent for parent in parents if path and state_of(parent) == state]
        del states[commit.id]
        for parent in same[:1] or parents:
            push(parent)
        if not path or (not same and (parents or state is not None)):
            yield describe(commit)


def indexed_changes_of(reader: ObjectReader, git_dir: Path, tip: str, path: str) -> Iterator[Commit]:
    """What `changes_of` gives for a path, by the git program, for a repository whose commit-graph knows which commit may have
    changed which path: then it reads a few trees instead of those of every commit."""
    arguments = ["--no-replace-objects", "log", "--format=%H", "--no-renames", tip, "--", f":(literal){path}"]
    # git looks into no filter for a path that begins with :(top).
    done = attempt(git_dir, arguments, environment())
    if done.returncode:
        yield from changes_of(reader, tip, path)
        return
    for oid in done.stdout.decode("ascii").split():
        yield describe(reader.commit(oid))


def _parents(reader: ObjectReader, commit: pygit2.Commit) -> list[pygit2.Commit]:
    found = []
    for oid in commit.parent_ids:
        try:
            found.append(reader.commit(str(oid)))
        except KeyError:
            # The end of a shallow clone.
            continue
    return found


def _state(reader: ObjectReader, commit: pygit2.Commit, path: str) -> tuple[int, str] | None:
    if not path:
        return None
    tree = reader.tree(str(commit.tree_id))
    try:
        entry = tree[path]
    except (KeyError, ValueError):
        return None
    except pygit2.GitError as error:
        raise MissingObject(path) from error
    return (int(entry.filemode), str(entry.id))


class Ancestry:
    """The graph of a repository's commits; `git_dir` is its common git folder."""

    def __init__(self, git_dir: Path) -> None:
        self._repository = open_bare(git_dir)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits, None where they have none."""
        with history_errors():
            found = self._repository.merge_base(one, other)
        return None if found is None else str(found)

    def between(self, base: str, head: str) -> Iterator[Commit]:
        """The commits that the head has and the base has not, newest first."""
        with history_errors():
            walker = self._repository.walk(head, SortMode.TOPOLOGICAL | SortMode.TIME)
            walker.hide(base)
            yield from map(describe, walker)

    def first_parents(self, commit: str) -> Iterator[str]:
        """A commit and its line of first parents, by id."""
        oid: str | None = commit
        while oid is not None:
            with history_errors():
                found = self._repository.get(oid)
            if not isinstance(found, pygit2.Commit):
                return
            yield oid
            oid = str(found.parent_ids[0]) if found.parent_ids else None

    def branch(self, name: str) -> str | None:
        """The tip of a local branch, else of origin's branch of that name; None where there is neither."""
        for ref in (f"refs/heads/{name}", f"refs/remotes/origin/{name}"):
            found = self._repository.references.get(ref)
            if found is not None:
                with history_errors():
                    return str(found.peel(pygit2.Commit).id)
        return None

    def remote_branch(self, name: str) -> tuple[str, str] | None:
        """("origin/main", its last known tip): the branch of this name at the remote that the local one goes to, else at origin,
        else at the only remote; None where none is known."""
        config = self._repository.config
        remotes = [remote.name for remote in self._repository.remotes if remote.name]
        key = f"branch.{name}.remote"
        own = str(config[key]) if key in config else ""
        wanted = own if own in remotes else "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else ""
        found = self._repository.references.get(f"refs/remotes/{wanted}/{name}") if wanted else None
        if found is None:
            return None
        with history_errors():
            return f"{wanted}/{name}", str(found.peel(pygit2.Commit).id)

    def upstream(self, branch: str) -> str | None:
        """The last known tip of the branch that a local one follows, None where it follows none."""
        found = self._repository.branches.local.get(branch)
        try:
            followed = None if found is None else found.upstream
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return None if followed is None else str(followed.peel(pygit2.Commit).id)

    def tracking(self, branch: str) -> Tracking | None:
        """How a local branch stands to the one that it follows, else to origin's of its name; None where there is neither."""
        local = self._repository.branches.local.get(branch)
        try:
            followed = None if local is None else local.upstream
        except (KeyError, ValueError, pygit2.GitError):
            followed = None
        followed = followed or self._repository.branches.remote.get(f"origin/{branch}")
        if local is None or followed is None:
            return None
        with history_errors():
            ahead, behind = self._repository.ahead_behind(local.peel(pygit2.Commit).id, followed.peel(pygit2.Commit).id)
        return Tracking(followed.shorthand, ahead, behind)

    def refs(self) -> Iterator[tuple[str, str]]:
        """(full name, commit) of every branch, here and of remotes, and of every tag that leads to a commit; by name."""
        for name in sorted(self._repository.references):
            if name.startswith(("refs/heads/", "refs/remotes/", "refs/tags/")) and not name.endswith("/HEAD"):
                try:
                    yield name, str(self._repository.references[name].peel(pygit2.Commit).id)
                except (KeyError, ValueError, pygit2.GitError):
                    continue  # of another kind of object, or damaged: nobody can look at it

    def counts(self, one: str, other: str) -> tuple[int, int]:
        """How many commits only the one has, and how many only the other."""
        with history_errors():
            ahead, behind = self._repository.ahead_behind(one, other)
        return ahead, behind

    def commit(self, oid: str) -> Commit:
        """A commit by its id."""
        with history_errors():
            return describe(self._repository[oid].peel(pygit2.Commit))

    def remote_url(self, name: str = "origin") -> str:
        """Where a remote is, empty where there is none."""
        try:
            return str(self._repository.config[f"remote.{name}.url"])
        except KeyError:
            return ""
