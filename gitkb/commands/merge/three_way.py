"""Unites the documents, decisions and pages of two histories from their common base, renames included.

Invariant: reads trees; writes nothing. A document comes whole from one side, with everything that people wrote on its pages. A
change of one side is taken as it is; different changes of both sides are a conflict, unless somebody chose a side. A rename is
settled together with the other side's changes of the document: words on its pages go along to the new name, and so does a
document that the other side only made again or gave other bytes: it is made anew from these, under the new name. A removal or
another new name there is a conflict under the old name; whoever chooses a side gets all of it, never both documents, never
neither. Generated shared pages stay as they are on our side: the next pages commit makes them again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from gitkb.branch.renames import renamed_documents
from gitkb.branch.stored_documents import moved_page, moved_path, own_files, owner_of, record_of
from gitkb.commands.merge.document_words import words_of
from gitkb.commands.merge.page_merge import Mixed, PageOn, Side, mix
from gitkb.commands.merge.remade import Files, Made, Which, Wish
from gitkb.errors import FormatError
from gitkb.formats import approvals, records
from gitkb.formats.decisions import SENSES, OtherSense, decode, encode, is_sense, renamed_senses, united_senses
from gitkb.formats.overviews import page_of
from gitkb.model.documents import Record, Tree
from gitkb.model.results import Dropped
from gitkb.store.snapshot import TreeView
from gitkb.store.values import Stored
from gitkb.wiki.hand_edits import EDITED, Seal, edited_path
from gitkb.wiki.projection import MADE, later


class Rename(Struct, frozen=True):
    """A document that was renamed: its old name, and what it is called on our side and on theirs ("": not renamed there)."""

    old: str
    ours: str
    theirs: str

    @property
    def side(self) -> Which:
        """The side that renamed it."""
        return "ours" if self.ours else "theirs"

    @property
    def names(self) -> set[str]:
        """All names that it has anywhere."""
        return {self.old, self.ours, self.theirs} - {""}


class Renames(Struct, frozen=True):
    """The renames of both sides since their common ancestor: `disputed` ones meet another change, the others are `agreed`."""

    base: Side
    ours: Side
    theirs: Side
    disputed: list[Rename] = field(default_factory=list)
    agreed: list[Rename] = field(default_factory=list)

    def __post_init__(self) -> None:
        mine, other = self._of(self.ours), self._of(self.theirs)
        for old in sorted(mine.keys() | other.keys()):
            rename = Rename(old, mine.get(old, ""), other.get(old, ""))
            (self.disputed if self._is_disputed(rename) else self.agreed).append(rename)

    def _of(self, side: Side) -> Mapping[str, str]:
        return renamed_documents(side.tree, side.tree.changes_since(self.base.tree.oid))

    def _is_disputed(self, rename: Rename) -> bool:
        if rename.ours and rename.theirs:
            return rename.ours != rename.theirs
        path = records.record_path(rename.old)
        other = self.theirs if rename.ours else self.ours
        return other.tree.blob(path) != self.base.tree.blob(path) and not same_original(other, self.base, rename.old)

    def carried(self, rename: Rename) -> Iterator[tuple[str, Mixed]]:
        """The pages under the new name with what the side that did not rename wrote on them under the old one."""
        if rename.ours and rename.theirs:
            return
        side, other = (self.ours, self.theirs) if rename.ours else (self.theirs, self.ours)
        moves = {each.old: each.ours or each.theirs for each in self.agreed}
        for path in own_files(other.tree, rename.old):
            page, before = other.page(path), self.base.page(path)
            if path.startswith("wiki/") and path.endswith(".md") and page.kind is not Seal.GENERATED and not page.same(before):
                there = side.page(moved_path(path, moves))
                target = there.projection()
                moved = [_moved(each, moves, target) for each in (before, page)]
                pages = (there, moved[1]) if rename.ours else (moved[1], there)
                yield there.path, mix(([moved[0]], *pages), target)


def same_original(one: Side, other: Side, document: str) -> bool:
    """Whether a document is made of the same original on two sides, if in other ways: made again, it says nothing new."""
    found = [record_of(side.tree, document) for side in (one, other)]
    sources = [record.source for record in found if record is not None]
    return len(sources) == 2 and sources[0] == sources[1]


_SIDES: tuple[Which, Which] = ("ours", "theirs")


def _other(which: Which) -> Which:
    return "theirs" if which == "ours" else "ours"


def _page_there(side: Side, path: str, before: str, now: str, target: bytes) -> PageOn:
    """The page of a document as one side has it, where the document has the name `before`, under its name `now`."""
    there = side.page(moved_path(path, {now: before}))
    return there if before == now else _moved(there, {before: now}, target)


def _moved(page: PageOn, moves: Mapping[str, str], target: bytes | None) -> PageOn:
    """A page as it would be under the new name; a page that nobody edited is replaced by the projection there."""
    path, kept = moved_path(page.path, moves), page.projection()
    if page.kind is Seal.GENERATED or page.content is None:
        return PageOn(path, target, None, lambda _: None)
    content = moved_page(page.content, page.path, moves)
    return PageOn(path, content, None if kept is None else moved_page(kept, page.path, moves), lambda _: None)


Kind = Literal["document", "page", "file"]
MergeLines = Callable[[str, str, str], bytes | None]


class Clash(Struct, frozen=True):
    """Something that both sides changed differently: its name as `--ours` takes it, a path whose history tells how, and the
    blocks of the page that contradict each other. `unitable`: the texts of a document's two originals do not collide."""

    kind: Kind
    name: str
    path: str
    blocks: tuple[str, ...] = ()
    unitable: bool = False


