"""Tells whether a page is gitkb's or a person has edited it, and merges the two.

Invariant: a person's words are never dropped. A page that nobody changed equals its projection; an edited one is the three-way
merge of its last projection, the page, and the new projection; a page without a seal belongs to the person and is left alone.
Pure: the caller reads and writes.

`state(seal(text, by))` is GENERATED, and any change to the sealed text makes it EDITED. A page with a `type` carries the seal in
its front matter (`generated: {by: ..., content: <12 hex>}`); an index page, which has no `type`, in a comment at its end. Line
ends do not count: a checkout may have turned LF into CRLF.
"""

import hashlib
import re
from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from gitkb.errors import FormatError
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.block_merge import Merge, merge


class Seal(Enum):
    """The state of a page by its seal: GENERATED (nobody changed it), EDITED (somebody did), PERSON (no seal)."""

    GENERATED = "generated"
    EDITED = "edited"
    PERSON = "person"


_KEY = re.compile(r"^generated:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
_DIGEST = re.compile(r"content: (?P<quote>'?)(?P<digest>[0-9a-f]{12})(?P=quote)\}$")
_AUTHOR = re.compile(r"^generated: \{by: ([^,{}\n]+), content: ", re.MULTILINE)
_TYPE = re.compile(r"^type:", re.MULTILINE)
_COMMENT = re.compile(r"^<!-- gitkb: ([0-9a-f]{12}) -->\n?", re.MULTILINE)


def seal(text: str, by: str) -> bytes:
    """A generated page's bytes: the text with the seal that names its author `by` ("gitkb-extractive/1"); seals anew."""
    text = unsealed(text)
    if not text.endswith("\n"):
        text += "\n"
    digest = _digest(text)
    header, body = frontmatter.cut(text)
    if header is not None and _TYPE.search(header):
        # Twelve digits, or digits around one "e", are a number to a YAML reader.
        content = f"'{digest}'" if set(digest) <= set("0123456789e") else digest
        line = f"generated: {{by: {frontmatter.flow(by)}, content: {content}}}\n"
        return f"---\n{header}{line}---\n{body}".encode("utf-8", "replace")
    return f"{text}<!-- gitkb: {digest} -->\n".encode("utf-8", "replace")


def unsealed(text: str) -> str:
    """The page without its seal, with LF line ends."""
    header, body = frontmatter.cut(text)
    if header is None:
        return _COMMENT.sub("", body)
    if _TYPE.search(header):
        return f"---\n{_KEY.sub('', header)}---\n{body}"
    return f"---\n{header}---\n{_COMMENT.sub('', body)}"


def state(content: bytes) -> Seal:
    """The state of a page by its seal; a damaged or reformatted seal counts as EDITED."""
    text = content.decode("utf-8", "replace")
    header, body = frontmatter.cut(text)
    if header is not None and _TYPE.search(header):
        found = _KEY.search(header)
        if not found:
            return Seal.PERSON
        digest = _DIGEST.search(found[0].rstrip("\n"))
        if not digest:
            return Seal.EDITED if _is_gitkbs(found[0]) else Seal.PERSON
        return _compare(text, digest["digest"])
    comment = _COMMENT.search(body)
    return _compare(text, comment[1]) if comment else Seal.PERSON


def author(content: bytes) -> str:
    """The maker that a page's seal names ("gitkb-extractive/1"), empty without a seal in the front matter."""
    header, _ = frontmatter.cut(content.decode("utf-8", "replace"))
    found = _AUTHOR.search(header or "")
    return found[1] if found else ""


def _compare(text: str, digest: str) -> Seal:
    return Seal.GENERATED if _digest(unsealed(text)) == digest else Seal.EDITED


def _is_gitkbs(lines: str) -> bool:
    """Whether a `generated` key in another layout (an editor may have rewritten it) is one of ours."""
    try:
        value = frontmatter.split(f"---\n{lines}---\n")[0].get("generated")
    except FormatError:
        return True
    return isinstance(value, dict) and "content" in value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


EDITED = ".gitkb/edited"
_DEFINITION = re.compile(r"^\[\^([^\]\n]+)\]:.*(?:\n|\Z)", re.MULTILINE)
_USE = re.compile(r"\[\^([^\]\n]+)\](?!:)")


class Reconciled(Struct, frozen=True):
    """The new state of a page: its `content` (None: no such page), the projection to keep at `edited_path` (None: nothing to keep
    there), and the blocks in which a person's words were kept against a change."""

    content: bytes | None
    edited_base: bytes | None = None
    clashes: tuple[str, ...] = ()


def edited_path(path: str) -> str:
    """The path at which the last projection of an edited page is kept."""
    return f"{EDITED}/{path}"


def reconcile(path: str, current: bytes | None, projected: bytes | None, base: Callable[[], bytes | None]) -> Reconciled:
    """The new state of the page at `path`, which holds `current` and is to become `projected` (None: the page vanishes).

    `base` is called only for an edited page and returns its last projection: from `edited_path(path)` or, if nothing is kept
    there, from history; None if neither has one.
    """
    kind = state(current) if current is not None else Seal.GENERATED
    if current is None or kind is Seal.GENERATED:
        return Reconciled(projected)
    if kind is Seal.PERSON:
        return Reconciled(current)
    ours = unsealed(_text(current))
    last = base()
    # A page that is gone is projected as its bare title, so that what the person wrote keeps a page to stand on.
    target = projected if projected is not None else _bare(last or current)
    theirs = unsealed(_text(target))
    if ours == theirs:
        return Reconciled(projected)
    if last is None:
        # Nothing tells the person's words from gitkb's, so every word stays; from now on the projection is known.
        return Reconciled(current, target, (f"{path}: its last projection is not known, so it was left as it is",))
    merged = carried(last, current, target)
    if _words(merged.text) == _words(theirs):
        return Reconciled(projected, None, merged.clashes)
    return Reconciled(with_seal_of(target, merged.text), target, merged.clashes)


def carried(last: bytes, page: bytes, target: bytes) -> Merge:
    """An edited page, whose projection was `last`, on top of another projection, without a seal."""
    ours, theirs = unsealed(_text(page)), unsealed(_text(target))
    merged = merge(unsealed(_text(last)), ours, theirs)
    return Merge(_footnotes(merged.text, theirs, ours), merged.clashes)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _words(text: str) -> str:
    """The text without what only spaces it."""
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _bare(page: bytes) -> bytes:
    """The rest of a page without any claim: its type and title, marked deprecated; an index keeps nothing."""
    header, body = frontmatter.cut(unsealed(_text(page)))
    if header is None or not re.search(r"^type:", header, re.MULTILINE):
        return seal("", "")
    kept = [line for line in header.split("\n") if re.match(r"(?:type|title):", line)]
    title = re.search(r"^# .*$", body, re.MULTILINE)
    text = "\n".join(["---", *kept, "status: deprecated", "---", "", title[0] if title else "", ""])
    return seal(text, author(page) or "gitkb")


def with_seal_of(projected: bytes, text: str) -> bytes:
    """A merged page (without a seal) under the projection's seal, which it does not fulfil: so it stays known as edited."""
    sealed = _text(projected)
    header, body = frontmatter.cut(text)
    line = re.search(r"^generated: .*\n", frontmatter.cut(sealed)[0] or "", re.MULTILINE)
    if line:
        text = f"---\n{header or ''}{line[0]}---\n{body}"
    else:
        comment = sealed[sealed.rstrip("\n").rfind("\n") + 1 :]
        text = f"{text.rstrip(chr(10))}\n{comment}"
    return text.encode("utf-8", "surrogateescape")


def _footnotes(text: str, theirs: str, ours: str) -> str:
    """Every footnote that the merged page still uses is defined; the projection's that it uses no more are gone."""
    used = set(_USE.findall(text))
    projected = {found[0].strip() for found in _DEFINITION.finditer(theirs)}
    text = _DEFINITION.sub(lambda d: "" if d[1] not in used and d[0].strip() in projected else d[0], text)
    defined = {found[1] for found in _DEFINITION.finditer(text)}
    known = {d[1]: d[0].strip() for page in (ours, theirs) for d in _DEFINITION.finditer(page)}
    missing = [definition for label, definition in known.items() if label in used - defined]
    if not missing:
        return text
    gap = "\n" if _DEFINITION.match(text.rstrip("\n").rpartition("\n")[2]) else "\n\n"
    return text.rstrip("\n") + gap + "\n".join(missing) + "\n"
