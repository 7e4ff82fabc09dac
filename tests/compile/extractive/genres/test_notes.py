"""What notes without sentences say they are about, and what is no word about the subject."""

import pytest

from gitkb.compile.extractive.claims import claim_text
from gitkb.compile.extractive.compiler import digest
from gitkb.convert.draft import Draft, finish
from gitkb.convert.formats import MARKDOWN
from gitkb.model.documents import Digest

_STEPS = "\n\n## Steps\n\n- stack the bricks with a finger between them\n- light the small fire first\n"


def _digest(text: str, name: str = "Hoffmann kiln.md") -> Digest:
    return digest(finish(Draft(text), MARKDOWN.format), name=name)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Used to burn bricks in a ring of chambers" + _STEPS, "Used to burn bricks in a ring of chambers."),
        ("- what: kiln with a fire that moves in a ring" + _STEPS, "Kiln with a fire that moves in a ring."),
        ("## What it is\n\n- ring of brick chambers\n- fed from the roof" + _STEPS, "Ring of brick chambers; fed from the roof."),
        ("**Purpose**\n\n- burn bricks all year\n\n**Explanation**\n\n- move the fire from chamber to chamber" + _STEPS,
         "Move the fire from chamber to chamber."),
    ],
)  # fmt: skip
def test_a_note_says_first_what_its_subject_is(text: str, told: str) -> None:
    made = _digest(text)
    assert made.description == told
    assert any(told.partition(";")[0].rstrip(".").lower() in point.text.lower() for point in made.summary)


def test_a_line_with_a_subject_of_its_own_says_not_what_the_title_means() -> None:
    made = _digest("Ada burns bricks in a ring" + _STEPS)
    assert not any(claim.defines for topic in made.topics for claim in topic.claims)


def test_the_page_of_a_notes_title_begins_with_what_it_is() -> None:
    text = "- gains\n  - the Hoffmann kiln saves half of the coal\n- what: kiln with a fire that moves from chamber to chamber\n"
    more = "\nThe Hoffmann kiln is fed from the roof. The Hoffmann kiln has twelve chambers in a ring around one chimney.\n"
    topic = next(topic for topic in _digest(text + more).topics if topic.name.lower() == "hoffmann kiln")
    assert topic.claims[0].text == f"{topic.name}: kiln with a fire that moves from chamber to chamber."
    assert topic.claims[0].defines


def test_bullets_below_a_question_about_a_thing_lead_its_page() -> None:
    text = (
        "# Works\n\n## What is a HK (Hoffmann kiln)?\n\n- Hoffmann kiln\n- Ring of rooms in which fire moves\n\n## Costs\n\n"
        "The Hoffmann kiln saves half of the coal. The Hoffmann kiln is fed from the roof. The Hoffmann kiln has six chambers.\n"
    )
    topic = next(topic for topic in _digest(text, "works.md").topics if topic.name.lower() == "hoffmann kiln")
    assert topic.claims[0].text == f"{topic.name}: Ring of rooms in which fire moves."


def test_lines_about_a_note_and_caveats_do_not_describe_it() -> None:
    made = _digest(
        "Related: [[Coal]], [[Chimney]]\n\nNote: The drawing of it was lost in the fire of 1901.\n\n- fed from the roof by hand\n"
    )
    assert made.description == "Fed from the roof by hand."


def test_a_callouts_label_is_no_word_of_its_sentence() -> None:
    made = _digest(
        "# Kiln\n\nHINWEIS Der Ofen darf im Winter nicht ohne Schutz stehen, weil die Steine sonst springen.\n", "ofen.md"
    )
    assert [point.text for point in made.summary] == [
        "Der Ofen darf im Winter nicht ohne Schutz stehen, weil die Steine sonst springen."
    ]


def test_code_is_no_point_of_a_deck() -> None:
    slides = (
        '<a name="page-1"></a>\n\nGreen fires\n\nAda Oven\n\n<a name="page-2"></a>\n\n## Example\n\n'
        "(call $light) (resume $fire (ref $k)) ;; ended\n\n"
    )
    points = [point.text for point in _digest(slides + "Fires wait for each other in a ring\n", "2020-fires.pdf").summary]
    assert points == ["Green fires: Fires wait for each other in a ring."]


@pytest.mark.parametrize(
    ("leaning", "language"),
    [
        ("Better still would be to move the fire into the second chamber.", "en"),
        ("Since the change of the coal this procedure may no longer work.", "en"),
        ("Mit wenigen Kammern sollte in solchen Fällen ein kleiner Ofen gebaut werden.", "de"),
    ],
)
def test_a_sentence_that_leans_on_another_is_no_claim(leaning: str, language: str) -> None:
    assert claim_text(leaning, language) == ""
