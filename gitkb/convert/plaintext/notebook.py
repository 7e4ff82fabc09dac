"""Jupyter notebooks of format 3 and 4 to Markdown: text cells as they are, code fenced, outputs bounded.

Invariant: nothing is executed; an output is data, its pictures are checked like any other, of its HTML only tables and text
are read.
"""

import json
import re
from pathlib import Path
from typing import Any

from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft
from gitkb.convert.html.clean import HEADINGS, parse, prepare_document, shape
from gitkb.convert.html.markdown import to_markdown
from gitkb.convert.html.reader import picture_target
from gitkb.convert.outline import code_block
from gitkb.convert.pictures import Gallery
from gitkb.convert.plaintext.markdown import sanitize
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_OUTPUT_LINES = 40
MAX_OUTPUT_CHARS = 4_000
MAX_CELLS = 20_000
MAX_HTML = 400_000
_OBJECT = re.compile(r"<[\w.]+ (?:at 0x[0-9a-f]+|object(?: at 0x[0-9a-f]+)?|size \d+x\d+ with \d+ Axes)>")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ATTACHMENT = re.compile(r"\]\(attachment:([^)\s]+)\)")
_PICTURES = ("image/png", "image/jpeg", "png", "jpeg")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a notebook."""
    try:
        data = json.loads(decode(file.read_bytes()))
    except ValueError as error:
        where = f" in line {error.lineno:,}" if isinstance(error, json.JSONDecodeError) else ""
        raise ConversionError(
            f"the notebook is damaged: it is cut off or no JSON{where}.", "Save it again from Jupyter."
        ) from error
    cells = _cells(data)
    meta = data.get("metadata") if isinstance(data.get("metadata"), dict) else {}
    language = _language(meta)
    gallery = Gallery()
    parts = [part for cell in cells[:MAX_CELLS] if isinstance(cell, dict) for part in _cell(cell, language, gallery)]
    if len(cells) > MAX_CELLS:
        parts.append(f"({len(cells) - MAX_CELLS:,} more cells of this notebook are left out.)")
    authors = meta.get("authors")
    return Draft(
        markdown="\n\n".join(parts),
        titles=(TitleCandidate("stated", str(meta.get("title") or ""), "the notebook states it"),),
        unit="cell",
        pictures=gallery.pictures,
        authors=tuple(str(a.get("name", "")) for a in authors if isinstance(a, dict)) if isinstance(authors, list) else (),
    )


def _cells(data: Any) -> list[Any]:
    """The cells of either format; version 3 keeps them in worksheets."""
    if not isinstance(data, dict):
        raise ConversionError("the file is JSON, but no notebook.", "Save it again from Jupyter.")
    if isinstance(data.get("cells"), list):
        return list(data["cells"])
    sheets = data.get("worksheets")
    if not isinstance(sheets, list):
        raise ConversionError("the notebook has no cells.", "Save it again from Jupyter.")
    inner = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [cell for cells in inner if isinstance(cells, list) for cell in cells]


def _language(meta: dict[str, Any]) -> str:
    for key, inner in (("language_info", "name"), ("kernelspec", "language")):
        part = meta.get(key)
        if isinstance(part, dict) and isinstance(part.get(inner), str) and re.fullmatch(r"[\w+#-]{1,20}", part[inner]):
            return str(part[inner]).lower()
    return "python"


def _cell(cell: dict[str, Any], language: str, gallery: Gallery) -> list[str]:
    kind = cell.get("cell_type")
    source = _source(cell.get("source", cell.get("input"))).strip("\n")
    if kind == "heading":
        level = cell.get("level")
        return [f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {' '.join(source.split())}"]
    if kind == "markdown":
        return [text] if (text := sanitize(_attached(source, cell, gallery), gallery).strip("\n")) else []
    if kind != "code":
        return [code_block(source)] if source.strip() else []
    own = cell.get("language")
    parts = [code_block(source, own if isinstance(own, str) and own.isalnum() else language)] if source.strip() else []
    outputs = cell.get("outputs")
    return parts + [text for output in (outputs if isinstance(outputs, list) else []) if (text := _output(output, gallery))]


def _attached(source: str, cell: dict[str, Any], gallery: Gallery) -> str:
    files = cell.get("attachments")
    if not isinstance(files, dict):
        return source

    def target(found: re.Match[str]) -> str:
        data = files.get(found[1])
        return f"]({_picture(data, gallery)})" if isinstance(data, dict) else found[0]

    return _ATTACHMENT.sub(target, source)


def _output(output: Any, gallery: Gallery) -> str:
    if not isinstance(output, dict):
        return ""
    if output.get("output_type") in ("error", "pyerr"):
        text = f"{output.get('ename', '')}: {output.get('evalue', '')}"
        return code_block(_bounded(text), "text") if len(text) > 2 else ""
    data = output.get("data") if isinstance(output.get("data"), dict) else output
    assert isinstance(data, dict)
    if name := _picture(data, gallery):
        return f"![]({name})"
    text = _source(data.get("text/plain", data.get("text")))
    nothing = not text.strip() or _OBJECT.fullmatch(text.strip()) is not None
    if isinstance(markdown := data.get("text/markdown"), str | list):
        return sanitize(_source(markdown), gallery).strip("\n")
    html = _source(data.get("text/html"))
    if html and (nothing or "<table" in html) and (shown := _bounded_html(html, gallery)):
        return shown
    return "" if nothing else code_block(_bounded(text), "text")


def _bounded_html(html: str, gallery: Gallery) -> str:
    """The beginning of an output that is HTML: what it shows, without headings of its own, which would part the notebook."""
    root = prepare_document(parse(html[:MAX_HTML]))
    for heading in root.find_all(HEADINGS):
        heading.name = "strong"
    shape(root)
    lines = to_markdown(root, picture_target(gallery)).split("\n")
    kept = lines[:MAX_OUTPUT_LINES]
    if len(lines) > len(kept):
        kept += ["", f"(... {len(lines) - len(kept):,} more lines)"]
    return "\n".join(kept)


def _picture(data: dict[str, Any], gallery: Gallery) -> str:
    for key in _PICTURES:
        if isinstance(value := data.get(key), str | list):
            return gallery.add_data_uri(f"data:image/png;base64,{_source(value)}")
    return ""


def _bounded(text: str) -> str:
    """The beginning of an output, and how many lines were left out."""
    lines = _ANSI.sub("", text)[: MAX_OUTPUT_CHARS * 4].strip("\n").split("\n")
    total = text.strip("\n").count("\n") + 1
    kept = [line[:400] for line in lines[:MAX_OUTPUT_LINES]]
    while len(kept) > 1 and sum(map(len, kept)) > MAX_OUTPUT_CHARS:
        kept.pop()
    return "\n".join([*kept, f"... ({total - len(kept):,} more lines)"] if total > len(kept) else kept)


def _source(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return normal_lines(value) if isinstance(value, str) else ""
