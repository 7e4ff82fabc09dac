"""Org text (Emacs, Logseq, Orgzly) to Markdown: headlines, lists, tables, blocks, links, footnotes, what the head states.

Invariant: every line of the text comes out, or is markup: keywords that steer an export, drawers, comments and planning.
No file is included and no code is run.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft
from gitkb.convert.markup.inline import Inline, around, code, indented, link, picture, quoted, resolved, within
from gitkb.convert.outline import code_block
from gitkb.convert.tables import guarded, table
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_DEPTH = 12
_HEADLINE = re.compile(r"(\*+)\s+(.*)$")
_STATE = re.compile(r"(?:(TODO|DONE|NEXT|WAITING|WAIT|HOLD|DOING|LATER|NOW|CANCELL?ED|IN-PROGRESS)\s+)?(?:\[#[A-Z0-9]\]\s*)?")
_TAGS = re.compile(r"\s+(:[\w@#%:]+:)$")
_KEYWORD = re.compile(r"\s*#\+([\w-]+)(?:\[[^\]]*\])?:\s*(.*)$")
_BEGIN = re.compile(r"\s*#\+begin_(\w+)\s*(.*)$", re.IGNORECASE)
_DRAWER = re.compile(r"\s*:([\w-]+):\s*$")
_PLANNING = re.compile(r"\s*(?:(?:SCHEDULED|DEADLINE|CLOSED):\s*[<\[][^>\]]*[>\]]\s*)+$|\s*CLOCK:.*$")
_ITEM = re.compile(r"(\s*)([-+]|(?<=\s)\*|\d{1,4}[.)]|[A-Za-z][.)])\s+(?:\[@\d+\]\s*)?(?:\[([ xX-])\]\s+)?(.*)$")
_TERM = re.compile(r"(.+?)\s+::(?:\s+(.*))?$")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"\s*\|[-+|: ]*-[-+|: ]*$")
_FIXED = re.compile(r"\s*:(?:\s|$)")
_NOTE = re.compile(r"\[fn:([\w-]+)\]\s+(.*)$")
_LINE = re.compile(r"\s*-{5,}\s*$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
_QUOTED = re.compile(r"\"([^\"]*)\"")
_LONGEST_DRAWER = 1_000
_DONE_WITH = frozenset("comment export".split())
_CODE = frozenset("src example verbatim".split())


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an Org text."""
    return _Reading().draft(normal_lines(decode(file.read_bytes())))


def _mark(sign: str) -> str:
    """A pattern for text between two of a sign, which stand at the edges of words."""
    return rf"(?<![\w{sign}\\]){sign}[^\s{sign}](?:[^{sign}]*[^\s{sign}])?{sign}(?![\w{sign}])"


