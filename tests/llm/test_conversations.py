"""Conversations: text as it comes, tool calls put together, and nothing said twice."""

import json
import threading

import pytest

from gitkb.errors import BudgetSpent, ModelError, ModelFailure, ToolsUnsupported
from gitkb.llm.requests import Tool, ToolCall, Turn
from tests.support.model_client import asking
from tests.support.model_server import Answer, Asked, Fault, Made

SEARCH = Tool("search", "Search the pages.", '{"type": "object", "properties": {"query": {"type": "string"}}}')
ASK = (Turn("system", "You answer."), Turn("user", "What is durability?"))
TEXT = "Durability is the promise that a committed change survives."


def test_text_comes_piece_by_piece_and_the_turn_is_the_whole() -> None:
    heard: list[str] = []
    with asking(lambda asked: TEXT) as (client, server):
        turn = client.converse("test-model", ASK, (), heard.append, 300)
        assert client.usage.calls == 1 and client.usage.tokens_out > 0
    assert turn == Turn("assistant", TEXT) and len(heard) > 1 and "".join(heard) == TEXT
    assert server.seen[0].body["max_tokens"] == 300 and "tools" not in server.seen[0].body


def test_text_is_heard_before_the_answer_is_complete() -> None:
    heard, rest = threading.Event(), threading.Event()

    def on_text(piece: str) -> None:
        heard.set()
        rest.set()

    with asking(lambda asked: Answer(TEXT, held=rest)) as (client, _):
        client.converse("test-model", ASK, (), on_text, 300)
    assert heard.is_set()


def test_tool_calls_are_put_together_and_their_results_sent_back() -> None:
    def model(asked: Asked) -> Made:
        if not asked.results:
            return Answer("Let me look.", calls=(("search", {"query": "durability"}), ("search", {"query": "commit"})))
        return " ".join(asked.results)

    with asking(model) as (client, server):
        first = client.converse("test-model", ASK, (SEARCH,), lambda text: None, 300)
        results = [Turn("tool", f"found {call.id}", call_id=call.id) for call in first.calls]
        second = client.converse("test-model", (*ASK, first, *results), (SEARCH,), lambda text: None, 300)
    assert [(call.name, json.loads(call.arguments)) for call in first.calls] == [
        ("search", {"query": "durability"}),
        ("search", {"query": "commit"}),
    ]
    assert second.text == "found call_0 found call_1"
    sent = server.seen[1].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "tool"]
    assert sent[2]["tool_calls"][1]["id"] == sent[4]["tool_call_id"] == "call_1"
    assert server.seen[0].body["tools"][0]["function"]["name"] == "search"


def test_arguments_that_are_no_json_are_passed_on_as_they_are() -> None:
    with asking(lambda asked: Answer(calls=(("search", '{"query": '),))) as (client, _):
        turn = client.converse("test-model", ASK, (SEARCH,), lambda text: None, 300)
    assert turn.calls == (ToolCall("call_0", "search", '{"query": '),)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, "registry/gemma does not support tools"),
        Fault(404, "No endpoints found that support tool use"),
        Fault(500, "tools param requires --jinja flag"),
        Fault(400, '"auto" tool choice requires --enable-auto-tool-choice'),
    ],
)
def test_a_server_without_tools_is_known_from_then_on(fault: Fault) -> None:
    def model(asked: Asked) -> Made:
        return fault if asked.tools else TEXT

    with asking(model) as (client, server):
        for _ in range(2):
            with pytest.raises(ToolsUnsupported):
                client.converse("test-model", ASK, (SEARCH,), lambda text: None, 300)
        assert server.calls == 1
        assert client.converse("test-model", ASK, (), lambda text: None, 300).text == TEXT


def test_trouble_before_the_first_word_is_tried_again() -> None:
    faults = (Fault(503, headers={"Retry-After": "0"}), Fault(reset=True), Fault(429, headers={"Retry-After": "0"}))
    heard: list[str] = []
    with asking(lambda asked: faults[asked.number - 1] if asked.number <= 3 else TEXT) as (client, server):
        client.converse("test-model", ASK, (), heard.append, 300)
    assert server.calls == 4 and "".join(heard) == TEXT


