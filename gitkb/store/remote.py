"""A branch of another repository, through the `git` program: fetch it, push to it; and the files of one, to add them.

Invariant: credentials, ssh and proxies are the person's own, and git asks for them as always; but what the repository's own
configuration would run (it may have come in an archive) is refused until the person trusts it. One branch is named in every
call, so nothing else, and nothing below refs/gitkb/, ever travels; a tracking branch only moves forward. Of a repository whose
files are added nothing runs and nobody is asked: it is read without a checkout, so no filter, hook, link or submodule of it
counts.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

import pygit2
from msgspec import Struct

from gitkb.errors import NotFound, RepositoryError
from gitkb.store.git_program import environment, finished, harmless_settings
from gitkb.store.history import Ancestors
from gitkb.store.snapshot import ObjectReader, Snapshot, open_bare
from gitkb.store.transaction.refs import RESCUE_REFS, new_rescue_ref, set_ref

SEEN_REFS = "refs/gitkb/seen/"
FETCHED_REFS = "refs/gitkb/fetched/"
_QUIET = (
    *("-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.pager=cat"),
    *("-c", "core.alternateRefsCommand=", "-c", "advice.pushUpdateRejected=false"),
)
# Fetched objects stay in the pack they come in, which git makes durable; loose ones it would not.
_FETCH = (
    *("-c", f"core.hooksPath={os.devnull}", "-c", "fetch.unpackLimit=1", "-c", "fetch.prune=false", "fetch", "--quiet"),
    *("--no-tags", "--no-write-fetch-head", "--refmap=", "--no-recurse-submodules", "--no-auto-gc"),
)
_PUSH = ("push", "--porcelain", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
_CALM = (
    *(("core.fsmonitor", "false"), ("core.hooksPath", os.devnull), ("core.pager", "cat"), ("diff.external", "")),
    *(("log.showSignature", "false"), ("core.alternateRefsCommand", "")),
)
_RACE = re.compile(
    r"fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref|incorrect old value|already exists"
    r"|but expected"
)
_TRIES = 5


class Pushed(Enum):
    """What became of a push: it landed, or somebody else's came first."""

    LANDED = "landed"
    OVERTAKEN = "overtaken"


class Remote(Struct, frozen=True):
    """A remote by its configured name, where it is, and the short name of the branch there."""

    name: str
    url: str
    branch: str

    def __str__(self) -> str:
        return f"{self.name}/{self.branch}"

    @property
    def tracking(self) -> str:
        """The ref under which git keeps what it last saw of the branch."""
        return f"refs/remotes/{self.name}/{self.branch}"


