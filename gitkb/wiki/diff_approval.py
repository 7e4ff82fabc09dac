"""What of a page is no longer as somebody approved it, in plain sentences for a reviewer.

Invariant: pure; says only what the two sides of a diff show, the worst first. A claim that is only worded anew is told as that.
"""

from collections.abc import Iterator, Sequence

from gitkb.approvals import Confirmation, mark
from gitkb.wiki.diff_report import Change, PageChange, Said


def unapproved(page: PageChange, confirmation: Confirmation) -> Iterator[str]:
    """The sentences about one page that differs; `confirmation` is what somebody approved of it."""
    when = f"on {confirmation.day} by {confirmation.person}"
    if page.change is Change.REMOVED or page.leads_to:
        yield f"the page was approved {when} and {f'leads to {page.leads_to} now' if page.leads_to else 'is gone'}"
    elif page.change is Change.RENAMED:
        before = page.before.removeprefix("wiki/").removesuffix(".md")
        yield f"the page was approved {when} as {before}; nobody has approved this one"
    else:
        yield from _claims(page, confirmation, when)


def _claims(page: PageChange, confirmation: Confirmation, when: str) -> Iterator[str]:
    yield from _lost([said for said in page.claims.lost if _is_in(said, confirmation)], when)
    for pair in page.claims.reworded:
        if _is_in(pair.old, confirmation) and not _is_in(pair.new, confirmation):
            yield f"a claim approved {when} is worded anew ({pair.new.title}): {pair.new.text}"
    hidden = [said for said in page.hidden if _is_in(said, confirmation)]
    if hidden:
        count = "1 claim" if len(hidden) == 1 else f"{len(hidden)} claims"
        yield f"{count} approved {when} made room for others: {hidden[0].text}"
    new = [said for said in (*page.claims.added, *page.shown) if not _is_in(said, confirmation)]
    if new:
        count = "1 claim that is" if len(new) == 1 else f"{len(new)} claims that are"
        yield f"it has {count} not among those approved {when}: {new[0].text}"


def _lost(lost: Sequence[Said], when: str) -> Iterator[str]:
    if len(lost) == 1:
        yield f"a claim approved {when} has lost its source ({lost[0].title} says it no more): {lost[0].text}"
    elif lost:
        titles = list(dict.fromkeys(said.title for said in lost))
        more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
        yield f"{len(lost)} claims approved {when} have lost their sources ({titles[0]}{more}): {lost[0].text}"


def _is_in(said: Said, confirmation: Confirmation) -> bool:
    return mark(said.text) in confirmation.claims
