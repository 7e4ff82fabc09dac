"""Gives the links and pictures of a Markdown text new targets, and defuses raw HTML on the way.

Invariant: `retarget` keeps the text's lines (their number and everything that is no link) and does not touch code. It finds
links by one scan, linear in the text: inline, by reference, `[[wikilinks]]`, and HTML's `<a>` and `<img>`. `mend` also leaves
quotations, comments and what a reader would not take for a link as they are: it parses the text before and after, and the links
must be the old ones but for the new targets, or nothing is changed at all. What a target means is the caller's business.

Of raw HTML only whole, strictly written tags of a known harmless kind with known harmless attributes are kept, comments that
every parser ends at the same place, and autolinks of a known scheme. Any other "<" becomes text, so that it does not matter how
browsers mend broken tags.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from msgspec import Struct, field

from gitkb.text.markdown.links import Link, heading_anchor, links
from gitkb.text.markdown.prose import wikilink_text

NOTE = "note:"
"""Before the name of a note or picture in the target of a `[[wikilink]]`: it is found by its name, wherever it lies."""
SCHEMES = ("http", "https", "mailto", "ftp")
_TAGS = frozenset(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt"
    " em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rp rt ruby"
    " s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
_ATTRIBUTES = frozenset(
    "abbr align alt border cellpadding cellspacing cite class colspan datetime dir height href id lang name open rel rowspan"
    " scope span src start title type valign width".split()
)
_VALUE = r"(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'=<>`/]+(?:/[^\s\"'=<>`/]+)*)"
_TAG_ATTRIBUTE = re.compile(rf"\s+([A-Za-z][\w:.-]*)(?:\s*=\s*{_VALUE})?")
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9]*)(?P<inner>(?:\s+[A-Za-z][\w:.-]*(?:\s*=\s*{_VALUE})?)*)(?P<rest>\s*/?>)"
)
_COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--)[^<>\n])*-->")
_BLOCK_COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--).)*-->", re.DOTALL)
_AUTOLINK = re.compile(
    r"<(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,31}):[^\s<>]*|[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+)>", re.ASCII
)


def kept(text: str, start: int) -> tuple[int, str] | None:
    """What the "<" at a place of a text begins and may stand: (where it ends, what stands there); None where it is only text."""
    if found := _TAG.match(text, start):
        return (found.end(), _cleaned(found)) if found["tag"].lower() in _TAGS else None
    comment = _BLOCK_COMMENT if start == 0 or text[start - 1] == "\n" else _COMMENT
    if found := comment.match(text, start):
        return found.end(), found[0]
    found = _AUTOLINK.match(text, start)
    if found and (found["scheme"] is None or found["scheme"].lower() in SCHEMES):
        return found.end(), found[0]
    return None


def _cleaned(found: re.Match[str]) -> str:
    """The tag without attributes that are not known, as it was where all are."""
    attributes = [one[0] for one in _TAG_ATTRIBUTE.finditer(found["inner"]) if one[1].lower() in _ATTRIBUTES]
    return f"<{found['end']}{found['tag']}{''.join(attributes)}{found['rest']}"


Retarget = Callable[[str], str | None]
"""From a target as the author meant it (unescaped) to a link destination; None takes the link away."""

_DESTINATION = r"(?:<(?P<angled>[^<>\n]{0,2000})>|(?P<bare>(?!<)(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.){0,500}\)){0,2000}))"
_TITLE = r"(?:\s+(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?"
_TOKEN = re.compile(
    r"\\[!-/:-@\[-`{-~]"
    r"|(?P<ticks>`+)"
    r"|(?P<html><(?=[A-Za-z/!?]))"
    r"|(?P<embed>!?)\[\[(?P<note>[^\[\]|\n]{1,500})(?:\|(?P<shown>[^\[\]|\n]{0,500}))?\]\](?![\[(])"
    r"|(?P<open>!?\[)"
    rf"|\](?:(?P<inline>\(\s*{_DESTINATION}{_TITLE}\s*\))|\[(?P<label>[^\[\]]{{0,500}})\])?",
    re.IGNORECASE,
)
_DEFINITION = re.compile(rf"^ {{0,3}}\[(?P<name>(?!\^)[^\[\]]{{1,500}})\]:[ \t]*{_DESTINATION}{_TITLE}[ \t]*$", re.MULTILINE)
_ATTRIBUTE = {
    tag: re.compile(rf"\s{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.I)
    for tag, name in (("a", "href"), ("img", "src"))
}
_LED = re.compile(r"<(?P<tag>a|img)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_OPENS = re.compile(r"<(?=[A-Za-z/!?])")
_ALT = re.compile(r"\salt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)|\[\^[^\]]+\]:")


def retarget(markdown: str, link: Retarget, picture: Retarget) -> str:
    """The text with every link and picture led elsewhere or, where the answer is None, replaced by its words."""
    if not any(mark in markdown for mark in ("](", "]:", "[[")) and not _OPENS.search(markdown):
        return markdown
    parts = list(paragraphs(markdown))
    scan = _Scan(link, picture, _definitions(parts))
    return "".join(text if is_code else scan.rewritten(text) for text, is_code in parts)


def paragraphs(markdown: str) -> Iterator[tuple[str, bool]]:
    """The text in parts, in order and complete: runs of lines that are no code, and the lines between (code, blank lines)."""
    run: list[str] = []
    for line, is_code in _lines(markdown):
        if is_code or not line.strip():
            if run:
                yield "".join(run), False
                run = []
            yield line, True
        else:
            run.append(line)
    if run:
        yield "".join(run), False


def _lines(markdown: str) -> Iterator[tuple[str, bool]]:
    """Each line with its end, and whether it is code: fenced, or indented outside lists after a blank line."""
    closing, listed, open_for_code, container = "", False, True, (0, 0)
    for line in re.split(r"(?<=\n)", markdown):
        fence = _FENCE.match(line.rstrip("\n"))
        if closing and _left(line, container):
            closing = ""
        if closing:
            if fence and fence[1].startswith(closing) and not fence[2].strip():
                closing = ""
            yield line, True
            continue
        indented = line.startswith(("    ", "\t"))
        is_code = bool(fence) or (indented and open_for_code and not listed)
        closing = fence[1] if fence and not (indented and open_for_code and not listed) else ""
        if fence and closing:
            before = line[: fence.start(1)]
            container = _container(before) if listed or before.strip(" \t>") else (before.count(">"), 0)
        if line.strip():
            listed = bool(_ITEM.match(line)) or (listed and line[0] in " \t")
            open_for_code = is_code
        else:
            open_for_code = True
        yield line, is_code


def _container(before: str) -> tuple[int, int]:
    """(quotations, columns) of what stands before a line's text."""
    return before.count(">"), len(before.rpartition(">")[2].expandtabs(4))


