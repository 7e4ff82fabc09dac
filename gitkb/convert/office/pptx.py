"""PowerPoint presentations and slide shows to Markdown: each slide with its anchor, title, text, tables, charts, diagrams,
pictures and notes.

Invariant: slides come in order, each after a line `<a name="slide-N"></a>`; shapes in reading order (top to bottom), those of a
group together. Hidden slides are left out, and the text says so. Embedded objects and macros are never opened.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitkb.convert.archive import DAMAGED, damaged, office_properties, open_archive, parse_xml, read_member, transitional
from gitkb.convert.draft import Draft
from gitkb.convert.html.markdown import safe_target
from gitkb.convert.latex import dollars, from_omml
from gitkb.convert.office.drawings import chart, choose_alternatives, diagram, diagram_markdown
from gitkb.convert.pictures import Gallery
from gitkb.convert.tables import escape, guarded, table
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree

MAX_SHAPES = 5_000
MAX_DEPTH = 30
_ROW = 200_000
"""EMU (5.5 mm): shapes whose tops differ by less stand side by side."""
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_KINDS = re.compile(
    rb"application/vnd\.(?:openxmlformats-officedocument|ms-powerpoint)[\w.]*\.(?:slideshow|template|presentation)[\w.]*\.main\+xml"
)
_PRESENTATION = b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
_MAX_TITLE = 200
_LARGE = 2400
_SET_BY_PROGRAM = ("SLIDE_NUMBER", "DATE", "FOOTER", "HEADER")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a presentation."""
    from pptx import Presentation

    gallery = Gallery()
    with open_archive(file, settings.max_bytes) as archive:
        about = office_properties(archive)
        data = _as_presentation(archive)
    try:
        slides = list(Presentation(data).slides)
        drawn: set[str] = set()
        shown = [(number, slide) for number, slide in enumerate(slides, 1) if slide._element.get("show") not in ("0", "false")]
        hidden = len(slides) - len(shown)
        parts = [
            part for number, slide in shown or enumerate(slides, 1) for part in _Slide(slide, number, gallery, drawn).parts()
        ]
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # python-pptx raises errors of many kinds on hostile XML
        raise damaged(error) from error
    has_text = any(not part.startswith(("<a name=", "## Slide ")) for part in parts)
    if hidden and shown:
        parts.append(f"({hidden:,} hidden slide{'s are' if hidden > 1 else ' is'} left out.)")
    return Draft(
        markdown="\n\n".join(parts) if has_text else "",
        titles=(*_titles([slide for _, slide in shown] or slides), TitleCandidate("metadata", about.title)),
        language=about.language,
        pages=len(slides),
        unit="slide",
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


def _as_presentation(archive: zipfile.ZipFile) -> io.BytesIO:
    """The file in memory as python-pptx reads it: slide shows and templates call themselves presentations, alternatives are
    chosen, and parts of the strict form of the format are in the usual one."""
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
            names = set()
            for info in archive.infolist():
                if info.is_dir() or info.filename in names:
                    continue
                names.add(info.filename)
                data = transitional(info.filename, read_member(archive, info.filename))
                if info.filename == "[Content_Types].xml":
                    data = _KINDS.sub(_PRESENTATION, data)
                if info.filename.startswith(("ppt/slides/slide", "ppt/notesSlides/")) and b"AlternateContent" in data:
                    data = _newer_form(data)
                target.writestr(info.filename, data)
    except DAMAGED as error:
        raise damaged(error) from error
    copy.seek(0)
    return copy


def _newer_form(data: bytes) -> bytes:
    """The slide's XML with each AlternateContent resolved to its newer form, which python-pptx would drop (formulas, diagrams,
    newer charts), and without strokes of a pen."""
    from lxml import etree

    root = parse_xml(data)
    choose_alternatives(root)
    for ink in list(root.iter("{*}contentPart")):
        ink.getparent().remove(ink)  # strokes of a pen, on which python-pptx fails
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _titles(slides: list[Any]) -> Iterator[TitleCandidate]:
    """The title placeholder of the first slide; where it has none, its largest text."""
    if not slides:
        return
    if words := _words(_title_shape(slides[0])):
        yield TitleCandidate("style", words, "title placeholder of the first slide")
        return
    sized = [
        (_size(one), " ".join(_plain(one.text_frame._txBody).split()))
        for one in _in_order(slides[0].shapes)
        if one.has_text_frame
    ]
    sized = [(size, text) for size, text in sized if 2 < len(text) <= _MAX_TITLE and any(c.isalpha() for c in text)]
    largest = max((size for size, _ in sized), default=0)
    if largest >= _LARGE:
        yield TitleCandidate("largest", next(text for size, text in sized if size == largest), "largest text of the first slide")
    elif sized:
        yield TitleCandidate("opening", sized[0][1], "first text of the first slide")


def _title_shape(slide: Any) -> Any:
    """The title placeholder of a slide, None where it has none, or one that is full of text."""
    shape = slide.shapes.title
    if shape is None or not shape.has_text_frame or "TITLE" not in str(shape.placeholder_format.type):
        return None
    return shape if len(_words(shape)) <= _MAX_TITLE else None


def _words(shape: Any) -> str:
    return " ".join(_plain(shape.text_frame._txBody).split()) if shape is not None else ""


def _size(shape: Any) -> int:
    """The size of the largest text of a shape as the shape itself states it, in hundredths of a point."""
    sizes = (str(properties.get("sz") or "") for properties in shape.text_frame._txBody.iter(f"{_A}rPr", f"{_A}defRPr"))
    return max((int(size) for size in sizes if size.isdecimal() and len(size) < 7), default=0)


class _Slide(Struct, frozen=True):
    slide: Any
    number: int
    gallery: Gallery
    drawn: set[str]
    """The charts and diagrams so far. Each counts once: a small file could ask for a large one again and again."""

    def parts(self) -> Iterator[str]:
        """The Markdown of the slide, block by block."""
        title = _title_shape(self.slide)
        words = _words(title)
        yield f'<a name="slide-{self.number}"></a>'
        yield f"## {escape(words)}" if words else f"## Slide {self.number}"
        shapes = list(_in_order(self.slide.shapes))
        for shape in shapes[:MAX_SHAPES]:
            if title is not None and shape.shape_id == title.shape_id:
                continue
            if part := self._shape(shape):
                yield part
        if len(shapes) > MAX_SHAPES:
            yield f"({len(shapes) - MAX_SHAPES:,} more shapes of this slide are left out.)"
        yield from self._notes()

    def _notes(self) -> Iterator[str]:
        if self.slide.has_notes_slide and (frame := self.slide.notes_slide.notes_text_frame) is not None:
            text = self._text(frame, self.slide.notes_slide.part, lists=False)
            if text.strip():
                yield "**Notes:**"
                yield text

    def _shape(self, shape: Any) -> str:
        if getattr(shape, "has_table", False) and shape.has_table:
            return table([[self._cell(cell) for cell in row.cells] for row in shape.table.rows])
        if drawn := self._drawn(shape):
            return drawn
        if shape.has_text_frame:
            kind = shape.placeholder_format.type if shape.is_placeholder else None
            if kind is not None and any(word in str(kind) for word in _SET_BY_PROGRAM):
                return ""
            return self._text(shape.text_frame, self.slide.part, lists=shape.is_placeholder)
        return self._picture(shape)

    def _drawn(self, shape: Any) -> str:
        """A chart of any kind as the table of its values, a diagram as the list of its texts."""
        data = shape._element.find(f".//{_A}graphicData")
        for tag in data if data is not None else ():
            name = tag.tag.rpartition("}")[2] if isinstance(tag.tag, str) else ""
            if name == "chart" and (root := self._part(tag.get(f"{_R}id"))) is not None:
                return chart(root).markdown
            if name == "relIds" and (root := self._part(tag.get(f"{_R}dm"))) is not None:
                return diagram_markdown(diagram(root))
        return ""

    def _part(self, identifier: str | None) -> "etree._Element | None":
        """The root of the part to which a relationship of the slide leads."""
        relation = self.slide.part.rels.get(identifier) if identifier else None
        if relation is None or relation.is_external or str(relation.target_part.partname) in self.drawn:
            return None
        self.drawn.add(str(relation.target_part.partname))
        try:
            return parse_xml(relation.target_part.blob)
        except ConversionError:
            return None  # the drawing is damaged, the text of the slide is not

    def _picture(self, shape: Any) -> str:
        from pptx.exc import PythonPptxError

        try:
            data = shape.image.blob
        except (AttributeError, ValueError, KeyError, PythonPptxError):
            return ""  # the picture is linked, missing or damaged, the text of the slide is not
        name = self.gallery.add(data)
        alt = " ".join(str(shape._element._nvXxPr.cNvPr.get("descr") or "").split())[:200]
        return f"![{escape(alt).replace('[', '').replace(']', '')}]({name})" if name else ""

    def _cell(self, cell: Any) -> str:
        if cell.is_spanned:
            return ""
        lines = (self._line(p._p, self.slide.part, in_cell=True) for p in cell.text_frame.paragraphs)
        return "<br>".join(line for line in lines if line)

    def _text(self, frame: Any, part: Any, lists: bool) -> str:
        """The paragraphs of a frame; those of a body placeholder, or below another, are a list."""
        filled = [(p, line) for p in frame.paragraphs if (line := self._line(p._p, part))]
        listed = (lists and len(filled) > 1) or any(p.level for p, _ in filled)
        out: list[str] = []
        items: list[bool] = []
        numbers: dict[int, int] = {}
        for p, line in filled:
            level, properties = min(p.level, 8), p._p.find(f"{_A}pPr")
            marks = {child.tag for child in properties} if properties is not None else set()
            numbered = f"{_A}buAutoNum" in marks
            numbers = {below: count for below, count in numbers.items() if below < level or (below == level and numbered)}
            if numbered:
                start = str(properties.find(f"{_A}buAutoNum").get("startAt") or "")
                numbers[level] = numbers.get(level, int(start) - 1 if start.isdecimal() and len(start) < 6 else 0) + 1
            item = numbered or f"{_A}buChar" in marks or (listed and f"{_A}buNone" not in marks) or bool(p.level)
            bullet = f"{numbers[level]}. " if numbered else "- "
            out.append("  " * level + bullet + line if item else guarded(line))
            items.append(item)
        lines: list[str] = []
        for index, text in enumerate(out):
            if index and not (items[index] and items[index - 1]):
                lines.append("")
            lines.append(text)
        return "\n".join(lines)

    def _line(self, p: "etree._Element", part: Any, in_cell: bool = False) -> str:
        """A paragraph's runs, breaks, fields and formulas on one line."""
        out: list[str] = []
        for child in p:
            name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if name in ("r", "fld"):
                out.append(self._run(child, part))
            elif name in ("br", "tab"):
                out.append(" ")
            elif name in ("m", "oMath", "oMathPara"):
                out += [dollars(from_omml(formula), in_cell=in_cell) for formula in _formulas(child)]
        return " ".join("".join(out).split())

    def _run(self, run: "etree._Element", part: Any) -> str:
        text = " ".join((run.findtext(f"{_A}t") or "").replace("\v", " ").split("\n"))
        properties = run.find(f"{_A}rPr")
        raised = str(properties.get("baseline") or "0") if properties is not None else "0"
        shown = escape_keeping_blanks(text)
        if text.strip() and raised not in ("0", "0%"):
            tag = "sub" if raised.startswith("-") else "sup"
            shown = f"<{tag}>{shown}</{tag}>"
        link = properties.find(f"{_A}hlinkClick") if properties is not None else None
        relation = part.rels.get(link.get(f"{_R}id")) if link is not None and link.get(f"{_R}id") else None
        if relation is None or not relation.is_external or not text.strip():
            return shown  # no link, or one to another slide
        target = safe_target(relation.target_ref)
        blanks = (" " * text.startswith(" "), " " * text.endswith(" "))
        return f"{blanks[0]}[{shown.strip()}]({target}){blanks[1]}" if target else shown


def _formulas(element: "etree._Element") -> list["etree._Element"]:
    return [f for f in element.iter() if isinstance(f.tag, str) and f.tag.endswith("}oMath")] or [element]


def _plain(body: "etree._Element") -> str:
    """The text of a frame, breaks and paragraphs as blanks."""
    out = []
    for tag in body.iter(f"{_A}t", f"{_A}br", f"{_A}p"):
        out.append(tag.text or "" if tag.tag == f"{_A}t" else " ")
    return "".join(out).replace("\v", " ")


def _in_order(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """Shapes from top to bottom, side by side from left to right; the shapes of a group follow each other where it stands."""
    placed = sorted(shapes, key=lambda shape: (_whole(shape.top) // _ROW, _whole(shape.left)))
    for shape in placed:
        if hasattr(shape, "shapes") and depth < MAX_DEPTH:
            yield from _in_order(shape.shapes, depth + 1)
        else:
            yield shape


def escape_keeping_blanks(text: str) -> str:
    """Escaped text with the blanks at its ends, which separate it from its neighbours."""
    return " " * text.startswith(" ") + escape(text) + " " * (text.endswith(" ") and bool(text.strip()))


def _whole(value: Any) -> int:
    return int(value) if value is not None else 0
