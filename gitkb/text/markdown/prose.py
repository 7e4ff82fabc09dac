"""The running text of a Markdown document: paragraphs and list items as plain text, without code, tables, HTML and markup.

Invariant: one pass over the lines, linear in their length. Inline code stands between `CODE_OPEN` and `CODE_CLOSE` (private-use
characters), so that a reader can tell `Vec` the identifier from a word; `plain` takes the marks out. Emphasised and
linked words are listed with their passage: documents point to terms that way.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

CODE_OPEN = "\ue000"
CODE_CLOSE = "\ue001"

PassageKind = Literal["paragraph", "item"]

_MARKS = re.compile(f"[{CODE_OPEN}{CODE_CLOSE}]")
_INVISIBLE = re.compile(f"[{CODE_OPEN}{CODE_CLOSE}\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff]")
_FENCE = re.compile(r" {0,12}(?:>\s?)*(?:[-*+]\s+|\d+\.\s+)?(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(?:#{1,6}(?:\s|$)|(?:=+|-{2,})\s*$|(?:[*_-] ?){3,}$)")
_ITEM = re.compile(r"(\s*)(?:[-*+•‣]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_ANCHOR = re.compile(r"<a (?:name|id)=\"((?:page|slide|sheet)-[\w-]{1,40})\">\s*</a>")
_SKIPPED = re.compile(r"\s*(?:\||<!--|\[\^?[^\]]{1,200}\]:|\{\{[<%#]|:::|!!!|\+[-=+]+\+|@|\$\$|\\\[|%%)")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-*:?\s*)+$")
_QUOTE = re.compile(r"(?:\s{0,3}>\s?)+(?:\[![A-Za-z]+\]\s*)?")
_BLOCK_TAG = re.compile(
    r"\s*</?(?:div|table|tr|td|th|thead|tbody|ul|ol|li|p|img|details|summary|style|script|br|hr|center|picture|svg)\b", re.I
)

_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)([^`]{1,300}?)\1(?!`)")
_PICTURE = re.compile(r"!\[[^\]\[]{0,500}\](?:\([^()\s]{0,2000}(?:\s+\"[^\"]{0,300}\")?\)|\[[^\]]{0,200}\])")
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]{0,100}\]){0,500})\](?:\((?:[^()\s]|"
    r"\([^()\s]{0,200}\)){0,2000}(?:\s+[\"'][^\"']{0,300}[\"'])?\)|\[[^\]]{0,200}\])"
)
_LONGEST_LINK = 50
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,100}\]")
_BARE_LINK = re.compile(r"\[(?!\d{1,3}\])((?:[^\[\]\ue000]|\ue000[^\ue001]{0,200}\ue001){1,200})\](?![(:\[])")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^<>\s]{1,500})>")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]{0,20}(?:\s[^<>]{0,500})?/?>|<!--[^>]{0,500}-->")
_EMPHASIS = re.compile(
    r"(?<![A-Za-z0-9])(?:(\*{1,3})(?=[^\s*])([^*]{1,200}?)(?<=[^\s*])\1|"
    r"(?<!\w)(_{1,3})(?=[^\s_])([^_]{1,200}?)(?<=[^\s_])\3(?!\w))"
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r"\{\{[^{}]{0,300}\}\}")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph or list item. `line` is its first line in the Markdown (1-based), `page` the page anchor above it or ""."""

    text: str
    line: int
    kind: PassageKind
    page: str = ""
    emphasised: tuple[str, ...] = ()


def passages(markdown: str) -> Iterator[Passage]:
    """The paragraphs and list items of a Markdown body, in text order."""
    page = ""
    for line, kind, raw in _blocks(markdown):
        if kind == "anchor":
            page = raw
            continue
        text, emphasised = inline_text(raw)
        if text:
            yield Passage(text, line, "item" if kind == "item" else "paragraph", page, emphasised)