def _left(line: str, container: tuple[int, int]) -> bool:
    """Whether a line is no longer in the quotation or list item in which a fence stood, so that its code is over."""
    here = _container(line[: len(line) - len(line.lstrip(" \t>"))])
    return bool(line.strip()) and (here[0] < container[0] or here[1] < container[1])


class _Definition(Struct):
    target: str
    is_picture: bool = False


def _label(text: str) -> str:
    return " ".join(text.casefold().split())


def _target(found: re.Match[str]) -> str:
    raw = found["angled"] if found["angled"] is not None else found["bare"]
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", raw or ""))


def _definitions(parts: list[tuple[str, bool]]) -> dict[str, _Definition]:
    found: dict[str, _Definition] = {}
    for text, is_code in parts:
        if not is_code and "]:" in text:
            for match in _DEFINITION.finditer(text):
                found.setdefault(_label(match["name"]), _Definition(_target(match)))
    if found:
        for text, is_code in parts:
            for first, second in re.findall(r"!\[([^\[\]]{0,500})\](?:\[([^\[\]]{0,500})\])?", "" if is_code else text):
                definition = found.get(_label(second or first))
                if definition:
                    definition.is_picture = True
    return found


class _Scan(Struct):
    """One pass over the paragraphs; `answers` remembers what became of the definitions."""

    link: Retarget
    picture: Retarget
    definitions: Mapping[str, _Definition]
    answers: dict[str, str | None] = field(default_factory=dict)

    def answer(self, label: str) -> str | None:
        if label not in self.answers:
            definition = self.definitions[label]
            ask = self.picture if definition.is_picture else self.link
            self.answers[label] = ask(definition.target)
        return self.answers[label]

    def rewritten(self, text: str) -> str:
        edits: list[tuple[int, int, str]] = []
        position = 0
        if "]:" in text and self.definitions:
            for found in _DEFINITION.finditer(text):
                edits.append((*found.span(), self._definition(found)))
        opened: list[re.Match[str]] = []
        skipped = {start: end for start, end, _ in edits}
        while found_token := _TOKEN.search(text, position):
            start, position = found_token.start(), found_token.end()
            if start in skipped:
                position = skipped[start]
            elif found_token["ticks"]:
                position = _after_code(text, found_token)
                if "\n" in text[start:position]:
                    # Another reader may see a block end within it, and no code: then this must be no tag.
                    edits.extend((one.end(), one.end(), " ") for one in _OPENS.finditer(text, start, position))
            elif found_token["html"]:
                standing = kept(text, start)
                position, new = standing or (start + 1, "&lt;")
                edits.append((start, position, self._html(new)))
            elif found_token["note"]:
                edits.append((start, position, self._wikilink(found_token)))
            elif found_token["open"]:
                opened.append(found_token)
            elif found_token[0][0] == "]" and opened:
                edits.extend(self._closed(text, opened.pop(), found_token))
        return _apply(text, edits)

    def _definition(self, found: re.Match[str]) -> str:
        target = self.answer(_label(found["name"]))
        if target is None:
            return "\n" * found[0].count("\n")
        return _replace_group(found, target)

    def _closed(self, text: str, opening: re.Match[str], closing: re.Match[str]) -> list[tuple[int, int, str]]:
        """The edits of one bracketed text: a link or picture, inline or by reference, or nothing of the kind."""
        if closing["inline"] is not None:
            ask = self.picture if opening[0] == "![" else self.link
            target = ask(_target(closing))
            if target is not None:
                return [(*closing.span(), _replace_group(closing, target))]
            return [(*opening.span(), ""), (*closing.span(), "\n" * closing[0].count("\n"))]
        label = _label(closing["label"] or text[opening.end() : closing.start()])
        if label not in self.definitions or self.answer(label) is not None:
            return []
        return [(*opening.span(), ""), (*closing.span(), "\n" * closing[0].count("\n"))]

    def _wikilink(self, found: re.Match[str]) -> str:
        """A `[[wikilink]]` as a Markdown link where its note or picture is found by name, else as it is.

        An embedded note is linked: Markdown knows no way to show one text in another."""
        note = found["note"].strip().removesuffix("\\")
        name, _, heading = note.partition("#")
        shown = (found["shown"] or "").strip()
        if not name.strip():
            return found[0]
        place = f"{NOTE}{quote(name.strip())}"
        if found["embed"] and (target := self.picture(place)):
            is_size = re.fullmatch(r"\d*(?:x\d+)?|left|right|center|inline", shown)
            return f"![{wikilink_text(name).rpartition('.')[0] if is_size else shown}]({_destination(target)})"
        heading = heading.rpartition("#")[2]
        anchor = heading[1:] if heading.startswith("^") else heading_anchor(heading)
        target = self.link(place + (f"#{anchor}" if anchor else ""))
        return f"[{shown or wikilink_text(note)}]({_destination(target)})" if target else found[0]

    def _html(self, standing: str) -> str:
        led = _LED.fullmatch(standing)
        return self._tag(led) if led else standing

    def _tag(self, found: re.Match[str]) -> str:
        name = found["tag"].lower()
        attribute = _ATTRIBUTE[name].search(found[0])
        if not attribute:
            return found[0]
        group = next(index for index in (1, 2, 3) if attribute[index] is not None)
        target = (self.picture if name == "img" else self.link)(html.unescape(attribute[group]))
        if target is not None:
            quoted = f' {"src" if name == "img" else "href"}="{html.escape(target)}"'
            return found[0][: attribute.start()] + quoted + found[0][attribute.end() :]
        if name == "a":
            return found[0][: attribute.start()] + found[0][attribute.end() :]
        alt = _ALT.search(found[0])
        return (alt[1] or alt[2] or "" if alt else "") + "\n" * found[0].count("\n")


