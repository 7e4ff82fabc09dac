"""PDF documents that pypdfium2 refuses, by pypdf: slower and without layout, but it reads some damaged and encrypted files.

Invariant: what it returns has the same page anchors as the first reader's; what it cannot read either is a `ConversionError`.
"""

from pathlib import Path

from gitkb.convert.draft import Draft
from gitkb.convert.finish import good_title
from gitkb.convert.pdf import authors_of, dates_of, plain_pages, refused

MAX_PAGES = 2_000


def read_second(file: Path, first: BaseException) -> Draft:
    """The draft of a PDF document; `first` is the error of the first reader, told where pypdf fails too."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise refused(ValueError("password"))
        texts = [page.extract_text() for page in reader.pages[:MAX_PAGES]]
        info = {key.lstrip("/"): str(value) for key, value in (reader.metadata or {}).items()}
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        ArithmeticError,
        NotImplementedError,
        AssertionError,
    ) as error:
        raise refused(first) from error
    if not texts:
        raise refused(first)
    return Draft(
        markdown=plain_pages(texts) if any(text.strip() for text in texts) else "",
        title=good_title(info.get("Title", ""), file.name),
        pages=len(texts),
        authors=authors_of(info.get("Author", "")),
        dates=dates_of(info),
    )
