"""AsciiDoc to Markdown: sections in both styles, lists, tables, code, admonitions, links, footnotes, attributes.

Invariant: every line of the text comes out, or is markup. No file is included, no attribute is taken from outside, and what is
meant for another program (passthrough blocks) is shown as code. Blocks in blocks are read to a certain depth.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft
from gitkb.convert.markup.inline import Inline, around, code, footnotes, indented, link, picture, quoted, resolved, within
from gitkb.convert.outline import code_block
from gitkb.convert.tables import guarded, table
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_DEPTH = 12
_SECTION = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+=+)?$")
_UNDERLINES = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:\s+(.*))?$")
_REFERENCE = re.compile(r"\{([\w-]{1,60})\}")
_BLOCK_LINE = re.compile(r"\[([^\[\]]*)\]$|\[\[([^\[\],]+)[^\[\]]*\]\]$")
_TITLE = re.compile(r"\.(?=[^\s.])(.+)$")
_FENCE = re.compile(r"(?:-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|--|```.*)$")
_TABLE = re.compile(r"[|,:!]={3,}$")
_DIRECTIVE = re.compile(r"(?:ifdef|ifndef|ifeval|endif)::.*$")
_MACRO = re.compile(r"(include|image|video|audio|toc)::(\S*?)\[(.*)\]$")
_RULE = re.compile(r"(?:'{3,}|<<<|-{3}|\*{3})$")
_ITEM = re.compile(r"\s*(?:(\*{1,6}|-)|(\.{1,6}|\d{1,4}\.|[a-z]\.)|<\d{1,3}>|<\.>)\s+(\S.*)$")
_TERM = re.compile(r"\s*(\S.*?)(:{2,4}|;;)(?:\s+(\S.*))?$")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+(.*)")
_CELL = re.compile(r"(?:(?:^|(?<=\s))(?:\d{1,3}\*|\d{0,3}\.?\d{1,3}\+)?[<^>.]{0,3}[aehlmsdv]?)?(?<!\\)\|")
_AUTHOR = re.compile(r"(?:[\w.'’-]+ ){0,3}[^\W\d][\w.'’-]*(?:\s*<[^<>\s]+>)?(?:;.*)?$")
_REVISION = re.compile(r"(?:v?\d[\w.]*,\s*)?(\d{4}-\d\d-\d\d)?[^:]*(?::.*)?$")
_CODE_STYLES = frozenset({"source", "listing", "literal", "verse", "plantuml", "mermaid", "diagram", "stem", "latexmath"})
_STEP = "   "
"""What a deeper item is indented by: as wide as the mark of a numbered one."""
_VERBATIM = ("-", ".", "+", "`")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an AsciiDoc text."""
    return _Reading().draft(normal_lines(decode(file.read_bytes())))


