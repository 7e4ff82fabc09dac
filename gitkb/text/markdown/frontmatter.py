"""YAML that somebody else wrote, as plain data, and the front matter of a Markdown page: taken off and put on.

Invariant: text, numbers, booleans, lists and mappings come out, or a `ValueError` that says in one line what is wrong; and
`split(join(meta, body)) == (meta, body)` for such data. Pages come from clones and from people, so nothing is built by a tag,
aliases are refused (they can stand for more than the memory holds), and size and depth are bounded. Dates stay text: a page is
not to change because a reader turned a date into something else.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitkb.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import yaml


MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
_SHOWN = 300


def load(text: str) -> Any:
    """The data in a YAML text; None where it is empty. `ValueError` where it is not plain, too large or too deep."""
    import yaml

    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    loader = _loader()
    try:
        _check_events(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError) as error:
        raise ValueError(" ".join(str(error).split())[:_SHOWN]) from error


def _check_events(events: "Iterable[yaml.Event]") -> None:
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it uses YAML aliases (*name), which gitkb does not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")


_loaders: list[type[Any]] = []


def _loader() -> type[Any]:
    """The safe loader without the resolver that turns dates into date objects; made once, when first needed."""
    if not _loaders:
        import yaml

        base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        stamp = "tag:yaml.org,2002:timestamp"
        resolvers = {
            first: [(tag, pattern) for tag, pattern in known if tag != stamp]
            for first, known in base.yaml_implicit_resolvers.items()
        }
        _loaders.append(type("_DatesAsText", (base,), {"yaml_implicit_resolvers": resolvers}))
    return _loaders[0]


FENCE = "---"
_HEADER = re.compile(r"\A---[ \t]*\n(?P<yaml>(?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_HINT = "Correct the lines between the two '---' at the top of the page."


class Stamp(str):
    """A time ("2026-11-24T10:00:00Z") that is written as YAML has times, without quotes; it is read as text like any other."""

    __slots__ = ()


def split(text: str) -> tuple[dict[str, object], str]:
    """The front matter and the body of a page, with LF line ends; `({}, text)` where there is none.

    Raises `FormatError` where there is one that is not valid YAML, uses aliases, or is too large or too deep.
    """
    header, body = cut(text)
    if header is None:
        return {}, body
    data = _load(header)
    if isinstance(data, str):  # two thematic breaks around a line of prose
        return {}, f"{FENCE}\n{header}{FENCE}\n{body}"
    if data is None:
        return {}, body
    if not isinstance(data, dict):
        raise FormatError("The front matter is not a mapping of keys to values.", _HINT)
    return {str(key): value for key, value in data.items()}, body


def cut(text: str) -> tuple[str | None, str]:
    """The raw YAML of the front matter (None without one) and the body, unparsed, with LF line ends."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found = _HEADER.match(text) if text.startswith(FENCE) else None
    return (found["yaml"], text[found.end() :]) if found else (None, text)


def join(meta: Mapping[str, object], body: str) -> str:
    """A page: the keys in their order, one line each, then the body as it is; the body alone without keys."""
    if not meta and not _has_header(body):
        return body
    return f"{FENCE}\n{''.join(key_lines(key, value) for key, value in meta.items())}{FENCE}\n{body}"


def _has_header(body: str) -> bool:
    """Whether the body alone would be read as a page with front matter, so that it needs an empty one before it."""
    if not body.startswith(FENCE):
        return False
    try:
        return split(body) != ({}, body)
    except FormatError:
        return True


def key_lines(key: str, value: object) -> str:
    """One front-matter key as YAML lines: lists in one line, lists of mappings one line an entry, text quoted where needed."""
    if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
        entries = "".join(f"  - {flow(item)}\n" for item in value)
        return f"{flow(key)}:\n{entries}"
    plain = isinstance(value, str) and _is_plain(value, _PLAIN_LINE)
    return f"{flow(key)}: {value if plain else flow(value)}\n"


def flow(value: object) -> str:
    """A value as one line of flow-style YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return _scalar(value)


# Most words, sentences and links need no YAML library: a letter first, then nothing that means something to YAML.
_PLAIN = re.compile(r"(?:\.\./)*[^\W\d_][\w./()+=;'\u2019-]*(?: [\w./()+=;'\u2019-]+)*")
_PLAIN_LINE = re.compile(r"[^\W\d_][\w./()+=;'\u2019,?!\"%\[\]-]*(?: [\w./()+=;'\u2019,?!\"%\[\]-]+)*")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def _scalar(value: object) -> str:
    if isinstance(value, Stamp):
        return str(value)
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"{type(value).__name__} is no front-matter value")


def _is_plain(text: str, pattern: re.Pattern[str] = _PLAIN) -> bool:
    return bool(pattern.fullmatch(text)) and text.lower() not in _WORDS and text.isprintable()


def _quoted(text: str) -> str:
    """A string as the YAML library quotes it: the plainest style that reads back as the same string."""
    import yaml

    style = None if text.isprintable() else '"'
    # Not the C dumper: it escapes what lies outside the basic plane, such as emoji.
    line = yaml.dump(
        [text], Dumper=yaml.SafeDumper, default_flow_style=True, default_style=style, allow_unicode=True, width=2**30
    )
    return str(line).strip()[1:-1]


def _load(header: str) -> Any:
    try:
        return load(header)
    except ValueError as error:
        raise FormatError(f"The front matter is not valid YAML: {error}", _HINT) from error
