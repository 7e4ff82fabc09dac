"""Marks within a line to Markdown: rules of which the first that matches at a place is taken, and plain text between, escaped.

Pure. Invariant: a line costs time in proportion to its length and the number of rules, and what no rule knows is text.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from gitkb.convert.outline import code_span
from gitkb.convert.tables import escape

Make = Callable[[str], str]
Rules = Sequence[tuple[str, Make]]
"""Patterns without groups, and what makes Markdown of what they match."""
_LINKED = re.compile(r"\[([^\[\]\x00]*)\]\(#\x00([^\x00]*)\x00\)")
_TARGET = re.compile(r"[^\s<>()\\\"]+")
_SCHEMES = ("http:", "https:", "mailto:", "ftp:")


class Inline:
    """The rules of one markup, compiled once."""

    def __init__(self, rules: Rules) -> None:
        self._make = [make for _, make in rules]
        self._pattern = re.compile("|".join(f"(?P<r{number}>{pattern})" for number, (pattern, _) in enumerate(rules)))

    def __call__(self, text: str) -> str:
        """The Markdown of a text, on one line."""
        text = " ".join(text.split())
        out, end = [], 0
        for found in self._pattern.finditer(text):
            out += [_plain(text[end : found.start()]), self._make[int((found.lastgroup or "r0")[1:])](found[0])]
            end = found.end()
        return "".join([*out, _plain(text[end:])])


def _plain(text: str) -> str:
    """Escaped text that keeps the blanks at its ends."""
    inner = escape(text)
    return (
        " " * text.startswith(" ") + inner + " " * (text.endswith(" ") and bool(inner))
        if inner
        else text[:1].strip(" ") or text[:1]
    )


def code(text: str) -> str:
    """Text that stands for itself."""
    return code_span(text) if text.strip() else text


def around(mark: str, inner: Make, width: int = 1) -> Make:
    """A rule's maker for text between marks of so many characters."""
    return lambda text: f"{mark}{inner(text[width:-width])}{mark}"


def link(target: str, text: str) -> str:
    """A link whose text is Markdown; the text alone where the target cannot stand in a link."""
    target = target.strip().replace(" ", "%20")
    if not _TARGET.fullmatch(target):
        return text
    if target.lower().startswith(_SCHEMES) and not text:
        return f"<{target}>"
    return f"[{text or escape(target)}]({target})"


def picture(target: str, text: str) -> str:
    """A picture, with words for those who do not see it."""
    target = target.strip().replace(" ", "%20")
    return f"![{text}]({target})" if _TARGET.fullmatch(target) else text


def within(name: str, text: str) -> str:
    """A link to a place of the same text, whose heading is not known yet: see `resolved`."""
    return f"[{text}](#\0{name}\0)"


def resolved(markdown: str, headings: Mapping[str, int], *, as_notes: bool = False) -> str:
    """Links that `within` made lead to their headings, by number. Those to nowhere are their text or, `as_notes`, links to the
    note of that name."""

    def target(found: re.Match[str]) -> str:
        text, name = found.groups()
        if (number := headings.get(name, headings.get(name.lower()))) is not None:
            return f"[{text}](#@{number})"
        return f"[[{name}]]" if as_notes and not re.search(r"[|#^*:]", name) else text

    return _LINKED.sub(target, markdown)


def footnotes(notes: Sequence[str]) -> str:
    """The definitions of footnotes, numbered from 1."""
    return "\n\n".join(f"[^{number}]: {note}" for number, note in enumerate(notes, 1))


def indented(block: str, by: str) -> str:
    """A block that belongs to a list item."""
    return "\n".join(f"{by}{line}" if line else "" for line in block.split("\n"))


def quoted(block: str) -> str:
    """A block as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in block.split("\n"))
