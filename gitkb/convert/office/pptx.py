"""PowerPoint presentations to Markdown: each slide with its anchor, title, text, tables, pictures and notes.

Invariant: slides come in order, each after a line `<a name="slide-N"></a>`; shapes in reading order (top to bottom). Embedded
objects and macros are never opened.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gitkb.convert.archive import damaged, office_properties, open_archive
from gitkb.convert.draft import Draft
from gitkb.convert.html.markdown import safe_target
from gitkb.convert.pictures import Gallery
from gitkb.convert.tables import escape, paragraph, table
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_SHAPES = 5_000
MAX_DEPTH = 30


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a presentation."""
    from pptx import Presentation

    gallery = Gallery()
    with open_archive(file, settings.max_bytes) as archive:
        about = office_properties(archive)
    try:
        slides = list(Presentation(str(file)).slides)
        parts = [part for number, slide in enumerate(slides, 1) for part in _slide(slide, number, gallery)]
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # python-pptx raises whatever its parsing of hostile XML runs into
        raise damaged(error) from error
    has_text = any(not part.startswith(("<a name=", "## Slide ")) for part in parts)
    return Draft(
        markdown="\n\n".join(parts) if has_text else "",
        titles=(
            TitleCandidate("style", _first_title(slides), "title placeholder of slide 1"),
            TitleCandidate("metadata", about.title),
        ),
        language=about.language,
        pages=len(slides),
        unit="slide",
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


def _first_title(slides: list[Any]) -> str:
    shape = slides[0].shapes.title if slides else None
    return str(shape.text_frame.text) if shape is not None and shape.has_text_frame else ""


def _slide(slide: Any, number: int, gallery: Gallery) -> Iterator[str]:
    title = slide.shapes.title
    words = " ".join(title.text_frame.text.split()) if title is not None and title.has_text_frame else ""
    yield f'<a name="slide-{number}"></a>'
    yield f"## {escape(words)}" if words else f"## Slide {number}"
    shapes = sorted(_flat(slide.shapes), key=lambda shape: (_whole(shape.top) // 200_000, _whole(shape.left)))
    for shape in shapes[:MAX_SHAPES]:
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if part := _shape(shape, gallery):
            yield part
    if len(shapes) > MAX_SHAPES:
        yield f"({len(shapes) - MAX_SHAPES:,} more shapes of this slide are left out.)"
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None and frame.text.strip():
        yield "**Notes:**"
        yield _text(frame, lists=False)


def _flat(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < MAX_DEPTH:
            yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _shape(shape: Any, gallery: Gallery) -> str:
    if getattr(shape, "has_table", False) and shape.has_table:
        return table([[_cell(cell) for cell in row.cells] for row in shape.table.rows])
    if getattr(shape, "has_chart", False) and shape.has_chart:
        return _chart(shape.chart)
    if shape.has_text_frame:
        kind = shape.placeholder_format.type if shape.is_placeholder else None
        if kind is not None and any(word in str(kind) for word in ("SLIDE_NUMBER", "DATE", "FOOTER")):
            return ""
        return _text(shape.text_frame, lists=shape.is_placeholder)
    return _picture(shape, gallery)


def _picture(shape: Any, gallery: Gallery) -> str:
    from pptx.exc import PythonPptxError

    try:
        data = shape.image.blob
    except (AttributeError, ValueError, KeyError, PythonPptxError):
        return ""  # linked, missing or damaged: the slide's text is still good
    name = gallery.add(data)
    alt = " ".join(str(shape._element._nvXxPr.cNvPr.get("descr") or "").split())[:200]
    return f"![{escape(alt).replace('[', '').replace(']', '')}]({name})" if name else ""


def _cell(cell: Any) -> str:
    return "" if cell.is_spanned else "<br>".join(escape(p.text) for p in cell.text_frame.paragraphs if p.text.strip())


def _text(frame: Any, lists: bool) -> str:
    """The paragraphs of a frame; those of a body placeholder, or below another, are a list."""
    filled = [p for p in frame.paragraphs if p.text.strip()]
    listed = (lists and len(filled) > 1) or any(p.level for p in filled)
    out = []
    for p in filled:
        line = "".join(_run(run) for run in p.runs) or escape(p.text)
        bulleted = listed or p._p.find(".//{*}buChar") is not None or p._p.find(".//{*}buAutoNum") is not None
        out.append("  " * min(p.level, 8) + f"- {line.strip()}" if bulleted else paragraph_of(line))
    lines = []
    for index, text in enumerate(out):
        if index and not (text.lstrip().startswith("- ") and out[index - 1].lstrip().startswith("- ")):
            lines.append("")
        lines.append(text)
    return "\n".join(lines)


def paragraph_of(line: str) -> str:
    """Inline Markdown as a paragraph on one line."""
    return paragraph(line) if "](" not in line and "\\" not in line else " ".join(line.split())


def _run(run: Any) -> str:
    text = " ".join(run.text.replace("\v", " ").split("\n"))
    link = run.hyperlink.address if run.hyperlink is not None else None
    target = safe_target(link) if link else ""
    if not target or not text.strip():
        return escape_keeping_blanks(text)
    return f"[{escape(text)}]({target})"


def escape_keeping_blanks(text: str) -> str:
    """Escaped text with the blank at either end that parts it from its neighbours."""
    return " " * text.startswith(" ") + escape(text) + " " * (text.endswith(" ") and bool(text.strip()))


def _chart(chart: Any) -> str:
    """A chart as the table of its values; '' for a kind that python-pptx does not know."""
    try:
        plots = list(chart.plots)
    except ValueError:
        return ""
    if not plots:
        return ""
    categories = [str(category) for category in plots[0].categories]
    series = [(str(s.name or ""), list(s.values)) for plot in plots for s in plot.series]
    rows = [["", *(escape(name) for name, _ in series)]]
    for index, category in enumerate(categories):
        rows.append([escape(category), *(_number(values[index]) if index < len(values) else "" for _, values in series)])
    title = chart.chart_title.text_frame.text.strip() if chart.has_title and chart.chart_title.has_text_frame else ""
    return (f"**{escape(title)}**\n\n" if title else "") + table(rows)


def _number(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _whole(value: Any) -> int:
    return int(value) if value is not None else 0
