"""The page of a concept or entity: what documents say of it, the best claims first, every sentence with its place.

Invariant: a stable choice from the claims alone, whose order is given; at most `MAX_CLAIMS` in all, `MAX_OF_DOCUMENT` of a
document. A claim that nearly repeats a better one is left out.

Invariant: a function of the claims of its names and of the documents that it quotes. It links pages that exist because of those
documents, so no other document can change it. All text of documents is escaped; everything on the page is bounded.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby, islice

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.formats.approvals import marks
from gitkb.formats.compiler_names import COMPILER, LLM_COMPILER
from gitkb.formats.overviews import SECTIONS, Overview, fingerprint
from gitkb.formats.records import label_of, source_path, summary_path
from gitkb.formats.topic_rows import DocumentEntry, Evidence, TopicPage, page_key, topic_path
from gitkb.model.documents import TopicKind
from gitkb.text import word_lists
from gitkb.text.language.boilerplate import bare_heading
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import escape, one_line, relative
from gitkb.wiki.corpus import Corpus
from gitkb.wiki.hand_edits import seal
from gitkb.wiki.senses import senses

MAX_CLAIMS = 20
MAX_OF_DOCUMENT = 3
MAX_UNDEFINED = 12
MAX_OVERVIEW = 1
MAX_LOOKED_AT = 140
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
_SAME = 0.6


class Chosen(Struct, frozen=True):
    """`overview`: the best definition; `claims`: the others, sorted by document, of each the best first."""

    overview: tuple[Evidence, ...]
    claims: tuple[Evidence, ...]

    @property
    def documents(self) -> list[str]:
        """The documents that are quoted, by name."""
        return sorted({item.document for item in (*self.overview, *self.claims)})


def choose(evidence: Iterable[Evidence]) -> Chosen:
    """The claims to show; `evidence` comes best first, definitions before others. A popular name costs no more looks."""
    choice = _Choice()
    overview: list[Evidence] = []
    claims: list[Evidence] = []
    for item in islice(evidence, MAX_LOOKED_AT):
        if len(overview) + len(claims) >= (MAX_CLAIMS if overview else MAX_UNDEFINED):
            break
        if choice.takes(item):
            first = item.defines and len(overview) < MAX_OVERVIEW and all(o.document != item.document for o in overview)
            (overview if first else claims).append(item)
    # In a document its best first: the order of the evidence.
    return Chosen(tuple(overview), tuple(sorted(claims, key=lambda item: item.document)))


class _Choice(Struct):
    """What was taken so far."""

    of_document: Counter[str] = field(default_factory=Counter)
    said: list[frozenset[str]] = field(default_factory=list)

    def takes(self, item: Evidence) -> bool:
        """Whether the claim is wanted; remembers it if so."""
        if self.of_document[item.document] >= MAX_OF_DOCUMENT:
            return False
        words = word_set(item.text)
        if any(nearly_same(words, other) for other in self.said):
            return False
        self.of_document[item.document] += 1
        self.said.append(words)
        return True


def word_set(text: str) -> frozenset[str]:
    """The words of a sentence, of scripts without blanks the pairs of characters, without case."""
    text = text.casefold()
    if _UNSPACED.search(text):
        letters = "".join(_WORD.findall(text))
        return frozenset(letters[i : i + 2] for i in range(max(1, len(letters) - 1)))
    return frozenset(_WORD.findall(text))


def nearly_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences share most of their words, or one is nearly a part of the other."""
    shared = len(one & other)
    if shared == 0:
        return one == other
    return shared / len(one | other) >= _SAME or (shared / min(len(one), len(other)) >= 0.85 and shared >= 5)


MAX_ALIASES = 12
MAX_SOURCES = 20
MAX_SEE_ALSO = 8
MAX_SIBLINGS, MOST_SIBLINGS = 3, 8
MAX_ABOUT = 5
MAX_TOLD, MAX_SENTENCES = 400, 24
TOLD = {
    "parts": "Parts",
    "workings": "How it works",
    "comparison": "Compared",
    "disagreement": "Where documents disagree",
    "questions": "Open questions",
}
"""What the sections of an overview are called on a page."""
SAID, SENSE = "What the documents say", "Meaning"
ABOUT = "Documents about it:"
PERSON, APPEARS = "person", "Appears in:"
NOT_THIS = "Another meaning:"
ASPECTS = (("workings", "How it works"), ("limits", "Limits"))
"""Sections of the word list of aspects, and the headings under which a page shows their claims."""
LEFT_OUT = "This name has no page, by decision. Documents that speak of it:"
MAX_VERIFIED = 20
_TYPES = {"concept": "Concept", "entity": "Entity"}