class United(Struct):
    """The outcome: new content by path, relative to our side; the documents that came, changed, went and have another name; what
    clashes; which of the choices were needed, and what they cost; the documents that have to be made first."""

    changes: dict[str, bytes | Stored | None] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    chosen: set[str] = field(default_factory=set)
    dropped: list[Dropped] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)


def plain(name: str) -> str:
    """A document's or page's name as people type it: without `wiki/` and `.md`."""
    return name.strip().removeprefix("./").strip("/").removeprefix("wiki/").removesuffix(".md")


class Sides(Struct, frozen=True):
    """The trees of a merge; there is at least one common ancestor."""

    bases: tuple[Side, ...]
    ours: Side
    theirs: Side

    def of(self, which: Which) -> Side:
        """One of the two sides."""
        return self.ours if which == "ours" else self.theirs

    def all(self) -> tuple[Side, ...]:
        return (*self.bases, self.ours, self.theirs)

    def blobs(self, path: str) -> tuple[set[str | None], str | None, str | None]:
        """(of the ancestors, ours, theirs) the blob at a path."""
        return {side.tree.blob(path) for side in self.bases}, self.ours.tree.blob(path), self.theirs.tree.blob(path)

    def pages(self, path: str) -> tuple[list[PageOn], PageOn, PageOn]:
        """(of the ancestors, ours, theirs) the page at a path."""
        return [side.page(path) for side in self.bases], self.ours.page(path), self.theirs.page(path)


