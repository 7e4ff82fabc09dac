"""Which originals are too large for git itself, and the line of `.gitattributes` by which git treats those in Git LFS.

Invariant: what becomes of an original depends on the tracked settings and its size alone. The line comes with the first
documents after the setting was made, so two branches add the same one; a person's other lines stay as they are.
"""

from gitkb.config import RawSettings, Settings
from gitkb.events import Listener
from gitkb.ingest.attempts import in_transaction
from gitkb.ingest.setup import BEGIN, END
from gitkb.model import LARGE
from gitkb.store import PlannedCommit, Run, Snapshot, Store, Transaction

GIT_LIMIT = 100 * 1024**2
"""Bytes: GitHub refuses a larger file, and with it the whole push."""

ATTRIBUTES = ".gitattributes"
LINE = f"raw/**/*{LARGE}.* filter=lfs diff=lfs merge=lfs -text"
_MESSAGE = "attributes: keep large originals in Git LFS\n\nGitkb-Operation: attributes\n"


def large_above(raw: RawSettings) -> int | None:
    """The size in bytes above which an original goes to Git LFS, None where none does."""
    return min(raw.lfs_above, GIT_LIMIT) if raw.storage == "lfs" else None


def refusal(settings: Settings, size: int) -> str:
    """Why an original of this size is not added, "" where it is."""
    limit = settings.convert.max_bytes
    if size > limit:
        return f"it has {size:,} bytes, more than convert.max_bytes allows ({limit:,})."
    if size > GIT_LIMIT and settings.raw.storage != "lfs":
        return (
            f"it has {size:,} bytes, and git hosting services refuse a push with a file above 100 MiB ({GIT_LIMIT:,})."
            " Keep large originals in Git LFS: raw.storage: lfs in .gitkb/config.yaml."
        )
    return ""


def keep_in_lfs(store: Store, run: Run, listener: Listener) -> None:
    """Make this repository and the run's branch ready for originals in Git LFS: programs, filter, hook, attributes."""
    store.require_lfs(listener.message)

    def noted(transaction: Transaction) -> None:
        if changes := noted_line(transaction.tip):
            transaction.publish([PlannedCommit(_MESSAGE, changes)])

    in_transaction(run, listener, noted)


def noted_line(tip: Snapshot) -> dict[str, bytes | None]:
    """What `keep_in_lfs` would write at a tip, by path."""
    before = tip.read(ATTRIBUTES) or b""
    return {} if LINE.encode() in before.splitlines() else {ATTRIBUTES: with_line(before)}


def with_line(attributes: bytes) -> bytes:
    """The file with the line at the end of gitkb's block, or in a block of its own."""
    line, begin, end = (f"{text}\n".encode() for text in (LINE, f"# {BEGIN}", f"# {END}"))
    head, found, tail = attributes.rpartition(end)
    if found:
        return head + line + end + tail
    gap = b"" if not attributes or attributes.endswith(b"\n") else b"\n"
    return attributes + gap + begin + line + end
