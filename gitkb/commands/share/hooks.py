"""Puts git hooks and CI templates in place, lists them, takes them away; and what a hook asks of a commit.

Invariant: a file of somebody else is never lost. Where a hook that stands runs all of a folder of its name (`pre-receive.d/`,
as those of Gitea and Forgejo do) ours goes into that folder, and on GitLab into `custom_hooks/`: theirs keeps its name and its
place. Any other is kept below `before-gitkb/` under its own name; ours runs it first, and it comes back when ours goes. A CI
file that is not ours is left alone. Writes into the repository's own folders only, never into one that others share.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from msgspec import Struct

import gitkb
from gitkb.errors import InTheWay, RepositoryError, UsageError
from gitkb.model.documents import Tree
from gitkb.model.options import HookChoice
from gitkb.model.rows import InstalledHook
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.hand_edits import Seal, edited_path, state

LOCAL, SERVER = ("pre-commit", "pre-push"), ("pre-receive",)
_CI = {
    "github": (".github/workflows/gitkb.yml",),
    "gitlab": (".gitlab/gitkb.yml", ".gitlab-ci.yml"),
    "forgejo": (".forgejo/workflows/gitkb.yml",),
    "gitea": (".gitea/workflows/gitkb.yml",),
}
_TEMPLATES = {"gitea": "forgejo"}
_INCLUDE = (
    "# gitkb hook: the jobs of gitkb. `gitkb hooks install --ci gitlab` wrote it.\ninclude:\n  - local: .gitlab/gitkb.yml\n"
)
_MARK = "# gitkb hook"
_BEFORE = "before-gitkb"
_OLD_BEFORE = f".{_BEFORE}"
"""What an earlier gitkb appended to the name of a hook that stood there."""
_OWN_NAME = "gitkb"
"""What ours is called in a folder of hooks that somebody else's hook runs."""


class CiWishes(Struct, frozen=True):
    """What a CI template depends on: the `branch` whose pages it refreshes, and how it installs gitkb (`ci.install`)."""

    branch: str
    install: str


def _names(choice: HookChoice) -> tuple[str, ...]:
    """The git hooks that a choice means."""
    if choice.server:
        return SERVER
    return () if choice.ci else LOCAL


def templates() -> Path:
    """The folder of hooks and CI templates that belongs to this gitkb."""
    package = Path(gitkb.__file__).resolve().parent
    return package / "hooks" if (package / "hooks").is_dir() else package.parent / "hooks"


def install(store: Store, choice: HookChoice, python: str, wishes: CiWishes) -> list[InstalledHook]:
    """Puts the chosen hooks in place and returns them; `python` runs gitkb. `UsageError` where
    a CI template is wanted and nobody said how it installs gitkb."""
    if store.bare and (choice.ci or not choice.server):
        raise UsageError("This repository has no worktree.", "Here only gitkb hooks install --server makes sense.")
    if choice.ci and not wishes.install:
        raise UsageError(
            "A CI template must say which gitkb it installs, and .gitkb/config.yaml has no ci.install.",
            "Set ci.install to a package with its hash, a wheel with its hash, a repository with a commit, or a file of"
            " requirements with hashes, and commit it; gitkb help settings shows each.",
        )
    for name in _names(choice):
        place = _place(store, name)
        if place.chain is not None:
            place.chain.mkdir(parents=True, exist_ok=True)
            _replace(place.chain / _OWN_NAME, _rendered(name, python), 0o755)
        else:
            place.file.parent.mkdir(parents=True, exist_ok=True)
            _put(place.file, _rendered(name, python))
    if choice.ci and store.top is not None:
        _put_ci(store.top, choice.ci, wishes)
    return [hook for hook in installed(store, python, wishes) if hook.ours and _chosen(hook, choice)]


def remove(store: Store, choice: HookChoice, python: str, wishes: CiWishes) -> list[InstalledHook]:
    """Takes away the chosen hooks that are ours and returns them; the ones before them come back."""
    if _names(choice):
        _own_folder(store)
    gone = [hook for hook in installed(store, python, wishes) if hook.ours and _chosen(hook, choice)]
    for hook in gone:
        file = Path(hook.file)
        if hook.before:
            _move(Path(hook.before), file)
            with suppress(OSError):
                Path(hook.before).parent.rmdir()
        else:
            file.unlink()
    return gone


def installed(store: Store, python: str, wishes: CiWishes) -> list[InstalledHook]:
    """All hooks and CI files that gitkb could have written, where something stands."""
    return [*_installed_hooks(store, python), *_installed_ci(store, wishes)]


