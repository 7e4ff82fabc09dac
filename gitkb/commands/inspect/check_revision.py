"""The check of a revision: of all that it has, or of what changed since another one, for hooks, which must not cost more than the
change.

Invariant: reads only (the catalog aside). The check of what changed finds there all that a check of the whole tree finds: the
records and files that differ, every file of the documents they belong to, and the shared pages that these documents can touch.
Links are judged by the full projection of the tip: a page that nobody has refreshed yet is as good a target as one that stands.
"""

import contextlib
from collections.abc import Iterable, Iterator

from gitkb.branch.stored_documents import own_files, owner_of
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.inspect.evidence import evidence_problems
from gitkb.errors import FormatError, NotFound
from gitkb.formats import records
from gitkb.model.documents import Record, TreeChange
from gitkb.model.findings import Problem
from gitkb.pages.refresh import history_base, project_tree
from gitkb.pages.scope import topics_of
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.check import CheckOutcome, check, check_paths, with_problems
from gitkb.wiki.hand_edits import EDITED
from gitkb.wiki.harmful_entries import harm, twins
from gitkb.wiki.projection import Scope, concerns_pages, is_shared, project


def differing_records(base: Snapshot | None, tip: Snapshot) -> dict[str, Record]:
    """The readable records at the tip, by document, of all documents that differ from the base (None: of all)."""
    documents = _documents(tip.changes_since(None if base is None else base.oid))
    return {record.document: record for record in _sound(_found(tip, documents))}


def check_whole(store: Store, catalog: Catalog, tip: Snapshot, *, keep: bool) -> CheckOutcome:
    """The state of a revision, and every problem. With `keep` the catalog is caught up with it for good."""
    found = {path: record for path, _ in tip.files(records.RECORDS) if (record := _decoded(tip, path)) is not None}
    outcome = check(tip, found, project_tree(catalog, tip, keep=keep, whole=False))
    outcome = with_problems(outcome, evidence_problems(tip, _sound(found), history_base(store, tip.commit)))
    return with_problems(outcome, harmful_entries(store, None, tip))


def check_changed(store: Store, catalog: Catalog, base: Snapshot | None, tip: Snapshot) -> CheckOutcome:
    """The problems at the tip in whatever differs from the base (None: in everything), and whether pages are pending."""
    changes = tip.changes_since(None if base is None else base.oid)
    documents = _documents(changes)
    now, before = _found(tip, documents), {} if base is None else _found(base, documents)
    paths = {change.path.removeprefix(f"{EDITED}/") for change in changes} | {change.path for change in changes}
    pages = {path for path in paths if concerns_pages(path)}
    _warm(store, catalog)
    scope = Scope(_sound(before), _sound(now), pages, topics_of(tip, changes))
    paths.update(file for record in _sound(now) for file in record.files if file.endswith(".md"))
    damaged = [document for document in documents if isinstance(now.get(records.record_path(document)), FormatError)]
    paths.update(file for document in damaged for file in own_files(tip, document))
    # What a record no longer names must be gone with it.
    paths.update(file for record in _sound(before) for file in record.files)
    with catalog.at(tip, RECORDS, keep=False) as db:
        corpus = RecordCorpus(db)
        outcome = check_paths(tip, paths, now, project(corpus, scope), _PagesToBe(corpus))
    outcome = with_problems(outcome, evidence_problems(tip, _sound(now), history_base(store, tip.commit)))
    return with_problems(outcome, harmful_entries(store, base, tip))


def harmful_entries(store: Store, base: Snapshot | None, tip: Snapshot) -> Iterator[Problem]:
    """What could harm whoever checks a tree out, in all that differs from the base: by its name, its kind, or a name that is the
    same where case does not count."""
    for entry in store.received().between(None if base is None else base.oid, tip.oid):
        for name in (entry.name, *twins(entry.name, entry.beside)):
            reason = harm(entry.above, name, entry.mode, entry.beside)
            if reason is not None:
                yield Problem("harmful-path", (entry.above + name).decode("utf-8", "backslashreplace"), reason)


class _PagesToBe:
    """The full projection of a tree, page by page: what a link may lead to although no refresh has made it yet."""

    def __init__(self, corpus: RecordCorpus) -> None:
        self._corpus = corpus
        self._known: dict[str, bytes | None] = {}

    def __call__(self, path: str) -> bytes | None:
        """The page that the projection makes at a path, None where it makes none."""
        if path not in self._known and is_shared(path):
            self._known.update(project(self._corpus, Scope((), (), {path})).items())
        return self._known.get(path)


def _documents(changes: list[TreeChange]) -> list[str]:
    """The documents whose record or other files differ."""
    found = (records.document_of(change.path) or owner_of(change.path.removeprefix(f"{EDITED}/")) for change in changes)
    return sorted({document for document in found if document})


def _found(tree: Snapshot, documents: Iterable[str]) -> dict[str, Record | FormatError]:
    """The records of documents by their paths, as far as there are any."""
    return {path: found for path in map(records.record_path, documents) if (found := _decoded(tree, path)) is not None}


def _decoded(tree: Snapshot, path: str) -> Record | FormatError | None:
    content = tree.read(path)
    try:
        return None if content is None else records.decode(content, path)
    except FormatError as error:
        return error


def _sound(found: dict[str, Record | FormatError]) -> list[Record]:
    return [record for record in found.values() if isinstance(record, Record)]


def _warm(store: Store, catalog: Catalog) -> None:
    """Catches the catalog up with the checked-out tip for good, so that no hook starts from nothing twice."""
    with contextlib.suppress(NotFound), catalog.at(store.snapshot(), RECORDS):
        pass
