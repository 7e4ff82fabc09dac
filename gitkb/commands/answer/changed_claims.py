"""What changed between two revisions, for a question about it: claims and sentences in their old and their new words.

Invariant: taken from one diff, and nothing added to it. The changes that share words with the question come first; a question
that names no subject ("What is new?") gets all of them. Links lead to the newer revision; what is no more there has none.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from gitkb.commands.answer.citations import Citations, data, link, target_of
from gitkb.commands.answer.page_reader import WIKI
from gitkb.commands.diff.report import Change, DiffReport, DocumentChange, Said
from gitkb.compile.grounding.facts import content_stems
from gitkb.model.documents import Place
from gitkb.text import word_lists
from gitkb.text.language.detect import detect_language
from gitkb.text.markdown.links import escape
from gitkb.text.markdown.prose import plain

LABEL = "*These are changes from {base} to {head} that a search found, not an answer that a model wrote.*"
ABOUT = "The question is about what changed from {base} to {head}. The tools show {head}; say what was before, and what is now."
_MOST_SHOWN = 12
_NEAR = 3
"""A change shares more than one in so many words with the question."""
_WORDS = re.compile(r"[^\W_]+")


class Changed(Struct, frozen=True):
    """One claim or sentence of a document: what it was and what it is now ("" for nothing), and where that is."""

    document: str
    title: str
    was: str
    now: str
    place: Place | None = None


def changes_for(question: str, report: DiffReport) -> list[Changed]:
    """The changes of which a question speaks, the nearest first."""
    said = " ".join(word for word in _WORDS.findall(question) if word.lower() not in _filler())
    language = detect_language(question) or "en"
    wanted = content_stems(said, language)
    every = [each for document in report.documents for each in _of_document(document)]
    if not wanted:
        return every
    shares = [(len(wanted & content_stems(f"{each.title} {each.was} {each.now}", language)), each) for each in every]
    most = max((share for share, _ in shares), default=0)
    near = [(share, each) for share, each in shares if share * _NEAR > len(wanted) and share * 2 >= most]
    return [each for _, each in sorted(near, key=lambda pair: -pair[0])]


def _filler() -> frozenset[str]:
    return word_lists.words("change_questions", word_lists.MIXED, "filler")


def _of_document(change: DocumentChange) -> Iterator[Changed]:
    """The changes of one document, each said once: claims before the sentences of its text."""
    told: set[str] = set()
    for each in _claims(change):
        told |= {_key(each.was), _key(each.now)} - {""}
        yield each
    for sentence in change.text.changes:
        if not {_key(sentence.old), _key(sentence.new)} & told:
            place = Place(change.path.removeprefix(WIKI), "", sentence.section) if sentence.new and change.path else None
            yield Changed(change.document, change.title, plain(sentence.old), plain(sentence.new), place)
    if not told and not change.text.changes:
        was, now = _whole(change)
        yield Changed(change.document, change.title, was, now)


def _key(text: str) -> str:
    return " ".join(_WORDS.findall(text.lower()))


def _claims(change: DocumentChange) -> Iterator[Changed]:
    for each in change.claims.reworded:
        yield _changed(each.new, was=each.old.text, now=each.new.text)
    for said in change.claims.added or change.best:
        yield _changed(said, was="", now=said.text)
    for said in change.claims.lost:
        yield Changed(said.document, said.title, said.text, "")


def _changed(said: Said, *, was: str, now: str) -> Changed:
    return Changed(said.document, said.title, was, now, said.place)


def _whole(change: DocumentChange) -> tuple[str, str]:
    """What happened to a document of which no claim changed."""
    if change.change is Change.RENAMED:
        return change.before, change.document
    return (
        (change.description or change.title, "") if change.change is Change.REMOVED else ("", change.description or change.title)
    )


def told(changes: Sequence[Changed], report: DiffReport, citations: Citations) -> str:
    """The changes in Markdown, those of one document below its name; "" for none."""
    if not changes:
        return ""
    parts, shown = [LABEL.format(base=_code(report.base_name), head=_code(report.head_name))], ""
    for each in sorted(changes[:_MOST_SHOWN], key=lambda one: _first(changes, one.document)):
        if each.document != shown:
            shown = each.document
            parts.append(f"**{citations.link(escape(each.title), f'summaries/{each.document}.md') or escape(each.title)}**")
        lines = [f"{word}: {escape(text)}" for word, text in _worded(each)]
        parts.append("\n>\n".join(f"> {line}" for line in lines) + _cited(each, citations))
    return "\n\n".join(parts)


def _code(name: str) -> str:
    return f"`{name.replace('`', '')}`"


def _first(changes: Sequence[Changed], document: str) -> int:
    return next(at for at, each in enumerate(changes) if each.document == document)


def _worded(each: Changed) -> list[tuple[str, str]]:
    if each.was and each.now:
        return [("Before", each.was), ("Now", each.now)]
    return [("New", each.now)] if each.now else [("No more", each.was)]


def _cited(each: Changed, citations: Citations) -> str:
    place = citations.resolve(_target(each.place)) if each.place is not None else None
    if place is None or each.place is None:
        return ""
    label = each.place.label or "text"
    return f" [{escape(label)}]({target_of(citations.cite(*place, label))})"


def _target(place: Place) -> str:
    return link(f"{WIKI}{place.path}", place.anchor)


def given(changes: Sequence[Changed], report: DiffReport, most: int) -> str:
    """The changes as a model is given them, within `most` characters."""
    lines: list[str] = []
    for each in changes:
        at = f" ({_target(each.place)})" if each.place is not None else ""
        words = "; ".join(f"{word.lower()}: {text}" for word, text in _worded(each))
        line = f"- {each.title}, {words}{at}"
        if most < len(line):
            break
        lines.append(line)
        most -= len(line) + 1
    return data(f"changes from {report.base_name} to {report.head_name}", "\n".join(lines)) if lines else ""