class _Reading:
    """One text: what its head states, the footnotes in order of use, and its headings by the names that links use."""

    def __init__(self) -> None:
        self.head: dict[str, str] = {}
        self.used: dict[str, int] = {}
        self.notes: dict[str, str] = {}
        self.headings: dict[str, int] = {}
        self.count = 0
        self.shift = 0
        self.inline = Inline(
            [
                (r"\[\[[^\[\]]+\]\[[^\[\]]+\]\]|\[\[[^\[\]]+\]\]", self.link),
                (r"\[fn:[\w-]*(?::[^\[\]]*)?\]", self.note),
                (r"\\\([^\n]{1,500}?\\\)", lambda text: f"${text[2:-2].strip()}$"),
                (_mark("="), lambda text: code(text[1:-1])),
                (_mark("~"), lambda text: code(text[1:-1])),
                (_mark(r"\*"), around("**", self.nested)),
                (r"<?(?:https?|ftp)://[^\s<>\[\]]+>?", self.address),
                (_mark("/"), around("*", self.nested)),
                (_mark("_"), lambda text: self.nested(text[1:-1])),
                (_mark(r"\+"), around("~~", self.nested)),
                (r"<<<?[^<>\s][^<>]*>>>?", lambda _: ""),
            ]
        )

    def draft(self, text: str) -> Draft:
        """The draft of a whole text."""
        lines = [line.rstrip() for line in text.split("\n")]
        for line in lines:
            if found := _KEYWORD.match(line):
                self.head.setdefault(found[1].lower(), found[2].strip())
        title = self.head.get("title", "")
        self.shift = int(bool(title))
        self.count = self.shift
        blocks = [f"# {self.inline(title)}", *self.blocks(lines, 0)] if title else list(self.blocks(lines, 0))
        notes = [f"[^{number}]: {self.notes[name]}" for name, number in self.used.items() if name in self.notes]
        return Draft(
            markdown=resolved("\n\n".join([*filter(None, blocks), *notes]), self.headings, as_notes=True),
            titles=(TitleCandidate("stated", title, "title of the document"),) if title else (),
            authors=(self.head.get("author", ""),),
            dates={"published": date[0]} if (date := _DATE.search(self.head.get("date", ""))) else {},
            description=self.head.get("description", ""),
            language=self.head.get("language", ""),
            tags=tuple(re.split(r"[:,\s]+", f"{self.head.get('filetags', '')} {self.head.get('keywords', '')}".strip())),
        )

    # Blocks.

    def blocks(self, lines: list[str], depth: int) -> Iterator[str]:
        """The blocks of some lines."""
        at = 0
        while at < len(lines):
            line = lines[at]
            if not line or _PLANNING.match(line) or line.lstrip() == "#" or line.lstrip().startswith("# ") or _LINE.match(line):
                at += 1
            elif found := _HEADLINE.match(line):
                yield self.headline(found)
                at += 1
            elif _DRAWER.match(line) and (end := _drawer_end(lines, at)):
                self.take_down(lines[at + 1 : end])
                at = end + 1
            elif found := _BEGIN.match(line):
                end = _block_end(lines, at, found[1])
                yield self.begun(found[1].lower(), found[2], lines[at + 1 : end], depth)
                at = end + 1
            elif found := _KEYWORD.match(line):
                yield self.keyword(found[1].lower(), found[2])
                at += 1
            else:
                block, at = self.block(lines, at, depth)
                yield block

    def block(self, lines: list[str], at: int, depth: int) -> tuple[str, int]:
        """The block that begins at a line of text, and the line behind it."""
        line = lines[at]
        if _ROW.match(line):
            end = _while(lines, at, _ROW)
            rows = [row for row in lines[at:end] if not _RULE.match(row)]
            cells = [[self.inline(cell) for cell in row.strip().strip("|").split("|")] for row in rows]
            return table(cells, header=any(_RULE.match(row) for row in lines[at + 1 : end]) or len(rows) == 1), end
        if _FIXED.match(line):
            end = _while(lines, at, _FIXED)
            return code_block("\n".join(re.sub(r"^\s*: ?", "", each) for each in lines[at:end])), end
        if found := _NOTE.match(line):
            end = at + 1
            while end < len(lines) and lines[end] and not _NOTE.match(lines[end]) and not _HEADLINE.match(lines[end]):
                end += 1
            self.notes[found[1]] = self.inline(" ".join([found[2], *lines[at + 1 : end]]))
            return "", end
        if _ITEM.match(line):
            return self.listed(lines, at, depth)
        end = at + 1
        while end < len(lines) and lines[end] and not self.begins(lines[end]):
            end += 1
        return self.paragraph(lines[at:end]), end

    def begins(self, line: str) -> bool:
        """Whether a line cannot go on a paragraph."""
        return any(each.match(line) for each in (_HEADLINE, _BEGIN, _KEYWORD, _ROW, _ITEM, _FIXED, _NOTE, _DRAWER, _PLANNING))

    def paragraph(self, lines: list[str]) -> str:
        parts = [""]
        for line in lines:
            parts[-1] += f" {line.removesuffix(chr(92) * 2)}"
            parts += [""] if line.endswith("\\\\") else []
        return "\\\n".join(guarded(self.inline(part)) for part in parts if part.strip())

    def headline(self, found: re.Match[str]) -> str:
        title = _TAGS.sub("", found[2])
        state = _STATE.match(title)
        title = title[state.end() :] if state else title
        self.headings.setdefault(f"*{title.lower()}", self.count)
        self.headings.setdefault(title.lower(), self.count)
        self.count += 1
        done = f"{state[1]}: " if state and state[1] else ""
        return f"{'#' * min(6, len(found[1]) + self.shift)} {done}{self.inline(title)}".rstrip()

    def take_down(self, lines: list[str]) -> None:
        """The names in a drawer by which links know the headline above it."""
        for line in lines:
            found = re.match(r"\s*:(CUSTOM_ID|ID):\s+(\S+)", line, re.IGNORECASE)
            if found and self.count:
                self.headings.setdefault(f"{'#' if found[1].lower() == 'custom_id' else 'id:'}{found[2].lower()}", self.count - 1)

    def begun(self, kind: str, more: str, lines: list[str], depth: int) -> str:
        if kind in _DONE_WITH:
            return ""
        if kind in _CODE or depth >= MAX_DEPTH:
            language = re.match(r"[\w+#-]{1,20}", more) if kind == "src" else None
            return code_block(
                "\n".join(re.sub(r"^(\s*),(?=[*#,])", r"\1", line) for line in _dedented(lines)), language[0] if language else ""
            )
        if kind == "verse":
            return quoted("\\\n".join(self.inline(line) for line in lines if line))
        inner = "\n\n".join(filter(None, self.blocks(lines, depth + 1)))
        named = kind if kind in ("note", "tip", "warning", "important", "caution") else ""
        return quoted(f"**{named.capitalize()}:** {inner}" if named else inner) if kind == "quote" or named else inner

    def keyword(self, name: str, value: str) -> str:
        if name == "include":
            named = _QUOTED.match(value)
            return f"(Another file is included here: {code(named[1] if named else value)}.)"
        return f"**{self.inline(value)}**" if name == "caption" and value else ""

    def listed(self, lines: list[str], at: int, depth: int) -> tuple[str, int]:
        """A list with what is indented below its items."""
        out: list[str] = []
        levels: list[int] = []
        while at < len(lines):
            found = _ITEM.match(lines[at])
            if found is None:
                break
            indent = len(found[1])
            while levels and levels[-1] >= indent:
                levels.pop()
            by = "   " * min(len(levels), MAX_DEPTH)
            levels.append(indent)
            end = _item_end(lines, at + 1, indent)
            inside = _dedented(lines[at + 1 : end])
            text = [found[4]]
            while inside and inside[0] and not self.begins(inside[0]):
                text.append(inside.pop(0))
            out.append(f"{by}{self.item(found, ' '.join(text))}")
            more = list(filter(None, self.blocks(inside, depth + 1))) if depth < MAX_DEPTH else [code_block("\n".join(inside))]
            out += [each for block in more for each in ("", indented(block, f"{by}   "))]
            out += [""] if more else []
            at = end
        return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n"), at

    def item(self, found: re.Match[str], text: str) -> str:
        box = {"x": "[x] ", " ": "[ ] ", "-": "[ ] "}.get((found[3] or "").lower(), "")
        if found[2][0] in "-+*":
            term = _TERM.match(text)
            shown = (
                f"**{self.inline(term[1])}**" + (f": {self.inline(term[2])}" if term[2] else "") if term else self.inline(text)
            )
            return f"- {box}{shown}"
        return f"{found[2] if found[2][0].isdigit() else '1.'} {box}{self.inline(text)}"

    # Marks within a line.

    def nested(self, text: str) -> str:
        return self.inline(text) if len(text) < 2_000 else text

    def link(self, text: str) -> str:
        target, _, words = text[2:-2].partition("][")
        path = target.removeprefix("file:").partition("::")[0]
        if path.lower().endswith(_PICTURES):
            return picture(path, self.nested(words)) if not words or words == target else link(path, self.nested(words))
        if re.match(r"[a-z]{2,10}:", target) and not target.startswith(("file:", "id:")):
            return (
                link(target, self.nested(words))
                if target.startswith(("http", "mailto:", "ftp"))
                else self.nested(words or target)
            )
        is_file = target.startswith("file:") or "/" in target or re.search(r"\.\w{2,5}$", target)
        if is_file and not target.startswith(("#", "*", "id:")):
            return link(path, self.nested(words or path))
        return within(target, self.nested(words or target.lstrip("*#")))

    def note(self, text: str) -> str:
        name, _, inline = text[4:-1].partition(":")
        name = name or f"\0{len(self.used)}"
        number = self.used.setdefault(name, len(self.used) + 1)
        if inline:
            self.notes.setdefault(name, self.nested(inline.strip()))
        return f"[^{number}]"

    def address(self, text: str) -> str:
        bare = text.strip("<>").rstrip(".,;:!?)")
        return link(bare, "") + text.strip("<>")[len(bare) :]


