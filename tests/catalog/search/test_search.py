"""What a search finds, whatever is typed, and that the answer depends on the pages alone."""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.search.passage_index import PASSAGES
from gitkb.catalog.search.search import search
from gitkb.errors import UsageError
from gitkb.model.documents import TreeChange
from gitkb.model.rows import SearchHit

PAGES = {
    "wiki/index.md": "# Index\n\ncheckpoint checkpoint\n",
    "wiki/concepts/checkpoint.md": (
        "---\ntype: Concept\ntitle: Checkpoint\naliases: [savepoint]\ndescription: A checkpoint bounds recovery.\n---\n\n"
        "# Checkpoint\n\nA checkpoint bounds its work. [p. 97](../sources/papers/aries.md#page-97)[^papers--aries]\n\n"
        "## See also\n\n- [Zebra](zebra.md)\n\n[^papers--aries]: [ARIES](../sources/papers/aries.md)\n"
    ),
    "wiki/sources/papers/aries.md": (
        "---\ntype: Source\ntitle: ARIES\n---\n\n# ARIES\n\nIntroduction to logging.\n\n## Restart\n\n"
        "Recovery reads the log from the last checkpoint.\n\n## Undo\n\nThe undo of running transactions writes records.\n"
    ),
    "wiki/sources/de/haus.md": "# Das Haus\n\nDie Häuser in der Stadt sind nicht alle gleich, und das ist auch gut.\n",
    "wiki/sources/ja/tokyo.md": "# 東京\n\n東京都の文書はここにあります。検索できるはずです。\n",
}


class MemoryTree:
    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = {path: text.encode() for path, text in sorted(pages.items())}
        self.ids = {path: hashlib.sha1(content).hexdigest() for path, content in self.pages.items()}
        self.oid = hashlib.sha1(repr(self.ids).encode()).hexdigest()
        self.known: dict[str, MemoryTree] = {}

    def read(self, path: str) -> bytes | None:
        return self.pages.get(path)

    def read_blob(self, oid: str) -> bytes:
        return next(self.pages[path] for path, known in self.ids.items() if known == oid)

    def blob(self, path: str) -> str | None:
        return self.ids.get(path)

    def files(self, prefix: str = "") -> Iterable[tuple[str, str]]:
        return [(path, oid) for path, oid in self.ids.items() if path.startswith(prefix)]

    def changes_since(self, old: str | None) -> list[TreeChange]:
        before = self.known[old].ids if old is not None else {}
        paths = sorted({*before, *self.ids})
        return [TreeChange(p, before.get(p), self.ids.get(p)) for p in paths if before.get(p) != self.ids.get(p)]


def ask(text: str, *, pages: Mapping[str, str] = PAGES, scope: str = "all", limit: int = 10) -> list[SearchHit]:
    tree = MemoryTree(pages)
    db = sqlite3.connect(":memory:")
    try:
        PASSAGES.create(db)
        PASSAGES.apply(db, tree, tree.changes_since(None))
        return search(db, tree, text, scope=scope, limit=limit)
    finally:
        db.close()


def found(text: str, **options: str) -> list[str]:
    return [hit.page for hit in ask(text, scope=options.get("scope", "all"))]


def test_the_page_named_like_the_query_comes_first_and_index_pages_never() -> None:
    assert found("checkpoints") == ["wiki/concepts/checkpoint.md", "wiki/sources/papers/aries.md"]


def test_a_hit_names_document_heading_line_and_a_clean_snippet() -> None:
    (hit,) = ask("running transaction")
    assert (hit.document, hit.title, hit.heading, hit.line) == ("papers/aries", "ARIES", "Undo", 16)
    assert hit.snippet == "The undo of running transactions writes records."


def test_what_surrounds_claims_is_not_found() -> None:
    assert found("zebra") == [] and found("97") == []


def test_aliases_are_found() -> None:
    assert found("savepoint") == ["wiki/concepts/checkpoint.md"]


def test_words_are_found_in_other_inflections_of_their_language() -> None:
    assert found("Haus Stadt") == found("hauser") == found("Häusern") == ["wiki/sources/de/haus.md"]


def test_scripts_without_blanks_are_found_by_word_and_by_character() -> None:
    assert found("検索") == found("文") == found('"東京都"') == ["wiki/sources/ja/tokyo.md"]


def test_phrases_must_occur_and_prefixes_reach_unstemmed_forms() -> None:
    assert found('"last checkpoint"') == ["wiki/sources/papers/aries.md"]
    assert found('"checkpoint last"') == []
    assert found("transacti*") == found("transactions*") == ["wiki/sources/papers/aries.md"]


def test_an_excluded_word_excludes_the_page() -> None:
    assert found("recovery -undo") == ["wiki/concepts/checkpoint.md"]


def test_a_scope_limits_the_answer() -> None:
    assert found("checkpoint", scope="sources") == ["wiki/sources/papers/aries.md"]


def test_function_words_alone_still_answer() -> None:
    assert "wiki/sources/papers/aries.md" in found("of the")


@pytest.mark.parametrize(
    "text",
    [
        '"',
        '"open log',
        "NEAR(log, 2)",
        "log AND",
        "NOT",
        "(((",
        "-",
        "--log",
        "-log",
        "*",
        "a*",
        "body:log",
        "\0log",
        "🙂",
        "';--",
    ],
)
def test_whatever_is_typed_is_a_query(text: str) -> None:
    assert isinstance(ask(text), list)


