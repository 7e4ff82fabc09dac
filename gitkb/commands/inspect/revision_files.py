"""The names of revisions, the files of one, and the graph of its documents and pages: what an interface shows of a repository.

Invariant: reads only. Files are those of the wiki and the originals; nothing else of a repository can be asked for here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from gitkb.branch.stored_documents import exact_document, record_of
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.errors import NotFound, UsageError
from gitkb.model.rows import Graph, GraphNode, Original, RevisionName
from gitkb.store.history import Ancestry
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

READABLE = ("wiki/", "raw/")
_KINDS = {"refs/heads/": "branch", "refs/remotes/": "remote", "refs/tags/": "tag"}


def revision_names(store: Store) -> Iterator[RevisionName]:
    """Every branch and tag, by kind and name, compared with what is checked out."""
    graph, here = Ancestry(store.git_dir), store.snapshot().commit
    for ref, oid in graph.refs():
        start = next(start for start in _KINDS if ref.startswith(start))
        ahead, behind = (0, 0) if oid == here else graph.counts(oid, here)
        yield replace(described(graph, oid), name=ref.removeprefix(start), kind=_KINDS[start], ahead=ahead, behind=behind)


def described(graph: Ancestry, oid: str) -> RevisionName:
    """A commit by its id."""
    commit = graph.commit(oid)
    when = datetime.fromtimestamp(commit.time, UTC).isoformat()
    return RevisionName(oid, "commit", oid, commit.message.partition("\n")[0], commit.author_name, when)


def commit_of_day(store: Store, tip: Snapshot, day: str) -> str:
    """The commit at which a tip stood at the end of a day (ISO 8601, in UTC); `NotFound` where there was none yet."""
    try:
        end = datetime.fromisoformat(day).replace(hour=0, minute=0, second=0, tzinfo=UTC) + timedelta(days=1)
    except ValueError as error:
        raise UsageError(f"{day!r} is no day.", "Write it as 2026-11-30.") from error
    graph = Ancestry(store.git_dir)
    for oid in graph.first_parents(tip.commit):
        if graph.commit(oid).time < end.timestamp():
            return oid
    raise NotFound(f"There was nothing yet on {day}.", "gitkb log shows when it began.")


def file_of(tip: Snapshot, path: str) -> bytes:
    """The bytes of a page, picture or original at a path; `NotFound` where there is none."""
    content = tip.read(path) if path.startswith(READABLE) else None
    if content is None:
        raise NotFound(f"There is no file {path}.", "gitkb list shows the documents.")
    return content


def original_of(store: Store, tip: Snapshot, document: str) -> Original:
    """The original of a document, also one that Git LFS keeps, if it is on this machine; `NotFound` otherwise."""
    name = exact_document(tip, document)
    record = record_of(tip, name) if name else None
    path = next((file for file in record.files if file.startswith("raw/")), "") if record else ""
    if record is None or not path:
        raise NotFound(f"There is no original of {document!r}.", "gitkb list shows the documents.")
    content = file_of(tip, path)
    large = store.large_original(path, content)
    content = large.read_bytes() if large is not None else content
    return Original(path, record.source.path.rpartition("/")[2] or path.rpartition("/")[2], record.source.media_type, content)


def graph_of(catalog: Catalog, tip: Snapshot, *, keep: bool) -> Graph:
    """The graph of documents and of the pages that speak of them."""
    with catalog.at(tip, RECORDS, keep=keep) as db:
        corpus = RecordCorpus(db)
        pages = [page for page in corpus.all_pages() if not page.target]
        documents = [(row.document, row.title) for row in corpus.documents()]
        nodes = [GraphNode(page.path, page.title, page.kind) for page in pages]
        at = {name: len(nodes) + number for number, (name, _) in enumerate(documents)}
        nodes += [GraphNode(f"wiki/summaries/{name}.md", title, "document") for name, title in documents]
        edges = []
        for number, page in enumerate(pages):
            members = corpus.members(page.key)
            marks = ",".join("?" * len(members))
            rows = db.execute(f"SELECT DISTINCT document FROM record_topics WHERE key IN ({marks}) ORDER BY document", members)
            edges += [(number, at[name]) for (name,) in rows if name in at]
    return Graph(tip.oid, tuple(nodes), tuple(edges))
