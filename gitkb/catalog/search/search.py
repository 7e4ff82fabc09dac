"""Ranked full-text search over the wiki's pages, with the piece of a passage that a searcher sees.

Invariant: the answer depends on the tree, the query, the scope and the limit alone, and any text is a valid query. The index
and the pages that are shown are read, nothing else. What is shown of a passage has at most `WIDTH` characters and two ellipses,
no line break and no control character. `best_passages` tells where passages stand and not what they say: its caller reads the
page.
"""

import heapq
import re
import sqlite3
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gitkb.catalog.search import passage_index, query_syntax, ranking
from gitkb.catalog.search.ranking import NOTHING_ASKED, Asked, any_phrase, ask, candidates
from gitkb.errors import UsageError
from gitkb.model.documents import Tree
from gitkb.model.rows import SearchHit
from gitkb.text.language.tokens import Token, fold, normalise, stems, words
from gitkb.text.markdown.passages import readable

WIDTH = 220
_MAX_TEXT = 60_000
_SENTENCE_ENDS = (". ", "? ", "! ", "。", "！", "？")
_BEFORE = 100
"""A window begins with the sentence of its first match where that begins so near before it."""
_SAME = 0.85
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*")
_LINK_ALONE = re.compile(r"\[[^\[\]]{1,300}\]\([^()\s]{1,1000}\)\s*")
_STARTS_BLOCK = re.compile(r"\s*$|\s*(?:[-*+>|]|\d{1,3}[.)])\s?")
_BLANKS = re.compile(r"\s+")


class Snippet(Struct, frozen=True):
    """`text` of the best place, and the line (1-based in the page) where the match begins."""

    text: str
    line: int


def printable(text: str) -> str:
    """One line without control, format and private-use characters, which could drive a terminal."""
    if text.isprintable():
        return _BLANKS.sub(" ", text).strip()
    clean = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else c for c in text)
    return _BLANKS.sub(" ", clean).strip()


def cut(page: str, line: int, lines: int, language: str, terms: Mapping[str, int]) -> Snippet:
    """The best place in `lines` lines of a page from `line`; `terms` maps tokens to the number of their term."""
    texts = _lines(page.split("\n")[line - 1 : line - 1 + lines])
    starts = [0, *accumulate(len(text) + 1 for text in texts)]
    whole = " ".join(texts)[:_MAX_TEXT]
    matches = _matches(whole, language, terms)
    if not matches:
        return Snippet(_window(whole, 0), line)
    best = _best(matches)
    return Snippet(_window(whole, best), line + bisect_right(starts, best) - 1)


def _lines(source: list[str]) -> list[str]:
    """Each line as plain text. Headings and lines that are only a link are left out, because they are no part of the text
    below."""
    underlined = len(source) > 1 and _UNDERLINE.fullmatch(source[1]) is not None
    if source and (source[0].lstrip().startswith("#") or underlined):
        source = ["", *(["", *source[2:]] if underlined else source[1:])]
    texts = ["" if _LINK_ALONE.fullmatch(text) else printable(readable([text])) for text in source]
    for number, text in enumerate(texts[:-1]):
        if text[-1:].isalnum() and not text.isdigit() and _STARTS_BLOCK.match(source[number + 1]):
            texts[number] = text + ";"  # an item of a list, a row of a table: no sentence goes on over its end
    return texts


def cut_text(text: str, language: str, terms: Mapping[str, int]) -> str:
    """The best place in a text that is plain already."""
    whole = printable(text)[:_MAX_TEXT]
    matches = _matches(whole, language, terms)
    return _window(whole, _best(matches) if matches else 0)


def is_repeated(snippet: str, other: str) -> bool:
    """Whether nearly all words of the shorter snippet are in the longer one."""
    one, two = ({word.text for word in words(normalise(text))} for text in (snippet, other))
    return len(one & two) >= _SAME * min(len(one), len(two))


def _matches(text: str, language: str, terms: Mapping[str, int]) -> list[tuple[int, int]]:
    """(offset, term number) of every word that is asked for. Stemming is slow, so only likely words are stemmed."""
    begins = {token[:2] for token in terms}
    known = stems(language)
    lowered = normalise(text)
    if len(lowered) != len(text):  # folding changed offsets: compare a text that has kept them
        lowered = text.lower() if len(text.lower()) == len(text) else text
    found = []
    for word in words(lowered):
        if fold(word.text)[:2] in begins or word.unspaced:
            number = _term(word, terms, known)
            if number is not None:
                found.append((word.start, number))
    return found


