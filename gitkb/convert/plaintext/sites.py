"""What static sites write besides Markdown (Docusaurus, MkDocs, Hugo, Jekyll, Sphinx), as Markdown that everybody reads.

Invariant: code stays as it is. Admonitions become quotations with their kind and title, components and shortcodes the text inside
them, code that a generator would run is removed. A text without any of this comes back unchanged.
"""

import re
from collections.abc import Generator, Iterator

from gitkb.convert.outline import lines_with_code, outside_code_spans

_MARKS = (
    ":::",
    "!!! ",
    "???",
    '=== "',
    "{{",
    "{%",
    "{:",
    "{ .",
    "{/*",
    "import ",
    "export ",
    ")=\n",
    "```{",
    "TOC",
    "[[toc]]",
    "8<--",
    "{#",
    "</",
)
_ALERTS = {
    "note": "NOTE", "info": "NOTE", "abstract": "NOTE", "seealso": "NOTE", "question": "NOTE",
    "details": "NOTE", "example": "NOTE",
    "tip": "TIP", "hint": "TIP", "success": "TIP", "important": "IMPORTANT", "attention": "IMPORTANT",
    "warning": "WARNING",
    "caution": "CAUTION", "danger": "CAUTION", "error": "CAUTION", "failure": "CAUTION", "bug": "CAUTION", "quote": "NOTE",
    "admonition": "NOTE", "callout": "NOTE", "notice": "NOTE", "alert": "WARNING", "todo": "NOTE", "secondary": "NOTE",
}  # fmt: skip
_OPENING = re.compile(
    r"\s*:{3,}\s*(?:\{\.?|\.)?(?P<kind>[\w-]+)[^\[\]\n]*?\}?\s*(?:\[(?P<label>[^\]]*)\]|(?P<title>[^\[{]*))\s*(?:\{.*\})?$"
)
_CLOSING = re.compile(r"\s*:{3,}\s*$")
_INDENTED = re.compile(r"(?P<indent>\s*)(?:!!!|\?\?\?\+?)\s*(?P<kind>[\w-]+)(?:[^\"\n]*\"(?P<title>[^\"]*)\")?[^\"\n]*$")
_TAB = re.compile(r"(?P<indent>\s*)===[!+]?\s+\"(?P<title>[^\"]+)\"\s*$")
_MYST = re.compile(r"(?P<ticks>`{3,}|:{3,})\{(?P<kind>[\w:-]+)\}\s*(?P<title>.*)$")
_OPTION = re.compile(r":[\w-]+:(?:\s.*)?$")
_HUGO_OPEN = re.compile(
    r"\s*\{\{[<%]\s*(?P<kind>note|notice|hint|tip|warning|caution|alert|callout|admonition|info|important|danger)\b(?P<rest>[^{}]*?)\s*[>%]\}\}\s*$"
)
_HUGO_CLOSE = re.compile(r"\s*\{\{[<%]\s*/\s*[\w-]+\s*[>%]\}\}\s*$")
_HIGHLIGHT = re.compile(
    r"\s*(?:\{%-?\s*highlight\s+(?P<liquid>[\w+#-]+)[^%]*%\}|\{\{<\s*highlight\s+\"?(?P<hugo>[\w+#-]+)\"?[^{}]*>\}\})\s*$"
)
_HIGHLIGHT_END = re.compile(r"\s*(?:\{%-?\s*endhighlight\s*-?%\}|\{\{<\s*/\s*highlight\s*>\}\})\s*$")
_REFERENCE = re.compile(
    r"\(\s*(?:\{\{[<%]\s*(?:rel)?ref\s+\"?(?P<hugo>[^\s\"{}<>%]+)\"?[^{}]*[>%]\}\}|\{%\s*(?:link|post_url)\s+(?P<liquid>[^\s%]+)\s*%\}|"
    r"(?:\{\{\s*site\.(?:base)?url\s*\}\})+(?P<based>/?[^\s(){}]*)|\{\{\s*[\"'](?P<piped>[^\"']+)[\"']\s*\|\s*(?:relative|absolute)_url\s*\}\})"
    r"(?P<rest>[^\s(){}]*)\s*\)"
)
_FIGURE = re.compile(
    r"\{\{<\s*(?:figure|img|image)\s+(?P<values>[^{}]*?)/?\s*>\}\}|\{%-?\s*(?:figure|image|img)\s+(?P<liquid>[^%]*?)-?%\}"
)
_VALUE = re.compile(r"(?P<name>\w+)\s*=\s*\"(?P<value>[^\"]*)\"")
_SHORTCODE = re.compile(r"\{\{[<%]\s*/?\s*[\w./-]+[^{}]*?[>%]\}\}|\{%-?[^%{}]*-?%\}")
_LIQUID_OUTPUT = re.compile(r"\{\{-?\s*[\w.\"'/ |:,-]+\s*-?\}\}")
_ATTRIBUTE_LINE = re.compile(r"\s*\{[:.#][^{}]*\}\s*$|\s*\{ [.#][^{}]*\}\s*$")
_ATTRIBUTE = re.compile(r"(?<=[)\]*_`])\{:?\s*[.#:]?[\w\"'=. :#-]*(?:[.#]|=)[^{}]*\}")
_CONTENTS = re.compile(r"\s*(?:[-*]\s*)?(?:\[\[?_?TOC_?\]?\]|\[\[toc\]\]|\{:\s*toc\s*\}|\{\{<\s*toc\s*>\}\})\s*$", re.I)
_SNIPPET = re.compile(r"\s*-+8<-+.*$")
_LABEL = re.compile(r"\(([\w.:-]{1,80})\)=$")
_ROLE = re.compile(r"\{(?:[\w:+-]{1,30})\}`(?P<text>[^`<>]+?)(?:\s*<[^`<>]*>)?`")
_MDX_LINE = re.compile(
    r"import\s+(?:[\w{}*,\s]+\s+from\s+)?['\"][^'\"]+['\"];?\s*$|export\s+(?:const|let|default|function|async)\b.*$"
)
_MDX_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.S)
_COMPONENT = re.compile(r"</?[A-Z][A-Za-z0-9.]*(?:\s+[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}))?)*\s*/?>")
_LABELLED = re.compile(r"<(?:TabItem|Tab|Card|Step|Accordion|Details)\b[^<>]*?\b(?:label|title|summary)=\"([^\"]+)\"[^<>]*>")


