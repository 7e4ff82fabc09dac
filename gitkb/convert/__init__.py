"""Documents of any supported format to Markdown: `identify`, `convert`, `supported`.

A conversion depends on the file's bytes and its name's ending alone, of a fetched page also on its address. Documents are
hostile: nothing in them runs, names
another file that gets read, or reaches the network; whatever is wrong with one is a `ConversionError` with a reason.
Callers run `convert` in a process that they can kill: a C library below may still hang, abort or eat memory.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from gitkb.convert.draft import Draft
from gitkb.convert.formats import ENDINGS, FETCHED, HTML, Family, Format, supported
from gitkb.errors import ConversionError
from gitkb.model import Conversion, WebPage

__all__ = ["ENDINGS", "Format", "convert", "identify", "supported"]

Reader = Callable[[Path, str, int], Draft]


def identify(file: Path, name: str) -> Format:
    """The format of a file by its content. `name` is the original name, whose ending must not contradict it.

    Raises `ConversionError` where the content is of no supported format or the ending says something else.
    """
    from gitkb.convert.identify import identify as by_content

    return by_content(file, name)


def convert(file: Path, name: str, *, max_bytes: int, page: WebPage | None = None) -> Conversion:
    """The document of a file as Markdown. `name` is the original name (last segment), `max_bytes` the limit for its bytes,
    packed and unpacked; `page` says how it was fetched.

    Raises `ConversionError` for every document that cannot be converted well.
    """
    from gitkb.convert.finish import finish
    from gitkb.convert.identify import identify_family

    size = file.stat().st_size
    if size > max_bytes:
        raise ConversionError(
            f"the file has {size / 1024**2:,.0f} MiB; the limit is {max_bytes / 1024**2:,.0f} MiB.",
            "Raise convert.max_bytes in .gitkb/config.yaml, or split the document.",
        )
    family = identify_family(file, name)
    try:
        if page is not None and family is HTML:
            from gitkb.convert.fetchedpage import read_page

            return finish(read_page(file, page), FETCHED.format, name)
        return finish(_reader(family)(file, name, max_bytes), family.format, name)
    except RecursionError as error:
        raise ConversionError(
            "the document is nested too deeply to be read.", "Simplify it, or save it in another format."
        ) from error
    except (MemoryError, SystemError) as error:  # CPython may lose the error that says there is no memory, and then says this
        raise ConversionError(
            "the document needs more memory than allowed.", "Split it, or raise convert.memory in .gitkb/config.yaml."
        ) from error


def _reader(family: Family) -> Reader:
    module = importlib.import_module(f"gitkb.convert.{family.module}")
    reader: Reader = module.read
    return reader
