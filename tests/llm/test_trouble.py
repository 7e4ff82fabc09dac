"""Servers in trouble and settings that are wrong: what is tried again, what fails alone, and what stops the run with a remedy."""

import json
import socket
import threading
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from gitkb.compile.llm.prompts import listed, strict
from gitkb.errors import ModelError, ModelFailure
from gitkb.llm.rate_limit import Pace, Patience, retry_after
from gitkb.llm.reply import whole_part
from gitkb.llm.requests import Turn
from tests.support.model_client import GOOD, Kept, asking, question
from tests.support.model_server import Answer, Asked, Fault, Made, serving

NOW = {"Retry-After": "0"}


def first(*faults: Made, then: Made = GOOD) -> object:
    """A model whose first replies are these, and all later ones good."""
    return lambda asked: faults[asked.number - 1] if asked.number <= len(faults) else then


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    with asking(first(Fault(status, headers=NOW), Fault(status, headers=NOW))) as (client, server):
        assert json.loads(client.ask([question()])[0].text) == GOOD
    assert server.calls == 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reset=True),
        Fault(200, body="{"),
        Fault(200, body=b"\xff\xfe\x00"),
        Fault(200, body='{"error": {"message": "upstream failed", "code": 502}}'),
    ],
)
def test_a_reply_that_breaks_off_is_asked_for_again(fault: Fault) -> None:
    with asking(first(fault, fault)) as (client, server):
        assert json.loads(client.ask([question()])[0].text) == GOOD
    assert server.calls == 3


def test_silence_is_asked_again() -> None:
    with asking(first(Fault(silent=True)), endpoint={"timeout": 0.2}) as (client, server):
        assert json.loads(client.ask([question()])[0].text) == GOOD
    assert server.calls == 2


def test_attempts_are_bounded_and_the_document_fails_with_the_reason() -> None:
    with (
        asking(lambda asked: Fault(500, "out of memory", headers=NOW), patience=Patience(tries=4)) as (client, server),
        pytest.raises(ModelFailure, match="tried 4 times: the server answers 500 out of memory"),
    ):
        client.ask([question()])
    assert server.calls == 4


def test_a_request_that_always_fails_costs_no_other_one() -> None:
    def model(asked: Asked) -> Made:
        return Fault(500, headers=NOW) if "poison" in asked.last else GOOD

    with asking(model) as (client, _):
        with pytest.raises(ModelFailure):
            client.ask([question("poison"), *(question(f"q{n}") for n in range(6))])
        assert client.ask([question("q1")])[0].cached


def test_a_server_that_only_fails_stops_the_run() -> None:
    with (
        asking(lambda asked: Fault(500, headers=NOW), patience=Patience(tries=2), endpoint={"concurrency": 1}) as (
            client,
            server,
        ),
        pytest.raises(ModelError, match="answers no more"),
    ):
        client.ask([question(f"q{n}") for n in range(50)])
    assert server.calls == 6


def test_a_wait_that_is_too_long_stops_the_run_and_says_how_long() -> None:
    with (
        asking(lambda asked: Fault(429, "daily limit", headers={"Retry-After": "7200"})) as (client, server),
        pytest.raises(ModelError, match="takes no requests for 120 minutes: daily limit"),
    ):
        client.ask([question(f"q{n}") for n in range(20)])
    assert server.calls == 1


def test_a_429_halves_the_requests_at_once_and_successes_bring_them_back() -> None:
    pace = Pace(16)
    for _ in range(3):
        pace.faster()
    assert pace.limit == 16, "it grows fast while answers come at once"
    with pace.turn() as one, pace.turn() as two:
        pace.slower(one, 0)
        pace.slower(two, 0)
    assert pace.limit == 8, "requests that were under way together slow down once"
    with pace.turn() as later:
        pace.slower(later, 0)
    assert pace.limit == 4
    for _ in range(200):
        pace.faster()
    assert pace.limit == 16