def _installed_hooks(store: Store, python: str) -> Iterator[InstalledHook]:
    folder = _configured_folder(store) or store.git_dir / "hooks"
    for name in (*LOCAL, *SERVER):
        chains = [top / f"{name}.d" / _OWN_NAME for top in (folder, store.git_dir / _CUSTOM)]
        for file in (folder / name, *chains):
            if file.is_file() or file.is_symlink():
                kept = next((str(before) for before in _befores(file) if os.path.lexists(before)), "")
                yield InstalledHook(name, str(file), _is_ours(file), _text(file) == _rendered(name, python), kept)


def _installed_ci(store: Store, wishes: CiWishes) -> Iterator[InstalledHook]:
    for kind, paths in _CI.items() if store.top is not None else ():
        for path in paths:
            file = (store.top or Path()) / path
            if file.is_file():
                yield InstalledHook(f"ci {kind}", str(file), _is_ours(file), _text(file) == _ci_text(kind, path, wishes))


def _chosen(hook: InstalledHook, choice: HookChoice) -> bool:
    return hook.name in _names(choice) or hook.name == f"ci {choice.ci}"


_CUSTOM = "custom_hooks"
"""The folder of a repository on a GitLab server from which GitLab runs hooks besides its own."""


class _Place(Struct, frozen=True):
    """Where a hook belongs: the `file` that git runs, or a folder that somebody else's hook there runs (`chain`)."""

    file: Path
    chain: Path | None = None


def _place(store: Store, name: str) -> _Place:
    if name in SERVER and (store.git_dir / _CUSTOM).is_dir():
        return _Place(store.git_dir / _CUSTOM / name, store.git_dir / _CUSTOM / f"{name}.d")
    file = _own_folder(store) / name
    chain = file.with_name(f"{name}.d")
    stands = os.path.lexists(file) and not _is_ours(file)
    return _Place(file, chain if stands and chain.is_dir() and ".d" in _text(file) else None)


def _configured_folder(store: Store) -> Path | None:
    """The folder from which git takes hooks, where that is another than the repository's own."""
    configured = store.hooks_path()
    folder = Path(store.top or store.git_dir, Path(configured).expanduser()) if configured else None
    return folder if folder is not None and folder.resolve() != (store.git_dir / "hooks").resolve() else None


def _own_folder(store: Store) -> Path:
    """The repository's own hooks folder; `RepositoryError` where git looks for hooks elsewhere."""
    own = store.git_dir / "hooks"
    if _configured_folder(store) is not None:
        raise RepositoryError(
            f"git takes this repository's hooks from {store.hooks_path()} (core.hooksPath), which others may share.",
            f"Call gitkb's from there: they are in {templates()}. Or: git config --unset core.hooksPath",
        )
    if own.is_symlink():
        raise RepositoryError(f"{own} is a link to {own.readlink()}, which others may share.", "Put a folder in its place.")
    return own


def _put(file: Path, text: str) -> None:
    before, old = _befores(file)
    if os.path.lexists(file) and not _is_ours(file):
        there = next((each for each in (before, old) if os.path.lexists(each)), None)
        if there is not None:
            raise InTheWay(
                f"{file} and {there} are both somebody else's hooks.", "Join them into one, then run gitkb hooks install again."
            )
        # A copy first, so that a kill in between leaves a hook that runs.
        _copy(file, before)
    elif os.path.lexists(old) and not os.path.lexists(before):
        _copy(old, before)
    _replace(file, text, 0o755)
    if os.path.lexists(before):
        old.unlink(missing_ok=True)


def _befores(file: Path) -> tuple[Path, Path]:
    """Where the hook that stood at a file's place is kept, and where an earlier gitkb kept it."""
    return file.parent / _BEFORE / file.name, file.with_name(f"{file.name}{_OLD_BEFORE}")


def _copy(file: Path, target: Path) -> None:
    """Copies a hook; a link leads to the same file from its new place."""
    target.parent.mkdir(exist_ok=True)
    if file.is_symlink():
        leads = file.readlink()
        target.symlink_to(leads if leads.is_absolute() else os.path.relpath(file.parent / leads, target.parent))
    else:
        shutil.copy2(file, target)


def _move(file: Path, target: Path) -> None:
    """Puts a hook back to where it stood."""
    if file.is_symlink() and file.parent != target.parent:
        near = target.with_name(f"{target.name}.new-{os.getpid()}")
        leads = file.readlink()
        near.symlink_to(leads if leads.is_absolute() else os.path.relpath(file.parent / leads, target.parent))
        near.replace(target)
        file.unlink()
    else:
        file.replace(target)