def inline_text(raw: str) -> tuple[str, tuple[str, ...]]:
    """One line of plain text with code marked, and the emphasised and linked words, from a paragraph of Markdown."""
    codes: list[str] = []

    def keep_code(match: re.Match[str]) -> str:
        codes.append(match.group(2).strip())
        return f"{CODE_OPEN}{len(codes) - 1}{CODE_CLOSE}"

    text = _INVISIBLE.sub("", raw).replace("\\\n", " ")
    if "`" in text:
        text = _CODE_SPAN.sub(keep_code, text)
    emphasised: list[str] = []
    if "[" in text:
        text = _FOOTNOTE.sub("", _PICTURE.sub("", text))
        emphasised += (words for words in _LINK.findall(text) if len(words) <= _LONGEST_LINK and CODE_OPEN not in words)
        text = _BARE_LINK.sub(r"\1", _LINK.sub(r"\1", text))
    if "<" in text:
        text = _TAG.sub("", _AUTOLINK.sub(r"\1", text))
    if "*" in text or "_" in text:
        text = _take_emphasis(_take_emphasis(text, emphasised), emphasised).replace("**", "")
    text = _SHORTCODE.sub("", text) if "{{" in text else text
    text = _ESCAPE.sub(r"\1", text) if "\\" in text else text
    text = html.unescape(text) if "&" in text else text
    text = re.sub(f"{CODE_OPEN}(\\d+){CODE_CLOSE}", lambda m: f"{CODE_OPEN}{codes[int(m.group(1))]}{CODE_CLOSE}", text)
    return _BLANKS.sub(" ", text).strip(), tuple(emphasised)


def plain(text: str) -> str:
    """The text without the marks around inline code."""
    return _MARKS.sub("", text)


def _take_emphasis(text: str, found: list[str]) -> str:
    def keep(match: re.Match[str]) -> str:
        text: str = match.group(2) or match.group(4)
        found.append(text)
        return text

    return _EMPHASIS.sub(keep, text)


def _blocks(markdown: str) -> Iterator[tuple[int, str, str]]:
    fence = ""
    buffer: list[str] = []
    first, kind, after_blank, in_list = 0, "paragraph", True, False
    for number, source in enumerate(markdown.split("\n"), 1):
        line = source.rstrip()
        opened = _FENCE.match(line)
        if fence:
            if opened and opened.group(1).startswith(fence) and line.strip("> `~") == "":
                fence = ""
            continue
        if "<a " in line:
            yield from _finish(first, kind, buffer)
            yield from ((number, "anchor", name) for name in _ANCHOR.findall(line))
            line = _ANCHOR.sub("", line).rstrip()
        line = _QUOTE.sub("", line, count=1) if line.lstrip().startswith(">") else line
        item = _ITEM.match(line)
        is_code = not in_list and after_blank and line.startswith(("    ", "\t"))
        if opened:
            fence = opened.group(1)
        if not line or opened or is_code or _is_markup(line):
            if _TABLE_RULE.match(line) or (set(line.strip()) <= {"=", "-"} and line):
                buffer.clear()  # the row above a table's rule is its head, the line above === is a heading
            yield from _finish(first, kind, buffer)
            after_blank = not line or is_code
            in_list = in_list and (not line or line.startswith(" "))
            continue
        if item or not buffer:
            yield from _finish(first, kind, buffer)
            first, kind = number, "item" if item else "paragraph"
            in_list = bool(item) or (in_list and line.startswith(" "))
        buffer.append(line[item.end() :] if item else line.strip())
        after_blank = False
    yield from _finish(first, kind, buffer)


def _is_markup(line: str) -> bool:
    return bool(_HEADING.match(line) or _SKIPPED.match(line) or _TABLE_RULE.match(line) or _BLOCK_TAG.match(line))


def _finish(first: int, kind: str, buffer: list[str]) -> Iterator[tuple[int, str, str]]:
    if buffer:
        yield first, kind, "\n".join(buffer)
        buffer.clear()
