"""The files of documents under other names: their paths, and pages with their links led from the new place to the new places.

Everything here takes the old names of documents with their new ones. Invariant: only the destinations of links differ; whatever
else a person or gitkb wrote stays to the byte. Pure.
"""

import re
from collections.abc import Mapping

from gitkb.ingest.documents import owner_of
from gitkb.records import OWN_FOLDERS
from gitkb.text import frontmatter
from gitkb.text.links import is_external, relative, resolve

_LINK = re.compile(r"(?P<before>\]\(\s*|^ {0,3}\[[^\]\n]+\]:[ \t]*)(?P<target><[^<>\n]*>|[^\s()<>]+)", re.MULTILINE)
_RESOURCE = re.compile(r"(?P<before>\bresource: )(?P<target>[^\s,'\"{}]+)")


def moved_path(path: str, moves: Mapping[str, str]) -> str:
    """Where a document's own file stands when its document has its new name; other paths stay."""
    before = owner_of(path)
    if before is None or before not in moves:
        return path
    folder = next(folder for folder in OWN_FOLDERS if path.startswith(folder))
    return f"{folder}{moves[before]}{path[len(folder) + len(before) :]}"


def moved_page(content: bytes, path: str, moves: Mapping[str, str]) -> bytes:
    """A page of a document, which stands at `path`, as it reads when all documents have their new names."""
    target = moved_path(path, moves)

    def led(found: re.Match[str]) -> str:
        written = found["target"].strip("<>")
        place = None if is_external(written) or written.startswith("#") else resolve(path, written)
        if place is None:
            return found[0]
        fragment = f"#{place[1]}" if place[1] else ""
        new = relative(target, moved_path(place[0], moves) + fragment)
        return found["before"] + (f"<{new}>" if found["target"].startswith("<") else new)

    header, body = frontmatter.cut(content.decode("utf-8", "surrogateescape"))
    body = _LINK.sub(led, body)
    text = body if header is None else f"---\n{_RESOURCE.sub(led, header)}---\n{body}"
    return text.encode("utf-8", "surrogateescape")
