"""Rewrites the XML of a Word document so that mammoth reads all of it: what mammoth leaves out or misreads becomes plain
paragraphs, runs and tables.

Text boxes and the parts of grouped shapes follow the paragraph at which they are anchored; charts become tables, diagrams lists,
formulas LaTeX; headings, list items and code get styles of our own, from which `docx.STYLES` makes HTML. Deleted and hidden text
goes.

Invariant: text keeps its place, except that text of drawings comes after the paragraph at which they are anchored. Nothing
outside of the archive is read.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree
from msgspec import Struct, field

from gitkb.convert.latex import from_omml
from gitkb.convert.office.docx_styles import Label, Numbering, Styles, W, is_monospaced, is_on, value
from gitkb.convert.office.drawings import Chart, choose_alternatives

if TYPE_CHECKING:
    from collections.abc import Mapping

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PIC = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
MAX_PROMPT = 60
"""In characters: in a control that nobody filled in, a longer text is more than a prompt to type something."""
MAX_HEADING = 250
"""In characters: a longer paragraph is no heading, whatever its style."""
_DEPTHS = 9
_OPENINGS = 30
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\\[A-Za-z*])|(\S+)')
_ORDERED = re.compile(r"(\d{1,6})[.)]?$")
OWN_STYLES = {
    "GitkbFormula": ("character", "gitkb formula"),
    "GitkbDisplay": ("character", "gitkb display"),
    "GitkbLabel": ("character", "gitkb label"),
    "GitkbTitle": ("paragraph", "gitkb title"),
    "GitkbCode": ("paragraph", "gitkb code"),
    "GitkbChunk": ("paragraph", "gitkb chunk"),
    **{f"GitkbHeading{n}": ("paragraph", f"gitkb heading {n}") for n in range(1, 7)},
    **{f"GitkbBullet{n}": ("paragraph", f"gitkb bullet {n}") for n in range(1, _DEPTHS + 1)},
    **{f"GitkbNumber{n}": ("paragraph", f"gitkb number {n}") for n in range(1, _DEPTHS + 1)},
}


class Opening(Struct, frozen=True):
    """A paragraph at the beginning of a document: evidence for its title. Sizes are in half points."""

    text: str
    size: int
    bold: bool
    kind: str


class Flow(Struct):
    """Rewrites the parts of one document, in order. `chart` and `diagram` give what a relationship of the part leads to."""

    styles: Styles
    numbering: Numbering
    chart: Callable[[str], Chart | None]
    diagram: Callable[[str], list[tuple[int, str]]]
    comments: "Mapping[str, str]"
    said: dict[str, None] = field(default_factory=dict)
    openings: list[Opening] = field(default_factory=list)

    def rewrite(self, root: etree._Element, relations: frozenset[str], notes: frozenset[str]) -> None:
        """Rewrites one part in place. `relations` are the ids that its relationships define, `notes` those of all notes."""
        choose_alternatives(root)
        _drop_deleted(root)
        for chunk in list(root.iter(f"{W}altChunk")):
            _replace(chunk, [_styled("GitkbChunk", str(chunk.get(f"{_R}id") or ""))])
        _unwrap_controls(root)
        _rewrite_fields(root)
        _rewrite_formulas(root)
        _rewrite_ruby(root)
        self._lift_drawings(root)
        _mend_tables(root)
        _join_drop_caps(root)
        _drop_dangling(root, relations, notes)
        self._take_comments(root)
        self._style_paragraphs(root)
        _thin(root)

    def _lift_drawings(self, root: etree._Element) -> None:
        """Moves text boxes, charts and diagrams behind the paragraph at which they are anchored."""
        last: dict[etree._Element, etree._Element] = {}
        for tag in [el for el in root.iter(f"{W}txbxContent", "{*}chart", "{*}relIds") if isinstance(el.tag, str)]:
            host = next(tag.iterancestors(f"{W}p"), None)
            if host is None or host.getparent() is None:
                continue
            blocks = list(tag) if tag.tag == f"{W}txbxContent" else self._drawn(tag)
            for block in blocks:
                last.get(host, host).addnext(block)
                last[host] = block
            parent = tag.getparent()
            if parent is not None:
                parent.remove(tag)
        for drawing in root.iter(f"{_WP}inline", f"{_WP}anchor"):
            _gather_pictures(drawing)

    def _drawn(self, tag: etree._Element) -> list[etree._Element]:
        if tag.tag.endswith("}relIds"):
            items = self.diagram(str(tag.get(f"{_R}dm") or ""))
            return [_styled(f"GitkbBullet{min(level + 1, _DEPTHS)}", text) for level, text in items]
        found = self.chart(str(tag.get(f"{_R}id") or "")) if tag.get(f"{_R}id") else None
        if found is None:
            return []
        title = [_paragraph(_run(found.title, "b"))] if found.title else []
        return title + ([_table(found.rows)] if found.rows else [])

    def _take_comments(self, root: etree._Element) -> None:
        for reference in list(root.iter(f"{W}commentReference")):
            text = self.comments.get(str(reference.get(f"{W}id")), "")
            if text:
                self.said[text] = None
            _remove(reference)

    def _style_paragraphs(self, root: etree._Element) -> None:
        """Headings, items and code get our own styles; numbers become text."""
        paragraphs = list(root.iter(f"{W}p"))
        titles = frozenset(p for p in paragraphs if self.styles.is_title(_style_of(p)) and text_of(p).strip())
        look = _Look(titles, sum(_is_typed(p, self.styles) for p in paragraphs) > len(paragraphs) * 0.5)
        lists = _OpenLists()
        for p in paragraphs:
            style = _style_of(p)
            if self.styles.is_contents(style):
                _remove(p)
            elif not style.startswith("Gitkb"):
                self._style_paragraph(p, style, look, lists)

    def _style_paragraph(self, p: etree._Element, style: str, look: "_Look", lists: "_OpenLists") -> None:
        text, properties = text_of(p).strip(), p.find(f"{W}pPr")
        level = self.styles.heading(properties, style) if 0 < len(text) <= MAX_HEADING else 0
        label = self.numbering.label(properties, style) if text or p.find(f".//{W}drawing") is not None else None
        if text and len(self.openings) < _OPENINGS:
            self._open(p, text, style, level)
        own = self._block_style(p, style, level, label, look)
        if own:
            _restyle(p, own, label.text if label and level else "")
        elif label is not None:
            _list_item(p, label, lists.depth(p, label))
        if text and (own or label is None):
            lists.close()

    def _block_style(self, p: etree._Element, style: str, level: int, label: Label | None, look: "_Look") -> str:
        """Our style for a title, a heading or code, '' for any other paragraph."""
        if p in look.titles:
            return "GitkbTitle"
        if level:
            return f"GitkbHeading{min(level + (len(look.titles) == 1), 6)}"
        code = self.styles.is_code(style) or (not look.typed and label is None and _is_typed(p, self.styles))
        return "GitkbCode" if code else ""

    def _open(self, p: etree._Element, text: str, style: str, level: int) -> None:
        kind = "title" if self.styles.is_title(style) else f"heading {level}" if level else "text"
        if next(p.iterancestors(f"{W}tc"), None) is not None:
            kind = "cell"
        sizes = [
            int(size)
            for run in p.iter(f"{W}r")
            if text_of(run).strip() and (size := value(run.find(f"{W}rPr"), "sz") or "").isdecimal()
        ]
        runs = [run for run in p.iter(f"{W}r") if text_of(run).strip()]
        bold = bool(runs) and all(is_on(run.find(f"{W}rPr"), "b") for run in runs)
        self.openings.append(Opening(text, max(sizes, default=self.styles.size(style)), bold, kind))


class _Look(Struct, frozen=True):
    """What is known of a part before its paragraphs get styles: its titles, and whether most of it is in a font of even
    widths."""

    titles: frozenset[etree._Element]
    typed: bool


class _OpenLists(Struct):
    """The levels of the lists that are open, for items one below the other in one cell or body."""

    levels: list[int] = field(default_factory=list)
    inside: etree._Element | None = None

    def depth(self, p: etree._Element, label: Label) -> int:
        """How deep an item is nested, from 1: a level that no item above it has is not counted."""
        if p.getparent() is not self.inside:
            self.levels, self.inside = [], p.getparent()
        self.levels = [*(one for one in self.levels if one < label.depth), label.depth]
        return min(len(self.levels), _DEPTHS)

    def close(self) -> None:
        self.levels = []


def text_of(element: etree._Element) -> str:
    """The text below an element, tabs and breaks as blanks."""
    out = []
    for part in element.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}noBreakHyphen"):
        out.append(part.text or "" if part.tag == f"{W}t" else "-" if part.tag == f"{W}noBreakHyphen" else " ")
    return "".join(out)


def _style_of(p: etree._Element) -> str:
    return value(p.find(f"{W}pPr"), "pStyle") or ""


def _remove(element: etree._Element) -> None:
    """Takes an element out. The text behind it (`tail`) is ignored, because in Word files there is none."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _replace(element: etree._Element, others: list[etree._Element]) -> None:
    parent = element.getparent()
    if parent is not None:
        index = parent.index(element)
        parent[index : index + 1] = others


