"""PDF documents that pypdfium2 refuses, by pypdf: slower and without layout, but it reads some damaged and encrypted files.

Invariant: what it returns has the same page anchors as the first reader's; what it cannot read either is a `ConversionError` that
says what is wrong with the file, not with the readers.
"""

from pathlib import Path

from gitkb.convert.draft import Draft
from gitkb.convert.finish import good_title
from gitkb.convert.pdf import authors_of, check_count, dates_of, plain_pages
from gitkb.convert.pdf_damage import locked as locked_error
from gitkb.convert.pdf_damage import refused
from gitkb.errors import ConversionError

MAX_PAGES = 2_000


def read_second(file: Path, name: str, *, locked: bool = False, lost: int = 0, count: int = 0) -> Draft:
    """The draft of a PDF document. `locked`: the first reader asked for a password; `lost` of `count` pages it could not read."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise locked_error()
        check_count(len(reader.pages), MAX_PAGES)
        texts = [page.extract_text() for page in reader.pages]
        info = {key.lstrip("/"): str(value) for key, value in (reader.metadata or {}).items()}
    except (
        PyPdfError,
        DependencyError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        ArithmeticError,
        NotImplementedError,
        AssertionError,
        ImportError,
    ) as error:
        raise (locked_error() if locked else refused(_what(lost, count))) from error
    if not texts:
        raise ConversionError("the PDF has no pages.", "Save it again from the program that made it.")
    filled = sum(bool(text.strip()) for text in texts)
    if not filled or (lost and filled <= count - lost):
        raise refused(_what(lost, count) if lost else "its pages are empty")
    return Draft(
        markdown=plain_pages(texts),
        title=good_title(info.get("Title", ""), name),
        pages=len(texts),
        authors=authors_of(info.get("Author", "")),
        dates=dates_of(info),
    )


def _what(lost: int, count: int) -> str:
    return f"{lost:,} of its {count:,} pages cannot be read" if lost else "its structure cannot be read"
