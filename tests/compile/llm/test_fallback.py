"""One bad reply never lowers a page below what it would be without a model: the rules' values fill what it has too little of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gitkb.compile.llm.compiler import digest
from gitkb.compile.llm.fallback import FIELDS, held_up
from gitkb.formats.compiler_names import LLM_COMPILER
from gitkb.model.documents import Digest
from gitkb.text.names.slugs import topic_key
from tests.compile.llm.test_hostile_replies import LOOSE, REPLY
from tests.support.model_replies import SETTINGS, cited, completed, concept, conversion, reply, requests, said

GUIDE = conversion((Path(__file__).parents[2] / "data/documents/crash-recovery.md").read_text(encoding="utf-8"))
BORING = "It is what it is and so on."
BAD: dict[str, Mapping[str, Any]] = {
    "empty lists": reply(),
    "no fields": {},
    "nonsense": reply(
        title="asdf", description="qwe rtz uio", key_points=[cited("Lorem ipsum dolor sit amet, consectetur.", 1)] * 3
    ),
    "wrong names": reply(
        title="Kafka",
        description="Kafka is a log of ACME.",
        key_points=[cited("Kafka writes checkpoints to ACME.", 2)],
        concepts=[concept("Kafka", definition=cited("Kafka is a log.", 1)), concept("Topic", cited("Topic is good.", 2))],
    ),
    "other language": reply(
        title="Kontrollpunkte",
        description="Dieses Dokument erklärt, wie Kontrollpunkte in Datenbanken funktionieren.",
        key_points=[cited("Ein Kontrollpunkt schreibt alle schmutzigen Seiten auf die Platte.", 1)],
        concepts=[concept("Kontrollpunkt", definition=cited("Ein Kontrollpunkt ist ein Vorgang.", 1))],
    ),
    "texts in place of lists": {"title": 3, "description": None, "summary": "x", "key_points": {"text": "x"}, "concepts": "y"},
    "fragments": reply(key_points=[cited("Backup rotation schedule", 1), cited("Checkpoint interval", 2)] * 2),
    "one good point": reply(key_points=[cited("", 1)], description=BORING),
    "names without claims": reply(concepts=[concept("checkpoint"), concept("log"), concept("database")]),
    "one name": reply(concepts=[concept("checkpoint", cited("", 1))]),
}


def assert_no_poorer(made: Digest, rules: Digest) -> None:
    """The measures of a page: what the rules have is there, in kind and number."""
    assert made.title == rules.title and bool(made.description) >= bool(rules.description)
    assert len(made.summary) >= min(3, len(rules.summary))
    filled, wanted = (sum(bool(section.sentences) for section in each.outline) for each in (made, rules))
    assert 2 * filled >= wanted
    for kind in ("concept", "entity"):
        own = [topic for topic in made.topics if topic.kind == kind]
        defined = [topic for topic in rules.topics if topic.kind == kind and topic.defined and topic.claims]
        assert 2 * len(own) >= len(defined) and bool(own) >= bool(defined)
    assert all(topic.claims for topic in made.topics)
    names = [(topic.kind, topic_key(topic.name, made.language)) for topic in made.topics]
    assert len(names) == len(set(names))
    assert set(made.by_rules) <= set(FIELDS)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_reply_leaves_a_page_that_is_no_poorer_than_without_a_model(kind: str) -> None:
    made, rules = completed(GUIDE, lambda _: BAD[kind])
    assert rules.summary and any(topic.defined for topic in rules.topics) and any(each.sentences for each in rules.outline)
    assert_no_poorer(made, rules)
    assert "description" in made.by_rules and made.description == rules.description
    assert made.compiler == f"{LLM_COMPILER} small-model"


@given(REPLY | LOOSE)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_reply_makes_a_page_poorer(answer: Mapping[str, Any]) -> None:
    assert_no_poorer(*completed(GUIDE, lambda _: answer))


def test_half_an_answer_is_no_digest_at_all() -> None:
    from gitkb.errors import ModelFailure

    [request] = requests(GUIDE)
    with pytest.raises(ModelFailure):
        digest(GUIDE, name="a.md", settings=SETTINGS, replies={request.key: '{"title": "Checkpoints", "summ'})


def test_what_the_rules_filled_is_said_and_a_model_that_says_enough_stands_alone() -> None:
    empty, rules = completed(GUIDE, lambda _: reply())
    assert empty.summary == rules.summary and "key points" in empty.by_rules and "concepts" in empty.by_rules
    full = held_up(rules, rules, ())
    assert full == rules and full.by_rules == ()


def test_points_of_a_model_stay_first_and_are_not_said_twice() -> None:
    [request] = requests(GUIDE)
    first = " ".join(request.messages[1].text.partition("<1> ")[2].partition("<2>")[0].split())
    made, rules = completed(GUIDE, lambda _: reply(key_points=[cited("", 1), said(first)]))
    assert made.summary[0].text == first and len(made.summary) >= len(rules.summary) - 1
    assert len({claim.text for claim in made.summary}) == len(made.summary)


def test_a_title_that_the_document_states_is_never_replaced() -> None:
    stated = conversion("# Backups\n\nCheckpoint intervals of the vault are set here by the keeper of the vault.\n")
    made, _ = completed(stated, lambda _: reply(title="Checkpoint intervals of the vault"))
    assert made.title == "Backups" and made.by_rules.count("title") == 0
    for poor in ("the", "set", "of the", "Overview"):
        untitled = conversion("The overview of the vault is set here. The keeper of the vault sets it for the day.\n")
        made, rules = completed(untitled, lambda _, title=poor: reply(title=title), name="vault keeper.md")  # type: ignore[misc]
        assert made.title == rules.title == "vault keeper" and "title" in made.by_rules


def test_a_fragment_is_no_statement() -> None:
    text = "# Backups\n\n- Backup rotation schedule\n- The vault grows every month.\n- Monthly backups of the north\n"
    made, _ = completed(conversion(text), lambda _: reply(key_points=[cited("", 1), cited("", 2)]))
    assert "Backup rotation schedule." not in [claim.text for claim in made.summary]
    assert "The vault grows every month." in [claim.text for claim in made.summary]


def test_what_the_document_defines_keeps_its_page_where_a_model_only_names_it() -> None:
    """Of ten real documents a model had named three things that headings of them define, and their pages were gone."""
    document = conversion(
        "# Alerting\n\nAim at few alerts.\n\n## Batch jobs\n\nFor batch jobs it makes sense to page if the batch job has not"
        " succeeded.\n\n## Quorum\n\nA quorum is a set of machines that overlaps with every other quorum of the cluster.\n"
    )
    page = cited("If a batch job has not succeeded, it makes sense to page.", 2)
    quorum = cited("Quorums overlap with every other quorum of the cluster.", 3)
    made, _ = completed(document, lambda _: reply(concepts=[concept("Batch job", page), concept("Quorum", quorum)]))
    told = {topic.name: topic for topic in made.topics}
    assert told["Batch job"].defined and told["Quorum"].defined
    assert next(claim.text for claim in told["Quorum"].claims if claim.defines).startswith("A quorum is a set of machines")
    assert "concepts" in made.by_rules


def test_a_description_of_two_words_that_the_text_has_says_nothing() -> None:
    """A model of 270 million parameters wrote this of a page about alerts."""
    text = "Alert the user on symptoms that users of the server see, and page nobody where there is nothing to do."
    made, rules = completed(
        conversion(f"# Alerts\n\n{text}\n"), lambda _: reply(description="A user who is a user of the server")
    )
    assert made.description == rules.description and "description" in made.by_rules