def topic_page(corpus: Corpus, page: TopicPage) -> bytes:
    """The bytes of a page that exists."""
    if page.is_left_out:
        return _left_out(corpus, page)
    if page.target:
        return _lead(page)
    members = corpus.members(page.key)
    chosen = choose(corpus.evidence(members))
    overview, cited = _overview(corpus, page)
    verified = _verified(corpus, page, chosen)
    if overview is not None:
        chosen = Chosen((), tuple(sorted((*chosen.overview, *chosen.claims), key=lambda item: item.document)))
    silent = [] if chosen.documents else corpus.supporters(members, MAX_SOURCES)
    meta = _meta(page)
    aliases = _aliases(corpus, page)
    if aliases:
        meta["aliases"] = aliases
    if page.kind == "entity" and (entity_type := one_line(corpus.entity_type(members))):
        meta["tags"] = [entity_type]
    documents = chosen.documents or [entry.document for entry in silent]
    named = [*documents, *sorted(cited.keys() - set(documents))][:MAX_SOURCES]
    meta["sources"] = [{"id": label_of(name), "resource": relative(page.path, source_path(name))} for name in sorted(named)]
    if verified:
        meta["verified"] = verified
    paragraphs = [f"# {escape(page.title)}", *_other_senses(corpus, page), *_written(overview)]
    found = senses((*chosen.overview, *chosen.claims), [page.title, *aliases]) if overview is None else []
    paragraphs += [] if found else [_line(page.path, item) for item in chosen.overview]
    paragraphs += _about(corpus, page, members)
    paragraphs += _appearances(corpus, page, members) if meta.get("tags") == [PERSON] else []
    paragraphs += _by_sense(page.path, chosen, found) if found else _claims(page.path, chosen.claims)
    paragraphs += [
        *_silent(page.path, silent),
        *_see_also(corpus, page, members, documents, chosen),
        *_footnotes(page.path, chosen, cited),
    ]
    return seal(frontmatter.join(meta, "\n" + "\n\n".join(paragraphs) + "\n"), COMPILER if overview is None else LLM_COMPILER)


def _other_senses(corpus: Corpus, page: TopicPage) -> Iterator[str]:
    """What else is called so, where people told it apart by documents."""
    others = corpus.other_senses(page.key)
    if others:
        links = (f"[{escape(other.title)}]({relative(page.path, other.path)})" for other in others[:MAX_SIBLINGS])
        yield f"{NOT_THIS} {', '.join(links)}"


def page_claims(corpus: Corpus, page: TopicPage) -> tuple[Evidence, ...]:
    """The claims that a page shows, in the order of the page."""
    chosen = choose(corpus.evidence(corpus.members(page.key)))
    return (*chosen.overview, *chosen.claims)


def all_claims(corpus: Corpus, page: TopicPage) -> tuple[Evidence, ...]:
    """The claims that an overview of a page is made from, the best first: all of them, each once, up to `MAX_TOLD`."""
    found = islice(corpus.evidence(corpus.members(page.key)), MAX_TOLD)
    return tuple({(each.document, each.text): each for each in found}.values())


def _verified(corpus: Corpus, page: TopicPage, chosen: Chosen) -> list[dict[str, str]]:
    """Who has confirmed what the page shows, as long as these are the very claims that were confirmed."""
    found = corpus.approval(page.kind, page.key)
    holding = found.holding(marks((*chosen.overview, *chosen.claims))) if found is not None and chosen.documents else ()
    return [{"by": each.by, "at": frontmatter.Stamp(each.at)} for each in holding[:MAX_VERIFIED]]


