"""What a reader hands over, and how it becomes a `Conversion`: cleaning, headings, the title, the refusal of what is no text.

A family reads one file and returns a `Draft`; `finish` alone turns drafts into conversions, so cleaning, headings and
the refusal of empty or garbled text are decided in one place for all formats. A draft holds plain data, no open files.

Invariant: Markdown that leaves here is valid UTF-8 without control characters, has line feeds only, no trailing blanks, one
line feed at its end, at least one word, and is not mostly garbage.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gitkb.convert.formats import Format, ending_of
from gitkb.convert.outline import lines_with_code, outline
from gitkb.errors import ConversionError
from gitkb.model.documents import Conversion, Heading, Picture


@dataclass(frozen=True, slots=True)
class Draft:
    """A converted text and what its source says about itself; empty where the source says nothing.

    A link to `#@n` in the text means its n-th heading, counted from 0; `finish` puts the anchor in.
    `unit` names what `pages` counts ("page", "slide", "sheet", "cell") for messages.
    """

    markdown: str
    title: str = ""
    language: str = ""
    pages: int = 0
    unit: str = "page"
    pictures: tuple[Picture, ...] = ()
    authors: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    description: str = ""


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u2028\u2029]")
_JUNK_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel) ?-.*"
    r"|(?:untitled|unbenannt|sans titre|document|presentation|slide|title|no title)\s*\d*"
    r"|(?:powerpoint|word|excel)?[ -]*(?:presentation|document|präsentation|dokument)\s*\d*"
    r"|.*\.(?:tex|dvi|ps|eps|doc|docx|pdf|ppt|pptx|xls|xlsx|indd|qxd|rtf|txt|html?|md|odt|fm|book)"
    r"|[\W\d_]*|(?:book|sheet)\d+|(?:file|https?):\S*|\(anonymous\)|unknown|none|null|page \d+)",
    re.IGNORECASE,
)
_PICTURE_OR_TAG = re.compile(r"!\[[^\[\]]*\]\([^()]*\)|<[^<>]*>|\(cid:\d+\)")
_FOUND_LINK = re.compile(r"\]\(#@(\d+)\)")
MAX_TITLE = 250


def finish(draft: Draft, form: Format, name: str) -> Conversion:
    """The conversion that a draft becomes; `name` is the original's, for judging titles.

    Raises `ConversionError` for a text without words, or one that is mostly garbage.
    """
    text = clean(draft.markdown)
    check_text(text, draft)
    headings = outline(text)
    text = _resolved(text, headings)
    return Conversion(
        markdown=text,
        media_type=form.media_type,
        converter=form.converter,
        title=_title(draft, headings, name),
        language=_language(draft.language),
        pages=draft.pages,
        headings=headings,
        pictures=tuple(picture for picture in draft.pictures if f"({picture.name})" in text),
        authors=tuple(dict.fromkeys(a for a in map(one_line, draft.authors) if a)),
        dates={key: draft.dates[key] for key in sorted(draft.dates) if draft.dates[key]},
        description=one_line(draft.description),
    )


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
    if words < (max(2, draft.pages) if draft.unit == "page" and draft.pages else 1) and not cids:
        if draft.pages and draft.unit == "page":
            pages = f"{draft.pages} page" + ("s" if draft.pages != 1 else "")
            raise ConversionError(f"no text in {pages}, it looks like a scan.", "Run OCR over it, then add it again.")
        raise ConversionError("no text in the document.", "Add it again when it has content.")


def good_title(title: str, name: str = "") -> str:
    """A title on one line, or '' where it is a program's left-over or just the file's name."""
    title = one_line(title)
    stem = name[: -len(ending_of(name))] if ending_of(name) else name
    if not title or len(title) > MAX_TITLE or _JUNK_TITLE.fullmatch(title) or (title in (name, stem) and not _worded(title)):
        return ""
    return title


def one_line(text: str) -> str:
    """Text without control characters, its blanks collapsed."""
    return " ".join(unicodedata.normalize("NFC", _CONTROLS.sub(" ", text)).replace("\u00ad", "").split())


def _worded(title: str) -> bool:
    return " " in title or title.istitle()


def _title(draft: Draft, headings: tuple[Heading, ...], name: str) -> str:
    if title := good_title(draft.title, name):
        return title
    top = [h for h in headings[:8] if h.level == min(x.level for x in headings[:8])]
    return next((good for h in top if (good := good_title(h.title))), "")


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
