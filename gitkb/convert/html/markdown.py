"""A prepared HTML tree to GitHub Markdown: one line per paragraph, tables as tables, code with its language.

Invariant: links and pictures go through the caller's functions, which decide what a target becomes; only http, https, mailto
and relative targets leave this module.
"""

import re
import textwrap
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bs4 import Tag
from markdownify import MarkdownConverter

from gitkb.convert.html.clean import classes
from gitkb.convert.latex import dollars, from_mathml
from gitkb.convert.outline import code_block, code_span
from gitkb.convert.tables import cell_text, escape, guarded, table

Target = Callable[[str], str]
_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):")
_SAFE = frozenset({"http", "https", "mailto"})
_LANGUAGE = re.compile(r"^(?:language|lang|highlight(?:-source)?|brush|code)[-: ]+([A-Za-z0-9+#_-]+)$")
_NO_LANGUAGE = frozenset(
    "default none text plain plaintext notranslate block output console-output line-numbers inner listing".split()
)
_ALIASES = {
    "python3": "python",
    "ipython3": "python",
    "ipython": "python",
    "py": "python",
    "shell-session": "console",
    "c++": "cpp",
}
_MAX_INNER = 400
"""In characters: a table that holds another one, and a longer cell than this, only places things on the page."""
_MAX_COLUMNS = 500
"""In a row of more columns `colspan` is ignored, because hostile spans multiply."""
_LIST_LINE = re.compile(r"\n(?=\s*(?:[-*+]|\d+[.)]) )")


def to_markdown(root: Tag, picture: Target, link: Target | None = None) -> str:
    """The Markdown of a tree. `picture` maps an image's source, `link` a link's target, to what to write; '' drops it."""
    text: str = _Converter(picture, link or safe_target).convert_soup(root)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def safe_target(target: str) -> str:
    """A link's target as it may stand in Markdown: http(s), mailto and relative ones; '' for every other scheme."""
    target = re.sub(r"[\x00-\x20\x7f]+", lambda found: "%20" if found[0] == " " else "", target.strip())
    found = _SCHEME.match(target)
    if found and found[1].lower() not in _SAFE:
        return ""
    if target.startswith("//"):
        target = f"https:{target}"
    return quote(target, safe="%/:=&?~#+!$,;'@[]*.-_")[:4000]