def read_site_syntax(text: str) -> str:
    """A page's body (without front matter) in plain Markdown."""
    if not any(mark in text for mark in _MARKS):
        return text
    text = _MDX_COMMENT.sub("", text) if "{/*" in text else text
    text = _from_myst(text) if "```{" in text or ":::{" in text else text
    is_mdx = any(not is_code and _MDX_LINE.match(line) for line, is_code in lines_with_code(text))
    return "\n".join(_Page(is_mdx).lines(text))


class _Page:
    """The state between two lines: the admonitions that are open, and how each of them ends."""

    def __init__(self, is_mdx: bool) -> None:
        self.is_mdx = is_mdx
        self.open: list[tuple[str, int]] = []
        self.braces = 0

    def lines(self, text: str) -> Iterator[str]:
        for line, is_code in lines_with_code(text):
            yield from self.line(line, is_code)

    def line(self, line: str, is_code: bool) -> Iterator[str]:
        line = yield from self._indented(line)
        if self.braces and not is_code:
            self.braces += line.count("{") - line.count("}")
            return
        block = None if is_code else self._block(line)
        new = [line if is_code else self._text(line)] if block is None else block
        for each in new:
            yield self._quoted(each)

    def _indented(self, line: str) -> Generator[str, None, str]:
        """Closes the blocks whose indentation ends; returns the line without the indentation of those that are open."""
        while self.open and self.open[-1][0] in ("indent", "tab") and line.strip():
            if len(line) - len(line.lstrip()) >= self.open[-1][1]:
                break
            self.open.pop()
            yield self._quoted("")
        if self.open and self.open[-1][0] in ("indent", "tab"):
            return line[min(self.open[-1][1], len(line) - len(line.lstrip())) :]
        return line

    def _quoted(self, line: str) -> str:
        depth = sum(kind != "tab" and kind != "plain" for kind, _ in self.open)
        return f"{'> ' * depth}{line}".rstrip() if depth else line

    def _block(self, line: str) -> list[str] | None:
        """The replacement of a line that begins or ends a block; None for a line of text."""
        for sign in (self._indented_sign, self._end, self._colons, self._shortcode, self._code):
            if (new := sign(line)) is not None:
                return new
        if found := _LABEL.match(line):
            return [f'<a name="{found[1]}"></a>', ""]
        if _ATTRIBUTE_LINE.match(line) or _CONTENTS.match(line) or _SNIPPET.match(line):
            return []
        if self.is_mdx and _MDX_LINE.match(line):
            self.braces = max(0, line.count("{") - line.count("}")) if line.startswith("export") else 0
            return []
        return None

    def _indented_sign(self, line: str) -> list[str] | None:
        if found := _INDENTED.fullmatch(line):
            return self._admonition("indent", found["kind"], found["title"] or "", len(found["indent"]) + 4)
        if found := _TAB.fullmatch(line):
            self.open.append(("tab", len(found["indent"]) + 4))
            return [f"**{found['title']}**", ""]
        return None

    def _end(self, line: str) -> list[str] | None:
        if not (_CLOSING.match(line) or _HUGO_CLOSE.match(line)):
            return None
        if self.open and self.open[-1][0] in ("colon", "plain", "hugo"):
            self.open.pop()
        return [""]

    def _colons(self, line: str) -> list[str] | None:
        found = _OPENING.match(line) if line.lstrip().startswith(":::") else None
        if found is None:
            return None
        title, kind = (found["label"] or found["title"] or "").strip(), found["kind"].lower().removeprefix("callout-")
        if kind in _ALERTS:
            return self._admonition("colon", kind, title, 0)
        self.open.append(("plain", 0))
        return [f"**{title}**", ""] if title else [""]

    def _shortcode(self, line: str) -> list[str] | None:
        found = _HUGO_OPEN.match(line)
        if found is None:
            return None
        values = {each["name"]: each["value"] for each in _VALUE.finditer(found["rest"])}
        return self._admonition("hugo", found["kind"], values.get("title", ""), 0)

    def _code(self, line: str) -> list[str] | None:
        if found := _HIGHLIGHT.match(line):
            return [f"```{found['liquid'] or found['hugo']}"]
        return ["```"] if _HIGHLIGHT_END.match(line) else None

    def _admonition(self, how: str, kind: str, title: str, indent: int) -> list[str]:
        title = title.strip()
        self.open.append((how, indent))
        alert = f"[!{_ALERTS.get(kind.lower(), 'NOTE')}]"
        return [alert, f"**{title}**", ""] if title else [alert]

    def _text(self, line: str) -> str:
        if "{" in line:
            line = _FIGURE.sub(_figure, _REFERENCE.sub(_reference, line))
            parts = outside_code_spans(_ROLE.sub(r"\g<text>", line))
            line = "".join(part if code else _without_calls(part) for part, code in parts)
        if "<" in line and (self.is_mdx or _is_component_line(line)):
            parts = outside_code_spans(_LABELLED.sub(r"**\1**", line))
            bare = "".join(part if code else _COMPONENT.sub("", part) for part, code in parts)
            line = bare.strip() if bare != line and bare.startswith(" ") else bare
        return line


