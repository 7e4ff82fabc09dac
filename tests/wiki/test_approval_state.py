"""Approvals: when they hold, what they do to the projection, how those of two sides become one, what is no approval."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitkb.catalog.queries import RecordCorpus
from gitkb.errors import FormatError, NewerFormat
from gitkb.formats import approvals
from gitkb.formats.approvals import Approval, ApprovalState, Confirmation, confirmed, marks, unite, withdrawn
from gitkb.formats.decisions import SameAs
from gitkb.formats.decisions import encode as encode_decision
from gitkb.formats.topic_rows import FOLDERS
from gitkb.model.documents import Record
from gitkb.text.markdown import frontmatter
from gitkb.wiki.approval_state import Approved, approved_pages, changed_since_approval
from gitkb.wiki.topic_page import page_claims
from tests.support.record_base import Base, base, claim, record, topic
from tests.wiki.test_name_decisions import NAMES, steps

ADA, BOB = "human:ada@example.org", "human:bob@example.org"
PAGE = "wiki/concepts/paxos.md"


def _paxos(document: str, *texts: str, defined: bool = True) -> Record:
    return record(
        document, topic("Paxos", *(claim(document, text, 0.9 - n / 10) for n, text in enumerate(texts)), defined=defined)
    )


def _approve(made: Base, by: str = ADA, at: str = "2026-11-24T10:00:00Z", key: str = "paxos") -> Approval:
    corpus = RecordCorpus(made.db)
    page = corpus.page("concept", key)
    assert page is not None
    entry = Confirmation(by, at, marks(page_claims(corpus, page)))
    approval = confirmed(corpus.approval("concept", key), "concept", key, entry)
    made.decide(approval.path, approvals.encode(approval))
    return approval


def _stands(made: Base) -> Approved:
    (found,) = approved_pages(RecordCorpus(made.db))
    return found


def _verified(made: Base, path: str = PAGE) -> object:
    content = made.project().written.get(path)
    assert content is not None
    return frontmatter.split(content.decode())[0].get("verified")


ONE = "Paxos decides one value among peers that may fail."
TWO = "Ballots of Paxos are ordered by number and proposer."
THREE = "Leaders make Paxos cheap in the usual case of a quiet network."


def test_a_page_says_who_confirmed_it_as_long_as_it_shows_these_very_claims() -> None:
    with base(_paxos("a", ONE, TWO)) as made:
        assert _verified(made) is None
        _approve(made)
        assert _verified(made) == [{"by": ADA, "at": "2026-11-24T10:00:00Z"}]
        assert b"  - {by: 'human:ada@example.org', at: 2026-11-24T10:00:00Z}\n" in made.project().written[PAGE]
        assert _stands(made).standing.state is ApprovalState.APPROVED and not _stands(made).reason
        made.apply({"b": _paxos("b", THREE)})
        assert _verified(made) is None and _stands(made).reason == "1 new claim"
        made.apply({"a": _paxos("a", ONE)})
        assert _stands(made).reason == "1 new claim, 1 claim gone"
        made.apply({"a": _paxos("a", ONE, TWO), "b": None})
        assert _verified(made) == [{"by": ADA, "at": "2026-11-24T10:00:00Z"}]


def test_a_claim_that_goes_counts_as_a_change_though_all_that_is_left_was_confirmed() -> None:
    with base(_paxos("a", ONE, TWO)) as made:
        _approve(made)
        made.apply({"a": _paxos("a", TWO)})
        assert _stands(made).reason == "1 claim gone" and _verified(made) is None


def test_the_same_words_in_another_document_or_in_another_order_stay_approved() -> None:
    with base(_paxos("a", ONE, TWO)) as made:
        _approve(made)
        made.apply({"a": _paxos("a", TWO, ONE)})
        assert _verified(made) is not None
        made.apply({"a": None, "b": _paxos("b", ONE, TWO)})
        assert _stands(made).reason == "" and _verified(made) is not None


def test_of_several_people_those_are_named_whose_confirmation_holds() -> None:
    with base(_paxos("a", ONE)) as made:
        _approve(made)
        made.apply({"a": _paxos("a", ONE, TWO)})
        _approve(made, BOB, "2026-11-25T00:00:00Z")
        assert _verified(made) == [{"by": BOB, "at": "2026-11-25T00:00:00Z"}]
        assert not changed_since_approval(RecordCorpus(made.db))
        _approve(made, ADA, "2026-11-26T00:00:00Z")
        assert [each["by"] for each in _verified(made)] == [ADA, BOB]  # type: ignore[attr-defined]


def test_a_page_that_is_gone_or_leads_elsewhere_counts_as_changed() -> None:
    with base(_paxos("a", ONE), record("m", topic("Multi Paxos", claim("m", THREE), defined=True))) as made:
        _approve(made)
        same = SameAs("paxos", "multi-paxos", "x")
        made.decide(same.path, encode_decision(same))
        assert _stands(made).reason == "it leads to Multi Paxos now"
        assert _verified(made) is None and _verified(made, "wiki/concepts/multi-paxos.md") is None
        made.decide(same.path, None)
        assert not _stands(made).changed
        made.apply({"a": None})
        assert _stands(made).reason == "the page is gone"


def test_what_an_approval_changes_is_projected_and_nothing_else() -> None:
    with base(_paxos("a", ONE), record("m", topic("Raft", claim("m", THREE), defined=True))) as made:
        kept = made.project()
        approval = _approve(made)
        scope = made.decide(approval.path, None)
        assert made.project(scope).written[PAGE] == kept.written[PAGE]
        scope = made.decide(approval.path, approvals.encode(approval))
        changed = {path for path, content in made.project(scope).items() if content != kept.written.get(path)}
        assert changed == {PAGE}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps(), min_size=1, max_size=6))
def test_what_the_tables_know_of_approved_pages_is_what_these_pages_show(history: list[tuple[str, object]]) -> None:
    entry = Confirmation(ADA, "2026-11-24T10:00:00Z", ("0" * 12,))
    given_to = [Approval(kind, key, (entry,)) for kind in FOLDERS for key in NAMES]
    with base() as made:
        for one in given_to[: len(given_to) // 2]:
            made.decide(one.path, approvals.encode(one))
        for kind, step in history:
            if kind == "document":
                made.apply(dict([step]))  # type: ignore[list-item]
            else:
                decision, wanted = step  # type: ignore[misc]
                made.decide(decision.path, encode_decision(decision) if wanted else None)
        for one in given_to[len(given_to) // 2 :]:
            made.decide(one.path, approvals.encode(one))
        corpus = RecordCorpus(made.db)
        for one in given_to:
            page = corpus.page(one.kind, one.key)
            claims = page_claims(corpus, page) if page is not None and not page.target else ()
            documents = tuple(sorted({each.document for each in claims}))
            assert corpus.shown(one.kind, one.key) == approvals.Shown(marks(claims), documents)


def test_an_approval_is_written_and_read_the_same() -> None:
    entries = (
        Confirmation(ADA, "2026-11-24T10:00:00Z", ("0" * 12, "f" * 12)),
        Confirmation(BOB, "2026-01-01T00:00:00Z", ("a" * 12,)),
    )
    approval = Approval("entity", "leslie-lamport", entries)
    assert approval.path == ".gitkb/decisions/approved/entities/leslie-lamport.json"
    assert approvals.decode(approvals.encode(approval), approval.path) == approval


GOOD = '{"format": 1, "approved": [{"by": "human:a@b.c", "at": "2026-11-24T10:00:00Z", "claims": ["000000000000"]}]}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"human:a@b.c"', '"human:"'),
        ('"human:a@b.c"', '"robot:x"'),
        ('"human:a@b.c"', '"human:a b"'),
        ('"human:a@b.c"', '"human:a\\n- {by: x}"'),
        ("2026-11-24T10:00:00Z", "2026-11-31T10:00:00Z"),
        ("2026-11-24T10:00:00Z", "yesterday"),
        ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z}"),
        ("000000000000", "xyz"),
        ('["000000000000"]', '["000000000001", "000000000000"]'),
        ('["000000000000"]', "[]"),
        ('[{"by"', '[7, {"by"'),
        ('"format": 1, ', ""),
        ('"format": 1, ', '"format": "1", '),
    ],
)
def test_what_is_no_approval_is_named(old: str, new: str) -> None:
    path = ".gitkb/decisions/approved/concepts/paxos.json"
    assert approvals.decode(GOOD.encode(), path)
    assert old in GOOD
    with pytest.raises(FormatError, match=r"approved/concepts/paxos\.json is not a valid approval"):
        approvals.decode(GOOD.replace(old, new).encode(), path)
    with pytest.raises(FormatError):
        approvals.decode(GOOD.encode(), path.replace("concepts", "others"))


def test_an_approval_of_a_newer_format_is_an_error_that_names_the_number() -> None:
    with pytest.raises(NewerFormat, match="format 9"):
        approvals.decode(GOOD.replace('"format": 1', '"format": 9').encode(), ".gitkb/decisions/approved/concepts/paxos.json")


PEOPLE = st.dictionaries(
    st.sampled_from([ADA, BOB, "human:eve@example.org"]),
    st.tuples(st.sampled_from(["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]), st.sampled_from(["a" * 12, "b" * 12])),
)
SIDES = PEOPLE.map(
    lambda people: (
        Approval("concept", "x", tuple(Confirmation(by, at, (one,)) for by, (at, one) in sorted(people.items())))
        if people
        else None
    )
)


@given(SIDES, SIDES, SIDES)
def test_uniting_is_the_same_from_both_sides_and_takes_what_one_side_changed(
    old: Approval | None, one: Approval | None, other: Approval | None
) -> None:
    assert unite([old], one, other) == unite([old], other, one)
    assert unite([old], one, old) == one and unite([old], old, one) == one
    assert unite([old], one, one) == one


def test_of_two_confirmations_of_one_person_the_later_stands_and_a_withdrawal_is_a_change() -> None:
    early, late = (Confirmation(ADA, at, ("a" * 12,)) for at in ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"))
    bob = Confirmation(BOB, "2026-01-01T00:00:00Z", ("b" * 12,))
    for mine, theirs in permutations([early, late]):
        found = unite([None], Approval("concept", "x", (mine,)), Approval("concept", "x", (theirs, bob)))
        assert found == Approval("concept", "x", (late, bob))
    both = Approval("concept", "x", (early, bob))
    assert unite(
        [both], withdrawn(both, ADA), confirmed(both, "concept", "x", Confirmation(BOB, late.at, bob.claims))
    ) == Approval("concept", "x", (Confirmation(BOB, late.at, bob.claims),))
    assert withdrawn(Approval("concept", "x", (bob,)), BOB) is None


def test_a_person_whose_address_hides_characters_is_none() -> None:
    assert approvals.is_person("human:ada@example.org") and approvals.is_person("human:adä@example.org")
    for hidden in ("\u202e", "\u200b", "\u2066", "\x7f"):
        assert not approvals.is_person(f"human:{hidden}ada@example.org")
