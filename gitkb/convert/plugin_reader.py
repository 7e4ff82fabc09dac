"""Reads documents by the readers of other packages, which they announce as entry points of the group `gitkb.readers`.

An entry point's name is the ending that it reads ("srt"), its value a function that takes the bytes of a file and returns
Markdown, maybe with front matter. The package's name and version are the converter's in the records.

Invariant: code of a plug-in runs here alone, so in the process that converts one document and can be killed; a scan looks at
entry points without loading them. What comes back is as little trusted as a Markdown file.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gitkb.convert.decode import normal_lines
from gitkb.convert.draft import Draft, one_line
from gitkb.convert.formats import ending_of, plugged
from gitkb.convert.plaintext.markdown import draft_of, split_front_matter
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings

_MAX_SAID = 200


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft that a plug-in's Markdown becomes. Raises `ConversionError` with the words of whatever it raises."""
    found = plugged()[ending_of(name)]
    maker = found.family.name
    try:
        reader: Callable[[bytes], Any] = found.entry_point.load()
        text = reader(file.read_bytes())
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # whatever a plug-in raises becomes a failure of this one document
        said = one_line(str(error))[:_MAX_SAID].rstrip(".") or type(error).__name__
        raise ConversionError(f"its reader, {maker}, refuses it: {said}.", f"Ask those who make {maker}.") from error
    if not isinstance(text, str) or len(text) > settings.max_bytes:
        raise ConversionError(f"its reader, {maker}, gave no text of a size that is allowed.", f"Ask those who make {maker}.")
    return draft_of(*split_front_matter(normal_lines(text)))
