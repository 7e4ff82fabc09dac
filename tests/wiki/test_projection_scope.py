"""Projecting only what changed gives what projecting everything gives, whatever happened before."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitkb.catalog import name_resolution, queries
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.model.documents import Record, Topic
from gitkb.model.path_changes import PathChanges
from gitkb.wiki import indexes, topic_page
from gitkb.wiki import indexes as listing
from gitkb.wiki.projection import Scope, is_page, is_shared, project
from tests.support.record_base import Base, base, claim, record, topic

NAMES = (
    "WAL",
    "Wal",
    "Write-ahead log",
    "Write-ahead logs",
    "Log",
    "Logs",
    "Index",
    "Indexes",
    "Raft",
    "Paxos",
    "C++",
    "木",
    "aa",
    "ab",
    "abc",
)
DOCUMENTS = ("a", "b", "c", "d/a", "d/b", "d/e/a", "d/e/b", "f/g/a", "ab", "aba", "abb", "d", "d/e", "d/ea", "d/eb")
SENTENCES = (
    "A write-ahead log is a file to which changes are written first.",
    "A write-ahead log is a file to which changes are first written.",
    "Raft elects a leader by a majority of votes.",
    "Paxos agrees on one value among many processes.",
    "The leader sends heartbeats to all followers.",
)


@st.composite
def topics(draw: st.DrawFn, document: str) -> Topic:
    claims = [
        claim(document, draw(st.sampled_from(SENTENCES)), draw(st.sampled_from((0.2, 0.5))), defines=draw(st.booleans()))
        for _ in range(draw(st.integers(0, 2)))
    ]
    return topic(
        draw(st.sampled_from(NAMES)),
        *claims,
        kind=draw(st.sampled_from(("concept", "entity"))),
        defined=draw(st.booleans()),
        aliases=tuple(draw(st.lists(st.sampled_from(NAMES), max_size=2))),
        entity_type=draw(st.sampled_from(("", "person", "product"))),
    )


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Record | None]:
    """Some documents that are added, replaced or (None) removed together."""
    changes: dict[str, Record | None] = {}
    for document in draw(st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=6, unique=True)):
        if draw(st.integers(0, 2)) == 0:
            changes[document] = None
        else:
            title = draw(st.sampled_from(("", "Logs", "logs", "*Trees*")))
            said = draw(st.sampled_from(("", "Of March 31, 2023.", "What came in 2024.")))
            changes[document] = record(document, *draw(st.lists(topics(document), max_size=4)), title=title, description=said)
    return changes


@pytest.fixture
def small_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so low that indexes of a few documents are split and shortened, and names of a few documents are popular."""
    monkeypatch.setattr(name_resolution, "MANY", 3)
    monkeypatch.setattr(queries, "MAX_DEFINITIONS", 1)
    monkeypatch.setattr(topic_page, "MAX_LOOKED_AT", 3)
    monkeypatch.setattr(listing, "MAX_ENTRIES", 3)
    monkeypatch.setattr(indexes, "FEW", 2)
    monkeypatch.setattr(indexes, "MANY", 2)


@pytest.mark.usefixtures("small_indexes")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(steps(), min_size=1, max_size=6))
def test_projecting_what_changed_gives_what_projecting_everything_gives(history: list[dict[str, Record | None]]) -> None:
    kept = PathChanges()
    with base() as grown:
        for changes in history:
            kept = PathChanges(grown.project(grown.apply(changes)).over(kept).written)
            assert kept == grown.project()
        with base(*grown.records.values()) as fresh:
            assert fresh.project() == kept
            assert rows(fresh) == rows(grown)


@pytest.mark.usefixtures("small_indexes")
def test_a_document_and_a_folder_of_one_name_split_an_index_together() -> None:
    with base(*map(record, ("d/a", "d/ea", "d/eb"))) as made:
        kept = made.project()
        changed = made.project(made.apply({name: record(name) for name in ("d/e", "d/e/a")}))
        assert changed.over(kept).written == made.project().written


def rows(made: Base) -> dict[str, list[object]]:
    return {table: sorted(made.db.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in RECORDS.tables}


@pytest.mark.usefixtures("small_indexes")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(steps(), min_size=1, max_size=3), st.data())
def test_a_page_that_somebody_touched_is_projected_again(history: list[dict[str, Record | None]], data: st.DataObject) -> None:
    with base() as grown:
        for changes in history:
            grown.apply(changes)
        full = grown.project().written
        path = data.draw(st.sampled_from(sorted(full)))
        assert grown.project(Scope((), (), {path})).written[path] == full[path]


def test_touching_pages_that_the_records_do_not_make_gives_none_for_them() -> None:
    touched = ["wiki/concepts/raft.md", "wiki/entities/index.md", "wiki/concepts/index--x.md", "wiki/sources/x/index.md"]
    with base(record("a")) as made:
        found = made.project(Scope((), (), touched))
    assert found.deleted >= set(touched)


@pytest.mark.parametrize(
    ("path", "shared", "page"),
    [
        ("wiki/index.md", True, False),
        ("wiki/concepts/index.md", True, False),
        ("wiki/concepts/raft.md", True, True),
        ("wiki/concepts/mine/raft.md", False, False),
        ("wiki/entities/index--r.md", True, False),
        ("wiki/sources/papers/index.md", True, False),
        ("wiki/sources/papers/raft.md", False, False),
        ("wiki/summaries/index--a.md", True, False),
        ("wiki/raft.md", False, False),
        ("wiki/concepts/raft.txt", False, False),
        ("AGENTS.md", False, False),
    ],
)
def test_shared_pages_are_told_from_others_by_their_paths(path: str, shared: bool, page: bool) -> None:
    assert (is_shared(path), is_page(path)) == (shared, page)


def test_a_change_projects_no_page_that_it_cannot_touch() -> None:
    others = [record(f"n/{i}", topic(f"Thing {i}", claim(f"n/{i}", f"Thing {i} is a thing."), defined=True)) for i in range(40)]
    with base(*others) as made:
        raft = record("m/raft", topic("Raft", claim("m/raft", "Raft is a protocol.", defines=True), defined=True))
        found = project(RecordCorpus(made.db), made.apply({"m/raft": raft}))
    assert {path for path in found.paths if is_page(path)} == {"wiki/concepts/raft.md", "wiki/entities/raft.md"}
    assert not any("/n/" in path for path in found.paths)
