"""What the projected pages say, which there are, and how indexes lead to them."""

import pytest

from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import links
from gitkb.wiki import indexes
from gitkb.wiki.hand_edits import Seal, state
from gitkb.wiki.projection import empty_bundle
from tests.support.record_base import base, claim, pages, record, topic

WAL = "Write-ahead logging is the rule that a log record reaches the disk before its page does."
TOPIC = topic("Write-ahead logging", claim("p/aries", WAL, 0.9, defines=True), defined=True, aliases=("WAL",))
ARIES = record("p/aries", TOPIC, title="ARIES")


def test_an_empty_knowledge_base_has_a_root_index_only() -> None:
    with base() as made:
        assert made.project() == empty_bundle()


def test_a_definition_makes_a_page_with_its_place_and_footnote() -> None:
    page = pages(ARIES)["wiki/concepts/write-ahead-logging.md"]
    assert f"{WAL} [Use](../sources/p/aries.md#use)[^p--aries]\n" in page
    assert "[^p--aries]: [ARIES](../sources/p/aries.md)\n" in page
    assert "aliases: [WAL]\n" in page
    assert state(page.encode()) is Seal.GENERATED


def test_what_another_document_says_of_an_alias_goes_onto_the_page() -> None:
    notes = record("n/sqlite", topic("WAL", claim("n/sqlite", "The WAL grows until a checkpoint empties it again.")))
    made = pages(ARIES, notes)
    assert "The WAL grows until" in made["wiki/concepts/write-ahead-logging.md"]
    assert "wiki/concepts/wal.md" not in made


def test_a_document_that_defines_an_alias_finds_a_page_that_leads_on() -> None:
    notes = record("n/sqlite", topic("WAL", claim("n/sqlite", "A WAL is a file.", defines=True), defined=True))
    assert "See [Write-ahead logging](write-ahead-logging.md)." in pages(ARIES, notes)["wiki/concepts/wal.md"]


@pytest.mark.parametrize(("documents", "exists"), [(1, False), (2, True), (10, True), (11, False)])
def test_an_undefined_concept_needs_two_documents_and_at_most_ten(documents: int, exists: bool) -> None:
    made = pages(*(record(f"d{i}", topic("Raft", claim(f"d{i}", f"Raft says {i}."))) for i in range(documents)))
    assert ("wiki/concepts/raft.md" in made) is exists


def test_nearly_the_same_sentence_stands_on_a_page_once_and_a_document_three_times() -> None:
    said = "The leader sends a heartbeat to every follower {} often."
    one = record("a", topic("Raft", *(claim("a", f"Word{i} token{i} thing{i} case{i}.") for i in range(5))))
    two = record("b", topic("Raft", claim("b", said.format("quite")), claim("b", said.format("very"))))
    page = pages(one, two)["wiki/concepts/raft.md"]
    assert page.count("[^a]\n") == 3 and page.count("heartbeat") == 1 + page.partition("# Raft")[0].count("heartbeat")


def test_text_of_documents_cannot_become_markup() -> None:
    hostile = record("a", topic("<b>X</b>", claim("a", "A [x](javascript:y) <script> is bad."), defined=True), title="[t](u)")
    made = pages(hostile)
    text = "".join(frontmatter.split(page)[1] for page in made.values())
    targets = {link.target for page in made.values() for link in links(frontmatter.split(page)[1])}
    assert "<script>" not in text.replace("\\<script>", "")
    assert not {"javascript:y", "u"} & targets


def test_a_large_folder_is_split_by_how_names_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "MAX_ENTRIES", 3)
    made = pages(*(record(f"{start}{i}") for start in "ab" for i in range(3)))
    assert "(index--a.md)" in made["wiki/sources/index.md"]
    assert made["wiki/sources/index--a.md"].count("\n* [") == 3
