"""Data files (JSON, YAML, TOML, XML) to Markdown as text with structure: containers as headings, deeper ones as lists, lists of
like records as tables, values behind their keys.

Invariant: nothing in a file makes an object of another kind or names another file, entities stay unresolved, and what aliases and
merges of YAML multiply is bounded. At most `MAX_VALUES` values come out; that more are left out is said in the text.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitkb.convert.archive import parse_xml
from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.formats import ending_of
from gitkb.convert.tables import escape, paragraph, table
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from lxml import etree

MAX_VALUES = 50_000
MAX_MERGED = 100_000
MAX_DEPTH = 24
_HEADINGS = 3
"""Containers down to this depth are headings, of levels 2 to 4."""
_MAX_LABEL = 120
_MAX_LINE = 300
_MAX_FLOW = 100
_DOTTED = re.compile(r"(?:[\w\"'-]+[ \t]*\.[ \t]*){200}")
_CHECK = "Check it with the program that reads it, or add it as .txt."


class _Container(Struct, frozen=True):
    """Labelled values in order; the items of a list have no labels."""

    values: tuple[tuple[str, "_Node"], ...]


_Node = str | _Container


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a data file; its name's ending says what it is."""
    data = file.read_bytes()
    kind = ending_of(name)
    try:
        root = _Reading().xml(parse_xml(data)) if kind == ".xml" else _Reading().node(_READERS[kind](decode(data)))
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # raised on text that is not of the format, and on numbers with too many digits
        raise ConversionError(f"it is no well-formed {kind[1:].upper().replace('YML', 'YAML')}.", _CHECK) from error
    return Draft(markdown="\n\n".join(_Writing().blocks(root, 0)), titles=tuple(_titles(root)))


def _yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Builds plain data only, and stops where merged mappings multiply."""

        merged = 0

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > MAX_MERGED:
                raise ConversionError("its mappings grow without end when they are merged.", _CHECK)

        def fetch_flow_collection_start(self, token: Any) -> None:
            if self.flow_level > _MAX_FLOW:  # PyYAML needs quadratic time for them
                raise ConversionError("its lists are nested too deeply.", _CHECK)
            super().fetch_flow_collection_start(token)

    documents = list(yaml.load_all(text, Loader))
    return documents[0] if len(documents) == 1 else documents


def _toml(text: str) -> Any:
    if _DOTTED.search(text):  # tomllib needs quadratic time for them
        raise ConversionError("its keys are nested too deeply.", _CHECK)
    return tomllib.loads(text)


_READERS: dict[str, Callable[[str], Any]] = {".json": json.loads, ".yaml": _yaml, ".yml": _yaml, ".toml": _toml}


class _Reading:
    """Makes the tree of containers and values; values beyond the limit are counted as one that says so."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def node(self, value: Any, depth: int = 0) -> _Node:
        """The node of data as the parsers make it."""
        self._left -= 1
        if not isinstance(value, dict | list | tuple | set):
            return _scalar(value)
        if depth > MAX_DEPTH:
            return "(deeper values are left out)"
        pairs = value.items() if isinstance(value, dict) else (("", item) for item in value)
        found: list[tuple[str, _Node]] = []
        for key, item in pairs:
            if self._left <= 0:
                found.append(("", "(more values are left out)"))
                break
            found.append((one_line(str(key))[:_MAX_LABEL], self.node(item, depth + 1)))
        return _Container(tuple(found))

    def xml(self, element: "etree._Element", depth: int = 0) -> _Node:
        """The node of an element: its attributes, then what is in it; text with markup in it is one value."""
        self._left -= 1
        if depth > MAX_DEPTH:
            return "(deeper values are left out)"
        attributes = [(_local(key), one_line(str(value))) for key, value in element.attrib.items()]
        children = [child for child in element if isinstance(child.tag, str)]
        text = one_line("".join(map(str, element.itertext("*")))) if not children or _is_mixed(element) else ""
        if not attributes and not children:
            return text
        found: list[tuple[str, _Node]] = [(key, value) for key, value in attributes if value]
        if text:
            return _Container((*found, ("", text))) if found else text
        for child in children:
            if self._left <= 0:
                found.append(("", "(more values are left out)"))
                break
            found.append((_local(child.tag), self.xml(child, depth + 1)))
        return _Container(tuple(found))


def _is_mixed(element: "etree._Element") -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2][:_MAX_LABEL]


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return one_line(str(value))


class _Writing:
    """Writes the tree."""

    def blocks(self, node: _Node, depth: int) -> Iterator[str]:
        """The blocks of a node at a depth: its plain values first, because they describe the node itself."""
        if isinstance(node, str):
            yield paragraph(node)
            return
        if rows := _records(node):
            yield rows
            return
        nested = [(label, one) for label, one in node.values if isinstance(one, _Container) and not _joined(one)]
        flat = [(label, one) for label, one in node.values if isinstance(one, str) or _joined(one)]
        if depth == _HEADINGS or not any(label for label, _ in nested):
            yield "\n".join(self._items(node, 0))
            return
        if flat:
            yield "\n".join(self._items(_Container(tuple(flat)), 0))
        for label, one in nested:
            yield f"{'#' * (depth + 2)} {escape(label or '(without a name)')}"
            yield from self.blocks(one, depth + 1)

    def _items(self, node: _Container, indent: int) -> Iterator[str]:
        lead = "  " * indent + "- "
        for label, one in node.values:
            name = escape(label)
            if isinstance(one, str) or _joined(one):
                said = escape(one if isinstance(one, str) else _joined(one))
                yield f"{lead}{name}: {said}".rstrip() if name else f"{lead}{said}".rstrip()
            elif name:
                yield f"{lead}{name}:"
                yield from self._items(one, indent + 1)
            else:
                yield from self._unnamed(one, indent)

    def _unnamed(self, node: _Container, indent: int) -> Iterator[str]:
        """An item without a label: its first plain value is the item, the others are below it."""
        ordered = sorted(node.values, key=lambda pair: isinstance(pair[1], _Container))
        first, *others = [*self._items(_Container(tuple(ordered)), 0)] or ["-"]
        yield "  " * indent + first
        yield from ("  " * (indent + 1) + line for line in others)


def _joined(node: _Container) -> str:
    """The items of a short list of plain values on one line; '' for other containers."""
    if not all(isinstance(value, str) and not label for label, value in node.values):
        return ""
    line = ", ".join(str(value) for _, value in node.values)
    return line if len(line) <= _MAX_LINE else ""


def _records(node: _Container) -> str:
    """A table of containers that are alike: plain values with the same labels; '' where they are not."""
    if len(node.values) < 2 or len({label for label, _ in node.values}) > 1:
        return ""
    rows: list[dict[str, str]] = []
    for _, one in node.values:
        if not isinstance(one, _Container) or not all(label and isinstance(value, str) for label, value in one.values):
            return ""
        rows.append({label: str(value) for label, value in one.values})
    labels = list(dict.fromkeys(label for row in rows for label in row))
    if not labels or sum(map(len, rows)) < 0.7 * len(rows) * len(labels):
        return ""
    cells: list[Sequence[str]] = [[escape(row.get(label, "")) for label in labels] for row in rows]
    return table([[escape(label) for label in labels], *cells])


def _titles(root: _Node) -> Iterator[TitleCandidate]:
    values = root.values if isinstance(root, _Container) else ()
    for label, node in values:
        if label == "info" and isinstance(node, _Container):
            yield from _titles(node)
        if label in ("title", "name") and isinstance(node, str):
            yield TitleCandidate("stated" if label == "title" else "opening", node, f"value of {label}")
