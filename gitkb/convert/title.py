"""Chooses a document's title: the one place that ranks the evidence, and says why it chose.

Pure. A reader offers candidates, in any order, as `Draft.titles`; it does not choose, and it does not judge their words:

    Draft(markdown=..., titles=(TitleCandidate("style", "Annual Plan", "title placeholder of slide 1"),))

`kind` says what the candidate is, the best first:

- `stated`: the author states it as the title of this text (front matter, an EPUB's package). Taken as it is, whatever its words.
- `style`: text that is marked as the title where it is shown (Word's style Title, a title placeholder, a single `<h1>`).
- `heading`: a heading 1 that opens the text. `evidence` finds it in the Markdown for every format; readers need not offer it.
- `largest`: the largest lines of a PDF's first page, the largest opening paragraph of a Word document or slide.
- `page`: the title of a web page, as the browser's tab shows it.
- `metadata`: what the file's properties say. Counts only where the visible text says the same: templates make it stale.
- `opening`: a line that stands alone above the text (a bold paragraph, the row above a sheet's table, a text file's first line).

`where` completes the reason for people ("title placeholder of slide 1"); left empty, the kind's own words stand there.

Invariants: a section ("1 Introduction", "Chapter 3", the first of several headings of one level) is never the title; what offers
nothing of its own (a picture, "Sheet1", "Untitled") gives way to the file's name; a name that says what any candidate says is one
with it. The same candidates and name always give the same title. Candidates do not depend on the file's name: a conversion is
remembered by the file's bytes, and the name is known only when the document is digested (`choose`).
"""

import re
from collections.abc import Iterable, Sequence
from itertools import dropwhile, islice
from urllib.parse import unquote

from msgspec.structs import replace

from gitkb.convert.outline import lines_with_code, plain_text
from gitkb.model.documents import Heading, TitleCandidate, TitleKind
from gitkb.text.language.boilerplate import is_structural

MAX_TITLE = 250
_RANKS: tuple[TitleKind, ...] = ("stated", "style", "heading", "largest", "page", "metadata", "opening")
_REASONS: dict[TitleKind, str] = {
    "stated": "the text states it",
    "style": "style of a title",
    "heading": "heading that opens the text",
    "largest": "largest text at the beginning",
    "page": "title of the web page",
    "metadata": "properties of the file, and the text says the same",
    "opening": "line that opens the text",
    "section": "first heading",
    "unseen": "properties of the file",
}
NAMED = "file name: the text has no title of its own"
_HEADING, _FIRST = "heading", "first heading 1"
WEAK: tuple[TitleKind, ...] = ("section", "unseen")
"""Kinds of titles that are used only if the file name says nothing ("README", "scan0001")."""

_JUNK = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel) ?-.*"
    r"|(?:untitled|unbenannt|unbekannt|sans titre|document|presentation|slide|title|no title|new document)\s*\d*"
    r"|(?:powerpoint|word|excel)?[ -]*(?:presentation|document|präsentation|dokument)\s*\d*"
    r"|.*\.(?:tex|dvi|ps|eps|doc|docx|pdf|ppt|pptx|xls|xlsx|indd|qxd|rtf|txt|html?|md|odt|fm|book|cdr|ai|vsd|pub|wpd)"
    r"|[\W\d_]*|(?:book|sheet|slide|tabelle|blatt|feuil|hoja|foglio|folie|лист|arkusz|munka|taulukko|planilha|工作表|シート|시트)\s?\d*|[a-z]\d{1,3}|(?:file|https?):\S*|\(anonymous\)"
    r"|\[\d{1,3}\] .*|unknown|none|null|page \d+|heading \d+|(?:click|type|enter)\b.*\b(?:title|here|text)"
    r"|titel(?: hinzufügen| eingeben)?|.*\btitle goes here.*|insert title.*"
    r"|(?:form|formular|formulaire|anlage|annex)\s+(?=\S*\d)[\w-]{1,8}"
    r"|(?:answer|question|q|a)\s*:\s*\w{0,2}|(?:your |paper |document )?title|abstract|\S+@\S+|www\.\S+)",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"!\[[^\[\]]*\]\([^()]*\)|!\[\[[^\[\]]*\]\]|<[^<>]*>|\(cid:\d+\)")
