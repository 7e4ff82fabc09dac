"""The codec of `.gitkb/decisions/`: what was decided about names, by a person or a model, and holds for every later document.

Invariant: one file for each name or pair, named after it, so that branches which decide different things never collide. A file
from a clone is somebody else's data: what does not agree with its own path is no decision (`FormatError`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from gitkb.errors import FormatError
from gitkb.formats.records import Fields, safe_document
from gitkb.formats.versions import FORMATS, Kind, canonical
from gitkb.model.documents import Tree, TreeChange
from gitkb.text.names.slugs import document_segment

DECISIONS = ".gitkb/decisions"
_SAME, _APART, _NO_PAGE = f"{DECISIONS}/same-as/", f"{DECISIONS}/keep-apart/", f"{DECISIONS}/no-page/"
SENSES = f"{DECISIONS}/other-sense"
_SENSE = f"{SENSES}/"
REMOVED = f"{DECISIONS}/removed"


class Removed(Struct, frozen=True):
    """A document was removed and shall not return by itself. Who decided so is in the commit, so two people who remove the same
    document decide the same, to the byte."""

    document: str

    @property
    def path(self) -> str:
        return removed_path(self.document)


def removed_path(document: str) -> str:
    """Where it says that a document was removed."""
    return f"{REMOVED}/{document}.json"


def removed_document_of(path: str) -> str | None:
    """The document whose removal stands at a path, None where none does."""
    inside = path.startswith(f"{REMOVED}/") and path.endswith(".json")
    return path[len(REMOVED) + 1 : -len(".json")] if inside else None


def encode_removed(removed: Removed) -> bytes:
    """Canonical JSON, one line a field."""
    return canonical({"format": FORMATS.number(Kind.DECISION), "removed": removed.document})


def decode_removed(content: bytes, path: str) -> Removed:
    """The removal in these bytes; `path` is where it stands. Raises `FormatError`."""
    with FORMATS.naming(path, "decision", "Take the file from git, or delete it."):
        fields = Fields(FORMATS.upgraded(Kind.DECISION, json.loads(content.decode("utf-8"))))
        document = fields.text("removed", required=True)
        if document != removed_document_of(path) or not safe_document(document):
            raise FormatError("it names another document than its file")
        return Removed(document)


class SameAs(Struct, frozen=True):
    """The name of key `name` means what `key` means: its claims go on that page. `by` says who decided ("model gpt-4.1-mini")."""

    name: str
    key: str
    by: str

    @property
    def path(self) -> str:
        return f"{_SAME}{self.name}.json"

    @property
    def names(self) -> tuple[str, str]:
        return self.name, self.key


class KeepApart(Struct, frozen=True):
    """Two keys, sorted, that mean different things however alike they look."""

    one: str
    other: str
    by: str

    @property
    def path(self) -> str:
        return f"{_APART}{self.one}--{self.other}.json"

    @property
    def names(self) -> tuple[str, str]:
        return self.one, self.other


class NoPage(Struct, frozen=True):
    """The key `name` gets no page, whatever documents say of it."""

    name: str
    by: str

    @property
    def path(self) -> str:
        return f"{_NO_PAGE}{self.name}.json"

    @property
    def names(self) -> tuple[str]:
        return (self.name,)


class OtherSense(Struct, frozen=True):
    """In these documents (sorted) the key `name` means something else, which is called `title` and has the key `key`."""

    name: str
    key: str
    title: str
    documents: tuple[str, ...]
    by: str

    @property
    def path(self) -> str:
        return f"{_SENSE}{self.name}--{self.key}.json"

    @property
    def names(self) -> tuple[str, str]:
        return self.name, self.key


Decision = SameAs | KeepApart | NoPage | OtherSense


def is_decision(path: str) -> bool:
    """Whether a decision about names may stand at a path."""
    return path.startswith((_SAME, _APART, _NO_PAGE, _SENSE)) and path.endswith(".json")


def is_sense(path: str) -> bool:
    """Whether a decision that a name has another meaning in some documents may stand at a path."""
    return path.startswith(_SENSE) and path.endswith(".json")


def concerned(tree: Tree, change: TreeChange) -> set[str]:
    """The keys that a change of the decision at its path concerns, before and after; none where it is no decision's."""
    found: set[str] = set()
    for oid in (change.old, change.new) if is_decision(change.path) else ():
        with suppress(FormatError):
            found.update(decode(tree.read_blob(oid), change.path).names if oid is not None else ())
    return found


