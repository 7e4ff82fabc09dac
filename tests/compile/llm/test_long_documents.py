"""Long documents: all parts are asked at once, then what they say together; every chapter has its say."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from gitkb.compile.llm.compiler import digest
from gitkb.errors import ModelFailure
from gitkb.llm.requests import Request, Unanswered
from gitkb.model.documents import Digest
from tests.compile.llm.test_parts import book, prose
from tests.support.model_replies import SETTINGS, cited, concept, conversion, digested, reply, requests, said

LONG = conversion(book(chapters=16))


def first_sentences(request: Request) -> list[tuple[str, int]]:
    """The first sentence below each heading of a part's text, with its number."""
    found = re.findall(r"^#+ .*\n\n<(\d+)> ([^\n#].*?\.)(?=\s)", request.messages[1].text, re.M)
    return [(sentence, int(number)) for number, sentence in found]


def scripted(request: Request) -> Mapping[str, Any]:
    """A model that says the first sentence below each heading, and names a concept that all parts have."""
    if request.purpose == "reduce":
        lines = dict(re.findall(r"^(\d+)\. (.*)$", request.messages[1].text, re.M))
        chosen = [int(number) for number in lines][::5][:12]
        return {
            "title": "A book of logs",
            "description": "",
            "summary": [{"text": lines[str(number)], "points": [number]} for number in chosen[:3]]
            + [{"text": "ARIES needs 3 passes over the log.", "points": [1, 2]}, {"text": lines["1"], "points": [10**9]}],
            "key_points": [*chosen, 0, -1, 10**9],
        }
    points = [cited(sentence, number) for sentence, number in first_sentences(request)]
    about = [point for point in points if "checkpoint" in point["text"].lower()]
    return reply(
        summary=points[:1], key_points=points, concepts=[concept("checkpoints" if len(about) % 2 else "Checkpoint", *about)]
    )


def test_all_parts_are_asked_in_one_round_and_then_reduced() -> None:
    first = digest(LONG, name="book.md", settings=SETTINGS, replies={})
    assert isinstance(first, Unanswered)
    assert {request.purpose for request in first.requests} == {"digest"}
    replies = {request.key: json.dumps(scripted(request)) for request in first.requests}
    some = dict(list(replies.items())[1:])
    again = digest(LONG, name="book.md", settings=SETTINGS, replies=some)
    assert isinstance(again, Unanswered)
    assert again.requests == first.requests[:1]
    second = digest(LONG, name="book.md", settings=SETTINGS, replies=replies)
    assert isinstance(second, Unanswered)
    assert [request.purpose for request in second.requests] == ["reduce"]


def test_the_outline_has_a_claim_for_every_chapter_and_the_summary_is_of_all_parts() -> None:
    made = digested(LONG, scripted)
    chapters: dict[str, int] = {}
    for section in made.outline:
        if section.level == 2:
            chapters[section.title] = 0
        if chapters:
            chapters[list(chapters)[-1]] += len(section.sentences)
    assert len(chapters) == 16
    assert all(chapters.values())
    assert 8 <= len(made.summary) <= 12
    assert len({claim.place.label for claim in made.summary}) >= 6
    assert len(made.abstract) == 3
    assert made.ungrounded == 2


def test_what_several_parts_say_of_one_concept_is_one_topic() -> None:
    made = digested(LONG, scripted)
    assert [topic.name for topic in made.topics if topic.name.lower().startswith("checkpoint")] == [made.topics[0].name]
    assert len(made.topics[0].claims) == 8
    assert [claim.place.anchor for claim in made.topics[0].claims] == sorted(
        (claim.place.anchor for claim in made.topics[0].claims), key=lambda anchor: LONG.markdown.index(_heading(anchor))
    )


def test_two_things_of_one_reply_stay_two_and_neither_is_an_alias_of_the_other() -> None:
    text = "# Logs\n\nThe write-ahead log (WAL, or journal) protects pages. A journal is a file of records that a server keeps.\n"
    journal = said("A journal is a file of records that a server keeps.")
    made = digested(
        conversion(text),
        lambda _: reply(
            concepts=[
                concept(
                    "Write-ahead log", said("The write-ahead log (WAL, or journal) protects pages."), aliases=("WAL", "journal")
                ),
                concept("Journal", definition=journal, aliases=("write-ahead log",)),
            ]
        ),
    )
    assert {(topic.name, topic.aliases) for topic in made.topics} == {("Write-ahead log", ("WAL",)), ("Journal", ())}


def _heading(anchor: str) -> str:
    return next(f"# {heading.title}\n" for heading in LONG.headings if heading.anchor == anchor)


def test_many_statements_are_reduced_in_a_tree_whose_questions_all_fit() -> None:
    small = replace(SETTINGS, context_tokens=6_000, max_output_tokens=2_000)
    rounds: list[int] = []
    replies: dict[str, str] = {}
    while isinstance(made := digest(LONG, name="a.md", settings=small, replies=replies), Unanswered):
        rounds.append(len(made.requests))
        replies.update((request.key, json.dumps(scripted(request))) for request in made.requests)
    assert isinstance(made, Digest)
    assert len(rounds) >= 3
    assert rounds == sorted(rounds, reverse=True)
    assert rounds[-1] == 1
    assert made.summary


def test_an_edit_in_one_section_asks_for_its_part_and_the_reduction_again() -> None:
    replies: dict[str, str] = {}
    while isinstance(made := digest(LONG, name="a.md", settings=SETTINGS, replies=replies), Unanswered):
        replies.update((request.key, json.dumps(scripted(request))) for request in made.requests)
    edited = conversion(
        LONG.markdown.replace("### Section 7.2\n\n", "### Section 7.2\n\nA new sentence about logs and pages.\n\n")
    )
    asked = digest(edited, name="a.md", settings=SETTINGS, replies=replies)
    assert isinstance(asked, Unanswered)
    assert len(asked.requests) == 1
    replies.update((request.key, json.dumps(scripted(request))) for request in asked.requests)
    last = digest(edited, name="a.md", settings=SETTINGS, replies=replies)
    assert isinstance(last, Unanswered)
    assert [request.purpose for request in last.requests] == ["reduce"]


def test_questions_do_not_grow_with_the_document() -> None:
    sizes = [max(request.size for request in requests(conversion(book(chapters=chapters)))) for chapters in (10, 40)]
    assert abs(sizes[1] - sizes[0]) < 0.1 * sizes[0]
    assert len(requests(conversion(prose(1, 30_000)))) > 1


@pytest.mark.parametrize("broken", ["{}", '{"summary": [{"points": ["1", null, 1.5, true]}], "key_points": "all"}'])
def test_a_reduction_that_says_nothing_leaves_the_outline_and_the_topics(broken: str) -> None:
    made = digested(LONG, lambda request: json.loads(broken) if request.purpose == "reduce" else scripted(request))
    assert (made.summary, made.abstract) == ((), ())
    assert made.topics and made.outline


def test_a_reduction_that_is_no_object_is_a_failure_of_the_model() -> None:
    replies = {request.key: json.dumps(scripted(request)) for request in requests(LONG)}
    (last,) = requests(LONG, replies=replies)
    with pytest.raises(ModelFailure):
        digest(LONG, name="a.md", settings=SETTINGS, replies={**replies, last.key: "..."})