def _overview(corpus: Corpus, page: TopicPage) -> tuple[Overview | None, dict[str, str]]:
    """What a model wrote about the page, as long as the claims are those that it was written from, and the titles of the
    documents that it cites, by name."""
    found = corpus.overview(page.kind, page.key)
    claims = all_claims(corpus, page) if found is not None else ()
    if found is None or found.claims != fingerprint(claims):
        return None, {}
    titles = {each.document: each.title for each in claims}
    cited = [replace(each, documents=tuple(name for name in each.documents if name in titles)) for each in found.sentences]
    sentences = tuple(each for each in cited if each.documents and one_line(each.text))[:MAX_SENTENCES]
    names = {name for each in sentences for name in each.documents}
    return (replace(found, sentences=sentences), {name: titles[name] for name in names}) if sentences else (None, {})


def _written(overview: Overview | None) -> Iterator[str]:
    """An overview, each section a paragraph on one line, each sentence with its footnotes."""
    for section in SECTIONS if overview is not None else ():
        told = [each for each in overview.sentences if each.section == section] if overview is not None else []
        if told:
            lead = f"**{TOLD[section]}:** " if section else ""
            yield lead + " ".join(
                escape(one_line(each.text)) + "".join(f"[^{label_of(name)}]" for name in each.documents) for each in told
            )


def _meta(page: TopicPage) -> dict[str, object]:
    meta: dict[str, object] = {"type": _TYPES[page.kind], "title": one_line(page.title)}
    if page.description:
        meta["description"] = one_line(page.description)
    return meta


def _lead(page: TopicPage) -> bytes:
    """A page that only leads to the one where its topic is described."""
    link = relative(page.path, topic_path(page.target_kind, page.target))
    return seal(
        frontmatter.join(_meta(page), f"\n# {escape(page.title)}\n\nSee [{escape(page.target_title)}]({link}).\n"), COMPILER
    )


def _left_out(corpus: Corpus, page: TopicPage) -> bytes:
    """What stands where people decided that there is no page: which documents speak of it."""
    entries = corpus.supporters([page.key], MAX_SOURCES)
    links = [f"- [{escape(each.title)}]({relative(page.path, summary_path(each.document))})" for each in entries]
    text = "\n\n".join([f"# {escape(page.title)}", LEFT_OUT, "\n".join(links)])
    return seal(frontmatter.join(_meta(page), f"\n{text}\n"), COMPILER)


def _aliases(corpus: Corpus, page: TopicPage) -> list[str]:
    """Other names, each once: no mere spelling of the title or of one another."""
    seen = {page.key, page_key(page.title, "en")}
    found = []
    for text in map(one_line, corpus.aliases(page.key)):
        key = page_key(text, "en")
        if text and key not in seen:
            seen.add(key)
            found.append(text)
    return found[:MAX_ALIASES]


def _line(page: str, item: Evidence) -> str:
    """A claim in one line: the sentence, its place as a link, its document as a footnote."""
    path = f"wiki/{item.place.path}" + (f"#{item.place.anchor}" if item.place.anchor else "")
    return f"{escape(item.text)} [{escape(item.place.label) or 'text'}]({relative(page, path)})[^{label_of(item.document)}]"


def _about(corpus: Corpus, page: TopicPage, members: Sequence[str]) -> Iterator[str]:
    """The documents that are about the topic as a whole: their titles name it."""
    entries = corpus.about(members, MAX_ABOUT)
    if entries:
        links = (f"[{escape(entry.title)}]({relative(page.path, summary_path(entry.document))})" for entry in entries)
        yield f"{ABOUT} {', '.join(links)}"


def _appearances(corpus: Corpus, page: TopicPage, members: Sequence[str]) -> Iterator[str]:
    """Where a person appears."""
    entries = corpus.supporters(members, MAX_SOURCES)
    links = (f"[{escape(entry.title)}]({relative(page.path, summary_path(entry.document))})" for entry in entries)
    yield f"{APPEARS} {', '.join(links)}"


