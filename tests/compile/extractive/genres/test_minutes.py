"""What minutes say: the meeting's name, its agenda, votes and decisions, and who said what."""

from gitkb.compile.extractive.compiler import digest
from gitkb.convert.draft import Draft, finish
from gitkb.convert.formats import MARKDOWN
from gitkb.model.documents import Digest

_HEAD = """## Agenda for the March 4th call of the Kiln Working Group

- **When**: 2023-03-04, 16:00 UTC
- **Where**: on the usual line

### Registration

No registration is required. The call is open to members of the kiln group only.

## Agenda items

1. Opening
1. Proposals and discussions
   1. Vote for hollow bricks (Ada Oven, 15 minutes)
1. Closure

## Meeting notes

"""
_HELD = """### Attendees

- Ada Oven
- Ben Clay

### Proposals and discussions

#### Vote for hollow bricks (Ada Oven, 15 minutes)

AO: The hollow brick needs less clay than the solid one. Threads of steam are a disaster for glazing because they crack it.

BC: I would too.

BC: The kilns in the north can burn it without any change.

SF: 7
F: 3
N: 1
A: 0

BC: Poll passes, hollow bricks go to phase 2.

#### Glaze without lead (Ben Clay, 20 minutes)

Consensus is reached to write it down.
"""


def _digest(text: str) -> Digest:
    return digest(finish(Draft(text), MARKDOWN.format), name="KG-03-04.md")


def test_minutes_are_named_by_the_heading_that_names_the_meeting_with_its_year() -> None:
    assert _digest(_HEAD + _HELD).title == "Agenda for the March 4th call of the Kiln Working Group (2023)"


def test_what_was_on_the_agenda_describes_minutes() -> None:
    assert _digest(_HEAD + _HELD).description == "Vote for hollow bricks; Glaze without lead."
    assert _digest(_HEAD).description == "Vote for hollow bricks."


def test_votes_and_decisions_are_the_points() -> None:
    assert [point.text for point in _digest(_HEAD + _HELD).summary] == [
        "Vote for hollow bricks: SF 7, F 3, N 1, A 0.",
        "Vote for hollow bricks: BC: Poll passes, hollow bricks go to phase 2.",
        "Glaze without lead: Consensus is reached to write it down.",
    ]


def test_a_vote_in_a_table_keeps_its_labels_and_its_question() -> None:
    table = "**Poll:** Take hollow bricks into the catalogue:\n\n|SF|F|N|A|SA|\n|--|--|--|--|--|\n|17|11|4|0|0|\n\n"
    points = _digest(_HEAD + _HELD.replace("SF: 7\nF: 3\nN: 1\nA: 0\n", table)).summary
    assert points[0].text == "Take hollow bricks into the catalogue: SF 17, F 11, N 4, A 0, SA 0."
    assert points[0].quote == "SF | F | N | A | SA 17 | 11 | 4 | 0 | 0"


def test_a_cancelled_meeting_says_so_and_nothing_else() -> None:
    made = _digest(_HEAD + "**Meeting cancelled due to empty agenda.**\n")
    assert made.description == "Meeting cancelled due to empty agenda."
    assert [point.text for point in made.summary] == ["Meeting cancelled due to empty agenda."]


def test_what_is_said_keeps_its_speaker_and_defines_nothing() -> None:
    made = _digest(_HEAD + _HELD.replace("SF: 7\nF: 3\nN: 1\nA: 0\n\nBC: Poll passes, hollow bricks go to phase 2.\n", ""))
    said = [point.text for point in made.summary]
    assert "AO: The hollow brick needs less clay than the solid one." in said
    assert not any("I would" in text or "Opening" in text or "Attendees" in text for text in said)
    told = [claim for topic in made.topics for claim in topic.claims if "disaster" in claim.text]
    assert all(claim.text.startswith("AO: ") and not claim.defines for claim in told)


def test_a_text_with_an_agenda_alone_is_no_minutes() -> None:
    text = "## Agenda\n\nThe brick is a block of clay that is burnt in a kiln.\n\n## Bricks\n\nBricks keep warmth.\n"
    assert _digest(text).description == "The brick is a block of clay that is burnt in a kiln."


def test_what_somebody_said_stands_behind_the_item_of_the_agenda() -> None:
    text = (
        "# Meeting of the pump club\n\n## Present\n\n* Ada Byron @adab (chair)\n* James Hill @jhill\n\n## Items\n\n"
        "* Buy new seals [#12](https://example.org/12)\n"
        "  * Ada: The price of new seals is twice that of the last spring in the shops of the town.\n"
        "  * Ada: The old seals of the twin pump are worn and the cold hall of the club is wet.\n"
    )
    made = digest(finish(Draft(text), MARKDOWN.format), name="05-07.md")
    [ada] = [topic for topic in made.topics if topic.name == "Ada Byron"]
    assert ada.claims and all(claim.text.startswith("Buy new seals – Ada") for claim in ada.claims)


def test_an_item_below_one_that_can_be_no_context_is_not_said_of_the_heading() -> None:
    text = "# Locks\n\n## Gates\n\n- One popular example is the mitre gate\n  - Closes to a point against the stream of water\n"
    made = digest(finish(Draft(text), MARKDOWN.format), name="locks.md")
    assert not any(claim.text.startswith("Gates: Closes") for claim in made.summary)
