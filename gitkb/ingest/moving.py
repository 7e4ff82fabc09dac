"""A document's files under another name: their paths, and its pages with their links led from the new place.

Invariant: only the destinations of links differ; whatever else a person or gitkb wrote stays to the byte. Pure.
"""

import re

from gitkb.records import OWN_FOLDERS
from gitkb.text import frontmatter
from gitkb.text.links import is_external, relative, resolve

_LINK = re.compile(r"(?P<before>\]\(\s*|^ {0,3}\[[^\]\n]+\]:[ \t]*)(?P<target><[^<>\n]*>|[^\s()<>]+)", re.MULTILINE)
_RESOURCE = re.compile(r"(?P<before>\bresource: )(?P<target>[^\s,'\"{}]+)")


def moved_path(path: str, before: str, after: str) -> str:
    """Where a file of the document `before` stands when it is called `after`; other paths stay."""
    for folder in OWN_FOLDERS:
        stem = f"{folder}{before}"
        if path.startswith(stem) and (path[len(stem) :].startswith((".", "--")) or path == stem):
            return f"{folder}{after}{path[len(stem) :]}"
    return path


def moved_page(content: bytes, path: str, before: str, after: str) -> bytes:
    """A page of the document `before`, which stands at `path`, as it reads when the document is called `after`."""
    target = moved_path(path, before, after)

    def led(found: re.Match[str]) -> str:
        written = found["target"].strip("<>")
        place = None if is_external(written) or written.startswith("#") else resolve(path, written)
        if place is None:
            return found[0]
        fragment = f"#{place[1]}" if place[1] else ""
        new = relative(target, moved_path(place[0], before, after) + fragment)
        return found["before"] + (f"<{new}>" if found["target"].startswith("<") else new)

    header, body = frontmatter.cut(content.decode("utf-8", "surrogateescape"))
    body = _LINK.sub(led, body)
    text = body if header is None else f"---\n{_RESOURCE.sub(led, header)}---\n{body}"
    return text.encode("utf-8", "surrogateescape")