def test_a_crowded_server_is_asked_by_fewer_at_once() -> None:
    crowd = threading.Barrier(8, timeout=20)
    peak = []

    def model(asked: Asked) -> Made:
        if asked.number == 1:
            return GOOD
        if asked.number <= 9:
            crowd.wait()
            return Fault(429, headers=NOW)
        return GOOD

    with asking(model, endpoint={"concurrency": 8}) as (client, server):
        client.ask([question("first")])
        client.ask([question(f"q{n}") for n in range(24)])
        peak.append(client._server.pace.limit)
    assert server.peak == 8 and 4 <= peak[0] <= 8


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": formatdate(1_000_060, usegmt=True), "date": formatdate(1_000_000, usegmt=True)}, 60),
        ({"retry-after": formatdate(0, usegmt=True)}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_servers_wish_to_wait_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_pauses_grow_and_differ() -> None:
    patience = Patience(first=1, longest=8)
    assert all(2.0 ** (n - 1) / 2 <= patience.pause(n) <= 2.0 ** (n - 1) for n in range(1, 5))
    assert patience.pause(1000) <= 8
    assert len({patience.pause(4) for _ in range(20)}) > 1


def _everything_stops(fault: Made, words: str, remedy: str, **settings: object) -> None:
    with asking(lambda asked: fault, **settings) as (client, server):
        with pytest.raises(ModelError, match=words) as caught:
            client.ask([question(f"q{n}") for n in range(50)])
        assert remedy in caught.value.hint
    assert server.calls <= 2


@pytest.mark.parametrize(
    ("fault", "words", "remedy"),
    [
        (Fault(401, "Incorrect API key provided"), "refuses the key: Incorrect", "OPENAI_API_KEY"),
        (Fault(403, "country not supported"), "refuses the key", "OPENAI_API_KEY"),
        (Fault(400, "API key not valid. Please pass a valid API key."), "refuses the key", "OPENAI_API_KEY"),
        (Fault(400, "No connected db."), "refuses the key", "OPENAI_API_KEY"),
        (Fault(404, "The model `x` does not exist", code="model_not_found"), "has no model test-model", "--model"),
        (Fault(400, "Invalid model: test-model"), "has no model test-model", "--model"),
        (Fault(404, "Not Found"), "is no address of a model's API: it answers 404", "base_url"),
        (Fault(405, "Method Not Allowed"), "is no address", "base_url"),
        (Fault(200, body="<!DOCTYPE html><p>Welcome", content_type="text/html"), "answers with a web page", "base_url"),
        (Fault(200, body="<html>Login"), "answers with a web page", "base_url"),
        (Fault(200, body='{"status": "ok"}'), "something that is no chat completion", "base_url"),
        (Fault(404, body="<html><p>nginx", content_type="text/html"), "it answers 404 Not Found", "base_url"),
        (Fault(402, "Insufficient Balance"), "no credit left", "billing"),
        (Fault(429, "You exceeded your current quota", code="insufficient_quota"), "no credit left", "billing"),
        (Fault(400, "max_tokens is too large: 9. This model supports at most 4"), "no replies that long", "max_output_tokens"),
        (Fault(501, "Not implemented"), "is no address", "base_url"),
    ],
)
def test_what_is_wrong_for_all_stops_at_once_with_the_remedy(fault: Fault, words: str, remedy: str) -> None:
    _everything_stops(fault, words, remedy)


def test_a_server_that_refuses_everything_for_whatever_reason_stops_the_run() -> None:
    with (
        asking(lambda asked: Fault(418, "I am a teapot"), endpoint={"concurrency": 1}) as (client, server),
        pytest.raises(ModelError, match="refuses every request: 418 I am a teapot"),
    ):
        client.ask([question(f"q{n}") for n in range(20)])
    assert server.calls == 3


def test_a_server_that_wants_a_key_says_so() -> None:
    _everything_stops(
        Fault(401, "missing bearer"), "wants a key: missing bearer", "gitkb config api_key", endpoint={"api_key": ""}
    )


def test_the_key_is_in_no_message() -> None:
    with (
        asking(lambda asked: Fault(401, f"bad key {asked.headers['authorization']}")) as (client, _),
        pytest.raises(ModelError) as caught,
    ):
        client.ask([question()])
    assert "sk-test" not in caught.value.message and "***" in caught.value.message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with asking(lambda asked: GOOD) as (_, other):
        fault = Fault(status, "moved", headers={"Location": f"{other.base_url}/chat/completions"})
        _everything_stops(fault, f"it answers {status}", "base_url")
    assert other.calls == 0


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_server_that_is_not_there_stops_the_run(nobody: str) -> None:
    with (
        asking(lambda asked: GOOD, endpoint={"base_url": f"http://{nobody}/v1"}) as (client, _),
        pytest.raises(ModelError, match=r"127\.0\.0\.1:\d+/v1 cannot be reached: nothing listens there") as caught,
    ):
        client.ask([question()])
    assert "Start the server" in caught.value.hint


def test_a_host_that_does_not_exist_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object, **named: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with (
        asking(lambda asked: GOOD, endpoint={"base_url": "http://models.invalid/v1"}) as (client, _),
        pytest.raises(ModelError, match="there is no host of that name"),
    ):
        client.ask([question()])


def test_tls_where_the_server_speaks_none_stops_the_run() -> None:
    with serving(lambda asked: GOOD) as server:
        secure = {"base_url": server.base_url.replace("http", "https")}
        with asking(lambda asked: GOOD, endpoint=secure) as (client, _), pytest.raises(ModelError, match="it does not speak TLS"):
            client.ask([question()])


def test_a_server_that_answered_before_is_waited_for() -> None:
    with asking(first(GOOD, Fault(200, body="<html>updating", content_type="text/html"))) as (client, server):
        client.ask([question("one")])
        assert json.loads(client.ask([question("two")])[0].text) == GOOD
    assert server.calls == 3


def test_no_model_is_an_error_before_anything_is_sent() -> None:
    with asking(lambda asked: GOOD) as (client, server), pytest.raises(ModelError, match="No model is named"):
        client.ask([question(model="")])
    assert server.calls == 0


def test_openai_without_a_key_is_an_error_before_anything_is_sent() -> None:
    with (
        asking(lambda asked: GOOD, endpoint={"base_url": "https://api.openai.com/v1", "api_key": ""}) as (client, _),
        pytest.raises(ModelError, match=r"no key for api\.openai\.com") as caught,
    ):
        client.ask([question()])
    assert "OPENAI_API_KEY" in caught.value.hint


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Fault(400, "This model's maximum context length is 8192 tokens"), "too long for the model"),
        (Fault(413, "Request Entity Too Large"), "too long for the model"),
        (Fault(400, "filtered", code="content_filter"), "refuses the content"),
        (Fault(403, "Your input was flagged by moderation"), "refuses the content"),
        (Fault(400, "messages: odd"), "refuses the request: messages: odd"),
        (Answer(None, refusal="I cannot help with that."), "refuses to answer: I cannot help"),
        (Answer("", finish="content_filter"), r"refuses the content \(content_filter\)"),
    ],
)
def test_what_concerns_one_request_fails_it_alone(made: Made, words: str) -> None:
    def model(asked: Asked) -> Made:
        return made if "odd" in asked.last else GOOD

    with asking(model) as (client, server):
        with pytest.raises(ModelFailure, match=words):
            client.ask([question("odd"), question("one")])
        assert client.ask([question("one")])[0].cached
    assert server.calls == 2


