"""Compares what two trees hold besides records and projections: people's pages and edits, links, approvals, the length of texts.

Invariant: reads the files that differ, people's pages, and the texts of folders in which documents were added or removed; writes
nothing. A page is a person's if its seal says so, whoever committed it. Only a link whose target appeared or vanished is
reported, not one that was broken before, too.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set

from msgspec import Struct

from gitkb.branch.renames import edited_renames, renames
from gitkb.commands.diff.report import Change, LinkChange, PersonChange, TextChange
from gitkb.commands.diff.shown_pages import Side
from gitkb.commands.diff.text_changes import headings, line_change, text_change
from gitkb.errors import FormatError
from gitkb.formats.decisions import DECISIONS
from gitkb.formats.declared_sources import SOURCES, SYNCED
from gitkb.formats.overviews import OVERVIEWS
from gitkb.formats.records import source_path
from gitkb.model.documents import Record, Tree, TreeChange
from gitkb.store.snapshot import Snapshot
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import links, one_line, resolve
from gitkb.wiki.hand_edits import EDITED, Seal, state
from gitkb.wiki.projection import is_page, is_shared

_HEADINGS = 60
SHORT = 1_500
"""Characters of a new document whose text a reviewer reads whole."""
_LINK = re.compile(r"(?<!\\)\]\(([^()\s<>]+)\)")


class LinkChanges(Struct, frozen=True):
    """Links broken and mended, sorted by page and target."""

    broken: tuple[LinkChange, ...] = ()
    mended: tuple[LinkChange, ...] = ()


class LinkedPage(Struct, frozen=True):
    """A page whose links may differ: its text on both sides, None where it does not exist."""

    path: str
    before: str | None
    after: str | None


def link_changes(pages: Iterable[LinkedPage], was: Callable[[str], bool], exists: Callable[[str], bool]) -> LinkChanges:
    """Compares the links of people's pages; `was` and `exists` say whether a path is there before and after."""
    broken, mended = [], []
    for page in pages:
        before = set(_targets(page.path, page.before)) if page.before is not None else set()
        after = before if page.before == page.after else set(_targets(page.path, page.after or ""))
        lost = {target for target in after if not exists(target) and (target not in before or was(target))}
        found = {target for target in before & after if exists(target) and not was(target)}
        broken += [LinkChange(page.path, target) for target in lost]
        mended += [LinkChange(page.path, target) for target in found]
    return LinkChanges(tuple(sorted(broken, key=_order)), tuple(sorted(mended, key=_order)))


def links_to(path: str, text: str, targets: Collection[str]) -> Iterator[str]:
    """Those of the targets to which a converted text links, without parsing it; sorted."""
    found = {target for link in _LINK.findall(text) if (target := _path(path, link)) in targets}
    yield from sorted(found)


def _targets(page: str, text: str) -> Iterator[str]:
    """The paths to which a page links. A `[[name]]` may mean any page and is left to `check`."""
    for link in links(frontmatter.cut(text)[1]):
        if not link.wiki and (target := _path(page, link.target)) and target != page:
            yield target


def _path(page: str, target: str) -> str:
    found = resolve(page, target)
    return found[0] if found is not None else ""


def _order(link: LinkChange) -> tuple[str, str]:
    return link.page, link.target


_TOPICS = ("wiki/concepts", "wiki/entities")
_OWN = ("wiki/sources/", "wiki/summaries/")
_GENERATED = frozenset((*_TOPICS, "wiki/sources", "wiki/summaries"))
_NO_PERSONS = (".gitkb/documents/", f"{EDITED}/", f"{DECISIONS}/", f"{OVERVIEWS}/", f"{SOURCES}/", f"{SYNCED}/", "raw/")


