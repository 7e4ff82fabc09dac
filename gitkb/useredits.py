"""Changes one setting in the text of the user's file, as an editor would: comments, order and all other lines stay.

Invariant: the new text means exactly the old settings with that one change, or `ConfigError` says to edit the file by hand. Pure.
"""

from typing import TYPE_CHECKING, Any, TypeGuard

from gitkb.config import parse_mapping
from gitkb.errors import ConfigError

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node

_Path = tuple[str, ...]


def with_setting(text: str, name: str, value: str | int | float, where: str) -> str:
    """The text with a setting (`llm.timeout`) added or replaced."""
    path = tuple(name.split("."))
    changed = _set(text, path, _scalar(value))
    return _checked(changed, _assigned(_data(text, where), path, value), where)


def without_setting(text: str, name: str, where: str) -> str:
    """The text without a setting; the same text where it is not set."""
    path = tuple(name.split("."))
    data = _data(text, where)
    if not _holds(data, path):
        return text
    expected = _removed(data, path)
    while len(path) > 1 and not _holds(expected, path[:-1]):
        path = path[:-1]
    return _checked(_unset(text, path), expected, where)


def _set(text: str, path: _Path, scalar: str) -> str:
    node, depth = _root(text), 0
    if node is None:
        return f"{_lines(text)}{_block(path, scalar)}\n"
    while (pair := _pair(node, path[depth])) is not None and depth + 1 < len(path) and _is_mapping(pair[1]) and pair[1].value:
        node, depth = pair[1], depth + 1
    if pair is not None:
        end = pair[1].end_mark.index if pair[1].value != "" else pair[0].end_mark.index + 1
        inner = scalar if depth + 1 == len(path) else f"{{{path[-1]}: {scalar}}}"
        return f"{text[: pair[0].end_mark.index]}: {inner}{text[end:]}"
    if depth == 0 and not node.flow_style:
        return f"{_lines(text)}{_block(path, scalar)}\n"
    first = node.value[0][0].start_mark if node.value else None
    if first is None:
        return f"{text[: node.start_mark.index]}{{{_flow(path[depth:], scalar)}}}{text[node.end_mark.index :]}"
    gap = ", " if node.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{_flow(path[depth:], scalar)}{gap}{text[first.index :]}"


def _unset(text: str, path: _Path) -> str:
    """Without the lines of a setting; in braces they hold others too, and the check of the result says so."""
    node = _root(text)
    for name in path[:-1]:
        pair = _pair(node, name) if node is not None else None
        node = pair[1] if pair is not None and _is_mapping(pair[1]) else None
    pair = _pair(node, path[-1]) if node is not None else None
    if pair is None:
        return text
    start = text.rfind("\n", 0, pair[0].start_mark.index) + 1
    last = max(pair[0].end_mark.index, pair[1].end_mark.index - 1)
    end = text.find("\n", last)
    return text[:start] + (text[end + 1 :] if end >= 0 else "")


def _root(text: str) -> "MappingNode | None":
    import yaml

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return node if _is_mapping(node) else None


def _is_mapping(node: Any) -> "TypeGuard[MappingNode]":
    from yaml.nodes import MappingNode

    return isinstance(node, MappingNode)


def _pair(node: "MappingNode", name: str) -> "tuple[Node, Any] | None":
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _lines(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _block(path: _Path, scalar: str) -> str:
    *sections, last = path
    return "\n".join(
        [*(f"{'  ' * depth}{name}:" for depth, name in enumerate(sections)), f"{'  ' * len(sections)}{last}: {scalar}"]
    )


def _flow(path: _Path, scalar: str) -> str:
    return f"{path[0]}: {scalar}" if len(path) == 1 else f"{path[0]}: {{{_flow(path[1:], scalar)}}}"


def _scalar(value: str | int | float) -> str:
    import yaml

    return yaml.safe_dump(value, width=10_000, allow_unicode=True).removesuffix("...\n").strip()


def _data(text: str, where: str) -> dict[str, Any]:
    return parse_mapping(text, where, "Correct the file.")


def _holds(data: Any, path: _Path) -> bool:
    for name in path:
        if not isinstance(data, dict) or name not in data:
            return False
        data = data[name]
    return True


def _assigned(data: dict[str, Any], path: _Path, value: Any) -> dict[str, Any]:
    inner = data.get(path[0])
    inside = inner if isinstance(inner, dict) else {}
    return data | {path[0]: value if len(path) == 1 else _assigned(inside, path[1:], value)}


def _removed(data: dict[str, Any], path: _Path) -> dict[str, Any]:
    """Without the setting, and without a section that holds nothing else."""
    rest = {name: value for name, value in data.items() if name != path[0]}
    inner = _removed(data[path[0]], path[1:]) if len(path) > 1 else {}
    return data | {path[0]: inner} if inner else rest


def _checked(text: str, expected: dict[str, Any], where: str) -> str:
    try:
        same = parse_mapping(text, where, "") == expected
    except ConfigError:
        same = False
    if not same:
        raise ConfigError(f"{where} is written in a way that cannot be changed line by line.", "Edit it by hand.")
    return text
