"""Declares sources, lists them, and takes declarations away.

Invariant: a declaration is a tracked file of its own, so that everybody and CI ingest the same thing. It holds no secret and no
path of a machine. Documents stay as they are, whatever becomes of the declaration of their source.
"""

from collections import Counter
from pathlib import Path

from msgspec import Struct

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.change import ChangeContext
from gitkb.errors import FormatError, NotFound, UsageError
from gitkb.formats.declared_sources import (
    SYNCED,
    declared_path,
    encode_source,
    origins,
    refuse_wrong,
    sources_at,
)
from gitkb.model.documents import Tree
from gitkb.model.options import DeclaredSource
from gitkb.model.results import SourceSummary
from gitkb.model.rows import SourceRow
from gitkb.store.repository import Store
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit

_OWN = ("raw", "wiki", ".gitkb")


def listed_sources(catalog: Catalog, tree: Tree, *, keep: bool) -> list[SourceRow]:
    """The sources of a tree, by name, with how many documents each has; `keep` as in `Catalog.at`."""
    declared = sources_at(tree)
    if not declared:
        return []
    with catalog.at(tree, RECORDS, keep=keep) as db:
        documents = [(facts.source, facts.sha256) for facts in RecordCorpus(db).documents() if not facts.url]
    known, counts = origins(tree, documents), Counter(source.partition("/")[0] for source, _ in documents)
    return [
        SourceRow(
            each.name,
            each.path,
            each.repo,
            each.ref,
            each.subdir,
            each.include,
            each.exclude,
            counts[each.name],
            known.get(each.name),
        )
        for each in declared
    ]


def folder_in_repository(store: Store, source: DeclaredSource) -> Path:
    """The folder of a source that lies in this repository; `UsageError` where it is none, is the wiki's own, or a link leads
    out."""
    if store.top is None or store.worktree is None:
        raise UsageError(f"{source.path}/ is a folder of the worktree, and a bare repository has none.", "Sync in a clone of it.")
    top, folder = store.top.resolve(), store.top / source.path
    if not folder.is_dir():
        raise UsageError(f"{source.path}/ is no folder of this repository.", "Name one by its path from the top.")
    found = folder.resolve()
    if not found.is_relative_to(top) or ".git" in found.relative_to(top).parts:
        raise UsageError(f"{source.path} leads out of the repository.", "Only what lies in it can be its source.")
    if any(found == own or found.is_relative_to(own) for own in (store.worktree.resolve() / name for name in _OWN)):
        raise UsageError(f"{source.path}/ is the knowledge base's own folder.", "Name the folder that the documents come from.")
    return found


class DeclareRun(Struct, frozen=True):
    """One `source add` or `source remove`."""

    context: ChangeContext

    def add(self, source: DeclaredSource) -> SourceSummary:
        """Declares a source; `UsageError` where it cannot be one, or another one has its name."""
        try:
            refuse_wrong(source)
        except FormatError as error:
            raise UsageError(f"{source.name} cannot be declared: {error.message}.", "See: gitkb source add --help") from error
        if source.path:
            folder_in_repository(self.context.store, source)

        def declare(transaction: Transaction) -> None:
            for known in sources_at(transaction.tip):
                if known.name.casefold() == source.name.casefold():
                    hint = f"Take it away first, its documents stay: gitkb source remove {known.name}"
                    raise UsageError(f"There is a source {known.name} already: {known.where}.", hint)
            message = f"source: {source.name} is {source.where}\n\nGitkb-Operation: source\n"
            transaction.publish([PlannedCommit(message, {declared_path(source.name): encode_source(source)})])

        with self.context.change(f"declare the source {source.name}") as change:
            change.transact(declare)
        return SourceSummary(change.branch, change.commit, source.name)

    def remove(self, name: str) -> SourceSummary:
        """Takes a declaration away; `NotFound` where there is none."""

        def withdraw(transaction: Transaction) -> None:
            path = declared_path(name)
            if transaction.tip.blob(path) is None:
                raise no_source(transaction.tip, name)
            noted = [noted for noted, _ in transaction.tip.files(f"{SYNCED}/{name}")]
            message = f"source: {name} is declared no more\n\nGitkb-Operation: source\n"
            transaction.publish([PlannedCommit(message, dict.fromkeys([path, *noted]))])

        with self.context.change(f"take the source {name} away") as change:
            change.transact(withdraw)
        return SourceSummary(change.branch, change.commit, name)


def no_source(tree: Tree, name: str) -> NotFound:
    """The error for a name that no source of a tree has."""
    known = ", ".join(each.name for each in sources_at(tree))
    hint = f"There are: {known}." if known else "Declare one: gitkb source add NAME --path DIR, or --repo URL"
    return NotFound(f"There is no source {name!r}.", hint)
