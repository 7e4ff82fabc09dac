"""The number of the projection rises with what it writes, or two versions of gitkb would rewrite each other's pages in turn."""

import hashlib

from gitkb.catalog.queries import RecordCorpus
from gitkb.formats import approvals
from gitkb.formats.approvals import Approval, Confirmation, marks
from gitkb.wiki.projection import PROJECTION
from gitkb.wiki.topic_page import page_claims
from tests.support.record_base import base, claim, record, topic

KNOWN = {
    5: "46c1db3de0ec2271",
    6: "46c1db3de0ec2271",
    7: "ff459019a9958ead",
    8: "26e007b3c0a82762",
    9: "6c8e88ddd4453e3a",
    10: "6c8e88ddd4453e3a",
    11: "1001331d3ff8f8f0",
    12: "fbd6b053aa2ccd84",
}
"""What each number writes of the records below. Never change an entry that was released: add one, and raise `PROJECTION`."""


def test_what_is_written_is_what_the_number_stands_for() -> None:
    log = topic(
        "Write-ahead log",
        claim("papers/aries", "A write-ahead log is a file that takes every change before the pages do.", 0.9, defines=True),
        claim("papers/aries", "The write-ahead log is forced to disk before the page is.", 0.8),
        defined=True,
        aliases=("WAL",),
    )
    ibm = topic(
        "IBM", claim("papers/aries", "ARIES comes from IBM.", 0.4), kind="entity", defined=True, entity_type="organisation"
    )
    raft = topic("Raft", claim("raft", "Raft is a protocol that elects one leader.", 0.7, defines=True), defined=True)
    with base(record("papers/aries", log, ibm), record("raft", raft, topic("WAL", weight=0.2), description="Notes.")) as made:
        corpus = RecordCorpus(made.db)
        page = corpus.page("concept", "raft")
        assert page is not None
        person = Confirmation("human:ada@example.org", "2026-11-24T10:00:00Z", marks(page_claims(corpus, page)))
        approval = Approval("concept", "raft", (person,))
        made.decide(approval.path, approvals.encode(approval))
        written = b"".join(path.encode() + b"\0" + content for path, content in sorted(made.project().written.items()))
    found = hashlib.sha256(written).hexdigest()[:16]
    said = f"The projection writes other bytes ({found}) than number {PROJECTION} stands for: raise PROJECTION and add it here."
    assert KNOWN.get(PROJECTION) == found, said