def _run(text: str, mark: str = "", style: str = "") -> etree._Element:
    run = etree.Element(f"{W}r")
    properties = etree.SubElement(run, f"{W}rPr")
    if style:
        etree.SubElement(properties, f"{W}rStyle", {f"{W}val": style})
    if mark:
        etree.SubElement(properties, f"{W}{mark}")
    etree.SubElement(run, f"{W}t", {_SPACE: "preserve"}).text = text
    return run


def _paragraph(*runs: etree._Element) -> etree._Element:
    paragraph = etree.Element(f"{W}p")
    paragraph.extend(runs)
    return paragraph


def _styled(style: str, text: str) -> etree._Element:
    paragraph = _paragraph(_run(text))
    _set_style(paragraph, style)
    return paragraph


def closing(label: str, texts: list[str]) -> list[etree._Element]:
    """Paragraphs for the end of the text: what a label says, and a list."""
    return [_paragraph(_run(f"{label}:", "b")), *(_styled("GitkbBullet1", text) for text in texts)] if texts else []


def _table(rows: tuple[tuple[str, ...], ...]) -> etree._Element:
    table = etree.Element(f"{W}tbl")
    for row in rows:
        line = etree.SubElement(table, f"{W}tr")
        for cell in row:
            etree.SubElement(line, f"{W}tc").append(_paragraph(_run(cell)))
    return table


