"""Holds each sentence of an answer against the place that it cites: whether the words there bear it out.

Invariant: judged by the words of the sentence and of the place alone, with the rules that claims of documents must pass. What is
not borne out is marked and counted, never removed: the rules read words, not meaning. A sentence in another language than
its place cannot be judged, and is not marked.
"""

import re
from collections.abc import Iterator, Sequence

from gitkb.commands.answer.citations import Citations
from gitkb.commands.answer.page_reader import Pages, lines_of
from gitkb.compile.grounding.facts import content_stems
from gitkb.compile.grounding.supports import objection
from gitkb.model.answers import Quoted
from gitkb.text.language.detect import detect_language
from gitkb.text.language.sentences import split_sentences
from gitkb.text.markdown.prose import passages, plain

_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^()\s]+)\)")
_CITATION = re.compile(r"\s*[(\[]?(?:!?\[[^\[\]]*\]\([^()\s]+\)[\s,;]*)+[)\]]?(?=\s*(?:[.!?。]|$))")
_BEHIND = re.compile(r"(?:[(\[]?(?:!?\[[^\[\]]*\]\([^()\s]+\)[\s,;]*)+[)\]]?[.!?。]?)(?:\s+|$)")
_BREAK = re.compile(r"(?<=[.!?。])[ \t]+(?=\S)")
_BULLET = re.compile(r"^[\s>]*(?:[-*+]|\d{1,3}[.)])?\s*")
_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})", re.MULTILINE)
_MOST_SENTENCES, _MOST_WINDOWS, _LINES = 60, 10, 400
_LEAST_STEMS = 3


def held(text: str, citations: Citations, also: Sequence[str] = ()) -> tuple[tuple[Quoted, ...], tuple[str, ...]]:
    """(what stands at the places that the sentences of an answer cite, the sentences that their places do not bear out), in text
    order; sentences as they stand in the answer. What is said `also` counts for each place."""
    quotes: list[Quoted] = []
    refused: list[str] = []
    for sentence in list(_sentences(text))[:_MOST_SENTENCES]:
        targets = [target for _, target in _LINK.findall(sentence)]
        there = [(target, each) for target in targets for each in _place(target, citations)]
        words = _words_for(_words(sentence), [*(each for _, each in there), *also]) if there else ""
        if words is None:
            refused.append(sentence)
        elif words:
            where = next((target for target, each in there if each in words), targets[0])
            quotes.append(Quoted(sentence, words, where))
    return tuple(quotes), tuple(refused)


def _sentences(text: str) -> Iterator[str]:
    """The sentences of an answer, each with the links behind it. What is in fences, headings and tables is none."""
    for at, block in enumerate(_FENCE.split(text)):
        for line in block.split("\n") if at % 2 == 0 else ():
            if not line.strip() or line.lstrip().startswith(("#", "|")):
                continue
            whole: list[str] = []
            for piece in _BREAK.split(line):
                behind = _BEHIND.match(piece) if whole else None
                rest = piece[behind.end() :] if behind else piece
                if behind and not rest[:1].islower():
                    whole[-1] += f" {behind[0].rstrip()}"
                    whole += [rest] if rest else []
                else:
                    whole.append(piece)
            yield from whole


def _words(sentence: str) -> str:
    """A sentence without its citations and the marks of Markdown."""
    text = _CITATION.sub("", _BULLET.sub("", sentence, count=1))
    return re.sub(r"[*_`]+", "", _LINK.sub(r"\1", text)).strip()


def _words_for(said: str, there: Sequence[str]) -> str | None:
    """The words of a place that bear a sentence out; "" where that cannot be judged, None where they do not."""
    language = detect_language(said)
    wanted = content_stems(said, language)
    if len(wanted) < _LEAST_STEMS or (language and detect_language(" ".join(there)) not in ("", language)):
        return ""
    windows = [" ".join(there[at : at + size]) for size in (1, 2, 3) for at in range(max(1, len(there) - size + 1))]
    shared = sorted(((len(wanted & content_stems(each, language)), each) for each in windows), key=lambda each: -each[0])
    return next((each for _, each in shared[:_MOST_WINDOWS] if not objection(said, each, language)), None)


def _place(target: str, citations: Citations) -> list[str]:
    """The sentences at the place of a link."""
    place = citations.resolve(target)
    page = citations.pages.page(place[0]) if place is not None else None
    if place is None or page is None:
        return []
    first, last = _span(citations.pages, *place) or (page.first, len(page.lines))
    text = "\n".join(page.lines[first - 1 : min(last, first + _LINES)])
    return [each for passage in passages(text) for each in split_sentences(plain(passage.text))]


def _span(pages: Pages, path: str, anchor: str) -> tuple[int, int] | None:
    return lines_of(pages, path, anchor) if anchor else None
