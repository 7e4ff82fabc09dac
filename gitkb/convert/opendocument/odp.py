"""OpenDocument presentations (odp) to Markdown: a section per slide, with its texts, tables, pictures and speaker's notes."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.convert.draft import Draft, one_line
from gitkb.convert.opendocument.package import Package, attribute, body_of, local, opened
from gitkb.convert.opendocument.text_content import TextContent
from gitkb.convert.pictures import Gallery
from gitkb.convert.tables import escape
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree

_SET_BY_PROGRAM = ("header", "footer", "date-time", "page-number")
_MAX_TITLE = 200


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a presentation."""
    gallery = Gallery()
    with opened(file, settings, gallery) as package:
        about = package.properties()
        slides = list(enumerate(body_of(package, "presentation").iterchildren("{*}page"), 1))
        shown = [(number, slide) for number, slide in slides if not _is_hidden(slide, package)] or slides
        text = TextContent(package, gallery)
        parts = [part for number, slide in shown for part in _slide(slide, number, text)]
        parts += text.closing()
    has_text = any(not part.startswith(("<a name=", "## Slide ")) for part in parts)
    if hidden := len(slides) - len(shown):
        parts.append(f"({hidden:,} hidden slide{'s are' if hidden > 1 else ' is'} left out.)")
    first = _title(shown[0][1]) if shown else ""
    return Draft(
        markdown="\n\n".join(parts) if has_text else "",
        titles=(TitleCandidate("style", first, "title placeholder of the first slide"), TitleCandidate("metadata", about.title)),
        language=about.language,
        pages=len(slides),
        unit="slide",
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


def _is_hidden(slide: "etree._Element", package: Package) -> bool:
    return package.property_of(attribute(slide, "style-name"), "visibility") == "hidden"


def _title_frame(slide: "etree._Element") -> "etree._Element | None":
    return next((shape for shape in slide if attribute(shape, "class") == "title" and _words(shape)), None)


def _title(slide: "etree._Element") -> str:
    frame = _title_frame(slide)
    words = _words(frame) if frame is not None else ""
    return words if len(words) <= _MAX_TITLE else ""


def _words(shape: "etree._Element") -> str:
    return one_line(" ".join("".join(map(str, line.itertext())) for line in shape.iter("{*}p")))


def _slide(slide: "etree._Element", number: int, text: TextContent) -> Iterator[str]:
    title = _title(slide)
    taken = _title_frame(slide) if title else None
    yield f'<a name="slide-{number}"></a>'
    yield f"## {escape(title)}" if title else f"## Slide {number}"
    notes = ""
    for shape in slide:
        if local(shape) == "notes":
            notes = _notes(shape, text)
        elif shape is not taken and attribute(shape, "class") not in _SET_BY_PROGRAM and (part := _shape(shape, text)):
            yield part
    if notes:
        yield f"**Notes:**\n\n{notes}"


def _shape(shape: "etree._Element", text: TextContent) -> str:
    """The Markdown of a shape; what stands for a text that nobody has written is empty."""
    if attribute(shape, "placeholder") == "true":
        return ""
    if local(shape) == "g":
        return "\n\n".join(part for inner in shape if (part := _shape(inner, text)))
    return text.framed(shape) if local(shape) == "frame" else text.markdown(shape)


def _notes(notes: "etree._Element", text: TextContent) -> str:
    frames = (frame for frame in notes.iterchildren("{*}frame") if attribute(frame, "class") == "notes")
    return "\n\n".join(part for frame in frames if (part := _shape(frame, text)))