class _Reading:
    """One text: its attributes, the notes at its foot, and its headings, by the names that links use."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.notes: list[str] = []
        self.headings: dict[str, int] = {}
        self.count = 0
        self.inline = Inline(
            [
                (r"\+\+\+[^+]+\+\+\+", lambda text: code(text[3:-3])),
                (r"``[^`]+``|(?<![\w`])`[^`]+`(?!\w)", lambda text: code(text.strip("`").removeprefix("+").removesuffix("+"))),
                (r"(?<![\w+])\+[^\s+](?:[^+]*[^\s+])?\+(?!\w)", lambda text: code(text[1:-1])),
                (r"footnote:[\w-]*\[[^\[\]]*\]|footnoteref:\[[^\[\]]*\]", self.footnote),
                (r"(?:image|icon):[^\s:\[\]]+\[[^\[\]]*\]", self.picture),
                (r"(?:kbd|btn|menu|pass|stem|latexmath|asciimath|indexterm2?):[\w ]*\[[^\[\]]*\]", self.spoken),
                (r"(?:link|xref):[^\s\[\]]+\[[^\[\]]*\]", self.macro),
                (r"(?:https?|ftp|mailto):[^\s\[\]<>]+\[[^\[\]]*\]", self.macro),
                (r"\b[a-z]{3,12}:[\w./-]+\[\d?\w?\]", self.manual),
                (r"<?(?:https?|ftp)://[^\s<>\[\]]+>?", self.address),
                (r"<<[^<>]+>>", self.reference),
                (r"\[\[[^\[\]]+\]\]|\(\(\([^()]+\)\)\)", lambda _: ""),
                (r"\*\*[^*]+\*\*", around("**", self.nested, 2)),
                (r"(?<![\w*\\])\*[^\s*](?:[^*]*[^\s*])?\*(?![\w*])", around("**", self.nested)),
                (r"__[^_]+__", around("*", self.nested, 2)),
                (r"(?<![\w_\\])_[^\s_](?:[^_]*[^\s_])?_(?![\w_])", around("*", self.nested)),
                (r"(?<![\w'\\])'[^\s'](?:[^']*[^\s'])?'(?![\w'])", around("*", self.nested)),
                (
                    r"\[[\w.-]+\](?=#)|##[^#]+##|(?<![\w#&])#[^\s#](?:[^#]*[^\s#])?#(?!\w)",
                    lambda text: self.nested(text.strip("#")),
                ),
            ]
        )

    def draft(self, text: str) -> Draft:
        """The draft of a whole text."""
        lines = [line.rstrip() for line in text.split("\n")]
        title, author, date, lines = self.header(lines)
        blocks = list(self.blocks(lines, 0))
        if title:
            blocks.insert(0, f"# {self.inline(title)}")
            self.headings = {name: number + 1 for name, number in self.headings.items()}
        body = resolved("\n\n".join([*blocks, *filter(None, [footnotes(self.notes)])]), self.headings)
        return Draft(
            markdown=body,
            titles=(TitleCandidate("stated", self.filled(title), "title of the document"),) if title else (),
            authors=(author,),
            dates={"published": date},
            description=self.filled(self.attributes.get("description", "")),
            language=self.attributes.get("lang", ""),
            tags=tuple(word.strip() for word in self.attributes.get("keywords", "").split(",")),
        )

    def header(self, lines: list[str]) -> tuple[str, str, str, list[str]]:
        """(title, author, date) that a text states in its head, and its other lines."""
        at, title = 0, ""
        while at < len(lines) and (not lines[at] or self.is_aside(lines[at])):
            at += 1
        found = _SECTION.match(lines[at]) if at < len(lines) else None
        if found and len(found[1]) == 1:
            title, at = found[2], at + 1
        elif _underlined(lines, at) == 1:
            title, at = lines[at], at + 2
        if not title:
            return "", "", "", lines[at:]
        author = date = ""
        if at < len(lines) and _AUTHOR.match(lines[at]):
            author, at = re.split(r"\s*[<;]", lines[at])[0], at + 1
            revision = _REVISION.match(lines[at]) if at < len(lines) and re.match(r"v?\d", lines[at]) else None
            if revision:
                date, at = revision[1] or "", at + 1
        while at < len(lines) and lines[at] and self.is_aside(lines[at]):
            at += 1
        author = author or self.attributes.get("author", "")
        date = date or self.attributes.get("revdate", "")
        return title, author, date if re.fullmatch(r"\d{4}-\d\d-\d\d", date) else "", lines[at:]

    def is_aside(self, line: str) -> bool:
        """Whether a line is a comment, a condition, or an attribute, which is taken down."""
        if found := _ATTRIBUTE.match(line):
            self.attributes.setdefault(found[1].strip("!").lower(), (found[2] or "").strip()[:300])
            return True
        return bool(_DIRECTIVE.match(line)) or (line.startswith("//") and not line.startswith("///"))

    def filled(self, text: str) -> str:
        """Text with the attributes that it names; those that are not known stay."""
        return _REFERENCE.sub(lambda found: self.attributes.get(found[1].lower(), found[0]), text) if "{" in text else text

    # Blocks.

    def blocks(self, lines: list[str], depth: int) -> Iterator[str]:
        """The blocks of some lines; a title, an id or a style stands in lines above its block."""
        at, style, title = 0, "", ""
        while at < len(lines):
            line = lines[at]
            if not line or line == "+" or self.is_aside(line) or _RULE.match(line):
                at += 1
                continue
            if (found := _BLOCK_LINE.match(line)) or (found := _TITLE.match(line) if not _FENCE.match(line) else None):
                if found.re is _TITLE:
                    title = found[1]
                else:
                    style = (found[1] or "").strip() or style
                    self.name(found[2] or _id_of(found[1] or ""))
                at += 1
                continue
            block, at = self.block(lines, at, style, depth)
            yield from (f"**{self.inline(self.filled(title))}**" for _ in [0] if title)
            yield from filter(None, [block])
            style = title = ""

    def block(self, lines: list[str], at: int, style: str, depth: int) -> tuple[str, int]:
        """The block that begins at a line, and the line behind it."""
        line = lines[at]
        if (level := _underlined(lines, at)) and not depth:
            return self.section(level, line), at + 2
        if (found := _SECTION.match(line)) and not depth:
            return self.section(len(found[1]), found[2]), at + 1
        if _TABLE.match(line) or _FENCE.match(line):
            end = _closing(lines, at)
            inside = lines[at + 1 : end]
            is_table = bool(_TABLE.match(line))
            return self.table(inside, style, line[0]) if is_table else self.fenced(line, inside, style, depth), end + 1
        if found := _MACRO.match(line):
            return self.block_macro(found), at + 1
        if _ITEM.match(line) or _TERM.match(line):
            return self.listed(lines, at, depth)
        end = at + 1
        while end < len(lines) and lines[end] and not _FENCE.match(lines[end]) and not _BLOCK_LINE.match(lines[end]):
            end += 1
        inside = [each for each in lines[at:end] if not self.is_aside(each)]
        if line.startswith((" ", "\t")) or _is_code(style):
            return code_block("\n".join(_dedented(inside)), _language(style)), end
        if line.startswith("|") and sum(each.startswith("|") for each in inside) == len(inside) > 1:
            return table([[self.inline(cell) for cell in each.strip("|").split("|")] for each in inside]), end
        return self.paragraph(inside, style), end

    def section(self, level: int, title: str) -> str:
        shown = self.inline(self.filled(title))
        for name in (title, re.sub(r"[^\w]+", "_", f"_{title.lower()}").rstrip("_")):
            self.headings.setdefault(name, self.count)
        self.count += 1
        return f"{'#' * min(level, 6)} {shown}"

    def name(self, name: str) -> None:
        """The next heading is known by this name, too."""
        if name:
            self.headings.setdefault(name, self.count)

    def paragraph(self, lines: list[str], style: str) -> str:
        hard = [line.removesuffix(" +") for line in lines]
        breaks = [line.endswith(" +") for line in lines]
        parts = [""]
        for line, ends in zip(hard, breaks, strict=True):
            parts[-1] += f" {line}"
            parts += [""] if ends else []
        text = "\\\n".join(guarded(self.inline(self.filled(part))) for part in parts if part.strip())
        kind = style.split(",")[0].lstrip("%").split("%")[0].upper()
        if found := _ADMONITION.match(lines[0] if lines else ""):
            return _admonition(found[1], text.removeprefix(f"{found[1]}: "))
        if kind in ("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"):
            return _admonition(kind, text)
        return quoted(text) if kind in ("QUOTE", "VERSE") else text

    def fenced(self, fence: str, lines: list[str], style: str, depth: int) -> str:
        if fence.startswith("/"):
            return ""
        if (fence[0] in _VERBATIM and fence != "--") or _is_code(style):
            language = fence[3:].strip() if fence[0] == "`" else _language(style)
            return code_block("\n".join(line for line in lines if not _DIRECTIVE.match(line)), language)
        if depth >= MAX_DEPTH:
            return code_block("\n".join(lines))
        inner = "\n\n".join(self.blocks(lines, depth + 1))
        kind = style.split(",")[0].split("%")[0].upper()
        if fence[0] == "=" and kind in ("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"):
            return _admonition(kind, inner)
        return quoted(inner) if fence[0] == "_" or kind in ("QUOTE", "VERSE") else inner

    def block_macro(self, found: re.Match[str]) -> str:
        kind, target, text = found.groups()
        if kind == "include":
            return f"(Another file is included here: {code(target)}.)"
        return picture(self.filled(target), self.inline(_first(text).split(",")[0])) if kind == "image" else ""

    def listed(self, lines: list[str], at: int, depth: int) -> tuple[str, int]:
        """A list with what belongs to its items: lines that go on, and blocks behind a line with a plus sign."""
        out: list[str] = []
        marks: list[str] = []
        loose = False
        while at < len(lines):
            line = lines[at]
            item, term = _ITEM.match(line), None
            if item is None:
                term = _TERM.match(line)
            if item or term:
                mark = _mark_of(line, item, term)
                marks = marks[: marks.index(mark)] if mark in marks else marks
                by = _STEP * min(len(marks), MAX_DEPTH)
                marks.append(mark)
                text, at = self.item_text(lines, at, item[3] if item else (term[3] or "") if term else "")
                out.append(_shown(by, item, self.inline(self.filled(term[1])) if term else "", text))
                loose = False
                continue
            nested = _STEP * min(len(marks), MAX_DEPTH)
            if line == "+" and at + 1 < len(lines) and depth < MAX_DEPTH:
                block, at = self.attached(lines, at + 1, depth)
                out += ["", indented(block, nested), ""] if block else []
            elif not line or self.is_aside(line):
                at += 1
                loose = True
            elif _ends_list(line, loose):
                break
            else:
                block, at = self.attached(lines, at, depth)
                out += ["", indented(block, nested), ""] if block else []
        return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n"), at

    def item_text(self, lines: list[str], at: int, first: str) -> tuple[str, int]:
        """The text of an item and the line behind it: what follows without a blank line belongs to it."""
        text, at = [first] if first else [], at + 1
        while at < len(lines) and not text and not lines[at]:
            at += 1  # a description may stand below a blank line
        while at < len(lines) and lines[at] and lines[at] != "+":
            line = lines[at]
            if _ITEM.match(line) or _TERM.match(line) or _FENCE.match(line) or _BLOCK_LINE.match(line) or self.is_aside(line):
                break
            text.append(line.strip())
            at += 1
        return self.inline(self.filled(" ".join(text))), at

    def attached(self, lines: list[str], at: int, depth: int) -> tuple[str, int]:
        style = ""
        while at < len(lines) and (found := _BLOCK_LINE.match(lines[at])):
            style, at = found[1] or style, at + 1
        return self.block(lines, at, style, depth + 1) if at < len(lines) else ("", at)

    def table(self, lines: list[str], style: str, separator: str) -> str:
        """A table: a row a line or, where cells stand in lines of their own, as many in a row as there are columns."""
        lines = [self.filled(line) for line in lines if not self.is_aside(line)]
        if separator in ",:":
            return table([[self.inline(cell.strip('" ')) for cell in line.split(separator)] for line in lines if line])
        rows: list[list[str]] = []
        for line in lines:
            cells = _CELL.split(line)
            if len(cells) == 1 and rows and line:
                rows[-1][-1] += f" {line.strip()}"
            elif len(cells) > 1:
                rows.append([cell.strip() for cell in cells[1:]])
        width = _columns(style) or max(map(len, rows), default=0)
        if width and any(len(row) != width for row in rows):
            flat = [cell for row in rows for cell in row]
            rows = [flat[start : start + width] for start in range(0, len(flat), width)]
        return table([[self.inline(cell.replace("\\|", "|")) for cell in row] for row in rows])

    # Marks within a line.

    def nested(self, text: str) -> str:
        return self.inline(text) if len(text) < 2_000 else text

    def footnote(self, text: str) -> str:
        self.notes.append(self.nested(text.partition("[")[2][:-1]))
        return f"[^{len(self.notes)}]"

    def picture(self, text: str) -> str:
        kind, _, rest = text.partition(":")
        target, _, words = rest.partition("[")
        return picture(target, self.nested(_first(words[:-1]).split(",")[0])) if kind == "image" else ""

    def spoken(self, text: str) -> str:
        inner = text.partition("[")[2][:-1]
        kind = text.partition(":")[0]
        return (
            ""
            if kind.startswith("indexterm") and "2" not in kind
            else code(inner)
            if kind in ("kbd", "stem")
            else self.nested(inner)
        )

    def macro(self, text: str) -> str:
        target, _, words = text.partition("[")
        words = self.nested(_first(words[:-1]).removesuffix("^"))
        if target.startswith("xref:") and not re.search(r"\.\w+(?:#|$)", target):
            return self.reference(f"<<{target.removeprefix('xref:').lstrip('#')},{words}>>")
        return link(re.sub(r"^(?:link|xref):(?:\+\+)?", "", target).removesuffix("++"), words)

    def manual(self, text: str) -> str:
        """A reference to a page of a manual: `linkgit:git-add[1]`."""
        _, _, rest = text.partition(":")
        target, _, section = rest.partition("[")
        return code(f"{target}({section[:-1]})" if section[:-1] else target)

    def address(self, text: str) -> str:
        bare = text.strip("<>").rstrip(".,;:!?)")
        return link(bare, "") + text.strip("<>")[len(bare) :]

    def reference(self, text: str) -> str:
        name, _, words = text[2:-2].partition(",")
        name = name.strip()
        if re.search(r"\.\w+#", name) or name.endswith((".adoc", ".asciidoc")):
            return link(name, self.nested(words.strip()))
        return within(name.lstrip("#"), self.nested(words.strip()) or code(name))


def _underlined(lines: list[str], at: int) -> int:
    """The level of a title that a line of signs underlines, 0 where there is none."""
    if at + 1 >= len(lines) or not lines[at] or not re.match(r"\w", lines[at]):
        return 0
    rule = lines[at + 1]
    level = _UNDERLINES.get(rule[:1], 0)
    fits = len(rule) > 2 and rule == rule[0] * len(rule) and abs(len(rule) - len(lines[at])) <= 2
    return level if level and fits and any(char.isalnum() for char in lines[at]) else 0


def _closing(lines: list[str], at: int) -> int:
    """The line that ends the block which begins at a line: the same signs; the last one where none does."""
    mark = "```" if lines[at].startswith("```") else lines[at]
    return next((end for end in range(at + 1, len(lines)) if lines[end] == mark), len(lines))


def _ends_list(line: str, is_after_blank: bool) -> bool:
    """Whether a line that is no item does not belong to the list above it."""
    if _FENCE.match(line) or _BLOCK_LINE.match(line) or _TABLE.match(line) or _SECTION.match(line):
        return True
    return is_after_blank and not line.startswith((" ", "\t"))


def _mark_of(line: str, item: "re.Match[str] | None", term: "re.Match[str] | None") -> str:
    """What tells the level of an item: its mark, with its indent where the mark is a bare one."""
    indent = len(line) - len(line.lstrip())
    if item is None:
        return f"term{term[2] if term else ''}"
    mark = item[1] or item[2] or "<>"
    kind = re.sub(r"\d+|[a-z](?=\.)", "1", mark)
    return f"{kind}{indent}" if len(mark) == 1 or kind == "1." else kind


def _shown(by: str, item: "re.Match[str] | None", term: str, text: str) -> str:
    if item is not None:
        return f"{by}{'1.' if item[2] or not item[1] else '-'} {text}"
    return f"{by}- **{term}**: {text}" if text else f"{by}- **{term}**"


def _admonition(kind: str, text: str) -> str:
    return quoted(f"**{kind.capitalize()}:** {text}")


def _id_of(style: str) -> str:
    found = re.search(r"(?:^|,|\b)#([\w-]+)|\bid=\"?([\w-]+)", style)
    return (found[1] or found[2]) if found else ""


def _is_code(style: str) -> bool:
    return re.split(r"[,%#.]", style)[0].strip() in _CODE_STYLES


def _language(style: str) -> str:
    parts = [part.strip() for part in style.split(",")]
    named = len(parts) > 1 and parts[0].split("%")[0] == "source" and re.fullmatch(r"[\w+#-]{1,20}", parts[1])
    return parts[1] if named else ""


def _columns(style: str) -> int:
    """The number of columns that a table states."""
    found = re.search(r"cols\s*=\s*\"?([^\"\]]*)", style)
    if not found:
        return 0
    multiple = re.match(r"(\d{1,2})\*", found[1])
    return int(multiple[1]) if multiple else len([part for part in re.split(r"[,;]", found[1]) if part.strip()])


def _first(text: str) -> str:
    """The first of an element's attributes, which is its text, without quotes; a named one is none."""
    text = text if re.match(r"\s*\"", text) is None else text.strip().split('"')[1]
    first = text.split(",")[0].strip() if re.search(r",\s*[\w-]+=", text) else text.strip()
    return "" if re.fullmatch(r"[\w-]+=\S*", first) else first


def _dedented(lines: list[str]) -> list[str]:
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[least:] for line in lines]