_PART = re.compile(
    r"(?:chapter|part|section|appendix|lecture|kapitel|teil|abschnitt|anhang|chapitre|partie|annexe|capítulo|capitolo|hoofdstuk)"
    r"\s+[\divxlc]{1,5}[.:]?|§+\s*\d+\w?\b.{0,80}|第.{1,4}[章节節部]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(?:(?:[1-9]|[1-4]\d)(?:\.\d{1,2}){0,4}|[IVX]{1,4}\.|[A-Z]\.)(?:[.):]\s*|\s+)(?=[^\W\d_])")
_STRUCTURAL_WORDS = 3
_NOTHING = re.compile(
    r"(?:read ?me|index|untitled|document|dokument|scan(?:ned)?|img|image|photo|doc|file|page|default|main|home|notes?|new|copy|"
    r"unnamed|presentation|workbook|book|sheet|slides?|paper|report|article|attachment|download|temp|tmp|output|input|text|"
    r"full ?text|manuscript|submission|final|draft|version|print|original)[\W\d_]*(?:copy|final|v)?[\W\d_]*",
    re.IGNORECASE,
)
_HASH = re.compile(
    r"[0-9a-f]{8,}|[0-9a-f]{8}[ -][0-9a-f -]{20,}|(?:arxiv[ .:_-]?)?\d{4}\.\d{4,5}(?:v\d+)?|[\W\d_]*", re.IGNORECASE
)
_CONTENTS = re.compile(
    r"(?:table of )?contents|inhalt(?:sverzeichnis)?|sommaire|table des matières|índice|indice|contenido|sumário|inhoud|"
    r"оглавление|содержание|spis treści|içindekiler|目次|目录",
    re.IGNORECASE,
)
_COVER_WORDS = 20
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_PROPERTY = re.compile(r"[a-z][a-z _-]{0,20}:{1,2}(?=\s|$)|\[?!\w+\]?[+-]?(?=\s|$)")
"""With which a heading begins that is a property of a note ("upstream: ML") or the head of a callout."""
_NO_LINE = re.compile(r"\s*(?:>|[\w -]{1,30}::(?=\s|$)|!?\[\[[^\[\]]*\]\]\s*$|\[[^\[\]]*\]\([^()]*\)\s*$)")
"""A first line that is a quotation, a property or nothing but a link."""
_PAGED = re.compile(r'<a name="(?:page|slide|sheet)-1">')
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")


def good_title(title: str) -> str:
    """A title on one line without markup; '' if its words are no title but left over by a program, a picture or a bare number."""
    line = " ".join(_MARKUP.sub(" ", title).split()).strip(" \t#*_")
    if not re.search(r"[^\W\d_]{2}", line) or len(line) > MAX_TITLE or _JUNK.fullmatch(line.strip(" .:")):
        return ""
    return line


def evidence(offered: Iterable[TitleCandidate], markdown: str, headings: Sequence[Heading]) -> tuple[TitleCandidate, ...]:
    """What may be the title, the best first: what a reader offered and the headings of its text, without what the text refutes.

    The candidates' texts are single lines. Metadata that the beginning of the text does not say becomes `unseen`.
    """
    spoken: _Spoken | None = None
    found: list[TitleCandidate] = []
    for candidate in (*offered, *_from_headings(markdown, headings)):
        text = " ".join(candidate.text.split()) if candidate.kind == "stated" else good_title(candidate.text)
        kind = candidate.kind
        if kind == "metadata":
            spoken = spoken or _Spoken(markdown, headings)
            kind = kind if spoken.says(text) else "unseen"
        if text and kind not in ("stated", "section") and (text.endswith(":") or _is_section(text, headings)):
            kind = "section"
        if text:
            found.append(TitleCandidate(kind, text[:MAX_TITLE], candidate.where))
    order = {kind: rank for rank, kind in enumerate((*_RANKS, *WEAK))}
    ranked = sorted(found, key=lambda candidate: order[candidate.kind])
    return tuple(_completed(ranked))


