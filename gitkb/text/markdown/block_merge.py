"""Three-way merge of a page by block: heading, paragraph, list item, claim, footnote, code.

Invariant: what the person added stays in its place, what the person deleted stays deleted, what the person changed keeps the
person's words; everything else is as in the new projection. A `## Notes` section is never touched. A block is a key of the
front matter, or in the body a heading, a paragraph, a list item, a claim's line, a footnote, a table or fenced code. Its key is
its text, so equal blocks are equal wherever they stand, and `assemble` of all blocks of a body gives the body again, up to
blank lines at its end.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from msgspec import Struct, field

from gitkb.errors import FormatError
from gitkb.text.markdown import frontmatter

_NEW_BLOCK = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+|#{1,6}(?:[ \t]|$)|\[\^[^\]]+\]:|(?:`{3,}|~{3,})|.*\[\^[^\]]+\]\s*$")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_ONE_LINE = re.compile(r"#{1,6}(?:[ \t]|$)|.*\[\^[^\]]+\]\s*$")
_LISTED = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|\[\^[^\]]+\]:")
_NOTES = re.compile(r"##[ \t]+Notes[ \t]*#*[ \t]*$")
_SECTION = re.compile(r"#{1,2}[ \t]")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:")


class PageBlock(Struct, frozen=True):
    """`text` without the line ends behind it, `gap` how many there are; `kept` marks the person's Notes, which match nothing."""

    text: str
    gap: int
    kept: bool = False

    @property
    def key(self) -> str:
        return f"\0{self.text}" if self.kept else self.text


def page_blocks(body: str) -> list[PageBlock]:
    """The blocks of a body in order."""
    found: list[PageBlock] = []
    for lines in _groups(body.split("\n")):
        text = "\n".join(lines)
        if text.strip():
            found.append(PageBlock(text.rstrip(), 1))
        elif found:
            found[-1] = PageBlock(found[-1].text, found[-1].gap + len(lines))
    return found


