"""Works out how to take a change back: a three-way merge of the commit, its parent and now, for each record, page and file that
it changed.

Invariant: a path is taken back only if it is still as the change left it; otherwise nothing is taken back at all and the paths
are named. Pages are compared block by block, so that words which came later stay. What follows from documents (generated pages,
the projections kept of edited ones, overviews) does not count as a change. Reads trees; writes nothing.
"""

from collections.abc import Callable, Collection

from msgspec import Struct, field

from gitkb.branch.migrate import only_migrated
from gitkb.branch.renames import renamed_documents
from gitkb.branch.stored_documents import owner_of
from gitkb.formats import records
from gitkb.formats.decisions import removed_document_of
from gitkb.formats.declared_sources import SYNCED
from gitkb.formats.settings import CONFIG_PATH
from gitkb.model.documents import Tree, TreeChange
from gitkb.model.path_changes import PathChanges, PathChangesBuilder
from gitkb.text.markdown.block_merge import merge
from gitkb.wiki.hand_edits import EDITED, Seal, carried, edited_path, state, unsealed, with_seal_of
from gitkb.wiki.projection import MADE

_DERIVED = (f"{EDITED}/", ".gitkb/overviews/", MADE, f"{SYNCED}/")
Base = Callable[[str], bytes | None]


class Moment(Struct, frozen=True):
    """A tree, with `base`: the last generated version of a page in the history that leads there."""

    tree: Tree
    base: Base

    def projection(self, path: str, page: bytes | None) -> bytes | None:
        """The last text that gitkb generated for this page; None for a page that a person made."""
        kind = state(page) if page is not None else Seal.PERSON
        if kind is Seal.EDITED:
            return self.tree.read(edited_path(path)) or self.base(path)
        return page if kind is Seal.GENERATED else None


class TakenBack(Struct):
    """The outcome: what to write and delete, the documents among them, the paths that were changed since, and how many changes
    there were to take back at all."""

    gathered: PathChangesBuilder = field(default_factory=PathChangesBuilder)
    documents: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    considered: int = 0

    @property
    def changes(self) -> PathChanges:
        """What to write and delete, as gathered so far."""
        return self.gathered.result()


