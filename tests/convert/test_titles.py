"""The title of a document: what evidence counts, in which order, and the reason that is given."""

import pytest

from gitkb.convert.outline import outline
from gitkb.convert.title import choose, evidence, is_telling, readable_name
from gitkb.model.documents import TitleCandidate, TitleKind


def chosen(markdown: str, *offered: tuple[TitleKind, str], name: str = "a-name.md") -> str:
    return reasoned(markdown, *offered, name=name).text


def reasoned(markdown: str, *offered: tuple[TitleKind, str], name: str = "a-name.md") -> TitleCandidate:
    candidates = tuple(TitleCandidate(kind, text) for kind, text in offered)
    return choose(evidence(candidates, markdown, outline(markdown)), name)


def test_the_best_evidence_wins_whatever_the_order():
    text = "# Pumps\n\nWater rises.\n"
    assert chosen(text, ("metadata", "Pumps"), ("largest", "Large"), ("stated", "Wells")) == "Wells"
    assert (
        chosen("Water rises.\n", ("opening", "Opening words"), ("largest", "Large words"), ("style", "Styled words"))
        == "Styled words"
    )
    assert chosen("Water rises.\n", ("opening", "Opening words"), ("largest", "Large words")) == "Large words"


@pytest.mark.parametrize("words", ["form", "Untitled", "Reference", "1 Introduction", "report.docx"])
def test_a_stated_title_is_not_judged_by_its_words(words):
    assert chosen("# Something else\n\nWater rises.\n", ("stated", words)) == words


@pytest.mark.parametrize(
    "words",
    [
        "Answer: B",
        "Definition",
        "Sheet1",
        "Untitled 2",
        "![a picture](p.png)",
        "FORM 7-W",
        "Microsoft Word - plan.doc",
        "§ 1",
        "Chapter 3",
        "1 Introduction",
        "Click here to add a title",
        "- 12 -",
        "https://example.org/a",
        "Slide 4",
        "[1] This is a footnote.",
        "i I 1 I",
    ],
)
def test_what_says_nothing_of_its_own_gives_way_to_the_name_of_the_file(words):
    assert chosen("Water rises.\n", ("largest", words), name="Leak_codes.pdf") == "Leak codes"


def test_metadata_count_only_where_the_text_says_the_same():
    text = "The Twin Pump of Lund\n\nWater rises in it.\n"
    assert chosen(text, ("metadata", "The twin pump of Lund")) == "The twin pump of Lund"
    assert chosen(text, ("metadata", "Board December 2017")) == "a name"
    assert chosen("Standard of Pumps 4.0.3 is here.\n", ("metadata", "Standard of Pumps 4.0")) == "a name"


def test_metadata_that_the_text_bears_out_complete_the_largest_line():
    text = "CBAM: Convolutional Attention\n\nWe propose it.\n"
    assert (
        chosen(text, ("largest", "Convolutional Attention"), ("metadata", "CBAM: Convolutional Attention")) == text.split("\n")[0]
    )


def test_the_first_of_several_headings_is_a_section():
    assert chosen("# Cloud\n\nIt is far.\n\n# Systems\n\nThey are many.\n") == "a name"
    assert chosen("# Cloud\n\nIt is far.\n\n## Systems\n\nThey are many.\n") == "Cloud"
    assert chosen("Before the heading stands a whole sentence of many words.\n\n# Cloud\n\nIt is far.\n") == "a name"


def test_a_name_that_says_nothing_gives_way_to_the_first_heading():
    text = "# Cloud\n\nIt is far.\n\n# Systems\n\nThey are many.\n"
    assert chosen(text, name="README.md") == chosen(text, name="scan 0001.md") == chosen(text, name="1706.03762.md") == "Cloud"


def test_a_name_and_a_heading_that_say_the_same_are_one():
    found = reasoned("## Twin pump\n\nIt is quiet.\n\n## Care\n\nIt needs little.\n", name="Twin_Pump.md")
    assert (found.text, found.where) == ("Twin pump", "first heading; the file's name says the same")


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("Twin Pump.md", "Twin Pump"),
        ("useRef.md", "useRef"),
        ("leak_codes-2.txt", "leak codes 2"),
        ("mother-in-law in town.md", "mother-in-law in town"),
        ("setting___theme modes.md", "setting/theme modes"),
        ("2017-04-06.md", "2017-04-06"),
        ("a%20b.html", "a b"),
        ("V1.2 notes.docx", "V1.2 notes"),
    ],
)
def test_a_name_is_made_readable(name, readable):
    assert readable_name(name) == readable


