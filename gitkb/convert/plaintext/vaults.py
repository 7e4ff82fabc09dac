"""What Obsidian and Logseq write besides Markdown, as Markdown that everybody reads; drawings and boards by their texts.

Invariant: code stays as it is. Links between notes stay `[[wikilinks]]`: where they lead is known only where the document is
stored. What nobody is meant to read (comments, settings of plug-ins, ids) is removed; all words of the author's text stay.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.outline import code_block, lines_with_code, outside_code_spans
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings

_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?:`{3,}|~{3,})")
_COMMENT_MARK = re.compile(r"(?:^|(?<=\s))%%|%%(?=\s|$)")
_INLINE_COMMENT = re.compile(r"(?:^|(?<=\s))%%.*?%%")
_BLOCK_ID = re.compile(r"(?:^|[ \t]+)\^([A-Za-z][A-Za-z0-9-]{0,60}|[0-9a-f]{6})[ \t]*$")
_TEMPLATE = re.compile(r"<%.*?%>")
_PLUGIN_LINE = re.compile(
    r"\s*(?:[-*]\s+)?(?:id|collapsed|heading|background-color|logseq\.[\w.-]+|card-[\w-]+|created-at|updated-at|ls-type|"
    r"hl-[\w-]+|public|icon|exclude-from-graph-view)::(?:\s.*)?$|\s*:(?:LOGBOOK|END|PROPERTIES):\s*$|\s*CLOCK: \[.*$|"
    r"#\+(?:BEGIN|END)_\w+.*$"
)
_LOGSEQ_EMBED = re.compile(r"\{\{embed\s+(\[\[[^\[\]]+\]\])\s*\}\}")
_LOGSEQ_MEDIA = re.compile(r"\{\{(?:video|youtube|tweet|twitter|vimeo|bilibili)\s+(https?://[^\s{}]+)\s*\}\}")
_LOGSEQ_MACRO = re.compile(r"\{\{(?:query|renderer|function|cloze|namespace|embed)\b[^{}]*\}\}|\(\([0-9a-f]{8}-[0-9a-f-]{27}\)\)")
_PICTURE_SIZE = re.compile(r"(?<=\))\{:(?:height|width)[^{}]*\}")


def read_vault_syntax(text: str) -> str:
    """A note's body (without front matter) without comments and ids of plug-ins; block ids as anchors, templates as code."""
    if "%%" in text:
        text = _without_comments(text)
    if "<%" in text:
        text = _templates(text)
    if not any(mark in text for mark in ("^", "::", "{{", "((", ":LOGBOOK:", "{:", "#+")):
        return text
    return "\n".join(_line(line) if not is_code else line for line, is_code in lines_with_code(text) if is_code or _is_text(line))


def _is_text(line: str) -> bool:
    return not (":" in line or "#+" in line) or not _PLUGIN_LINE.match(line)


def _line(line: str) -> str:
    if "{{" in line or "((" in line or "{:" in line:
        line = _LOGSEQ_MEDIA.sub(r"<\1>", _LOGSEQ_EMBED.sub(r"![[\1]]", line).replace("![[[[", "![[").replace("]]]]", "]]"))
        line = _PICTURE_SIZE.sub("", _LOGSEQ_MACRO.sub("", line))
    if "^" in line and not line.lstrip().startswith("|") and (found := _BLOCK_ID.search(line)):
        space = " " if line[: found.start()].strip() else ""
        line = f'{line[: found.start()]}{space}<a name="{found[1]}"></a>'
    return line


def _without_comments(text: str) -> str:
    """The text without `%%comments%%`. One that is never closed is text: "%%" means other things elsewhere."""
    out: list[str] = []
    held: list[str] | None = None
    in_code = False
    for line in text.split("\n"):
        if held is not None:
            held.append(line)
            if "%%" in line:
                out.append(line.rpartition("%%")[2])
                held = None
            continue
        if _FENCE.match(line):
            in_code = not in_code
        if in_code or "%%" not in line:
            out.append(line)
            continue
        line = "".join(part if code else _INLINE_COMMENT.sub("", part) for part, code in outside_code_spans(line))
        opened = _COMMENT_MARK.search(line)
        if opened is None:
            out.append(line)
            continue
        out.append(line[: opened.start()].rstrip())
        held = [line[opened.start() :]]
    if held is not None:
        out[-1] = f"{out[-1]} {held[0]}".strip()
        out += held[1:]
    return "\n".join(out)