def _set_style(p: etree._Element, style: str) -> None:
    properties = p.find(f"{W}pPr")
    if properties is None:
        properties = etree.Element(f"{W}pPr")
        p.insert(0, properties)
    for name in ("pStyle", "numPr"):
        if (found := properties.find(f"{W}{name}")) is not None:
            properties.remove(found)
    etree.SubElement(properties, f"{W}pStyle", {f"{W}val": style})


def _restyle(p: etree._Element, style: str, label: str = "") -> None:
    _set_style(p, style)
    if label:
        p.insert(1, _run(f"{label} "))


def _list_item(p: etree._Element, label: Label, depth: int) -> None:
    """An item whose number Markdown can write becomes one of a numbered list; letters and the like stand in its text."""
    ordered = _ORDERED.match(label.text)
    _set_style(p, f"GitkbNumber{depth}" if ordered else f"GitkbBullet{depth}")
    if ordered:
        p.insert(1, _run(ordered[1], style="GitkbLabel"))
    elif label.text:
        p.insert(1, _run(f"{label.text} "))


def _is_typed(p: etree._Element, styles: Styles) -> bool:
    """Whether all text of a paragraph is printed in a font of even widths, as code is."""
    runs = [run for run in p.iter(f"{W}r") if text_of(run).strip()]
    if not runs:
        return False
    for run in runs:
        fonts = run.find(f"{W}rPr/{W}rFonts")
        face = str(fonts.get(f"{W}ascii") or "") if fonts is not None else ""
        if not (is_monospaced(face) if face else styles.is_monospaced(_style_of(p))):
            return False
    return True


