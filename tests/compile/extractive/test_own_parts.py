"""What authors give a document or a heading of its own gets a page, and what only looks like it does not."""

import pytest

from gitkb.compile.extractive.compiler import digest
from gitkb.model.documents import Conversion, Heading, Topic


def _topics(markdown: str, name: str = "page.md", title: str = "") -> dict[str, Topic]:
    headings = tuple(
        Heading(len(line) - len(line.lstrip("#")), line.lstrip("# "), f"h{number}", number)
        for number, line in enumerate(markdown.splitlines(), 1)
        if line.startswith("#")
    )
    conversion = Conversion(markdown, "text/markdown", "markdown/1", title=title, headings=headings)
    return {topic.name: topic for topic in digest(conversion, name=name).topics}


def test_the_other_names_of_a_note_are_those_of_what_it_is_about() -> None:
    text = "# Leak code\n\nA leak code is a short text that the pump shows when a seal fails. Each leak code has a cause.\n"
    headings = (Heading(1, "Leak code", "leak-code", 1),)
    conversion = Conversion(
        text, "text/markdown", "markdown/1", headings=headings, aliases=("LC", "Fault number", "leak code", "=)")
    )
    (topic,) = digest(conversion, name="Leak code.md").topics
    assert (topic.name, topic.aliases) == ("Leak code", ("Fault number", "LC"))


HANDBOOK = """# Benefits

## Pet insurance

Pet insurance is offered to everybody at a discount by the Harbour Union. There are no set rates.

## Summer hours

We work four days a week from May to August. When a holiday occurs during summer hours, staff can take either day off.

## Quillbee

Quillbee is our invoice and identity system. We only ever log in as a customer after they gave explicit permission to do so.

## Next steps

We will write more of this later. The office answers questions about all benefits of the company.
"""


def test_a_heading_that_names_a_thing_gives_it_a_page_with_what_stands_below() -> None:
    topics = _topics(HANDBOOK)
    assert {"Pet insurance", "Summer hours", "Quillbee"} <= {name for name, topic in topics.items() if topic.defined}
    assert topics["Summer hours"].claims[0].text == "We work four days a week from May to August."
    assert topics["Quillbee"].claims[0].defines
    assert not any("steps" in name.lower() for name in topics)


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Installing the pump", "The pump is installed by the crew of the yard. The pump has two valves that open at noon."),
        ("Overview", "An overview is what every handbook of the yard begins with. The overview has two pages in print."),
        ("3.2 Harbour data", "Records of all ships were kept for ten years. The clerks of the yard wrote them down by hand."),
        (
            "Harbour crews and their boats",
            "Records of ships were kept for years. The clerks of the yard wrote them down by hand.",
        ),
    ],
)
def test_a_heading_that_names_no_thing_gives_none(heading: str, text: str) -> None:
    topics = _topics(f"# Yard\n\nThe yard mends boats of all kinds in the north.\n\n## {heading}\n\n{text}\n")
    bare = heading.lower().lstrip("0123456789. ")
    assert not any(name.lower() == bare and topic.defined for name, topic in topics.items())


def test_a_note_is_the_page_of_what_its_file_is_called() -> None:
    note = "## Principle\n\n- a ripple sort compares every pair of neighbours and changes their places if they are out of order\n"
    note += "- each pass of the outer loop carries the largest element of the rest to its place at the end\n"
    topics = _topics(note, name="Ripple Sort.md")
    assert topics["Ripple Sort"].defined and len(topics["Ripple Sort"].claims) == 2
    assert not any("Ripple" in name for name in _topics(note, name="L10 Ripple Sort.md"))
    assert not any("2019" in name for name in _topics(note, name="Ripples 2019.md"))


def test_what_authors_propose_is_defined_by_what_they_say_it_is() -> None:
    text = "# TideNet: Learning from water\n\nIn this paper we present TideNet, a network that adapts its depth to the tide. "
    text += "TideNet halves the time that a forecast takes. TideNet was tried on four harbours of the north.\n"
    topic = _topics(text)["TideNet"]
    assert topic.defined and topic.claims[0].text == "TideNet: a network that adapts its depth to the tide."
    assert topic.claims[0].defines and topic.claims[0].quote.startswith("In this paper we present TideNet")


def test_a_name_with_its_short_form_is_a_heading_whatever_its_words() -> None:
    text = "# Rituals\n\n## Everyone on Watch (EOW)\n\nEverybody in the yard takes a watch now and then. "
    text += "Everyone on Watch shows the crew of the yard what goes wrong in the harbour.\n"
    topic = next(topic for topic in _topics(text).values() if "EOW" in topic.aliases)
    assert topic.name == "Everyone on Watch" and topic.defined


def test_an_entry_of_a_glossary_may_be_an_ordinary_word() -> None:
    text = "# Glossary\n\n## Instance\n\nAn instance is a label that tells one boat of a crew from the others.\n\n"
    text += "## Job\n\nA collection of boats with the same purpose is called a job in the yard.\n"
    assert {name for name, topic in _topics(text, title="Glossary").items() if topic.defined} >= {"Instance", "Job"}


def test_america_is_no_pronoun() -> None:
    text = "# Benefits\n\n## Dental insurance\n\nDental insurance in the US is provided through the Harbour Union. "
    text += "The company pays the whole premium of everybody who works in the yard.\n"
    assert "in the US" in _topics(text)["Dental insurance"].claims[0].text


def test_an_order_in_a_list_is_no_claim_without_its_lead() -> None:
    text = "# Moonlighting\n\nMoonlighting means working paid jobs for others outside of the yard. "
    text += "It needs a word with the crew.\n\n"
    text += "## Not allowed\n\n- Take on moonlighting that pulls attention from the boats of the yard for many days.\n"
    claims = [claim.text for topic in _topics(text).values() for claim in topic.claims]
    assert claims and not any(claim.startswith("Take on") for claim in claims)
