"""Finds the files to add, in the order in which everything else happens: by the bytes of their path.

Invariant: a scan never follows a link out of the added folder, never enters hidden folders or the knowledge base's own, and
gives every file a path that mirrors the folder, so that the same folder of another clone gives the same paths.
"""

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from gitkb.convert.formats import ending_of, supported
from gitkb.errors import UsageError
from gitkb.model.documents import SourceFile

IGNORE_FILES = (".gitignore", ".gitkbignore")
OWN_NAMES = frozenset({"raw", "wiki", "AGENTS.md"})


class Scan(Struct, frozen=True):
    """What one PATH of the command line holds: `root` as documents will be named below it ("" for a single file).

    `files` has folders too that cannot be listed: they fail in their place. `unsupported` are files of other formats, links that
    lead nowhere or out of the folder, pipes and the like. `is_folder` is False where PATH is a single file, which `folder` only
    holds.
    """

    root: str
    folder: Path
    files: tuple[SourceFile, ...]
    unsupported: tuple[str, ...]
    is_folder: bool = True


class Filter(Struct, frozen=True):
    """Which files of a folder count: globs on the path below the folder; no include means all. Pictures do with `ocr`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ocr: bool = False


def scan(path: Path, into: str, wanted: Filter, knowledge_base: Path | None) -> Scan:
    """The files below one path that may be documents. Raises `UsageError` when it does not exist or cannot be named."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {reason}.", "Check the path; nothing was added.") from error
    prefix = prefix_of(into)
    if stat.S_ISDIR(mode):
        folder = path.resolve()
        root = prefix or stored_path(unicodedata.normalize("NFC", folder.name))
        if not root:
            raise UsageError(f"{path} has no name of its own.", "Name the documents' root with --into PREFIX.")
        return _scan_folder(folder, root, wanted, knowledge_base)
    name = stored_path(unicodedata.normalize("NFC", path.name))
    stored = f"{prefix}/{name}" if prefix else name
    folder = path.parent.resolve()
    return Scan(prefix, folder, (SourceFile(stored, folder / path.name, prefix, folder),), (), is_folder=False)


def stored_path(path: str) -> str:
    """A path as records hold it: control characters and undecodable bytes as %XX, and a literal %XX told apart from them."""
    guarded = re.sub(r"%(?=[0-9A-Fa-f]{2})", "%25", path)
    return "".join(_printable(char) for char in guarded)


def _printable(char: str) -> str:
    if unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp"):
        return char
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def prefix_of(into: str) -> str:
    """The root that `--into` names, "" for none; `UsageError` if it leads out of the knowledge base."""
    parts = [part for part in PurePosixPath(into.replace("\\", "/")).parts if part not in ("/", ".")]
    if ".." in parts:
        raise UsageError(f"--into {into} must name a place inside the knowledge base.")
    return stored_path(unicodedata.normalize("NFC", "/".join(parts)))


def _scan_folder(folder: Path, root: str, wanted: Filter, knowledge_base: Path | None) -> Scan:
    files: list[SourceFile] = []
    unsupported: list[str] = []
    taken: set[str] = set()
    accepts = _acceptor(wanted)
    for found in sorted(_walk(folder, knowledge_base, _judge(wanted)), key=lambda found: os.fsencode(found.path)):
        if not accepts(found.path):
            continue
        stored = stored_path(unicodedata.normalize("NFC", found.path))
        if not found.is_document:
            unsupported.append(stored)
            continue
        if stored in taken:  # two names that differ only in their Unicode form
            stored = stored_path(found.path)
        taken.add(stored)
        files.append(SourceFile(f"{root}/{stored}", found.file, root, folder))
    return Scan(root, folder, tuple(files), tuple(unsupported))


def _acceptor(wanted: Filter) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    include = GitIgnoreSpec.from_lines(wanted.include)
    exclude = GitIgnoreSpec.from_lines(wanted.exclude)
    return lambda path: (not wanted.include or include.match_file(path)) and not exclude.match_file(path)


