"""Gives every source its document name: the mirrored path, made short and safe.

Invariant: a source that the knowledge base knows keeps its document. Each new one, in scan order, gets the first of its candidates
that is free. So a name depends on the source's path alone, unless two paths lead to the same name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from gitkb.convert.formats import ENDINGS
from gitkb.text.names.slugs import document_segment, short_hash


def document_name(path: str) -> str:
    """The name that a source path gets when no other document has it: "docs/guide/Intro to X.pdf" -> "docs/guide/intro-to-x"."""
    pure = PurePosixPath(path)
    folders = [document_segment(part) for part in pure.parent.parts]
    return "/".join([*folders, document_segment(_stem(pure.name))])


def candidates(path: str) -> Iterator[str]:
    """The names that a source path may get, best first: as it is, then with its ending, then with a longer and longer hash of the
    path."""
    name = document_name(path)
    yield name
    ending = PurePosixPath(path).suffix.lower().lstrip(".")
    folder, _, segment = name.rpartition("/")
    prefix = f"{folder}/" if folder else ""
    if ending:
        yield f"{prefix}{document_segment(f'{segment}-{ending}')}"
    for digits in range(8, 65):
        yield f"{prefix}{document_segment(f'{segment}-{short_hash(path, digits)}')}"


def reserve(
    paths: Iterable[str], known: dict[str, str], taken: Callable[[str], bool], renamed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Document names by source path, in order. `known` maps source paths of the knowledge base to their documents; `taken` tells
    whether a name is in use there. `renamed`: a moved file's new path -> its document; this path may take that document's name
    though it is in use."""
    own = renamed or {}
    names: dict[str, str] = {}
    used: set[str] = set()
    for path in paths:
        name = known.get(path)
        if name is None:
            name = next(c for c in candidates(path) if c not in used and (c == own.get(path) or not taken(c)))
        used.add(name)
        names[path] = name
    return names


def _stem(name: str) -> str:
    pure = PurePosixPath(name)
    return pure.stem if pure.suffix.lower() in ENDINGS else name