class _Converter(MarkdownConverter):
    """markdownify with our own opinion on tables, definition lists, code and escaping."""

    def __init__(self, picture: Target, link: Target) -> None:
        super().__init__(heading_style="ATX", bullets="-", wrap=True, wrap_width=None, newline_style="backslash")
        self._walker: Any = self  # its stubs leave these methods out
        self._picture = picture
        self._link = link

    def escape(self, text: str, parent_tags: set[str]) -> str:
        if not text.strip():
            return text
        lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        escaped = escape(text)
        if parent_tags & {"em", "i", "strong", "b", "dt", "th"}:
            escaped = re.sub(r"(?<!\\)([*_])(?=\S)", r"\\\1", escaped) if re.match(r"[*_]|.*[*_]$", escaped) else escaped
        return lead + escaped + trail

    def convert_p(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        line = _one_paragraph(text)
        if "_inline" in parent_tags:
            return f" {line} "
        if not line:
            return ""
        return f"\n\n{guarded(line)}\n\n"

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "_inline" in parent_tags:
            return f" {text.strip()} "
        text = text.strip("\n")
        return f"\n\n{text}\n\n" if text.strip() else ""

    convert_article = convert_section = convert_figure = convert_main = convert_details = convert_address = convert_div
    convert_header = convert_footer = convert_aside = convert_center = convert_fieldset = convert_nav = convert_form = convert_div

    def convert_figcaption(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        text = _one_paragraph(text)
        return f"\n\n*{text}*\n\n" if text and "*" not in text else f"\n\n{text}\n\n"

    convert_summary = convert_caption = convert_div

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        label = " ".join(text.split())
        href = str(el.get("href", ""))
        target = href if href.startswith("#@") else self._link(href) if href else ""
        if not label or not target or "_noformat" in parent_tags or "a" in parent_tags or target == "#":
            return text
        lead, trail = " " * text.startswith(" "), " " * text.endswith(" ")
        if label == target or (label == target.removeprefix("mailto:") and "@" in label):
            return f"{lead}<{target}>{trail}" if _SCHEME.match(target) else f"{lead}{label}{trail}"
        brackets = re.sub(r"(?<!\\)\[(?![^\]]*\]\()", r"\\[", label) if label.count("[") != label.count("]") else label
        return f"{lead}[{brackets}]({target.replace('(', '%28').replace(')', '%29')}){trail}"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        target = self._picture(str(el.get("src") or el.get("data-src") or ""))
        alt = escape(" ".join(str(el.get("alt") or "").split())[:300]).replace("]", "\\]").replace("[", "\\[")
        if not target or "_noformat" in parent_tags:
            return alt if target or len(alt) < 80 else ""
        return f"![{alt}]({target.replace('(', '%28').replace(')', '%29')})"

    def convert_br(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "pre" in parent_tags:
            return "\n"
        return " " if "_inline" in parent_tags and not parent_tags & {"td", "th"} else "\x01"

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: N802
        line = " ".join(text.replace("\x01", " ").split())
        if not line or "_inline" in parent_tags:
            return line
        line = re.sub(r"^\*\*([^*]+)\*\*$", r"\1", line)
        return f"\n\n{'#' * max(1, min(6, n))} {line}\n\n"

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        for br in el.find_all("br"):
            br.replace_with("\n")
        code = el.get_text().replace("\xa0", " ").expandtabs(8)
        if not code.strip():
            return ""
        if parent_tags & {"td", "th"}:
            return "<br>".join(code_span(line) for line in code.split("\n") if line.strip())
        if el.find("img"):
            return f"\n\n{text.strip()}\n\n"
        code = textwrap.dedent(re.sub(r"[ \t]+$", "", code, flags=re.MULTILINE))
        return f"\n\n{code_block(code, _language(el))}\n\n"

    def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "pre" in parent_tags or parent_tags & {"code", "kbd", "samp", "tt"}:
            return text
        raw = " ".join(el.get_text().split())
        if (
            "a" not in parent_tags
            and (link := el.find("a", href=True))
            and isinstance(link, Tag)
            and link.get_text() == el.get_text()
        ):
            target = str(link["href"]) if str(link["href"]).startswith("#@") else self._link(str(link["href"]))
            if target and target != "#":
                return f"[{code_span(raw)}]({target})"
        lead, trail = " " * text.startswith(" "), " " * text.endswith(" ")
        return f"{lead}{code_span(raw)}{trail}"

    convert_kbd = convert_samp = convert_tt = convert_code

    def convert_blockquote(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        lines = _blocks(text)
        if "_inline" in parent_tags or not lines:
            return f" {lines} "
        return "\n\n" + "\n".join(f"> {line}" if line else ">" for line in lines.split("\n")) + "\n\n"

    def convert_list(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        parts = text.split("\x02")[1:]
        step = -1 if el.has_attr("reversed") else 1
        number = _counted(el.get("start"), len(parts) if step < 0 else 1)
        items: list[str] = []
        for part in parts:
            value, _, inside = part.partition("\x05")
            number = _counted(value, number)
            bullet = f"{number}. " if el.name == "ol" else "- "
            lines = _blocks(inside).split("\n")
            if lines == [""]:
                continue
            number = max(0, number + step)
            indent = " " * len(bullet)
            items.append("\n".join([bullet + lines[0], *(indent + line if line else "" for line in lines[1:])]))
        loose = any("\n\n" in item for item in items)
        return "\n\n" + ("\n\n" if loose else "\n").join(items) + "\n\n" if items else ""

    convert_ul = convert_ol = convert_menu = convert_list

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        tight = re.sub(r"\n\n(?=[-*+] |\d+\. )", "\n", text.strip("\n")) if el.find(["ul", "ol"]) else text
        if el.parent is not None and el.parent.name in ("ul", "ol", "menu"):
            return f"\x02{el.get('value') or ''}\x05{tight}"
        return f"\n\n- {_blocks(text)}\n\n"

    def convert_dl(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return "\n\n" + text.strip("\n") + "\n\n"

    def convert_dt(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        term = _one_paragraph(text)
        if "sig" in classes(el):
            term = code_span(" ".join(el.get_text().split()))
            return f"\n\n**{term}**\n\n" if term else ""
        if not term:
            return ""
        bare = term if "*" in term or "`" in term or "![" in term else f"**{term}**"
        return f"\n\n{bare}\n\n"

    def convert_dd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{_blocks(text)}\n\n"

    def convert_sub(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text if not text.strip() or "_noformat" in parent_tags else f"<sub>{text}</sub>"

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text if not text.strip() or "_noformat" in parent_tags else f"<sup>{text}</sup>"

    def convert_math(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        tex = el.get_text() if "tex" in classes(el) else from_mathml(el)
        display = "display" in classes(el) or el.get("display") == "block"
        return dollars(tex, display and "_inline" not in parent_tags, bool(parent_tags & {"td", "th"}))

    def convert_table(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "td" in parent_tags or "th" in parent_tags:
            inner = [tag for tag in el.find_all("tr") if tag.find_parent("table") is el]
            lines = (" \\| ".join(cell for cell in row if cell) for row in self._grid(inner))
            return "\n\n" + "<br>".join(line for line in lines if line) + "\n\n"
        rows = [tag for tag in el.find_all("tr") if tag.find_parent("table") is el]
        grid = self._grid(rows)
        width = max((len(row) for row in grid), default=0)
        caption = el.find("caption")
        above = (
            f"\n\n**{_one_paragraph(caption.get_text())}**" if isinstance(caption, Tag) and caption.get_text(strip=True) else ""
        )
        layout = _is_layout(el) or str(el.get("role")) == "presentation" or len(grid) < 2 or width < 2
        if layout:
            cells = [cell for row in rows for cell in row.find_all(["td", "th"], recursive=False)]
            inside = (self._walker.process_tag(_as_div(cell), parent_tags=set()) for cell in cells)
            return above + "\n\n" + "\n\n".join(part.strip("\n") for part in inside if part.strip()) + "\n\n"
        return f"{above}\n\n{table(grid)}\n\n"

    def _grid(self, rows: list[Tag]) -> list[list[str]]:
        """The cells of all rows; what a cell covers in the rows below stays empty there."""
        grid: list[list[str]] = []
        covered: dict[int, int] = {}
        for row in rows:
            line: list[str] = []
            below = {column: left - 1 for column, left in covered.items() if left > 1}
            for text, columns, height in self._cells(row):
                while covered.get(len(line), 0) > 0:
                    line.append("")
                columns = min(columns, max(1, _MAX_COLUMNS - len(line)))
                if height > 1:
                    below |= {len(line) + offset: height - 1 for offset in range(columns)}
                line += [text, *[""] * (columns - 1)]
            grid.append(line)
            covered = below
        return grid

    def _cells(self, row: Tag) -> list[tuple[str, int, int]]:
        """The cells of a row with the columns and rows that they span."""
        cells: list[tuple[str, int, int]] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            inside = "".join(self._walker.process_element(child, parent_tags={"td"}) for child in cell.children)
            inside = _LIST_LINE.sub("<br>", _blocks(inside)).replace("\\\n", "<br>")
            bold = re.fullmatch(r"\*\*([^*]+)\*\*", inside) if cell.name == "th" else None
            text = cell_text(bold[1] if bold else inside)
            cells.append((text, min(_number(cell.get("colspan")), 200), min(_number(cell.get("rowspan")), 2000)))
        return cells

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text

    convert_th = convert_tr = convert_td


def _one_paragraph(text: str) -> str:
    """Inline Markdown on one line; real line breaks (from <br>) stay as hard breaks."""
    parts = [" ".join(part.split()) for part in text.split("\x01")]
    while parts and not parts[-1]:
        parts.pop()
    while parts and not parts[0]:
        parts.pop(0)
    return "\\\n".join(part or " " for part in parts).replace("\\\n \\\n", "\n\n").replace("\\\n\n", "\n\n")


def _blocks(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text.replace("\x01", "\\\n")).strip("\n").strip(" ").removesuffix("\\")


def _is_layout(outer: Tag) -> bool:
    """Whether a table only places things: one with tables inside that are deep or hold most of its text, or with long cells."""
    inner = [tag for tag in outer.find_all("table") if tag.find_parent("table") is outer]
    if not inner:
        return False
    longest = max((len(cell.get_text()) for cell in outer.find_all(["td", "th"])), default=0)
    inside = sum(len(tag.get_text()) for tag in inner)
    return longest > _MAX_INNER or any(tag.find("table") for tag in inner) or inside * 2 > len(outer.get_text()) > 0


def _as_div(cell: Tag) -> Tag:
    cell.name = "div"
    return cell


def _counted(value: Any, default: int) -> int:
    """The number that an attribute states for a list or an item."""
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 7 else default


def _number(value: Any) -> int:
    text = str(value or "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1


def _language(pre: Tag) -> str:
    """The language of a code block as its classes, or those of the elements around it, say."""
    inner = pre.find("code")
    around = [tag for tag in (inner, pre, *list(pre.parents)[:3]) if isinstance(tag, Tag)]
    for tag in around:
        own = tag.get("lang") if "code" in classes(tag) else ""  # docutils says it so
        named = [str(tag.get("data-lang") or tag.get("data-language") or own or "")]
        names = [found[1] for name in classes(tag) if (found := _LANGUAGE.match(name))]
        if "sourceCode" in classes(tag):
            names += [name for name in classes(tag) if name.isalnum() and name != "sourceCode"]
        for name in (*named, *names):
            low = name.lower()
            if low and low not in _NO_LANGUAGE:
                return _ALIASES.get(low, low)
    return ""
