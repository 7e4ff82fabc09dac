"""Pictures of text (png, jpeg, tiff) to Markdown: each picture of a file is a page, read by OCR.

Invariant: no more pixels are decoded than a page is read with, however large a picture says that it is.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gitkb.convert.archive import damaged
from gitkb.convert.draft import Draft
from gitkb.convert.ocr.sight import Sight, sight_of
from gitkb.convert.pdf.headings import headings_of
from gitkb.convert.pdf.layout import Page, look_of
from gitkb.convert.pdf.markdown import to_markdown
from gitkb.convert.pdf.seen_lines import page_of
from gitkb.convert.pdf.title_lines import title_lines
from gitkb.convert.pictures import MAX_PIXELS
from gitkb.errors import ConversionError, EmptyDocument
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PAGES = 2_000
_SPLIT = "Make it smaller, or split it."


def read(file: Path, name: str, settings: ConversionSettings, beat: Callable[[], None] = lambda: None) -> Draft:
    """The draft of a picture, or of a TIFF of several."""
    sight = sight_of(settings, beat)
    if sight is None:
        raise ConversionError(
            f"{name} is a picture, and gitkb reads the text of pictures only when it is told to.",
            "Set convert.ocr to auto in .gitkb/config.yaml; it needs: pip install 'gitkb[ocr]'.",
        )
    pages = _pages(file, sight)
    if not any(page.lines for page in pages):
        raise EmptyDocument("no text in the picture: OCR finds none.", "Add a picture that shows text.")
    look = look_of(pages)
    title = title_lines(pages, look)
    return Draft(
        markdown=to_markdown(pages, headings_of(pages, [], look, title), look, title.text if title else ""),
        titles=(TitleCandidate("largest", title.text, f"largest text of page {pages[title.page].number}"),) if title else (),
        pages=len(pages),
        ocr=sight.engine.name,
        seen=tuple(page.number for page in pages if page.lines),
    )


def _pages(file: Path, sight: Sight) -> list[Page]:
    from PIL import Image, ImageSequence, UnidentifiedImageError

    pages = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(file) as opened:
                for number, frame in enumerate(ImageSequence.Iterator(opened), 1):
                    if number > MAX_PAGES:
                        raise ConversionError(f"the picture has more than {MAX_PAGES:,} pages.", _SPLIT)
                    if frame.width * frame.height > MAX_PIXELS:
                        raise ConversionError(f"the picture has {frame.width:,} by {frame.height:,} pixels.", _SPLIT)
                    picture = _upright(frame, sight.engine.side)
                    pages.append(page_of(sight.pieces(picture), number, picture))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, Warning, EOFError) as error:
        raise damaged(error) from error
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise damaged(error) from error  # what Pillow's plugins raise on damaged data
    return pages


def _upright(frame: "Image", side: int) -> "Image":
    """A picture as it is to be looked at, on white where it is transparent, and no larger than it is read with."""
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(frame)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        layer = turned.convert("RGBA")
        turned = Image.new("RGBA", layer.size, "white")
        turned.alpha_composite(layer)
    picture = turned.convert("RGB")
    picture.thumbnail((side, side))
    return picture