def choose(candidates: Sequence[TitleCandidate], name: str = "") -> TitleCandidate:
    """The title and in `where` the reason for it; `name` is the file's name, '' where it is not known: then the text may be ''.

    `candidates` are those of `evidence`. The kind is `unseen` where the file's name was taken.
    """
    readable = readable_name(name)
    best = next((candidate for candidate in candidates if candidate.kind in _RANKS), None)
    same = next((candidate for candidate in candidates if _letters(candidate.text) == _letters(readable) != ""), None)
    if best is not None and best.kind in ("stated", "style", "heading"):
        return _reasoned(best)
    shown = best is not None and best.kind == "largest" and _letters(best.text) in _letters(readable)
    if same is not None and not (same.kind == "unseen" and shown):
        return replace(same, where=f"{_reasoned(same).where}; the file's name says the same")
    if best is not None and not _is_part(best, name, readable):
        return _reasoned(best)
    first = next((candidate for candidate in candidates if candidate.kind == "section"), None)
    has_more = first is not None and (not _is_written(name) or (first.where == _FIRST and " " not in readable))
    if first is not None and has_more and name and set(_words(readable)) < set(_words(first.text)):
        return replace(first, where=f"{_reasoned(first).where}; it says the file's name and more")
    if is_telling(name) or not candidates:
        return TitleCandidate("unseen", readable or name, NAMED)
    return _reasoned(candidates[0])


def _is_part(best: TitleCandidate, name: str, readable: str) -> bool:
    """Whether a heading of a lower level, though it is alone, is a part of what the file's name says: a name that somebody wrote
    as a title ("Twin Pump.md") of which it has no word."""
    return best.where.startswith(_HEADING) and _is_written(name) and not set(_words(readable)) & set(_words(best.text))


def _is_written(name: str) -> bool:
    """Whether a file's name was written as a title ("Twin Pump.md"), not as an address ("twin-pump.md")."""
    stem = _ENDING.sub("", name.rpartition("/")[2]).strip()
    return is_telling(name) and (" " in stem or stem[:1].isupper())


def own(candidates: Sequence[TitleCandidate]) -> str:
    """The title that the document itself has, '' where only its file's name can say what it is."""
    return candidates[0].text if candidates and candidates[0].kind in _RANKS else ""


def readable_name(name: str) -> str:
    """A file's name as people read it: without its ending, escapes and separators for blanks ("a_b-c.md" is "a b c")."""
    stem = _ENDING.sub("", unquote(name).replace("\\", "/").rsplit("/", 1)[-1])
    stem = stem.removesuffix(".excalidraw")
    if " " not in stem.strip() and not re.fullmatch(r"[\d-]+", stem):
        stem = re.sub(r"(?<=\w)[-+]+(?=\w)", " ", stem)
    stem = stem.replace("___", "/").replace("_", " ")
    return " ".join(stem.split()).strip(" -") or stem


def is_telling(name: str) -> bool:
    """Whether a file's name says something about what is in it, other than "README", "scan0001" or a number."""
    readable = readable_name(name)
    return len(_letters(readable)) > 1 and not _NOTHING.fullmatch(readable) and not _HASH.fullmatch(readable)


def _reasoned(candidate: TitleCandidate) -> TitleCandidate:
    return candidate if candidate.where else replace(candidate, where=_REASONS[candidate.kind])


def _completed(ranked: list[TitleCandidate]) -> list[TitleCandidate]:
    """The candidates, the largest line completed where the metadata, which the text confirms, says more of the same line."""
    largest = next((i for i, candidate in enumerate(ranked) if candidate.kind == "largest"), None)
    stated = next((candidate for candidate in ranked if candidate.kind == "metadata"), None)
    if largest is not None and stated is not None:
        short, long = _letters(ranked[largest].text), _letters(stated.text)
        if short != long and short in long and len(long) < 4 * len(short):
            ranked[largest] = replace(ranked[largest], text=stated.text)
    return ranked


def _from_headings(markdown: str, headings: Sequence[Heading]) -> list[TitleCandidate]:
    """The first heading: as a title where it opens the text and is alone at its level, else as a section."""
    if headings and _PROPERTY.match(headings[0].title):
        headings = list(dropwhile(lambda heading: _PROPERTY.match(heading.title), headings))
        if not headings or headings[0].level > 1:
            return []
    if not headings:
        return [TitleCandidate("section", line, "first line")] if (line := _first_line(markdown)) else []
    first = headings[0]
    several = any(heading.level <= first.level for heading in headings[1:])
    empty = len(headings) > 1 and headings[1].level == first.level and not _words_between(markdown, first.line, headings[1].line)
    alone = not several or (first.level == 1 and empty)
    before = _words_between(markdown, 0, first.line)
    if alone and before < _FEW_WORDS and (first.level == 1 or not _PAGED.search(markdown[:2_000])):
        kind: TitleKind = "heading" if first.level == 1 else "opening"
        return [TitleCandidate(kind, first.title, f"{_HEADING} {first.level} that opens the text")]
    if before < _FEW_WORDS and _is_cover(markdown, headings):
        return [TitleCandidate("opening", first.title, "the only heading above the contents")]
    where = _FIRST if first.level == 1 else ""
    return [TitleCandidate("section", first.title, where), *(TitleCandidate("section", each.title) for each in headings[1:2])]


