"""The tables of the records answer what runs and `list` ask, and renew only what changed."""

from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS, KnownSources
from gitkb.model.documents import TreeChange
from tests.support.record_base import Blobs, base, record


def test_sources_are_found_by_path_bytes_name_and_root() -> None:
    first = record("docs/a")
    with base(first, record("docsx/b")) as made:
        known = KnownSources(made.db)
        assert known.source("docs/a.md") == ("docs/a", first.source.sha256)
        assert known.holders(first.source.sha256) == [("docs/a", "docs/a.md")]
        assert known.taken("docs/a") and not known.taken("docs")
        assert known.below("docs") == [("docs/a.md", "docs/a", first.source.sha256)]


def test_documents_are_listed_by_name() -> None:
    with base(record("b"), record("a/x"), record("a")) as made:
        assert [row.document for row in RecordCorpus(made.db).documents()] == ["a", "a/x", "b"]


def test_an_invalid_record_has_no_rows() -> None:
    with base(record("a")) as made:
        RECORDS.apply(made.db, Blobs({"1": b"{"}), [TreeChange(".gitkb/documents/a.json", "0", "1")])
        assert RecordCorpus(made.db).documents() == []
        assert RecordCorpus(made.db).folders() == []