def _drop_deleted(root: etree._Element) -> None:
    for gone in list(root.iter(f"{W}del", f"{W}moveFrom")):
        parent = gone.getparent()
        if parent is not None and parent.tag not in (f"{W}rPr", f"{W}trPr"):
            parent.remove(gone)
    for run in list(root.iter(f"{W}r")):
        if is_on(run.find(f"{W}rPr"), "vanish") and run.find(f"{W}fldChar") is None:
            _remove(run)
    for symbol in list(root.iter(f"{W}sym")):
        if not re.fullmatch(r"[0-9A-Fa-f]{2,6}", str(symbol.get(f"{W}char") or "")):
            _remove(symbol)
    for carriage in root.iter(f"{W}cr"):
        carriage.tag = f"{W}br"


def _unwrap_controls(root: etree._Element) -> None:
    """Replaces content controls by their contents, except check boxes; removes prompts to type something and tables of
    contents."""
    for control in list(root.iter(f"{W}sdt")):
        properties, content = control.find(f"{W}sdtPr"), control.find(f"{W}sdtContent")
        if properties is not None and properties.find(f"{_W14}checkbox") is not None:
            continue
        gallery = (
            next((str(g.get(f"{W}val")) for g in properties.iter(f"{W}docPartGallery")), "") if properties is not None else ""
        )
        if gallery == "Table of Contents" or content is None:
            _remove(control)
        elif properties is not None and is_on(properties, "showingPlcHdr"):
            for run in list(content.iter(f"{W}r")) if len(text_of(content)) <= MAX_PROMPT else ():
                _remove(run)
            _replace(control, list(content))
        else:
            _replace(control, list(content))


def _rewrite_fields(root: etree._Element) -> None:
    """Simple fields become complex ones, whose results mammoth keeps; links name their target in the one way it understands."""
    for simple in list(root.iter(f"{W}fldSimple")):
        instruction = etree.Element(f"{W}r")
        etree.SubElement(instruction, f"{W}instrText").text = str(simple.get(f"{W}instr") or "")
        _replace(simple, [_field("begin"), instruction, _field("separate"), *simple, _field("end")])
    stack: list[list[etree._Element]] = []
    for element in list(root.iter(f"{W}fldChar", f"{W}instrText")):
        kind = str(element.get(f"{W}fldCharType") or "")
        if kind == "begin":
            stack.append([element])
        elif stack and element.tag == f"{W}instrText":
            stack[-1].append(element)
        elif stack and kind == "separate":
            _rewrite_instruction(stack[-1][1:])
            stack[-1] = stack[-1][:1]
        elif stack and kind == "end":
            begin, *instructions = stack.pop()
            _rewrite_instruction(instructions)
            if chosen := _chosen(begin):
                run = element.getparent()
                if run is not None:
                    run.addnext(_run(chosen))


def _field(kind: str) -> etree._Element:
    run = etree.Element(f"{W}r")
    etree.SubElement(run, f"{W}fldChar", {f"{W}fldCharType": kind})
    return run


