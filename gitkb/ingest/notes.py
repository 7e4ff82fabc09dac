"""Two small local notes: at which tree the shared pages were last seen whole, and at which all that a model writes was asked for.

Invariant: a note is a hint about a tree, valid for one version of the projection. It may be lost; then more is looked at again.
"""

from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from gitkb.ingest.scopes import scope_of
from gitkb.store import Snapshot, Store
from gitkb.wiki.projection import PROJECTION, Scope


class Note(StrEnum):
    """WHOLE: the pages were their projection; TOLD: names had been compared and overviews asked for."""

    WHOLE = "whole"
    TOLD = "told"


def scope_since(store: Store, note: Note, tip: Snapshot) -> Scope | None:
    """What changed since the tree of a note; None when that is not known, so that everything has to be looked at."""
    try:
        tree = noted(store, note)
        return scope_of(tip, tip.changes_since(tree)) if tree else None
    except KeyError:
        return None  # that tree has been collected


def noted(store: Store, note: Note) -> str:
    """The id of a note's tree, "" where there is none."""
    try:
        version, _, tree = (store.local / note).read_text(encoding="ascii").strip().partition(" ")
    except (OSError, ValueError):
        return ""
    return tree if version == str(PROJECTION) and len(tree) == 40 else ""


def remember(store: Store, note: Note, tip: Snapshot, scratch: Path | None = None) -> None:
    """Notes a tree. Made in a run's scratch folder, so that a kill leaves nothing beside the note; where it cannot be written the
    old one stays: what it names is older, and still true. Without one it is written in place: a torn note counts as none."""
    new = (scratch or store.local) / note
    with suppress(OSError):
        new.write_text(f"{PROJECTION} {tip.oid}\n", encoding="ascii")
        new.replace(store.local / note)


def forget(store: Store, note: Note) -> None:
    """Removes a note, so that everything is looked at again."""
    (store.local / note).unlink(missing_ok=True)
