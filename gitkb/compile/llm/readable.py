"""The text of a document as a model is shown it and as quotes are looked for in it: Markdown without targets, tags and pictures.

Invariant: line n of the result is line n of the Markdown, so a place follows from a line. Code keeps its characters; of long
tables and listings only the first rows stay. Linear in the length of the text, whatever it holds.
"""

import html
import re
import unicodedata
from collections.abc import Iterator

_MOST_ROWS = 40
"""Rows of a table and lines of a listing that are shown; more of the same cost much and say little."""
_FENCE = re.compile(r"\s{0,12}(?:>\s?)*(?:[-*+]\s+|\d+\.\s+)?(`{3,}|~{3,})")
_TAGS = (
    "a|abbr|b|big|blockquote|br|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|font|form|h[1-6]|hr|i|"
    "iframe|img|input|ins|kbd|li|link|mark|meta|nobr|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strong|style|"
    "sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video|wbr"
)
_MARKUP = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`{1,3})(?!`)[^`]{1,300}?(?P=ticks)(?!`))"
    r"|(?P<gone><!--[^>]{0,300}-->|!\[[^\]\[]{0,500}\](?:\([^()\s]{0,2000}(?:\s+\"[^\"]{0,300}\")?\)|\[[^\]]{0,200}\])"
    rf"|</?(?:{_TAGS})\b[^<>]{{0,500}}>|\[\^[^\]\s]{{1,100}}\]:?)"
    r"|\[(?P<link>(?:[^\[\]]|\[[^\[\]]{0,100}\]){1,500})\]"
    r"(?:\((?:[^()\s]|\([^()\s]{0,200}\)){0,2000}(?:\s+[\"'][^\"']{0,300}[\"'])?\)|\[[^\]]{0,200}\])"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});)",
    re.I,
)
_SUSPECT = re.compile(r"[<\[\\&]")


def readable(markdown: str) -> str:
    """The text with as many lines as the Markdown."""
    return "\n".join(_lines(markdown.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    fence, rows = "", 0
    run: list[str] = []
    for line in lines:
        opened = _FENCE.match(line) if "`" in line or "~" in line else None
        if not fence and not opened:
            rows = rows + 1 if line.lstrip().startswith("|") else 0
            run.append(line if rows <= _MOST_ROWS else "")
            continue
        if run:
            yield from _without_markup(run)
            run, rows = [], 0
        closes = bool(fence and opened and opened[1].startswith(fence) and not line.strip(" `~>"))
        if closes or (opened and not fence):
            fence, rows = "" if closes or opened is None else opened[1], 0
            yield line
            continue
        rows += 1
        yield unicodedata.normalize("NFC", line) if rows <= _MOST_ROWS else ""
    yield from _without_markup(run)


def _without_markup(lines: list[str]) -> list[str]:
    text = unicodedata.normalize("NFC", "\n".join(lines))
    return (_MARKUP.sub(_kept, text) if _SUSPECT.search(text) else text).split("\n") if lines else []


def _kept(found: re.Match[str]) -> str:
    """What stays of a piece of markup; it has as many line breaks as before."""
    whole = found[0]
    if found["code"]:
        return whole
    if found["escaped"]:
        return found["escaped"]
    if found["entity"]:
        character = html.unescape(whole)
        return " " if character.isspace() else character
    text = _MARKUP.sub(_kept, found["link"]) if found["link"] else ""
    return text + "\n" * (whole.count("\n") - text.count("\n"))
