"""Merges one page that both sides have: what people wrote on either side, on one projection.

Invariant: no person's words are dropped; if two people changed the same block differently, that is a clash, never a guess. Either
projection will do, because the next pages commit makes the page again. Pure.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from gitkb.model.documents import Tree
from gitkb.text.markdown.block_merge import PageBlock, merge, name_of, opcodes, page_blocks
from gitkb.text.markdown.frontmatter import cut
from gitkb.wiki.hand_edits import Seal, edited_path, reconcile, state, unsealed, with_seal_of

History = Callable[[str], bytes | None]


class Side(Struct, frozen=True):
    """One of the trees that take part in a merge; `history` finds a page's last generated version in its past."""

    tree: Tree
    history: History

    def page(self, path: str) -> "PageOn":
        """The content of a page on this side."""
        return PageOn(path, self.tree.read(path), self.tree.read(edited_path(path)), self.history)


class PageOn(Struct, frozen=True):
    """A page on one side: its `content`, and the projection `kept` beside it, None if there is none."""

    path: str
    content: bytes | None
    kept: bytes | None
    history: History

    def same(self, other: "PageOn") -> bool:
        """Whether both sides have the same bytes, of the page and of what is kept of it."""
        return (self.content, self.kept) == (other.content, other.kept)

    @property
    def kind(self) -> Seal:
        """The state of its seal; a page that does not exist counts as generated."""
        return Seal.GENERATED if self.content is None else state(self.content)

    def projection(self) -> bytes | None:
        """The last text that gitkb generated for this page on this side; None for a page that a person made, or if unknown."""
        if self.kind is Seal.GENERATED:
            return self.content
        return (self.kept or self.history(self.path)) if self.kind is Seal.EDITED else None

    def on(self, target: bytes | None) -> bytes | None:
        """The page as it would be had the person edited another projection; None says that there is no other."""
        if self.kind is Seal.EDITED and target is not None and target != self.kept:
            return reconcile(self.path, self.content, target, self.projection).content
        return target if self.kind is Seal.GENERATED else self.content


class Mixed(Struct, frozen=True):
    """The merged page, the projection to keep beside it, the blocks in which the sides contradict each other, and the texts that
    gave way where somebody chose a side."""

    content: bytes | None
    kept: bytes | None = None
    clashes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def mix(pages: tuple[Sequence[PageOn], PageOn, PageOn], target: bytes | None, choice: str = "") -> Mixed:
    """A page that differs between (common ancestors, ours, theirs), with everybody's words on the projection `target`.

    `choice` ("ours" or "theirs") says whose words stand where they contradict; all others are merged.
    """
    bases, ours, theirs = pages
    first, second = ours.on(target), theirs.on(target)
    before = [base.on(target) for base in bases] or [None]
    if first == second or second in before:
        return _kept(first, target)
    if first in before:
        return _kept(second, target)
    old = before[0]
    if old is None or first is None or second is None:
        return _whole(old, first, second, target, choice)
    return _merged((old, first, second), target, choice)


def _whole(old: bytes | None, ours: bytes | None, theirs: bytes | None, target: bytes | None, choice: str) -> Mixed:
    """A page that a side made or deleted while the other did something else to it: only one of the two can stand."""
    if not choice:
        return Mixed(ours, None, ("the whole page",))
    taken, other = (ours, theirs) if choice == "ours" else (theirs, ours)
    kept = _kept(taken, target)
    known = {block.key for page in (old, taken) for block in page_blocks(cut(_text(page or b""))[1])}
    lost = [block.text for block in page_blocks(cut(_text(other or b""))[1]) if block.key not in known]
    return Mixed(kept.content, kept.kept, (), tuple(lost))


def _merged(pages: tuple[bytes, bytes, bytes], target: bytes | None, choice: str) -> Mixed:
    old, ours, theirs = (unsealed(_text(each)) if target is not None else _text(each) for each in pages)
    merged = merge(old, ours, theirs, prefer_theirs=choice == "theirs")
    text, dropped, clashes = merged.text, list(merged.dropped), merged.clashes
    if not clashes and (replaced := tuple(_both_replaced(*(cut(each)[1] for each in (old, ours, theirs))))):
        clashes = replaced
        if choice:
            text, lost = _without_other(old, ours, theirs, choice)
            dropped += lost
    clashes = () if choice else clashes
    lost_texts = tuple(dropped) if choice else ()
    if target is None:
        return Mixed(text.encode("utf-8", "surrogateescape"), None, clashes, lost_texts)
    if text.rstrip() == unsealed(_text(target)).rstrip():
        return Mixed(target, None, clashes, lost_texts)
    return Mixed(with_seal_of(target, text), target, clashes, lost_texts)


def _without_other(old: str, ours: str, theirs: str, choice: str) -> tuple[str, list[str]]:
    """The merge where both sides put something of their own in the place of the same blocks: what the other side put there gives
    way. It is what stands next to those blocks in its page; all else that it wrote is merged."""
    mine, other = (ours, theirs) if choice == "ours" else (theirs, ours)
    before = page_blocks(cut(old)[1])
    sides = [{block.key for block in page_blocks(cut(text)[1])} for text in (mine, other)]
    both = {block.key for block in before if all(block.key not in side for side in sides)}
    lost = list(_in_place_of(before, page_blocks(cut(other)[1]), both))
    for block in lost:
        other = _without_block(other, block)
    texts = (mine, other) if choice == "ours" else (other, mine)
    return merge(old, *texts, prefer_theirs=choice == "theirs").text, lost


def _in_place_of(old: Sequence[PageBlock], new: Sequence[PageBlock], gone: set[str]) -> Iterator[str]:
    """The new blocks that stand where these old ones stood."""
    for tag, i, i_end, j, j_end in opcodes([block.key for block in old], [block.key for block in new]):
        if tag == "replace" and any(block.key in gone for block in old[i:i_end]):
            yield from (block.text for block in new[j:j_end])


def _without_block(text: str, block: str) -> str:
    """The page without the first place of a block."""
    head, found, tail = text.partition(block)
    return head + tail.lstrip("\n") if found else text


def _both_replaced(old: str, ours: str, theirs: str) -> Iterator[str]:
    """The blocks that neither side has any more, where each has put something of its own: maybe two new versions of them,
    too far from the old one for the merge to see it."""
    first, second = ({block.key for block in page_blocks(text)} for text in (ours, theirs))
    before = page_blocks(old)
    known = {block.key for block in before}
    if first - second - known and second - first - known:
        yield from (name_of(block) for block in before if block.key not in first and block.key not in second)


def _kept(content: bytes | None, target: bytes | None) -> Mixed:
    """The projection is kept beside a page that holds a person's words, and beside no other."""
    edited = content is not None and content != target and state(content) is Seal.EDITED
    return Mixed(content, target if edited else None)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
