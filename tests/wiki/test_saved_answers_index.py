"""The index of the saved answers: made like the other indexes, from pages that are people's."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitkb.catalog.record_tables import RECORDS
from gitkb.formats.topic_rows import FOLDER, exploration_name
from gitkb.model.documents import TreeChange
from gitkb.model.path_changes import PathChanges
from gitkb.wiki import indexes
from gitkb.wiki.projection import Scope, concerns_pages, is_shared
from tests.support.record_base import Base, Blobs, base, record


@pytest.fixture
def small_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "MAX_ENTRIES", 3)


def save(made: Base, pages: dict[str, str | None], standing: dict[str, str]) -> Scope:
    """Writes and (None) deletes saved answers by name; what happened."""
    blobs = {f"{name} {text}": text.encode() for name, text in pages.items() if text is not None}
    changes = [
        TreeChange(f"{FOLDER}/{name}.md", "old" if name in standing else None, f"{name} {text}" if text is not None else None)
        for name, text in sorted(pages.items())
    ]
    made.db.execute("BEGIN")
    RECORDS.apply(made.db, Blobs(blobs), changes)
    made.db.execute("COMMIT")
    for name, text in pages.items():
        standing.pop(name, None) if text is None else standing.update({name: text})
    return Scope((), (), {change.path for change in changes})


def test_saved_answers_are_listed_and_the_root_leads_to_them() -> None:
    with base(record("a")) as made:
        assert f"{FOLDER}/index.md" not in made.project()
        page = "---\ntype: Exploration\ntitle: What is [a] log?\ndescription: A log is\n---\n"
        save(made, {"what-is-a-log": page, "mine": "no front matter", "odd": "---\n[\n---\n"}, {})
        found = made.project().written
    text = found[f"{FOLDER}/index.md"].decode()
    assert "* [What is [a] log?](what-is-a-log.md) - A log is\n" in text
    assert "* [mine](mine.md)\n" in text and "* [odd](odd.md)\n" in text
    assert b"(explorations/index.md)" in found["wiki/index.md"]


NAMES = st.text("ab", min_size=1, max_size=4)


@pytest.mark.usefixtures("small_indexes")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(NAMES, st.sampled_from(["x", "y", None]), min_size=1, max_size=5), min_size=1, max_size=4))
def test_projecting_what_was_touched_gives_the_projection_of_everything(history: list[dict[str, str | None]]) -> None:
    with base(record("a")) as grown:
        kept, standing = grown.project().written, dict[str, str]()
        for pages in history:
            kept = grown.project(save(grown, pages, standing)).over(PathChanges(kept)).written
            assert kept == grown.project().written


def test_an_index_that_somebody_deleted_is_made_again() -> None:
    with base() as made:
        save(made, {"a": "x"}, {})
        assert made.project(Scope((), (), {f"{FOLDER}/index.md"})).written[f"{FOLDER}/index.md"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("a.md", "a"), ("index.md", None), ("index--a.md", None), ("a/b.md", None), ("a.txt", None)],
)
def test_saved_answers_are_told_from_their_index_by_their_paths(path: str, name: str | None) -> None:
    path = f"{FOLDER}/{path}"
    assert exploration_name(path) == name
    assert is_shared(path) == (path.rpartition("/")[2] in ("index.md", "index--a.md"))
    assert concerns_pages(path) == (name is not None or is_shared(path))
