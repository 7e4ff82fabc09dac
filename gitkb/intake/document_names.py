"""Gives every source its document name: the mirrored path, made short and safe.

Invariant: a source that the knowledge base knows keeps its document; a new one gets the first free of its candidates, in
scan order. So a name depends on the paths alone unless two of them would be equal.
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
    """The names a source path may get, best first; the last kind never runs out."""
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
    """A document for every source path, in order; `known` maps source paths of the knowledge base to their documents and
    `taken` tells whether a name is in use there. `renamed` maps new paths to the documents that they take over, whose own names
    are free to them."""
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