@pytest.mark.parametrize("text", ["x" * 10_000, "log " * 2_500, '"' * 10_000])
def test_a_very_long_text_is_a_query(text: str) -> None:
    assert isinstance(ask(text), list)


def test_an_empty_query_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        ask(" \n")


def test_catching_up_answers_like_building_anew(tmp_path: Path) -> None:
    first = MemoryTree({**PAGES, "wiki/concepts/gone.md": "# Gone\n\nThe checkpoint of yesterday.\n"})
    second = MemoryTree({**PAGES, "wiki/sources/papers/aries.md": "# ARIES\n\nA new checkpoint text on recovery.\n"})
    second.known[first.oid] = first
    with Catalog(tmp_path / "caught-up.sqlite").at(first, PASSAGES) as db:
        assert len(search(db, first, "checkpoint")) == 3
    queries = ("checkpoint recovery", "undo", "new tex*", "yesterday")
    with Catalog(tmp_path / "caught-up.sqlite").at(second, PASSAGES) as db:
        caught_up = [search(db, second, text) for text in queries]
    with Catalog(tmp_path / "new.sqlite").at(second, PASSAGES) as db:
        assert caught_up == [search(db, second, text) for text in queries]


TWICE = {
    "wiki/sources/log.md": "# Log\n\n## Rotation\n\nA log is rotated daily by a job. Another sentence follows here.\n",
    "wiki/summaries/log.md": "# Log\n\n## Key points\n\n- A log is rotated daily by a job.\n",
    "wiki/sources/other.md": "# Other\n\nWhat is rotated is not always a log, but it may be a disk or a wheel of some machine.\n",
}


def test_a_summary_that_repeats_its_source_does_not_crowd_out_others() -> None:
    hits = ask("rotated log", pages=TWICE)
    assert [hit.document for hit in hits] == ["log", "other", "log"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert ask("rotated log", pages=TWICE, limit=2) == hits[:2]


def test_a_page_found_by_its_title_shows_its_text() -> None:
    page = "# Vacuum\n\nOld row versions are removed.\n\nThe vacuum runs at night.\n"
    (hit,) = ask("vacuum", pages={"wiki/sources/v.md": page})
    assert (hit.line, hit.snippet) == (5, "Old row versions are removed. The vacuum runs at night.")


def test_the_text_counts_where_many_short_titles_have_the_word() -> None:
    pages = {f"wiki/sources/{number}.md": f"# Join {number}\n\nNothing else.\n" for number in range(900)}
    pages["wiki/sources/text.md"] = "# Planner\n\n" + "A hash join builds a table of the join keys, then probes it. " * 3
    assert ask("hash join keys", pages=pages)[0].page == "wiki/sources/text.md"


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ("# T\n\nBelow\n-----\n\nA  vacuum   runs.\n", "A vacuum runs."),
        ("# T\n\n## Below\n\nA vacuum\truns.\n", "A vacuum runs."),
        ("# T\n\n[Label](../x.md)\n\n- The vacuum runs.\n", "The vacuum runs."),
        ("# T\n\n- a broom\n- a vacuum\n", "a broom; a vacuum"),
        ("# T\n\nThe **vacuum** \x1b[31mruns\u202e.\n", "The vacuum [31mruns ."),
    ],
)
def test_a_snippet_is_one_clean_line_without_headings(text: str, snippet: str) -> None:
    (hit,) = ask("vacuum", pages={"wiki/sources/v.md": text})
    assert hit.snippet == snippet


def test_a_long_passage_shows_the_sentence_of_its_match() -> None:
    filler = "Nothing of interest is told in this sentence. " * 8
    (hit,) = ask("vacuum", pages={"wiki/sources/v.md": f"# T\n\n{filler}At night the vacuum runs. {filler}\n"})
    assert hit.snippet.startswith("… At night the vacuum runs.") and hit.snippet.endswith(" …") and len(hit.snippet) <= 240


def test_words_that_stand_everywhere_still_rank_pages_that_have_them_together() -> None:
    pages = {
        f"wiki/sources/{number}.md": f"# N{number}\n\n" + "".join(f"## S{part}\n\nalpha {part}\n\n" for part in range(60))
        for number in range(160)
    }
    pages["wiki/sources/both.md"] = "# Both\n\nalpha beta\n"
    assert ask("alpha beta", pages=pages)[0].page == "wiki/sources/both.md"
    assert len(ask("alpha", pages=pages)) == 10


def test_pages_spread_over_several_indexes_score_as_in_one(tmp_path: Path) -> None:
    trees = [MemoryTree(dict(list(PAGES.items())[at::2])) for at in (0, 1)]
    dbs = []
    for tree in trees:
        db = sqlite3.connect(":memory:")
        PASSAGES.create(db)
        PASSAGES.apply(db, tree, tree.changes_since(None))
        dbs.append(db)
    for text in ("checkpoint log", '"last checkpoint"', "check*", "recovery -undo", "Haus", "検索"):
        together = [hit for db, tree in zip(dbs, trees, strict=True) for hit in search(db, tree, text, among=dbs)]
        assert sorted(together, key=lambda hit: (-hit.score, hit.page)) == ask(text), text