def _templates(text: str) -> str:
    """Commands of Templater as code: in a line as a code span, over several lines as a block."""
    lines: list[str] = []
    block: list[str] = []
    for line, is_code in lines_with_code(text):
        if is_code and not block:
            lines.append(line)
        elif block or ("<%" in line and "%>" not in line):
            block.append(line)
            if "%>" in line:
                lines.append(code_block("\n".join(block)))
                block = []
        else:
            parts = outside_code_spans(line)
            lines.append("".join(part if code else _TEMPLATE.sub(r"`\g<0>`", part) for part, code in parts))
    return "\n".join(lines + block)


def note_of_plugin(properties: Mapping[str, Any], body: str) -> str | None:
    """What a file that a plug-in of Obsidian writes says in words: a drawing's texts, a board's lanes; None for any other note.

    `properties` are those of its front matter, in small letters. Raises `ConversionError` for a drawing without any text.
    """
    if "excalidraw-plugin" in properties:
        return _drawing(body)
    if "kanban-plugin" in properties:
        lines = _without_comments(body).split("\n")
        return "\n".join(line for line in lines if line.strip() not in ("**Complete**", "***"))
    return None


_DRAWN_TEXTS = re.compile(
    r"^#+ Text Elements[ \t]*$(.*?)(?=^#+ (?:Drawing|Embedded Files|Element Links)[ \t]*$|^%%|\Z)", re.M | re.S
)
_DRAWING_ID = re.compile(r"\s*\^[\w-]{4,20}\s*$")


def _drawing(body: str) -> str:
    notes = body.partition("==⚠")[0].strip()
    found = _DRAWN_TEXTS.search(body)
    texts = [" ".join(_DRAWING_ID.sub("", text).split()) for text in re.split(r"\n\s*\n", found[1])] if found else []
    items = "\n".join(f"- {text}" for text in texts if any(map(str.isalnum, text)))
    words = "\n\n".join(part for part in (notes if any(map(str.isalnum, notes)) else "", items) if part)
    if not words:
        raise ConversionError("it is a drawing (Excalidraw) without any text.", "Write what it shows into a note beside it.")
    return words


def read_canvas(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a canvas of Obsidian (JSON Canvas): its cards from the top to the bottom, below the groups they lie in, and
    what its arrows say."""
    try:
        data = json.loads(decode(file.read_bytes()))
    except ValueError as error:
        raise ConversionError("it is no canvas of Obsidian: it is no valid JSON.", "Save it again from Obsidian.") from error
    nodes = [node for node in _list(data, "nodes") if isinstance(node, dict)]
    nodes.sort(key=lambda node: (_number(node, "y"), _number(node, "x")))
    groups = [node for node in nodes if node.get("type") == "group" and node.get("label")]
    parts = [_card(node) for node in nodes if not _group_of(node, groups)]
    for group in groups:
        cards = [_card(node) for node in nodes if _group_of(node, groups) is group]
        parts += [f"## {' '.join(str(group['label']).split())}", *cards]
    named = {str(node.get("id")): _first_line(_card(node)) for node in nodes}
    arrows = "\n".join(_arrows(data, named))
    text = "\n\n".join(part for part in (*parts, arrows) if part)
    if not any(map(str.isalnum, text)):
        raise ConversionError("it is a canvas without any text.", "Write what it shows into a note beside it.")
    return Draft(markdown=text)


read = read_canvas


def _list(data: Any, key: str) -> list[Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def _number(node: Mapping[str, Any], key: str) -> float:
    value = node.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _card(node: Mapping[str, Any]) -> str:
    if isinstance(text := node.get("text"), str):
        return text.strip()
    if isinstance(path := node.get("file"), str):
        return f"[[{path.removesuffix('.md')}]]"
    return f"<{url}>" if isinstance(url := node.get("url"), str) and url.startswith("http") and " " not in url else ""


def _group_of(node: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The smallest group in which the middle of a card lies; a group is no card."""
    x, y = (_number(node, a) + _number(node, b) / 2 for a, b in (("x", "width"), ("y", "height")))
    if node.get("type") == "group":
        return node if node in groups else None
    around = [
        group
        for group in groups
        if 0 <= x - _number(group, "x") <= _number(group, "width") and 0 <= y - _number(group, "y") <= _number(group, "height")
    ]
    return min(around, key=lambda group: _number(group, "width") * _number(group, "height"), default=None)


def _first_line(card: str) -> str:
    return next((line.strip("# \t") for line in card.split("\n") if line.strip()), "")[:80]


def _arrows(data: Any, named: Mapping[str, str]) -> Iterator[str]:
    for edge in _list(data, "edges"):
        ends = [named.get(str(edge.get(key)), "") for key in ("fromNode", "toNode")] if isinstance(edge, dict) else []
        if all(ends) and ends:
            label = " ".join(str(edge.get("label") or "").split())
            yield f"- {ends[0]} → {ends[1]}" + (f": {label}" if label else "")
