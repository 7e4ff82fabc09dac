"""Markdown as it is: front matter understood and taken off, active HTML removed, vaults and sites read.

Invariant: code blocks and code spans come out byte for byte; nothing that a browser would run is left outside them.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.outline import lines_with_code, outside_code_spans
from gitkb.convert.pictures import Gallery
from gitkb.convert.plaintext.sites import read_site_syntax
from gitkb.convert.plaintext.stated_facts import stated_facts
from gitkb.convert.plaintext.vaults import note_of_plugin, read_vault_syntax
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_FRONT_MATTER = 65_536
_MAX_AUTHORS = 100
_FRONT = re.compile(
    r"\A\s*?(?P<mark>---|\+\+\+)[ \t]*\n(?P<text>.*?)^(?:(?P=mark)|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_ACTIVE_BLOCK = re.compile(
    r"<(script|style|iframe|object|embed|applet|noscript|template)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>.*?(?:</\1\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_ACTIVE_TAG = re.compile(
    r"</?(?:script|style|iframe|object|embed|applet|noscript|template|form|link|meta|base)\b[^>]*>?", re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_ON_EVENT = re.compile(r"""\s+on[a-z]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
_BAD_SCHEME = re.compile(r"(?:(?:java|vb|live)script|file|data|about|blob)\s*:", re.IGNORECASE)
_BAD_ATTRIBUTE = re.compile(
    r"""\s+(?:href|src|action|srcdoc|xlink:href|formaction)\s*=\s*(?:"\s*(?P<a>[^"]*)"|'\s*(?P<b>[^']*)'|(?P<c>[^\s>]+))""",
    re.IGNORECASE,
)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?((?:[^()\s]|\([^()\s]*\))*)>?(\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
_DEFINITION = re.compile(r"^(\s{0,3}\[[^\]]+\]:\s*)<?(\S+?)>?(\s.*)?$")
_OWN = "\ue003"
"""Marks the anchor of a heading until all links of the text are known."""
_ATTRIBUTES = re.compile(r"^(#{1,6} .*?)[ \t]*\{#([\w:.-]+)[^{}]*\}[ \t]*#*$")
_TITLES, _LANGUAGES = ("title", "linktitle"), ("lang", "language", "locale")
_AUTHORS, _DESCRIPTIONS = ("author", "authors", "creator"), ("description", "summary", "abstract", "subtitle")
_DATES = {
    "published": ("date", "published", "publishdate", "pubdate", "created"),
    "modified": ("lastmod", "modified", "updated", "last_modified_at"),
}


class FrontMatter(Struct, frozen=True):
    """What the block in front of a Markdown text says, as plain strings."""

    title: str = ""
    language: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    """All that it says, by keys in small letters."""


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a Markdown file."""
    front, body = split_front_matter(decode(file.read_bytes()))
    front, body = _page_properties(front, body)
    plugin = note_of_plugin(front.properties, body)
    body = read_site_syntax(read_vault_syntax(body)) if plugin is None else plugin
    if not any(map(str.isalnum, body)):
        body = _as_lines(front.properties)
    return draft_of(front, body)


def draft_of(front: FrontMatter, body: str) -> Draft:
    """The draft of Markdown: its front matter is read and taken off, active markup is removed."""
    gallery = Gallery()
    text = sanitize(body, gallery)
    return Draft(
        markdown=text,
        titles=(TitleCandidate("stated", front.title, "front matter"),),
        language=front.language,
        description=front.description,
        authors=front.authors,
        dates=front.dates,
        pictures=gallery.pictures,
        aliases=front.aliases,
        tags=front.tags,
        stated=stated_facts(front.properties),
    )


_LOGSEQ_PROPERTY = re.compile(r"([A-Za-z][\w-]{0,40})::[ \t]+(\S.*?)[ \t]*$")
_LOGSEQ_OWN = frozenset(("title", "alias", "tags", "description"))
_TECHNICAL = frozenset(
    """title linktitle tags tag alias aliases cssclass cssclasses publish draft layout permalink slug weight toc id uid template
    sidebar_label sidebar_position sidebar hide_title created updated modified date lastmod lang language description position
    linter-yaml-title-alias""".split()
)


def _page_properties(front: FrontMatter, body: str) -> tuple[FrontMatter, str]:
    """What the first block of a page of Logseq says of it ("alias:: x" in each line), where it has no front matter. The block may
    be written as the first item of its list."""
    lines = body.lstrip("\n").split("\n")
    is_item = lines[0].startswith(("- ", "* "))
    block = (line[2:] if is_item and (number == 0 or line.startswith("  ")) else line for number, line in enumerate(lines))
    found = [pair.groups() for pair in takewhile(bool, map(_LOGSEQ_PROPERTY.match, block)) if pair]
    own = {key.lower(): value for key, value in found}
    if front.properties or not own.keys() & _LOGSEQ_OWN:
        return front, body
    kept = [line for line, (key, _) in zip(lines, found, strict=False) if key.lower() not in _LOGSEQ_OWN]
    if is_item:  # the block's first line may be gone
        kept = [f"{'  ' if number else '- '}{line[2:]}" for number, line in enumerate(kept)]
    named = replace(
        front,
        title=own.get("title", ""),
        description=own.get("description", ""),
        authors=_listed(own.get("author", own.get("authors"))),
        aliases=_listed(own.get("alias")),
        tags=_listed(own.get("tags")),
    )
    return named, "\n".join([*kept, *lines[len(found) :]])


def _listed(value: Any) -> tuple[str, ...]:
    """The names in a list, or in a line in which commas stand between them, as plain text, each once."""
    names = _names(value.split(",") if isinstance(value, str) else value)
    plain = (name.strip().removeprefix("#").removeprefix("[[").removesuffix("]]").rpartition("|")[2].strip() for name in names)
    return tuple(dict.fromkeys(islice(filter(None, plain), _MAX_AUTHORS)))


def _as_lines(properties: Mapping[str, Any]) -> str:
    """The properties of a note that has no other words, as lines "key: value"."""
    lines = []
    for key, value in properties.items():
        shown = ", ".join(_names(value)) or _text(value) or _date(value)
        if shown and key not in _TECHNICAL:
            lines.append(f"- **{' '.join(key.replace('_', ' ').split())}:** {shown}")
    return "\n".join(lines)


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The front matter (YAML, TOML or JSON) and the text after it; a block that is no mapping stays part of the text."""
    data, rest = _front_data(text)
    if data is None:
        return FrontMatter(), text
    values = {str(key).lower(): value for key, value in data.items()}
    dates = {
        name: found for name, keys in _DATES.items() if (found := next((d for k in keys if (d := _date(values.get(k)))), ""))
    }
    return (
        FrontMatter(
            title=_first(values, _TITLES),
            language=_first(values, _LANGUAGES),
            description=_first(values, _DESCRIPTIONS),
            authors=tuple(islice((author for key in _AUTHORS for author in _names(values.get(key))), _MAX_AUTHORS)),
            dates=dates,
            aliases=_listed(values.get("aliases", values.get("alias"))),
            tags=_listed(values.get("tags", values.get("tag"))),
            properties=values,
        ),
        rest,
    )


def sanitize(text: str, gallery: Gallery | None = None) -> str:
    """Markdown without active HTML and dangerous links outside code; data: pictures go into the gallery."""
    anchors: list[tuple[str, str]] = []
    out: list[str] = []
    prose: list[str] = []
    gallery = gallery or Gallery()
    for line, in_code in lines_with_code(text):
        if in_code:
            out += _safe_lines(prose, gallery, anchors)
            prose = []
            out.append(line)
        else:
            prose.append(line)
    result = "\n".join(out + _safe_lines(prose, gallery, anchors))
    return _own_anchors(result, anchors) if anchors else result


def _safe_lines(lines: list[str], gallery: Gallery, anchors: list[tuple[str, str]]) -> list[str]:
    if not lines:
        return []
    text = "\n".join(lines)
    if "<" not in text and "](" not in text and "{#" not in text and "]:" not in text:
        return lines
    if re.search(r"<(?:script|style|iframe|object|embed|applet|noscript|template)\b", text, re.IGNORECASE):
        text = _without_active_blocks(text)
    return [_safe_line(line, gallery, anchors) for line in text.split("\n")]


def _without_active_blocks(text: str) -> str:
    """Active elements with their content; those in code spans are text and stay."""
    pieces = []
    end = 0
    for found in _ACTIVE_BLOCK.finditer(text):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if before.count("`") % 2:
            continue
        pieces.append(text[end : found.start()])
        end = found.end()
    return "".join(pieces) + text[end:]


def _safe_line(line: str, gallery: Gallery, anchors: list[tuple[str, str]]) -> str:
    if line.startswith(("    ", "\t")) and not line.lstrip().startswith(("<", "[", "!", "-", "*")):
        return line
    if found := _ATTRIBUTES.match(line):
        anchors.append((found[2], found[1]))
        line = f"{_OWN}{found[2]}{_OWN}{found[1]}"
    if "<" not in line and "](" not in line and "]:" not in line:
        return line
    return "".join(part if is_code else _safe_part(part, gallery) for part, is_code in outside_code_spans(line))


def _safe_part(part: str, gallery: Gallery) -> str:
    part = _ACTIVE_TAG.sub("", part)
    part = _TAG.sub(lambda tag: _BAD_ATTRIBUTE.sub(_safe_attribute, _ON_EVENT.sub("", tag[0])), part)
    if found := _DEFINITION.match(part):
        return "" if _BAD_SCHEME.match(found[2]) else part
    return _LINK.sub(lambda link: _safe_link(link, gallery), part)


def _safe_attribute(found: re.Match[str]) -> str:
    value = found["a"] or found["b"] or found["c"] or ""
    return "" if _BAD_SCHEME.match(re.sub(r"[\s\x00-\x1f]|&\w+;", "", value)) else found[0]


def _safe_link(link: re.Match[str], gallery: Gallery) -> str:
    image, label, target = link[1], link[2], link[3]
    if image and target[:5].lower() == "data:":
        name = gallery.add_data_uri(target)
        return f"![{label}]({name})" if name else label
    return label if _BAD_SCHEME.match(target) else link[0]


def _own_anchors(text: str, anchors: list[tuple[str, str]]) -> str:
    """Headings that named their own anchor ({#name}) keep it before them, for links from elsewhere; links in the text lead to the
    usual one."""
    from gitkb.convert.outline import plain_text, slug_of

    for name, heading in anchors:
        slug = slug_of(plain_text(heading.lstrip("#").strip()))
        if name != slug:
            text = text.replace(f"](#{name})", f"](#{slug})")
            text = text.replace(f"{_OWN}{name}{_OWN}", f'<a name="{name}"></a>\n\n')
        else:
            text = text.replace(f"{_OWN}{name}{_OWN}", "")
    return text


def _front_data(text: str) -> tuple[dict[str, Any] | None, str]:
    import yaml

    if text.lstrip().startswith("{\n"):
        return _json_front(text)
    found = _FRONT.match(text[: MAX_FRONT_MATTER + 8])
    if not found:
        return _unopened(text)
    try:
        data = tomllib.loads(found["text"]) if found["mark"] == "+++" else yaml.safe_load(found["text"])
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError):
        return (_plain_pairs(found["text"]), text[found.end() :]) if found["mark"] == "---" else (None, text)
    if data is None and not found["text"].strip():
        return {}, text[found.end() :]
    return (data, text[found.end() :]) if isinstance(data, dict) else (None, text)


