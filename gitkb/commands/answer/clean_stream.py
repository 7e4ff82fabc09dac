"""A model's words on their way to the terminal, to a page or to a program: cleaned as they come, piece by piece.

Invariant: what comes out holds no control character and no false link, whatever the pieces are, and cutting the same text into
other pieces gives the same result. Held back is only what is not complete: a link, a code span, the line that may open a fence,
a word. Code passes as it is, save for addresses.
"""

import re
from collections.abc import Iterator

from gitkb.commands.answer.citations import Citations, as_text

_LONGEST = 3_000
"""Characters for which an open bracket or backtick is waited for; it is text then."""
_STEERING = dict.fromkeys(
    (
        *(*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0)),
        *(0x061C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF),
        *range(0xD800, 0xE000),
    )
)
_FENCE = re.compile(r" {0,3}(?:(`{3,})[^`\n]*|(~{3,})[^\n]*)$")
_MAY_BE_FENCE = re.compile(r" {0,3}(?:[`~]|$)")
_BLANK = r"[ \t]*\n?[ \t]*"
_LINK = re.compile(
    rf"\({_BLANK}(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*))"
    rf"(?:\s{_BLANK}(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?{_BLANK}\)"
)
_WIKILINK = re.compile(r"\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]*))?\]\]")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>")
_MAY_BE_AUTOLINK = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]{0,31}(?::[^\s<>]*)?)?$")
_WORD = re.compile(r"[!-;=-Z^_a-{|}~]+")
_LINE_START = re.compile(r"[\s>*+\-\d.)]*")
_GAP = re.compile(r"[ \t]*\(?\Z")
_PUNCTUATION = tuple("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


class Cleaner:
    """Cleans one answer: `feed` gives what may be shown now, `close` the rest. With `code` False nothing counts as code."""

    def __init__(self, citations: Citations, *, code: bool = True) -> None:
        self._citations = citations
        self._code = code
        self._held = ""
        self._fence = ""
        self._line = ""
        self._gap = ""
        self._dropped = False

    def anew(self) -> "Cleaner":
        """One for another answer with the same citations."""
        return Cleaner(self._citations, code=self._code)

    def feed(self, text: str) -> str:
        """The part of the text so far that can be shown now."""
        self._held += text.replace("\r\n", "\n").replace("\r", "\n").translate(_STEERING)
        return "".join(self._taken(final=False))

    def close(self) -> str:
        """The rest."""
        return "".join(self._taken(final=True)) + self._gap_once()

    def _taken(self, *, final: bool) -> Iterator[str]:
        while self._held:
            found = self._next(final)
            if found is None:
                return
            taken, shown = found
            self._line = (self._line + self._held[:taken]).rpartition("\n")[2][-_LONGEST:]
            self._held = self._held[taken:]
            yield from self._spaced(shown)

    def _spaced(self, shown: str | None) -> Iterator[str]:
        """The text with the blank before it, which goes when a citation behind it went."""
        if shown is None:
            self._dropped = True
            return
        if self._dropped and shown:
            self._dropped = False
            if self._gap.endswith("(") and shown.startswith(")"):
                self._gap, shown = "", shown[1:]
            elif not self._gap.endswith("(") and not shown[0].isalnum():
                self._gap = ""
        whole = self._gap + shown
        self._gap = _GAP.search(whole)[0]  # type: ignore[index]
        yield whole[: len(whole) - len(self._gap)]

    def _gap_once(self) -> str:
        gap, self._gap = self._gap, ""
        return "" if self._dropped else gap

    def _next(self, final: bool) -> tuple[int, str | None] | None:
        """(the number of characters that are decided, the text to show for them or None for a citation that is dropped); None to
        wait for more."""
        held = self._held
        if self._code and (self._fence or (not self._line and _MAY_BE_FENCE.match(held[:5]))):
            line, ended = held.partition("\n")[0], "\n" in held
            if not ended and not final and (self._fence or _MAY_BE_FENCE.match(line[:5])):
                return None
            if self._fence or _FENCE.match(line):
                return self._fenced(line, ended)
        if held[0] == "`" and self._code:
            return self._code_span(final)
        if held[0] == "[" or held.startswith("!["):
            return self._bracket(final)
        if held == "!" and not final:
            return None
        if held[0] == "<":
            return self._angle(final)
        if held[0] == "\\":
            return None if held == "\\" and not final else (size := 2 if held[1:2] in _PUNCTUATION else 1, held[:size])
        word = _WORD.match(held)
        if word is None:
            return 1, held[0]
        if word.end() == len(held) and not final and len(held) < _LONGEST:
            return None
        end = word.end() - (1 if word[0].endswith("!") and held[word.end() : word.end() + 1] == "[" and word.end() > 1 else 0)
        return end, self._citations.unlinked(held[:end])

    def _fenced(self, line: str, ended: bool) -> tuple[int, str]:
        opened = _FENCE.match(line)
        marks = (opened[1] or opened[2]) if opened else ""
        if not self._fence:
            self._fence = marks
        elif marks.startswith(self._fence) and line.strip() == marks:
            self._fence = ""
        return len(line) + ended, self._citations.scrubbed(line) + "\n" * ended

    def _code_span(self, final: bool) -> tuple[int, str] | None:
        run = re.match("`+", self._held)
        assert run is not None
        if run.end() == len(self._held) and not final:
            return None
        closing = re.compile(rf"(?<!`){run[0]}(?!`)").search(self._held, run.end())
        blank = _BLANK_LINE.search(self._held)
        if closing and not (blank and blank.start() < closing.start()):
            if closing.end() == len(self._held) and not final:
                return None  # one more backtick would make it another run
            return closing.end(), self._citations.scrubbed(self._held[: closing.end()])
        if blank or final or len(self._held) > _LONGEST:
            return run.end(), run[0]
        return None

    def _bracket(self, final: bool) -> tuple[int, str | None] | None:
        picture = self._held[0] == "!"
        held = self._held[picture:]
        wait = not final and len(held) < _LONGEST and not _BLANK_LINE.search(held)
        plain = picture + 1, self._held[: picture + 1]
        if held.startswith("[["):
            wiki = _WIKILINK.match(held)
            if wiki is not None:
                target = wiki[1].strip()
                return picture + wiki.end(), self._citations.link((wiki[2] or target).strip(), target, picture=picture)
        end = _closing(held)
        if end is None or (end == len(held) and not final):
            return None if wait else plain
        label = held[1 : end - 1]
        if _BLANK_LINE.search(label):
            return plain
        if held.startswith("[[") and "[[" in label[1:]:
            return picture + 1, "!" * picture + "\\["  # around what is left of a link in it, it would be a link again
        if held.startswith("(", end):
            link = _LINK.match(held, end)
            if link is not None and not _BLANK_LINE.search(link[0]):
                target = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", link[1] if link[1] is not None else link[2])
                return picture + link.end(), self._citations.link(label, target, picture=picture)
            return None if wait and ")" not in held[end:] else plain
        if held.startswith(":", end) and _LINE_START.fullmatch(self._line) and not label.startswith("^"):
            return picture + end, self._citations.scrubbed(label)  # without its brackets it defines no target of a link
        return plain

    def _angle(self, final: bool) -> tuple[int, str] | None:
        found = _AUTOLINK.match(self._held)
        if found is not None:
            shown = self._citations.address(found[1])
            return found.end(), as_text(shown) if shown == found[1] else shown
        if _MAY_BE_AUTOLINK.match(self._held) and not final and len(self._held) < _LONGEST:
            return None
        return 1, "<"


def _closing(text: str) -> int | None:
    """The end of the bracketed text at the start of a text; None if its bracket is not closed (yet)."""
    depth = 0
    escaped = False
    for at, character in enumerate(text[:_LONGEST]):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "[]":
            depth += 1 if character == "[" else -1
            if not depth:
                return at + 1
    return None
