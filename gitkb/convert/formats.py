"""The formats that gitkb reads: endings, media types, and the version of each converter.

Invariant: a converter's number is raised whenever its output changes, also by what the converted text passes through on its way
to the page (`gitkb.text.markdown.retarget`): conversions are cached by it, and documents of another number are outdated. This
module imports nothing heavy: a scan asks it about every file it meets.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OFFICE = "application/vnd.openxmlformats-officedocument"
OPENDOCUMENT = "application/vnd.oasis.opendocument"


class Format(Struct, frozen=True):
    """What a file holds: its media type, and who reads it ("pdf/1")."""

    media_type: str
    converter: str


class Family(Struct, frozen=True):
    """One kind of document: its converter's name and version, its words for people, its endings (the usual one first), the module
    that reads it. Files of a family `on_request` are documents only where somebody names them: folders are full of others. Those
    `by_ocr` are documents only where the settings ask for OCR. Those `through` an ending are first saved so by LibreOffice.

    The name stands in every record that the converter made. It never changes, whatever the module is called.
    """

    name: str
    version: int | str
    media_type: str
    noun: str
    endings: tuple[str, ...]
    program: str = ""
    reader: str = ""
    on_request: bool = False
    by_ocr: bool = False
    through: str = ""

    @property
    def format(self) -> Format:
        return Format(self.media_type, f"{self.name}/{self.version}")


PDF = Family("pdf", 5, "application/pdf", "PDF document", (".pdf",), reader="pdf.reader")
DOCX = Family("word", 4, f"{OFFICE}.wordprocessingml.document", "Word document", (".docx", ".docm"), "Word", reader="office.docx")
PPTX = Family(
    "slides",
    3,
    f"{OFFICE}.presentationml.presentation",
    "PowerPoint presentation",
    (".pptx", ".ppsx", ".pptm"),
    "PowerPoint",
    reader="office.pptx",
)
XLSX = Family("sheets", 2, f"{OFFICE}.spreadsheetml.sheet", "Excel workbook", (".xlsx", ".xlsm"), "Excel", reader="office.xlsx")
XLS = Family(
    "oldsheets", 2, "application/vnd.ms-excel", "Excel workbook of the old kind (xls)", (".xls",), "Excel", reader="office.xls"
)
DOC = Family(
    "oldword",
    f"1.{DOCX.version}",
    "application/msword",
    "Word document of the old kind (doc)",
    (".doc", ".dot"),
    "Word",
    reader=DOCX.reader,
    through="docx",
)
PPT = Family(
    "oldslides",
    f"1.{PPTX.version}",
    "application/vnd.ms-powerpoint",
    "PowerPoint presentation of the old kind (ppt)",
    (".ppt", ".pps"),
    "PowerPoint",
    reader=PPTX.reader,
    through="pptx",
)
HTML = Family("webpage", 3, "text/html", "web page (HTML)", (".html", ".htm"), reader="html.reader")
FETCHED = Family("fetchedpage", 2, "text/html", "web page (HTML)", (), reader="html.fetched")
"""HTML that was fetched from the web, when it is known where."""
MARKDOWN = Family("markdown", 6, "text/markdown", "Markdown text", (".md", ".markdown", ".mdx"), reader="plaintext.markdown")
CANVAS = Family("canvas", 1, "application/json", "canvas of Obsidian", (".canvas",), "Obsidian", reader="plaintext.vaults")
RST = Family("restructured", 3, "text/x-rst", "reStructuredText", (".rst",), reader="plaintext.rst")
TEXT = Family("plain", 2, "text/plain", "plain text", (".txt",), reader="plaintext.plain")
CSV = Family("delimited", 2, "text/csv", "comma-separated table", (".csv",), reader="plaintext.csv_tables")
TSV = Family("delimited", 2, "text/tab-separated-values", "tab-separated table", (".tsv",), reader="plaintext.csv_tables")
EPUB = Family("book", 3, "application/epub+zip", "EPUB book", (".epub",), reader="plaintext.epub")
NOTEBOOK = Family(
    "notebook", 3, "application/x-ipynb+json", "Jupyter notebook", (".ipynb",), "Jupyter", reader="plaintext.notebook"
)
EML = Family("message", 1, "message/rfc822", "e-mail message", (".eml",), reader="mail.email_message")
MBOX = Family("mailbox", 1, "application/mbox", "mailbox (mbox)", (".mbox",), reader="mail.mailbox_file")
MSG = Family("outlook", 2, "application/vnd.ms-outlook", "Outlook message", (".msg",), "Outlook", reader="mail.outlook_message")
ODT = Family(
    "opentext", 1, f"{OPENDOCUMENT}.text", "OpenDocument text", (".odt", ".ott"), "LibreOffice", reader="opendocument.odt"
)
ODS = Family(
    "opensheets",
    1,
    f"{OPENDOCUMENT}.spreadsheet",
    "OpenDocument workbook",
    (".ods", ".ots"),
    "LibreOffice",
    reader="opendocument.ods",
)
ODP = Family(
    "openslides",
    1,
    f"{OPENDOCUMENT}.presentation",
    "OpenDocument presentation",
    (".odp", ".otp"),
    "LibreOffice",
    reader="opendocument.odp",
)
RTF = Family("richtext", 1, "application/rtf", "Rich Text document (RTF)", (".rtf",), reader="plaintext.rtf")
JSON = Family("jsondata", 1, "application/json", "JSON file", (".json",), reader="plaintext.structured", on_request=True)
YAML = Family("yamldata", 1, "application/yaml", "YAML file", (".yaml", ".yml"), reader="plaintext.structured", on_request=True)
TOML = Family("tomldata", 1, "application/toml", "TOML file", (".toml",), reader="plaintext.structured", on_request=True)
XML = Family("xmldata", 1, "application/xml", "XML file", (".xml",), reader="plaintext.structured", on_request=True)
ASCIIDOC = Family("asciidoc", 1, "text/asciidoc", "AsciiDoc text", (".adoc", ".asciidoc"), reader="markup.asciidoc")
ORG = Family("org", 1, "text/org", "Org text", (".org",), reader="markup.org")
LATEX = Family("latex", 1, "text/x-tex", "LaTeX text", (".tex", ".latex"), reader="markup.latex_source")
TEXTILE = Family("textile", 1, "text/x-textile", "Textile text", (".textile",), reader="markup.textile_text")
MEDIAWIKI = Family(
    "mediawiki", 1, "text/x-wiki", "MediaWiki text", (".mediawiki", ".wikitext", ".wiki"), reader="markup.mediawiki"
)
CODE = Family(
    "sourcecode",
    1,
    "text/x-source",
    "source code",
    tuple(
        f".{ending}"
        for ending in (
            "py js ts jsx tsx mjs java kt scala c h cc cpp hpp cs go rs rb php pl pm lua r jl swift m sh bash zsh ps1 sql hs ml "
            "clj ex erl el lisp vue svelte css scss proto tf gradle"
        ).split()
    ),
    reader="plaintext.source_code",
    on_request=True,
)
PNG = Family("picture", 2, "image/png", "PNG picture", (".png",), reader="pdf.picture", by_ocr=True)
JPEG = Family("picture", 2, "image/jpeg", "JPEG picture", (".jpg", ".jpeg"), reader="pdf.picture", by_ocr=True)
TIFF = Family("picture", 2, "image/tiff", "TIFF picture", (".tiff", ".tif"), reader="pdf.picture", by_ocr=True)

FAMILIES = (
    PDF,
    DOCX,
    PPTX,
    XLSX,
    XLS,
    DOC,
    PPT,
    HTML,
    MARKDOWN,
    CANVAS,
    RST,
    TEXT,
    CSV,
    TSV,
    EPUB,
    NOTEBOOK,
    EML,
    MBOX,
    MSG,
    ODT,
    ODS,
    ODP,
    RTF,
    JSON,
    YAML,
    TOML,
    XML,
    ASCIIDOC,
    ORG,
    LATEX,
    TEXTILE,
    MEDIAWIKI,
    CODE,
    PNG,
    JPEG,
    TIFF,
)
SEEING = ("pdf.reader", "pdf.picture")
"""The readers that may read by OCR: they are told a clock besides."""
TEXTUAL = (MARKDOWN, CANVAS, RST, TEXT, CSV, TSV, JSON, YAML, TOML, XML, ASCIIDOC, ORG, LATEX, TEXTILE, MEDIAWIKI, CODE)
CONVERTERS = {family.name: family.format.converter for family in (*FAMILIES, FETCHED)}
"""The converters by name, as records name them now ("pdf": "pdf/1")."""
BY_ENDING = {ending: family for family in FAMILIES for ending in family.endings}
ENDINGS = tuple(sorted(BY_ENDING))
READERS = "gitkb.readers"
"""The group of the entry points by which other packages read more formats; see `gitkb.convert.plugin_reader`."""


def ending_of(name: str) -> str:
    """The lower-case ending of a file name with its dot, '' where there is none ("README", "notes of 3. May")."""
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem and ending.isalnum() else ""


class Plugged(Struct, frozen=True):
    """A reader of another package, and the family that it makes: named after the package, with the package's version."""

    family: Family
    entry_point: "EntryPoint"


