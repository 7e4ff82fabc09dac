"""How it came to be: the history of all or of one page with the claims that it gained and lost, and who says what.

Invariant: reads only. What a page gained is told from its texts, so it holds for merges and rebases too.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from itertools import islice, takewhile
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from gitkb.errors import GitkbError, NotFound

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitkb.model.rows import LogEntry
    from gitkb.web.view import View

_STEP = 40
_MOST_CLAIMS = 40
_CLAIM = re.compile(r"^(?:- )?(?P<text>.+?) \[(?:[^\]\\]|\\.)*\]\([^()\s]*sources/[^()\s]+\)(?:\[\^[^\]\s]+\])?$")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


class Step(Struct, frozen=True):
    """A commit of a page's history, with the claims that the page gained and lost by it."""

    entry: LogEntry
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def history(view: View) -> Response:
    """The commits of everything, or of one page or document; from one day to another, where somebody wants these alone."""
    name, start, since, until = view.query("name"), view.number("from", 0), _day(view, "since"), _day(view, "until")
    path = view.base.show(name, view.rev).path if name else ""
    entries = view.interface.remembered.of(
        ("log", view.commit, name, start, since, until), lambda: _entries(view, name, start, since, until)
    )
    shown = entries[:_STEP]
    if path:
        last = len(entries) <= _STEP and not since
        steps = view.interface.remembered.of(
            ("steps", view.commit, name, start, since, until), lambda: _with_claims(view, path, entries, last=last)
        )
    else:
        steps = [Step(entry) for entry in shown]
    asked = {"name": name, "since": since, "until": until}
    return view.render(
        "history.html",
        steps=steps[:_STEP],
        path=path,
        title=view.titles.get(path, path),
        name_asked=name,
        since=since,
        until=until,
        before=view.to.to("/history", **asked, **{"from": start - _STEP or None}) if start else "",
        after=view.to.to("/history", **asked, **{"from": start + _STEP}) if len(entries) > _STEP else "",
    )


def _day(view: View, name: str) -> str:
    """A day of the address as ISO 8601, "" where it is none."""
    with suppress(ValueError):
        return date.fromisoformat(view.query(name, 10)).isoformat()
    return ""


def _entries(view: View, name: str, start: int, since: str, until: str) -> list[LogEntry]:
    """A part of the commits, and one more."""
    try:
        tip = view.base.revisions.of_day(until, view.commit) if until else view.commit
        found = view.base.log(name or None, None, tip)
        wanted = takewhile(lambda entry: entry.time[:10] >= since, found)
        return list(islice(wanted, start, start + _STEP + 1))
    except NotFound:  # nothing was there by then
        return []


def _with_claims(view: View, path: str, entries: list[LogEntry], *, last: bool) -> list[Step]:
    """The steps of a page: each against the one before it; the `last` of the list began the page."""
    texts = [_claims(view, path, entry) for entry in entries]
    texts.append({} if last else texts[-1])
    found = []
    for entry, now, before in zip(entries, texts, texts[1:], strict=False):
        gained, lost = (tuple(each for each in one if each not in other) for one, other in ((now, before), (before, now)))
        found.append(Step(entry, gained, lost))
    return found


def _claims(view: View, path: str, entry: LogEntry) -> dict[str, None]:
    """The claims of a page, or of the summary of a document, at a commit, in text order; of a document that had another name
    then, those of its page under that."""
    with suppress(GitkbError):
        named = f"wiki/summaries/{entry.document}.md" if entry.document and path.startswith("wiki/summaries/") else path
        text = view.base.show(named, entry.commit).text
        lines = (_CLAIM.match(line) for line in text.splitlines())
        return dict.fromkeys(_ESCAPE.sub(r"\1", line["text"]) for line in lines if line)
    return {}


def blame(view: View) -> Response:
    """Who says what on a page: document, place, commit, person, day."""
    found = view.base.blame(view.query("name"), None, view.rev)
    title = view.titles.get(found.path, found.path)
    return view.render("blame.html", path=found.path, title=title, lines=found.lines, quote=quote)
