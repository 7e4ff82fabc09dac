"""What an `add` would do to files and pages by renaming and removing documents, before anything is converted: for `--dry-run`.

Invariant: writes no object, takes no lock. A renamed document is foreseen as it stands, under its new name; what new and changed
documents do to pages is known only when they have been read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gitkb import records
from gitkb.catalog.catalog import Catalog
from gitkb.events import AddSummary, Foreseen
from gitkb.ingest.documents import own_files, record_of
from gitkb.ingest.moving import moved_page, moved_path
from gitkb.ingest.plan import Gone, Item
from gitkb.ingest.preview import dead_links, foresee, uncommitted
from gitkb.model import Record, Topic, Tree
from gitkb.store import Snapshot, Store
from gitkb.wiki.document import raw_path
from gitkb.wiki.edits import edited_path
from gitkb.wiki.generated import Seal, state


def foresee_add(
    store: Store, catalog: Catalog, tip: Snapshot, items: Sequence[Item], gone: Sequence[Gone], summary: AddSummary
) -> AddSummary:
    """The summary with the files and pages that its renamed and removed documents concern."""
    changes: dict[str, bytes | None] = {}
    edits = uncommitted(store, summary.branch, tip)
    moves = {item.before: item.document for item in items if item.before}
    for each in gone:
        changes.update(dict.fromkeys(own_files(tip, each.document)))
    for item in items:
        if item.before and item.outcome is None:
            changes.update(_moved(tip, item, edits, moves))
    if not changes:
        return summary
    foreseen = foresee(store, catalog, tip, changes, edits)
    deleted = tuple(sorted(path for path, content in changes.items() if content is None))
    links = tuple(dead_links(tip, {*deleted, *foreseen.pages.removed}, {**_pages(changes), **foreseen.contents}))
    written = tuple(sorted(changes.keys() - set(deleted)))
    return replace(summary, pages=foreseen.pages, foreseen=Foreseen(written, deleted, links))


def _pages(changes: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    return {path: content for path, content in changes.items() if path.endswith(".md") and content is not None}


def _moved(tip: Tree, item: Item, edits: Mapping[str, bytes | None], moves: Mapping[str, str]) -> dict[str, bytes | None]:
    """The files of a renamed document: the old ones gone, the new ones with their contents."""
    before, after = item.before, item.document
    record = record_of(tip, before)
    if record is None:
        return {}
    changes: dict[str, bytes | None] = dict.fromkeys(own_files(tip, before))
    large = any(file.startswith("raw/") and ".lfs." in file for file in record.files)
    raw = raw_path(after, item.source.path, large)
    for path in record.files:
        content = edits.get(path) or tip.read(path)
        if content is not None:
            new = raw if path.startswith("raw/") else moved_path(path, moves)
            changes[new] = moved_page(content, path, moves) if new.endswith(".md") and new != raw else content
            if new.endswith(".md") and new != raw and state(content) is Seal.EDITED:
                kept = tip.read(edited_path(path)) or tip.read(path) or b""
                changes[edited_path(new)] = moved_page(kept, path, moves)
    moved = _record(record, item, raw)
    changes[records.record_path(after)] = records.encode(moved)
    return changes


def _record(record: Record, item: Item, raw: str) -> Record:
    """The record under the new name: its files, and the places of its claims."""
    moves = {item.before: item.document}

    def led(topic: Topic) -> Topic:
        claims = []
        for claim in topic.claims:
            path = moved_path(f"wiki/{claim.place.path}", moves).removeprefix("wiki/")
            claims.append(replace(claim, place=replace(claim.place, path=path)))
        return replace(topic, claims=tuple(claims))

    files = (raw if file.startswith("raw/") else moved_path(file, moves) for file in record.files)
    return replace(
        record,
        document=item.document,
        source=replace(record.source, path=item.source.path),
        files=tuple(sorted(files)),
        topics=tuple(map(led, record.topics)),
    )