class Trees(Struct):
    """The trees of both sides, what differs between them, and what was projected for them."""

    base: Snapshot
    head: Snapshot
    changes: list[TreeChange]
    base_side: Side
    head_side: Side
    _renamed: Mapping[str, str] | None = None

    def committed(self) -> frozenset[str]:
        """The paths of the pages that may differ and stand in the tree of the head."""
        return frozenset(path for path in self.head_side.views if self.head.blob(path) is not None)

    def committed_before(self) -> frozenset[str]:
        """The paths of the pages that may differ and stand in the tree of the base."""
        return frozenset(path for path in self.base_side.views if self.base.blob(path) is not None)

    def edited(self) -> list[PersonChange]:
        """What people wrote, edited or deleted, by path."""
        found = []
        for change in self.changes:
            if self._is_own(change) or change.path.startswith(_NO_PERSONS):
                continue
            before, after = self._text(change.old), self._text(change.new)
            if change.path.startswith("wiki/") and _generated(change.path, before) and _generated(change.path, after):
                continue
            old, new = self._lines(change.path, before, after)
            gained, lost = (Counter(new) - Counter(old)).total(), (Counter(old) - Counter(new)).total()
            if not gained and not lost and before is not None and after is not None and change.path.startswith("wiki/"):
                continue  # the projection changed around a person's words
            kind = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
            found.append(PersonChange(kind, change.path, gained, lost, _words(change.path, old, new)))
        return found

    def renamed(self) -> Mapping[str, str]:
        """Old names of documents to new ones, also of those that were edited on the way."""
        if self._renamed is None:
            before, after = self.base_side.records, self.head_side.records
            same = renames(before, after)
            gone = {name: document_text(self.base, before[name]) for name in before.keys() - after.keys() - same.keys()}
            come = before.keys() | set(same.values())
            new = {name: document_text(self.head, after[name]) for name in after.keys() - come} if gone else {}
            self._renamed = {**same, **edited_renames(gone, new)}
        return self._renamed

    def texts(self) -> dict[str, TextChange]:
        """What changed in the texts of the documents that both sides have, by their names at the head."""
        before, after = self.base_side.records, self.head_side.records
        old_names = {new: old for old, new in self.renamed().items()}
        found = {}
        for name, record in after.items():
            old = before.get(old_names.get(name, name))
            if old is not None:
                bodies = document_text(self.base, old), document_text(self.head, record)
                if bodies[0] != bodies[1]:
                    found[name] = text_change(*bodies, record.language)
        return found

    def forms(self) -> dict[str, tuple[str, ...]]:
        """The headings of the documents that only the head has, without their titles."""
        return {name: tuple(map(one_line, headings(text)))[:_HEADINGS] for name, text in self._new()}

    def short(self) -> dict[str, str]:
        """The texts of those documents that only the head has, without their titles, as far as they are short enough to be read
        in a diff. They steer no terminal."""
        records = self.head_side.records
        texts = {name: text.strip() for name, text in self._new() if len(text) <= SHORT}
        bodies = {name: text.removeprefix(f"# {records[name].title}\n").strip() for name, text in texts.items()}
        return {name: "\n".join(map(_harmless, body.split("\n"))) for name, body in bodies.items()}

    def _new(self) -> Iterator[tuple[str, str]]:
        for name in sorted(self.head_side.records.keys() - self.base_side.records.keys() - set(self.renamed().values())):
            yield name, document_text(self.head, self.head_side.records[name])

    def said_verified(self) -> dict[str, str]:
        """The pages that say at the base that somebody approved them, with the words for it, of those that differ now."""
        found = {}
        for path, view in self.base_side.views.items():
            if view != self.head_side.views.get(path):
                words = _approval(self.base.read(path) or b"")
                if words:
                    found[path] = words
        return found

    def letters(self) -> dict[str, int]:
        """The length of the converted text of each document that differs and has more than one page."""
        found = {}
        for name, record in self.head_side.records.items():
            if record.source.pages > 1:
                texts = [file for file in record.files if file.startswith("wiki/sources/") and file.endswith(".md")]
                found[name] = sum(len(self.head.read(file) or b"") for file in texts)
        return found

    def links(self) -> LinkChanges:
        """Links of people's pages and of other documents' texts whose targets came or went."""
        people = link_changes(
            self._people(),
            lambda path: self._exists(self.base, self.base_side.paths, path),
            lambda path: self._exists(self.head, self.head_side.paths, path),
        )
        texts = self._texts()
        return LinkChanges((*people.broken, *texts.broken), (*people.mended, *texts.mended))

    def _exists(self, tree: Snapshot, projected: Collection[str], path: str) -> bool:
        if is_page(path):
            return path in projected or self._is_kept(tree, path)
        return is_shared(path) or not path.endswith(".md") or tree.blob(path) is not None

    def _is_kept(self, tree: Snapshot, path: str) -> bool:
        """Whether a page without support stays because a person's words are on it."""
        content = tree.read(path)
        return content is not None and state(content) is not Seal.GENERATED

    def _people(self) -> Iterator[LinkedPage]:
        """People's pages and edited ones at the head, in both versions."""
        projected = self.head_side.paths
        paths = {path.removeprefix(f"{EDITED}/") for path, _ in self.head.files(EDITED)}
        for path, _ in self.head.files("wiki", _GENERATED):
            if path.endswith(".md") and not is_shared(path):
                paths.add(path)
        for folder in _TOPICS:
            for path, _ in self.head.files(folder):
                if path not in projected and path.endswith(".md") and (is_page(path) or not is_shared(path)):
                    paths.add(path)
        for path in sorted(paths):
            after = self.head.read(path)
            if after is not None and not _generated(path, after):
                before = self.base.read(path)
                yield LinkedPage(path, None if before is None else _decoded(before), _decoded(after))

    def _texts(self) -> LinkChanges:
        """Links of converted texts to documents that came or went. They are looked for where the document's own folder is:
        links between documents never leave the folder that was added."""
        before, after = set(self.base_side.records), set(self.head_side.records)
        gone = {source_path(name) for name in before - after}
        come = {source_path(name) for name in after - before}
        broken: list[LinkChange] = []
        mended: list[LinkChange] = []
        for path, oid in self._neighbours(gone | come):
            for target in links_to(path, _decoded(self.head.read_blob(oid)), gone | come):
                (broken if target in gone else mended).append(LinkChange(path, target))
        return LinkChanges(tuple(broken), tuple(mended))

    def _neighbours(self, moved: Set[str]) -> Iterator[tuple[str, str]]:
        """The texts, in folders of these documents, of documents that did not change."""
        own = {file for record in self.head_side.records.values() for file in record.files}
        for root in sorted({"/".join(path.split("/")[:3]) for path in moved}):
            folder = root if not root.endswith(".md") else "wiki/sources"
            for path, oid in self.head.files(folder):
                direct = folder != "wiki/sources" or path.count("/") == 2
                if path.endswith(".md") and path not in own and direct and not is_shared(path):
                    yield path, oid

    def _is_own(self, change: TreeChange) -> bool:
        """Whether a path is a new document's, or one that went with its document: nobody has edited it in between."""
        if not change.path.startswith(_OWN):
            return False
        return (change.old is None or change.new is None) or not change.path.endswith(".md")

    def _lines(self, path: str, before: bytes | None, after: bytes | None) -> tuple[list[str], list[str]]:
        """A person's lines on both sides; lines of the projection are not a person's."""
        kept = [tree.read(f"{EDITED}/{path}") for tree in (self.base, self.head)]
        if kept[0] is not None or (kept[1] is not None and before is not None and state(before) is Seal.GENERATED):
            return _own(before, kept[0] or before), _own(after, kept[1] or after)
        return _own(before, None), _own(after, None)

    def _text(self, oid: str | None) -> bytes | None:
        return None if oid is None else self.head.read_blob(oid)