def _rewrite_instruction(instructions: list[etree._Element]) -> None:
    text = "".join(part.text or "" for part in instructions).strip()
    if not text.upper().startswith("HYPERLINK"):
        return
    address, place, switch = "", "", ""
    for quoted, flag, bare in _FIELD.findall(text[len("HYPERLINK") :]):
        if flag:
            switch = flag.lower()
            continue
        word = (quoted or bare).replace("\\\\", "\\").replace('"', "")
        if switch == r"\l":
            place = word
        elif switch not in (r"\o", r"\t", r"\s") and not address:
            address = word
        switch = ""
    target = f"{address.partition('#')[0] if place else address}#{place}" if address and place else address
    instructions[0].text = f'HYPERLINK "{target}"' if address else f'HYPERLINK \\l "{place}"' if place else ""
    for part in instructions[1:]:
        part.text = ""


def _chosen(begin: etree._Element) -> str:
    """The chosen entry of an old list field, which is not part of the field's text."""
    entries = begin.find(f"{W}ffData/{W}ddList")
    if entries is None:
        return ""
    texts = [str(entry.get(f"{W}val") or "") for entry in entries.iterfind(f"{W}listEntry")]
    number = value(entries, "result") or value(entries, "default") or "0"
    return texts[int(number)] if number.isdecimal() and int(number) < len(texts) else ""


def _rewrite_formulas(root: etree._Element) -> None:
    for block in list(root.iter(f"{_M}oMathPara")):
        texts = [tex for formula in block.iterfind(f".//{_M}oMath") if (tex := from_omml(formula))]
        _replace(block, [_run(tex, style="GitkbDisplay") for tex in texts])
    for formula in list(root.iter(f"{_M}oMath")):
        if next(formula.iterancestors(f"{_M}oMath"), None) is None:
            tex = from_omml(formula)
            _replace(formula, [_run(tex, style="GitkbFormula")] if tex else [])


def _rewrite_ruby(root: etree._Element) -> None:
    """Text with a reading above it: the text, and the reading in brackets."""
    for ruby in list(root.iter(f"{W}ruby")):
        base, reading = ruby.find(f"{W}rubyBase"), ruby.find(f"{W}rt")
        text = text_of(base) if base is not None else ""
        said = text_of(reading).strip() if reading is not None else ""
        shown = etree.Element(f"{W}t", {_SPACE: "preserve"})
        shown.text = f"{text}({said})" if said and text.strip() else text or said
        _replace(ruby, [shown])


def _gather_pictures(drawing: etree._Element) -> None:
    """Moves the pictures of a group to where mammoth looks for pictures."""
    data = drawing.find(f"{_A}graphic/{_A}graphicData")
    if data is None or data.find(f"{_PIC}pic") is not None:
        return
    pictures = [deepcopy(picture) for picture in data.iter(f"{_PIC}pic")]
    for child in list(data):
        data.remove(child)
    data.extend(pictures)


def _mend_tables(root: etree._Element) -> None:
    """Adds empty cells to rows that begin or end further in than others, so that columns stay aligned."""
    for row in root.iter(f"{W}tr"):
        properties = row.find(f"{W}trPr")
        for name, at in (("gridBefore", 0), ("gridAfter", -1)):
            width = value(properties, name) or ""
            if width.isdecimal() and 0 < int(width) < 64:
                cell = etree.Element(f"{W}tc")
                etree.SubElement(etree.SubElement(cell, f"{W}tcPr"), f"{W}gridSpan", {f"{W}val": width})
                cell.append(_paragraph())
                cells = [child for child in row if child.tag == f"{W}tc"]
                if cells and at == 0:
                    cells[0].addprevious(cell)
                else:
                    row.append(cell)
    for span in root.iter(f"{W}gridSpan"):
        if not re.fullmatch(r"[1-9]\d{0,2}", str(span.get(f"{W}val") or "")):
            span.set(f"{W}val", "1")