@pytest.mark.parametrize(
    "text", ["Sorry, no.", '{"title": "only"}', '{"title": "D", "number": "one"}', "", "[1]", '{"title": "cut']
)
def test_a_reply_that_does_not_fit_is_asked_once_more_with_the_error(text: str) -> None:
    with asking(first(GOOD, text)) as (client, server):
        client.ask([question("one")])
        [reply] = client.ask([question("two")])
    assert json.loads(reply.text) == GOOD and (reply.calls, server.calls) == (2, 3)
    *_, said, wish = server.seen[2].body["messages"]
    assert said["role"] == "assistant" and wish["role"] == "user" and "cannot be used" in wish["content"]


def test_a_second_reply_that_does_not_fit_fails_the_document() -> None:
    with asking(lambda asked: '{"title": 7, "number": 1}') as (client, server):
        with pytest.raises(ModelFailure, match=r"no usable reply, asked twice: at \$\.title: 7 is not of type 'string'"):
            client.ask([question()])
        assert client.usage.calls == 2
    assert server.calls == 2


def test_a_truncated_reply_is_never_kept_even_if_it_is_valid() -> None:
    cut = Answer(json.dumps(GOOD), finish="length")
    with asking(first(GOOD, cut, then=GOOD | {"number": 2})) as (client, server):
        client.ask([question("one")])
        [reply] = client.ask([question("two")])
    assert json.loads(reply.text)["number"] == 2
    assert "shorter" in server.seen[2].body["messages"][-1]["content"]
    with asking(lambda asked: cut) as (client, _), pytest.raises(ModelFailure, match="cut off at the limit of 500 tokens"):
        client.ask([question()])