def _is_cover(markdown: str, headings: Sequence[Heading]) -> bool:
    """Whether the first heading stands on a cover: a few words and smaller headings below it, then the list of contents."""
    first = headings[0]
    end = next((heading.line for heading in headings[1:] if heading.level <= first.level), 0)
    between = markdown.split("\n", end)[first.line : max(first.line, end - 1)]
    place = next((at for at, line in enumerate(between) if _CONTENTS.fullmatch(line.strip(" #*_:"))), None)
    follows = _CONTENTS.fullmatch(next((heading.title for heading in headings[1:] if heading.line == end), ""))
    above = between if place is None else between[:place]
    return bool(place is not None or follows) and len(re.findall(r"\w{2,}", " ".join(above))) < _COVER_WORDS


def _first_line(markdown: str) -> str:
    """The first line of a text without headings, if it is short enough to stand for the whole and no item of a list; else ''."""
    written = (line for line, code in lines_with_code(markdown[:20_000]) if not code)
    shown = ((line, plain_text(_MARKUP.sub(" ", line))) for line in written)
    line, first = next(((line, text) for line, text in shown if text.strip(" |-")), ("", ""))
    if _ITEM.match(line) or _NO_LINE.match(line):
        return ""
    return first.rstrip(".") if 3 <= len(first) <= 100 and not re.search(r"[.!?]\s", first) else ""


_FEW_WORDS = 8
"""So many words (tags, a badge, a date) may stand above the heading with which a text opens; a sentence may not."""


def _words_between(markdown: str, start: int, end: int) -> int:
    """The words on the lines after `start` and before `end` (counted from 1), code, comments and pictures aside."""
    text = "\n".join(line for line, code in islice(lines_with_code(markdown), start, max(start, end - 1)) if not code)
    text = re.sub(r"<!--.*?-->|%%.*?%%|\[!\[.*?\]\(.*?\)\]\(.*?\)", " ", text, flags=re.DOTALL)
    text = re.sub(r"(?m)^\s*(?:[#\w/-]+:{1,2}\s.*|(?:#[\w/-]+\s*)+)$", " ", _MARKUP.sub(" ", text))
    return len(re.findall(r"\w{2,}", text))


def _is_section(text: str, headings: Sequence[Heading]) -> bool:
    """Whether a text names a part that any document may have, or one of several that are numbered alike."""
    if _PART.fullmatch(text) or (len(text.split()) <= _STRUCTURAL_WORDS and is_structural(text)):
        return True
    if not (found := _NUMBERED.match(text)):
        return False
    rest = text[found.end() :]
    numbered = sum(bool(_NUMBERED.match(heading.title)) for heading in headings)
    return numbered > 1 or (len(rest.split()) <= _STRUCTURAL_WORDS and is_structural(rest))


class _Spoken:
    """What the beginning of a text says, for asking whether a title of the metadata stands in it."""

    def __init__(self, markdown: str, headings: Sequence[Heading]) -> None:
        self._lines = {_letters(heading.title) for heading in headings[:20]}
        beginning = _MARKUP.sub(" ", markdown[:20_000]).split("\n")
        self._lines |= {_letters(plain_text(line)) for line in beginning[:200] if line.strip()}
        self._words = f" {' '.join(_words(' '.join(beginning)[:8_000]))} "

    def says(self, title: str) -> bool:
        """Whether a line of the text is this title, or its words stand there in this order."""
        words = _words(title)
        return _letters(title) in self._lines or (len(words) > 1 and f" {' '.join(words)} " in self._words)


def _words(text: str) -> list[str]:
    return [word for part in text.casefold().split() if (word := part.strip(".,:;!?()[]{}*_#\"'“”‘’„«»|–—-"))]


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
