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


BENEFITS = """# Benefits

## Life insurance

We offer life insurance cover for all employees of the yard. This policy pays out 4x your annual salary.

## Paternity leave

We provide 12 weeks paternity leave at full pay and the option of shared leave.

## Compassionate leave

This is discretionary paid time off when dealing with an upsetting situation such as a bereavement.

## Firewall

You should be running a local firewall configured to block any incoming traffic.

## Desk etiquette

Chairs should be returned to the correct desk or room, and meeting room tables should be clear.
"""


def test_a_benefit_has_a_page_by_its_facts_and_a_tip_has_none() -> None:
    topics = _topics(BENEFITS)
    named = {name for name, topic in topics.items() if topic.defined}
    assert {"Life insurance", "Paternity leave", "Compassionate leave"} <= named
    assert not {"Firewall", "Desk etiquette"} & named
    assert topics["Life insurance"].claims[0].text.endswith("This policy pays out 4x your annual salary.")
    (claim,) = topics["Compassionate leave"].claims
    assert claim.defines
    assert claim.text.startswith("Compassionate leave: This is discretionary paid time off")
    assert claim.quote.startswith("This is discretionary")


TIPS = """# Writing

## Use short lines

Use short lines in letters, at most 60 characters, and up to 12 words each for every reader of the yard.

## Letter spacing

Letter spacing of body text needs no change, as the yard offers 12 weeks of training each year.

## Avoid jargon

Avoid jargon in every letter of the yard.

## Keep promises

Keep promises in every letter of the yard.
"""


def test_a_section_among_tips_is_no_entry_of_a_handbook() -> None:
    assert not {name for name in _topics(TIPS) if "short lines" in name.lower() or "jargon" in name.lower()}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Deploy an emergency banner", "Emergency banner"),
        ("How A/B testing works", "A/B testing"),
        ("Fall back to AWS CloudFront", "AWS CloudFront"),
    ],
)
def test_a_title_with_an_act_names_the_thing_of_the_act(title: str, name: str) -> None:
    low = name if name[:2].isupper() or "/" in name else name.lower()
    text = (
        f"# {title}\n\nThe {low} is stored in a key of the yard and shown to all readers. The {low} can be removed by the crew.\n"
    )
    text += f"\nEvery {low} has a colour that the office chooses. Without the {low} nobody knows of the flood.\n"
    topics = _topics(text, "page.md")
    assert topics[name].defined
    assert title not in topics


def test_the_letters_of_a_note_stay_as_the_author_wrote_them() -> None:
    text = "A plot of the quantiles of two samples against each other. It shows whether both have the same distribution.\n"
    assert "qq-Plot" in _topics(f"# qq-Plot\n\n{text}", "qq-Plot.md")
    arp = "# ARP\n\nProtocol that maps the address of a network to that of a card.\n\n- arp replies are kept for a while\n"
    assert "ARP" in _topics(arp, "ARP.md")


def _slides(*slides: str) -> str:
    return "\n\n".join(f'<a name="page-{number}"></a>\n\n{slide}' for number, slide in enumerate(slides, 1))


def test_a_slide_whose_title_names_a_thing_gives_it_a_page_with_its_points() -> None:
    text = _slides(
        "# Pumps of the yard",
        "## Twin valve\n\n- Opens both sides at the same time\n- Needs no oil in the cold months\n- Replaces the old flap valve",
        "## Questions?\n\n- Who pays for the new valves of the yard?",
        "## Low water\n\n- Tide",
        "## Thanks\n\nThe crew",
    )
    topics = _topics(text, "pumps.pdf")
    assert topics["Twin valve"].defined
    assert [claim.text for claim in topics["Twin valve"].claims][:1] == ["Twin valve: Opens both sides at the same time."]
    assert "Low water" not in {name for name, topic in topics.items() if topic.defined}


def test_an_item_of_an_agenda_says_of_its_thing_what_was_done_with_it() -> None:
    outcome = "Poll passes, custom page sizes to phase 2."
    item = "Phase 2 poll for custom page sizes (Ann Lee, 20 minutes)"
    text = f"# Meeting of May 7\n\n### {item}\n\nAL: I would like to show the numbers.\n\n{outcome}\n"
    topics = _topics(text, "05-07.md")
    told = "Phase 2 poll for custom page sizes: Poll passes, custom page sizes to phase 2."
    assert [claim.text for claim in topics["Custom page size"].claims] == [told]
    assert (topics["Ann Lee"].entity_type, topics["Ann Lee"].claims[0].text) == ("person", f"{item}.")
    assert not any(topic.defined for topic in topics.values())


def test_the_thing_of_a_decks_title_waits_for_another_deck() -> None:
    text = _slides(
        "# Twin valves for pumps",
        "## Motivation\n\n- Both sides open at the same time\n- The old valves wear out too fast",
        "## Costs\n\n- Each of the valves is paid by the yard",
        "## Plan\n\n- Tide tables first",
        "## Thanks\n\nThe crew",
    )
    topic = _topics(text, "valves.pdf")["Twin valves"]
    assert not topic.defined
    assert topic.claims[0].text == "Twin valves for pumps: The old valves wear out too fast."


def test_an_imperative_heading_is_about_the_thing_it_names() -> None:
    text = "# Logs\n\n## Access Zorgl\n\nZorgl is available through the panel of the yard. Zorgl keeps the logs for 30 days.\n\n"
    text += "We use Zorgl to read the logs of all pumps. The crew of the yard pays for Zorgl each month.\n"
    topics = _topics(text, "logs.md")
    assert topics["Zorgl"].defined
    assert "Access Zorgl" not in topics


def test_the_page_of_a_note_says_first_what_it_is_then_how_it_works() -> None:
    how = "- it has gates at both ends of\n- if she is late, wait for the ship and the bell\n- open the upper gates of the lock\n"
    note = f"# Canal lock\n\n## how\n\n{how}\n## what it is\n\n- raises ships from a river to a canal\n"
    claims = [claim.text for claim in _topics(note, "Canal lock.md")["Canal lock"].claims]
    assert "raises ships" in claims[0]
    assert not any("if she" in text or text.endswith("ends of.") for text in claims)
