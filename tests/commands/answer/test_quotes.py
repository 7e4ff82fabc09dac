"""Answers without a model: the passage that answers comes first, one a document, and answers that were saved are none."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Ask = Callable[[Mapping[str, str], str], list[tuple[str, str]]]

LEAKS = {
    "leak-codes.md": "# Leak Codes\n\n- find a broken pipe by a number on each pipe\n- one wrong pipe can be found and mended\n"
    "- two wrong pipes can be found only\n",
    "painting.md": "# Painting\n\nA painter can code the width of a pipe by colour. Usually the code is embedded in the plan.\n",
    "guthaben.md": "# Gesetz über Gartenvereine mit kleinem Vermögen\n\n## § 5 Grundvermögen\n\n"
    "(1) Das Grundvermögen des Vereins muss mindestens neunhundert Kronen betragen.\n\n"
    "(2) Das Grundvermögen wird vor der Eintragung gezahlt.\n",
    "streit.md": "# Gesetz über Streit in Gärten\n\n## § 1 Klage\n\n"
    "Das gleiche gilt für die Verbände der jeweils höchsten Stufe, sofern die Satzung nichts anderes bestimmt.\n\n"
    "## § 2 Schlichtung\n\nBei Streit zwischen einer Gruppe und einem Mitglied entscheidet das Gericht der höchsten Stufe.\n",
}
_PLACE = re.compile(r" \[[^\]]*\]\(sources/docs/([^()#]*)\.md[^()]*\)$")


@pytest.fixture
def ask(tmp_path: Path, run: Run, write_files: Callable[[Path, Mapping[str, str]], Path]) -> Ask:
    """(document, quote) of each passage that `gitkb query` shows for a question about these documents, in order."""

    def asked(documents: Mapping[str, str], question: str) -> list[tuple[str, str]]:
        kb = tmp_path / "kb"
        if not kb.exists():
            write_files(tmp_path / "docs", documents)
            assert run("init", kb).code == 0
            assert run("add", tmp_path / "docs", "--kb", kb).code == 0
        answer = json.loads(run("query", question, "--json", "--kb", kb).out)["answer"]
        quotes = [part for part in answer.split("\n\n") if part.startswith("> ")]
        places = [_PLACE.search(quote) for quote in quotes]
        return [(at[1], quote[: at.start()]) for quote, at in zip(quotes, places, strict=True) if at]

    return asked


@pytest.mark.parametrize(
    ("question", "document", "words"),
    [
        ("What does a leak code do?", "leak-codes", "find a broken pipe"),
        ("Wie hoch ist das Grundvermögen des Vereins mindestens?", "guthaben", "neunhundert Kronen"),
        ("Wer entscheidet bei Streit zwischen einer Gruppe und einem Mitglied?", "streit", "entscheidet das Gericht"),
    ],
)
def test_the_note_that_is_about_it_answers_first(ask: Ask, question: str, document: str, words: str) -> None:
    found = ask(LEAKS, question)
    assert found[0][0] == document and words in found[0][1]


SALES = {
    "sales.md": "# Sales\n\nWe sell lamps and chairs. Lamp sales are counted each year.\n\n"
    "| | 2022 | 2023 |\n|---|---|---|\n| Lamp sales | 39,012 | 40,665 |\n| Chair sales | 7,100 | 8,250 |\n",
    "plan.md": "# Plan\n\nLamp sales in 2023 shall grow as they did before.\n",
}


def test_a_row_of_a_table_answers_with_the_heads_of_its_columns(ask: Ask) -> None:
    found = ask(SALES, "How many lamp sales were there in 2023?")
    assert found[0][0] == "sales" and "Lamp sales – 2022: 39,012; 2023: 40,665" in found[0][1]


PUMPS = {
    "old.md": "# Old pump\n\nThe old pump is in the hall. The old pump was mended by a person of the team.\n",
    "log.md": "# Log of the hall\n\nThe old pump was painted.\n\n"
    "The old pump was mended in March 1998.\n\nAda Tester mended the old pump.\n",
    "why.md": "# Notes\n\nThe old pump was mended because its seal leaked.\n",
}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("When was the old pump mended?", "March 1998"),
        ("Who mended the old pump?", "Ada Tester"),
        ("Why was the old pump mended?", "because its seal leaked"),
    ],
)
def test_a_passage_with_what_is_asked_for_comes_before_others(ask: Ask, question: str, words: str) -> None:
    assert words in ask(PUMPS, question)[0][1]


GLAZE = {
    "kiln.md": "# Kiln\n\n## Colours of a glaze\n\nThey are mixed by hand from ash and tin. "
    + "The oven is shut while this is done, and nobody may leave the hall before the lamp is out. " * 5
    + "\n\nThe colours of a glaze that is old fade, as a glaze of bad colours does.\n",
    "paper.md": "# Firing\n\nBuckets of the crew are a matter of taste [80], and of buckets it is told in Table 5.\n\n"
    "On a good day the crew carries 40 buckets.\n\n## References\n\n- [12] A. Tester, Buckets of the crew, vol. 3, pp. 4-9.\n",
    "terms.md": "# Terms\n\n- Slip: clay that is thinned with water.\n- A bisque: the firing of a slip, a slip being clay.\n",
    "seen.md": "# Seen\n\n7 shelves held the vases of 30 visitors in May.\n\nThe vases stood there, 12 days long.\n",
}


def test_a_section_about_the_matter_a_number_of_the_things_and_an_entry_answer_first(ask: Ask) -> None:
    answers = {
        "Which colours does a glaze have?": "mixed by hand from ash and tin",
        "How many buckets does the crew carry?": "40 buckets",
        "What is a slip?": "clay that is thinned with water",
        "How many visitors had vases?": "30 visitors",
    }
    assert [words for question, words in answers.items() if words not in ask(GLAZE, question)[0][1]] == []


def test_a_list_of_references_comes_after_what_says_something(ask: Ask) -> None:
    documents = {
        "refs.md": "# Rivers\n\n## References\n\n- [4] B. Mill, Salmon of northern rivers, vol. 2, pp. 7-9.\n",
        "note.md": "# Fish\n\nOf northern rivers we know that few have salmon.\n",
    }
    assert ask(documents, "Which northern rivers have salmon?")[0][0] == "note"


def test_what_explains_a_thing_comes_before_what_only_names_it(ask: Ask) -> None:
    documents = {
        "use.md": "# Use\n\nEvery quorum counts. We use a quorum for the quorum of a quorum, and ask each quorum twice.\n",
        "terms.md": "# Terms\n\nA quorum is a set of machines that overlaps with every other such set.\n",
    }
    assert ask(documents, "What is a quorum?")[0][0] == "terms"


def test_other_documents_come_before_a_second_passage_of_one(ask: Ask) -> None:
    part = "The blue valve is opened by hand, says part {} of the manual of this machine in the hall."
    long = "# Manual\n\n" + "".join(f"## Part {n}\n\n{part.format(n)}\n\n" for n in range(1, 5))
    said = (
        "The crew opened the blue valve on Monday.",
        "Nobody opens a blue valve in winter.",
        "Frost keeps the blue valve open.",
    )
    others = {f"note-{n}.md": f"# Note {n}\n\n{text}\n" for n, text in enumerate(said)}
    found = [document for document, _ in ask({"manual.md": long, **others}, "How is the blue valve opened?")]
    assert len(set(found[:4])) == 4


def test_a_long_passage_answers_twice(ask: Ask) -> None:
    items = "".join(f"- The glaze of batch {n} is fired slowly, and nobody opens the door of the oven yet.\n" for n in range(8))
    text = f"# Oven\n\n- Vases need a kiln that is hot.\n{items}- A kiln for vases costs 700 crowns.\n- It is blue.\n{items}"
    found = [words for _, words in ask({"oven.md": text}, "Which kiln do vases need?")]
    assert all(any(part in words for words in found) for part in ("that is hot", "700 crowns"))


def test_a_quote_does_not_end_with_what_leads_on_to_the_answer(ask: Ask) -> None:
    items = "".join(f"- Keys of row {n} are pressed one after the other, and nothing is shown until then.\n" for n in range(5))
    opening = (
        "- A shortcut is shown in the menu, and also in the list of all keys at the end of this page.\n- A shortcut is short.\n"
    )
    means = (
        "- `mod` means\n  - the left key of the lamp, which is the one that people press with the thumb of the hand that writes\n"
    )
    text = f"# Keyboard\n\n{opening}{items}{means}"
    assert "the left key of the lamp" in ask({"keys.md": text}, "What does mod stand for in a shortcut?")[0][1]


def test_a_sentence_ends_behind_the_mark_of_a_note(ask: Ask) -> None:
    told = "".join(f"In the spring of that year he rowed {n} races for the town and was happy.[{n}] " for n in range(1, 24))
    text = f"# Rower\n\n{told}The rower won his first cup in 1986.[24] {told}\n"
    found = [words for _, words in ask({"rower.md": text}, "When did the rower win his first cup?")]
    assert "first cup in 1986" in found[0] and max(map(len, found)) <= 640


def test_a_question_finds_what_says_it_in_other_words(ask: Ask) -> None:
    documents = {"a.md": "# Shell\n\nThe command rmdir removes a directory.\n", "b.md": "# Paint\n\nThe wall is green.\n"}
    assert ask(documents, "How do I delete a folder?")[0][0] == "a"


def test_a_passage_in_the_language_of_the_question_comes_first(ask: Ask) -> None:
    documents = {
        "en.md": "# Router\n\nThe router of the office is switched off by the team at night, and this is how it should be.\n",
        "de.md": "# Router\n\nDer Router im Büro ist ein Gerät, das nachts vom Team abgeschaltet wird, und so soll es sein.\n",
    }
    assert ask(documents, "Wann wird der Router vom Team abgeschaltet?")[0][0] == "de"
    assert ask(documents, "When is the router switched off by the team?")[0][0] == "en"


@pytest.mark.parametrize("question", ["leak code", '"leak', "?", "what", "*", "🙂 leak"])
def test_any_text_is_a_question(ask: Ask, question: str) -> None:
    ask(LEAKS, question)  # no error
