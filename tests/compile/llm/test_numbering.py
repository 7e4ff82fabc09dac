"""Statements that name sentences by their numbers: what has one, what it stands for, and what is done where that fails."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gitkb.compile.llm.compiler import digest
from gitkb.compile.llm.numbering import numbered_parts, passages
from gitkb.compile.llm.parts import split_parts
from gitkb.compile.llm.statements import document_text
from gitkb.llm.requests import Request, Unanswered
from gitkb.model.documents import Conversion, Digest
from tests.support.model_replies import SETTINGS, cited, concept, conversion, digested, reply, requests, said

GUIDE = """# Backups

A full backup copies every file to the vault. An incremental backup copies what has changed since
the last one; it needs the full backup before it. See e.g. Acme Tape for drives.

## Retention

- Daily backups are kept for 14 days.
- Monthly backups are kept for seven years, because the auditors ask for them.

| plan | keeps |
| --- | --- |
| small | 10 backups of 5 GB |

```
vault prune --keep 14
vault verify --all
```

> The vault is checked once a week by a robot.

Yes.
"""
FULL = "A full backup copies every file to the vault."
DAILY = "Daily backups are kept for 14 days."


def shown_and_meant(document: Conversion) -> list[tuple[str, str]]:
    """What stands behind each number in the question, and what the number stands for in the document's text."""
    text = document_text(document)
    found = []
    for part in numbered_parts(split_parts(text, document.headings), text):
        rest = part.shown
        for number, span in enumerate(part.sentences, 1):
            rest = rest.partition(f"<{number}> ")[2]
            found.append((rest.partition(f"<{number + 1}> ")[0], text[span.start : span.end]))
        assert all(text.count("\n", 0, span.start) + 1 == span.line for span in part.sentences)
    return found


def test_sentences_items_rows_and_listings_have_numbers_and_headings_have_none() -> None:
    meant = [" ".join(text.split()) for _, text in shown_and_meant(conversion(GUIDE))]
    assert meant == [
        FULL,
        "An incremental backup copies what has changed since the last one; it needs the full backup before it.",
        "See e.g. Acme Tape for drives.",
        DAILY,
        "Monthly backups are kept for seven years, because the auditors ask for them.",
        "| plan | keeps |" if "| plan | keeps |" in meant else "| small | 10 backups of 5 GB |",
        *(["| small | 10 backups of 5 GB |"] if "| plan | keeps |" in meant else []),
        "``` vault prune --keep 14 vault verify --all ```",
        "The vault is checked once a week by a robot.",
    ]


LINES = st.sampled_from(
    [
        "# A heading of it",
        "",
        "The log is kept. The page is not!",
        "- <99> an item with words of its own",
        "```",
        "| a row | of words |",
        "データはログに書かれる。次の文もここにある。",
        "word " * 200,
        "  ",
        "x",
        "> Someone said that it works.",
        "See <98> there.",
        "1. First do it.",
    ]
)


@given(st.lists(LINES, max_size=25))
@settings(max_examples=150, deadline=None)
def test_each_number_stands_for_the_words_behind_it(lines: list[str]) -> None:
    for shown, meant in shown_and_meant(conversion("\n".join(lines))):
        assert " ".join(shown.split()).startswith(" ".join(meant.split()))
        assert len(meant) <= 700


def test_a_statement_by_number_makes_the_claim_that_its_quote_would() -> None:
    text = "Every file is copied to the vault by a full backup."
    one = digested(conversion(GUIDE), lambda _: reply(key_points=[cited(text, 1), cited("", 4)]))
    other = digested(conversion(GUIDE), lambda _: reply(key_points=[said(text, FULL), said(DAILY)]))
    assert one == other
    assert [(claim.text, claim.quote, claim.place.label) for claim in one.summary] == [
        (text, FULL, "Backups"),
        (DAILY, "", "Retention"),
    ]


def test_a_number_that_is_one_off_is_set_right_and_one_that_is_wrong_backs_nothing() -> None:
    text = "Daily backups are held for 14 days."
    near, far = (digested(conversion(GUIDE), lambda _, n=n: reply(key_points=[cited(text, n)])) for n in (5, 1))  # type: ignore[misc]
    assert [claim.quote for claim in near.summary] == [DAILY]
    assert (far.summary, far.ungrounded) == ((), 1)