def test_a_first_heading_that_says_the_name_and_more_is_the_title():
    text = "# Booking travel through Navan\n\nIt is easy.\n\n# How to begin\n\nAsk.\n"
    assert chosen(text, name="Navan.md") == "Booking travel through Navan"
    assert chosen("# Brain dump:\n\nIt is full.\n") == "a name"


def test_some_names_tell_nothing():
    assert not any(map(is_telling, ["README.md", "index.html", "Untitled 3.docx", "1706.03762.pdf", "3f2a9c81d0.pdf", "12.pdf"]))
    assert all(map(is_telling, ["Twin Pump.md", "k8s-notes.md", "plan.docx"]))


def test_every_choice_has_a_reason():
    assert reasoned("# Pumps\n\nWater rises.\n").where == "heading 1 that opens the text"
    assert reasoned("Water rises.\n", ("largest", "Large words")).where == "largest text at the beginning"
    assert reasoned(
        "Water rises in all of the many wells of this very long opening line, which is far too long for a title of it.\n"
    ).where == ("file name: the text has no title of its own")


def test_a_text_file_is_called_by_its_first_line_where_that_stands_alone(tmp_path):
    from gitkb.convert.plaintext import plain
    from gitkb.formats.settings import ConversionSettings

    def first(text):
        file = tmp_path / "words.txt"
        file.write_text(text, encoding="utf-8")
        return [one.text for one in plain.read(file, "words.txt", ConversionSettings()).titles]

    assert first("Glossary of the pump room\n\nA valve is a part that closes a line.\n") == ["Glossary of the pump room"]
    assert first("A valve closes a line.\n\nMore of it.\n") == []
    assert first("Notes\non two lines\n\nText.\n") == []
    assert first("Alone\n") == []


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        ("###### upstream: [[Pumps]]\n\nWater rises in the well of the town.\n", "Twin Pump.md", "Twin Pump"),
        ("###### upstream: Pumps\n\n# Pumps of Lund\n\nWater rises.\n", "Twin Pump.md", "Pumps of Lund"),
        (">[!abstract] Related\n>- \n\nWater rises in the well of the town.\n", "Twin Pump.md", "Twin Pump"),
        ("## Common commands\n\nWater rises.\n", "Twin Pump.md", "Twin Pump"),
        ("## Common commands\n\nWater rises.\n", "pump.md", "Common commands"),
        ("## Parts of a twin pump\n\nWater rises.\n", "Twin Pump.md", "Parts of a twin pump"),
        ("## Uses of a twin pump\n\nWater.\n\n## Parts\n\nIron.\n", "Twin Pump.md", "Twin Pump"),
        ("# Water from pumps\n\nIt rises.\n\n# Parts\n\nIron.\n", "Pumps.md", "Water from pumps"),
        ("[[Twin pump of Lund]]\n\nWater rises.\n", "Pump.md", "Pump"),
        ("type:: Pump\n\nWater rises.\n", "Pump.md", "Pump"),
    ],
)
def test_a_note_named_by_hand_keeps_its_name_where_a_heading_or_line_says_less(text, name, title):
    assert chosen(text, name=name) == title


def test_the_only_heading_above_the_contents_is_the_title_whatever_the_file_is_called():
    cover = "![logo](picture-1.png)\n\n## The Care of Twin Pumps\n\n### Final\n\nMay 2019\n\n"
    parts = "## Seals\n\nA seal is cut from rubber.\n\n## Valves\n\nA valve has a seal.\n"
    assert chosen(f"{cover}**Contents**\n\n{parts}", name="Water Works 4.docx") == "The Care of Twin Pumps"
    assert chosen(f"{cover}## Inhalt\n\n{parts}", name="Water Works 4.docx") == "The Care of Twin Pumps"
    assert chosen(f"{cover}{parts}", name="Water Works 4.docx") == "Water Works 4"


def test_a_shown_title_is_not_completed_by_properties_and_a_name_that_nobody_sees():
    text, hidden = "Twin Pumps 4\n\nWater rises in them.\n", "Keepers Twin Pumps 4 (es)"
    assert chosen(text, ("largest", "Twin Pumps 4"), ("metadata", hidden), name="Keepers Twin Pumps 4-es.pdf") == "Twin Pumps 4"
    assert chosen(text, ("largest", "PARMA 2023"), ("metadata", hidden), name="Keepers Twin Pumps 4-es.pdf") == hidden
