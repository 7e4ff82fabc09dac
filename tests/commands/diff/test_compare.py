"""What counts as a claim added, lost, reworded or only shown anew; and what became of documents and pages."""

import contextlib

from gitkb.catalog.queries import RecordCorpus
from gitkb.commands.diff.as_markdown import markdown
from gitkb.commands.diff.as_text import text
from gitkb.commands.diff.attention import Seen
from gitkb.commands.diff.compare import compare, likeness
from gitkb.commands.diff.report import Change, Concern, DiffReport
from gitkb.commands.diff.shown_pages import Side, keys_touched, new_keys, views
from gitkb.commands.diff.text_changes import word_changes
from gitkb.model.documents import Record
from tests.support.record_base import base, claim, record, topic

RULE = "Write-ahead logging is the rule that the log reaches the disk before the page does."


def diff(before: list[Record], after: list[Record], seen: Seen | None = None) -> DiffReport:
    """The report on two whole sets of records, of which the differing ones are told."""
    sides: list[Side] = []
    both = [one for one in before if one not in after] + [one for one in after if one not in before]
    for name, records, others in (("old", before, after), ("new", after, before)):
        with contextlib.ExitStack() as stack:
            corpus = RecordCorpus(stack.enter_context(base(*records)).db)
            found = views(corpus, keys_touched(corpus, both), sides[0].views.keys() if sides else None)
            own = {one.document: one for one in records if one not in others}
            alike = corpus.sharing_a_sign(new_keys(found, sides[0].views)) if sides else ()
            sides.append(Side(name * 10, name, own, found, corpus.paths(), tuple(alike)))
    return compare(sides[0], sides[1], seen or Seen())


def wal(*texts: str, document: str = "a", defined: bool = True, title: str = "", score: float = 0.5) -> Record:
    """A document that says these sentences about write-ahead logging, the first of them as its definition."""
    claims = [claim(document, text, score, defines=defined and number == 0) for number, text in enumerate(texts)]
    return record(document, topic("Write-ahead logging", *claims, defined=defined), title=title)


def test_a_sentence_in_nearly_the_same_words_is_reworded() -> None:
    report = diff([wal(RULE)], [wal(RULE.replace("reaches", "must reach"))])
    (page,) = report.pages
    assert page.change is Change.CHANGED
    assert [(pair.old.text, "must reach" in pair.new.text) for pair in page.claims.reworded] == [(RULE, True)]
    assert not page.claims.added and not page.claims.lost
    assert [item.concern for item in report.attention] == [Concern.CHANGED_DEFINITION]


def test_a_sentence_that_another_document_says_instead_is_lost_and_added() -> None:
    report = diff([wal(RULE)], [wal(RULE.replace("reaches", "must reach"), document="b", title="Other")])
    (page,) = report.pages
    assert len(page.claims.lost) == len(page.claims.added) == 1 and not page.claims.reworded


def test_a_page_whose_definition_goes_has_lost_it_even_if_another_stands_now() -> None:
    other = wal("Write-ahead logging is a technique of database systems.", document="b")
    report = diff(
        [wal(RULE, "Write-ahead logging costs one write."), other], [wal("Other words altogether.", defined=False), other]
    )
    lost = next(item for item in report.attention if item.concern is Concern.LOST_DEFINITION)
    assert f"its definition: {RULE} Now another one stands there: Write-ahead logging is a technique" in lost.message


def test_a_claim_that_better_ones_push_off_the_page_is_not_lost() -> None:
    topics = "rust sqlite kernel postgres mysql oracle leveldb rocksdb innodb zfs".split()
    old = wal(*(f"{name.capitalize()} keeps {number} files of its own." for number, name in enumerate(topics[:3])))
    more = [
        record(
            f"b{number}",
            topic("Write-ahead logging", claim(f"b{number}", f"{word * 2} {word * 3} differs {number}.", 0.9), defined=True),
        )
        for number, word in enumerate("abcdefghijklmnopqrstuvwxyz")
    ]
    report = diff([old], [old, *more])
    page = next(page for page in report.pages if page.path.endswith("write-ahead-logging.md"))
    assert not page.claims.lost and page.hidden


