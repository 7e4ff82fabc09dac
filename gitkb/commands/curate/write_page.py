"""A person edits a page, or writes one of their own, without a worktree: one commit with the page as it is to be.

Invariant: nobody's words are lost. The page is written only if it is still what the person saw, and an edit of it in the worktree
that is not committed is in the way. What the next refresh makes of the page is said before, by the same rules.
"""

import re

from msgspec import Struct

from gitkb.branch.commit_messages import edit_message
from gitkb.commands.change import ChangeContext
from gitkb.errors import ChangedSince, InTheWay, UsageError
from gitkb.model.path_changes import PathChanges
from gitkb.model.results import PageWritten
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit

NOTES = "wiki/notes/"
MAX_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"wiki/(?:[^/\0\n.][^/\0\n]*/)*[^/\0\n.][^/\0\n]*\.md")


class WritePageRun(Struct, frozen=True):
    """One edit of a page."""

    context: ChangeContext
    dry_run: bool

    def __call__(self, path: str, text: str, seen: str) -> PageWritten:
        """Writes the page; `seen` is the blob id (hex) of the page that the person changed, "" for a new one. `ChangedSince`
        where it is another by now, `UsageError` for a path at which nobody may write."""
        content = _checked(path, text)
        tip = self.context.tip()
        if not seen and not path.startswith(NOTES) and tip.blob(path) is None:
            raise UsageError(f"{path} is no page.", f"Pages of your own are below {NOTES}.")
        if self.dry_run:
            _refuse_other(tip, path, seen)
            foreseen = self.context.foresee(tip, PathChanges.of([(path, content)]))
            shown = foreseen.contents.written.get(path, content)
            said = shown.decode("utf-8", "replace") if shown is not None else ""
            return PageWritten(self.context.name, tip.commit, path, content != tip.read(path), said, foreseen.pages)
        with self.context.change(f"edit {path.removeprefix('wiki/')}") as change:
            written = change.transact(lambda transaction: _write(transaction, path, content, seen))
        now = change.tip().read(path)
        said = (now or b"").decode("utf-8", "replace")
        return PageWritten(change.branch, change.commit, path, written, said, change.pages)


def _write(transaction: Transaction, path: str, content: bytes, seen: str) -> bool:
    _refuse_other(transaction.tip, path, seen)
    if transaction.edits([path]):
        raise InTheWay(f"{path} has edits in the folder that are not committed.", "Commit them first, then edit the page again.")
    if transaction.tip.read(path) == content:
        return False
    transaction.publish([PlannedCommit(edit_message([path]), {path: content})], "edit")
    return True


def _refuse_other(tip: Snapshot, path: str, seen: str) -> None:
    if (tip.blob(path) or "") != seen:
        what = "was changed" if seen and tip.blob(path) else "was removed" if seen else "was made"
        raise ChangedSince(f"{path} {what} by somebody else meanwhile.", f"gitkb log {path} shows by whom.")


def _checked(path: str, text: str) -> bytes:
    if not _NAME.fullmatch(path):
        raise UsageError(f"{path!r} is no page of the wiki.", "A page is a Markdown file below wiki/.")
    content = text.replace("\r\n", "\n").encode("utf-8", "replace")
    if len(content) > MAX_BYTES:
        raise UsageError(f"The text of {path} is larger than {MAX_BYTES // 1024**2} MiB.", "Make it shorter.")
    return content if content.endswith(b"\n") or not content else content + b"\n"
