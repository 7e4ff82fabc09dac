"""What an Office document or book says about itself: title, authors, dates, language.

Invariant: properties are a courtesy of the source; where they are missing or damaged they are empty, never an error.
"""

import re
import zipfile
from dataclasses import dataclass, field

from gitkb.convert.archive import read_xml
from gitkb.errors import ConversionError

_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?$")
_PROGRAMS = frozenset(
    {"python-docx", "python-pptx", "openpyxl", "microsoft office user", "user", "administrator", "admin", "unknown", "author"}
)


@dataclass(frozen=True, slots=True)
class Properties:
    """Properties as plain strings, empty where there are none."""

    title: str = ""
    language: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    dates: dict[str, str] = field(default_factory=dict)


def office_properties(archive: zipfile.ZipFile) -> Properties:
    """The core properties of an Office document."""
    try:
        root = read_xml(archive, "docProps/core.xml")
    except ConversionError:
        return Properties()
    values: dict[str, str] = {}
    for element in root:
        if isinstance(element.tag, str) and element.text and element.text.strip():
            values.setdefault(element.tag.rpartition("}")[2], element.text.strip())
    dates = {name: value for name in ("created", "modified") if (value := date_of(values.get(name, "")))}
    return Properties(
        title=values.get("title", ""),
        language=values.get("language", ""),
        description=values.get("description", "") if len(values.get("description", "")) > 25 else "",
        authors=authors_of(values.get("creator", "")),
        dates={name: value for name, value in dates.items() if not value.startswith("2013-01-27T09:14:16")},
    )


def authors_of(text: str) -> tuple[str, ...]:
    """Names of an author field; what programs write there by themselves is left out."""
    names = (name.strip() for name in re.split(r"\s*;\s*", text))
    return tuple(name for name in names if name and name.lower() not in _PROGRAMS)


def date_of(text: str) -> str:
    """A date as ISO 8601, '' for anything else."""
    return text.strip() if _DATE.match(text.strip()) else ""
