"""What is said of a thing must name it, or the thing gets no page; people of minutes; Italian and German terms."""

import pytest

from gitkb.compile.extractive.candidates import Candidate
from gitkb.compile.extractive.compiler import digest
from gitkb.compile.extractive.naming import names
from gitkb.model.documents import Conversion, Heading, Topic
from gitkb.text.language.inflection import italian_base
from gitkb.text.names.slugs import topic_key


def _topics(markdown: str, name: str = "page.md", language: str = "en") -> dict[str, Topic]:
    headings = tuple(
        Heading(len(line) - len(line.lstrip("#")), line.lstrip("# "), f"h{number}", number)
        for number, line in enumerate(markdown.splitlines(), 1)
        if line.startswith("#")
    )
    conversion = Conversion(markdown, "text/markdown", "markdown/1", headings=headings)
    return {topic.name: topic for topic in digest(conversion, name=name, language=language).topics}


def _has_page(topics: dict[str, Topic], name: str) -> bool:
    return any(topic.defined for known, topic in topics.items() if known.lower() == name)


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Lamp storage", "Every hall keeps its records in the cellar. The clerks of the yard write them down by hand."),
        ("Interns", "Interns should bring their own lamp to the yard in the first week of the month."),
        ("How are lamps counted", "Our clerks count the lamps of the yard from the lists of the harbour every month."),
    ],
)
def test_a_heading_of_which_nothing_is_said_makes_no_page(heading: str, text: str) -> None:
    topics = _topics(f"# Yard\n\nThe yard mends lamps of all kinds in the north.\n\n## {heading}\n\n{text}\n")
    assert not _has_page(topics, heading.lower())
    assert not _has_page(topics, heading.lower().removesuffix("s"))


def test_a_short_form_is_found_as_it_is_written() -> None:
    term = Candidate("mean average precision", shorts={"MAP"})
    assert names(term, "A MAP of one is the best that a list can have.")
    assert names(term, "Mean average precision tells how good a list is.")
    assert not names(term, "The crews map the harbour by hand every spring.")
    assert not names(Candidate("captivate"), "CaptivateIQ is a program of the harbour.")


def test_a_label_of_a_list_before_a_whole_sentence_defines_nothing() -> None:
    text = "# Widgets\n\n- **Optimization**: Consumer provides features that can lead to fewer rebuilds of a tree.\n"
    text += "- **Clarity**: Provider supports names that tell a reader of the tree what a value is for.\n"
    assert not any(claim.defines for topic in _topics(text).values() for claim in topic.claims)


def test_a_first_name_is_that_of_the_one_present_who_is_called_so() -> None:
    text = "# Meeting of the pump club\n\n## Present\n\n* Ada Byron @adab (chair)\n* James Hill @jhill\n* James Okoro @jo\n\n"
    text += "## Seals\n\nAda: The seals of the twin pump leak again in the cold hall of the club.\n\n"
    text += "Ada reported that the price of new seals doubled in the spring of the year.\n\n"
    text += "James: The old seals of the club should be kept for another year or two.\n"
    topics = _topics(text)
    assert topics["Ada Byron"].entity_type == "person"
    assert any(claim.text.startswith("Ada reported that") for claim in topics["Ada Byron"].claims)
    assert not {"Ada", "James", "James Hill", "James Okoro"} & topics.keys()


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("dipendenze", "dipendenza"),
        ("funzionali", "funzionale"),
        ("funzione", "funzione"),
        ("ipotesi", "ipotesi"),
        ("logiche", "logica"),
        ("aleatorie", "aleatoria"),
        ("della", "della"),
    ],
)
def test_italian_singulars(word: str, base: str) -> None:
    assert italian_base(word) == base


def test_an_italian_term_has_one_page_in_singular_and_plural() -> None:
    assert topic_key("Dipendenze Funzionali", "it") == topic_key("Dipendenza funzionale", "it") == "dipendenza-funzionale"
    assert topic_key("DNS", "it") == "dns"


def test_a_german_act_and_a_verb_without_subject_are_none() -> None:
    text = "# Lampen\n\nDie Lampe ist ein Gerät, das jede Halle der Werft in der Nacht hell macht.\n\n"
    text += "## Lampen putzen\n\nDie Lampen werden von der Werft einmal im Monat geputzt und gezählt.\n\n"
    text += "verkleinert die Lampe auf die Größe der Halle und macht sie heller als zuvor.\n"
    topics = _topics(text, language="de")
    assert not _has_page(topics, "lampen putzen")
    assert not any(claim.text.startswith("verkleinert") for topic in topics.values() for claim in topic.claims)


def test_a_term_without_blanks_keeps_its_capitals() -> None:
    text = "# 用語集\n\n## CSS トランジション\n\nCSS トランジションは、要素の見た目をゆっくりと変えるための仕組みです。\n"
    topics = _topics(text, language="ja")
    assert "CSS トランジション" in topics and "css トランジション" not in topics


def test_a_note_is_its_titles_page_though_its_sentences_do_not_name_it() -> None:
    note = """# Wavelet Transform

Decompose a signal into different frequency bands which keep relative distances and make natural clusters visible.

## Advantages

- many resolutions: detect clusters of any shape at different scales
- removes outliers, insensitive to noise and to the order of the input
- cheap to compute for signals of any length
"""
    assert _has_page(_topics(note, "Wavelet Transform.md"), "wavelet transform")
