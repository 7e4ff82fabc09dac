"""Puts the text of pictures below them, where the settings ask for it (`convert.ocr: all`).

Invariant: only pictures that are part of the document are read, each once; a picture without text leaves the Markdown as it is.
"""

import io
import re
from collections.abc import Callable

from msgspec.structs import replace

from gitkb.convert.draft import Draft
from gitkb.convert.ocr.sight import Sight, sight_of
from gitkb.convert.outline import lines_with_code
from gitkb.convert.pdf.seen_lines import page_of
from gitkb.convert.pictures import MAX_PIXELS
from gitkb.convert.tables import escape
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Picture

_SHOWN = re.compile(r"!\[[^\[\]]*\]\(([^()\s]+)\)")
_LEAST = 3
"""Letters: fewer are a mark in a drawing."""


def seen(draft: Draft, settings: ConversionSettings, beat: Callable[[], None]) -> Draft:
    """A draft with the text of its pictures as quotes below the paragraphs that show them."""
    sight = sight_of(settings, beat) if settings.ocr == "all" and draft.pictures else None
    if sight is None:
        return draft
    pictures = {picture.name: picture for picture in draft.pictures}
    read: dict[str, str] = {}
    out: list[str] = []
    waiting: list[str] = []
    for line, in_code in lines_with_code(draft.markdown):
        if waiting and not line.strip() and not in_code:
            out += waiting
            waiting = []
        out.append(line)
        for name in _SHOWN.findall(line) if not in_code else ():
            if name in pictures and name not in read:
                read[name] = _text(pictures[name], sight)
                waiting += ["", f"> {read[name]}"] if read[name] else []
    if not read:
        return draft
    count = sum(bool(text) for text in read.values())
    return replace(draft, markdown="\n".join([*out, *waiting]), ocr=sight.engine.name, pictures_seen=count)


def _text(picture: Picture, sight: Sight) -> str:
    """What stands in a picture, on one line; "" for less than a word."""
    from PIL import Image

    with Image.open(io.BytesIO(picture.data)) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            return ""
        shown = opened.convert("RGB")
    shown.thumbnail((sight.engine.side, sight.engine.side))
    lines = page_of(sight.pieces(shown), 1, shown).lines
    text = " ".join(line.text for line in lines)
    return escape(text) if sum(char.isalpha() for char in text) >= _LEAST else ""
