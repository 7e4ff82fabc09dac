"""Gives some links of a person's text new targets and leaves every other character as it is.

Invariant: nothing is written in code, in a quotation, in a comment or in what a reader would not take for a link: the text is
parsed before and after, and its links must be the old ones but for the new targets, or nothing is changed at all.
"""

import re
from collections.abc import Callable

from gitkb.text.links import Link, links
from gitkb.text.rewrite import paragraphs

Mend = Callable[[Link], str | None]
"""From a link to its new target as it is to be written; None leaves it."""

_QUOTED = re.compile(r"^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*>", re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|<!--.*?-->", re.DOTALL)
_TARGETS = re.compile(
    r"(?<!\\)\]\(\s*(?:<(?P<angled>[^<>\n]+)>|(?P<inline>[^\s()<>]+))"
    r"|(?<!\\)\[\[(?P<note>[^\[\]|\n]+)(?=\||\]\])"
    r"|^ {0,3}\[(?!\^)[^\[\]\n]+\]:[ \t]*(?:<(?P<defined_angled>[^<>\n]+)>|(?P<defined>[^\s<>]+))",
    re.MULTILINE,
)


def mend(body: str, new: Mend) -> tuple[str, list[Link]]:
    """The text with the new targets, and the links that got one; `(body, [])` where they cannot be set safely."""
    before = links(_lines(body))
    wanted = {(link.wiki, link.target): target for link in before if (target := new(link)) is not None}
    if not wanted:
        return body, []
    text = "".join(part if code else _mended(part, wanted) for part, code in paragraphs(body))
    after = links(_lines(text))
    if len(after) != len(before):
        return body, []
    changed = [(old, now) for old, now in zip(before, after, strict=True) if old.target != now.target]
    if not changed or any(now.target != _target(wanted.get((old.wiki, old.target)), old) for old, now in changed):
        return body, []
    others = [(a, b) for a, b in zip(before, after, strict=True) if (a, b) not in changed]
    return (text, [old for old, _ in changed]) if all(a == b for a, b in others) else (body, [])


def _target(written: str | None, link: Link) -> str | None:
    """What a target that is written so leads to: of a wikilink the part before the words that are shown."""
    return written.partition("|")[0] if written is not None and link.wiki else written


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _mended(paragraph: str, wanted: dict[tuple[bool, str], str]) -> str:
    if _QUOTED.search(paragraph):
        return paragraph
    skipped = [found.span() for found in _CODE.finditer(paragraph)]

    def replaced(found: re.Match[str]) -> str:
        group = next(name for name, value in found.groupdict().items() if value is not None)
        if any(start <= found.start() < end for start, end in skipped):
            return found[0]
        target = wanted.get((group == "note", found[group].strip()))
        if target is None:
            return found[0]
        start, end = (place - found.start() for place in found.span(group))
        return found[0][:start] + target + found[0][end:]

    return _TARGETS.sub(replaced, paragraph)