def _without_calls(part: str) -> str:
    return _LIQUID_OUTPUT.sub("", _ATTRIBUTE.sub("", _SHORTCODE.sub("", part)))


def _reference(found: re.Match[str]) -> str:
    target = found["hugo"] or found["liquid"] or found["based"] or found["piped"] or ""
    return f"({target}{found['rest']})"


def _from_myst(text: str) -> str:
    """The text with MyST's admonitions as those of the other generators: their fences hold text and no code."""
    out: list[str] = []
    closing: list[str] = []
    for line in text.split("\n"):
        found = _MYST.match(line)
        if found and found["kind"].lower() in _ALERTS:
            closing.append(found["ticks"])
            out.append(f":::{found['kind'].lower()} {found['title']}".rstrip())
        elif closing and line.strip() == closing[-1]:
            closing.pop()
            out.append(":::")
        elif not (closing and out[-1].startswith(":::") and _OPTION.match(line)):
            out.append(line)
    return "\n".join(out)


def _is_component_line(line: str) -> bool:
    bare = line.strip()
    return bare.startswith(("<", "</")) and not _COMPONENT.sub("", bare).strip()


def _figure(found: re.Match[str]) -> str:
    values = {each["name"]: each["value"] for each in _VALUE.finditer(found["values"] or found["liquid"] or "")}
    shown = values.get("caption") or values.get("alt") or values.get("title") or ""
    return f"![{shown}]({values['src']})" if values.get("src") else ""
