"""Servers that lack something: what they take is found out once per run, and what a reply is wrapped in is taken off."""

import json
import threading

import pytest

from gitkb.errors import ModelFailure
from gitkb.llm.dialects import refuses_pictures
from gitkb.llm.reply import Unfit, read_reply
from gitkb.llm.wire import Refused
from tests.support.model_client import GOOD, GOOD_TEXT, SCHEMA, asking, question
from tests.support.model_server import Answer, Asked, Fault, Made

MANY = [question(f"q{n}") for n in range(12)]


def test_a_server_with_schemas_gets_the_schema_and_holds_the_model_to_it() -> None:
    with asking(lambda asked: GOOD) as (client, server):
        client.ask([question()])
    sent = server.seen[0].body["response_format"]
    assert sent == {"type": "json_schema", "json_schema": {"name": "digest", "schema": json.loads(SCHEMA), "strict": True}}


@pytest.mark.parametrize(
    ("lacks", "refused", "used"),
    [
        ({"json_schema"}, 1, {"json_object"}),
        ({"json_schema", "json_object"}, 2, {"text"}),
        ({"response_format"}, 2, {"text"}),
        ({"max_tokens"}, 1, {"json_schema"}),
        ({"max_tokens", "max_completion_tokens"}, 2, {"json_schema"}),
        ({"temperature"}, 1, {"json_schema"}),
        ({"system"}, 1, {"json_schema"}),
        ({"json_schema", "max_tokens", "temperature", "system"}, 4, {"json_object"}),
    ],
)
def test_what_a_server_lacks_is_found_out_once(lacks: set[str], refused: int, used: set[str]) -> None:
    with asking(lambda asked: GOOD, lacks=frozenset(lacks)) as (client, server):
        replies = client.ask(MANY)
    assert all(json.loads(reply.text) == GOOD for reply in replies)
    assert server.calls == len(MANY) + refused, "the others waited for the first one"
    assert {Asked(seen.body, 0, 0, {}).format for seen in server.seen[refused:]} == used


@pytest.mark.parametrize("status", [400, 422, 501])
def test_other_ways_of_refusing_a_schema_are_understood(status: int) -> None:
    def model(asked: Asked) -> Made:
        if asked.format != "text":
            return Fault(status, "'response_format.type' must be 'text'")
        return GOOD

    with asking(model) as (client, server):
        client.ask(MANY)
    assert server.calls == len(MANY) + 2


def test_the_limit_goes_by_its_new_name_where_the_old_one_is_refused() -> None:
    with asking(lambda asked: GOOD, lacks=frozenset({"max_tokens"})) as (client, server):
        client.ask([question()])
    assert server.seen[1].body["max_completion_tokens"] == 500 and "max_tokens" not in server.seen[1].body


def test_without_a_system_role_its_words_stand_before_the_users() -> None:
    with asking(lambda asked: GOOD, lacks=frozenset({"system"})) as (client, server):
        client.ask([question("What?")])
    [message] = server.seen[1].body["messages"]
    assert message == {"role": "user", "content": "You answer.\n\nWhat?"}


def test_a_server_that_ignores_the_schema_gets_it_in_the_prompt_from_then_on() -> None:
    def model(asked: Asked) -> Made:
        return f"Here you are:\n```json\n{GOOD_TEXT}\n```" if "JSON schema" in asked.text else "It is about durability."

    with asking(model) as (client, server):
        replies = client.ask(MANY)
    assert all(json.loads(reply.text) == GOOD for reply in replies)
    assert server.calls == len(MANY) + 1
    assert all("JSON schema" in seen.body["messages"][1]["content"] for seen in server.seen[1:])


def test_one_bad_reply_later_changes_nothing_for_the_others() -> None:
    def model(asked: Asked) -> Made:
        return "no JSON" if asked.number == 2 else GOOD

    with asking(model, endpoint={"concurrency": 1}) as (client, server):
        client.ask(MANY)
    assert {Asked(seen.body, 0, 0, {}).format for seen in server.seen} == {"json_schema"}


def test_a_truncated_first_reply_is_no_sign_that_the_schema_is_ignored() -> None:
    def model(asked: Asked) -> Made:
        return Answer('{"title": "D', finish="length") if asked.number == 1 else GOOD

    with asking(model) as (client, server):
        client.ask([question()])
    assert Asked(server.seen[1].body, 0, 0, {}).format == "json_schema"


def test_a_probe_that_fails_lets_the_next_request_probe() -> None:
    def model(asked: Asked) -> Made:
        return Fault(400, "content_filter: no") if "bad" in asked.last else GOOD

    with asking(model, lacks=frozenset({"json_schema"})) as (client, server):
        with pytest.raises(ModelFailure):
            client.ask([question("bad"), *MANY])
        assert all(reply.cached for reply in client.ask(MANY))
    assert server.calls == len(MANY) + 2


def test_each_model_of_a_server_has_its_own_ways() -> None:
    def model(asked: Asked) -> Made:
        refuses = asked.body["model"] == "old" and asked.format == "json_schema"
        return Fault(400, "response_format is not supported") if refuses else GOOD

    with asking(model, models=("old", "new")) as (client, server):
        client.ask([question(model="old"), question("again", model="old")])
        client.ask([question(model="new")])
    assert Asked(server.seen[-1].body, 0, 0, {}).format == "json_schema" and server.calls == 4


def test_requests_wait_while_the_first_one_probes() -> None:
    probed = threading.Event()

    def model(asked: Asked) -> Made:
        if asked.number == 1:
            probed.set()
        return GOOD

    with asking(model, delay=0.01) as (client, server):
        client.ask(MANY)
    assert probed.is_set() and server.seen[0].body["messages"][1]["content"] == "q0"


