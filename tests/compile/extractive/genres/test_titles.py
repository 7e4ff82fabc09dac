"""Decks are named by their first slide."""

from gitkb.compile.extractive.compiler import digest
from gitkb.convert.draft import Draft, finish
from gitkb.convert.formats import PDF

_SLIDES = '<a name="page-1"></a>\n\n{first}\n\nAda Oven\n\n<a name="page-2"></a>\n\n# Motivation\n\nBricks should dry in a day.\n'


def _title(first: str) -> str:
    return digest(finish(Draft(_SLIDES.format(first=first)), PDF.format), name="2020-03-oven-bricks.pdf").title


def test_the_line_on_the_first_slide_names_a_deck_and_not_its_first_heading() -> None:
    assert _title("Hollow Bricks for Kilns") == "Hollow Bricks for Kilns"


def test_a_first_page_full_of_text_names_nothing() -> None:
    assert _title("Bricks were burnt in kilns long before anybody wrote down how it is done, " * 4) == "2020 03 oven bricks"
