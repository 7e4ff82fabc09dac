"""What a format family hands over, before it becomes a `Conversion`.

A family reads one file and returns a `Draft`; `finish` alone turns drafts into conversions, so cleaning, headings and
the refusal of empty or garbled text are decided in one place for all formats. A draft holds plain data, no open files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitkb.model import Picture


@dataclass(frozen=True, slots=True)
class Draft:
    """A converted text and what its source says about itself; empty where the source says nothing.

    A link to `#@n` in the text means its n-th heading, counted from 0; `finish` puts the anchor in.
    `unit` names what `pages` counts ("page", "slide", "sheet", "cell") for messages.
    """

    markdown: str
    title: str = ""
    language: str = ""
    pages: int = 0
    unit: str = "page"
    pictures: tuple[Picture, ...] = ()
    authors: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
