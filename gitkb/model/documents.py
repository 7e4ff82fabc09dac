"""What a document is on its way through gitkb: source, conversion, digest, record, claims with their evidence; and the files of
one commit, without git.

A `Record` is the truth about one document; shared pages are a projection of records. These types hold plain
data (no handles, no paths of this machine), so they travel between processes and into JSON unchanged.
Paths named `path` are POSIX paths inside the repository; `file` is a file of this machine.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct, field

LARGE = ".lfs"
"""What stands before the ending of a large original's path where it is kept in Git LFS: `raw/papers/book.lfs.pdf`."""

TopicKind = Literal["concept", "entity"]


class Place(Struct, frozen=True):
    """Where in a document something stands: a link target inside its converted text.

    `path` is the file below `wiki/` ("sources/papers/aries.md", or a chapter file), `anchor` the fragment without '#'
    ("page-97", "checkpointing"; empty for the top of the file), `label` what a reader sees ("p. 97", "Checkpointing").
    """

    path: str
    anchor: str
    label: str


class Claim(Struct, frozen=True):
    """One self-contained sentence that a document states, and where.

    `text` is one line of plain text (no Markdown markup, no line break). `quote` is the verbatim passage where it differs from
    `text`, else empty. `score` (0..1, four decimals) says how good a claim it is, from the document alone. `defines` marks a
    sentence of the form "X is a ..." about its topic.
    """

    text: str
    place: Place
    score: float = 0.0
    defines: bool = False
    quote: str = ""


class Topic(Struct, frozen=True):
    """A concept or entity that one document speaks of, with its claims in text order.

    `defined` says whether this document defines it well enough to justify a page on its own. `entity_type` is
    "person", "organisation", ... for entities, empty for concepts. `weight` (0..1) is its prominence in this document.
    """

    kind: TopicKind
    name: str
    aliases: tuple[str, ...] = ()
    entity_type: str = ""
    defined: bool = False
    weight: float = 0.0
    claims: tuple[Claim, ...] = ()


class Source(Struct, frozen=True):
    """The original of a document: `path` as it was added ("docs/guide/Intro to X.pdf"), never absolute. `url` is the address of
    one that was fetched from the web, "" for files. Of such a one, `charset` is what its server said ("": nothing known) and
    `base` the address against which its links count, "" where that is `url`."""

    path: str
    sha256: str
    size: int
    media_type: str
    pages: int = 0
    url: str = ""
    charset: str = ""
    base: str = ""


class Record(Struct, frozen=True):
    """Everything gitkb knows of one document, stored as `.gitkb/documents/<document>.json`.

    `document` is its name ("docs/guide/intro-to-x"); `files` all of its own paths in the repository except the record itself,
    sorted; `converter` and `compiler` name who made it ("pdf/1", "gitkb-extractive/1"), `settings` is the fingerprint of the
    settings that the compiler was given, empty for the defaults; `dates` are dates the source itself states, ISO 8601, by name
    ("published"). `title_reason` says in words why this is the title, `ocr` what of the document was read by OCR and by whom
    ("all pages, by rapidocr 3.10.0"), "" for nothing, `by_rules` which fields the rules filled because the model's reply had too
    little for them ("description, key points"), `described` which pictures a model described, and which model did ("2 pictures,
    pages 1-3 of 12, by qwen2.5vl"); a gitkb that does not know these reads over them.
    """

    document: str
    title: str
    description: str
    language: str
    source: Source
    converter: str
    compiler: str
    files: tuple[str, ...]
    topics: tuple[Topic, ...] = ()
    authors: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    title_reason: str = ""
    ocr: str = ""
    by_rules: str = ""
    described: str = ""


class Heading(Struct, frozen=True):
    """A heading of a converted text: `level` 1..6, plain `title`, `anchor` as a link reaches it, `line` 1-based."""

    level: int
    title: str
    anchor: str
    line: int


class Picture(Struct, frozen=True):
    """A picture taken out of a document. `name` is how the Markdown refers to it ("picture-1.png"); `data` its bytes."""

    name: str
    data: bytes
    media_type: str

    @property
    def is_page(self) -> bool:
        """Whether it is the drawing of a page ("scan-3.jpg"), which is not kept beside the text as other pictures are."""
        return self.name.startswith("scan-")


TitleKind = Literal["stated", "style", "heading", "largest", "page", "metadata", "opening", "section", "unseen"]


