"""The seal of a generated page: how one knows, without history, whether a page is gitkb's or a person has edited it.

Invariant: `state(seal(text, by))` is GENERATED, and any change to the sealed text makes it EDITED. A page with a `type` carries
the seal in its front matter (`generated: {by: ..., content: <12 hex>}`), an index page, which has none, in a comment at its
end. Line ends do not count: a checkout may have turned LF into CRLF.
"""

import hashlib
import re
from enum import Enum

from gitkb.errors import FormatError
from gitkb.text import frontmatter


class Seal(Enum):
    """What a page's seal says of it: GENERATED (nobody changed it), EDITED (somebody did), PERSON (no seal)."""

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
    """What the seal of a page's bytes says; a damaged or reformatted seal counts as EDITED."""
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
    """Who a page's seal says made it ("gitkb-extractive/1"), empty without a seal in the front matter."""
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
