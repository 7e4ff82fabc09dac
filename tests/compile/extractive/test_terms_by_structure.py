"""What the author's own structure makes of terms and definitions: titles, lists, bold words, short forms, rolls of people."""

import re

import pytest

from gitkb.compile.extractive.compiler import digest
from gitkb.compile.extractive.definitions import find_definition
from gitkb.compile.extractive.short_forms import short_forms
from gitkb.model.documents import Conversion, Heading, Topic
from gitkb.text.language.inflection import german_base, singular
from gitkb.text.names.slugs import slug, topic_key


def _topics(markdown: str, name: str = "x.md") -> dict[str, Topic]:
    found = [(number, re.fullmatch(r"(#+) (.*)", line)) for number, line in enumerate(markdown.split("\n"), 1)]
    headings = tuple(Heading(len(m[1]), m[2], slug(m[2]), number) for number, m in found if m)
    made = digest(Conversion(markdown, "text/markdown", "m/1", headings=headings), name=name)
    return {topic.name: topic for topic in made.topics}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The Lake File System (LFS) is old.", [("Lake File System", "LFS")]),
        ("LFS (Lake File System) is old.", [("Lake File System", "LFS")]),
        ("Qualifying Lake Events (QLEs) count.", [("Qualifying Lake Events", "QLE")]),
        ("A cell of long lake memory (LLM) and a tool (OK).", [("long lake memory", "LLM")]),
        ("See the list (ABC) of it.", []),
        ("The Equal Employment Opportunity Commission (EEOC) heard it.", [("Equal Employment Opportunity Commission", "EEOC")]),
    ],
)
def test_short_forms_are_told_from_remarks(text: str, found: list[tuple[str, str]]) -> None:
    assert list(short_forms(text)) == found


def test_capitals_alone_make_no_name_of_ordinary_words() -> None:
    text = (
        "Principal Component Analysis (PCA) is a method. Teams use Principal Component Analysis on every new table of the lake."
    )
    topic = _topics(f"# Tables\n\n{text} PCA keeps most of the variance. PCA needs columns of one scale.\n")
    assert topic["Principal Component Analysis"].kind == "concept"


def test_what_is_said_of_the_short_form_is_said_of_the_long_one() -> None:
    text = (
        "The Lake File System (LFS) is a file system that spans many lakes. LFS keeps three copies of each chunk in other lakes. "
        "Without a master LFS cannot find its chunks."
    )
    topic = _topics(f"# Files\n\n{text}\n")["Lake File System"]
    assert topic.aliases == ("LFS",) and topic.defined
    assert any(claim.text.startswith("LFS keeps") for claim in topic.claims)


@pytest.mark.parametrize(
    "text",
    [
        "Lake voting is a way in which lakes agree on one plan.",
        "By lake voting we mean a vote of all lakes on one plan.",
        "A vote of all lakes on one plan is called lake voting.",
    ],
)
def test_forms_of_definitions(text: str) -> None:
    found = find_definition(text, "en")
    assert found is not None and found.key == "lake voting"


@pytest.mark.parametrize(
    "text",
    [
        "Lake voting is important for all of us.",
        "Lakes are okay with the vote coming a week late.",
        "Lake voting is an ongoing process.",
    ],
)
def test_what_tells_nothing_defines_nothing(text: str) -> None:
    assert find_definition(text, "en") is None


def test_a_glossary_and_bold_terms_define() -> None:
    topics = _topics(
        "# Words of the pump club\n\n## Glossary\n\n- **Twin pump**: a pump with two pistons that work in turn\n"
        "- **Leak code**: the number on a pipe by which a leak is found\n- **Owner**: Ada\n"
    )
    assert topics["Twin pump"].defined and topics["Leak code"].defined and "Owner" not in topics
    assert topics["Twin pump"].claims[0].text == "Twin pump: a pump with two pistons that work in turn."


def test_labels_and_orders_before_a_colon_are_no_terms() -> None:
    topics = _topics(
        "# Plan\n\n- **Cold hall**: close the valve of the hall\n- **Warm hall**: the hall is heated by the twin pump\n"
    )
    assert not [name for name, topic in topics.items() if topic.defined]


def test_a_note_whose_name_is_a_term_is_about_it() -> None:
    topics = _topics(
        "## Definition\n\nLeak coding is a way of finding a broken pipe by a number on each pipe.\n", "Leak Coding.md"
    )
    assert topics["Leak coding"].defined