def test_an_answer_that_breaks_off_is_not_begun_again() -> None:
    heard: list[str] = []
    with asking(lambda asked: Answer(TEXT, broken=True)) as (client, server):
        with pytest.raises(ModelFailure, match="broke off"):
            client.converse("test-model", ASK, (), heard.append, 300)
        assert client.usage.calls == 1
    assert server.calls == 1 and heard and TEXT.startswith("".join(heard))


def test_an_error_in_the_stream_is_an_error() -> None:
    event = 'data: {"error": {"message": "overloaded", "code": 503}}\n\n'
    fault = Fault(200, body=event, content_type="text/event-stream")
    with asking(lambda asked: fault if asked.number == 1 else TEXT) as (client, server):
        assert client.converse("test-model", ASK, (), lambda text: None, 300).text == TEXT
    assert server.calls == 2


def test_pieces_that_do_not_keep_to_the_protocol_are_passed_over() -> None:
    chunks = [
        {"choices": None},
        {},
        {"choices": ["x", {"delta": "y"}, {"delta": {"content": 7, "tool_calls": ["z", {"function": 3}]}}]},
        {"choices": [{"delta": {"content": "Good."}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": "many"}},
    ]
    body = ": a comment\n\n" + "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    with asking(lambda asked: Fault(200, body=body, content_type="text/event-stream")) as (client, _):
        assert client.converse("test-model", ASK, (), lambda text: None, 300).text == "Good."


def test_an_answer_that_was_cut_says_so() -> None:
    with asking(lambda asked: Answer(TEXT, finish="length")) as (client, _):
        assert client.converse("test-model", ASK, (), lambda text: None, 300).cut


def test_what_a_model_thinks_is_not_said() -> None:
    heard: list[str] = []
    with asking(lambda asked: f"<think>They ask about <b>.\nHmm.</think>\n\n{TEXT}") as (client, _):
        assert client.converse("test-model", ASK, (), heard.append, 300).text == TEXT
    assert "".join(heard) == TEXT


def test_text_that_begins_like_thinking_is_said() -> None:
    with asking(lambda asked: "<thin is no mark>") as (client, _):
        assert client.converse("test-model", ASK, (), lambda text: None, 300).text == "<thin is no mark>"


def test_a_server_that_does_not_stream_is_heard_at_once() -> None:
    heard: list[str] = []
    with asking(lambda asked: TEXT, ignores=frozenset({"stream"})) as (client, _):
        assert client.converse("test-model", ASK, (SEARCH,), heard.append, 300).text == TEXT
    assert heard == [TEXT]


def test_what_a_server_does_not_take_is_left_out() -> None:
    lacks = frozenset({"stream_options", "max_tokens", "temperature"})
    with asking(lambda asked: TEXT, lacks=lacks) as (client, server):
        for _ in range(2):
            assert client.converse("test-model", ASK, (), lambda text: None, 300).text == TEXT
    assert server.calls == 5


def test_a_person_who_stops_the_answer_stops_the_stream_and_not_the_client() -> None:
    def stop(text: str) -> None:
        raise KeyboardInterrupt

    with asking(lambda asked: TEXT) as (client, _):
        with pytest.raises(KeyboardInterrupt):
            client.converse("test-model", ASK, (), stop, 300)
        assert client.usage.calls == 1
        assert client.converse("test-model", ASK, (), lambda text: None, 300).text == TEXT


def test_a_wrong_key_stops_a_conversation_with_the_remedy() -> None:
    with asking(lambda asked: TEXT, key="sk-right") as (client, _), pytest.raises(ModelError, match="refuses the key"):
        client.converse("test-model", ASK, (), lambda text: None, 300)


def test_a_conversation_keeps_to_the_budget() -> None:
    with asking(lambda asked: TEXT, max_tokens=200) as (client, server), pytest.raises(BudgetSpent):
        client.converse("test-model", ASK, (), lambda text: None, 300)
    assert server.calls == 0
