"""OpenDocument texts (odt) to Markdown: headings, lists, tables, footnotes, comments, formulas as they are written, pictures."""

from pathlib import Path

from gitkb.convert.draft import Draft
from gitkb.convert.opendocument.package import attribute, body_of, opened
from gitkb.convert.opendocument.text_content import TextContent
from gitkb.convert.pictures import Gallery
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import TitleCandidate


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a text."""
    gallery = Gallery()
    with opened(file, settings, gallery) as package:
        about = package.properties()
        body = body_of(package, "text")
        text = TextContent(package, gallery)
        text.below = any("Title" in package.named(attribute(p, "style-name")) for p in body.iterchildren("{*}p"))
        parts = [text.markdown(body), *text.closing()]
    titles = [TitleCandidate("style", title, "paragraph of the style Title") for title in text.titles[:1]]
    return Draft(
        markdown="\n\n".join(part for part in parts if part),
        titles=(*titles, TitleCandidate("metadata", about.title)),
        language=about.language,
        pictures=gallery.pictures,
        authors=about.authors,
        dates=about.dates,
        description=about.description,
    )