def _while(lines: list[str], at: int, pattern: re.Pattern[str]) -> int:
    while at < len(lines) and pattern.match(lines[at]):
        at += 1
    return at


def _drawer_end(lines: list[str], at: int) -> int:
    """The line that ends a drawer, 0 where none does before the next headline."""
    for end in range(at + 1, min(len(lines), at + _LONGEST_DRAWER)):
        if lines[end].strip().lower() == ":end:":
            return end
        if _HEADLINE.match(lines[end]):
            break
    return 0


def _block_end(lines: list[str], at: int, kind: str) -> int:
    mark = f"#+end_{kind}".lower()
    return next((end for end in range(at + 1, len(lines)) if lines[end].strip().lower() == mark), len(lines))


def _item_end(lines: list[str], at: int, indent: int) -> int:
    """The line behind what belongs to an item: its lines are indented deeper, and two blank ones end every list."""
    end = at
    while end < len(lines):
        line = lines[end]
        if not line:
            if end + 1 >= len(lines) or not lines[end + 1] or _indent(lines[end + 1]) <= indent:
                following = lines[end + 1] if end + 1 < len(lines) else ""
                return end + 1 if _ITEM.match(following) else end
        elif _indent(line) <= indent or _ITEM.match(line):
            return end
        end += 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _dedented(lines: list[str]) -> list[str]:
    least = min((_indent(line) for line in lines if line), default=0)
    return [line[least:] for line in lines]