def test_a_plural_name_keeps_its_plural() -> None:
    text = (
        "Batch Pumps is a product that changes many pumps at once. Teams use Batch Pumps for all halls of the club. "
        "A licence of Batch Pumps costs ten crowns."
    )
    assert "Batch Pumps" in _topics(f"# Batch Pumps\n\n{text}\n")


def test_people_of_minutes_are_people() -> None:
    topics = _topics(
        "# Minutes of the pump club\n\nPresent: Ada Byron, James Hill (chair), Myles Okoro\n\n"
        "James Hill reported that the twin pump leaks again in the cold hall. Ada Byron proposed to change both seals.\n"
        "The club asked Myles Okoro for the price of the new seals in spring.\n"
    )
    assert {name: topics[name].entity_type for name in ("Ada Byron", "James Hill", "Myles Okoro")} == dict.fromkeys(
        ("Ada Byron", "James Hill", "Myles Okoro"), "person"
    )


def test_a_name_of_which_nothing_tells_more_is_a_name() -> None:
    kept = "Quorbel has been kept in the cellar of the house for many long years."
    text = f"{kept} We saw Quorbel again. People in the hall like Quorbel very much for it. Nobody knows why Quorbel is here."
    assert _topics(f"# Halls\n\n{text}\n")["Quorbel"].entity_type == "name"


@pytest.mark.parametrize("name", ["James", "Kubernetes", "Myles", "Jenkins", "Postgres", "prom2teams"])
def test_a_name_in_s_is_no_plural(name: str) -> None:
    assert singular(name) == name and topic_key(name, "en") == name.lower()


@pytest.mark.parametrize(
    ("word", "base"),
    [("Kündigungen", "Kündigung"), ("Bundestages", "Bundestag"), ("Bundeswahlgesetzes", "Bundeswahlgesetz"), ("Haus", "Haus")],
)
def test_german_nouns_have_their_base_form(word: str, base: str) -> None:
    assert german_base(word) == base


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Textfragment", "Textfragmente"),
        ("Checkbox", "Checkboxen"),
        ("Datenquelle", "Datenquellen"),
        ("Vertrag", "Verträge"),
        ("Mietvertrag", "Mietverträgen"),
        ("Haus", "Häuser"),
        ("Textmarke", "Textmarken"),
        ("Ergebnis", "Ergebnisse"),
        ("Sachleitende Verfügung", "Sachleitenden Verfügungen"),
        ("Regulärer Ausdruck", "Reguläre Ausdrücke"),
    ],
)
def test_a_german_noun_is_one_name_in_the_singular_and_the_plural(one: str, other: str) -> None:
    assert topic_key(one, "de") == topic_key(other, "de")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Note", "Not"),
        ("Kante", "Kant"),
        ("Länge", "lang"),
        ("Breite", "breit"),
        ("Liste", "List"),
        ("Kosten", "Kost"),
        ("Ware", "War"),
    ],
)
def test_german_words_that_only_look_alike_stay_apart(one: str, other: str) -> None:
    assert topic_key(one, "de") != topic_key(other, "de")


def test_a_german_term_has_one_page_with_a_name_of_its_text() -> None:
    text = "Ein Textbaustein ist ein Stück Text, das in Briefe eingefügt wird. Textbausteine liegen in der Vorlage des Amtes."
    more = "Die Vorlage kennt alle Textbausteine. Wer Textbausteine pflegt, ändert sie an einer Stelle für alle Briefe."
    found = [name for name in _topics(f"# Briefe\n\n{text} {more}\n") if name.startswith("Textbaustein")]
    assert found == ["Textbaustein"]


def test_a_german_name_stands_once_in_the_nominative() -> None:
    topics = _topics(
        "# Wahlrecht\n\nDer Deutsche Bundestag besteht aus Abgeordneten. Die Abgeordneten des Deutschen Bundestages "
        "werden auf vier Jahre gewählt. Der Deutsche Bundestag wählt seinen Präsidenten und dessen Stellvertreter.\n"
    )
    assert [name for name in topics if "Bundestag" in name] == ["Deutscher Bundestag"]


def test_the_mark_of_a_list_in_a_paragraph_is_no_part_of_a_claim() -> None:
    text = "Lake voting is a way in which lakes agree on one plan. (b) The lake voting of Ada ends after two rounds of letters."
    claims = {claim.text for claim in _topics(f"# Lake voting\n\n{text}\n")["Lake voting"].claims}
    assert "The lake voting of Ada ends after two rounds of letters." in claims
