"""LaTeX source to Markdown: title, sections, lists, tables, figures, code, footnotes, references; formulas stay LaTeX.

Invariant: nothing is run and no file is read: commands that a text defines are replaced within bounds, what it includes is named
where it stands. Of a command that is not known the arguments are text, so that no word is lost; drawings are left out.
"""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.latex import dollars
from gitkb.convert.markup.inline import code, footnotes, indented, link, picture, quoted, resolved, within
from gitkb.convert.outline import code_block, plain_text
from gitkb.convert.tables import escape, guarded, table
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

MAX_DEPTH = 40
MAX_EXPANSIONS = 20_000
MAX_EXPANDED = 20_000
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*\n?[ \t]*")
_CODE_ENVIRONMENT = re.compile(r"\\begin\{(verbatim\*?|lstlisting|minted|Verbatim|alltt|comment)\}.*?\\end\{\1\}", re.DOTALL)
_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand)\*?\s*\{?\\([A-Za-z]+)\}?\s*(?:\[(\d)\])?\s*(?:\[[^\[\]]*\])?\s*(?=\{)"
    r"|\\def\s*\\([A-Za-z]+)\s*((?:#\d\s*)*)(?=\{)"
)
_THEOREM = re.compile(r"\\newtheorem\*?\s*\{(\w+)\}\s*(?:\[\w*\])?\s*\{([^{}]{1,60})\}")
_TOKEN = re.compile(r"\\([A-Za-z@]+)\*?[ \t]*|\\([^A-Za-z@])|(\$\$?)|([{}&])|(\n[ \t]*\n\s*)|([^\\${}&\n]+|\n)", re.DOTALL)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SECTIONS = {"part": 0, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6}
_MATH = frozenset("equation align gather multline eqnarray displaymath math flalign alignat subequations".split())
_CODE = frozenset("verbatim lstlisting minted Verbatim alltt".split())
_TABLES = frozenset("tabular tabularx tabulary longtable array supertabular tabu".split())
_DROPPED_ENVIRONMENTS = frozenset("tikzpicture picture pgfpicture comment filecontents pspicture CCSXML".split())
_QUOTES = frozenset("quote quotation verse epigraph".split())
_SIZED = frozenset("minipage multicols wrapfigure adjustbox".split())
_THEOREMS = {
    name: name.capitalize()
    for name in "theorem lemma proof definition corollary proposition remark example claim conjecture exercise".split()
}
_LISTS = frozenset("itemize enumerate description compactitem compactenum inparaenum inparaitem".split())
_WORDS = dict(
    pair.split("=")
    for pair in (
        "ldots=… dots=… textellipsis=… LaTeX=LaTeX TeX=TeX BibTeX=BibTeX ss=ß o=ø O=Ø ae=æ AE=Æ oe=œ OE=Œ aa=å AA=Å l=ł L=Ł i=i "
        "j=j S=§ P=¶ copyright=© pounds=£ euro=€ textemdash=— textendash=– textbackslash=\\ textasciitilde=~ textasciicircum=^ "
        "textregistered=® texttrademark=™ textdegree=° textbar=| textless=< textgreater=> textquoteright=’ textquoteleft=‘ "
        "textquotedblleft=“ textquotedblright=” guillemotleft=« guillemotright=» dag=† ddag=‡ textbullet=•"
    ).split()
)
_BLANKS = frozenset(
    "quad qquad space hfill hspace vspace newline linebreak thinspace enspace newpage clearpage bigskip smallskip".split()
)
_ACCENTS = dict(zip("`'^\"~=.uvHckrdb", "̀ ́ ̂ ̈ ̃ ̄ ̇ ̆ ̌ ̋ ̧ ̨ ̊ ̣ ̱".split(" "), strict=True))
_DROPPED = frozenset(
    (
        "usepackage documentclass bibliographystyle pagestyle thispagestyle vspace hspace setlength addtolength setcounter "
        "addtocounter index pagenumbering hyphenation color definecolor graphicspath newtheorem theoremstyle newenvironment "
        "newlength fontsize addcontentsline markboth vskip hskip DeclareMathOperator rule phantom hphantom vphantom cmidrule "
        "cline specialrule newcommand renewcommand providecommand def let newcounter selectlanguage geometry hypersetup lstset "
        "captionsetup bibliography addbibresource nocite columnwidth textwidth linewidth acmDOI acmISBN setcopyright pdfinfo "
        "RequirePackage"
    ).split()
)
_CITED = re.compile(r"[a-zA-Z]*cite[a-zA-Z]*")
_ROW_END = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\tabularnewline\b")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|(?:cmidrule|cline)(?:\([^)]*\))?\s*\{[^{}]*\})"
)
_ANSWER = Callable[["_Reader"], None]


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a LaTeX text, or of a part of one."""
    text = _without_comments(normal_lines(decode(file.read_bytes())))
    begin = _DOCUMENT.search(text)
    body = (text[begin.end() :] if begin else text).partition("\\end{document}")[0]
    theorems = {found[1]: found[2] for found in _THEOREM.finditer(text)}
    paper = _Paper(_definitions(text), theorems, has_chapters="\\chapter" in body)
    stated = {each: _argument_of(text, each) for each in ("title", "author", "date")}
    title = paper.inline(stated["title"])
    body = _without_definitions(body)
    blocks = paper.blocks(body if begin else re.sub(r"\\(?:title|author|date)\s*(?=\{)", r"\\dropped", body))
    lead = [f"# {title}"] if title else []
    paper.headings = {key: number + len(lead) for key, number in paper.headings.items()}
    markdown = "\n\n".join([*lead, *blocks, *filter(None, [footnotes(paper.notes)])])
    return Draft(
        markdown=resolved(markdown, paper.headings),
        titles=(TitleCandidate("stated", plain_text(title), "title of the document"),) if title else (),
        authors=_authors(stated["author"], paper),
        dates={"published": stated["date"]} if re.fullmatch(r"\d{4}-\d\d-\d\d", stated["date"]) else {},
    )


def _without_comments(text: str) -> str:
    """Text without what stands behind percent signs, but for code."""
    out, end = [], 0
    for found in _CODE_ENVIRONMENT.finditer(text):
        out += [_COMMENT.sub(r"\1", text[end : found.start()]), "" if found[1] == "comment" else found[0]]
        end = found.end()
    return "".join([*out, _COMMENT.sub(r"\1", text[end:])])


def _definitions(text: str) -> dict[str, tuple[int, str]]:
    """The commands that a text defines: how many arguments, and what they stand for. One that names itself is none."""
    found: dict[str, tuple[int, str]] = {}
    for each in _DEFINITION.finditer(text):
        name, body = each[1] or each[3], _group(text, each.end())[0]
        if f"\\{name}" not in body and len(body) < 2_000:
            found[name] = (int(each[2] or 0) or (each[4] or "").count("#"), body)
    return found


def _without_definitions(text: str) -> str:
    out, at = [], 0
    for found in _DEFINITION.finditer(text):
        if found.start() >= at:
            out.append(text[at : found.start()])
            at = _group(text, found.end())[1]
    return "".join([*out, text[at:]])


def _group(text: str, at: int) -> tuple[str, int]:
    """What stands in the braces that open at a place, and the place behind them; to the end where they do not close."""
    depth = 0
    for found in _BRACE.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0 and found[0] == "}":
            return text[at + 1 : found.start()], found.end()
    return text[at + 1 :], len(text)


def _argument_of(text: str, command: str) -> str:
    found = re.search(rf"\\{command}\s*(?:\[[^\]]*\])?\s*(?=\{{)", text)
    return _group(text, found.end())[0].strip() if found else ""


def _authors(stated: str, paper: "_Paper") -> tuple[str, ...]:
    """The names in an author field: what stands first in each of its parts."""
    names = []
    for part in re.split(r"\\and\b|\\AND\b|\\And\b|\\quad|,(?![^{]*\})", stated)[:60]:
        name = plain_text(paper.quiet(re.split(r"\\\\|\n\s*\n|\\thanks|\\footnote|\\inst|\\affil|\$", part)[0]))
        names += [name] if 2 < len(name) < 60 and not re.search(r"[@\d]", name) else []
    return tuple(names)


class _Paper:
    """What all parts of a text share: commands that it defines, footnotes, and its headings by their labels."""

    def __init__(self, defined: dict[str, tuple[int, str]], theorems: dict[str, str], *, has_chapters: bool) -> None:
        self.defined = defined
        self.theorems = {**_THEOREMS, **theorems}
        self.shift = 1 if has_chapters else 0
        self.left = MAX_EXPANSIONS
        self.notes: list[str] = []
        self.headings: dict[str, int] = {}
        self.count = 0

    def blocks(self, text: str, depth: int = 0) -> list[str]:
        """The blocks of a text."""
        if depth > MAX_DEPTH:
            return [escape(text)]
        return _Reader(self, text, depth).run()

    def inline(self, text: str, depth: int = 0) -> str:
        """A text on one line."""
        return " ".join(" ".join(self.blocks(text, depth + 1)).split())

    def quiet(self, text: str) -> str:
        """A text on one line that leaves no footnotes behind."""
        before = list(self.notes)
        found = self.inline(text)
        self.notes[:] = before
        return found

    def note(self, text: str, depth: int) -> str:
        self.notes.append("")
        number = len(self.notes)
        self.notes[number - 1] = self.inline(text, depth)
        return f"[^{number}]"

    def heading(self, level: int, text: str) -> str:
        self.count += 1
        return f"{'#' * max(2, min(6, level + self.shift))} {text}"


class _Reader:
    """Reads one piece of text to its end."""

    def __init__(self, paper: _Paper, text: str, depth: int) -> None:
        self.paper, self.text, self.depth = paper, text, depth
        self.at = 0
        self.out: list[str] = []
        self.line: list[str] = []
        self.plain: list[str] = []

    def run(self) -> list[str]:
        """The blocks."""
        while self.at < len(self.text):
            found = _TOKEN.match(self.text, self.at)
            if found is None:
                self.at += 1
                continue
            self.at = found.end()
            command, sign, dollar, brace, blank, text = found.groups()
            if command:
                self.command(command)
            elif sign:
                self.sign(sign)
            elif dollar:
                self.formula(dollar, display=dollar == "$$")
            elif brace == "{":
                inner, self.at = _group(self.text, self.at - 1)
                self.add(self.paper.inline(inner, self.depth))
            elif blank:
                self.close()
            elif text:
                self.plain.append(text)
        self.close()
        return self.out

    def add(self, markdown: str) -> None:
        """Markdown within the paragraph."""
        self.spill()
        self.line.append(markdown)

    def spill(self) -> None:
        """What was plain text so far, escaped, with the signs that LaTeX spells out."""
        text, self.plain = "".join(self.plain), []
        if not text:
            return
        for spelled, meant in (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " ")):
            text = text.replace(spelled, meant)
        inner = escape(text)
        lead, tail = text[:1].isspace(), text[-1:].isspace()
        self.line.append(f"{' ' * lead}{inner}{' ' * (tail and bool(inner))}")

    def close(self) -> None:
        """Ends the paragraph."""
        self.spill()
        text, self.line = " ".join("".join(self.line).split()), []
        if text:
            self.out.append(guarded(text) if self.depth == 0 else text)

    def block(self, markdown: str) -> None:
        self.close()
        if markdown:
            self.out.append(markdown)

    # What stands behind a command.

    def option(self) -> str:
        found = re.compile(r"\s*\[([^\[\]]*)\]").match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[1] if found else ""

    def argument(self) -> str:
        """The next argument as it is written, "" where there is none in braces."""
        found = re.compile(r"[ \t]*\n?[ \t]*(?=\{)").match(self.text, self.at)
        if found is None:
            return ""
        inner, self.at = _group(self.text, found.end())
        return inner

    def arguments(self) -> list[str]:
        """All arguments that follow in braces or brackets; only the former are given."""
        found: list[str] = []
        while len(found) < 9:
            self.option()
            before = self.at
            inner = self.argument()
            if self.at == before:
                break
            found.append(inner)
        return found

    def command(self, name: str) -> None:
        """A command: what the text defines comes first, then what is known here; of others the arguments are text."""
        if name in self.paper.defined and self.paper.left > 0:
            self.expand(name)
        elif name in _WORDS:
            self.plain.append(_WORDS[name])
        elif answer := _MARKS.get(name) or _alike(name):
            answer(self)
        elif name in _SECTIONS:
            self.option()
            self.block(self.paper.heading(_SECTIONS[name], self.paper.inline(self.argument(), self.depth)))
        elif name in _BLANKS or name in _DROPPED:
            self.arguments()
            self.plain.append(" " if name in _BLANKS else "")
        elif words := [self.paper.inline(each, self.depth) for each in self.arguments()]:
            self.add(" ".join(filter(None, words)))

    def expand(self, name: str) -> None:
        """Puts what a command stands for in its place."""
        count, body = self.paper.defined[name]
        self.paper.left -= 1
        for number in range(1, count + 1):
            body = body.replace(f"#{number}", self.argument())
        if len(body) > MAX_EXPANDED:
            return
        if "\\begin" in body:
            self.block("\n\n".join(self.paper.blocks(body, self.depth + 1)))
        else:
            self.add(self.paper.inline(body, self.depth))

    def sign(self, sign: str) -> None:
        if sign in "([":
            self.formula("\\)" if sign == "(" else "\\]", display=sign == "[")
        elif sign == "\\":
            self.option()
            self.plain.append(" ")
        elif sign in _ACCENTS:
            self.accent(_ACCENTS[sign])
        elif sign in "{}%$&#_":
            self.plain.append(sign)
        elif sign in " \n,;:!/":
            self.plain.append(" " if sign in " \n,;:" else "")

    def accent(self, accent: str) -> None:
        inner = self.argument() or self.text[self.at : self.at + 1]
        if self.text[self.at - 1 : self.at] != "}":
            self.at += 1
        letter = re.sub(r"\\([ij])\b", r"\1", inner).strip("{} ")
        self.plain.append(unicodedata.normalize("NFC", letter[:1] + accent + letter[1:]) if letter else "")

    def formula(self, end: str, *, display: bool) -> None:
        close = self.text.find(end, self.at)
        if close < 0:
            self.plain.append("$")
            return
        tex, self.at = self.text[self.at : close], close + len(end)
        self.block(dollars(tex, display=True)) if display else self.add(dollars(" ".join(tex.split())))

    # Environments.

    def environment(self, name: str) -> None:
        bare = name.rstrip("*")
        inner = self.inside(name)
        if bare in _DROPPED_ENVIRONMENTS:
            return
        if bare in _MATH:
            self.block(dollars(re.sub(r"\\label\s*\{[^{}]*\}", "", inner).strip(), display=True))
        elif bare in _CODE:
            self.block(_code(bare, inner))
        elif bare in _TABLES:
            self.block(self.table(inner, bare))
        elif bare in _LISTS:
            self.block(self.listed(inner, bare))
        elif bare == "thebibliography":
            self.references(inner)
        elif bare == "abstract":
            self.block(self.paper.heading(2, "Abstract"))
            self.out += self.paper.blocks(inner, self.depth + 1)
        else:
            self.other(bare, inner)

    def inside(self, name: str) -> str:
        """The text of an environment, whose end is the one of its name that closes it."""
        mark, depth, start = re.compile(rf"\\(begin|end)\s*\{{{re.escape(name)}\}}"), 1, self.at
        for found in mark.finditer(self.text, self.at):
            depth += 1 if found[1] == "begin" else -1
            if depth == 0:
                self.at = found.end()
                return self.text[start : found.start()]
        self.at = len(self.text)
        return self.text[start:]

    def other(self, name: str, inner: str) -> None:
        """Figures, theorems, columns and the like: their text, a quote where they are one."""
        option = re.match(r"\s*\[([^\[\]]*)\]", inner)
        inner = inner[option.end() :] if option else inner
        inner = re.sub(r"^\s*(?:\{[^{}]*\})+", "", inner) if name in _SIZED else inner
        found = self.paper.blocks(inner, self.depth + 1)
        if name in self.paper.theorems and found:
            named = f" ({self.paper.inline(option[1], self.depth)})" if option else ""
            found[0] = f"**{self.paper.theorems[name]}{named}.** {found[0]}"
        self.close()
        self.out += [quoted("\n\n".join(found))] if name in _QUOTES and found else found

    def listed(self, inner: str, kind: str) -> str:
        parts = re.split(r"\\item\b", _hidden(inner))[1:]
        out: list[str] = []
        for part in parts:
            part = _shown(part)
            label = re.match(r"\s*\[((?:[^\[\]]|\[[^\]]*\])*)\]", part)
            blocks = self.paper.blocks(part[label.end() :] if label else part, self.depth + 1)
            first = blocks[0] if blocks else ""
            if label and (named := self.paper.inline(label[1], self.depth).strip("*: ")):
                first = f"**{named}**: {first}" if kind == "description" or len(named) > 3 else f"{named} {first}"
            out.append(f"{'1.' if 'enum' in kind else '-'} {first}".rstrip())
            out += [each for block in blocks[1:] for each in ([] if _is_list(block) else [""]) + [indented(block, "   ")]]
        return "\n".join(out)

    def references(self, inner: str) -> None:
        self.block(self.paper.heading(2, "References"))
        items = []
        for part in re.split(r"\\bibitem\b", inner)[1:]:
            found = re.match(r"\s*(?:\[(?:[^\[\]]|\[[^\]]*\])*\])?\s*(?:\{([^{}]*)\})?", part)
            text = self.paper.inline(part[found.end() :] if found else part, self.depth)
            items.append(f"- [{found[1] if found else ''}] {text}" if found and found[1] else f"- {text}")
        self.block("\n".join(items))

    def table(self, inner: str, kind: str) -> str:
        inner = re.sub(r"^\s*(?:\[[^\]]*\])?", "", inner)
        for _ in range(2 if kind in ("tabularx", "tabulary", "tabu") else 1):
            bare = inner.lstrip()
            inner = bare[_group(bare, 0)[1] :] if bare.startswith("{") else inner
        rows = []
        for row in _ROW_END.split(_hidden(_RULES.sub("", inner))):
            cells = [_shown(cell) for cell in re.split(r"(?<!\\)&", row)]
            rows.append([each for cell in cells for each in self.cells(cell)])
        return table(rows)

    def cells(self, text: str) -> list[str]:
        """A cell, and the empty ones that it spans besides."""
        found = re.match(r"\s*\\multicolumn\s*\{(\d{1,3})\}\s*(?=\{)", text)
        if not found:
            return [self.paper.inline(text, self.depth)]
        _, end = _group(text, found.end())
        inner = text[end:].strip()
        shown = _group(inner, 0)[0] if inner.startswith("{") else inner
        return [self.paper.inline(shown, self.depth), *[""] * (min(int(found[1]), 60) - 1)]


_ENCLOSED = re.compile(r"\\begin\s*\{(\w+\*?)\}")


def _hidden(text: str) -> str:
    """Text in which the items, rows and cells of what is nested in it do not show."""
    out, at = [], 0
    while found := _ENCLOSED.search(text, at):
        reader = _Reader(_Paper({}, {}, has_chapters=False), text, 0)
        reader.at = found.end()
        reader.inside(found[1])
        out += [text[at : found.start()], _masked(text[found.start() : reader.at])]
        at = reader.at
    return "".join([*out, text[at:]])


def _masked(text: str) -> str:
    return text.replace("\\item", "\\\ue000").replace("\\\\", "\ue001").replace("&", "\ue002")


def _shown(text: str) -> str:
    return text.replace("\\\ue000", "\\item").replace("\ue001", "\\\\").replace("\ue002", "&")


def _is_list(block: str) -> bool:
    return bool(re.match(r"(?:-|1\.) ", block))


def _code(kind: str, inner: str) -> str:
    option = re.match(r"[ \t]*\[([^\]]*)\]", inner)
    language = re.search(r"language\s*=\s*\{?(\w+)", option[1]) if option else None
    inner = inner[option.end() :] if option else inner
    if kind == "minted" and (named := re.match(r"\s*\{([\w+-]+)\}", inner)):
        return code_block(inner[named.end() :].strip("\n"), named[1])
    return code_block(inner.strip("\n"), language[1].lower() if language else "")


def _emphasis(mark: str) -> "_ANSWER":
    def answer(reader: _Reader) -> None:
        text = reader.paper.inline(reader.argument(), reader.depth)
        reader.add(f"{mark}{text.strip()}{mark}" if text.strip() and mark not in text else text)

    return answer


def _typed(reader: _Reader) -> None:
    reader.add(code(one_line(plain_text(reader.paper.inline(reader.argument(), reader.depth)))))


def _noted(reader: _Reader) -> None:
    reader.option()
    reader.add(reader.paper.note(reader.argument(), reader.depth))


def _linked(reader: _Reader) -> None:
    target = reader.argument().replace("\\", "")
    reader.add(link(target, reader.paper.inline(reader.argument(), reader.depth)))


def _address(reader: _Reader) -> None:
    reader.add(link(reader.argument().replace("\\", ""), ""))


def _pictured(reader: _Reader) -> None:
    reader.option()
    reader.block(picture(reader.argument(), ""))


def _captioned(reader: _Reader) -> None:
    reader.option()
    text = reader.paper.inline(reader.argument(), reader.depth)
    reader.block(f"**{text}**" if text and "**" not in text else text)


def _included(reader: _Reader) -> None:
    reader.block(f"(Another file is included here: {code(reader.argument())}.)")


def _verbatim(reader: _Reader) -> None:
    mark = reader.text[reader.at : reader.at + 1]
    end = reader.text.find("}" if mark == "{" else mark, reader.at + 1) if mark else -1
    if end > 0:
        reader.add(code(reader.text[reader.at + 1 : end]))
        reader.at = end + 1


def _coloured(reader: _Reader) -> None:
    reader.option()
    reader.argument()
    reader.add(reader.paper.inline(reader.argument(), reader.depth))


def _spanning(reader: _Reader) -> None:
    reader.argument()
    reader.option()
    reader.argument()
    reader.add(reader.paper.inline(reader.argument(), reader.depth))


def _dropped(reader: _Reader) -> None:
    reader.arguments()


def _paragraph(reader: _Reader) -> None:
    reader.close()


def _labelled(reader: _Reader) -> None:
    reader.paper.headings.setdefault(reader.argument(), reader.paper.count - 1)


def _begun(reader: _Reader) -> None:
    reader.environment(reader.argument().strip())


def _cited(reader: _Reader) -> None:
    reader.option()
    reader.option()
    reader.plain.append(f"[{', '.join(key.strip() for key in reader.argument().split(','))}]")


def _referred(reader: _Reader) -> None:
    label = reader.argument().strip()
    reader.add(within(label, escape(re.sub(r"^\w+:", "", label))))


def _alike(name: str) -> "_ANSWER | None":
    """What answers to commands of which there are many: citations, and accents of one letter."""
    if len(name) == 1 and name in _ACCENTS:
        return lambda reader: reader.accent(_ACCENTS[name])
    return _cited if _CITED.fullmatch(name) else None


_MARKS: dict[str, _ANSWER] = {
    **dict.fromkeys(("textbf", "mathbf"), _emphasis("**")),
    **dict.fromkeys(("emph", "textit", "textsl"), _emphasis("*")),
    **dict.fromkeys(("texttt", "code", "path", "lstinline"), _typed),
    **dict.fromkeys(("footnote", "footnotetext", "thanks"), _noted),
    **dict.fromkeys(("input", "include", "subfile", "lstinputlisting"), _included),
    **dict.fromkeys(("textcolor", "colorbox", "hyperlink", "resizebox", "scalebox", "raisebox", "parbox"), _coloured),
    **dict.fromkeys(("title", "author", "date", "affiliation", "email", "maketitle", "dropped"), _dropped),
    **dict.fromkeys("ref eqref autoref cref Cref pageref nameref vref subref".split(), _referred),
    "label": _labelled,
    "begin": _begun,
    "multirow": _spanning,
    "par": _paragraph,
    "href": _linked,
    "url": _address,
    "includegraphics": _pictured,
    "caption": _captioned,
    "verb": _verbatim,
}