def _term(word: Token, terms: Mapping[str, int], known: Mapping[str, str]) -> int | None:
    if word.unspaced:
        return next((terms[part] for part in (word.text, *word.text) if part in terms), None)
    return next((terms[form] for form in (known[word.text], fold(word.text)) if form in terms), None)


def _best(matches: Sequence[tuple[int, int]]) -> int:
    """The offset of the match from which a window holds most different terms, then most matches, then the first."""

    def worth(number: int) -> tuple[int, int, int]:
        inside = [term for offset, term in matches[number : number + 60] if offset < matches[number][0] + WIDTH - 40]
        return len(set(inside)), len(inside), -number

    return matches[max(range(min(len(matches), 500)), key=worth)][0]


def _window(text: str, offset: int) -> str:
    if len(text) <= WIDTH:
        return _BLANKS.sub(" ", text).strip()
    start = max(0, min(offset - 40, len(text) - WIDTH))
    nearest = max(0, offset - _BEFORE)
    sentences = [place + len(end) for end in _SENTENCE_ENDS if (place := text.rfind(end, nearest, offset)) >= 0]
    if sentences or not nearest:
        start = max(sentences, default=0)
    elif " " in text[start : start + 30]:
        start = text.index(" ", start) + 1
    end = min(len(text), start + WIDTH)
    if end < len(text) and " " in text[end - 30 : end]:
        end = text.rindex(" ", start, end)
    return ("… " if start else "") + _BLANKS.sub(" ", text[start:end]).strip() + (" …" if end < len(text) else "")


SCOPES = ("sources", "summaries", "concepts", "entities", "explorations", "all")
_DEPTH = 400
_DEEPEST = 6_000
_ROWS_AT_ONCE = 500
_OF_PAGE = 10
_REPEATS = 0.5
"""What remains of the score of a page that shows what a better page of its document has shown: a summary quotes its source."""


class _Page(Struct, frozen=True):
    number: int
    path: str
    title: ranking.Title


class PageFound(Struct, frozen=True):
    """A page by its number in the tables. `row` is its best passage, `text_row` the best below its title; `rows` are its best
    few with their scores, best first."""

    score: float
    path: str
    page: int
    row: int
    text_row: int
    rows: tuple[tuple[float, int], ...]


def search(
    db: sqlite3.Connection,
    tree: Tree,
    text: str,
    *,
    scope: str = "all",
    limit: int = 10,
    among: Sequence[sqlite3.Connection] = (),
) -> list[SearchHit]:
    """The best `limit` pages of a scope for what a person typed, best first; equal scores by path.

    `db` is a catalog connection at `tree` for `passages.PASSAGES`. With `among`, connections of several knowledge bases of which
    it is one, scores can be compared between them. Raises `UsageError` for an empty query, an unknown scope, a limit below 1.
    """
    asked, pages = find_pages(db, text, scope=scope, limit=limit, among=among)
    hits = (_hit(db, tree, asked, page) for page in pages)
    return list(islice(_repeats_lowered(hits), limit))


def find_pages(
    db: sqlite3.Connection,
    text: str,
    *,
    scope: str,
    limit: int,
    related: str = "",
    among: Sequence[sqlite3.Connection] = (),
) -> tuple[Asked, list[PageFound]]:
    """The query as the index weighs it, and up to twice `limit` pages that hold it, best first; errors and `among` as `search`
    has them.

    `related` are words, set apart by blanks, that count a share of what the query's own words count. A scope may also be one of
    the wider ones of `passage_index`.
    """
    if not text.strip():
        raise UsageError("The query is empty.", 'Say what to look for: gitkb search "write-ahead log".')
    if scope not in (*SCOPES, passage_index.TEXTS, passage_index.EVIDENCE):
        raise UsageError(f"There is no scope {scope!r}.", f"One of: {', '.join(SCOPES)}.")
    if limit < 1:
        raise UsageError(f"The limit must be at least 1, not {limit}.")
    languages = _languages(among or (db,))
    wanted = query_syntax.parse(text, languages)
    if not wanted.terms or not languages:
        return NOTHING_ASKED, []
    wanted = query_syntax.with_related(wanted, related, languages) if related else wanted
    asked = ask(db, wanted, among)
    depth, before = max(_DEPTH, 6 * limit), -1
    while True:
        rows = candidates(db, wanted, asked, scope, depth)
        pages = list(islice(_pages(db, asked, wanted, rows), 2 * limit))
        if len(pages) >= limit or len(rows) in (0, before) or depth > _DEEPEST:
            return asked, pages
        depth, before = 4 * depth, len(rows)  # many passages of few pages, or most pages excluded: look further