class TitleCandidate(Struct, frozen=True):
    """A text that may be a document's title: what kind of evidence it is (`gitkb.convert.title` says what the kinds mean), and in
    words for people where it was found."""

    kind: TitleKind
    text: str
    where: str = ""


class Conversion(Struct, frozen=True):
    """What a converter makes of a document's bytes; independent of the document's name and of every other file.

    `markdown`: the body (no front matter). Pictures that were inside the document are referred to by `Picture.name`; links
    and pictures that point to other files keep the target of the original. `headings` in text order; `pages` is the number of
    source pages (PDF pages, slides, sheets) or 0. `authors`, `dates`, `description`, `aliases`, `tags`: as the source itself
    states them. `titles` are the candidates for its title, the best first; `title` is the best, '' where the text has none of its
    own. `stated` is what a page of a foreign bundle says of itself, by key. `ocr` says what was read by OCR and by whom,
    `described` which pictures a model described, and which model; '' for nothing.
    """

    markdown: str
    media_type: str
    converter: str
    title: str = ""
    language: str = ""
    pages: int = 0
    headings: tuple[Heading, ...] = ()
    pictures: tuple[Picture, ...] = ()
    authors: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    titles: tuple[TitleCandidate, ...] = ()
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ocr: str = ""
    stated: Mapping[str, str] = field(default_factory=dict)
    described: str = ""


class SummarySection(Struct, frozen=True):
    """One heading of a document's outline with its best sentences; `level` 1.. for nesting, `place` its start."""

    level: int
    title: str
    place: Place
    sentences: tuple[Claim, ...] = ()


class Digest(Struct, frozen=True):
    """What a compiler makes of one converted text: title, description (one sentence), summary along the outline, topics.

    `abstract` are a few sentences that a model wrote about the whole, in reading order; `summary` the key points. `ungrounded`
    counts the claims of a model that were dropped because the text does not support them. `title_reason` says in words why this
    is the title, `by_rules` which fields the rules filled because a model's reply had too little for them.
    """

    title: str
    description: str
    language: str
    compiler: str
    summary: tuple[Claim, ...] = ()
    outline: tuple[SummarySection, ...] = ()
    topics: tuple[Topic, ...] = ()
    abstract: tuple[Claim, ...] = ()
    ungrounded: int = 0
    title_reason: str = ""
    by_rules: tuple[str, ...] = ()


class TreeChange(Struct, frozen=True):
    """One path that differs between two trees; an oid is a 40-digit hex blob id, None where the path does not exist."""

    path: str
    old: str | None
    new: str | None


class Tree(Protocol):
    """A read-only view of the files of one commit. Never changes, takes no lock.

    `oid` is the hex id of the root tree. Symbolic links and submodules are not files: they are invisible here.
    """

    @property
    def oid(self) -> str: ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none."""

    def read_blob(self, oid: str) -> bytes:
        """The bytes of a blob by its hex id."""

    def blob(self, path: str) -> str | None:
        """The hex id of a file's blob, None where there is no file."""

    def files(self, prefix: str = "") -> Iterable[tuple[str, str]]:
        """All (path, blob id) below a folder ("wiki/concepts"), in git's order; all files for ''."""

    def changes_since(self, old: str | None) -> list[TreeChange]:
        """What differs from another root tree (hex id, None for the empty tree), sorted by path.

        Raises `KeyError` where that tree is not in the repository any more.
        """


class WebPage(Struct, frozen=True):
    """How a source was fetched: `url` is its address for good, `base` the one against which its own links count, `charset` what
    its server said (`""`: nothing). `pictures` are the files of the pictures it shows by their addresses, as far as they could
    be had; None before they were looked for."""

    url: str
    base: str
    charset: str = ""
    pictures: Mapping[str, Path] | None = None


class SourceFile(Struct, frozen=True):
    """A file that a scan found. `path` mirrors the added folder ("docs/guide/Intro to X.pdf"); `root` is the part of it
    that stands for the added folder ("docs", "" for a single file) and `folder` that folder on this machine. `page` is set
    where it was fetched from the web."""

    path: str
    file: Path
    root: str
    folder: Path
    page: WebPage | None = None

    @property
    def name(self) -> str:
        """What a person calls it: its address where it was fetched, else its path."""
        return self.page.url if self.page else self.path
