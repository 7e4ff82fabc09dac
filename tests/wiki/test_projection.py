"""What the projected pages say, which there are, and how indexes lead to them."""

import pytest
from msgspec.structs import replace

from gitkb.model.documents import Claim, Place, Record
from gitkb.model.path_changes import PathChanges
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
        assert made.project() == PathChanges(empty_bundle())


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


def _undefined(document: str, score: float) -> Record:
    return record(document, topic("Raft", claim(document, f"Raft keeps copy {document} of the log on a disk.", score)))


@pytest.mark.parametrize(("documents", "score", "exists"), [(1, 0.9, False), (2, 0.9, False), (3, 0.9, True), (30, 0.5, False)])
def test_what_is_not_defined_needs_three_good_claims_however_often_named(documents: int, score: float, exists: bool) -> None:
    made = pages(*(_undefined(f"d{i}", score) for i in range(documents)))
    assert ("wiki/concepts/raft.md" in made) is exists


def test_three_good_claims_of_one_document_make_no_page() -> None:
    made = pages(record("a", topic("Raft", *(claim("a", f"Word{i} token{i} thing{i} case{i}.", 0.9) for i in range(3)))))
    assert "wiki/concepts/raft.md" not in made


STORE = "A transaction is a group of reads and writes that happens as a whole."
COIN = "A transaction is a transfer of a coin from one owner to the next."


def _transactions(second: str, more: str) -> str:
    one = topic("Transaction", claim("store", STORE, 0.9, defines=True), defined=True)
    rolled = claim("store", "A transaction that fails is rolled back by the manager of the log.", 0.8)
    one = topic("Transaction", *one.claims, rolled, defined=True)
    two = topic("Transaction", claim("other", second, 0.85, defines=True), claim("other", more, 0.7), defined=True)
    return pages(record("store", one, title="Stores"), record("other", two, title="Coins"))["wiki/concepts/transaction.md"]


def test_documents_that_mean_different_things_by_one_name_are_shown_apart() -> None:
    page = _transactions(COIN, "A transaction needs the signature of its sender before pages follow.")
    first, second = page.index("## Meaning 1"), page.index("## Meaning 2")
    assert first < page.index(STORE, first) < second < page.index(COIN, second)
    assert page.index("rolled back") < second < page.index("signature")


def test_documents_that_mean_the_same_share_a_page_without_senses() -> None:
    page = _transactions(
        "A transaction is a unit of reads and writes which a database does as a whole.", "It is rolled back where the log fails."
    )
    assert "## Meaning" not in page


def test_the_document_about_a_topic_is_named_on_top_of_its_page() -> None:
    made = pages(record("n/wal", topic("Write-ahead logging", claim("n/wal", WAL, 0.9, defines=True), defined=True),
                        title="Write-ahead logging (storage)"))  # fmt: skip
    assert (
        "Documents about it: [Write-ahead logging (storage)](../summaries/n/wal.md)\n"
        in made["wiki/concepts/write-ahead-logging.md"]
    )


@pytest.mark.parametrize(("others", "shown"), [(3, True), (9, False)])
def test_what_one_long_document_defines_besides_stands_on_no_page_of_it(others: int, shown: bool) -> None:
    more = [
        topic(f"Pump {n}", claim("p/aries", f"Pump {n} is a pump of hall {n}.", defines=True), defined=True)
        for n in range(others)
    ]
    page = pages(record("p/aries", TOPIC, *more, title="ARIES"))["wiki/concepts/write-ahead-logging.md"]
    assert ("## See also" in page) is shown


def test_headings_tell_aspects() -> None:
    def below(text: str, heading: str) -> Claim:
        return replace(claim("a", text, 0.8), place=Place("sources/a.md", "x", heading))

    claims = (
        below("The log is cut at the oldest page that waits.", "Limitations"),
        below("A full disk stops every writer at once.", "Limitations"),
        below("Readers see the last commit before they began.", "Reading"),
    )
    page = pages(record("a", topic("Raft", *claims, defined=True)))["wiki/concepts/raft.md"].partition("# Raft")[2]
    assert page.index("## Limits") < page.index("A full disk") < page.index("## What the documents say") < page.index("Readers")


def test_nearly_the_same_sentence_stands_on_a_page_once_and_a_document_three_times() -> None:
    said = "The leader sends a heartbeat to every follower {} often."
    one = record("a", topic("Raft", *(claim("a", f"Word{i} token{i} thing{i} case{i}.", 0.9) for i in range(5)), defined=True))
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