def _claims(page: str, claims: Sequence[Evidence]) -> Iterator[str]:
    """What the documents say: first of the aspects that headings tell, where one has more than one claim, then the rest."""
    rest = list(claims)
    for section, heading in ASPECTS:
        of_aspect = [item for item in rest if _is_of(section, item.place.label)]
        if len(of_aspect) > 1 and len(of_aspect) < len(claims):
            yield f"## {heading}"
            yield "\n".join(f"- {_line(page, item)}" for item in of_aspect)
            rest = [item for item in rest if item not in of_aspect]
    if rest:
        yield f"## {SAID}"
        yield from _by_document(page, rest)


def _by_document(page: str, claims: Sequence[Evidence]) -> Iterator[str]:
    for document, items in groupby(claims, key=lambda item: item.document):
        of_document = list(items)
        yield f"[{escape(of_document[0].title)}]({relative(page, summary_path(document))})"
        yield "\n".join(f"- {_line(page, item)}" for item in of_document)


def _by_sense(page: str, chosen: Chosen, found: Sequence[frozenset[str]]) -> Iterator[str]:
    """The senses of a name that documents use for different things, each with its definition and its documents."""
    shown = (*chosen.overview, *chosen.claims)
    for number, documents in enumerate(found, 1):
        items = [item for item in shown if item.document in documents]
        best = next(item for item in items if item.defines)
        yield f"## {SENSE} {number}"
        yield _line(page, best)
        yield from _by_document(page, sorted((item for item in items if item is not best), key=lambda item: item.document))
    known = frozenset().union(*found)
    if rest := [item for item in shown if item.document not in known]:
        yield f"## {SAID}"
        yield from _by_document(page, rest)


@cache
def _is_of(section: str, label: str) -> bool:
    """Whether a heading tells an aspect."""
    patterns = word_lists.entries("aspects", word_lists.MIXED, section)
    return bool(re.fullmatch("|".join(patterns), bare_heading(label).lower()))


def _silent(page: str, documents: Sequence[DocumentEntry]) -> Iterator[str]:
    """For a topic of which no claim is known: where it is spoken of."""
    if documents:
        yield "## Documents"
        yield "\n".join(f"- [{escape(entry.title)}]({relative(page, summary_path(entry.document))})" for entry in documents)


def _see_also(corpus: Corpus, page: TopicPage, members: Sequence[str], documents: Sequence[str], chosen: Chosen) -> Iterator[str]:
    """What the quoted documents define besides: what the page's claims speak of first, then what most of them define. Of what one
    document alone defines the few that are most prominent in it, but none if it defines many: they would stand on every page."""
    weights: dict[tuple[TopicKind, str], list[float]] = {}
    names: dict[tuple[TopicKind, str], list[str]] = {}
    for defined in corpus.defined_by(documents):
        if defined.key not in members:
            weights.setdefault((defined.kind, defined.key), []).append(defined.weight)
            names.setdefault((defined.kind, defined.key), []).append(defined.name)
    said = " ".join(item.text for item in (*chosen.overview, *chosen.claims)).casefold()
    spoken = {topic for topic in weights if _most(names[topic]).casefold() in said}
    order = sorted(weights, key=lambda topic: (topic not in spoken, -len(weights[topic]), -max(weights[topic]), topic))
    alone = [topic for topic in order if topic not in spoken and len(weights[topic]) < 2]
    left = set(alone[MAX_SIBLINGS:] if len(alone) <= MOST_SIBLINGS else alone)
    best = [topic for topic in order if topic not in left][:MAX_SEE_ALSO]
    if best:
        yield "## See also"
        yield "\n".join(
            f"- [{escape(_most(names[t]))}]({relative(page.path, topic_path(*t))})" for t in sorted(best, key=_by_key)
        )


def _most(names: Sequence[str]) -> str:
    return min(names, key=lambda name: (-names.count(name), name))


def _by_key(topic: tuple[TopicKind, str]) -> tuple[str, TopicKind]:
    return topic[1], topic[0]


def _footnotes(page: str, chosen: Chosen, cited: Mapping[str, str]) -> Iterator[str]:
    titles = {**cited, **{item.document: item.title for item in (*chosen.overview, *chosen.claims)}}
    if titles:
        yield "\n".join(
            f"[^{label_of(name)}]: [{escape(titles[name])}]({relative(page, source_path(name))})" for name in sorted(titles)
        )
