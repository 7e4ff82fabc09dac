"""What `list` and `status` show of documents, pages and approvals.

Invariant: answered from the tables of one tree and, for the commits of documents, its history; reads only. A file that only a
newer gitkb can read is an error: a list without it would be wrong.
"""

from collections.abc import Iterable

from gitkb import records
from gitkb.approvals import APPROVED, standing
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS, RecordCorpus
from gitkb.events import ChangedPage, DocumentRow, PageRow
from gitkb.model import Tree
from gitkb.store import Snapshot, Store
from gitkb.wiki.approved import Approved, approved_pages, changed_since_approval


def document_rows(store: Store, corpus: RecordCorpus, tip: Snapshot) -> list[DocumentRow]:
    """All documents, by name."""
    corpus.refuse_newer()
    commits = store.last_changes(records.RECORDS, tip.commit)
    changed = _by_document(changed_since_approval(corpus))
    return [
        DocumentRow(
            row.document,
            row.title,
            row.source,
            row.sha256,
            row.media_type,
            row.source_pages,
            commits.get(records.record_path(row.document), ""),
            changed.get(row.document, ()),
            row.url,
        )
        for row in corpus.documents()
    ]


def _by_document(changed: Iterable[Approved]) -> dict[str, tuple[str, ...]]:
    """For each document the paths of those pages that quote it."""
    found: dict[str, tuple[str, ...]] = {}
    for each in changed:
        for document in each.documents:
            found[document] = (*found.get(document, ()), each.path)
    return found


def page_rows(corpus: RecordCorpus) -> list[PageRow]:
    """The pages of concepts and entities that say something, by path."""
    corpus.refuse_newer()
    approved = {each.path: each for each in approved_pages(corpus)}
    rows = []
    for page in corpus.all_pages():
        if page.target:
            continue
        known = approved.get(page.path)
        found = known.standing if known is not None else standing(None, ())
        by = found.confirmation
        said = (by.by, by.at) if by is not None else ("", "")
        rows.append(PageRow(page.path, page.title, page.kind, page.documents, found.state, *said, found.new, found.gone))
    return rows


def approvals_at(catalog: Catalog, tree: Tree, *, keep: bool) -> list[Approved]:
    """How every page that somebody approved stands, by kind and key; costs nothing where nobody has approved any."""
    if not any(True for _ in tree.files(APPROVED)):
        return []
    with catalog.at(tree, RECORDS, keep=keep) as db:
        corpus = RecordCorpus(db)
        corpus.refuse_newer()
        return list(approved_pages(corpus))


def changed_pages(approved: Iterable[Approved]) -> tuple[ChangedPage, ...]:
    """Those of them that are no longer what was approved."""
    return tuple(
        ChangedPage(each.path, each.approval.newest.by, each.approval.newest.at, each.reason) for each in approved if each.changed
    )