def _join_drop_caps(root: etree._Element) -> None:
    """Joins a large first letter (drop cap), which is a paragraph of its own in the file, to its word."""
    for p in list(root.iter(f"{W}p")):
        frame = p.find(f"{W}pPr/{W}framePr")
        following = p.getnext()
        if frame is None or frame.get(f"{W}dropCap") in (None, "none") or following is None or following.tag != f"{W}p":
            continue
        at = 1 if following.find(f"{W}pPr") is not None else 0
        for child in reversed([child for child in p if child.tag != f"{W}pPr"]):
            following.insert(at, child)
        _remove(p)


def _drop_dangling(root: etree._Element, relations: frozenset[str], notes: frozenset[str]) -> None:
    """Removes links, pictures and notes whose target the file does not have; their text stays."""
    for element in root.iter(f"{W}hyperlink", f"{_A}hlinkClick", f"{_A}blip", "{urn:schemas-microsoft-com:vml}imagedata"):
        for name in (f"{_R}id", f"{_R}embed", f"{_R}link"):
            if (target := element.get(name)) is not None and str(target) not in relations:
                del element.attrib[name]
    for kind in ("footnote", "endnote"):
        for reference in list(root.iter(f"{W}{kind}Reference")):
            if f"{kind} {reference.get(f'{W}id')}" not in notes:
                _remove(reference)


_KEPT_PROPERTIES = frozenset(
    f"{W}{name}"
    for name in "rStyle pStyle b i u strike vertAlign del ins rPr gridSpan vMerge tblHeader tblStyle caps smallCaps".split()
)


def _thin(root: etree._Element) -> None:
    """Removes elements that only describe looks: mammoth makes an object of every element, which takes most of its time."""
    for properties in root.iter(f"{W}pPr", f"{W}rPr", f"{W}tblPr", f"{W}tcPr", f"{W}trPr"):
        for child in [child for child in properties if child.tag not in _KEPT_PROPERTIES]:
            properties.remove(child)
    for element in list(root.iter(f"{W}proofErr", f"{W}lastRenderedPageBreak", f"{W}sectPr", f"{W}tblGrid")):
        _remove(element)
    for element in root.iter(f"{W}p", f"{W}r", f"{W}tr"):
        element.attrib.clear()


def page_text(root: etree._Element) -> str:
    """What a page's header or footer says, its paragraphs joined; '' where it only counts pages."""
    choose_alternatives(root)
    _drop_deleted(root)
    return " · ".join(dict.fromkeys(text for p in root.iter(f"{W}p") if (text := _without_counts(p))))


def _without_counts(p: etree._Element) -> str:
    """A paragraph's text without the numbers of pages; '' where little else is left."""
    if p.find(f".//{W}p") is not None:
        return ""
    depth, counts, skipping, out = 0, False, False, []
    for part in p.iter(f"{W}fldChar", f"{W}instrText", f"{W}fldSimple", f"{W}t", f"{W}tab", f"{W}br"):
        kind = str(part.get(f"{W}fldCharType") or "")
        if kind:
            depth += {"begin": 1, "end": -1}.get(kind, 0)
            skipping = skipping and depth > 0
        elif part.tag in (f"{W}instrText", f"{W}fldSimple"):
            named = re.match(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|DATE|TIME)\b", part.text or str(part.get(f"{W}instr") or ""))
            counts, skipping = counts or named is not None, skipping or named is not None
        elif not skipping and next((a for a in part.iterancestors(f"{W}fldSimple")), None) is None:
            out.append(part.text or "" if part.tag == f"{W}t" else " ")
    text = " ".join("".join(out).split())
    letters = sum(c.isalpha() for c in text)
    return "" if not letters or (counts and letters < 12) else text


def relations_of(root: etree._Element | None) -> Iterator[tuple[str, str, str]]:
    """The relationships of a part: id, last word of the type, target; those that lead outside of the file have no type."""
    for one in root if root is not None else ():
        if isinstance(one.tag, str):
            outside = str(one.get("TargetMode") or "") == "External"
            kind = "" if outside else str(one.get("Type") or "").rpartition("/")[2]
            yield str(one.get("Id") or ""), kind, str(one.get("Target") or "")
