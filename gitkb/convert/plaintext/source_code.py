"""Source code to Markdown: the comment or docstring that it begins with as text, then the code as it is.

Invariant: nothing is parsed as a program would be, let alone run; the code block holds every line of the file.
"""

import re
from collections.abc import Callable
from pathlib import Path

from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft
from gitkb.convert.formats import ending_of
from gitkb.convert.outline import code_block
from gitkb.convert.plaintext import plain
from gitkb.formats.settings import ConversionSettings

MAX_COMMENT = 20_000
_FIRST = re.compile(r"(?:#!.*\n|<\?php\s*|#.*coding[:=].*\n|['\"]use strict['\"];?\s*|\s*\n)*")
_QUOTED = re.compile(r"[rRuU]?(\"{3}|'{3})(.*?)\1", re.DOTALL)
_BLOCK = re.compile(r"/\*+(.*?)\*+/|\(\*+(.*?)\*+\)|<!--(.*?)-->|\{-(.*?)-\}|<#(.*?)#>", re.DOTALL)
_LINES = re.compile(r"(?:[ \t]*(?:#+|//+!?|--+|;+|%+)(?:[ \t].*|)\n)+")
_MARK = re.compile(r"^[ \t]*(?:#+|//+!?|--+|;+|%+)[ \t]?", re.MULTILINE)
_STARS = re.compile(r"^[ \t]*\*+[ \t]?", re.MULTILINE)
_LICENCE = re.compile(r"copyright|licen[cs]e|spdx-|all rights reserved", re.IGNORECASE)
_LANGUAGES = {
    "cc": "cpp", "ex": "elixir", "erl": "erlang", "h": "c", "hpp": "cpp", "hs": "haskell", "js": "javascript", "jl": "julia",
    "m": "objectivec", "mjs": "javascript", "ml": "ocaml", "pl": "perl", "pm": "perl", "ps1": "powershell", "py": "python",
    "rb": "ruby", "rs": "rust", "tf": "hcl", "ts": "typescript", "zsh": "bash", "el": "lisp", "kt": "kotlin", "cs": "csharp",
}  # fmt: skip


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a source file."""
    text = normal_lines(decode(file.read_bytes()))
    ending = ending_of(name).lstrip(".")
    said = plain.to_markdown(comment) if (comment := _leading_comment(text)) else ""
    return Draft(markdown="\n\n".join(filter(None, [said, code_block(text.strip("\n"), _LANGUAGES.get(ending, ending))])))


def _leading_comment(text: str) -> str:
    """What a file says of itself before its code, without marks; the notice of a licence is passed over."""
    at = 0
    for _ in range(3):
        first = _FIRST.match(text, at)
        at = first.end() if first else at
        for pattern, bare in _KINDS:
            found = pattern.match(text, at, at + MAX_COMMENT)
            if found is not None:
                said = bare(found)
                if not _LICENCE.search(said):
                    return said.strip("\n")
                at = found.end()
                break
        else:
            break
    return ""


def _of_quotes(found: re.Match[str]) -> str:
    return _dedented(found[2])


def _of_block(found: re.Match[str]) -> str:
    return _dedented(_STARS.sub("", next(filter(None, found.groups()), "")))


def _of_lines(found: re.Match[str]) -> str:
    return _MARK.sub("", found[0])


def _dedented(text: str) -> str:
    """Text whose lines after the first lose the indent that they share."""
    first, _, rest = text.partition("\n")
    lines = rest.split("\n")
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join([first.strip(), *(line[least:] for line in lines)])


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_QUOTED, _of_quotes),
    (_BLOCK, _of_block),
    (_LINES, _of_lines),
)
