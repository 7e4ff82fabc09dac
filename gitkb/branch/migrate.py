"""Migrates a knowledge base of an older format in one commit, before anything else is written.

Invariant: the commit changes the form of files and nothing that they say, so no page changes and nobody's words. It happens whole
or not at all, in a transaction. The new files depend on the tree alone; other files than the settings are read only if a step
since their format changes them. A file that cannot be read stays as it is: `check` reports it. A newer format is refused, by
number.
"""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from gitkb.branch.commit_messages import migration_message
from gitkb.branch.tips import format_at, start_of
from gitkb.errors import ConfigError, FormatError, NewerFormat
from gitkb.formats import approvals, decisions
from gitkb.formats.declared_sources import SOURCES, SYNCED
from gitkb.formats.overviews import OVERVIEWS
from gitkb.formats.records import RECORDS, document_of
from gitkb.formats.settings import CONFIG_PATH, format_of
from gitkb.formats.versions import FORMATS, Formats, Kind, canonical
from gitkb.model.documents import Tree
from gitkb.model.listener import Listener
from gitkb.model.results import MigrateSummary
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit


def migrated(tree: Tree, formats: Formats = FORMATS) -> dict[str, bytes]:
    """The new content of every file that is of an older format, by path; nothing where the settings have the newest number."""
    number = format_at(tree, formats)
    if number is None or number == formats.newest:
        return {}
    text = (tree.read(CONFIG_PATH) or b"").decode("utf-8", "surrogateescape")
    new = formats.numbered(formats.settings(text, number))
    if not _says_newest(new, formats):
        hint = f"Write this line there instead, commit it, and try again: format: {formats.newest}"
        raise ConfigError(f"{CONFIG_PATH} says its format in a way that gitkb cannot change.", hint)
    found = {CONFIG_PATH: new.encode("utf-8", "surrogateescape")}
    changed = {kind for step in formats.since(number) for kind in step.files}
    for path, oid in _files(tree, changed):
        old = tree.read_blob(oid)
        content = _migrated_file(path, old, formats)
        if content is not None and content != old:
            found[path] = content
    return found


def _says_newest(text: str, formats: Formats) -> bool:
    try:
        return format_of(text, formats=formats) == formats.newest
    except (ConfigError, FormatError):
        return False


def only_migrated(path: str, old: bytes, new: bytes, formats: Formats = FORMATS) -> bool:
    """Whether two versions of a file say the same in two formats."""
    if path == CONFIG_PATH:
        texts = [formats.numbered(content.decode("utf-8", "surrogateescape")) for content in (old, new)]
        return old != new and texts[0] == texts[1]
    if kind_of(path) is None:
        return False
    before = _migrated_file(path, old, formats)
    return old != new and before is not None and before == _migrated_file(path, new, formats)


def kind_of(path: str) -> Kind | None:
    """Of what kind the JSON file at a path is."""
    if document_of(path) is not None:
        return Kind.RECORD
    if not path.endswith(".json"):
        return None
    folders = {approvals.APPROVED: Kind.APPROVAL, decisions.DECISIONS: Kind.DECISION, OVERVIEWS: Kind.OVERVIEW}
    folders |= {SOURCES: Kind.SOURCE, SYNCED: Kind.SOURCE}
    return next((kind for folder, kind in folders.items() if path.startswith(f"{folder}/")), None)


def _files(tree: Tree, kinds: set[Kind]) -> Iterator[tuple[str, str]]:
    for folder in (RECORDS, decisions.DECISIONS, OVERVIEWS, SOURCES, SYNCED) if kinds else ():
        yield from ((path, oid) for path, oid in tree.files(folder) if kind_of(path) in kinds)


def _migrated_file(path: str, content: bytes, formats: Formats) -> bytes | None:
    """A file in the newest format; None if it cannot be read."""
    kind = kind_of(path)
    try:
        data: Any = json.loads(content.decode("utf-8"))
        return None if kind is None else canonical(formats.upgraded(kind, data))
    except NewerFormat:
        raise
    except (FormatError, ValueError, RecursionError, LookupError, TypeError):
        return None


class Migration(Struct, frozen=True):
    """Brings one branch ("" for the checked-out one; a new one begins at `start`) to the newest of `formats`."""

    store: Store
    listener: Listener
    branch: str = ""
    start: str = ""
    formats: Formats = FORMATS

    def __call__(self, *, dry_run: bool = False) -> MigrateSummary:
        """Migrates and returns the files that changed (in a dry run: that would change); empty if there is nothing to do."""
        tip = start_of(self.store, self.branch, self.start)
        number = format_at(tip, self.formats)
        if number is None or number == self.formats.newest or dry_run:
            return self._summary(tip, number, tuple(sorted(migrated(tip, self.formats))))
        with self.store.begin("migrate", branch=self.branch or None, start=tip.commit, on_wait=self.listener.message) as run:
            files = run.transact(self._transact)
        return self._summary(start_of(self.store, self.branch, ""), number, files)

    def _summary(self, tip: Snapshot, number: int | None, files: tuple[str, ...]) -> MigrateSummary:
        newest = self.formats.newest
        return MigrateSummary(self.branch or self.store.branch(), tip.commit, number or newest, newest, files)

    def _transact(self, transaction: Transaction) -> tuple[str, ...]:
        before, files = format_at(transaction.tip, self.formats), migrated(transaction.tip, self.formats)
        if before is None or not files:
            return ()  # somebody else was quicker
        steps = [step.what for step in self.formats.since(before)]
        message = migration_message(before, self.formats.newest, steps, len(files))
        commit = transaction.publish([PlannedCommit(message, files)], "format")[-1]
        what = f"branch {self.branch}" if self.branch else "the knowledge base"
        self.listener.message(f"Migrated {what} from format {before} to {self.formats.newest} ({commit[:7]}).")
        return tuple(sorted(files))


def migrate_first(store: Store, listener: Listener, branch: str, start: str, *, dry_run: bool) -> bool:
    """Migrates the branch that a command is about to write if it is of an older format; returns whether it was. A dry run only
    reports what would be written."""
    number = format_at(start_of(store, branch, start))
    if number is None or number == FORMATS.newest:
        return False
    found = Migration(store, listener, branch, start)(dry_run=dry_run)
    if not dry_run:
        return True
    more = f" and {len(found.files) - 1} more files" if len(found.files) > 1 else ""
    steps = f"format {number} to {FORMATS.newest}"
    listener.message(f"Before anything else it would be migrated from {steps}: that writes {found.files[0]}{more}.")
    return False
