"""Calls of the `git` program: who commits, histories, and repacking. Everything else goes through pygit2.

Invariant: a hostile repository configuration runs nothing (no hook, no fsmonitor, no pager, no check of signatures, no
automatic gc) and contacts nothing (but for an object that a partial clone lacks: see `fetch_object`), and the variables with
which a calling hook points at its own repository are not handed on. So is every command of gitkb but `push`, `pull`, `pr` and,
where commits are signed or originals large, the writing ones: see `remote`, `signing` and `lfs`. This is the store's one look
at the environment, and only to pass it to a child process.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gitkb.errors import RepositoryError

HARMLESS = (
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    *("-c", "core.pager=cat", "-c", "core.sshCommand=false", "-c", "core.alternateRefsCommand=", "-c", "diff.external="),
    *("-c", "log.showSignature=false", "-c", "log.mailmap=false", "-c", f"diff.orderFile={os.devnull}", "-c", "color.ui=false"),
    *("-c", "protocol.allow=never", "-c", "core.gitProxy=false"),
)
LOCAL_VARIABLES = frozenset(
    "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_OBJECT_DIRECTORY GIT_DIR GIT_WORK_TREE GIT_IMPLICIT_WORK_TREE GIT_GRAFT_FILE"
    " GIT_INDEX_FILE GIT_INDEX_VERSION GIT_NO_REPLACE_OBJECTS GIT_REPLACE_REF_BASE GIT_PREFIX GIT_SHALLOW_FILE"
    " GIT_COMMON_DIR GIT_NAMESPACE GIT_QUARANTINE_PATH GIT_INTERNAL_SUPER_PREFIX GIT_TEMPLATE_DIR GIT_DEFAULT_HASH"
    " GIT_EXTERNAL_DIFF GIT_CEILING_DIRECTORIES".split()
)
TRUST = "gitkb.trust"
"""The setting by which a person, outside of a repository, lets its own configuration run programs and name folders."""
_RUNS = re.compile(
    r"core\.(sshcommand|gitproxy|askpass|hookspath)|credential\.(.*\.)?helper|remote\..*\.(uploadpack|receivepack|vcs)"
    r"|protocol\.(.*\.)?allow|lfs\.(customtransfer|extension)\..*|http\.(.*\.)?(savecookies|cookiefile)"
)
PATIENCE_SECONDS = 5.0
FALLBACK_NAME, FALLBACK_EMAIL = "gitkb", "gitkb@localhost"


def environment(*, asks: bool = False) -> dict[str, str]:
    """The environment for a git child: ours without what belongs to a calling hook's repository; with `asks` git may ask
    for a password on the terminal as it always does."""
    kept = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    # No protocol is called so: a repository's own configuration cannot allow one that this list does not have.
    quiet = {} if asks else {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **quiet}


def command(git_dir: Path, arguments: Sequence[str]) -> list[str]:
    """The argument list of a git call on a repository, with every setting that could run something switched off."""
    return ["git", *HARMLESS, f"--git-dir={git_dir}", *arguments]


def attempt(git_dir: Path, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """The finished call, whatever its exit code."""
    return finished(command(git_dir, arguments), git_dir, env)


def finished(
    program: Sequence[str], cwd: Path, env: Mapping[str, str], text: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The finished call of git or another program, with `text` as its input.

    Where this process is told to stop meanwhile, the program is asked to end, so that git removes its locks and temporary files,
    and killed only if it does not.
    """
    source = subprocess.DEVNULL if text is None else subprocess.PIPE
    try:
        process = subprocess.Popen(list(program), cwd=cwd, env=env, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        if program[0] != "git":
            raise
        raise RepositoryError("The git program was not found.", "Install git 2.31 or newer.") from error
    with process:
        try:
            out, err = process.communicate(text)
        except BaseException:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class Identity(Struct, frozen=True):
    """Who writes a commit, as git sees it; `fixed` is a time that the environment prescribes, else the clock's."""

    person: str
    zone: str
    fixed: int | None

    def line(self) -> str:
        """`Name <email> seconds zone`, as a commit holds it."""
        return f"{self.person} {self.fixed if self.fixed is not None else int(time.time())} {self.zone}"


def is_ignored(top: Path, folder: Path) -> bool:
    """Whether the repository of a worktree ignores a folder of it, which need not be there."""
    arguments = ["git", *HARMLESS, "-C", str(top), "check-ignore", "-q", "--no-index", "--", f"{folder}/"]
    return finished(arguments, top, environment()).returncode == 0


def git_person(name: str) -> str:
    """Somebody as a commit names them, "Name <address>"; a name alone, often an address, stands for both. "" for nobody."""
    bare, _, address = name.partition("<")
    shown, address = (" ".join(re.sub(r"[<>\x00-\x1f\x7f]", " ", part).split()) for part in (bare, address))
    return f"{shown or address} <{address or shown}>" if shown or address else ""


def email(git_dir: Path) -> str:
    """The e-mail address of whoever commits here, by git's own rules; "" where none is configured."""
    done = attempt(git_dir, ["-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"], environment())
    said = done.stdout.decode("utf-8", "replace").strip()
    return "" if done.returncode else said.rpartition(">")[0].rpartition("<")[2]


def identity(git_dir: Path, role: str) -> Identity:
    """The identity for `role` ("AUTHOR" or "COMMITTER") with git's own rules; a neutral one where none is configured."""
    arguments = ["-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT"]
    env = environment()
    done = attempt(git_dir, arguments, env)
    if done.returncode:
        env.setdefault(f"GIT_{role}_NAME", FALLBACK_NAME)
        env.setdefault(f"GIT_{role}_EMAIL", FALLBACK_EMAIL)
        done = attempt(git_dir, arguments, env)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise RepositoryError(f"git does not accept the identity for a commit: {said}", "Set user.name and user.email.")
    person, seconds, zone = done.stdout.decode("utf-8", "surrogateescape").strip().rsplit(" ", 2)
    return Identity(person, zone, int(seconds) if env.get(f"GIT_{role}_DATE") else None)


def harmless_settings(root: Path) -> Mapping[str, str]:
    """The settings of a repository, at its worktree or git folder, as git sees them; `RepositoryError` where its own files would
    run a program."""
    done = finished(["git", "config", "--list", "--show-scope", "-z"], root, environment(asks=True))
    settings: dict[str, str] = {}
    trusted, runs = False, []
    for scope, key, value in _settings(done.stdout.decode("utf-8", "surrogateescape")):
        settings[key] = value
        own = scope in ("local", "worktree")
        trusted = trusted or (key == TRUST and not own and value in ("*", str(root)))
        if own and _RUNS.fullmatch(key) and value and not (key.endswith("helper") and re.fullmatch("[a-z-]+", value)):
            runs.append(key)
    if runs and not trusted:
        raise RepositoryError(
            f"The configuration of this repository itself sets {', '.join(sorted(set(runs)))}, which would run a program.",
            f'If you set it yourself: git config --global --add {TRUST} "{root}"',
        )
    return settings


def _settings(listed: str) -> Iterator[tuple[str, str, str]]:
    """(scope, key, value) of `git config --list --show-scope -z`; a key without a value counts as true."""
    parts = listed.split("\0")
    for scope, entry in zip(parts[::2], parts[1::2], strict=False):
        key, line, value = entry.partition("\n")
        section, _, name = key.rpartition(".")
        head, dot, sub = section.partition(".")
        yield scope, f"{head.lower()}{dot}{sub}.{name.lower()}", value if line else "true"


_PROTOCOLS = "file:git:http:https:ssh"


def fetch_object(git_dir: Path, oid: str) -> None:
    """Has git fetch an object that a partial clone has not got yet, over file, git, ssh or http; `RepositoryError` where that
    fails, or where the repository's own configuration would run a program for it."""
    harmless_settings(git_dir.parent if git_dir.name == ".git" else git_dir)
    env = {**environment(asks=True), "GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_NO_LAZY_FETCH": "0"}
    calm = ("-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.pager=cat")
    done = finished(["git", *calm, f"--git-dir={git_dir}", "cat-file", "-e", oid], git_dir, env)
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise RepositoryError(
            f"This is a partial clone, and git could not fetch what it lacks: {said}",
            "Fetch all of it: git fetch --refetch --no-filter",
        )