def test_a_new_page_of_sentences_that_were_known_shows_them() -> None:
    one = wal("Write-ahead logging keeps a log.", "The cost of write-ahead logging is one write more.", defined=False, score=0.9)
    other = wal("Databases with write-ahead logging recover quickly after failures.", document="b", defined=False, score=0.9)
    report = diff([one], [one, other])
    (page,) = report.pages
    assert [said.document for said in page.shown] == ["a", "a"] and [said.document for said in page.claims.added] == ["b"]
    assert "  = Write-ahead logging keeps a log. (A, Use)" in text(report)
    assert "- known before: Write-ahead logging keeps a log." in markdown(report)


def test_the_same_bytes_under_another_name_are_renamed_and_lose_nothing() -> None:
    from msgspec.structs import replace

    old, new = wal(RULE, title="Same"), wal(RULE, document="z/a", title="Same")
    new = replace(new, source=replace(new.source, sha256=old.source.sha256))
    report = diff([old], [new])
    assert [(d.change, d.document, d.before) for d in report.documents] == [(Change.RENAMED, "z/a", "a")]
    assert not any(page.claims for page in report.pages)
    assert not report.attention


def test_a_page_that_becomes_one_of_the_other_kind_has_moved() -> None:
    old = [record(name, topic("Fluent", claim(name, f"Fluent has {name} faces.", 0.9))) for name in ("a", "b", "f")]
    new = [
        record(name, topic("Fluent", claim(name, f"Fluent is {name} project.", 0.9), kind="entity"))
        for name in ("c", "d", "e", "g")
    ]
    report = diff(old, [*old, *new])
    (page,) = report.pages
    assert (page.change, page.before, page.path) == (Change.RENAMED, "wiki/concepts/fluent.md", "wiki/entities/fluent.md")
    assert Concern.REMOVED_PAGE not in {item.concern for item in report.attention}


def test_sides_that_are_swapped_tell_the_opposite() -> None:
    one, other = [wal(RULE)], [wal(RULE), wal("Write-ahead logging is an old idea of many systems.", document="b")]
    there, back = diff(one, other), diff(other, one)
    assert [said.text for said in there.pages[0].claims.added] == [said.text for said in back.pages[0].claims.lost]


def test_a_record_that_cannot_be_read_and_a_text_like_a_scan_are_told() -> None:
    from msgspec.structs import replace

    scan = wal(RULE)
    scan = replace(scan, source=replace(scan.source, pages=40))
    report = diff([], [scan], Seen(unreadable={".gitkb/documents/x.json": "it is no JSON"}, letters={"a": 300}))
    assert [item.concern for item in report.attention] == [Concern.BAD_RECORD, Concern.LITTLE_TEXT]
    assert "40 pages" in report.attention[1].message


def test_word_changes_give_both_sentences_back() -> None:
    old, new = "The log must reach the disk first.", "A log has to reach a disk, at last."
    changes = word_changes(old, new)
    assert "".join(words.old for words in changes) == old
    assert "".join(words.new for words in changes) == new


def test_sentences_about_other_things_are_not_alike() -> None:
    assert likeness("A log is a file.", "Readers continue on the old pages.") == 0.0
    assert likeness("A log is a file.", "A log is one file.") > 0.75


def test_a_new_page_is_compared_with_pages_that_nothing_touches() -> None:
    def about(name: str, document: str) -> Record:
        text = f"{name} is the rule that the log reaches the disk before the page does."
        return record(document, topic(name, claim(document, text, defines=True), defined=True))

    known = [about("Database", "a"), about("Lease", "b"), about("Log structured merge", "d")]
    report = diff(known, [*known, about("Data base", "c")])
    (told,) = [item for item in report.attention if item.concern is Concern.LIKELY_DUPLICATE]
    assert sorted(told.paths) == ["wiki/concepts/data-base.md", "wiki/concepts/database.md"]
    assert not [item for item in diff(known, known).attention if item.concern is Concern.LIKELY_DUPLICATE]
