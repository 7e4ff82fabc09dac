"""Which versions of the on-disk formats a tree holds, and what each of its files becomes in the newest.

Invariant: a function of the tree; reads nothing but settings where no step since their number changes other files. A file that
cannot be read stays as it is: `check` reports it. Writes nothing.
"""

import json
from collections.abc import Iterator
from typing import Any

from gitkb import approvals, decisions
from gitkb.config import CONFIG_PATH, format_of
from gitkb.errors import ConfigError, FormatError, NewerFormat
from gitkb.formats import FORMATS, Formats, Kind, canonical
from gitkb.model import Tree
from gitkb.overviews import OVERVIEWS
from gitkb.records import RECORDS, document_of


def format_at(tree: Tree, formats: Formats = FORMATS) -> int | None:
    """The format number of a tree's settings, None where there are no readable settings. `NewerFormat` for a newer one."""
    content = tree.read(CONFIG_PATH)
    try:
        return None if content is None else format_of(content.decode("utf-8", "replace"), formats=formats)
    except NewerFormat:
        raise
    except (ConfigError, FormatError):
        return None  # whoever needs the settings says what is wrong with them


def refuse_newer_settings(tree: Tree) -> None:
    """Raises `NewerFormat` where a tree's settings are of a format that this version does not know."""
    format_at(tree)


def migrated(tree: Tree, formats: Formats = FORMATS) -> dict[str, bytes]:
    """The new content of every file that is of an older format, by path; nothing where the settings have the newest number."""
    number = format_at(tree, formats)
    if number is None or number == formats.newest:
        return {}
    text = (tree.read(CONFIG_PATH) or b"").decode("utf-8", "surrogateescape")
    new = formats.numbered(formats.settings(text, number))
    if not _says_newest(new, formats):
        hint = f"Write this line there instead, commit it, and try again: format: {formats.newest}"
        raise ConfigError(f"{CONFIG_PATH} says its format in a way that gitkb cannot change.", hint)
    found = {CONFIG_PATH: new.encode("utf-8", "surrogateescape")}
    changed = {kind for step in formats.since(number) for kind in step.files}
    for path, oid in _files(tree, changed):
        old = tree.read_blob(oid)
        content = _migrated_file(path, old, formats)
        if content is not None and content != old:
            found[path] = content
    return found


def _says_newest(text: str, formats: Formats) -> bool:
    try:
        return format_of(text, formats=formats) == formats.newest
    except (ConfigError, FormatError):
        return False


def only_migrated(path: str, old: bytes, new: bytes, formats: Formats = FORMATS) -> bool:
    """Whether two versions of a file say the same in two formats."""
    if path == CONFIG_PATH:
        texts = [formats.numbered(content.decode("utf-8", "surrogateescape")) for content in (old, new)]
        return old != new and texts[0] == texts[1]
    if kind_of(path) is None:
        return False
    before = _migrated_file(path, old, formats)
    return old != new and before is not None and before == _migrated_file(path, new, formats)


def kind_of(path: str) -> Kind | None:
    """Of what kind the JSON file at a path is."""
    if document_of(path) is not None:
        return Kind.RECORD
    if not path.endswith(".json"):
        return None
    folders = {approvals.APPROVED: Kind.APPROVAL, decisions.DECISIONS: Kind.DECISION, OVERVIEWS: Kind.OVERVIEW}
    return next((kind for folder, kind in folders.items() if path.startswith(f"{folder}/")), None)


def _files(tree: Tree, kinds: set[Kind]) -> Iterator[tuple[str, str]]:
    for folder in (RECORDS, decisions.DECISIONS, OVERVIEWS) if kinds else ():
        yield from ((path, oid) for path, oid in tree.files(folder) if kind_of(path) in kinds)


def _migrated_file(path: str, content: bytes, formats: Formats) -> bytes | None:
    """A file in the newest format, None where it cannot be read."""
    kind = kind_of(path)
    try:
        data: Any = json.loads(content.decode("utf-8"))
        return None if kind is None else canonical(formats.upgraded(kind, data))
    except NewerFormat:
        raise
    except (FormatError, ValueError, RecursionError, LookupError, TypeError):
        return None