def _languages(indexes: Iterable[sqlite3.Connection]) -> list[str]:
    """The languages of the pages, that of most pages first."""
    pages: Counter[str] = Counter()
    for db in indexes:
        pages.update(dict(db.execute("SELECT name, value FROM passage_stats WHERE name GLOB 'language:*' AND value > 0")))
    return [name.partition(":")[2] for name, _ in sorted(pages.items(), key=lambda each: (-each[1], each[0]))]


def _pages(db: sqlite3.Connection, asked: Asked, wanted: query_syntax.Query, rows: Sequence[int]) -> Iterator[PageFound]:
    """The pages of these passages, best first, that hold every phrase and nothing excluded."""
    pages = _page_infos(db, asked, sorted({row >> passage_index.ORDINAL_BITS for row in rows}))
    with_forms = any(token.startswith(passage_index.FORM_MARK) for token in asked.weighed.tokens)
    found: dict[int, list[tuple[float, int]]] = {}
    for row, blob in _in_parts(db, "SELECT id, tokens FROM passage_rows", rows):
        page = pages[row >> passage_index.ORDINAL_BITS]
        body, head, forms = passage_index.unpack(blob)
        names_page = row == passage_index.page_rows(page.number)[0]
        tokens = ranking.Tokens(body, head, forms if with_forms else "", names_page)
        scored = ranking.score(asked.weighed, tokens, page.title)
        found.setdefault(page.number, []).append((-scored, row))
    ranked = [_ranked(pages[number], scored) for number, scored in found.items()]
    for one in sorted(ranked, key=lambda one: (-one.score, one.path)):
        if _agrees(db, wanted, one.page):
            yield one


def _page_infos(db: sqlite3.Connection, asked: Asked, numbers: Sequence[int]) -> dict[int, _Page]:
    terms = asked.weighed.tokens
    pages = {}
    for number, path, head in _in_parts(db, "SELECT id, path, head FROM passage_pages", numbers):
        words = set(head.split())
        title = ranking.Title(frozenset(terms[word] for word in words if word in terms), len(words))
        pages[number] = _Page(number, path, title)
    return pages


