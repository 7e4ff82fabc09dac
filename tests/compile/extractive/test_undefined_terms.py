"""Terms that a document speaks of without defining them, so that documents meet on a page."""

import re

import pytest

from gitkb.compile.extractive.compiler import digest
from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion, Digest, Heading, Topic
from gitkb.text.names.slugs import slug, topic_key
from tests.support.isolation import ROOT

DOCUMENTS = ROOT / "tests" / "data" / "documents"
FILLER = "The library has a wall that is painted white. "


def _digest(markdown: str) -> Digest:
    found = [(number, re.fullmatch(r"(#+) (.*)", line)) for number, line in enumerate(markdown.split("\n"), 1)]
    headings = tuple(Heading(len(m[1]), m[2], slug(m[2]), number) for number, m in found if m)
    return digest(Conversion(markdown, "text/markdown", "m/1", headings=headings), name="x.md")


def _topics(markdown: str) -> dict[str, Topic]:
    return {topic.name: topic for topic in _digest(markdown).topics}


def test_a_short_document_supports_what_it_says_twice_if_a_sentence_begins_with_it() -> None:
    text = "Crash recovery needs the newest files of the log. A full disk therefore makes crash recovery slow for everybody."
    topic = _topics(f"# Full disks\n\n{text}\n")["Crash recovery"]
    assert not topic.defined
    assert topic.claims[0].text == "Crash recovery needs the newest files of the log."


def test_a_long_document_needs_more() -> None:
    text = "Crash recovery needs the newest files of the log. A full disk therefore makes crash recovery slow for everybody."
    walls = " ".join(f"The room number {n} of the house has a wall that is painted white." for n in range(50))
    assert "Crash recovery" not in _topics(f"# Full disks\n\n{text} {walls}\n")


def test_a_countable_word_on_which_a_document_turns_is_supported() -> None:
    text = (
        "The compiler checks whether a closure borrows the value. If a closure moves the value, the borrow ends at once. "
        "Two threads may call the closure only if it is safe. The type of each closure is unique in the program."
    )
    assert "Closure" in _topics(f"# Error 501\n\n{text}\n")


def test_adjectives_before_nouns_are_no_topics() -> None:
    text = (
        "An inherent method is found before others. The inherent impl comes first in the list. Inherent types are rare in code. "
    )
    assert "Inherent" not in _topics(f"# Inherent things\n\n{text * 3}\n")


def test_a_linked_term_is_supported() -> None:
    text = (
        "Each replica takes part in [leader election](leader.md) after a timeout. Without a quorum, leader election cannot end "
        "and the servers wait."
    )
    assert "Leader election" in _topics(f"# Groups\n\n{text}\n")


GLOSSARY = """# Words of the team

A heartbeat is a message that a leader sends at a fixed interval.

Durability is the promise that a committed change survives every failure.

A dirty page is a page in memory that holds changes which are not yet on disk.

Stable storage is storage that keeps what was written to it although the power fails.

Failover is the change from a failed server to another one that takes over its work.

Backpressure is the slowing down of those who send work by those who can no longer keep up with it.
"""


def test_what_a_glossary_lists_is_supported_with_its_definition() -> None:
    topics = _topics(GLOSSARY)
    assert set(topics) >= {"Heartbeat", "Durability", "Dirty page", "Stable storage", "Failover", "Backpressure"}
    assert all(topic.claims[0].defines for topic in topics.values())
    assert topics["Dirty page"].defined


def test_a_short_document_defines_its_title_in_one_sentence() -> None:
    text = "Write-ahead logging is the rule that the log record of a change must reach stable storage before the page does."
    assert _topics(f"# Write-ahead logging\n\n{text} {FILLER}\n")["Write-ahead logging"].defined


def test_a_title_in_ing_is_about_what_it_is_made_of() -> None:
    text = (
        "A checkpoint is a point in the log from which recovery can start, because every earlier change is in the files. "
        "PostgreSQL starts a checkpoint after five minutes."
    )
    assert _topics(f"# Checkpointing\n\n{text}\n")["Checkpoint"].defined


