"""The words of a Markdown document as plain text: its running text (`passages`), and all that it says (`material`).

Invariant: one pass over the lines, linear in their length. Inline code stands between `CODE_OPEN` and `CODE_CLOSE` (private-use
characters), so that a reader can tell `Vec` the identifier from a word; `plain` takes the marks out. Emphasised and
linked words are listed with their passage: documents point to terms that way. Formulas between dollar signs stay as they are.
"""

import html
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from gitkb.text import word_lists
from gitkb.text.markdown.blocks import Block, blocks

CODE_OPEN = "\ue000"
CODE_CLOSE = "\ue001"
_FORMULA = "\ue002"

PassageKind = Literal["paragraph", "item", "row", "pair"]

_MARKS = re.compile(f"[{CODE_OPEN}{CODE_CLOSE}]")
_INVISIBLE = re.compile(f"[{CODE_OPEN}{CODE_CLOSE}{_FORMULA}\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff]")

_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)([^`]{1,300}?)\1(?!`)")
_PICTURE = re.compile(r"!\[[^\]\[]{0,500}\](?:\([^()\s]{0,2000}(?:\s+\"[^\"]{0,300}\")?\)|\[[^\]]{0,200}\])")
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]{0,100}\]){0,500})\](?:\((?:[^()\s]|"
    r"\([^()\s]{0,200}\)){0,2000}(?:\s+[\"'][^\"']{0,300}[\"'])?\)|\[[^\]]{0,200}\])"
)
_LONGEST_LINK = 50
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,100}\]")
_WIKILINK = re.compile(r"(!?)\[\[([^\[\]|\n]{1,500})(?:\|([^\[\]\n]{0,500}))?\]\]")
_BARE_LINK = re.compile(
    r"\[(?!\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*\])((?:[^\[\]\ue000]|\ue000[^\ue001]{0,200}\ue001){1,200})\](?![(:\[])"
)
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^<>\s]{1,500})>")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]{0,20}(?:\s[^<>]{0,500})?/?>|<!--[^>]{0,500}-->")
_EMPHASIS = re.compile(
    r"(?<![A-Za-z0-9])(?:(\*{1,3})(?=[^\s*])([^*]{1,200}?)(?<=[^\s*])\1|"
    r"(?<!\w)(_{1,3})(?=[^\s_])([^_]{1,200}?)(?<=[^\s_])\3(?!\w))"
)
_MATH = re.compile(r"(?<![\\$\w])\$(?=[^\s$])[^$\n]{0,200}(?<=[^\s\\])\$(?![\d$])")
_RAISED = re.compile(r"<sup>\s*([^<>]{1,20}?)\s*</sup>", re.I)
_COUNTED = re.compile(r"(?:^|[\W\d_])(?:[^\W\d_]{0,1}|[kcmdµn]?m|km|ft|in|sec|min)$")
"""What a raised figure is a power of: a number, a single letter, a unit. Behind any other word it is the mark of a note."""
_MARKED = re.compile(r"==(?=[^\s=])([^=\n]{1,300})(?<=[^\s=])==")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r"\{\{[^{}]{0,300}\}\}|\{:[^{}]{0,200}\}|<%[^%]{0,300}%>")
_BLANKS = re.compile(r"\s+")


class Passage(Struct, frozen=True):
    """A paragraph, list item, row of a table or line "key: value". `line` is its first line in the Markdown (1-based), `page` the
    page anchor above it or "".

    `lead` is what leads on to it: the item above, the term that it explains, the paragraph before its list; "" for none. `quote`
    are its words as they stand where `text` puts others between them, else "". `is_link`: it is nothing but links.
    """

    text: str
    line: int
    kind: PassageKind
    page: str = ""
    emphasised: tuple[str, ...] = ()
    lead: str = ""
    quote: str = ""
    is_link: bool = False


def passages(markdown: str) -> Iterator[Passage]:
    """The paragraphs and list items of a Markdown body, in text order."""
    page = ""
    for block in blocks(markdown):
        if block.kind == "anchor":
            page = block.raw
        elif block.kind != "row" and (found := _passage(block, page)) is not None:
            yield found


def material(markdown: str) -> Iterator[Passage]:
    """All that a Markdown body says, in text order: paragraphs, list items, rows of tables with their heads, key-value lines."""
    page = ""
    for block in blocks(markdown):
        if block.kind == "anchor":
            page = block.raw
        elif block.kind == "row":
            if row := _row(block, page):
                yield row
        elif block.kind == "paragraph" and (pairs := _pairs(block, page)):
            yield from pairs
        elif (found := _passage(block, page)) is not None:
            yield found


_RUN_IN = re.compile(r"(\*\*|__)(?=[^\s*_])[^*_\n]{2,110}[.:]\1\s+(?=[^\W_])")
_TITLE_LINE = re.compile(r"(\*\*|__)(?=[^\s*_])[^*_\n]{2,60}(?<![\s,;])\1[ \t]*\n(?=\s*\S)")
_SHORT_ITEM = 200