def test_several_numbers_are_one_quote_where_one_sentence_does_not_say_it_all() -> None:
    both = "Daily backups are kept for 14 days and monthly backups for seven years."
    [claim] = digested(conversion(GUIDE), lambda _: reply(key_points=[cited(both, 4, 5)])).summary
    assert claim.quote.startswith("Daily") and claim.quote.endswith("ask for them.")


def test_a_definition_by_number_alone_is_the_sentence_itself() -> None:
    made = digested(conversion(GUIDE), lambda _: reply(concepts=[concept("Full backup", definition=cited("", 1))]))
    assert [(topic.name, [(claim.text, claim.defines) for claim in topic.claims]) for topic in made.topics] == [
        ("Full backup", [(FULL, True)])
    ]


def test_numbers_that_no_sentence_has_and_other_things_in_their_place_are_no_evidence() -> None:
    for wrong in ([0], [99], [-1], ["1"], [True], [1.5], "1", None, {"1": 1}):
        statement = {"text": FULL, "from": wrong}
        made = digested(conversion(GUIDE), lambda _, each=statement: reply(key_points=[each]))  # type: ignore[misc]
        assert (made.summary, made.ungrounded) == ((), 1)


def test_a_model_that_cannot_work_with_numbers_is_asked_once_to_quote() -> None:
    lines = [line for line in GUIDE.splitlines() if line.startswith(("- ", "> "))]
    words = [line[2:] for line in lines] + [FULL]
    asked: list[Request] = []

    def answer(request: Request) -> dict[str, object]:
        asked.append(request)
        if '"from"' in request.schema:
            return reply(key_points=[cited(text, 99) for text in words])
        return reply(key_points=[said(text) for text in words])

    made = digested(conversion(GUIDE), answer)
    assert len(asked) == 2 and "<1>" not in asked[1].messages[1].text
    assert (len(made.summary), made.ungrounded) == (4, 0)
    known = {request.key: json.dumps(answer(request)) for request in asked[:2]}
    assert isinstance(digest(conversion(GUIDE), name="file.md", settings=SETTINGS, replies=known), Digest)


def test_a_text_of_which_numbers_would_leave_out_much_is_quoted() -> None:
    document = conversion(
        "# Names\n\n" + "\n".join(f"- No. {number}\n" for number in range(40)) + "\nThe list ends here and now.\n"
    )
    [request] = requests(document)
    assert '"quote"' in request.schema and '"from"' not in request.schema
    [other] = requests(conversion(GUIDE))
    assert '"from"' in other.schema and '"quote"' not in other.schema


def test_naming_numbers_costs_much_less_than_quoting() -> None:
    """The same statements of the same document in the two ways; the texts are in words of the model's own."""
    sentences = [meant for _, meant in shown_and_meant(conversion(GUIDE))]
    own = ["A full backup is a copy of all files in the vault.", *(text.replace("kept", "held") for text in sentences[1:5])]
    quoting = json.dumps(reply(key_points=[said(text, quote) for text, quote in zip(own, sentences, strict=False)]))
    naming = json.dumps(reply(key_points=[cited(text, number) for number, text in enumerate(own, 1)]))
    assert len(naming) < 0.75 * len(quoting)


def test_a_question_shows_an_example_in_the_language_of_the_document() -> None:
    german = conversion("# Sicherung\n\nDie Sicherung kopiert jede Datei in den Tresor, und das ist für die Prüfer wichtig.\n")
    for document, word in ((conversion(GUIDE), "Dead-letter queue"), (german, "Fristenbuch")):
        assert word in requests(document)[0].messages[0].text


def test_passages_are_the_sentences_named_then_their_neighbours() -> None:
    text = document_text(conversion(GUIDE))
    [part] = numbered_parts(split_parts(text, conversion(GUIDE).headings), text)
    found = passages(part.sentences, [4])
    assert found[0] == part.sentences[3] and set(part.sentences[2:5]) < set(found)
    assert passages(part.sentences, []) == [] and passages((), [1]) == []


def test_the_first_question_is_unanswered_until_its_reply_is_known() -> None:
    made = digest(conversion(GUIDE), name="a.md", settings=SETTINGS, replies={})
    assert isinstance(made, Unanswered) and len(made.requests) == 1
