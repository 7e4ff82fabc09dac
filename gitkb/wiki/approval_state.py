"""How the pages of a knowledge base stand to their approvals: which hold, which do not any more, and why.

Invariant: pure, and a function of the records, decisions and approvals. It looks at pages that somebody approved and at no other,
and at none of their documents. A page that is gone, or that only leads to another one now, shows no claim: whoever approved it
approved something else, and it counts as changed.
"""

from collections.abc import Iterator

from msgspec import Struct

from gitkb.formats.approvals import Approval, ApprovalState, Standing, standing
from gitkb.formats.topic_rows import TopicPage
from gitkb.wiki.corpus import Corpus


class Approved(Struct, frozen=True):
    """A page that somebody approved: the page now (None: it is gone), the state of its approval, the documents that it quotes."""

    approval: Approval
    page: TopicPage | None
    standing: Standing
    documents: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return self.approval.page

    @property
    def changed(self) -> bool:
        """Whether the page counts as changed since approval."""
        return self.standing.state is ApprovalState.CHANGED

    @property
    def reason(self) -> str:
        """The reason why an approval does not hold: "2 new claims, 1 claim gone"; "" if it does."""
        if not self.changed:
            return ""
        if self.page is None:
            return "the page is gone"
        if self.page.target:
            return f"it leads to {self.page.target_title} now"
        return changes_in_words(self.standing.new, self.standing.gone)


def changes_in_words(new: int, gone: int) -> str:
    """ "2 new claims, 1 claim gone"."""
    counts = [f"{new:,} new {'claim' if new == 1 else 'claims'}"] if new else []
    return ", ".join([*counts, *([f"{gone:,} {'claim' if gone == 1 else 'claims'} gone"] if gone else [])])


def approved_pages(corpus: Corpus) -> Iterator[Approved]:
    """All pages that somebody approved, by kind and key."""
    for approval in corpus.approvals():
        yield how_it_stands(corpus, approval)


def changed_since_approval(corpus: Corpus) -> list[Approved]:
    """The pages that are no longer what somebody approved, by kind and key: what `status`, `list` and `lint` show."""
    return [each for each in approved_pages(corpus) if each.changed]


def how_it_stands(corpus: Corpus, approval: Approval) -> Approved:
    """One approved page."""
    page, shown = corpus.page(approval.kind, approval.key), corpus.shown(approval.kind, approval.key)
    return Approved(approval, page, standing(approval, shown.marks), shown.documents)