@lru_cache(maxsize=1)
def plugged() -> dict[str, Plugged]:
    """The readers of installed packages by ending, without those for endings that gitkb reads itself. Loads none of them."""
    from importlib.metadata import entry_points

    found: dict[str, Plugged] = {}
    named = [(each.dist.name, each) for each in entry_points(group=READERS) if each.dist is not None]
    for package, each in sorted(named, key=lambda pair: (pair[0], pair[1].name)):
        ending = f".{each.name.lower().removeprefix('.')}"
        if each.dist is not None and ending_of(f"x{ending}") and ending not in BY_ENDING and package not in CONVERTERS:
            kind, version = ending[1:], each.dist.version
            family = Family(package, version, f"application/x-{kind}", f"{kind} file", (ending,), reader="plugin_reader")
            found.setdefault(ending, Plugged(family, each))
    return found


def family_of(ending: str) -> Family | None:
    """The family that files with an ending are of, None where nobody reads them."""
    if ending in BY_ENDING or not ending:
        return BY_ENDING.get(ending)
    found = plugged().get(ending)
    return found.family if found else None


def converter_of(name: str) -> str:
    """The converter of a family by its name as records name it now ("pdf/1"); '' where it is none, or its package is gone."""
    others = (each.family for each in plugged().values()) if name not in CONVERTERS else ()
    return CONVERTERS.get(name) or next((family.format.converter for family in others if family.name == name), "")


def supported(name: str, *, asked: bool = False, ocr: bool = False) -> bool:
    """Whether a file of this name may hold a document, by its ending alone; a name without an ending may.

    `asked`: somebody has named it, or its ending. `ocr`: the settings ask for it.
    """
    ending = ending_of(name)
    family = family_of(ending)
    return not ending or (family is not None and (asked or not family.on_request) and (ocr or not family.by_ocr))