class TakeBack(Struct, frozen=True):
    """One change (`before`, `after`) and `now`; `edits` are worktree files that differ from the tree of `now`."""

    before: Moment
    after: Moment
    now: Moment
    edits: PathChanges = field(default_factory=PathChanges)

    def __call__(self, document: str | None = None) -> TakenBack:
        """The file changes that take the change back, or those for one document only."""
        found = TakenBack()
        changed = [c for c in self.after.tree.changes_since(self.before.tree.oid) if not self._follows(c)]
        units: dict[str, list[TreeChange]] = {name: [] for c in changed if (name := self._made_anew(c)) is not None}
        others: list[TreeChange] = []
        for change in changed:
            name = records.document_of(change.path) or owner_of(change.path) or removed_document_of(change.path)
            units.get(name or "", others).append(change)
        wanted = {document, *self._other_names(document, changed)} if document is not None else units.keys()
        for name, unit in units.items():
            if name in wanted:
                self._document(name, unit, found)
        for change in others if document is None else ():
            self._other(change, found)
        return found

    def _other_names(self, document: str, changed: list[TreeChange]) -> list[str]:
        """The old or new names of a document that the change renamed; both count as one change of it."""
        names = renamed_documents(self.after.tree, changed)
        return [new if old == document else old for old, new in names.items() if document in (old, new)]

    def _made_anew(self, change: TreeChange) -> str | None:
        """The document that a change concerns: that of a record, or of a page of its own that was made again while its record
        stayed as it was; None for all else."""
        name = records.document_of(change.path)
        if name is None and _is_page(change.path) and all(map(self._is_generated, (change.old, change.new))):
            name = owner_of(change.path) or ""
            return name if self.after.tree.blob(records.record_path(name)) else None
        return name

    def _is_generated(self, oid: str | None) -> bool:
        page = self._bytes(oid)
        return page is not None and state(page) is Seal.GENERATED

    def _follows(self, change: TreeChange) -> bool:
        """Whether a change follows from others, or only wrote a file in a newer format: no change of its own."""
        if change.path.startswith(_DERIVED):
            return True
        old, new = change.old, change.new
        return bool(old and new) and only_migrated(change.path, self._bytes(old) or b"", self._bytes(new) or b"")

    def concerns(self) -> Collection[str]:
        """All paths that may be taken back: those whose edits matter."""
        return [change.path for change in self.after.tree.changes_since(self.before.tree.oid)]

    def _document(self, name: str, unit: list[TreeChange], found: TakenBack) -> None:
        found.considered += 1
        record = next((change for change in unit if records.document_of(change.path)), None)
        if record is not None and self._is(record.path, record.old):
            return
        if record is not None and not self._is(record.path, record.new):
            found.blocked.append(record.path)
            return
        found.documents.append(name)
        for change in unit:
            if _is_page(change.path):
                self._page(change.path, self._bytes(change.old), self._bytes(change.new), self.before, found)
            else:
                self._file(change, found)

    def _other(self, change: TreeChange, found: TakenBack) -> None:
        """A page that a person changed, a decision, or any other file; not a page that follows from the documents."""
        if not _is_page(change.path):
            found.considered += 1
            self._file(change, found)
            return
        before, after = self._bytes(change.old), self._bytes(change.new)
        if all(page is None or state(page) is Seal.GENERATED for page in (before, after)):
            return
        if before is None or state(before) is Seal.GENERATED:
            # Of an edited page that was generated, or not there at all, what is generated stays.
            before = self.after.projection(change.path, after) or before
        elif self._projected_anew(change.path, before, after):
            return
        found.considered += 1
        self._page(change.path, before, after, self.now, found)

    def _projected_anew(self, path: str, before: bytes, after: bytes | None) -> bool:
        """Whether an edited page changed because its projection did; a page that only lost its edits did not."""
        kept = edited_path(path)
        same = self.before.tree.blob(kept) == self.after.tree.blob(kept)
        return not same and (after is None or after != self.before.projection(path, before))

    def _file(self, change: TreeChange, found: TakenBack) -> None:
        if self._is(change.path, change.old):
            return
        if self._is(change.path, change.new):
            found.gathered.name(change.path, change.old)
        else:
            found.blocked.append(change.path)

    def _page(self, path: str, before: bytes | None, after: bytes | None, source: Moment, found: TakenBack) -> None:
        """Takes a page's change back; `source` is where the projection behind a merged page is looked for."""
        now = self.edits.read(path, self.now.tree)
        if now == before:
            return
        if now == after:
            found.gathered.write(path, before)
            self._keep(path, self._kept_before(path, before), found)
        elif before is None or after is None or now is None:
            found.blocked.append(path)
        else:
            projection = source.projection(path, before if source is self.before else now)
            texts = (unsealed(_text(before)), unsealed(_text(after)))
            if source is self.now:
                texts = (_onto(projection, before, self.before, path), _onto(projection, after, self.after, path))
            self._merge(path, (*texts, unsealed(_text(now))), projection, found)

    def _merge(self, path: str, texts: tuple[str, str, str], projection: bytes | None, found: TakenBack) -> None:
        before, after, now = texts
        merged = merge(after, now, before)
        if merged.clashes:
            found.blocked.append(path)
        elif merged.text != now:
            if projection is None:
                found.gathered.write(path, merged.text.encode("utf-8", "surrogateescape"))
            elif unsealed(_text(projection)).rstrip() == merged.text.rstrip():
                found.gathered.write(path, projection)
                projection = None
            else:
                found.gathered.write(path, with_seal_of(projection, merged.text))
            self._keep(path, projection, found)

    def _kept_before(self, path: str, page: bytes | None) -> bytes | None:
        """The projection to keep for a page that becomes what it was; None if the history tells it, too."""
        if page is None or state(page) is not Seal.EDITED:
            return None
        kept, projection = self.before.tree.read(edited_path(path)), self.before.projection(path, page)
        return kept if kept is not None or self.now.base(path) == projection else projection

    def _keep(self, path: str, projection: bytes | None, found: TakenBack) -> None:
        kept = edited_path(path)
        if self.now.tree.read(kept) != projection:
            found.gathered.write(kept, projection)

    def _is(self, path: str, oid: str | None) -> bool:
        """Whether the file at a path is this blob now."""
        if path not in self.edits:
            return self.now.tree.blob(path) == oid
        return self.edits.written.get(path) == self._bytes(oid)

    def _bytes(self, oid: str | None) -> bytes | None:
        return None if oid is None else self.now.tree.read_blob(oid)


def unmakes(changes: PathChanges) -> bool:
    """Whether they would take away the knowledge base itself."""
    return CONFIG_PATH in changes.deleted


def _onto(projection: bytes | None, page: bytes, moment: Moment, path: str) -> str:
    """A page of another moment on top of this projection: a claim that was made anew since is no person's change."""
    last = moment.projection(path, page)
    return unsealed(_text(page)) if last is None or projection is None else carried(last, page, projection).text


def _is_page(path: str) -> bool:
    return path.startswith("wiki/") and path.endswith(".md")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