def _judge(wanted: Filter) -> Callable[[str], bool]:
    """What tells whether a file may be a document: by its ending, and by whether an include pattern names it, or its ending, and
    not just the folder that it is in."""
    from pathspec import GitIgnoreSpec

    named = [(ending_of(pattern), GitIgnoreSpec.from_lines([pattern])) for pattern in wanted.include if ending_of(pattern)]

    def judge(path: str) -> bool:
        asked = any(ending == ending_of(path) and spec.match_file(path) for ending, spec in named)
        return supported(path.rpartition("/")[2], asked=asked, ocr=wanted.ocr)

    return judge


class _Found(Struct, frozen=True):
    """A file of the folder by its path below it; `is_document`: to be read, as far as can be told from outside."""

    path: str
    file: Path
    is_document: bool


def _walk(folder: Path, knowledge_base: Path | None, may_hold: Callable[[str], bool]) -> Iterator[_Found]:
    """All files that no ignore file excludes, and the folders below that cannot be listed."""
    pending: list[tuple[Path, str, tuple[_Ignore, ...]]] = [(folder, "", _outer_ignores(folder))]
    while pending:
        directory, below, outer = pending.pop()
        try:
            entries = list(os.scandir(directory))
        except OSError as error:
            if directory != folder:
                yield _Found(below.rstrip("/"), directory, is_document=True)
                continue
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"{directory} cannot be read: {reason}.", "Check its permissions; nothing was added.") from error
        ignores = (*outer, *_ignores_in(directory))
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.name.startswith(".") or _own(directory, entry.name, knowledge_base):
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            if _excluded(ignores, entry, is_folder):
                continue
            if is_folder:
                pending.append((Path(entry.path), f"{path}/", ignores))
            else:
                yield _Found(path, Path(entry.path), may_hold(path) and _is_inside(entry, folder))


def _own(directory: Path, name: str, knowledge_base: Path | None) -> bool:
    return directory == knowledge_base and name in OWN_NAMES


def _is_inside(entry: os.DirEntry[str], folder: Path) -> bool:
    """Whether an entry is a regular file of the folder; a link counts when what it leads to does."""
    try:
        if entry.is_symlink():
            target = Path(entry.path).resolve(strict=True)
            return target.is_relative_to(folder) and target.is_file() and not _hidden(target, folder)
        return entry.is_file(follow_symlinks=False)
    except (OSError, RuntimeError):
        return False


def _hidden(target: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in target.relative_to(folder).parts)


class _Ignore:
    """The patterns of one ignore file and the folder they are relative to."""

    def __init__(self, folder: Path, lines: Sequence[str]) -> None:
        from pathspec import GitIgnoreSpec

        self.folder = folder
        self.spec = GitIgnoreSpec.from_lines(lines)

    def excludes(self, file: Path, is_folder: bool) -> bool | None:
        """True or False if a pattern decides; None if no pattern matches the file."""
        relative = file.relative_to(self.folder).as_posix() + ("/" if is_folder else "")
        return self.spec.check_file(relative).include


def _excluded(ignores: Sequence[_Ignore], entry: os.DirEntry[str], is_folder: bool) -> bool:
    """The innermost ignore file that speaks of an entry decides, as in git."""
    for ignore in reversed(ignores):
        verdict = ignore.excludes(Path(entry.path), is_folder)
        if verdict is not None:
            return verdict
    return False


def _ignores_in(directory: Path) -> list[_Ignore]:
    found = []
    for name in IGNORE_FILES:
        try:
            lines = (directory / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        found.append(_Ignore(directory, lines))
    return found


def _outer_ignores(folder: Path) -> tuple[_Ignore, ...]:
    """The ignore files between the top of the git repository that holds the folder and the folder itself."""
    above: list[Path] = []
    for parent in folder.parents:
        above.append(parent)
        if (parent / ".git").exists():
            return tuple(ignore for directory in reversed(above) for ignore in _ignores_in(directory))
    return ()
