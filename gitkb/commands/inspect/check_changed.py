"""The check of what changed between two trees: for hooks, which must not cost more than the change.

Invariant: reads only (the catalog aside), and finds in what changed all that a check of the whole tree finds: the records and
files that differ, every file of the documents they belong to, and the shared pages that these documents can touch. Links are
judged by the full projection of the tip: a page that nobody has refreshed yet is as good a target as one that stands.
"""

import contextlib
from collections.abc import Iterator

from gitkb.branch.stored_documents import owner_of
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.errors import FormatError, NotFound
from gitkb.formats import records
from gitkb.model.documents import Record, TreeChange
from gitkb.pages.scope import topics_of
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.check import CheckOutcome, check_paths
from gitkb.wiki.hand_edits import EDITED
from gitkb.wiki.projection import Scope, concerns_pages, is_shared, project


def check_changed(store: Store, catalog: Catalog, base: Snapshot | None, tip: Snapshot) -> CheckOutcome:
    """The problems at the tip in whatever differs from the base (None: in everything), and whether pages are pending."""
    changes = tip.changes_since(None if base is None else base.oid)
    documents = _documents(changes)
    now = {path: found for path in _paths(documents) if (found := _decoded(tip, path)) is not None}
    before = {} if base is None else {path: found for path in _paths(documents) if (found := _decoded(base, path)) is not None}
    paths = {change.path.removeprefix(f"{EDITED}/") for change in changes} | {change.path for change in changes}
    pages = {path for path in paths if concerns_pages(path)}
    _warm(store, catalog)
    scope = Scope(_sound(before), _sound(now), pages, topics_of(tip, changes))
    paths.update(file for record in _sound(now) for file in record.files if file.endswith(".md"))
    # What a record no longer names must be gone with it.
    paths.update(file for record in _sound(before) for file in record.files)
    with catalog.at(tip, RECORDS, keep=False) as db:
        corpus = RecordCorpus(db)
        return check_paths(tip, paths, now, project(corpus, scope), _PagesToBe(corpus))


class _PagesToBe:
    """The full projection of a tree, page by page: what a link may lead to although no refresh has made it yet."""

    def __init__(self, corpus: RecordCorpus) -> None:
        self._corpus = corpus
        self._known: dict[str, bytes | None] = {}

    def __call__(self, path: str) -> bytes | None:
        """The page that the projection makes at a path, None where it makes none."""
        if path not in self._known and is_shared(path):
            self._known.update(project(self._corpus, Scope((), (), {path})))
        return self._known.get(path)


def _documents(changes: list[TreeChange]) -> list[str]:
    """The documents whose record or other files differ."""
    found = (records.document_of(change.path) or owner_of(change.path.removeprefix(f"{EDITED}/")) for change in changes)
    return sorted({document for document in found if document})


def _paths(documents: list[str]) -> Iterator[str]:
    return map(records.record_path, documents)


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
