"""A wiki page cut into passages for search: sections along its headings, long ones at paragraph borders.

Invariant: passages are in page order, do not overlap, and each knows its first line and its number of lines in the page, so its
text can be had again from the page alone. What surrounds claims is taken out (anchors, places, footnotes, "See also", comments);
prose, tables and code stay. One pass, linear in the page's size.
"""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from gitkb.errors import FormatError
from gitkb.text.markdown import frontmatter, prose

PASSAGE_SIZE = 1_200
"""Characters after which a passage ends at the next blank line; a paragraph twice as long is cut at a line or a blank."""
MAX_PASSAGES = 8_000
"""Passages of one page. What a page has beyond them (a file of very many headings) is one long last passage."""

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r"\s{0,12}(?:[-*+>]\s+)?(`{3,}|~{3,})")
_ANCHOR = re.compile(r"<a (?:name|id)=\"[^\"]{0,200}\">\s*</a>")
_PLACE = re.compile(
    r"\s*\[[^\[\]]{1,300}\]\([^()\s]{1,1000}\)(?=\[\^)|(?<=\S)\s+\[[^\[\]]{1,300}\]\((?:\.\./)+sources/[^()\s]{1,1000}\)\s*$"
)
_NOTE = re.compile(r"\s{0,3}\[\^[^\]\s]{1,200}\]:")
_RULE = re.compile(r"[\s|:+=*_-]+$")
_COMMENT = re.compile(r"<!--(?:(?!<!--).){0,2000}?-->")
_SKIPPED_SECTIONS = frozenset(("See also",))
_SIGNS = re.compile(r"[*`|]{1,3}")
_BLANKS = re.compile(r"\s+")


class Passage(Struct, frozen=True):
    """`lines` lines of a page from `line` (1-based): plain `text` below a path of `headings` (without the page's own title)."""

    headings: tuple[str, ...]
    line: int
    lines: int
    text: str


class Page(Struct, frozen=True):
    """A page as search sees it; `line` is where its title stands."""

    title: str
    aliases: tuple[str, ...]
    description: str
    language: str
    line: int
    passages: tuple[Passage, ...]


class _Draft(Struct):
    headings: tuple[str, ...]
    line: int
    texts: list[str] = field(default_factory=list)
    size: int = 0
    end: int = 0


def read_page(text: str) -> Page:
    """A page's search text. A front matter that is not valid counts as none: a person's page is still found."""
    header, body = frontmatter.cut(text)
    meta = _meta(header)
    first = 1 if header is None else header.count("\n") + 3
    title, line, passages = _passages(body.split("\n"), first, str(meta.get("title") or ""))
    return Page(
        title=title,
        aliases=_strings(meta.get("aliases")),
        description=str(meta.get("description") or ""),
        language=str(meta.get("language") or ""),
        line=line,
        passages=passages,
    )


def _meta(header: str | None) -> dict[str, object]:
    if header is None:
        return {}
    try:
        return frontmatter.split(f"---\n{header}---\n")[0]
    except FormatError:
        return {}


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _passages(lines: list[str], first: int, title: str) -> tuple[str, int, tuple[Passage, ...]]:
    size = max(PASSAGE_SIZE, sum(map(len, lines)) // MAX_PASSAGES)
    found: list[Passage] = []
    path: list[tuple[int, str]] = []
    title_line = 0
    draft = _Draft((), first)
    for number, line, level in _marked(lines):
        if level and len(found) < MAX_PASSAGES:
            _close(found, draft, size)
            heading = plain_line(line)
            if not title_line and level == 1 and heading:
                title, title_line = title or heading, first + number
            if not (level == 1 and heading == title):
                path = [(above, name) for above, name in path if above < level] + [(level, heading)]
            draft = _Draft(tuple(name for _, name in path if name), first + number)
            continue
        _extend(found, draft, line, first + number, size)
    _close(found, draft, size)
    return title, title_line or 1, tuple(found)


def _extend(found: list[Passage], draft: _Draft, line: str, number: int, size: int) -> None:
    if len(found) < MAX_PASSAGES and draft.size >= size and (not line or draft.size >= 2 * size):
        _close(found, draft, size)
    if not line:
        return
    if not draft.texts and draft.end:
        draft.line = number
    draft.texts.append(line)
    draft.size += len(line)
    draft.end = number


def _close(found: list[Passage], draft: _Draft, size: int) -> None:
    skipped = bool(draft.headings) and draft.headings[-1] in _SKIPPED_SECTIONS
    if draft.texts and not skipped:
        lines = draft.end - draft.line + 1
        found += (Passage(draft.headings, draft.line, lines, text) for text in _pieces("\n".join(draft.texts), size))
    draft.texts, draft.size = [], 0


def _pieces(text: str, size: int) -> Iterator[str]:
    """A text that is one huge line, in parts; any other text as it is."""
    while len(text) > 3 * size:
        cut = text.rfind(" ", size, 2 * size)
        cut = cut if cut > 0 else 2 * size
        yield text[:cut]
        text = text[cut:]
    yield text


def _marked(lines: list[str]) -> Iterator[tuple[int, str, int]]:
    """Each line that search reads, with its index: its plain text ("" for a border) and 0, or a heading and its level."""
    fence = ""
    for number, line in enumerate(lines):
        opened = _FENCE.match(line) if "`" in line or "~" in line else None
        if fence:
            if opened and opened[1].startswith(fence) and not line.strip(" `~>"):
                fence = ""
            else:
                yield number, line, 0
            continue
        if opened:
            fence = opened[1]
            continue
        heading = _ATX.match(line) if "#" in line else None
        if heading:
            yield number, heading[2] or "", len(heading[1])
        elif line and number + 1 < len(lines) and _is_underlined(line, lines[number + 1]):
            yield number, line, 1 if lines[number + 1].lstrip().startswith("=") else 2
        else:
            yield number, plain_line(line), 0


def _is_underlined(line: str, below: str) -> bool:
    return below[:1] in "=- " and bool(_SETEXT.match(below)) and line[0] not in "|-=*+># \t" and len(line) < 200


def plain_line(line: str) -> str:
    """One line of Markdown as plain text, without what surrounds a claim; "" for one that holds only signs."""
    if "<" in line:
        line = _COMMENT.sub("", _ANCHOR.sub("", line))
    if "](" in line:
        line = _PLACE.sub("", line)
    if "[^" in line and _NOTE.match(line):
        return ""
    if not line or _RULE.match(line):
        return ""
    return prose.plain(prose.inline_text(line)[0])


def readable(lines: Iterable[str]) -> str:
    """Lines of a page as one line of plain text for a snippet, without the signs of lists, quotes, headings and tables."""
    parts = (plain_line(line.strip().lstrip("#>-+• \t")) for line in lines if not _FENCE.match(line))
    return _BLANKS.sub(" ", _SIGNS.sub(" ", " ".join(part for part in parts if part))).strip()
