"""reStructuredText to Markdown: docutils makes HTML of it, which takes the path of every web page.

Invariant: no file is included, no raw HTML taken over, nothing fetched; what Sphinx or the kernel's extensions add is understood
or shown as its content, and never a reason to fail.
"""

import re
from pathlib import Path
from typing import Any

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.pictures import Gallery
from gitkb.convert.rst_sphinx import register_unknown
from gitkb.convert.webpage import from_html
from gitkb.errors import ConversionError

_SETTINGS: dict[str, Any] = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "stylesheet": "",
    "xml_declaration": False,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "initial_header_level": 1,
    "syntax_highlight": "none",
    "smart_quotes": False,
    "math_output": "LaTeX",
    "_disable_config": True,
    "traceback": True,
    "line_length_limit": 1_000_000_000,  # docutils would give an empty document for a longer line
    "section_self_link": False,
    "toc_backlinks": False,
    "footnote_references": "superscript",
}
_COMMENTED = re.compile(r"^\.\. SPDX-License-Identifier:.*$", re.MULTILINE)


def read(file: Path, name: str, max_bytes: int) -> Draft:
    """The draft of an rst file."""
    from docutils.core import publish_parts

    text = decode(file.read_bytes()).expandtabs(8)
    register_unknown(text)
    try:
        parts = publish_parts(_COMMENTED.sub("", text), writer="html5", settings_overrides=_SETTINGS)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # docutils runs into whatever hostile markup leads it to
        raise ConversionError(
            "the reStructuredText cannot be read.", "Correct its markup: rst2html.py names the place."
        ) from error
    gallery = Gallery()
    html = re.sub(r'<(aside|div) class="system-message.*?</\1>', "", parts["html_body"], flags=re.DOTALL)
    return Draft(markdown=from_html(html, gallery), pictures=gallery.pictures)