_UNOPENED = re.compile(r"\A\s*(?P<text>(?:[A-Za-z_][\w -]{0,30}:(?:[ \t].*)?\n|[ \t]*-[ \t].*\n){1,30})---[ \t]*(?:\n|\Z)")
_KNOWN = frozenset("tags tag alias aliases title date created updated author authors cssclass cssclasses publish".split())


def _unopened(text: str) -> tuple[dict[str, Any] | None, str]:
    """Front matter whose first line "---" was left out: lines "key: value" and lists at the very top, with a "---" below them and
    a key that says that they are about the text."""
    import yaml

    found = _UNOPENED.match(text[:MAX_FRONT_MATTER])
    if not found:
        return None, text
    try:
        data = yaml.safe_load(found["text"])
    except (yaml.YAMLError, ValueError, RecursionError):
        data = _plain_pairs(found["text"])
    if not isinstance(data, dict) or not {str(key).lower() for key in data} & _KNOWN:
        return None, text
    return data, text[found.end() :]


def _json_front(text: str) -> tuple[dict[str, Any] | None, str]:
    start = len(text) - len(text.lstrip())
    try:
        data, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, text
    return (data, text[end:]) if isinstance(data, dict) and text[end : end + 1] == "\n" else (None, text)


def _plain_pairs(text: str) -> dict[str, Any] | None:
    """Front matter that is not quite YAML ("title: A: B") still says what it says, line by line."""
    pairs = {found[1]: found[2] for line in text.split("\n") if (found := re.match(r"([A-Za-z_]\w*):\s*(.*?)\s*$", line))}
    return {key: value.strip("\"'") for key, value in pairs.items()} or None


def _first(values: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((text for key in keys if (text := _text(values.get(key)))), "")


def _text(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _names(value: Any, depth: int = 3) -> Iterator[str]:
    """The names in a value; YAML's aliases can nest a few lists into billions of names, or into themselves."""
    if isinstance(value, list):
        for item in value[:_MAX_AUTHORS] if depth else ():
            yield from _names(item, depth - 1)
    elif isinstance(value, dict):
        if depth:
            yield from _names(value.get("name"), depth - 1)
    elif name := _text(value):
        yield name


def _date(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    found = re.match(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?$", _text(value))
    return found[0] if found else ""