class Uniting:
    """One three-way merge of whole trees. `choices`: by plain name, the side to take where both changed something, or "both"."""

    def __init__(self, sides: Sides, theirs: TreeView, choices: Mapping[str, str], merge_lines: MergeLines, made: Made) -> None:
        """`theirs` is the tree of that side again, to take files from; `made` are documents that were made for this merge."""
        self._sides, self._theirs, self._choices, self._merge_lines = sides, theirs, choices, merge_lines
        self._made = made
        self._found = United()
        self._moves: dict[str, Which] = {}
        self._names: dict[str, str] = {}

    def __call__(self) -> United:
        """What to change on our side; call once."""
        differing = {change.path for change in self._theirs.changes_since(self._sides.ours.tree.oid)}
        documents = {name for path in differing if (name := self._document_of(path)) is not None}
        renames = Renames(self._sides.bases[0], self._sides.ours, self._sides.theirs)
        settled = {name for rename in renames.disputed for name in (self._updated(rename) or self._dispute(rename))}
        self._moves = {rename.old: rename.side for rename in renames.agreed}
        self._names = {rename.old: rename.ours or rename.theirs for rename in renames.agreed}
        done: set[str] = set()
        for document in sorted(documents):
            paths = self._paths(document)
            if document not in settled:
                self._document(document, paths)
            done |= paths
        for rename in renames.agreed:
            self._carry(rename, renames)
        for path in sorted({path.removeprefix(f"{EDITED}/") for path in differing - done}):
            if path not in done:
                self._page(path, path) if _is_page(path) else self._file(path, path)
        self._carry_decisions()
        return self._found

    def _carry_decisions(self) -> None:
        """Lets decisions about documents name them by their new names, whichever side decided."""
        trees = (self._sides.ours.tree, self._theirs)
        paths = sorted({path for tree in trees for path, _ in tree.files(SENSES)}) if self._names else []
        kept: dict[str, bytes] = {}
        for path in paths:
            content = self._found.changes[path] if path in self._found.changes else trees[0].read(path)
            content = content if content is None or isinstance(content, bytes) else self._theirs.read(path)
            if content is not None:
                kept[path] = content
        for path, content in renamed_senses(kept.items(), self._names).items():
            self._put(path, content)

    def _updated(self, rename: Rename) -> set[str]:
        """A document that one side renamed while the other gave it other bytes: it has these, under the new name. The names
        that are settled by this, none where it is another dispute."""
        new, which = rename.ours or rename.theirs, _other(rename.side)
        side, other = self._sides.of(rename.side), self._sides.of(which)
        renamed, updated = record_of(side.tree, new), record_of(other.tree, rename.old)
        if (rename.ours and rename.theirs) or renamed is None or updated is None or self._choices.get(plain(rename.old)):
            return set()
        if other.tree.blob(records.record_path(new)) is not None or not (original := self._original(other.tree, updated)):
            return set()
        wish = Wish(new, renamed.source.path, original, ((which, rename.old),))
        if not self._take_made(wish, {rename.old: new}, which):
            return set()
        (self._found.renamed if rename.theirs else self._found.updated).append(new)
        return rename.names

    def _original(self, tree: Tree, record: Record) -> bytes:
        """The bytes of a file's original that can be converted anywhere; none of what was fetched or is in Git LFS."""
        raw = next((file for file in record.files if file.startswith("raw/")), "")
        content = tree.read(raw) if raw and not record.source.url else None
        return content if content is not None and hashlib.sha256(content).hexdigest() == record.source.sha256 else b""

    def _take_made(self, wish: Wish, moves: Mapping[str, str], moved: Which) -> bool:
        """Takes a document as it was made for this merge, with everybody's words on its pages; those of the side `moved` (and
        of the ancestors) stand under the names before `moves`. False where it cannot be had."""
        if wish not in self._made:
            self._found.wishes.append(wish)
            return True
        files = self._made[wish]
        if files is None:
            return False
        before = {new: old for old, new in moves.items()}
        names = {which: before.get(wish.document, wish.document) if which == moved else wish.document for which in _SIDES}
        old = before.get(wish.document, wish.document)
        stand = {which: own_files(self._sides.of(which).tree, names[which]) for which in _SIDES}
        for which in _SIDES:
            if self._has_lost_words(which, stand[which], moves if which == moved else {}, files):
                return False
        for path, content in files.items():
            if not _is_page(path):
                self._put(path, content)
                continue
            pages = {which: _page_there(self._sides.of(which), path, names[which], wish.document, content) for which in _SIDES}
            bases = [_page_there(base, path, old, wish.document, content) for base in self._sides.bases]
            mixed = mix((bases, pages["ours"], pages["theirs"]), content)
            if mixed.clashes:
                self._found.clashes.append(Clash("page", plain(path), path, mixed.clashes))
                continue
            self._put(path, mixed.content)
            self._put(edited_path(path), mixed.kept)
        for path in stand["ours"]:
            if path not in files and path.removeprefix(f"{EDITED}/") not in files:
                self._put(path, None)
        return True

    def _has_lost_words(self, which: Which, paths: Iterable[str], moves: Mapping[str, str], files: Files) -> bool:
        """Whether a person wrote on a page of a side that the document has no more."""
        side = self._sides.of(which)
        return any(
            _is_page(path) and moved_path(path, moves) not in files and side.page(path).kind is Seal.EDITED for path in paths
        )

    def _both(self, document: str) -> bool:
        """A document whose two new texts are wanted as one; False where they are not, or where it cannot be."""
        wish = self._as_one(document) if self._choices.get(plain(document)) == "both" else None
        if wish is None or not self._take_made(wish, {}, "theirs"):
            return False
        self._found.chosen.add(plain(document))
        self._found.updated.append(document)
        return True

    def _as_one(self, document: str) -> Wish | None:
        """The document made of both sides' texts, merged line by line; None where they collide, or are no text."""
        sides = (self._sides.bases[0], self._sides.ours, self._sides.theirs)
        found = [record for side in sides if (record := record_of(side.tree, document)) is not None]
        if len(found) < len(sides):
            return None
        contents = [self._original(side.tree, record) for side, record in zip(sides, found, strict=True)]
        raws = [next(file for file in record.files if file.startswith("raw/")) for record in found] if all(contents) else []
        if not raws or any(b"\0" in content for content in contents):
            return None
        blobs = [side.tree.blob(raw) or "" for side, raw in zip(sides, raws, strict=True)]
        merged = self._merge_lines(*blobs)
        return (
            None if merged is None else Wish(document, found[1].source.path, merged, (("ours", document), ("theirs", document)))
        )

    def files(self, paths: Iterable[str]) -> United:
        """What to change on our side at these paths, as files; call once, instead of the object itself."""
        for path in paths:
            self._file(path, path)
        return self._found

    def _paths(self, document: str) -> set[str]:
        return {path for side in self._sides.all() for path in own_files(side.tree, document)}

    def _dispute(self, rename: Rename) -> set[str]:
        """A document that one side renamed while the other did something else to it: whoever chooses a side gets all of it. The
        names that are settled by this."""
        side = self._choice(rename.old)
        if not side:
            self._found.clashes.append(Clash("document", rename.old, records.record_path(rename.old)))
        elif side == "theirs":
            for name in sorted(rename.names):
                self._take(name, side, self._paths(name))
            self._found.updated.append(rename.theirs or rename.old)
        return rename.names

    def _carry(self, rename: Rename, renames: Renames) -> None:
        """Words on the pages of a renamed document, from the side that did not rename it."""
        if rename.theirs and not rename.ours:
            self._found.renamed.append(rename.theirs)
            for names, name in ((self._found.added, rename.theirs), (self._found.removed, rename.old)):
                if name in names:
                    names.remove(name)
        for path, mixed in renames.carried(rename):
            name = rename.ours or rename.theirs
            if mixed.clashes and not (self._choice(name) or self._choice(path)):
                self._found.clashes.append(Clash("page", plain(path), path, mixed.clashes))
            elif not mixed.clashes:
                self._put(path, mixed.content)
                self._put(edited_path(path), mixed.kept)

    def _document_of(self, path: str) -> str | None:
        """The document that owns a path, where some side has it."""
        name = records.document_of(path) or owner_of(path.removeprefix(f"{EDITED}/"))
        record = records.record_path(name) if name else ""
        return name if name and any(side.tree.blob(record) for side in self._sides.all()) else None

    def _choice(self, name: str) -> str:
        choice = self._choices.get(plain(name), "")
        if choice == "both":
            return ""
        if choice:
            self._found.chosen.add(plain(name))
        return choice

    # A document, with all of its files.

    def _document(self, document: str, paths: Iterable[str]) -> None:
        record = records.record_path(document)
        before, ours, theirs = self._sides.blobs(record)
        if ours == theirs:
            for path in sorted(paths):
                if _is_page(path):
                    self._page(path, document)
                elif not path.startswith(f"{EDITED}/"):
                    self._file(path, document)
            return
        side = "ours" if theirs in before else "theirs" if ours in before else ""
        side = self._moves.get(document) or side or self._choice(document) or self._of_new_bytes(document)
        if not side and self._both(document):
            return
        if not side or (document not in self._moves and not self._may_take(document, side, paths)):
            unitable = not side and self._as_one(document) is not None
            self._found.clashes.append(Clash("document", document, record, unitable=unitable))
            return
        if self._choices.get(plain(document)) and not {ours, theirs} & before and document not in self._moves:
            other = self._sides.ours if side == "theirs" else self._sides.theirs
            lost = words_of(self._sides.bases[0].tree, other.tree, document)
            self._found.dropped += [Dropped(document, line) for line in lost]
        if side == "theirs":
            kind = self._found.added if ours is None else self._found.removed if theirs is None else self._found.updated
            kind.append(document)
        self._take(document, side, paths)

    def _of_new_bytes(self, document: str) -> str:
        """The side that has other bytes of a document where the other one has only made it again; "" where neither is so."""
        base, ours, theirs = self._sides.bases[0], self._sides.ours, self._sides.theirs
        if record_of(ours.tree, document) is None or record_of(theirs.tree, document) is None:
            return ""
        if same_original(base, ours, document) != same_original(base, theirs, document):
            return "theirs" if same_original(base, ours, document) else "ours"
        return ""

    def _may_take(self, document: str, side: str, paths: Iterable[str]) -> bool:
        """Not where the side to take has a page no more that people have written on at the other, unless that was chosen."""
        taken, other = (self._sides.ours, self._sides.theirs) if side == "ours" else (self._sides.theirs, self._sides.ours)
        for path in paths:
            if _is_page(path) and taken.tree.blob(path) is None:
                page = other.page(path)
                if page.kind is Seal.EDITED and not any(page.same(base.page(path)) for base in self._sides.bases):
                    return self._choice(document) == side
        return True

    def _take(self, document: str, side: str, paths: Iterable[str]) -> None:
        taken = self._sides.ours if side == "ours" else self._sides.theirs
        for path in sorted(paths):
            if path.startswith(f"{EDITED}/"):
                continue
            if _is_page(path) and taken.tree.blob(path) is not None:
                page = taken.page(path)
                self._mix(path, page.projection() or page.content, document)
            elif side == "theirs":
                self._take_theirs(path)
                if _is_page(path):
                    self._take_theirs(edited_path(path))

    # Pages and other files.

    def _page(self, path: str, name: str) -> None:
        bases, ours, theirs = self._sides.pages(path)
        if ours.same(theirs) or any(theirs.same(base) for base in bases):
            return
        if any(ours.same(base) for base in bases):
            self._take_theirs(path)
            self._take_theirs(edited_path(path))
        elif any(page.kind is not Seal.GENERATED for page in (*bases, ours, theirs)):
            projections = (page.projection() for page in (ours, theirs, *bases))
            self._mix(path, next((found for found in projections if found is not None), None), name)

    def _mix(self, path: str, target: bytes | None, name: str) -> None:
        pages = self._sides.pages(path)
        if pages[1].same(pages[2]):
            return
        mixed = mix(pages, target)
        if mixed.clashes and (choice := self._choice(name) or self._choice(path)):
            mixed = mix(pages, target, choice)
            self._found.dropped += [Dropped(plain(path), text) for text in mixed.dropped]
        if mixed.clashes:
            self._found.clashes.append(Clash("page", plain(path), path, mixed.clashes))
            return
        self._put(path, mixed.content)
        self._put(edited_path(path), mixed.kept)

    def _file(self, path: str, name: str) -> None:
        before, ours, theirs = self._sides.blobs(path)
        if ours == theirs or theirs in before:
            return
        if page_of(path) is not None:
            # Of two overviews either will do: at most one is of the united claims, and the next that is written takes its place.
            if ours is None:
                self._take_theirs(path)
            return
        if ours not in before and self._merged_by_meaning(path, before, ours, theirs):
            return
        if ours in before or self._choice(name) == "theirs":
            self._take_theirs(path)
        elif self._choice(name) != "ours":
            base = next((oid for oid in before if oid), None)
            merged = self._merge_lines(base, ours, theirs) if base and ours and theirs else None
            if merged is None:
                self._found.clashes.append(Clash("file", name, path))
            else:
                self._put(path, merged)

    def _merged_by_meaning(self, path: str, before: set[str | None], ours: str | None, theirs: str | None) -> bool:
        """Settles a file of gitkb's own that both sides changed, where what it means says how: who approved a page, and which
        projection made the pages. Not where one side cannot be read."""
        if path == MADE and ours and theirs:
            note = later(*map(self._theirs.read_blob, (ours, theirs)))
            if note is not None:
                self._put(path, note)
            return note is not None
        if is_sense(path) and ours and theirs:
            return self._merged_decision(path, [oid for oid in before if oid], ours, theirs)
        if approvals.page_of(path) is None:
            return False
        try:
            *bases, mine, other = (self._approval(path, oid) for oid in (*before, ours, theirs))
        except FormatError:
            return False
        united = approvals.unite(bases, mine, other)
        self._put(path, None if united is None else approvals.encode(united))
        return True

    def _approval(self, path: str, oid: str | None) -> approvals.Approval | None:
        return None if oid is None else approvals.decode(self._theirs.read_blob(oid), path)

    def _take_theirs(self, path: str) -> None:
        entry, ours = self._theirs.entry(path), self._sides.ours.tree.blob(path)
        theirs = self._theirs.blob(path)
        if theirs != ours:
            self._found.changes[path] = None if entry is None or theirs is None else Stored(theirs, entry[0])

    def _merged_decision(self, path: str, before: Sequence[str], ours: str, theirs: str) -> bool:
        try:
            found = [decode(self._theirs.read_blob(oid), path) for oid in (*before, ours, theirs)]
        except FormatError:
            return False
        *bases, mine, other = (decision for decision in found if isinstance(decision, OtherSense))
        united = united_senses(bases, mine, other, self._names)
        if united is not None:
            self._put(path, encode(united))
        return united is not None

    def _put(self, path: str, content: bytes | None) -> None:
        if content != self._sides.ours.tree.read(path):
            self._found.changes[path] = content


def united_files(
    sides: Sides, theirs: TreeView, paths: Iterable[str], choices: Mapping[str, str], merge_lines: MergeLines
) -> United:
    """What to change on our side at these paths of files that are nobody's but people's."""
    return Uniting(sides, theirs, choices, merge_lines, {}).files(paths)


def _is_page(path: str) -> bool:
    return path.startswith("wiki/") and path.endswith(".md")
