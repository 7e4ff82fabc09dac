"""Drafts, which readers return, and how they become a `Conversion`: cleaning, headings, title, and the refusal of what is no
text.

A family reads one file and returns a `Draft`; `finish` alone turns drafts into conversions, so cleaning, headings and the refusal
of empty or garbled text are decided in one place for all formats. A draft holds plain data, no open files.

Invariant: Markdown that leaves here is valid UTF-8 without control characters, has line feeds only, no trailing blanks, one
line feed at its end, at least one word, and is not mostly garbage.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.convert import title
from gitkb.convert.formats import Format
from gitkb.convert.outline import lines_with_code, outline
from gitkb.errors import ConversionError, EmptyDocument, GitkbError
from gitkb.model.documents import Conversion, Heading, Picture, TitleCandidate


class Draft(Struct, frozen=True):
    """A converted text, and what its source says about itself; a field is empty if the source does not say it.

    A link to `#@n` in the text means its n-th heading, counted from 0; `finish` puts the anchor in.
    `unit` names what `pages` counts ("page", "slide", "sheet", "cell") for messages. `titles` are candidates for the
    title: `gitkb.convert.title` says which kinds there are, and chooses. `ocr` is the engine that looked at pictures for text, ""
    for none, `seen` the pages on which it found some, `pictures_seen` in how many pictures within the text.
    """

    markdown: str
    titles: tuple[TitleCandidate, ...] = ()
    language: str = ""
    pages: int = 0
    unit: str = "page"
    pictures: tuple[Picture, ...] = ()
    authors: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    stated: Mapping[str, str] = field(default_factory=dict)
    ocr: str = ""
    seen: tuple[int, ...] = ()
    pictures_seen: int = 0


class Parts(Struct, frozen=True):
    """Who reads ranges of the pages of a long document: `folder` holds those that others have read; None: others could."""

    folder: Path | None = None


class NeedsParts(GitkbError):
    """Ranges of the pages of a document should first be read by several processes; names how many there are."""

    def __init__(self, count: int) -> None:
        super().__init__("Its pages should be read by several processes.")
        self.count = count


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u2028\u2029]")
_PICTURE_OR_TAG = re.compile(r"!\[[^\[\]]*\]\([^()]*\)|<[^<>]*>|\(cid:\d+\)")
_SHOWN = re.compile(r"!\[[^\[\]]*\]\([^()\s]")
_FOUND_LINK = re.compile(r"\]\(#@(\d+)\)")


def finish(draft: Draft, form: Format) -> Conversion:
    """The conversion that is made of a draft.

    Raises `ConversionError` for a text without words, or one that is mostly garbage.
    """
    text = clean(draft.markdown)
    check_text(text, draft)
    headings = outline(text)
    text = _resolved(text, headings)
    offered = [replace(one, text=one_line(one.text)) for one in draft.titles]
    titles = title.evidence(offered, text, headings)
    return Conversion(
        markdown=text,
        media_type=form.media_type,
        converter=form.converter,
        title=title.own(titles),
        language=_language(draft.language),
        pages=draft.pages,
        headings=headings,
        pictures=tuple(picture for picture in draft.pictures if f"({picture.name})" in text),
        authors=tuple(dict.fromkeys(a for a in map(one_line, draft.authors) if a)),
        dates={key: draft.dates[key] for key in sorted(draft.dates) if draft.dates[key]},
        description=one_line(draft.description),
        titles=titles,
        aliases=tuple(dict.fromkeys(filter(None, map(one_line, draft.aliases)))),
        tags=tuple(dict.fromkeys(filter(None, map(one_line, draft.tags)))),
        stated={key: text for key, value in draft.stated.items() if (text := one_line(value))},
        ocr=seen_in_words(draft.seen, draft.pages, draft.pictures_seen, draft.ocr),
    )


def seen_in_words(pages: Sequence[int], count: int, pictures: int, by: str) -> str:
    """What of a document of so many pages was read, and by whom: "pages 2, 5-7 of 12, by rapidocr 3.10.0"; "" for nothing."""
    if not pages and not pictures:
        return ""
    runs: list[list[int]] = []
    for number in pages:
        if runs and runs[-1][-1] == number - 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    listed = ", ".join("-".join(map(str, run)) for run in runs)
    every = "the page" if count == 1 else "all pages"
    several = "s" if len(pages) > 1 else ""
    parts = [every if len(pages) == count else f"page{several} {listed} of {count}"] if pages else []
    if pictures:
        parts.append(f"{pictures} picture" + ("s" if pictures > 1 else ""))
    return f"{' and '.join(parts)}, by {by}"


def clean(markdown: str) -> str:
    """Markdown without control characters and trailing blanks; a hard break by blanks becomes one by a backslash."""
    text = markdown.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").replace("\x0b", "\n")
    text = unicodedata.normalize("NFC", _CONTROLS.sub("", text)).replace("\u00ad", "")
    lines = list(lines_with_code(text))
    out = []
    for number, (line, in_code) in enumerate(lines):
        bare = line.rstrip()
        breaks = not in_code and bare and line.endswith("  ") and number + 1 < len(lines) and lines[number + 1][0].strip()
        out.append(f"{bare}\\" if breaks and not bare.lstrip().startswith(("#", "|", ">")) else bare)
    kept = (line for number, line in enumerate(out) if line or lines[number][1] or not number or out[number - 1])
    return "\n".join(kept).strip("\n") + "\n"


def check_text(text: str, draft: Draft) -> None:
    """Raises `ConversionError` where a text has no words or is mostly unreadable characters."""
    bare = _PICTURE_OR_TAG.sub(" ", text)
    cids = text.count("(cid:")
    counts = Counter(bare[:400_000])
    words = sum(count for c, count in counts.items() if c.isalnum())
    odd = sum(count for c, count in counts.items() if c == "\ufffd" or unicodedata.category(c) in ("Co", "Cn"))
    if odd > max(4, 0.1 * (words + odd)) or cids * 4 > 0.1 * (words + cids * 4):
        raise ConversionError(
            "the text is garbled: its fonts or encoding do not say which characters are meant.",
            "Run OCR over it, or save it again with embedded character maps or as UTF-8.",
        )
    if not words and not draft.pages and not draft.pictures and _SHOWN.search(text):
        return  # pictures that lie beside it
    if draft.unit == "page" and draft.pages and any(f"({picture.name})" in text for picture in draft.pictures if picture.is_page):
        return  # a model may read its pages
    if words < (max(2, draft.pages) if draft.unit == "page" and draft.pages else 1) and not cids:
        if draft.pages and draft.unit == "page":
            pages = f"{draft.pages} page" + ("s" if draft.pages != 1 else "")
            if draft.ocr:
                raise EmptyDocument(f"no text in {pages}: OCR finds none.", "Add it again when it has content.")
            raise ConversionError(f"no text in {pages}, it looks like a scan.", scan_hint())
        if any(f"({picture.name})" in text for picture in draft.pictures):
            return  # a document of pictures says what it is: its file's name, and what they show
        raise EmptyDocument("no text in the document.", "Add it again when it has content.")


def scan_hint() -> str:
    """What makes gitkb read a scan."""
    from importlib.util import find_spec

    first = "Set convert.ocr to auto in .gitkb/config.yaml"
    return f"{first}." if find_spec("rapidocr") else f"{first}, and install OCR with: pip install 'gitkb[ocr]'."


def one_line(text: str) -> str:
    """Text without control characters, its blanks collapsed."""
    return " ".join(unicodedata.normalize("NFC", _CONTROLS.sub(" ", text)).replace("\u00ad", "").split())


def _language(tag: str) -> str:
    """A language tag as its primary subtag ("de" for "de-DE" and "de_DE"), '' where it is none."""
    primary = re.split(r"[-_]", tag.strip().lower())[0]
    return primary if re.fullmatch(r"[a-z]{2,3}", primary) else ""


def _resolved(text: str, headings: tuple[Heading, ...]) -> str:
    """In-document links to the n-th heading get its anchor; those to nowhere go to the top of the text."""

    def anchor(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"](#{headings[number].anchor})" if number < len(headings) else "](#)"

    return _FOUND_LINK.sub(anchor, text)
