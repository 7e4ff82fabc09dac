"""Puts git hooks and CI templates in place, lists them, takes them away; and what a hook asks of a commit.

Invariant: a file of somebody else is never lost: a hook is kept beside ours, which runs it first, and comes back when ours
goes; a CI file that is not ours is left alone. Writes into the repository's own hooks folder only, never one that others share.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import gitkb
from gitkb.errors import InTheWay, RepositoryError, UsageError
from gitkb.model.documents import Tree
from gitkb.model.options import HookChoice
from gitkb.model.rows import InstalledHook
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.hand_edits import Seal, edited_path, state

LOCAL, SERVER = ("pre-commit", "pre-push"), ("pre-receive",)
_CI = {"github": (".github/workflows/gitkb.yml",), "gitlab": (".gitlab/gitkb.yml", ".gitlab-ci.yml")}
_INCLUDE = (
    "# gitkb hook: the jobs of gitkb. `gitkb hooks install --ci gitlab` wrote it.\ninclude:\n  - local: .gitlab/gitkb.yml\n"
)
_MARK = "# gitkb hook"
_BEFORE = ".before-gitkb"


def _names(choice: HookChoice) -> tuple[str, ...]:
    """The git hooks that a choice means."""
    if choice.server:
        return SERVER
    return () if choice.ci else LOCAL


def templates() -> Path:
    """The folder of hooks and CI templates that belongs to this gitkb."""
    package = Path(gitkb.__file__).resolve().parent
    return package / "hooks" if (package / "hooks").is_dir() else package.parent / "hooks"


def install(store: Store, choice: HookChoice, python: str, branch: str) -> list[InstalledHook]:
    """Puts the chosen hooks in place and returns them; `python` runs gitkb, `branch` is the one that CI refreshes."""
    if store.bare and (choice.ci or not choice.server):
        raise UsageError("This repository has no worktree.", "Here only gitkb hooks install --server makes sense.")
    folder = _folder(store) if _names(choice) else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _names(choice):
            _put(folder / name, _rendered(name, python))
    if choice.ci and store.worktree is not None:
        _put_ci(store.worktree, choice.ci, branch)
    return [hook for hook in installed(store, python, branch) if _chosen(hook, choice)]


def remove(store: Store, choice: HookChoice, python: str, branch: str) -> list[InstalledHook]:
    """Takes away the chosen hooks that are ours and returns them; the ones before them come back."""
    gone = [hook for hook in installed(store, python, branch) if hook.ours and _chosen(hook, choice)]
    for hook in gone:
        file = Path(hook.file)
        if hook.before:
            Path(hook.before).replace(file)
        else:
            file.unlink()
    return gone


def installed(store: Store, python: str, branch: str) -> list[InstalledHook]:
    """All hooks and CI files that gitkb could have written, where something stands."""
    return [*_installed_hooks(store, python), *_installed_ci(store, branch)]


def _installed_hooks(store: Store, python: str) -> Iterator[InstalledHook]:
    folder = _folder(store)
    for name in (*LOCAL, *SERVER):
        file = folder / name
        if file.is_file() or file.is_symlink():
            before = file.with_name(f"{name}{_BEFORE}")
            kept = str(before) if os.path.lexists(before) else ""
            yield InstalledHook(name, str(file), _is_ours(file), _text(file) == _rendered(name, python), kept)


def _installed_ci(store: Store, branch: str) -> Iterator[InstalledHook]:
    for kind, paths in _CI.items() if store.worktree is not None else ():
        for path in paths:
            file = (store.worktree or Path()) / path
            if file.is_file():
                yield InstalledHook(f"ci {kind}", str(file), _is_ours(file), _text(file) == _ci_text(kind, path, branch))


def _chosen(hook: InstalledHook, choice: HookChoice) -> bool:
    return hook.name in _names(choice) or hook.name == f"ci {choice.ci}"


def _folder(store: Store) -> Path:
    """The repository's own hooks folder; `RepositoryError` where git looks for hooks elsewhere."""
    own, configured = store.git_dir / "hooks", store.hooks_path()
    if configured and Path(store.worktree or store.git_dir, Path(configured).expanduser()).resolve() != own.resolve():
        raise RepositoryError(
            f"git takes this repository's hooks from {configured} (core.hooksPath), which others may share.",
            f"Call gitkb's from there: they are in {templates()}. Or: git config --unset core.hooksPath",
        )
    if own.is_symlink():
        raise RepositoryError(f"{own} is a link to {own.readlink()}, which others may share.", "Put a folder in its place.")
    return own


def _put(file: Path, text: str) -> None:
    before = file.with_name(f"{file.name}{_BEFORE}")
    if os.path.lexists(file) and not _is_ours(file):
        if os.path.lexists(before):
            raise InTheWay(
                f"{file} and {before} are both somebody else's hooks.", "Join them into one, then run gitkb hooks install again."
            )
        # A copy first, so that a kill in between leaves a hook that runs.
        shutil.copy2(file, before, follow_symlinks=False)
    _replace(file, text, 0o755)


def _put_ci(worktree: Path, kind: str, branch: str) -> None:
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
        _replace(file, _ci_text(kind, path, branch), 0o644)


def _replace(file: Path, text: str, mode: int) -> None:
    new = file.with_name(f"{file.name}.new-{os.getpid()}")
    new.write_text(text, encoding="utf-8", newline="\n")
    new.chmod(mode)
    new.replace(file)


def _rendered(name: str, python: str) -> str:
    """A hook's text that knows by which program gitkb was installed, in a shell's quotes."""
    quoted = "'" + python.replace("'", "'\\''") + "'"
    return _text(templates() / name).replace("\npython=\n", f"\npython={quoted}\n", 1)


def _ci_text(kind: str, path: str, branch: str) -> str:
    if path == ".gitlab-ci.yml":
        return _INCLUDE
    return _text(templates() / "ci" / f"{kind}.yml").replace('"main"', json.dumps(branch, ensure_ascii=False))


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
