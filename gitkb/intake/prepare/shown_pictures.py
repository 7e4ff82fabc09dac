"""Finds the pictures that a document shows, and puts what a model says about them into its text.

Invariant: a picture is one that the document carries or that lies in the folder from which it was added; nothing is fetched. It
is sent scaled down and drawn anew, so that nothing leaves but what is to be seen: no place, camera or name that its file tells.
Icons and pictures of one colour are not asked about, equal pictures once. The result depends on the text, the pictures, the
settings and the replies alone.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.compile.llm.picture_questions import FIGURE_SIDE, PAGE_SIDE, key_of, of_figure, of_page, question, tokens_of
from gitkb.convert.draft import Draft, check_text, seen_in_words
from gitkb.convert.outline import lines_with_code, outline
from gitkb.convert.pictures import shown_to_model
from gitkb.llm.requests import Request, Shown, Unanswered
from gitkb.model.documents import Conversion, Picture
from gitkb.text.markdown.described import UNREAD
from gitkb.text.markdown.retarget import retarget

MOST_PICTURES = 100
MOST_BYTES = 64 * 1024**2
"""Of a document: pictures that are asked about, and the bytes of their files."""
AT_ONCE = 24
"""Pictures of a document that are asked about at once: they wait in memory."""
_RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
_SCAN = re.compile(r"!\[\]\(scan-(\d{1,6})\.jpg\)")
_DEFINED = re.compile(r" {0,3}\[([^\[\]]{1,200})\]:[ \t]*\S")
_USED = re.compile(r"!\[[^\[\]]*\]\[([^\[\]]{1,200})\]")
Find = Callable[[str], Picture | None]


class Described(Struct, frozen=True):
    """A conversion with what a model said about its pictures, and sentences about what was left out."""

    conversion: Conversion
    notes: tuple[str, ...] = ()


class _Asked(Struct, frozen=True):
    """A picture that is asked about: the line behind which it is described, its question; `page` is the number of a page that is
    a picture, 0 for others."""

    line: int
    request: Request
    page: int = 0


def described(
    conversion: Conversion, find: Find, settings: ModelSettings, replies: Mapping[str, str], *, blind: bool = False
) -> Described | Unanswered:
    """The conversion with its pictures described, or the requests whose replies are missing for it.

    `find` gives the picture that a target of the text leads to. `blind`: no model looks at pictures, so none is described. A
    reply that is empty is one that is not to be had. Raises `ConversionError` for a scan that nobody has read.
    """
    asked, left_out = ([], 0) if blind else _asked(conversion, find, settings, replies)
    missing = [each.request for each in asked if each.request.key not in replies]
    if missing:
        now = tuple(dict.fromkeys(missing))[:AT_ONCE]
        return Unanswered(now, len(missing) - len(now))
    told = [(each, block) for each in asked if (block := _block(replies[each.request.key], each.page))]
    pages = tuple(each.page for each, _ in told if each.page)
    text = _put(conversion.markdown, told)
    if any(picture.is_page for picture in conversion.pictures):
        check_text(_SCAN.sub("", text), Draft("", pages=conversion.pages))
    said = seen_in_words(pages, conversion.pages, len(told) - len(pages), settings.pictures)
    pictures = tuple(picture for picture in conversion.pictures if not picture.is_page)
    text = _SCAN.sub(UNREAD, text)
    made = replace(conversion, markdown=text, headings=outline(text), pictures=pictures, described=said)
    return Described(made, (_left_out(left_out),) if left_out else ())


def _left_out(count: int) -> str:
    several = "s are" if count > 1 else " is"
    return f"{count} picture{several} not described: a document may have {MOST_PICTURES}, of {MOST_BYTES // 1024**2} MiB."


def _block(reply: str, page: int) -> str:
    if not reply:
        return ""
    return of_page(reply, page) if page else of_figure(reply)


def _asked(conversion: Conversion, find: Find, settings: ModelSettings, replies: Mapping[str, str]) -> tuple[list[_Asked], int]:
    """The pictures that are asked about in text order, and how many others there are."""
    own = {picture.name: picture for picture in conversion.pictures}
    known: set[str] = set()
    found: list[_Asked] = []
    size = left_out = 0
    for line, target in _targets(conversion.markdown):
        page = int(scan[1]) if (scan := _SCAN.fullmatch(f"![]({target})")) else 0
        picture = own.get(target) or (find(target) if not page else None)
        if page and picture is None:
            left_out += 1
        if picture is None or picture.media_type not in _RASTER or (key := key_of(picture.data)) in known:
            continue
        known.add(key)
        request = _request(picture, key, settings, replies)
        if request is None:
            continue
        size += len(picture.data)
        if len(found) >= MOST_PICTURES or size > MOST_BYTES:
            left_out += 1
            continue
        found.append(_Asked(line, request, page))
    return found, left_out


def _request(picture: Picture, key: str, settings: ModelSettings, replies: Mapping[str, str]) -> Request | None:
    """The question about a picture, None for one that nobody needs to have described. One that is answered is not scaled
    again."""
    bare = question(Shown(key, "", 1), settings, is_page=picture.is_page)
    if bare.key in replies:
        return bare
    shown = shown_to_model(picture.data, PAGE_SIDE if picture.is_page else FIGURE_SIDE)
    if shown is None:
        return None
    jpeg, width, height = shown
    seen = Shown(key, base64.b64encode(jpeg).decode("ascii"), tokens_of(width, height))
    return question(seen, settings, is_page=picture.is_page)


def _targets(markdown: str) -> Iterator[tuple[int, str]]:
    """The pictures that a text shows: (the last line of their paragraph, from 0, and their target), in text order."""
    lines = list(lines_with_code(markdown))
    definitions = {found[1].casefold(): line for line, code in lines if not code and (found := _DEFINED.match(line))}
    start = 0
    for number, (line, code) in enumerate([*lines, ("", False)]):
        if line.strip() and not code:
            continue
        text = "\n".join(each for each, _ in lines[start:number])
        if ("!" in text and "[" in text) or "<img" in text.lower():
            yield from ((number - 1, target) for target in _shown_in(text, definitions))
        start = number + 1


def _shown_in(paragraph: str, definitions: Mapping[str, str]) -> list[str]:
    used = dict.fromkeys(name.casefold() for name in _USED.findall(paragraph))
    more = [definitions[name] for name in used if name in definitions]
    targets: dict[str, None] = {}

    def note(target: str) -> None:
        targets[target] = None

    if not _DEFINED.match(paragraph):
        retarget("\n\n".join([paragraph, *more]), lambda target: target, note)
    return list(targets)


def _put(markdown: str, told: Sequence[tuple[_Asked, str]]) -> str:
    """The text with the descriptions behind the paragraphs of their pictures; that of a page stands in its picture's place."""
    blocks: dict[int, list[str]] = {}
    for each, block in told:
        blocks.setdefault(each.line, []).append(block)
    out: list[str] = []
    lines = markdown.split("\n")
    for number, line in enumerate(lines):
        found = blocks.get(number, ())
        if not (found and _SCAN.fullmatch(line.strip())):
            out.append(line)
        for block in found:
            out += [*([""] if out and out[-1].strip() else []), block]
            out += [""] if number + 1 < len(lines) and lines[number + 1].strip() else []
    return "\n".join(out)