def _groups(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines of each block; blank lines come as groups of their own."""
    group: list[str] = []
    fence = ""
    for line in lines:
        if fence:
            group.append(line)
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                yield group
                group, fence = [], ""
            continue
        starts = not group or not line.strip() or not group[-1].strip() or _NEW_BLOCK.match(line) or _ONE_LINE.match(group[-1])
        if group and starts:
            yield group
            group = []
        group.append(line)
        opening = _FENCE.match(line)
        fence = opening[1] if opening else ""
    if group:
        yield group


def mark_notes(blocks: Sequence[PageBlock], known: set[str]) -> list[PageBlock]:
    """The person's blocks with those of Notes sections marked; footnotes of the projection that stand below them are not."""
    marked: list[PageBlock] = []
    inside = False
    for block in blocks:
        if _SECTION.match(block.text):
            inside = bool(_NOTES.match(block.text)) and block.text not in known
        projected = bool(_FOOTNOTE.match(block.text)) and block.text in known
        marked.append(PageBlock(block.text, block.gap, kept=inside and not projected))
    return marked


def kind_of(text: str) -> str:
    """Of what kind a block is; only blocks of one kind can be versions of each other."""
    return next((name for name, pattern in _KINDS if pattern.match(text)), "")


_KINDS = (("heading", re.compile(r"#{1,6}[ \t]")), ("footnote", _FOOTNOTE), ("fence", _FENCE), ("item", _LISTED))


def name_of(block: PageBlock) -> str:
    """How a message names a block: its first words."""
    line = " ".join(block.text.split())
    return line if len(line) <= 80 else f"{line[:79].rstrip()}…"


def assemble(blocks: Sequence[PageBlock], orders: Sequence[Sequence[PageBlock]], texts: tuple[str, str]) -> str:
    """The blocks with the line ends between them that the first text has in which the two are neighbours."""
    gaps: dict[tuple[str, str], int] = {}
    for order in reversed(orders):
        gaps.update({(a.text, b.text): a.gap for a, b in pairwise(order)})
    first = next((text for text in texts if text.strip()), "")
    parts = ["\n" * (len(first) - len(first.lstrip("\n")))]
    for block, following in pairwise(blocks):
        listed = _LISTED.match(block.text) and kind_of(block.text) == kind_of(following.text)
        parts += [block.text, "\n" * gaps.get((block.text, following.text), 1 if listed else 2)]
    return "".join([*parts, *(f"{block.text}\n" for block in blocks[-1:])])


_SIMILAR = 0.5
_NEAR = 40
_MANY = 1000


class Merge(Struct, frozen=True):
    """A merged page; each of `clashes` names a block in which the person's words stood against a change, and `dropped` are the
    texts that gave way there."""

    text: str
    clashes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


class _Clashes(Struct):
    """What collides, and whose text stands there: ours, or (`theirs`) theirs."""

    theirs: bool = False
    names: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def note(self, name: str, gives_way: str | None) -> None:
        self.names.append(name)
        if gives_way and gives_way.strip():
            self.dropped.append(gives_way.strip())


def merge(base: str, ours: str, theirs: str, *, prefer_theirs: bool = False) -> Merge:
    """`ours` (the person's page) with the changes from `base` to `theirs` (two projections), all with LF line ends. Where both
    changed the same block the person's words stand, or theirs if that is preferred."""
    if ours in (base, theirs):
        return Merge(theirs)
    if base == theirs:
        return Merge(ours)
    (base_head, base_body), (our_head, our_body), (their_head, their_body) = map(frontmatter.cut, (base, ours, theirs))
    clashes = _Clashes(prefer_theirs)
    head = _merge_heads(base_head or "", our_head or "", their_head or "", clashes)
    body = _merge_bodies(base_body, our_body, their_body, clashes)
    fenced = f"{frontmatter.FENCE}\n{head}{frontmatter.FENCE}\n" if head else ""
    return Merge(fenced + body, tuple(clashes.names), tuple(clashes.dropped))


# Front matter: one block a key.


def _merge_heads(base: str, ours: str, theirs: str, clashes: _Clashes) -> str:
    if ours == base:
        return theirs
    old, mine, new = _keys(base), _keys(ours), _keys(theirs)
    merged = {key: _merge_key(key, old.get(key), mine.get(key), new.get(key), clashes) for key in _order(mine, new)}
    return "".join(lines for lines in merged.values() if lines is not None)


def _keys(header: str) -> dict[str, str]:
    """The lines of every top-level key; comments and what else stands between keys belong to the key above."""
    found: dict[str, str] = {}
    key = ""
    for line in header.removesuffix("\n").split("\n") if header else ():
        name, colon, _ = line.partition(":")
        if colon and line[0] not in " \t-#":
            key = name.strip()
        found[key] = f"{found.get(key, '')}{line}\n"
    return found


def _order(mine: dict[str, str], new: dict[str, str]) -> list[str]:
    """All keys: those of the projection in its order, each of the person's own after the key it stood behind."""
    order = list(new)
    previous = ""
    for key in mine:
        if key not in new:
            order.insert(order.index(previous) + 1 if previous in order else 0, key)
        previous = key
    return order


def _merge_key(key: str, old: str | None, mine: str | None, new: str | None, clashes: _Clashes) -> str | None:
    if mine in (old, new):
        return new
    if new == old:
        return mine
    lists = [_list_of(lines) for lines in (old, mine, new)]
    if mine is not None and new is not None and lists[1] is not None and lists[2] is not None:
        return frontmatter.key_lines(key, _merge_lists(lists[0] or [], lists[1], lists[2]))
    clashes.note(f"front matter: {key}", mine if clashes.theirs else new)
    return new if clashes.theirs else mine


def _list_of(lines: str | None) -> list[object] | None:
    """The items of a key whose value is a list, else None; invalid YAML is a person's, and no list."""
    try:
        meta = frontmatter.split(f"---\n{lines or ''}---\n")[0]
    except FormatError:
        return None
    value = next(iter(meta.values()), None) if len(meta) == 1 else None
    return list(value) if isinstance(value, list) and all(_is_flat(item) for item in value) else None


def _is_flat(item: object) -> bool:
    scalar = (str, int, float, bool)
    return isinstance(item, scalar) or (isinstance(item, dict) and all(isinstance(value, scalar) for value in item.values()))


def _merge_lists(old: Sequence[object], mine: Sequence[object], new: Sequence[object]) -> list[object]:
    kept = [item for item in new if item in mine or item not in old]
    return kept + [item for item in mine if item not in old and item not in kept]


# Body: blocks, aligned with the base on both sides.


class _Side(Struct):
    """What one side did to each block of the base (None: deleted) and what it put before each, and at the end."""

    blocks: list[PageBlock | None]
    added: list[list[PageBlock]] = field(default_factory=list)


def _merge_bodies(base: str, ours: str, theirs: str, clashes: _Clashes) -> str:
    if ours == base:
        return theirs
    old, mine, new = page_blocks(base), page_blocks(ours), page_blocks(theirs)
    mine = mark_notes(mine, {block.text for block in old})
    our_side, their_side = _side(old, mine), _side(old, new)
    our_new = {block.key for group in our_side.added for block in group}
    touched = {block.key for block, kept in zip(old, our_side.blocks, strict=True) if kept is None or kept.key != block.key}
    skipped = (our_new | touched) - {block.key for block in our_side.blocks if block}
    merged: list[PageBlock] = []
    for index in range(len(old) + 1):
        merged.extend(block for block in their_side.added[index] if block.key not in skipped)
        merged.extend(our_side.added[index])
        if index < len(old):
            block = _choose(old[index], our_side.blocks[index], their_side.blocks[index], clashes)
            merged.extend([block] if block else [])
    return assemble(merged, (new, mine, old), (theirs, ours))


def _side(old: Sequence[PageBlock], new: Sequence[PageBlock]) -> _Side:
    side = _Side([None] * len(old), [[] for _ in range(len(old) + 1)])
    for tag, i, i_end, j, j_end in opcodes([b.key for b in old], [b.key for b in new]):
        if tag == "equal":
            side.blocks[i:i_end] = new[j:j_end]
        elif tag == "insert":
            side.added[i].extend(new[j:j_end])
        elif tag == "replace":
            _pair(old, new, range(i, i_end), range(j, j_end), side)
    return side


def opcodes(old: list[str], new: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """How `new` came from `old`, as difflib says it. What both begin and end with is taken off first, and in very long texts
    blocks that come very often align nothing, so that a page of thousands of equal lines costs no minutes."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    long = len(middle_old) * len(middle_new) > _MANY**2
    yield "equal", 0, head, 0, head
    for tag, i, i_end, j, j_end in SequenceMatcher(None, middle_old, middle_new, autojunk=long).get_opcodes():
        yield tag, head + i, head + i_end, head + j, head + j_end
    yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)


def _pair(old: Sequence[PageBlock], new: Sequence[PageBlock], gone: range, come: range, side: _Side) -> None:
    """Tells an edited block from one deleted and another added, by likeness, in order."""
    position = gone.start
    for j in come:
        near = range(position, min(gone.stop, position + _NEAR))
        match = None if new[j].kept else next((i for i in near if _is_like(old[i].text, new[j].text)), None)
        if match is None:
            side.added[position].append(new[j])
        else:
            side.blocks[match] = new[j]
            position = match + 1


def _is_like(one: str, other: str) -> bool:
    if kind_of(one) != kind_of(other):
        return False
    first, second = one.split(), other.split()
    if not first or not second or min(len(first), len(second)) * 4 < max(len(first), len(second)):
        return False
    if set(first).isdisjoint(second):
        return False
    return SequenceMatcher(None, first[:400], second[:400], autojunk=False).ratio() >= _SIMILAR


def _choose(old: PageBlock, mine: PageBlock | None, new: PageBlock | None, clashes: _Clashes) -> PageBlock | None:
    mine_key, new_key = mine.key if mine else None, new.key if new else None
    if mine_key in (old.key, new_key):
        return new
    if new_key not in (old.key, None) or (new is None and mine is not None):
        kept, other = (new, mine) if clashes.theirs else (mine, new)
        clashes.note(name_of(old), other.text if other else None)
        return kept
    return mine
