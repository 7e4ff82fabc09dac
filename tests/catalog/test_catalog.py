"""Who reads the catalog waits for nobody who writes it, and whatever way it is read, it says the same of a tree."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitkb.catalog import kept_trees
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.kept_trees import KeptTrees
from gitkb.catalog.record_tables import RECORDS
from gitkb.catalog.search.passage_index import PASSAGES
from gitkb.formats.records import encode, record_path
from tests.support.memory_tree import FilesTree
from tests.support.record_base import record


def _tree(*names: str) -> FilesTree:
    return FilesTree({record_path(name): encode(record(name)).decode() for name in names})


OLD, NEW, NEXT = _tree("a"), _tree("a", "b"), _tree("b", "c")


def _names(db: sqlite3.Connection) -> list[str]:
    return [name for (name,) in db.execute("SELECT name FROM record_documents ORDER BY name")]


def _read(catalog: Catalog, tree: FilesTree, *, keep: bool) -> list[str]:
    with catalog.at(tree, RECORDS, keep=keep) as db:
        return _names(db)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A catalog that reflects `NEW`."""
    made = tmp_path / "catalog.sqlite"
    Catalog(made).bring_up(NEW, RECORDS)
    return made


@contextlib.contextmanager
def _writing(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who writes, all the while."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.rollback()


@pytest.mark.parametrize("kept", [False, True])
def test_readers_wait_for_nobody_who_writes(file: Path, kept: bool) -> None:
    catalog = Catalog(file)
    catalog.kept = KeptTrees() if kept else None
    with _writing(file):
        assert _read(catalog, NEW, keep=True) == ["a", "b"]
        assert _read(catalog, OLD, keep=False) == ["a"]
        assert _read(catalog, NEXT, keep=True) == ["b", "c"]
        with catalog.held(OLD, RECORDS, keep=False) as db:
            assert _names(db) == ["a"]
    with contextlib.closing(sqlite3.connect(file)) as db:
        assert _names(db) == ["a", "b"]


def test_nobody_who_writes_waits_for_what_is_kept(file: Path) -> None:
    catalog = Catalog(file)
    catalog.kept = KeptTrees()
    assert _read(catalog, NEW, keep=True) == ["a", "b"]
    for _ in range(3):  # in the file, then in a copy that is kept
        assert _read(catalog, OLD, keep=False) == ["a"]
    with _writing(file):
        pass
    Catalog(file).bring_up(NEXT, RECORDS)
    with _writing(file) as db:  # what was kept still shows what it showed
        assert _names(db) == ["b", "c"]
        assert _read(catalog, NEW, keep=False) == ["a", "b"]
        assert _read(catalog, OLD, keep=False) == ["a"]


def test_a_connection_is_kept_for_the_next_caller_and_closed_after_a_while(file: Path) -> None:
    catalog, kept = Catalog(file), KeptTrees()
    catalog.kept = kept
    with catalog.at(NEW, RECORDS) as first, catalog.at(NEW, RECORDS) as second:
        assert first is not second
    with catalog.at(NEW, RECORDS) as again:
        assert again in (first, second)
    kept.close_old(0.0)
    for each in (first, second):
        with pytest.raises(sqlite3.ProgrammingError):
            each.execute("SELECT 1")
    with pytest.raises(ValueError), catalog.at(NEW, RECORDS) as failed:
        raise ValueError
    with pytest.raises(sqlite3.ProgrammingError):
        failed.execute("SELECT 1")


def test_a_connection_serves_every_index_that_reflects_the_tree(file: Path) -> None:
    catalog = Catalog(file)
    catalog.bring_up(NEW, PASSAGES)
    catalog.kept = KeptTrees()
    with catalog.at(NEW, RECORDS) as one:
        pass
    with catalog.at(NEW, PASSAGES) as other:
        assert one is other
    Catalog(file).bring_up(NEXT, RECORDS)
    with catalog.at(NEXT, RECORDS, keep=False) as anew:
        assert anew is not one and _names(anew) == ["b", "c"]


def test_many_who_ask_for_a_tree_at_once_have_it_made_by_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog(file)
    catalog.kept = KeptTrees()
    monkeypatch.setattr(kept_trees, "_WAIT", 60.0)
    made: list[int] = []
    real = Catalog._copied

    def counted(self: Catalog, *given: Any) -> Any:
        made.append(1)
        return real(self, *given)

    monkeypatch.setattr(Catalog, "_copied", counted)
    found: list[list[str]] = []
    with _writing(file):
        threads = [threading.Thread(target=lambda: found.append(_read(catalog, OLD, keep=False))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [["a"]] * 8 and made == [1]


def test_a_damaged_catalog_is_made_anew(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)
    catalog = Catalog(file)
    catalog.kept = KeptTrees()
    assert _read(catalog, OLD, keep=False) == ["a"] and _read(catalog, NEW, keep=True) == ["a", "b"]
    with contextlib.closing(sqlite3.connect(file)) as db:
        assert _names(db) == ["a", "b"]