def _in_parts(db: sqlite3.Connection, select: str, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        part = ids[start : start + _ROWS_AT_ONCE]
        yield from db.execute(f"{select} WHERE id IN ({','.join('?' * len(part))})", part)


def _ranked(page: _Page, scored: list[tuple[float, int]]) -> PageFound:
    scored.sort()
    best = scored[0][1]
    own = passage_index.page_rows(page.number)[0]
    text = next((row for _, row in scored if row != own), best)
    value = round(ranking.page_score([-score for score, _ in scored[:4]]), 4)
    rows = tuple((-score, row) for score, row in scored[:_OF_PAGE] if row != own)
    return PageFound(value, page.path, page.number, best, text, rows)


def _agrees(db: sqlite3.Connection, wanted: query_syntax.Query, page: int) -> bool:
    if wanted.excluded and _page_has(db, any_phrase(wanted.excluded), page):
        return False
    return len(wanted.phrases) < 2 or all(_page_has(db, any_phrase([phrase]), page) for phrase in wanted.phrases)


def _page_has(db: sqlite3.Connection, expression: str, page: int) -> bool:
    found = db.execute(
        "SELECT 1 FROM passage_index WHERE passage_index MATCH ? AND rowid BETWEEN ? AND ? LIMIT 1",
        (expression, *passage_index.page_rows(page)),
    )
    return found.fetchone() is not None


def _hit(db: sqlite3.Connection, tree: Tree, asked: Asked, found: PageFound) -> SearchHit:
    title, description, language = db.execute(
        "SELECT title, description, language FROM passage_pages WHERE id = ?", (found.page,)
    ).fetchone()
    row = found.row if description else found.text_row
    heading, line, lines = db.execute("SELECT heading, line, lines FROM passage_rows WHERE id = ?", (row,)).fetchone()
    if row == passage_index.page_rows(found.page)[0]:
        snippet = Snippet(cut_text(description or title, language, asked.weighed.tokens), line)
    else:
        content = (tree.read(found.path) or b"").decode("utf-8", "replace")
        snippet = cut(content, line, lines, language, asked.weighed.tokens)
    return SearchHit(
        page=found.path,
        document=passage_index.document_of(found.path),
        title=printable(title),
        heading=printable(heading),
        line=snippet.line,
        score=found.score,
        snippet=snippet.text,
    )


def _repeats_lowered(hits: Iterable[SearchHit]) -> Iterator[SearchHit]:
    """The hits, given by falling score, with those moved back that only repeat what another page of their document said."""
    shown: dict[str, list[str]] = {}
    waiting: list[tuple[float, str, SearchHit]] = []
    for hit in hits:
        while waiting and waiting[0][0] < -hit.score:
            yield heapq.heappop(waiting)[2]
        said = shown.setdefault(hit.document, []) if hit.document else []
        if any(is_repeated(hit.snippet, other) for other in said):
            lowered = replace(hit, score=round(_REPEATS * hit.score, 4))
            heapq.heappush(waiting, (-lowered.score, lowered.page, lowered))
        else:
            said.append(hit.snippet)
            yield hit
    while waiting:
        yield heapq.heappop(waiting)[2]


class BestPassage(Struct, frozen=True):
    """`lines` lines of a page from `line` (1-based), below a path of headings, in the page's `language`; `document` is "" for
    pages of no one document. `page_score` is that of its page, which counts its other passages too."""

    page: str
    title: str
    document: str
    language: str
    heading: str
    line: int
    lines: int
    score: float
    page_score: float


class Best(Struct, frozen=True):
    """Passages, those of the best page first; the words of the question with their weights, and the sum of the weights of those
    that were asked for, without related ones."""

    passages: tuple[BestPassage, ...]
    words: ranking.Weighed
    total: float


def best_passages(
    db: sqlite3.Connection,
    question: str,
    *,
    related: str = "",
    scope: str = passage_index.EVIDENCE,
    pages: int = 12,
    of_page: int = 3,
    most: int = 36,
    among: Sequence[sqlite3.Connection] = (),
) -> Best:
    """The best `of_page` passages of each of the best pages of a scope, `most` at most; `db` is a connection for
    `passages.PASSAGES`. Words and scopes are those of `find_pages`.

    Raises `UsageError` as `search` does.
    """
    asked, found = find_pages(db, question, scope=scope, limit=pages, related=related, among=among)
    rows = sorted((-score, row) for page in found[:pages] for score, row in page.rows[:of_page])
    kept = {row for _, row in rows[:most]}
    typed = len(query_syntax.parse(question, _languages(among or (db,))).terms)
    passages = tuple(one for page in found[:pages] for one in _of_page(db, page, of_page, kept))
    return Best(passages, asked.weighed, sum(asked.weighed.weights[:typed]))


def joined(found: Sequence[Best], pages: int, most: int) -> Best:
    """What was found in several knowledge bases, asked `among` one another, as one: of the best pages the best passages."""
    asked = [one for one in found if one.words.weights] or list(found)
    passages = sorted((one for best in found for one in best.passages), key=lambda one: -one.page_score)
    kept = set(list(dict.fromkeys(one.page for one in passages))[:pages])
    passages = [one for one in passages if one.page in kept]
    floor = sorted(-one.score for one in passages)[:most]
    passages = [one for one in passages if -one.score <= floor[-1]][:most] if floor else []
    tokens = {token: number for one in asked for token, number in one.words.tokens.items()}
    return Best(tuple(passages), replace(asked[0].words, tokens=tokens), asked[0].total)


def _of_page(db: sqlite3.Connection, found: PageFound, most: int, kept: set[int]) -> Iterator[BestPassage]:
    title, language = db.execute("SELECT title, language FROM passage_pages WHERE id = ?", (found.page,)).fetchone()
    for score, row in found.rows[:most]:
        if row in kept:
            heading, line, lines = db.execute("SELECT heading, line, lines FROM passage_rows WHERE id = ?", (row,)).fetchone()
            document = passage_index.document_of(found.path)
            scores = round(score, 4), found.score
            yield BestPassage(found.path, title, document, language, heading, line, lines, *scores)
