"""Textile to Markdown: the library of that name makes HTML of it, which is read as all HTML is.

Invariant: raw HTML in a text is as little trusted as a web page's, and nothing is fetched.
"""

from pathlib import Path

from gitkb.convert.archive import damaged_as
from gitkb.convert.decode import decode, normal_lines
from gitkb.convert.draft import Draft
from gitkb.convert.html.reader import from_html
from gitkb.convert.pictures import Gallery
from gitkb.formats.settings import ConversionSettings


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a Textile text."""
    from textile import textile

    text = normal_lines(decode(file.read_bytes()))
    gallery = Gallery()
    try:
        html = textile(text)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # what the library stumbles over is no text that anybody wrote
        raise damaged_as("its marks contradict each other") from error
    return Draft(markdown=from_html(html, gallery), pictures=gallery.pictures)