def told_otherwise(tree: Tree, change: TreeChange) -> set[str]:
    """The documents in which a name means something else by the decision at a path, before and after; none where it is another
    decision's."""
    found: set[str] = set()
    for oid in (change.old, change.new) if is_sense(change.path) else ():
        with suppress(FormatError):
            decision = decode(tree.read_blob(oid), change.path) if oid is not None else None
            found.update(decision.documents if isinstance(decision, OtherSense) else ())
    return found


def renamed_senses(contents: Iterable[tuple[str, bytes]], moves: Mapping[str, str]) -> dict[str, bytes]:
    """Of decisions, given with their paths, those that name documents by old names, with the new ones; `moves` are old names with
    new ones."""
    found = {}
    for path, content in contents:
        with suppress(FormatError):
            decision = decode(content, path)
            if isinstance(decision, OtherSense) and not moves.keys().isdisjoint(decision.documents):
                found[path] = encode(replace(decision, documents=_moved(decision, moves)))
    return found


def united_senses(
    bases: Sequence[OtherSense], ours: OtherSense, theirs: OtherSense, moves: Mapping[str, str]
) -> OtherSense | None:
    """A decision that two sides changed: the documents that either added, without those that either took out, by their new names.
    None where the sides call the other meaning differently, or no document is left."""
    before = set[str]().union(*(_moved(base, moves) for base in bases))
    mine, other = set(_moved(ours, moves)), set(_moved(theirs, moves))
    documents = (mine | other) - ((before - mine) | (before - other))
    return replace(ours, documents=tuple(sorted(documents))) if documents and ours.title == theirs.title else None


def _moved(decision: OtherSense, moves: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted({moves.get(document, document) for document in decision.documents}))


def encode(decision: Decision) -> bytes:
    """Canonical JSON, one line a field."""
    data: dict[str, object] = {"by": decision.by, "format": FORMATS.number(Kind.DECISION)}
    if isinstance(decision, SameAs):
        data["same_as"] = decision.key
    if isinstance(decision, OtherSense):
        data |= {"title": decision.title, "documents": list(decision.documents)}
    return canonical(data)


def decode(content: bytes, path: str) -> Decision:
    """The decision in these bytes; `path` is where it stands. Raises `FormatError`."""
    with FORMATS.naming(path, "decision", "Take the file from git, or delete it."):
        return _decision(Fields(FORMATS.upgraded(Kind.DECISION, json.loads(content.decode("utf-8")))), path)


def _decision(fields: Fields, path: str) -> Decision:
    if not is_decision(path):
        raise FormatError("no decision stands there")
    stem, by = path.rpartition("/")[2].removesuffix(".json"), fields.text("by", required=True)
    found: Decision
    if path.startswith(_SAME):
        found = SameAs(stem, fields.text("same_as", required=True), by)
    elif path.startswith(_NO_PAGE):
        found = NoPage(stem, by)
    elif path.startswith(_SENSE):
        found = _other_sense(stem, fields, by)
    else:
        one, _, other = stem.partition("--")
        found = KeepApart(one, other, by)
    if found.path != path or len(set(found.names)) < len(found.names) or not all(map(_is_key, found.names)):
        raise FormatError("it is about no name, no two different names, or stands under another name")
    if isinstance(found, KeepApart) and found.one > found.other:
        raise FormatError("its names are not in order")
    return found


def _other_sense(stem: str, fields: Fields, by: str) -> OtherSense:
    name, _, key = stem.partition("--")
    found = OtherSense(name, key, fields.text("title", required=True), fields.texts("documents"), by)
    if (
        not found.documents
        or list(found.documents) != sorted(set(found.documents))
        or not all(map(safe_document, found.documents))
    ):
        raise FormatError("it names no documents, or not each once and in order")
    return found


def _is_key(name: str) -> bool:
    return bool(name) and document_segment(name) == name
