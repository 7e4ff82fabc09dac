"""Branches and what they bring, as pages: what deserves attention first, then documents and pages with what changed in them.

Invariant: the report is the library's own (`gitkb diff`); here it is only shown.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from msgspec import Struct

from gitkb.errors import NotFound
from gitkb.web.view import name_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitkb.model.rows import PageText, RevisionName
    from gitkb.web.view import View

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_MOST = 60
SHARED = ("wiki/concepts/", "wiki/entities/", "wiki/index")
NO_PAGE = Markup("<p class='by'>There is no such page here.</p>")


class BranchLine(Struct, frozen=True):
    """A branch in the list: its revision, what state it is in, and whether it is the one that is checked out."""

    revision: RevisionName
    state: str
    here: bool = False


def branches(view: View) -> Response:
    """The branches with their state, those with something to review first."""
    here = view.base.revisions.branch
    lines = [_line(each, here) for each in view.base.revisions.names() if each.kind != "tag"]
    lines.sort(key=lambda line: (not line.here, line.revision.ahead == 0, line.revision.name))
    status = view.interface.status(view.base, None, view.commit) if not view.at else None
    return view.render("branches.html", lines=lines, here=here, status=status)


def _line(each: RevisionName, here: str) -> BranchLine:
    if each.kind == "branch" and each.name == here:
        return BranchLine(each, "checked out", True)
    if not each.ahead:
        return BranchLine(each, "merged")
    behind = f", {each.behind} behind" if each.behind else ""
    return BranchLine(each, f"{each.ahead} to review{behind}")


def review(view: View) -> Response:
    """What a branch (`head`) brings to another (`base`, by default the one that is checked out), from where it left that."""
    head, base = view.query("head", 300), view.query("base", 300)
    if not head:
        raise NotFound("No branch is named.", "Choose one from the list of branches.")
    report = view.base.diff(base or view.base.revisions.branch or "HEAD", head, forked=True)
    return view.render("review.html", **_values(view, report), is_branch=_is_branch(view, head), commit=None)


def compared(view: View) -> Response:
    """What leads from one revision to another."""
    report = view.base.diff(view.query("base", 300) or None, view.query("head", 300) or None)
    return view.render("review.html", **_values(view, report), is_branch=False, commit=None)


def commit(view: View) -> Response:
    """What one commit did."""
    rev = view.base.commit(view.query("rev", 300))
    entry = next(iter(view.base.log(None, 1, rev)))
    try:
        parent = view.base.commit(f"{rev}^")
    except NotFound:
        return view.render("review.html", report=None, commit=entry, is_branch=False, both=both, most=_MOST)
    return view.render("review.html", **_values(view, view.base.diff(parent, rev)), is_branch=False, commit=entry)


def _is_branch(view: View, name: str) -> bool:
    return any(each.kind == "branch" and each.name == name for each in view.base.revisions.names())


def _values(view: View, report: Any) -> dict[str, Any]:
    return {"report": report, "both": both, "most": _MOST}


def page(view: View) -> Response:
    """A page before and after, side by side, as it reads; with `merged`, as the merge of a branch would leave it."""
    path, base, head, merged = view.query("path"), view.query("base", 300), view.query("head", 300), bool(view.query("merged"))
    sides = [_side(view, path, base), _merged_side(view, path, head) if merged else _side(view, path, head)]
    title = view.titles.get(path) or name_of(path)
    return view.render("sides.html", title=title, path=path, sides=sides, base=base, head=head, merged=merged)


def _side(view: View, path: str, rev: str) -> Markup:
    from gitkb.web.reading import Look, part_of_page

    try:
        text, _ = part_of_page(Look(view.base, view.base.commit(rev), view.to, {}), path)
    except NotFound:
        return NO_PAGE
    return _as_read(view, text)


def _merged_side(view: View, path: str, head: str) -> Markup:
    """The page as a merge of a branch and the refresh after it would leave it."""
    from gitkb.api.named_revisions import page_of

    key = ("merged", view.commit, view.base.commit(head))
    pages = view.interface.remembered.of(key, lambda: _merged(view, head), lambda found: sum(map(len, found.values())))
    return _as_read(view, page_of(path, pages[path])) if path in pages else NO_PAGE


def _merged(view: View, head: str) -> dict[str, bytes]:
    """The shared pages after the merge of a branch."""
    files = view.base.revisions.merged(head).files
    return {path: read() for path, read in files.items() if path.startswith(SHARED) and path.endswith(".md")}


def _as_read(view: View, text: PageText) -> Markup:
    from gitkb.web.rendering import Links, rendered

    return Markup(rendered(text.path, text.text, text.first, Links(view.to.page, view.to.file)).html)


def both(old: str, new: str) -> tuple[Markup, Markup]:
    """Two wordings with what differs marked in each, word by word."""
    one, other = _WORDS.findall(old), _WORDS.findall(new)
    if len(one) * len(other) > 250_000:
        return Markup(escape(old)), Markup(escape(new))
    left, right = [], []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        was, now = escape("".join(one[a:b])), escape("".join(other[c:d]))
        left.append(was if tag == "equal" or not was else Markup("<del>{}</del>").format(was))
        right.append(now if tag == "equal" or not now else Markup("<ins>{}</ins>").format(now))
    return Markup("").join(left), Markup("").join(right)
