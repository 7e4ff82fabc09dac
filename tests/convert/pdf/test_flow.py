"""The flow of a PDF's text: sentences run on across columns, pages and whatever stands between; notes and captions stay apart."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.support import sample_files as samples

OPENING = [
    "A pump lifts water from the well to the tank, and the tank feeds the whole ward by its",
    "own height. Two pumps share the work in turn, so that one of them can be opened while",
]
BEGUN = "the other goes on, and the keeper notes what each of them has lifted since the last time that"
GOES_ON = ["somebody opened it. The book is kept in the pump house. It goes back to the year", "in which the tank was built."]
SENTENCE = "since the last time that somebody opened it."


@pytest.fixture
def read(tmp_path: Path):
    def made(*pages: list[tuple[float, float, float, str, str]]) -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(samples.pdf(pages))
        return convert(file, "a.pdf", ConversionSettings(1 << 24))

    return made


def page(lines: list[str], top: float = 720, x: float = 72) -> list[tuple[float, float, float, str, str]]:
    return samples.pdf_lines(lines, top, x=x)


def test_a_sentence_crosses_a_page_with_a_footnote_and_small_print_at_its_end(read):
    notes = [(72, 120, 8, "F1", "2Pumps of the older kind have"), (72, 110, 8, "F1", "one piston only and are loud.")]
    print_ = [(72, 60, 8, "F1", "7th Meeting of Keepers, Lund, 2019")]
    found = read([*page([*OPENING, BEGUN]), *notes, *print_], page(GOES_ON)).markdown
    first, second = found.split('<a name="page-2"></a>')
    assert (
        SENTENCE in first
        and second.strip() == "The book is kept in the pump house. It goes back to the year in which the tank was built."
    )
    assert first.endswith("7th Meeting of Keepers, Lund, 2019\n\n²Pumps of the older kind have one piston only and are loud.\n\n")


def test_a_sentence_runs_on_behind_small_print_and_the_figure_of_the_next_column(read):
    narrow = [
        "A pump lifts water from the well to the tank",
        "and the tank feeds the ward. The keeper notes",
        "what each of them has lifted since the time",
    ]
    notes = [(72, 570, 8, "F1", "• A. Brook is with the School of Pumps,"), (80, 560, 8, "F1", "Lund, Sweden.")]
    labels = [(340, 720, 8, "F1", "Tank"), (420, 700, 8, "F1", "Pump house")]
    caption = [
        (330, 640, 8, "F1", "Figure 1. The tank and the pump house"),
        (330, 630, 8, "F1", "as they were in the first year."),
    ]
    beyond = ["at which it was opened. The book is kept in", "the pump house, and nobody takes it home."]
    found = read([*page(narrow), *notes, *labels, *caption, *page(beyond, 600, 330)]).markdown
    assert "has lifted since the time at which it was opened. The book is kept in the pump house" in found
    assert "\n\nFigure 1. The tank and the pump house as they were in the first year." in found
    assert "\n- A. Brook is with the School of Pumps, Lund, Sweden.\n" in found


def test_a_paragraph_that_has_ended_takes_nothing_from_behind_a_figure(read):
    ended = [*OPENING, "the other goes on, and the keeper notes in the book what each of the two pumps has done"]
    caption = [(150, 640, 8, "F1", "Figure 1: A pump.")]
    found = read([*page(ended), *caption, *page(["Nobody takes the book home."], 600)]).markdown
    assert "has done\n\nFigure 1: A pump.\n\nNobody takes the book home." in found


def test_a_word_that_a_hyphen_parts_is_not_joined_to_the_small_print_below(read):
    begun = [*OPENING, "the other goes on, and the keeper notes what each of them has lifted since it was last repaint-"]
    found = read(
        [*page(begun), (72, 660, 6, "F1", "Printed in Lund")], page(["ed. The book is kept in the pump house."])
    ).markdown
    assert "since it was last repainted." in found and "\n\nPrinted in Lund\n\n" in found


def test_the_large_first_letter_of_a_text_belongs_to_its_paragraph(read):
    first = [
        (72, 720, 28, "F1", "T"),
        (90, 720, 10, "F1", "HE pump lifts water from the well to the tank, and the tank feeds the whole ward by its own"),
    ]
    second = [
        (90, 708, 10, "F1", "height and never by force, as the old one did, which was loud and broke in the first cold year")
    ]
    rest = page(
        ["that it saw. Two pumps share the work in turn, so that one of them can be opened while the other", "goes on."], 696
    )
    found = read([*first, *second, *rest]).markdown
    assert found.split("\n\n")[1].startswith("THE pump lifts water") and found.count("\n\n") == 1


def test_an_abstract_whose_word_is_glued_to_its_text_is_one_paragraph(read):
    lines = ["Abstract—Keeping pumps quiet is of great importance to the wards that stand around them in", *OPENING]
    found = read([(72, 750, 20, "F2", "Twin Pumps"), *page(lines)], page([*OPENING, "nobody sleeps."])).markdown
    assert (
        "## Abstract\n\nKeeping pumps quiet is of great importance to the wards that stand around them in A pump lifts" in found
    )


def test_a_sentence_in_a_narrow_column_beside_a_wide_one_is_one_paragraph(read):
    narrow = ["The pump is a kind of", "engine that the keepers of", "the ward have looked", "after since the flood."]
    wide = [(230, 720 - 14 * n, 10, "F1", line) for n, line in enumerate((*OPENING, BEGUN, *GOES_ON))]
    found = read([*page(narrow), *wide]).markdown
    assert "The pump is a kind of engine that the keepers of the ward have looked after since the flood." in found


def test_names_below_each_other_in_a_narrow_column_stay_apart(read):
    names = ["Old pump house", "Upper tank", "Keepers of the ward"]
    wide = [(230, 720 - 14 * n, 10, "F1", line) for n, line in enumerate((*OPENING, BEGUN, *GOES_ON))]
    assert "Old pump house\n\nUpper tank\n\nKeepers of the ward" in read([*page(names), *wide]).markdown
