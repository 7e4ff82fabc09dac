"""Word documents to Markdown: mammoth makes HTML of them, which takes the path of every web page.

Invariant: the archive's sizes are checked before mammoth reads it; macros, linked files and embedded objects are never opened.
Formulas, which mammoth passes over, keep their text.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitkb.convert.archive import DAMAGED, check_sizes, damaged, office_properties, open_archive, read_member
from gitkb.convert.draft import Draft
from gitkb.convert.html.reader import from_html
from gitkb.convert.pictures import Gallery
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh > em
p[style-name='Quote'] => blockquote:fresh > p:fresh
p[style-name='Intense Quote'] => blockquote:fresh > p:fresh
p[style-name='Caption'] => p:fresh > em
p[style-name='Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='macro'] => pre:separator('\\n')
p[style-name='toc 1'] => !
p[style-name='toc 2'] => !
p[style-name='toc 3'] => !
p[style-name='toc 4'] => !
r[style-name='Source Text'] => code
r[style-name='HTML Code'] => code
comment-reference => !
"""
_FORMULA = re.compile(rb"<m:oMath(?:\s[^>]*)?>.*?</m:oMath>", re.DOTALL)
_FORMULA_TEXT = re.compile(rb"<m:t(?:\s[^>]*)?>([^<]*)</m:t>")
_RUN = rb'<w:r><w:t xml:space="preserve">%s</w:t></w:r>'
_MAX_DEPTH = 200


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a Word document."""
    gallery = Gallery()
    with open_archive(file, settings.max_bytes) as archive:
        about = office_properties(archive)
        with _with_formulas(archive) as data:
            html = _html(data, gallery)
    return Draft(
        markdown=from_html(html, gallery),
        titles=(TitleCandidate("metadata", about.title),),
        language=about.language,
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )


def _html(data: io.BytesIO, gallery: Gallery) -> str:
    import mammoth

    @mammoth.images.img_element  # type: ignore[untyped-decorator]
    def image(picture: Any) -> dict[str, str]:
        alt = picture.alt_text or ""
        try:
            with picture.open() as opened:
                return {"src": gallery.add(opened.read()), "alt": alt}
        except DAMAGED:
            return {"src": "", "alt": alt}  # a linked picture, which is never fetched

    try:
        result = mammoth.convert_to_html(data, style_map=_STYLES, convert_image=image, external_file_access=False)
    except (RecursionError, MemoryError, ConversionError):
        raise
    except Exception as error:  # mammoth raises whatever its parsing of hostile XML runs into
        raise damaged(error) from error
    return str(result.value)


@contextmanager
def _with_formulas(archive: zipfile.ZipFile) -> Iterator[io.BytesIO]:
    """The archive in memory, each formula replaced by a run with its text."""
    check_sizes(archive, sum(info.compress_size for info in archive.infolist()) + 4096, 1 << 62)
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
            for info in archive.infolist():
                if (
                    info.is_dir()
                    or info.filename.startswith(("word/embeddings/", "word/fonts/", "customXml/"))
                    or info.filename in target.namelist()
                ):
                    continue
                data = read_member(archive, info.filename)
                if info.filename == "word/document.xml":
                    data = _FORMULA.sub(_formula, data)
                target.writestr(info.filename, data)
    except DAMAGED as error:
        raise damaged(error) from error
    copy.seek(0)
    yield copy


def _formula(found: re.Match[bytes]) -> bytes:
    text = b"".join(_FORMULA_TEXT.findall(found[0]))
    return _RUN % text if text.strip() else b""
