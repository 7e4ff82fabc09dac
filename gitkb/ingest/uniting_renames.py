"""What a merge does with documents that one side, or each of them, has renamed.

Invariant: a rename and whatever the other side did to the document are settled together. Words on its pages go along to the new
name, and so does a document that the other side only made again. Other bytes, a removal or another new name on the other side are
a conflict under the old name, and whoever chooses a side gets all of it: never both documents, never neither. Reads trees.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gitkb import records
from gitkb.ingest.documents import own_files, record_of
from gitkb.ingest.following import renamed_documents
from gitkb.ingest.mixing import Mixed, PageOn, Side, mix
from gitkb.ingest.moving import moved_page, moved_path
from gitkb.wiki.generated import Seal


@dataclass(frozen=True, slots=True)
class Rename:
    """A document that was renamed: its old name, and what it is called on our side and on theirs ("": not renamed there)."""

    old: str
    ours: str
    theirs: str

    @property
    def side(self) -> Literal["ours", "theirs"]:
        """The side that renamed it."""
        return "ours" if self.ours else "theirs"

    @property
    def names(self) -> set[str]:
        """All names that it has anywhere."""
        return {self.old, self.ours, self.theirs} - {""}


@dataclass(frozen=True, slots=True)
class Renames:
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


def _moved(page: PageOn, moves: Mapping[str, str], target: bytes | None) -> PageOn:
    """A page as it would stand under the new name; one that nobody has edited is the projection there."""
    path, kept = moved_path(page.path, moves), page.projection()
    if page.kind is Seal.GENERATED or page.content is None:
        return PageOn(path, target, None, lambda _: None)
    content = moved_page(page.content, page.path, moves)
    return PageOn(path, content, None if kept is None else moved_page(kept, page.path, moves), lambda _: None)
