"""Finds names that may mean the same, and approvals that no longer hold.

Invariant: pairs with a decision are not reported. Pages are joined without asking only within one kind, and never against a
decision.
"""

from collections.abc import Collection, Iterator

from msgspec import Struct

from gitkb.catalog.queries import alike, share_document
from gitkb.commands.lint.tree import Base, command, short_name
from gitkb.formats.topic_rows import TopicPage
from gitkb.model.findings import Finding
from gitkb.pages.name_decisions import joined_groups
from gitkb.text.names.lookalikes import MERGED, PROPOSED, in_words, likeness
from gitkb.wiki.approval_state import changed_since_approval

INITIALS = "initials"


class Near(Struct, frozen=True):
    """Two pages, the better known one second, and in which way their names look alike."""

    page: TopicPage
    into: TopicPage
    likeness: str

    @property
    def safe(self) -> bool:
        """Whether the rule is right often enough to act without asking."""
        return self.likeness in MERGED and self.page.kind == self.into.kind


def near_pairs(base: Base) -> Iterator[Near]:
    """The pairs that a person should look at, by key."""
    for one, other in alike(base.db):
        if one in base.by_key and other in base.by_key:
            page, into = sorted((base.by_key[one], base.by_key[other]), key=rank)
            found = likeness(page.title, into.title)
            if found in MERGED or (found in PROPOSED and (found != INITIALS or share_document(base.db, one, other))):
                yield Near(page, into, found)


def rank(page: TopicPage) -> tuple[int, int, str]:
    """How well a page is known; when pages are joined, the best known keeps its name."""
    return page.documents, len(page.key), page.key


def near_duplicates(base: Base) -> Iterator[Finding]:
    """A finding for each pair, with both ways to settle it."""
    for near in near_pairs(base):
        page, into = short_name(near.page.path), short_name(near.into.path)
        message = f"{near.page.title} may be the same thing as {near.into.title} ({into}): {in_words(near.likeness)}."
        yield Finding(
            "near-duplicate",
            near.page.path,
            message,
            commands=(command("same", page, into), command("apart", page, into)),
            others=(near.into.path,),
            fixable=_merged_alone(base, near),
        )


def merges(base: Base, kept: Collection[str] = ()) -> dict[str, str]:
    """Which keys to join to which others, by key; in each group the best known name stays. A page that holds a person's words, or
    whose path is in `kept`, is not joined without asking."""
    safe = [(near.page.key, near.into.key) for near in near_pairs(base) if _merged_alone(base, near)]
    found = {}
    for key, group in joined_groups(safe, base.corpus.names).items():
        best = max((base.by_key[each] for each in group), key=rank).key
        path = base.by_key[key].path
        if key != best and path not in base.people and path not in kept:
            found[key] = best
    return dict(sorted(found.items()))


def _merged_alone(base: Base, near: Near) -> bool:
    """Whether a pair is joined without asking: the rule is safe, nobody wrote on the page that vanishes, and neither is
    approved."""
    return near.safe and near.page.path not in base.people and not {near.page.path, near.into.path} & base.approved


def changed(base: Base) -> Iterator[Finding]:
    """A finding for each page whose claims are no longer those that somebody approved."""
    for each in changed_since_approval(base.corpus):
        confirmation = each.standing.confirmation
        who = f" by {confirmation.by}" if confirmation is not None else ""
        settles = () if each.page is None or each.page.target else (command("approve", short_name(each.path)),)
        message = f"It is no longer what was approved{who}: {each.reason}."
        yield Finding("changed-since-approval", each.path, message, commands=settles)
