"""Answers for `list` and `status`: documents, pages, approvals, and which documents are outdated and why.

Invariant: reads only; answered from the tables of one tree and, for the commits of documents, from its history. Nothing is
converted. A file that only a newer gitkb can read is an error, because a list without it would be wrong. The settings of the
knowledge base decide what is outdated, also for a document that was once added with others; what a newer gitkb made is never
outdated.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import Made, RecordCorpus, documents_made, makings
from gitkb.catalog.record_tables import RECORDS
from gitkb.compile.fingerprint import Making, making
from gitkb.convert.formats import converter_of
from gitkb.formats import records
from gitkb.formats.approvals import APPROVED, standing
from gitkb.formats.compiler_names import asked_a_model
from gitkb.formats.declared_sources import SYNCED, origins
from gitkb.formats.settings import Settings
from gitkb.formats.versions import made_by_newer
from gitkb.model.documents import Tree
from gitkb.model.findings import Problem
from gitkb.model.rows import ChangedPage, DocumentRow, Origin, Outdated, OutdatedReason, PageRow
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.wiki.approval_state import Approved, approved_pages, changed_since_approval

_DEFAULTS = "defaults"


def outdated_at(catalog: Catalog, tip: Tree, settings: Settings, *, keep: bool) -> Outdated:
    """What is outdated at a tree; `keep` as in `Catalog.at`."""
    with catalog.at(tip, RECORDS, keep=keep) as db:
        return outdated(db, settings)


def outdated(db: sqlite3.Connection, settings: Settings) -> Outdated:
    """The number of documents that are outdated under these settings, and the reasons, most frequent first."""
    now, documents, counts = making(settings), 0, Counter[tuple[str, str, str]]()
    for made, count in makings(db):
        why = list(_reasons(made, now))
        documents += count if why else 0
        counts.update(dict.fromkeys(why, count))
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Outdated(documents, tuple(OutdatedReason(count, *why) for why, count in order))


def outdated_documents(db: sqlite3.Connection, settings: Settings) -> list[str]:
    """The names of the documents that are outdated under these settings, sorted."""
    now = making(settings)
    return sorted(name for made, _ in makings(db) if any(_reasons(made, now)) for name in documents_made(db, made))


def cannot_be_reproduced(db: sqlite3.Connection, settings: Settings) -> set[str]:
    """The documents that another converter, compiler or setting made, so that they come out otherwise today. What a model wrote
    never comes out again; of that the converter alone counts."""
    now = making(replace(settings, compiler="extractive"))
    known = {name for made, _ in makings(db) if _comes_out_again(made, now) for name in documents_made(db, made)}
    return {facts.document for facts in RecordCorpus(db).documents()} - known


def _comes_out_again(made: Made, now: Making) -> bool:
    if _converter(made) != made.converter:
        return False
    return asked_a_model(made.compiler) or (made.compiler, made.settings) == (now.compiler, now.settings)


def newer_documents(db: sqlite3.Connection, settings: Settings) -> list[str]:
    """The names of the documents that a newer gitkb made, sorted: this one would make them worse."""
    now = making(settings)
    return sorted(name for made, _ in makings(db) if _by_newer(made, now) for name in documents_made(db, made))


def _by_newer(made: Made, now: Making) -> bool:
    return made_by_newer(made.converter, _converter(made)) or made_by_newer(made.compiler, now.compiler)


def _converter(made: Made) -> str:
    """The converter of today for what was converted so, "" for none."""
    return converter_of(made.converter.partition("/")[0])


def _reasons(made: Made, now: Making) -> Iterator[tuple[str, str, str]]:
    """(what differs, what it was, what it is now); settings are compared where the same compiler was given them."""
    if _by_newer(made, now):
        return
    converter = _converter(made)
    if converter != made.converter:
        yield "converter", made.converter or "unknown", converter or "none"
    if made.compiler != now.compiler:
        before, after = (compiler.partition(" ")[2] for compiler in (made.compiler, now.compiler))
        if asked_a_model(made.compiler) and asked_a_model(now.compiler) and before != after:
            yield "model", before, after
        else:
            yield "compiler", made.compiler or "unknown", now.compiler
    elif made.settings != now.settings:
        yield "settings", made.settings or _DEFAULTS, now.settings or _DEFAULTS


def listed_documents(store: Store, catalog: Catalog, tip: Snapshot, *, keep: bool, with_commits: bool) -> list[DocumentRow]:
    """All documents, by name, if wanted `with_commits`, the last one of each. The catalog may `keep` the tables of this tip."""
    with catalog.at(tip, RECORDS, keep=keep) as db:
        corpus = RecordCorpus(db)
        corpus.refuse_newer()
        known = corpus.documents()
        changed = _by_document(changed_since_approval(corpus))
    known_from = origins(tip, [(row.source, row.sha256) for row in known if not row.url])
    commits = store.last_changes(records.RECORDS, tip.commit) if with_commits else {}
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
            known_from.get(row.source.partition("/")[0]) if not row.url else None,
        )
        for row in known
    ]


def _by_document(changed: Iterable[Approved]) -> dict[str, tuple[str, ...]]:
    """For each document the paths of those pages that quote it."""
    found: dict[str, tuple[str, ...]] = {}
    for each in changed:
        for document in each.documents:
            found[document] = (*found.get(document, ()), each.path)
    return found


def origins_at(catalog: Catalog, tree: Tree, *, keep: bool) -> dict[str, Origin]:
    """By the name of a source, the root of its documents, from which commit they came; costs nothing where none was synced."""
    if not any(True for _ in tree.files(SYNCED)):
        return {}
    with catalog.at(tree, RECORDS, keep=keep) as db:
        return origins(tree, [(row.source, row.sha256) for row in RecordCorpus(db).documents() if not row.url])


def listed_pages(catalog: Catalog, tree: Tree, *, keep: bool) -> list[PageRow]:
    """The pages of concepts and entities that say something, by path. The catalog may `keep` the tables of this tree."""
    with catalog.at(tree, RECORDS, keep=keep) as db:
        corpus = RecordCorpus(db)
        corpus.refuse_newer()
        approved = {each.path: each for each in approved_pages(corpus)}
        pages = corpus.all_pages()
    rows = []
    for page in pages:
        if page.target:
            continue
        known = approved.get(page.path)
        found = known.standing if known is not None else standing(None, ())
        by = found.confirmation
        said = (by.by, by.at) if by is not None else ("", "")
        rows.append(PageRow(page.path, page.title, page.kind, page.documents, found.state, *said, found.new, found.gone))
    return rows


def approvals_at(catalog: Catalog, tree: Tree, *, keep: bool) -> list[Approved]:
    """The state of every page that somebody approved, by kind and key; costs nothing if nobody approved any."""
    if not any(True for _ in tree.files(APPROVED)):
        return []
    with catalog.at(tree, RECORDS, keep=keep) as db:
        corpus = RecordCorpus(db)
        corpus.refuse_newer()
        return list(approved_pages(corpus))


def damaged_at(catalog: Catalog, tree: Tree, *, keep: bool) -> tuple[Problem, ...]:
    """The records, decisions, approvals and overviews of a tree that are not valid, by path."""
    with catalog.at(tree, RECORDS, keep=keep) as db:
        return tuple(RecordCorpus(db).damaged())


def changed_pages(approved: Iterable[Approved]) -> tuple[ChangedPage, ...]:
    """Those of them that are no longer what was approved."""
    return tuple(
        ChangedPage(each.path, each.approval.newest.by, each.approval.newest.at, each.reason) for each in approved if each.changed
    )