def _put_ci(worktree: Path, kind: str, wishes: CiWishes) -> None:
    for path in _CI[kind]:
        file = worktree / path
        if file.parent.resolve() != worktree.resolve() / Path(path).parent:
            raise InTheWay(f"{file.parent} is a link.", "Put a folder in its place.")
        if os.path.lexists(file) and not _is_ours(file):
            if path != ".gitlab-ci.yml":
                raise InTheWay(f"{file} is somebody else's.", "Move it away, then run gitkb hooks install again.")
            if ".gitlab/gitkb.yml" not in _text(file):
                raise InTheWay(f"{file} is yours; its jobs must include gitkb's.", f"Add to it:\n{_INCLUDE.split(chr(10), 1)[1]}")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, _ci_text(kind, path, wishes), 0o644)


def _replace(file: Path, text: str, mode: int) -> None:
    new = file.with_name(f"{file.name}.new-{os.getpid()}")
    new.write_text(text, encoding="utf-8", newline="\n")
    new.chmod(mode)
    new.replace(file)


def _rendered(name: str, python: str) -> str:
    """A hook's text that knows by which program gitkb was installed, in a shell's quotes."""
    quoted = "'" + python.replace("'", "'\\''") + "'"
    return _text(templates() / name).replace("\npython=\n", f"\npython={quoted}\n", 1)


def _ci_text(kind: str, path: str, wishes: CiWishes) -> str:
    if path == ".gitlab-ci.yml":
        return _INCLUDE
    text = _text(templates() / "ci" / f"{_TEMPLATES.get(kind, kind)}.yml")
    text = text.replace('"main"', json.dumps(wishes.branch, ensure_ascii=False))
    lines = _install_lines(wishes)
    return _INSTALLS.sub(lambda found: "\n".join(f"{found[1]}{line}" for line in lines), text)


_INSTALLS = re.compile(r"^( +)GITKB_INSTALL$", re.MULTILINE)
_PIP = '"$RUNNER_TEMP/gitkb/bin/pip" install --quiet'


def _install_lines(wishes: CiWishes) -> list[str]:
    """The lines of a shell that install gitkb as `ci.install` says: its own bytes by hash or commit, a file of this repository as
    the branch has it, so that no request can change it."""
    what, *hashes = wishes.install.split(" ")
    wanted = " ".join(f"--hash={each}" for each in hashes)
    lines = ['python3 -m venv "$RUNNER_TEMP/gitkb"']
    own = "" if what.startswith(("gitkb==", "https://", "git+https://")) else what
    if own:
        name = Path(own).name
        there = quote(f"refs/remotes/origin/{wishes.branch}:{own}")
        lines.append(f'git show {there} > "$RUNNER_TEMP/{name}"')
        if own.endswith(".txt"):
            return [*lines, f'{_PIP} --require-hashes -r "$RUNNER_TEMP/{name}"']
        what = f"file://$RUNNER_TEMP/{name}"
    if not wanted:
        return [*lines, f"{_PIP} {quote(f'gitkb @ {what}')}"]
    if "://" in what:
        what = f"gitkb @ {what}"
    lines.append(f'echo "{what} {wanted}" > "$RUNNER_TEMP/gitkb.txt"')
    lines.append(f'{_PIP} --require-hashes --no-deps -r "$RUNNER_TEMP/gitkb.txt"')
    # What it needs comes in the versions that it allows; a file of requirements pins that, too.
    return [*lines, f"{_PIP} --only-binary :all: gitkb"]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # a link that leads nowhere: somebody else's


def _is_ours(file: Path) -> bool:
    return any(line.startswith(_MARK) for line in _text(file).splitlines()[:2])


def bases_of_edits(parent: Tree, tip: Snapshot) -> list[tuple[str, str]]:
    """(path, blob) of the projections to keep for pages that a commit edits by hand: `.gitkb/edited/...` and what stood there."""
    found = []
    for change in tip.changes_since(parent.oid):
        page = change.path.startswith("wiki/") and change.path.endswith(".md") and not set(change.path) & set('\n\t"')
        if page and change.old and change.new and tip.blob(edited_path(change.path)) is None:
            states = (state(parent.read_blob(change.old)), state(tip.read_blob(change.new)))
            if states == (Seal.GENERATED, Seal.EDITED):
                found.append((edited_path(change.path), change.old))
    return found
