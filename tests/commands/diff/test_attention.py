"""Which names of pages are so near that a person should look: and which are not."""

import pytest

from gitkb.commands.diff.attention import near_pairs
from gitkb.formats.topic_rows import TopicPage
from gitkb.model.documents import TopicKind


def _page(title: str, kind: TopicKind = "concept", target: str = "") -> TopicPage:
    return TopicPage(kind, title.lower().replace(" ", "-"), title, "", 1, target)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Data base", "database"),
        ("write ahead log", "Write-Ahead Logs"),
        ("Paxos algorithm", "Paxos"),
        ("Project Fluent", "Fluent"),
        ("Paxos algorithm", "Paxos protocol"),
        ("WAL", "Write-ahead logging"),
        ("Write-ahead logging (WAL)", "write-ahead logging"),
        ("Replication of logs", "log replication"),
        ("serialisation", "serialization"),
        ("Café", "cafe"),
    ],
)
def test_near_names_are_a_pair_whichever_is_new(new: str, old: str) -> None:
    one, other = _page(new), _page(old, "entity")
    for fresh in (one, other):
        pairs = near_pairs([fresh.path], [one, other])
        assert [pair.one for pair in pairs] == [fresh]
        assert pairs[0].reason


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Drop trait", "Drop function"),
        ("Write around locks", "Walk around lakes"),
        ("library crate", "crate"),
        ("state machine", "log"),
        ("C++", "C#"),
        ("log", "lock"),
        ("write ahead locks", "write-around locks"),
    ],
)
def test_other_names_are_no_pair(new: str, old: str) -> None:
    one, other = _page(new), _page(old)
    pairs = near_pairs([one.path, other.path], [one, other])
    assert [pair for pair in pairs if pair.reason] == []


def test_pages_that_were_there_before_or_only_lead_elsewhere_are_left_alone() -> None:
    assert near_pairs([], [_page("database"), _page("data base")]) == []
    lead = _page("database", target="data-base")
    assert near_pairs([lead.path], [lead, _page("data base")]) == []