class Network:
    """The remotes of one repository; `root` is its worktree or the bare repository, `git_dir` its common git folder."""

    def __init__(self, root: Path, git_dir: Path) -> None:
        self._root, self._git_dir = root, git_dir

    def remote(self, branch: str, wanted: str | None = None) -> Remote:
        """The remote that a local branch goes to: the one named, else the configured one, else origin, else the only one."""
        config = self._config()
        names = sorted({key[len("remote.") : -len(".url")] for key in config if re.fullmatch(r"remote\..+\.url", key)})
        configured = config.get(f"branch.{branch}.remote", "")
        name = wanted or (configured if configured in names else "") or ("origin" if "origin" in names else "")
        name = name or (names[0] if len(names) == 1 else "")
        if name not in names or name.startswith("-"):
            known = f"There are: {', '.join(names)}." if names else "Name one: git remote add origin ADDRESS"
            raise NotFound(f"There is no remote {name!r}." if name else "It is not known which remote is meant.", known)
        merge = config.get(f"branch.{branch}.merge", "") if name == configured else ""
        return Remote(name, config[f"remote.{name}.url"], merge.removeprefix("refs/heads/") or branch)

    def fetch(self, remote: Remote) -> str:
        """The commit at which the remote's branch is, now in this repository; "" where there is no such branch.

        No branch and no tracking branch moves. `RepositoryError` with git's words where the remote cannot be read.
        """
        ref = f"{FETCHED_REFS}{remote}"
        for attempt in range(_TRIES):
            done = self._git((*_FETCH, "--", remote.name, f"+refs/heads/{remote.branch}:{ref}"))
            if not done.returncode:
                return self._ref(ref)
            said = _said(done)
            if "couldn't find remote ref" in said.lower():
                return ""
            if "cannot lock ref" not in said or attempt == _TRIES - 1:
                break
        raise RepositoryError(f"git could not fetch {remote.branch} from {remote.name}: {said}", _advice(said))

    def push(self, remote: Remote, commit: str) -> Pushed:
        """Move the remote's branch forward to a commit; `RepositoryError` with the reason where it is refused."""
        done = self._git((*_PUSH, "--", remote.name, f"{commit}:refs/heads/{remote.branch}"))
        if not done.returncode:
            return Pushed.LANDED
        refusal = next((line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("!")), "")
        if _RACE.search(refusal):
            return Pushed.OVERTAKEN
        reason = refusal.rpartition("\t")[2]
        said = "; ".join(part for part in (reason, _said(done)) if part)
        raise RepositoryError(f"{remote.name} did not take the push of {remote.branch}: {said}", _advice(said))

    def lost(self, remote: Remote, fetched: str, tip: str) -> str:
        """The commit that the remote's branch once had, and that its present state left behind; "" where it only moved on.

        What gitkb saw last counts where the local branch holds it, git's tracking branch always: so a person accepts a
        rewritten remote with `git fetch` and `git reset`, and nothing else does.
        """
        graph = Ancestors(self._git_dir)
        seen, tracking = self._ref(f"{SEEN_REFS}{remote}"), self._ref(remote.tracking)
        known = [tracking, seen if seen and graph.holds(tip, seen) else ""]
        return next((commit for commit in known if commit and not graph.holds(fetched, commit)), "")

    def accept(self, remote: Remote, commit: str) -> None:
        """Note a state of the remote's branch as seen, and let the tracking branch follow."""
        for ref in (f"{SEEN_REFS}{remote}", remote.tracking):
            # Only a note: another process that sets it at this moment says the same or more.
            if self._ref(ref) != commit:
                set_ref(self._git_dir, ref, commit)

    def rescue(self, commit: str) -> str:
        """Keep a commit under `refs/gitkb/rescue/<n>` and return that ref; the same commit is kept once."""
        repository = open_bare(self._git_dir)
        for ref in sorted(ref for ref in repository.references if ref.startswith(RESCUE_REFS)):
            if self._ref(ref) == commit:
                return ref
        return new_rescue_ref(repository, self._git_dir, commit)

    def _ref(self, name: str) -> str:
        try:
            return str(open_bare(self._git_dir).lookup_reference(name).resolve().target)
        except (KeyError, ValueError, pygit2.GitError):
            return ""

    def _config(self) -> Mapping[str, str]:
        """The repository's settings as git sees them; refuses what its own files would run."""
        return harmless_settings(self._root)

    def _git(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        self._config()
        return self._run((*_QUIET, *arguments))

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        return finished(["git", *arguments], self._root, environment(asks=True))


_READ = (
    *("-c", f"core.hooksPath={os.devnull}", "-c", "fetch.unpackLimit=1", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false", "-c", "credential.interactive=false", "fetch", "--quiet", "--depth=1", "--no-tags"),
    *("--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-gc", "--refmap="),
)
_READ_REF = "refs/gitkb/source"


def fetch_files(address: str, ref: str, folder: Path, top: Path) -> Snapshot:
    """The newest commit of a ref ("": the default branch) of another repository, fetched without its history into a bare
    repository at `folder`, which must not exist. An address that begins with ./ or ../ counts from `top`. `RepositoryError`
    with git's words where it cannot be read."""
    near = address.startswith(("./", "../"))
    env = environment(asks=True) | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": "file" if near else "https:http:ssh:git",
    }
    made = finished(["git", "init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(folder)], top, env)
    if made.returncode:
        raise RepositoryError(f"git could not prepare to fetch: {_said(made)}", "Is there room on the disk?")
    if "GIT_SSH_COMMAND" not in env and "GIT_SSH" not in env:
        own = finished(["git", "config", "core.sshCommand"], folder, env).stdout.decode("utf-8", "replace").strip()
        env["GIT_SSH_COMMAND"] = own or "ssh -o BatchMode=yes"
    where = os.path.normpath(top / address) if near else address
    done = finished(["git", *_READ, "--", where, f"+{ref or 'HEAD'}:{_READ_REF}"], folder, env)
    if done.returncode:
        said = _said(done)
        raise RepositoryError(f"git could not fetch {ref or 'the default branch'} of {address}: {said}", _read_advice(said))
    reader = ObjectReader(folder)
    return Snapshot(reader, str(reader.repository.lookup_reference(_READ_REF).peel(pygit2.Commit).id))


def _read_advice(said: str) -> str:
    if "couldn't find remote ref" in said:
        return "git ls-remote shows its branches and tags; declare the source again with another --ref."
    if "object format" in said or "mismatched algorithms" in said:
        return "gitkb reads repositories with SHA-1 objects: publish one, or add a checkout with gitkb add."
    return "Nobody is asked for a password here: git's credential helper or an ssh key must have it. Try: git ls-remote ADDRESS"


def write_files(snapshot: Snapshot, below: str, folder: Path) -> int:
    """Writes the files of a folder of a commit ("": all) into a folder of this machine, by their paths there, and returns how
    many. Links and submodules are no files. `RepositoryError` for a path that leads out of the folder."""
    count = 0
    for path, oid in snapshot.files(below):
        parts = path.split("/")
        if any(part in ("", ".", "..") or part.lower() == ".git" or "\\" in part for part in parts):
            raise RepositoryError(f"{path!r} is no path that can be written.", "Take it out of the source's repository.")
        file = folder.joinpath(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(snapshot.read_blob(oid))
        count += 1
    return count


def ask_service(root: Path, arguments: Sequence[str], text: str) -> subprocess.CompletedProcess[bytes]:
    """The finished call of a hosting service's own program, in the worktree or bare repository, with `text` as its input.

    The git that it calls in turn does not run what this repository's configuration names as its file monitor or hooks.
    """
    env = environment(asks=True)
    count = int(env.get("GIT_CONFIG_COUNT", "0") or 0)
    for key, value in _CALM:
        env |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
        count += 1
    env["GIT_CONFIG_COUNT"] = str(count)
    return finished(arguments, root, env, text.encode())


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """git's words as one line, without its advice."""
    lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines()]
    return " ".join(line for line in lines if line and not line.startswith(("hint:", "To "))) or f"exit code {done.returncode}"


def _advice(said: str) -> str:
    if "branch is currently checked out" in said:
        return "Push to a bare repository: git init --bare, or git clone --bare."
    if "hook declined" in said:
        return "The remote's own checks refused it; its words are above."
    return "Look at the address with: git remote -v"
