"""Converts Word documents in three steps: `docx_flow` simplifies them, mammoth makes HTML of them, and the HTML is converted like
a web page.

Invariant: the archive's sizes are checked before anything in it is read; macros, linked files and embedded objects are never
opened.
"""

import html
import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bs4 import Tag

from gitkb.convert.archive import (
    DAMAGED,
    check_sizes,
    damaged,
    office_properties,
    open_archive,
    parse_xml,
    read_member,
    transitional,
)
from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.html.clean import parse, prepare_document, shape
from gitkb.convert.html.markdown import to_markdown
from gitkb.convert.html.reader import picture_target
from gitkb.convert.office import docx_flow
from gitkb.convert.office.docx_styles import Numbering, Styles, W, value
from gitkb.convert.office.drawings import Chart, chart, diagram
from gitkb.convert.pictures import Gallery
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree

_DEPTHS = range(1, 10)
STYLES = "\n".join(
    [
        "p[style-name='gitkb title'] => h1:fresh",
        *(f"p[style-name='gitkb heading {n}'] => h{n}:fresh" for n in range(1, 7)),
        *(f"p[style-name='gitkb bullet {n}'] => {'ul|ol > li > ' * (n - 1)}ul > li:fresh" for n in _DEPTHS),
        *(f"p[style-name='gitkb number {n}'] => {'ul|ol > li > ' * (n - 1)}ol > li:fresh" for n in _DEPTHS),
        "p[style-name='gitkb code'] => pre:separator('\\n')",
        "p[style-name='gitkb chunk'] => section.chunk:fresh",
        "r[style-name='gitkb formula'] => math.tex:fresh",
        "r[style-name='gitkb display'] => math.tex.display:fresh",
        "r[style-name='gitkb label'] => data:fresh",
        "p[style-name='Subtitle'] => p:fresh > em",
        "p[style-name='Quote'] => blockquote:fresh > p:fresh",
        "p[style-name='Intense Quote'] => blockquote:fresh > p:fresh",
        "p[style-name='Caption'] => p:fresh > em",
        "p[style-name='caption'] => p:fresh > em",
        "r[style-name='Source Text'] => code",
        "r[style-name='HTML Code'] => code",
        "p => p:fresh",
        "comment-reference => !",
    ]
)
_FIRST = 8
_MAX_TITLE = 200
_LEFT_OUT = ("word/embeddings/", "word/fonts/", "customXml/", "word/stylesWithEffects", "docProps/thumbnail", "mammoth/")
_NOTE = re.compile(r"#(?:foot|end)note-(?!ref-)")
_BACK = re.compile(r"#(?:foot|end)note-ref-")
_MARK = re.compile("\x03(\\d+)\x04")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a Word document."""
    gallery = Gallery()
    with open_archive(file, settings.max_bytes) as archive:
        about = office_properties(archive)
        check_sizes(archive, sum(info.compress_size for info in archive.infolist()) + 4096, 1 << 62)
        package = _Package(archive)
        package.make_plain()
        made = _html(package.packed(), gallery)
        root = prepare_document(parse(made))
        for place in root.find_all("section", class_="chunk"):
            place.replace_with(*package.chunk(place.get_text()))
    _number_items(root)
    notes = _take_notes(root, gallery)
    shape(root)
    markdown = "\n\n".join(part for part in (to_markdown(root, picture_target(gallery)), notes) if part)
    markdown = _MARK.sub(r"[^\1]", markdown)
    return Draft(
        markdown=markdown,
        titles=(*_titles(package.openings, about.title), TitleCandidate("metadata", about.title)),
        language=about.language,
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


def _titles(openings: list[docx_flow.Opening], stated: str) -> Iterator[TitleCandidate]:
    """What may be the title: paragraphs of its style, the largest of the first paragraphs, a first heading that the properties
    (`stated`) also say, if among more words."""
    if not openings:
        return
    head, text = openings[0], " ".join(openings[0].text.split())
    styled = [index for index, one in enumerate(openings) if one.kind == "title"]
    if styled:
        together = [openings[index].text for place, index in enumerate(styled[:3]) if index - styled[0] == place]
        yield TitleCandidate("style", " ".join(" ".join(together).split()), "paragraph of the style Title")
    if head.kind.startswith("heading") and len(text.split()) > 1 and text.lower() in stated.lower():
        yield TitleCandidate("largest", text, "first heading, and the properties say the same")
    if largest := _largest(openings):
        yield TitleCandidate("largest", largest, "largest of the first paragraphs")
    if head.bold and head.kind == "text" and len(openings) > 1 and len(text) <= _MAX_TITLE:
        yield TitleCandidate("opening", text, "bold line that opens the text")


def _largest(openings: list[docx_flow.Opening]) -> str:
    """The largest of the first paragraphs, with the next one where it is as large; '' where none is larger than the text."""
    shown = [one for one in openings[:_FIRST] if len(one.text) <= _MAX_TITLE and any(c.isalpha() for c in one.text)]
    usual = Counter(one.size for one in openings for _ in range(max(1, len(one.text) // 20))).most_common(1)[0][0]
    size = max((one.size for one in shown), default=0)
    if size <= 1.15 * usual:
        return ""
    at = next(index for index, one in enumerate(shown) if one.size == size)
    lines = [one.text for one in shown[at : at + 2] if one.size == size and one.kind == "text"]
    if shown[at].kind == "cell":
        lines = [shown[at].text]
    return " ".join(" ".join(lines).split())


def _html(data: io.BytesIO, gallery: Gallery) -> str:
    import mammoth

    @mammoth.images.img_element  # type: ignore[untyped-decorator]
    def image(picture: Any) -> dict[str, str]:
        alt = picture.alt_text or ""
        try:
            with picture.open() as opened:
                return {"src": gallery.add(opened.read()), "alt": alt}
        except DAMAGED:
            return {"src": "", "alt": alt}  # a linked picture, which is never fetched

    try:
        result = mammoth.convert_to_html(data, style_map=STYLES, convert_image=image, external_file_access=False)
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # mammoth raises errors of many kinds on hostile XML
        raise damaged(error) from error
    return str(result.value)


class _Package:
    """The members of a Word file in memory, some of them as trees that are rewritten."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: dict[str, bytes] = {}
        for info in archive.infolist():
            if not info.is_dir() and not info.filename.startswith(_LEFT_OUT):
                self._members.setdefault(info.filename, transitional(info.filename, read_member(archive, info.filename)))
        self._main = self._named("_rels/.rels", "officeDocument", "") or "word/document.xml"
        self._links = self._relations(self._main)
        self.openings: list[docx_flow.Opening] = []
        self._taken: set[str] = set()

    def make_plain(self) -> None:
        """Rewrites the text, the notes and the styles; see `docx_flow`."""
        root = self._tree(self._main)
        if root is None:
            return
        styles_path = self._part("styles") or "word/styles.xml"
        styles_root = self._tree(styles_path)
        styles = Styles(styles_root)
        flow = docx_flow.Flow(
            styles, Numbering(self._tree(self._part("numbering")), styles), self._chart, self._diagram, self._comments()
        )
        notes = {kind: self._part(f"{kind}s") for kind in ("footnote", "endnote")}
        trees = {path: tree for path in notes.values() if path and (tree := self._tree(path)) is not None}
        known = frozenset(
            f"{kind} {note.get(f'{W}id')}"
            for kind, path in notes.items()
            if path in trees
            for note in trees[path].iterfind(f"{W}{kind}")
            if note.get(f"{W}id") is not None
        )
        flow.rewrite(root, frozenset(self._links), known)
        body = root.find(f"{W}body")
        if body is not None:
            self._close(root, body, flow)
        self.openings = flow.openings
        self._put(self._main, root)
        for path, tree in trees.items():
            flow.rewrite(tree, frozenset(self._relations(path)), known)
            self._put(path, tree)
        self._put(styles_path, _own_styles(styles_root))
        self._members.pop(self._part("numbering"), None)

    def packed(self) -> io.BytesIO:
        """The file as it is given to mammoth."""
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
            for name, data in self._members.items():
                target.writestr(name, data)
        copy.seek(0)
        return copy

    def _close(self, root: "etree._Element", body: "etree._Element", flow: docx_flow.Flow) -> None:
        """Adds comments, and the text of headers and footers, at the end of the text."""
        said = docx_flow.text_of(root)
        for kind, label in (("header", "Page header"), ("footer", "Page footer")):
            texts = dict.fromkeys(
                text
                for identifier, (what, _) in self._links.items()
                if what == kind and (text := self._page_text(identifier)) and text not in said
            )
            body.extend(docx_flow.closing(label, list(texts)))
        body.extend(docx_flow.closing("Comments", list(flow.said)))

    def _page_text(self, identifier: str) -> str:
        tree = self._tree(self._once(identifier))
        return docx_flow.page_text(tree) if tree is not None else ""

    def _comments(self) -> dict[str, str]:
        """The text and author of each comment, by its id."""
        tree = self._tree(self._part("comments"))
        found = {}
        for comment in tree.iterfind(f"{W}comment") if tree is not None else ():
            text = " ".join(docx_flow.text_of(comment).split())
            author = str(comment.get(f"{W}author") or "").strip()
            if text:
                found[str(comment.get(f"{W}id"))] = f"{author}: {text}" if author else text
        return found

    def chunk(self, identifier: str) -> list[Tag]:
        """The content of a part that is a web page or a text of its own, which Word inserts when it opens the document."""
        data = self._members.get(self._once(identifier), b"")
        if b"multipart/related" in data[:4096].lower() or b"mime-version:" in data[:4096].lower():
            import email
            import email.policy

            body = email.message_from_bytes(data, policy=email.policy.default).get_body(("html", "plain"))
            content = body.get_payload(decode=True) if body is not None else b""
            data = content if isinstance(content, bytes) else b""
        text = decode(data) if data and not data.startswith((b"PK", b"{\\rtf")) else ""
        if not re.search(r"<(?:html|body|p|div|h\d|table)\b", text[:65_536], re.IGNORECASE):
            text = "".join(f"<p>{html.escape(part)}</p>" for part in re.split(r"\n\s*\n", text))
        return [child.extract() for child in list(prepare_document(parse(text)).children) if isinstance(child, Tag)]

    def _once(self, identifier: str) -> str:
        """The member to which a relationship leads, the first time only: a small file could ask for a large one many times."""
        path = self._target(identifier)
        if path in self._taken:
            return ""
        self._taken.add(path)
        return path

    def _chart(self, identifier: str) -> Chart | None:
        tree = self._tree(self._once(identifier))
        return chart(tree) if tree is not None else None

    def _diagram(self, identifier: str) -> list[tuple[int, str]]:
        tree = self._tree(self._once(identifier))
        return diagram(tree) if tree is not None else []

    def _tree(self, path: str) -> "etree._Element | None":
        return parse_xml(self._members[path]) if path in self._members else None

    def _put(self, path: str, root: "etree._Element") -> None:
        from lxml import etree

        self._members[path] = etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _relations(self, path: str) -> dict[str, tuple[str, str]]:
        """The relationships of a part: kind and member by id."""
        folder, base = posixpath.split(path)
        tree = self._tree(posixpath.join(folder, "_rels", f"{base}.rels"))
        return {
            identifier: (kind, posixpath.normpath(posixpath.join(folder, target)) if not target.startswith("/") else target[1:])
            for identifier, kind, target in docx_flow.relations_of(tree)
        }

    def _named(self, rels: str, kind: str, folder: str) -> str:
        for _, what, target in docx_flow.relations_of(self._tree(rels)):
            path = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
            if what == kind and path in self._members:
                return path
        return ""

    def _part(self, kind: str) -> str:
        """The member with the styles, the notes, ... of the document, '' where it has none."""
        named = next((path for what, path in self._links.values() if what == kind and path in self._members), "")
        return named or (f"word/{kind}.xml" if f"word/{kind}.xml" in self._members else "")

    def _target(self, identifier: str) -> str:
        kind, path = self._links.get(identifier, ("", ""))
        return path if kind else ""


