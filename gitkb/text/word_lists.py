"""The word lists in `gitkb/text/words`, one file a kind and language (`word_classes.en.txt`), read when they are first needed.

A file is UTF-8 text. Lines that begin with # are comments, `[name]` begins a section. What is in a section is up to the kind:
words set apart by blanks (`words`), or entries of one line each (`entries`, `pairs`, `pattern`). A list that no language owns
stands in the file of the language `mixed`. To add a language, add its file.

Invariant: the same on every machine, as the files are part of the package. A language without a file has empty lists.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

MIXED = "mixed"
_LANGUAGE = re.compile(rf"[a-z]{{2,3}}|{MIXED}")
_SECTION = re.compile(r"\[([a-z ]+)\]")
_ENDING = ".txt"


@lru_cache(maxsize=2_000)
def words(kind: str, language: str, section: str) -> frozenset[str]:
    """The words of a section."""
    return frozenset(" ".join(entries(kind, language, section)).split())


def entries(kind: str, language: str, section: str) -> tuple[str, ...]:
    """The lines of a section, in order."""
    # A document says its language itself, so it may be anything.
    return _sections(kind, language).get(section, ()) if _LANGUAGE.fullmatch(language) else ()


@lru_cache(maxsize=100)
def pairs(kind: str, language: str, section: str) -> Mapping[str, str]:
    """The second word of each line by its first, in order."""
    return dict(line.split(maxsplit=1) for line in entries(kind, language, section))


def pattern(kind: str, language: str, section: str) -> re.Pattern[str] | None:
    """What finds any entry of a section in a text: each is a regular expression for whole words, or with a leading `/` for
    whatever it says itself. None where there is none."""
    listed = entries(kind, language, section)
    whole = [entry for entry in listed if not entry.startswith("/")]
    framed = [rf"\b(?:{'|'.join(whole)})\b"] if whole else []
    parts = framed + [entry[1:] for entry in listed if entry.startswith("/")]
    return re.compile("|".join(parts)) if parts else None


@cache
def languages(kind: str) -> tuple[str, ...]:
    """The languages that have a list of a kind, sorted."""
    from importlib.resources import files

    names = (item.name for item in files(__package__).joinpath("words").iterdir())
    return tuple(sorted(name.split(".")[1] for name in names if name.startswith(f"{kind}.") and name.endswith(_ENDING)))


@cache
def _sections(kind: str, language: str) -> Mapping[str, tuple[str, ...]]:
    from importlib.resources import files

    try:
        text = files(__package__).joinpath("words", f"{kind}.{language}{_ENDING}").read_text("utf-8")
    except FileNotFoundError:
        return {}
    sections: dict[str, tuple[str, ...]] = {}
    lines: list[str] = []
    name = ""
    for line in (*text.splitlines(), "[end]"):
        if header := _SECTION.fullmatch(line):
            sections[name] = tuple(lines)
            name, lines = header[1], []
        elif line.strip() and not line.startswith("#"):
            lines.append(line.strip())
    return sections