def _passage(block: Block, page: str) -> Passage | None:
    text, emphasised = inline_text(block.raw)
    if block.raw.startswith(("**", "__")) and (head := _RUN_IN.match(block.raw)):
        # A heading that runs into its text is no sentence of it; in a short item it is the term that the rest explains.
        bare, _ = inline_text(block.raw[head.end() :])
        text = bare if bare.count(" ") > 3 and (block.kind == "paragraph" or len(text) > _SHORT_ITEM) else text
    elif block.kind == "paragraph" and (title := _TITLE_LINE.match(block.raw)):
        bare, _ = inline_text(block.raw[title.end() :])
        text = bare if bare.count(" ") > 3 else text  # a line in bold of its own is a heading
    is_link = "[" in block.raw and _is_link(block.raw)
    if not text or (is_link and ("](#" in block.raw or "[[#" in block.raw)):
        return None  # a line of a table of contents says what the headings say
    lead = inline_text(block.lead)[0] if block.lead else ""
    kind: PassageKind = "item" if block.kind == "item" else "paragraph"
    return Passage(text, block.line, kind, page, emphasised, lead, is_link=is_link)


def _is_link(raw: str) -> bool:
    """Whether a block is links alone, whatever stands between them."""
    rest = _WIKILINK.sub("", _LINK.sub("", _PICTURE.sub("", raw)))
    return not any(map(str.isalnum, rest))


_PAIR = re.compile(
    r"(?P<strong>[*_]{2})?(?P<key>[^\W\d_][^:：*_`\[\]|.?!]{0,38}?)(?:(?P<end>[*_]{2})\s?::?|::?(?P<inner>[*_]{2})|\s?::|:|：)\s+"
    r"(?P<value>\S.*)$"
)


def _pairs(block: Block, page: str) -> list[Passage]:
    """The lines "key: value" of a paragraph that is made of them, else none. One line alone needs a key in bold, or is short."""
    if ":" not in block.raw and "：" not in block.raw:
        return []
    lines = [line.removesuffix("\\").strip() for line in block.raw.split("\n")]
    found = [_PAIR.match(line) for line in lines]
    if not all(pair and len(pair["key"].split()) <= 5 for pair in found):
        return []
    if len(lines) == 1 and not (found[0] and found[0]["strong"]) and not _is_short_pair(lines[0]):
        return []
    result = []
    for number, line in enumerate(lines):
        text, emphasised = inline_text(line.replace("::", ":", 1))
        if text:
            result.append(Passage(text, block.line + number, "pair", page, emphasised))
    return result


def _is_short_pair(line: str) -> bool:
    """Whether a line alone is a key and its value ("Next visit: 12 June", "type:: [[Class]]") and no sentence with a colon."""
    key, _, value = line.partition(":")
    is_field = value.startswith(": ") or _is_link(value)
    return is_field or (len(line) <= 80 and key.count(" ") <= 2 and not line.rstrip().endswith((".", ":", ",", ";")))


_NUMBER_HEAD = re.compile(r"(?:#|no|nr|id|pos|num|number|item|row|№)?[.:]?", re.I)
_LONGEST_ROW = 260


def _row(block: Block, page: str) -> Passage | None:
    """A row as words: what it is about, then each cell with the head of its column ("Lamp sales – 2023: 40,665")."""
    read = [inline_text(cell) for cell in block.cells]
    cells = [text for text, _ in read]
    filled = [number for number, text in enumerate(cells) if any(map(str.isalnum, text))]
    if not filled or not any(map(str.isalpha, "".join((*cells, *block.head)))):
        return None
    head = [inline_text(cell)[0] if cell else "" for cell in block.head]
    head = [head[number] if number < len(head) else "" for number in range(len(cells))]
    emphasised = tuple(words for _, some in read for words in some)
    subject, rest = _subject(cells, head, filled)
    shown = len(rest) == 1 and head[rest[0]].lower() in word_lists.words("columns", word_lists.MIXED, "plain heads")
    parts: list[str] = []
    last = filled[0]
    for number in rest:
        named = cells[number] if shown or not head[number] else f"{head[number].rstrip(':')}: {cells[number]}"
        if len(subject) + sum(map(len, parts)) + len(named) > _LONGEST_ROW and parts:
            break
        parts.append(named)
        last = number
    is_named = any(head[number] and not shown for number in rest)
    text = f"{subject}{' – ' if is_named else ': '}{'; '.join(parts)}" if parts else subject
    quote = " | ".join(cells[number] for number in filled if number <= last)
    return Passage(text, block.line, "row", page, emphasised, quote=quote)


def _subject(cells: list[str], head: list[str], filled: list[int]) -> tuple[str, list[int]]:
    """What a row is about, and the cells that say something of it: a running number is neither."""
    first = filled[0]
    if len(filled) > 1 and not any(map(str.isalpha, cells[first])):
        if _NUMBER_HEAD.fullmatch(head[first]) and any(map(str.isalpha, cells[filled[1]])):
            first = filled[1]
        elif head[first]:
            return f"{head[first]} {cells[first]}", [number for number in filled if number != first]
    return cells[first].rstrip(":"), [number for number in filled if number > first]