def _own_styles(root: "etree._Element | None") -> "etree._Element":
    """The names of all styles, and our own, for mammoth. A style that does not say of which kind it is counts as one of
    paragraphs; how styles look has been read, and is left out, as mammoth takes long over it."""
    from lxml import etree

    out = etree.Element(f"{W}styles")
    found = [
        (str(style.get(f"{W}styleId")), str(style.get(f"{W}type") or "paragraph"), value(style, "name") or "")
        for style in (root.iterfind(f"{W}style") if root is not None else ())
        if style.get(f"{W}styleId") is not None
    ]
    for identifier, kind, name in found + [(key, kind, name) for key, (kind, name) in docx_flow.OWN_STYLES.items()]:
        style = etree.SubElement(out, f"{W}style", {f"{W}type": kind, f"{W}styleId": identifier})
        etree.SubElement(style, f"{W}name", {f"{W}val": name})
    return out


def _number_items(root: Tag) -> None:
    """Gives list items the numbers that Word prints."""
    for label in root.find_all("data"):
        item = label.find_parent("li")
        if isinstance(item, Tag):
            item["value"] = label.get_text()
        label.decompose()


def _take_notes(root: Tag, gallery: Gallery) -> str:
    """Footnotes as Markdown writes them: marks in the text, and the notes, which are taken out of the tree."""
    numbers: dict[str, int] = {}
    for link in root.find_all("a", href=_NOTE):
        key = str(link["href"])[1:]
        number = numbers.setdefault(key, len(numbers) + 1)
        mark = link.find_parent("sup")
        (mark if isinstance(mark, Tag) else link).replace_with(f"\x03{number}\x04")
    out = []
    for key, number in numbers.items():
        item = root.find("li", id=key)
        if not isinstance(item, Tag):
            continue
        for back in item.find_all("a", href=_BACK):
            back.decompose()
        listing, item.name = item.parent, "div"
        text = " ".join(to_markdown(item, picture_target(gallery)).split())
        item.decompose()
        if isinstance(listing, Tag) and not listing.find("li"):
            listing.decompose()
        if text:
            out.append(f"[^{number}]: {text}")
    return "\n".join(out)
