"""The glossary of a knowledge base, `.gitkb/glossary.md`: the names that people want for the things their documents speak of.

Invariant: a person's file in Markdown, read and never written. A line "- Name (other name, another one): what it means" is an
entry; all other lines are the person's own and mean nothing here. Bounded: `MOST` entries, and each part of one is cut.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from gitkb.model.documents import Tree
from gitkb.text.markdown.links import one_line

GLOSSARY_PATH = ".gitkb/glossary.md"
MOST = 2_000
_LONGEST_NAME, _LONGEST_MEANING, _MOST_NAMES = 80, 200, 8
_LONGEST_LINE = 600
_ENTRY = re.compile(r"\s*[-*+]\s+(?P<name>[^():：\n]+?)\s*(?:\((?P<others>[^()\n]*)\))?\s*(?:[:：](?P<meaning>.*))?")
_SIGNS = re.compile(r"[*_`\[\]<>]+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Term(Struct, frozen=True):
    """An entry: the `name` to use, the `others` that documents use for the same thing, and what it means ("": not said)."""

    name: str
    others: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def line(self) -> str:
        """The entry as it is told to a model."""
        others = f" ({', '.join(self.others)})" if self.others else ""
        return f"- {self.name}{others}{': ' if self.meaning else ''}{self.meaning}"


def glossary_at(tree: Tree) -> tuple[Term, ...]:
    """The entries of a tree's glossary, in the order of the file; none where there is no such file."""
    content = tree.read(GLOSSARY_PATH)
    return parse_glossary(content.decode("utf-8", "replace")) if content is not None else ()


def parse_glossary(text: str) -> tuple[Term, ...]:
    """The entries of a glossary, each name once."""
    found: dict[str, Term] = {}
    for line in text.splitlines():
        match = _ENTRY.fullmatch(line[:_LONGEST_LINE])
        name = _words(match["name"], _LONGEST_NAME) if match else ""
        if match and name and len(found) < MOST:
            others = [_words(each, _LONGEST_NAME) for each in (match["others"] or "").split(",")]
            kept = tuple(dict.fromkeys(each for each in others if each and each != name))[:_MOST_NAMES]
            found.setdefault(name.casefold(), Term(name, kept, _words(match["meaning"] or "", _LONGEST_MEANING)))
    return tuple(found.values())


def _words(text: str, longest: int) -> str:
    return one_line(_SIGNS.sub("", text)).strip(" ,;")[:longest]


def spoken_of(terms: Iterable[Term], text: str, longest: int) -> tuple[Term, ...]:
    """The entries of which a text speaks by any of their names, in order, as many as have `longest` characters together."""
    folded = text.casefold()
    chosen: list[Term] = []
    for term in terms:
        if any(_stands(name, folded) for name in (term.name, *term.others)):
            longest -= len(term.line) + 1
            if longest < 0:
                break
            chosen.append(term)
    return tuple(chosen)


def _stands(name: str, folded: str) -> bool:
    """Whether a text in small letters has a name as whole words, perhaps with the ending of a plural."""
    wanted = name.casefold()
    if wanted not in folded:
        return False
    return bool(_UNSPACED.search(wanted) or re.search(rf"(?<!\w){re.escape(wanted)}(?:s|es|n|en)?(?!\w)", folded))