def document_text(tree: Tree, record: Record) -> str:
    """The converted text of a document, all chapters in order; their table of contents is no text."""
    files = [file for file in record.files if file.startswith("wiki/sources/") and file.endswith(".md")]
    chapters = [file for file in files if file != source_path(record.document)]
    return "\n\n".join(frontmatter.cut(_decoded(tree.read(file) or b""))[1] for file in sorted(chapters or files))


def _generated(path: str, content: bytes | None) -> bool:
    """Whether gitkb alone wrote a page; False for a file that is no page."""
    return content is None or (path.endswith(".md") and state(content) is Seal.GENERATED)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _harmless(line: str) -> str:
    """A line as it is indented, without what steers a terminal."""
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + one_line(line)


def _own(content: bytes | None, projected: bytes | None) -> list[str]:
    """The lines of a page that its projection does not have, in order; none for a file that is not text."""
    if b"\0" in (content or b""):
        return []
    left = Counter((projected or b"").splitlines())
    own = []
    for line in (content or b"").splitlines():
        if left[line] > 0:
            left[line] -= 1
        else:
            own.append(_decoded(line))
    return own


def _words(path: str, old: list[str], new: list[str]) -> TextChange:
    """What changed in a person's lines: sentence by sentence on a page, line by line elsewhere."""
    return text_change("\n".join(old), "\n".join(new)) if path.endswith(".md") else line_change(old, new)


def _approval(content: bytes) -> str:
    """The approval in a page's front matter, "" for none."""
    if b"verified:" not in content:
        return ""
    try:
        value = frontmatter.split(_decoded(content))[0].get("verified")
    except FormatError:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {value[key]}" for key in value)
    return str(value) if value and value is not True else "yes" if value else ""