@pytest.mark.parametrize(
    "text",
    [
        GOOD_TEXT,
        f"\ufeff {GOOD_TEXT} ",
        f"```json\n{GOOD_TEXT}\n```",
        f"```\n{GOOD_TEXT}\n```\nI hope that helps {{really}}.",
        f'<think>Maybe {{"title": "no", "number": 0}}?</think>\n{GOOD_TEXT}',
        f'The reader asks ... {{"title": "no", "number": 0}} ...</think>{GOOD_TEXT}',
        f'First {{"a": 1}} came to my mind, but: {GOOD_TEXT}',
        f"{{{{ {GOOD_TEXT}",
    ],
)
def test_the_object_is_found_in_what_surrounds_it(text: str) -> None:
    assert read_reply(text, SCHEMA) == GOOD_TEXT


def test_marks_of_thinking_inside_an_answer_are_text() -> None:
    value = {"title": "How <think> and </think> are used", "number": 1}
    assert json.loads(read_reply(json.dumps(value), SCHEMA)) == value
    assert json.loads(read_reply(f"```json\n{json.dumps(value)}\n```", SCHEMA)) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("no", "not valid JSON"),
        ('{"title": "D", "number": NaN}', "not valid JSON"),
        ('{"title": "D", "number": Infinity}', "not valid JSON"),
        ('{"title": "D"}', "'number' is a required property"),
        ('{"title": "D", "number": 1, "more": 2}', "'more' was unexpected"),
        ('{"a":' * 100_000, "not valid JSON"),
        ("{" * 1_000_000, "not valid JSON"),
        ('{"title": ' + "[" * 100_000, "not valid JSON"),
    ],
)
def test_what_does_not_fit_says_why(text: str, complaint: str) -> None:
    with pytest.raises(Unfit, match=complaint):
        read_reply(text, SCHEMA)


def test_half_a_character_becomes_a_replacement() -> None:
    text = read_reply('{"title": "a\\ud83d b\\ud83d\\ude00", "number": 1}', SCHEMA)
    assert json.loads(text)["title"] == "a\ufffd b😀"
    assert text.encode("utf-8")


LISTED = '{"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}, "maxItems": 2}}}'


def test_limits_of_lists_are_left_out_for_good_where_a_server_refuses_them() -> None:
    def model(asked: Asked) -> Made:
        listed = json.dumps(asked.body.get("response_format"))
        if "maxItems" in listed:
            return Fault(400, "Invalid schema for response_format: 'maxItems' is not permitted.")
        return {"names": ["a", "b", "c"]}

    with asking(model) as (client, server):
        replies = client.ask([question(f"q{n}", schema=LISTED) for n in range(4)])
    assert server.calls == 5
    assert {json.loads(reply.text)["names"][-1] for reply in replies} == {"c"}, (
        "a list that is too long is no reason to ask again"
    )


@pytest.mark.parametrize(
    "said",
    [
        "This model does not support image input.",
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        "No endpoints found that support image input",
        "Invalid content type. image_url is only supported by certain models.",
        "this model is missing data required for image input",
        "messages[1].content must be a string",
        "At most 0 image(s) may be provided in one prompt.",
        "small-model is not a multimodal model",
        "unknown variant `image_url`, expected `text`",
    ],
)
def test_a_server_that_takes_no_pictures_is_known_by_what_it_says(said: str) -> None:
    assert refuses_pictures(Refused(400, said))
    assert not refuses_pictures(Refused(429, said))


@pytest.mark.parametrize(
    "said",
    [
        "Could not process image",
        "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png'].",
        "The image is too large: at most 5 MB are allowed",
        "image data is not a valid JPEG",
        "max_tokens is not supported",
    ],
)
def test_a_picture_that_is_refused_says_nothing_of_the_others(said: str) -> None:
    assert not refuses_pictures(Refused(400, said))


SHORT = '{"type": "object", "properties": {"title": {"type": "string", "maxLength": 300}}, "required": ["title"]}'


@pytest.mark.parametrize(
    "said", ["In context=('properties', 'title'), 'maxLength' is not permitted.", "failed to parse grammar: too many repetitions"]
)
def test_limits_of_texts_are_left_out_where_a_server_refuses_them_and_the_schema_stays(said: str) -> None:
    def model(asked: Asked) -> Made:
        return Fault(400, said) if "maxLength" in json.dumps(asked.body.get("response_format")) else {"title": "a" * 400}

    with asking(model) as (client, server):
        replies = client.ask([question(f"q{n}", schema=SHORT) for n in range(3)])
    assert server.calls == 4 and len(json.loads(replies[0].text)["title"]) == 400
    assert {seen.body["response_format"]["type"] for seen in server.seen} == {"json_schema"}


def test_after_an_answer_that_was_cut_the_schema_allows_none_that_is_too_long() -> None:
    item = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 500}, "from": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"items": {"type": "array", "items": item, "maxItems": 24}}}

    def model(asked: Asked) -> Made:
        """A model that writes as much as its schema lets it."""
        listed = asked.body["response_format"]["json_schema"]["schema"]["properties"]["items"]
        longest = listed["items"]["properties"]["name"]["maxLength"]
        told = json.dumps({"items": [{"name": "x" * longest, "from": 1}] * listed["maxItems"]})
        most = 2 * asked.body["max_tokens"]
        return Answer(told) if len(told) <= most else Answer(told[:most], finish="length")

    with asking(model) as (client, server):
        [reply] = client.ask([question(schema=json.dumps(schema), max_tokens=500)])
    assert server.calls == 2 and 1 <= len(json.loads(reply.text)["items"]) < 24
