"""The codec of `.gitkb/overviews/`: the text that a model wrote for a page, and the claims that it was made from.

Invariant: an overview is shown only while the page's claims are the very ones it was made from, so it can never say what no
document says any more. A file from a clone is somebody else's data: plain sentences and names of documents, nothing else.
"""

import hashlib
import json
from collections.abc import Iterable

from msgspec import Struct

from gitkb.errors import FormatError
from gitkb.formats.records import Fields, safe_document
from gitkb.formats.topic_rows import FOLDERS, Evidence
from gitkb.formats.versions import FORMATS, Kind, canonical
from gitkb.model.documents import TopicKind
from gitkb.text.names.slugs import document_segment

OVERVIEWS = ".gitkb/overviews"
SECTIONS = ("", "parts", "workings", "comparison", "disagreement", "questions")
"""What the sentences of an overview tell, in the order of the page: "" is what the thing is."""
_KINDS: dict[str, TopicKind] = {folder: kind for kind, folder in FOLDERS.items()}


class OverviewSentence(Struct, frozen=True):
    """One plain sentence and the documents whose claims it is made from; `section` is one of `SECTIONS`."""

    text: str
    documents: tuple[str, ...]
    section: str = ""


class Overview(Struct, frozen=True):
    """The overview of one page; `claims` is the fingerprint of the claims it was made from, `by` who wrote it."""

    kind: TopicKind
    key: str
    claims: str
    sentences: tuple[OverviewSentence, ...]
    by: str

    @property
    def path(self) -> str:
        return overview_path(self.kind, self.key)


def overview_path(kind: TopicKind, key: str) -> str:
    """Where a page's overview stands."""
    return f"{OVERVIEWS}/{FOLDERS[kind]}/{key}.json"


def page_of(path: str) -> tuple[TopicKind, str] | None:
    """(kind, key) of the page whose overview stands at a path, None where the path is no overview's."""
    folder, _, name = path.removeprefix(f"{OVERVIEWS}/").partition("/")
    if not path.startswith(f"{OVERVIEWS}/") or folder not in _KINDS or not name.endswith(".json"):
        return None
    key = name.removesuffix(".json")
    return (_KINDS[folder], key) if key and document_segment(key) == key else None


def fingerprint(claims: Iterable[Evidence]) -> str:
    """What tells one set of claims from another: their texts and documents, in any order; 16 hex digits."""
    said = sorted((claim.document, claim.text) for claim in claims)
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def encode(overview: Overview) -> bytes:
    """Canonical JSON, one line a field."""
    sentences = [
        {"documents": list(each.documents), "text": each.text, **({"section": each.section} if each.section else {})}
        for each in overview.sentences
    ]
    number = FORMATS.number(Kind.OVERVIEW)
    return canonical({"by": overview.by, "claims": overview.claims, "format": number, "sentences": sentences})


def decode(content: bytes, path: str) -> Overview:
    """The overview in these bytes; `path` is where it stands. Raises `FormatError`."""
    with FORMATS.naming(path, "overview", "Delete it, then run gitkb refresh."):
        page = page_of(path)
        fields = Fields(FORMATS.upgraded(Kind.OVERVIEW, json.loads(content.decode("utf-8"))))
        if page is None:
            raise FormatError("no page's overview stands there")
        sentences = tuple(map(_sentence, fields.objects("sentences")))
        return Overview(*page, fields.text("claims", required=True), sentences, fields.text("by", required=True))


def _sentence(fields: Fields) -> OverviewSentence:
    documents = fields.texts("documents")
    if not documents or not all(map(safe_document, documents)):
        raise FormatError("a sentence names no document, or one of an impossible name")
    section = fields.text("section")
    return OverviewSentence(fields.text("text", required=True), documents, section if section in SECTIONS else "")
