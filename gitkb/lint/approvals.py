"""Pages that a person approved and that say something else now."""

from collections.abc import Iterator

from gitkb.lint.base import Base
from gitkb.lint.findings import command, short_name
from gitkb.model import Finding
from gitkb.wiki.approved import changed_since_approval


def changed(base: Base) -> Iterator[Finding]:
    """A finding for each page whose claims are no longer those that somebody approved."""
    for each in changed_since_approval(base.corpus):
        confirmation = each.standing.confirmation
        who = f" by {confirmation.by}" if confirmation is not None else ""
        settles = () if each.page is None or each.page.target else (command("approve", short_name(each.path)),)
        message = f"It is no longer what was approved{who}: {each.reason}."
        yield Finding("changed-since-approval", each.path, message, commands=settles)