def test_kinds_with_capitals_are_concepts() -> None:
    text = (
        "A B-tree is a balanced search tree whose nodes are as large as a page. SQLite keeps its indexes in a B-tree. "
        "Every index of PostgreSQL may be a B-tree too."
    )
    assert _topics(f"# B-trees\n\n{text}\n")["B-tree"].kind == "concept"
    text = "Raft is a consensus algorithm that keeps a log the same on many servers. The servers of Raft vote, and Raft counts."
    assert _topics(f"# Raft\n\n{text}\n")["Raft"].kind == "concept"


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("La description longue", "La description longue est la description complète d'un paquet et du logiciel qu'il contient."),
        ("Die Kurzbeschreibung", "Die Kurzbeschreibung ist eine kurze Zusammenfassung von dem, was das Paket dem Benutzer gibt."),
    ],
)
def test_a_part_of_something_is_not_defined_by_speaking_of_the_one(heading: str, text: str) -> None:
    again = f"Pour un paquet, {heading.lower()} est utile." if heading[:2] == "La" else f"Man liest {heading} zuerst und oft."
    assert not any(topic.defined for topic in _topics(f"# {heading}\n\n{text} {again} {again}\n").values())


def test_sentences_of_see_also_are_not_a_topics_claims_if_there_are_others() -> None:
    text = "Crash recovery reads the log from its newest checkpoint. Nobody should stop crash recovery before its end comes."
    also = "[Crash recovery](r.md) explains what happens after a failure, and other pages explain the rest."
    topic = _topics(f"# Restart\n\n{text}\n\n## See also\n\n{also}\n")["Crash recovery"]
    assert "Crash recovery reads the log from its newest checkpoint." in [claim.text for claim in topic.claims]
    assert not any("explains" in claim.text for claim in topic.claims)


def test_the_sample_documents_give_the_pages_a_reader_expects() -> None:
    speaking: dict[str, set[str]] = {}
    defined = set()
    for file in sorted(
        path for path in DOCUMENTS.rglob("*") if path.suffix in (".md", ".rst", ".txt", ".html", ".pptx", ".epub")
    ):
        made = digest(convert(file, file.name, ConversionSettings(10**8)), name=file.name)
        for topic in made.topics:
            assert topic.kind == "concept" or topic.name not in ("B-tree", "Raft")
            speaking.setdefault(topic_key(topic.name, made.language), set()).add(file.name)
            defined |= {topic_key(topic.name, made.language)} if topic.defined else set()
    expected = {"write-ahead-logging", "crash-recovery", "checkpoint", "b-tree", "bloom-filter", "compaction", "raft", "snapshot"}
    assert expected <= defined
    assert all(len(speaking[key]) >= 2 for key in ("write-ahead-logging", "crash-recovery", "raft", "snapshot", "dirty-page"))


def test_a_change_log_supports_nothing() -> None:
    text = "Crash recovery needs the newest files of the log. A full disk therefore makes crash recovery slow for everybody."
    assert "Crash recovery" not in _topics(f"# Changelog\n\n{text}\n")


def test_who_a_change_log_thanks_is_no_term() -> None:
    names = ("0xflotus", "ahonn", "andelf", "atxulo", "avelino", "kkkiio")
    listed = "".join(f"- {name}\n  - Colours for the files of {name} in the guide [#4](https://a.example/4)\n" for name in names)
    said = "A bulk action is a command that changes many blocks at once, and it can be undone. Bulk actions are quick."
    assert list(_topics(f"# Changelog\n\n## Bulk actions\n\n{said}\n\n## Thanks\n\n{listed}")) == ["Bulk action"]


def test_a_person_is_no_concept() -> None:
    text = "Jonathan Reem is the primary author and maintainer of the parser. The parser is a program of three thousand lines."
    assert all(topic.kind == "entity" for topic in _digest(f"# Parser\n\n{text}\n").topics if topic.name == "Jonathan Reem")