def _after_code(text: str, ticks: re.Match[str]) -> int:
    """Where the code span that these backticks open ends, or just behind them when they open none."""
    run = ticks["ticks"]
    closing = re.compile(rf"(?<!`){run}(?!`)").search(text, ticks.end())
    return closing.end() if closing else ticks.end()


def _replace_group(found: re.Match[str], target: str) -> str:
    angled = found["angled"] is not None
    start, end = found.span("angled" if angled else "bare")
    if angled:
        start, end = start - 1, end + 1
    return found[0][: start - found.start()] + _destination(target) + found[0][end - found.start() :]


def _destination(target: str) -> str:
    return target if target and not re.search(r"[\s<>()]", target) else f"<{target}>"


def _apply(text: str, edits: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if start >= position:
            parts += [text[position:start], new]
            position = end
    return "".join([*parts, text[position:]])


Mend = Callable[[Link], str | None]
"""From a link to its new target as it is to be written; None leaves it."""

_QUOTED = re.compile(r"^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*>", re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|<!--.*?-->", re.DOTALL)
_TARGETS = re.compile(
    r"(?<!\\)\]\(\s*(?:<(?P<angled>[^<>\n]+)>|(?P<inline>[^\s()<>]+))"
    r"|(?<!\\)\[\[(?P<note>[^\[\]|\n]+)(?=\||\]\])"
    r"|^ {0,3}\[(?!\^)[^\[\]\n]+\]:[ \t]*(?:<(?P<defined_angled>[^<>\n]+)>|(?P<defined>[^\s<>]+))",
    re.MULTILINE,
)


_Key = tuple[bool, str, bool]
"""Links that get the same target: whether it is a wikilink, its old target, and whether that shows words of its own."""


def mend(body: str, new: Mend) -> tuple[str, list[Link]]:
    """The text with the new targets, and the links that got one; `(body, [])` where they cannot be set safely."""
    before = links(_unix_lines(body))
    wanted = {_key(link): target for link in before if (target := new(link)) is not None}
    if not wanted:
        return body, []
    text = "".join(part if code else _with_new_targets(part, wanted) for part, code in paragraphs(body))
    after = links(_unix_lines(text))
    if len(after) != len(before):
        return body, []
    changed = [(old, now) for old, now in zip(before, after, strict=True) if old.target != now.target]
    if not changed or any(now.target != _link_target(wanted.get(_key(old)), old) for old, now in changed):
        return body, []
    others = [(a, b) for a, b in zip(before, after, strict=True) if (a, b) not in changed]
    return (text, [old for old, _ in changed]) if all(a == b for a, b in others) else (body, [])


def _key(link: Link) -> _Key:
    return link.wiki, link.target, link.wiki and link.text != link.target


def _link_target(written: str | None, link: Link) -> str | None:
    """What a target that is written so leads to: of a wikilink the part before the words that are shown."""
    return written.partition("|")[0] if written is not None and link.wiki else written


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _with_new_targets(paragraph: str, wanted: dict[_Key, str]) -> str:
    if _QUOTED.search(paragraph):
        return paragraph
    skipped = [found.span() for found in _CODE.finditer(paragraph)]

    def replaced(found: re.Match[str]) -> str:
        group = next(name for name, value in found.groupdict().items() if value is not None)
        if any(start <= found.start() < end for start, end in skipped):
            return found[0]
        old, shown = found[group].strip(), group == "note" and paragraph[found.end() : found.end() + 1] == "|"
        target = wanted.get((group == "note", old, shown))
        if target is None and shown:  # `[[a|a]]` shows the words that `[[a]]` does
            target = wanted.get((True, old, False), "").partition("|")[0] or None
        if target is None:
            return found[0]
        start, end = (place - found.start() for place in found.span(group))
        return found[0][:start] + target + found[0][end:]

    return _TARGETS.sub(replaced, paragraph)
