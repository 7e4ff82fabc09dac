"""Which lines of a Markdown text are code, found line by line without parsing the whole text.

Invariant: the lines come back unchanged and complete. A fence that is never closed runs to the end of the text, as in
CommonMark. Indented code is not told apart: it cannot be found without the whole block structure.
"""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def lines_with_code(text: str) -> Iterator[tuple[str, bool]]:
    """Each line of the text and whether it belongs to a fenced code block (its fences included)."""
    closing = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if closing:
            yield line, True
            if found and found[1].startswith(closing) and not found[2].strip():
                closing = ""
        elif found:
            closing = found[1]
            yield line, True
        else:
            yield line, False


def outside_code_spans(line: str) -> Iterator[tuple[str, bool]]:
    """The parts of a line in order, and whether each is a code span."""
    end = 0
    for found in _SPAN.finditer(line):
        if found.start() > end:
            yield line[end : found.start()], False
        yield found[0], True
        end = found.end()
    if end < len(line):
        yield line[end:], False


def code_block(code: str, language: str = "") -> str:
    """Code in a fence that is longer than any run of backticks in it."""
    runs = re.findall(r"`{3,}", code)
    fence = "`" * max(3, max((len(run) + 1 for run in runs), default=3))
    return f"{fence}{language}\n{code.strip(chr(10))}\n{fence}"


def code_span(code: str) -> str:
    """Code in a code span; backticks in it get a longer delimiter. Line breaks become blanks."""
    code = " ".join(code.split("\n")).strip()
    if not code:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"
