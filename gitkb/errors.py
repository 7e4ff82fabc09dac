"""Every error that gitkb raises on purpose, with its exit code and what to do about it.

Library code raises these; `gitkb.cli` alone prints them and exits. A message is a full sentence that
names the file or document concerned; a hint is the next step.
"""

import errno
import signal
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from shlex import quote

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals with which people and systems stop a command, as far as this system has them."""


class ExitCode(IntEnum):
    """What a command's exit code means."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    PROBLEMS = 4
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class GitkbError(Exception):
    """Base of all errors; `hint` says what to do next, empty where the message already does."""

    exit_code: ExitCode = ExitCode.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GitkbError):
    """The command line itself is wrong: contradictory options, a path that does not exist."""

    exit_code = ExitCode.USAGE


class NotAKnowledgeBase(GitkbError):
    """No knowledge base was found where one was asked for."""


class ConfigError(GitkbError):
    """A settings file cannot be read, or holds an unknown key or a value of the wrong type."""


class FormatError(GitkbError):
    """A record, settings file or page of the knowledge base is malformed or of another format number."""


class NewerFormat(FormatError):
    """A settings file, a record or the shared pages were made by a newer gitkb; names the number that it found."""


class CannotApprove(GitkbError):
    """There is nothing on a page that could be confirmed, or it is not yet what it will be; says what to do first."""


class RepositoryError(GitkbError):
    """The repository is in a state in which gitkb does not write (merge in progress, detached HEAD, ...)."""


class MissingObject(RepositoryError, KeyError):
    """An object that a commit or tree names is not in the repository, or is of another kind: it is damaged, or was cut off."""

    def __init__(self, name: str) -> None:
        """`name` is the object's id, or the path that leads to it."""
        super().__init__(f"The repository has no readable object for {name}.", "Look with: git fsck. A fresh clone may have it.")

    __str__ = Exception.__str__


class RefMoved(GitkbError):
    """The branch moved between planning and publishing; plan again on the new tip."""


class InTheWay(GitkbError):
    """Untracked, staged or edited files of a person stand where gitkb would write; names them."""


class ChangedSince(GitkbError):
    """What is to be taken back was changed by a later commit; names it."""


class NothingToUndo(GitkbError):
    """There is no change to take back, or it is taken back already."""


class MergeConflict(GitkbError):
    """Both sides of a merge changed the same thing; names it, with what either side did. Nothing was changed."""


class LockTimeout(GitkbError):
    """Another live process held a lock for longer than the limit."""


class NotFound(GitkbError):
    """No document, page or revision of that name."""


class PartOfName(NotFound):
    """What was typed is no name but a part of some: `name` as it was typed, `candidates` the names that it may stand for."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, candidates: Sequence[str], message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.name, self.candidates = name, tuple(candidates)


class ConversionError(GitkbError):
    """One document cannot be converted: the reason a person understands. Never fatal for a batch."""


class EmptyDocument(ConversionError):
    """A document is whole, and has nothing in it to read."""


class FetchFailed(GitkbError):
    """What is at an address of the web cannot be had: the reason a person understands. Never fatal for a batch."""


class ModelError(GitkbError):
    """A model's server cannot be used at all (no key, wrong key, unknown model, no such endpoint): the run stops at once."""


class ModelFailure(GitkbError):
    """One question to a model got no usable reply; what depends on it fails, the rest goes on. `key` is that of the request, ""
    where it is not known."""

    key = ""


class NoReply(ModelFailure):
    """The server gave no reply though it was asked again and again; later it may."""


class TooLong(ModelFailure):
    """A question is too long for the model; `limit` is how many tokens it takes, 0 where its server does not say."""

    def __init__(self, message: str, hint: str = "", limit: int = 0) -> None:
        super().__init__(message, hint)
        self.limit = limit


class NotAsked(ModelFailure):
    """The reply is not known, and this run asks no model: it is a dry run or an estimate."""


class PicturesUnsupported(GitkbError):
    """The model or its server does not look at pictures."""


class ToolsUnsupported(GitkbError):
    """The server or the model cannot call tools: what was to be asked with them is asked in another way."""


class BudgetSpent(GitkbError):
    """The tokens that a run may spend (`--max-tokens`) are used up; nothing more is asked of the model."""


class InsideRepository(UsageError):
    """A knowledge base is to be made in a folder of a repository, and nobody said whether it shall be part of that one."""

    def __init__(self, folder: Path, repository: Path) -> None:
        inside = folder.relative_to(repository).as_posix()
        super().__init__(
            f"{folder} is in the git repository {repository}.",
            f"As a part of it: gitkb init {quote(str(repository))} --subdir {quote(inside)}. As one of its own: --nested",
        )
        self.folder, self.repository = folder, repository


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error says that there is no memory: a mapping that fails says it as an `OSError`, and CPython may lose the
    error that says so and raise a `SystemError` instead.
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError | SystemError)