_HARD_BREAK = re.compile(r"(?<!\\)\\(?:\n|[ \t]*\Z)")


def inline_text(raw: str) -> tuple[str, tuple[str, ...]]:
    """One line of plain text with code marked, and the emphasised and linked words, from a paragraph of Markdown."""
    codes: list[str] = []

    def keep_code(match: re.Match[str]) -> str:
        codes.append(match.group(2).strip())
        return f"{CODE_OPEN}{len(codes) - 1}{CODE_CLOSE}"

    text = _HARD_BREAK.sub(" ", _INVISIBLE.sub("", raw)) if "\\" in raw else _INVISIBLE.sub("", raw)
    if "`" in text:
        text = _CODE_SPAN.sub(keep_code, text)
    formulas: list[str] = []
    if text.count("$") > 1:
        text = _MATH.sub(lambda found: _kept_formula(found, formulas), text)
    emphasised: list[str] = []
    if "[" in text:
        text = _FOOTNOTE.sub("", _PICTURE.sub("", text))
        text = _WIKILINK.sub(_shown, text) if "[[" in text else text
        emphasised += (words for words in _LINK.findall(text) if len(words) <= _LONGEST_LINK and CODE_OPEN not in words)
        text = _BARE_LINK.sub(r"\1", _LINK.sub(r"\1", text))
    if "<" in text:
        text = _RAISED.sub(_raised, text) if "<sup" in text or "<SUP" in text else text
        text = _TAG.sub("", _AUTOLINK.sub(r"\1", text))
    text = _MARKED.sub(r"\1", text) if "==" in text else text
    if "*" in text or "_" in text:
        text = _take_emphasis(_take_emphasis(text, emphasised), emphasised).replace("**", "")
    text = _SHORTCODE.sub("", text) if "{{" in text or "{:" in text or "<%" in text else text
    text = _ESCAPE.sub(r"\1", text) if "\\" in text else text
    text = html.unescape(text) if "&" in text else text
    if codes:
        text = re.sub(f"{CODE_OPEN}(\\d+){CODE_CLOSE}", lambda m: f"{CODE_OPEN}{codes[int(m.group(1))]}{CODE_CLOSE}", text)
    for number, formula in enumerate(formulas):
        text = text.replace(f"{_FORMULA}{number}{_FORMULA}", formula, 1)
    return _BLANKS.sub(" ", text).strip(), tuple(emphasised)


def _kept_formula(found: re.Match[str], formulas: list[str]) -> str:
    formulas.append(found[0])
    return f"{_FORMULA}{len(formulas) - 1}{_FORMULA}"


def _shown(found: re.Match[str]) -> str:
    """What a reader sees of a wikilink, as the text of a link; nothing of an embedded picture or note."""
    if found[1]:
        return ""
    return f"[{(found[3] or wikilink_text(found[2])).strip()}](.)"


_SHOWN_PICTURE = re.compile(
    r"!\[([^\]\[]{0,300})\]\(<?([^()<>\n]{1,500}?)>?(?:\s+\"[^\"]{0,300}\")?\)|!\[\[([^\[\]|\n]{1,300})[^\[\]\n]{0,300}\]\]"
)


def picture_texts(markdown: str) -> list[str]:
    """What the pictures and embeds of a text say in words: the text that stands for each, else the name of its file."""
    found = []
    for shown, target, embedded in _SHOWN_PICTURE.findall(markdown):
        name = unquote(target or embedded).partition("#")[0].rpartition("/")[2].rpartition("\\")[2]
        stem = name.rpartition(".")[0] or name
        text = shown if any(map(str.isalpha, shown)) and shown != name else stem.replace("_", " ")
        if any(map(str.isalpha, text)):
            found.append(" ".join(text.split()))
    return found


def wikilink_text(target: str) -> str:
    """What a wikilink without a text of its own shows: the note's name without its folder, and the heading it leads to."""
    note, _, heading = target.replace("\\", "").partition("#")
    name = note.rpartition("/")[2].removesuffix(".md").strip()
    heading = "" if heading.startswith("^") else heading.rpartition("#")[2].strip()
    return " > ".join(part for part in (name, heading) if part)


def _raised(found: re.Match[str]) -> str:
    return raised(found[1], found.string[max(0, found.start() - 12) : found.start()])


def raised(figure: str, before: str) -> str:
    """Superscript as `^2` where it is a power, unchanged where it is letters (`1st`), "" where it marks a note."""
    if not any(map(str.isalnum, figure)) or not any(map(str.isalnum, before[-1:])):
        return ""
    if figure.strip("[]()*†, ").isdigit() and not _COUNTED.search(before):
        return ""
    return f"^{figure}" if figure.strip("+-–−").isdigit() or _COUNTED.search(before) else figure


def plain(text: str) -> str:
    """The text without the marks around inline code."""
    return _MARKS.sub("", text) if CODE_OPEN in text or CODE_CLOSE in text else text


def _take_emphasis(text: str, found: list[str]) -> str:
    def keep(match: re.Match[str]) -> str:
        text: str = match.group(2) or match.group(4)
        found.append(text)
        return text

    return _EMPHASIS.sub(keep, text)