STREAM = {"content_type": "text/event-stream"}
WORDS = b'data: {"choices": [{"index": 0, "delta": {"content": "word word word word word word word word "}}]}\n\n'
OPEN = b'data: {"choices": [{"index": 0, "delta": {"content": "'
IDLE = b'data: {"choices": [{"index": 0, "delta": {}}], "note": "' + b"x" * 60_000 + b'"}\n\n'


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(200, endless=WORDS * 200, **STREAM), "asked twice: it was cut off at the limit of 500 tokens"),
        (Fault(200, body=OPEN, endless=b"x" * 65_536, **STREAM), "sends a line of more than 8 MiB, which is not read to its end"),
        (Fault(200, endless=IDLE, **STREAM), "sends an answer of more than 64 MiB"),
        (Fault(200, body=b'{"choices": [', endless=b" " * 65_536), "sends an answer of more than 64 MiB"),
        (Fault(400, body=b'{"error": "', endless=b"x" * 65_536), "refuses the request"),
    ],
    ids=["words", "line", "events", "whole", "error"],
)
def test_what_a_server_sends_without_end_is_bounded_and_fails_with_its_name(fault: Fault, words: str) -> None:
    def model(asked: Asked) -> Made:
        return fault if "odd" in asked.text else GOOD

    with asking(model) as (client, server):
        client.ask([question("one")])
        with pytest.raises(ModelFailure, match=words):
            client.ask([question("odd")])
        assert json.loads(client.ask([question("two")])[0].text) == GOOD
        assert server.poured < 100 * 1024**2


def test_a_conversation_without_end_ends_too() -> None:
    with asking(lambda asked: Fault(200, endless=WORDS * 200, **STREAM)) as (client, _):
        heard: list[str] = []
        turn = client.converse("test-model", [Turn("user", "Go on.")], (), heard.append, 300)
        assert turn.cut == "length" and len("".join(heard)) < 200_000


LISTS = json.dumps(
    strict({"title": {"type": "string"}, "points": listed({"type": "string"}), "names": listed({"type": "string"})})
)
HALVES = {
    '{"title": "D", "points": ["one", "two", "thr': {"title": "D", "points": ["one", "two"], "names": []},
    '{"points": ["one"], "names": ["a"], "title": "Dur': {"title": "", "points": ["one"], "names": ["a"]},
    'Here: {"title": "D", "points": ["one" "two"], "names": ["a"': {"title": "D", "points": ["one", "two"], "names": ["a"]},
    '{"title": 7, "points": ["one", 2], "more": {"a": [1]}, "names": {}}': {"title": "", "points": ["one"], "names": []},
    '{"title": "D", "points": ["one"], "names": [NaN': {"title": "D", "points": ["one"], "names": []},
}


@pytest.mark.parametrize("half", HALVES)
def test_of_a_broken_reply_what_is_whole_is_used_and_never_kept(half: str) -> None:
    kept = Kept()
    with asking(lambda asked: half, replies=kept) as (client, server):
        [reply] = client.ask([question(schema=LISTS)])
        assert json.loads(reply.text) == HALVES[half] and reply.cut and not kept.known
        assert (reply.calls, server.calls) == (2, 2)
        with pytest.raises(ModelFailure, match="asked twice"):
            client.ask([question(schema=LISTS, purpose="overview")])


@pytest.mark.parametrize("nothing", ['{"title": "A', "[1, 2", "{" * 5_000, '{"title": "A", "points": ["thr', "Sorry."])
def test_a_reply_of_which_nothing_is_whole_is_none(nothing: str) -> None:
    assert whole_part(nothing, LISTS) == ""
