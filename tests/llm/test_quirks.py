"""What servers and models do besides the protocol: each is understood, and nothing is asked or shown twice."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkb.errors import ModelError, ModelFailure, TooLong
from gitkb.llm.asking_file import AskingFile
from gitkb.llm.client import Client
from gitkb.llm.dialects import Dialect
from gitkb.llm.listening import Ending, ending_of
from gitkb.llm.rate_limit import Pace, Patience
from gitkb.llm.requests import Tool, ToolCall, Turn
from gitkb.llm.spoken import Spoken, repaired
from gitkb.llm.wire import Endpoint
from tests.support.model_client import GOOD, GOOD_TEXT, Kept, asking, question
from tests.support.model_server import Answer, Asked, Fault, Json, Made, serving

SEARCH = Tool("search", "Search the pages.", '{"type": "object", "properties": {"query": {"type": "string"}}}')
ASK = (Turn("system", "You answer."), Turn("user", "What is durability?"))
TEXT = "Durability is the promise that a committed change survives."
CALL = '{"name": "search", "arguments": {"query": "wal"}}'


def talk(model: Callable[[Asked], Made], turns: tuple[Turn, ...] = ASK, **settings: object) -> tuple[Turn, str]:
    """The model's turn, and what a person heard of it."""
    heard: list[str] = []
    with asking(model, **settings) as (client, _):
        turn = client.converse("test-model", turns, (SEARCH,), heard.append, 300, heard.clear)
    return turn, "".join(heard)


def asks(*made: Made) -> tuple[Json, int]:
    """The reply to one question, whose first answers are these and all later ones good; and the number of calls."""
    with asking(lambda asked: made[asked.number - 1] if asked.number <= len(made) else GOOD) as (client, server):
        return json.loads(client.ask([question()])[0].text), server.calls


# Streams


def test_questions_are_streamed_so_that_any_word_is_a_sign_of_life() -> None:
    slow = Answer(GOOD_TEXT, pause=0.15)
    with asking(lambda asked: slow, endpoint={"timeout": 0.4}) as (client, server):
        assert json.loads(client.ask([question()])[0].text) == GOOD
    assert server.calls == 1 and server.seen[0].body["stream"] is True


@pytest.mark.parametrize(
    "fault",
    [
        Fault(400, "Unsupported parameter: 'stream' is not supported with this model.", param="stream"),
        Fault(200, body="this is no stream of events", content_type="text/event-stream"),
        Fault(200, body="data: nor is this\n\n", content_type="text/event-stream"),
    ],
)
def test_a_server_that_cannot_stream_is_asked_plainly_once_and_for_all(fault: Fault, tmp_path: Path) -> None:
    def model(asked: Asked) -> Made:
        return fault if asked.body.get("stream") else GOOD

    with serving(model) as server:
        for run in range(2):
            shared = AskingFile(tmp_path / "asking.sqlite", "me", lambda owner: True)
            with Client(Endpoint(server.base_url, "sk-test"), Kept(), shared=shared) as client:
                client.ask([question(f"{run} {n}") for n in range(4)])
    assert server.calls == 9, "the next run knows it"


def test_a_reply_that_only_calls_itself_a_stream_is_read() -> None:
    whole = {"choices": [{"message": {"role": "assistant", "content": GOOD_TEXT}, "finish_reason": "stop"}]}
    assert asks(Fault(200, body=json.dumps(whole), content_type="text/event-stream")) == (GOOD, 1)


def test_a_server_that_only_streams_is_streamed_whatever_was_known_of_it(tmp_path: Path) -> None:
    shared = AskingFile(tmp_path / "asking.sqlite", "me", lambda owner: True)
    with serving(lambda asked: GOOD, only_streams=True) as server:
        shared.of(server.base_url).keep("test-model", Dialect(stream=False))
        with Client(Endpoint(server.base_url, "sk-test"), Kept(), shared=shared) as client:
            assert json.loads(client.ask([question()])[0].text) == GOOD
    assert [seen.body.get("stream", False) for seen in server.seen] == [False, True]


def test_a_stream_that_ends_without_a_word_is_whole_if_its_object_is() -> None:
    assert asks(Answer(GOOD_TEXT, unended=True)) == (GOOD, 1)
    assert asks(Answer(GOOD_TEXT[:-5], unended=True)) == (GOOD, 2)


@pytest.mark.parametrize("content", [{"content": ""}, {}])
def test_signs_of_life_without_a_word_are_not_waited_for_without_end(content: Json) -> None:
    endless = Answer(deltas=(content,) * 400, pause=0.01)
    patience = Patience(tries=2, first=0.001)
    with (
        asking(lambda asked: endless, endpoint={"timeout": 0.1}, patience=patience) as (client, server),
        pytest.raises(ModelFailure, match=r"no word for 0\.4 s, only signs of life"),
    ):
        client.ask([question()])
    assert server.calls == 2


def test_comments_in_a_stream_are_no_answer_and_no_end_of_one() -> None:
    pings = ": OPENROUTER PROCESSING\n\n" * 3
    event = {"choices": [{"delta": {"content": GOOD_TEXT}, "finish_reason": "stop"}]}
    body = f"{pings}data: {json.dumps(event)}\n\n{pings}data: [DONE]\n\n"
    assert asks(Fault(200, body=body, content_type="text/event-stream")) == (GOOD, 1)


def test_half_a_surrogate_pair_in_an_answer_does_not_end_the_run() -> None:
    assert asks("I wonder \ud800", GOOD) == (GOOD, 2)


def test_a_call_that_breaks_off_is_asked_for_again_as_nobody_has_heard_of_it() -> None:
    broken = Answer(None, calls=(("search", {"query": "wal " * 20}),), broken=True)
    assert asks(Answer(None, calls=(("json", GOOD_TEXT),), broken=True), Answer(None, calls=(("json", GOOD_TEXT),))) == (GOOD, 2)
    with asking(lambda asked: broken if asked.number == 1 else TEXT) as (client, _):
        assert client.converse("test-model", ASK, (SEARCH,), lambda text: None, 300).text == TEXT


def test_an_error_in_a_choice_is_asked_again() -> None:
    event = {"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "gone"}}]}
    assert asks(Fault(200, body=f"data: {json.dumps(event)}\n\n", content_type="text/event-stream")) == (GOOD, 2)


def test_a_run_begins_with_few_questions_and_a_silence_makes_them_fewer() -> None:
    pace = Pace(16, timeout=300)
    assert pace.limit == 4
    pace.faster(60)
    assert pace.limit == 4, "a slow answer is no reason to ask much more"
    with pace.turn() as began:
        pace.slower(began, 0)
    assert pace.limit == 2
    for _ in range(3):
        pace.faster(100)
    assert pace.limit == 2, "answers that do not begin in time do not bring more"


def test_silence_names_the_settings_that_decide_how_long_it_may_be() -> None:
    said: list[str] = []
    patience = Patience(tries=2, first=0.001)
    with (
        asking(lambda asked: Fault(silent=True), endpoint={"timeout": 0.1}, patience=patience, notify=said.append) as (client, _),
        pytest.raises(ModelFailure, match=r"said nothing for 0\.1 s") as caught,
    ):
        client.ask([question()])
    assert "llm.timeout" in caught.value.hint and "llm.concurrency" in caught.value.hint
    assert "llm.timeout" in said[0]


# Thinking


def test_what_a_model_thinks_in_a_field_of_its_own_is_neither_said_nor_lost() -> None:
    for name in ("reasoning_content", "reasoning"):
        turn, heard = talk(lambda asked, name=name: Answer(TEXT, extra={name: "They ask about it."}))  # type: ignore[misc]
        assert heard == turn.text == TEXT and turn.extra == {name: "They ask about it."}


def test_content_may_come_as_a_list_of_parts() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    parts = ({"content": [thinking]}, {"content": [{"type": "text", "text": TEXT}]})
    assert talk(lambda asked: Answer(deltas=parts))[1] == TEXT
    assert asks(Answer(deltas=({"content": [thinking, {"type": "text", "text": GOOD_TEXT}]},))) == (GOOD, 1)


def test_a_reply_that_stands_where_the_thinking_should_is_found() -> None:
    assert asks(Answer("", extra={"reasoning_content": GOOD_TEXT})) == (GOOD, 1)


def test_a_model_that_thinks_until_its_limit_gets_more_room_once_and_for_all_questions() -> None:
    said: list[str] = []

    def model(asked: Asked) -> Made:
        return Answer("", finish="length", extra={"reasoning": "Hm. " * 20}) if asked.body["max_tokens"] == 500 else GOOD

    with asking(model, notify=said.append) as (client, server):
        client.ask([question(f"q{n}") for n in range(3)])
    assert [seen.body["max_tokens"] for seen in server.seen] == [500, 2000, 2000, 2000]
    assert "llm.max_output_tokens (500)" in said[0] and "llm.reasoning_effort" in said[0]


@pytest.mark.parametrize("text", ["", "<think>I wonder ", "<|channel|>analysis<|message|>I wonder "])
def test_a_model_that_only_thinks_fails_its_document_with_the_settings_named(text: str) -> None:
    with asking(lambda asked: Answer(text, finish="length", extra={"reasoning": "Hm."})) as (client, server):
        with pytest.raises(ModelFailure, match="thought until its limit of 2,000 tokens") as caught:
            client.ask([question()])
        assert "llm.reasoning_effort" in caught.value.hint
    assert server.calls == 2


def test_the_effort_of_reasoning_is_sent_where_it_is_set_and_taken() -> None:
    with asking(lambda asked: GOOD, endpoint={"effort": "low"}, lacks=frozenset({"reasoning_effort"})) as (client, server):
        client.ask([question("one"), question("two")])
    assert [seen.body.get("reasoning_effort") for seen in server.seen] == ["low", None, None]


# What a model writes as text


SPOKEN = [
    (TEXT, TEXT, ()),
    (f"<think>Hm.</think>\n\n{TEXT}", TEXT, ()),
    ("<think>Hm, and no end", "", ()),
    (f"<tool_call>\n{CALL}\n</tool_call>", "", ("search",)),
    (f"Let me look.\n<tool_call>{CALL}", "Let me look.\n", ("search",)),
    (f"```json\n{CALL}\n```", "", ("search",)),
    (f"I look:\n```json\n{CALL}\n```", "I look:\n", ("search",)),
    ('functions.search({"query": "wal"})', "", ("search",)),
    ('search({"query": "wal"})', "", ("search",)),
    (f"[TOOL_CALLS][{CALL}]", "", ("search",)),
    ('[TOOL_CALLS]search[ARGS]{"query": "wal"}', "", ("search",)),
    ("<function=search>\n<parameter=query>\nwal\n</parameter>\n</function>", "", ("search",)),
    (f"<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>{TEXT}<|return|>", TEXT, ()),
    ('<|channel|>commentary to=functions.search <|constrain|>json<|message|>{"query": "wal"}<|call|>', "", ("search",)),
    ("<tool_call>I want to search", "", ("",)),
    (
        f"The marks `<think>` and <tool_call> are text here. {TEXT}",
        f"The marks `<think>` and <tool_call> are text here. {TEXT}",
        (),
    ),
    ('```python\nsearch("wal")\n```\nis how.', '```python\nsearch("wal")\n```\nis how.', ()),
    ('{"a": 1} is an object.', '{"a": 1} is an object.', ()),
]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(("text", "shown", "names"), SPOKEN)
def test_thinking_and_calls_in_a_text_are_not_shown(text: str, shown: str, names: tuple[str, ...], size: int) -> None:
    spoken = Spoken(("search", "read_page"))
    said = "".join(spoken.feed(text[at : at + size]) for at in range(0, len(text), size)) + spoken.end()
    assert (said, tuple(call.name for call in spoken.calls)) == (shown, names)
    assert all(json.loads(call.arguments) == {"query": "wal"} for call in spoken.calls if call.name)


def test_thinking_whose_end_alone_is_marked_is_taken_back_and_held_back_next_time() -> None:
    with asking(lambda asked: f"They ask about it.\n</think>\n\n{TEXT}") as (client, _):
        for pieces in (True, False):
            heard: list[str] = []
            took_back: list[bool] = []
            turn = client.converse("test-model", ASK, (SEARCH,), heard.append, 300, lambda took=took_back: took.append(True))
            assert turn.text == TEXT and bool(took_back) is pieces
    assert "".join(heard) == TEXT


@pytest.mark.parametrize(
    ("written", "meant"),
    [('{"query": "x"', {"query": "x"}), ('{"query": "x",}', {"query": "x"}), ("{'query': 'x'}", {"query": "x"}), ("", {})],
)
def test_arguments_with_small_mistakes_are_repaired(written: str, meant: Json) -> None:
    assert json.loads(repaired(written)) == meant


# Calls


def test_parallel_calls_with_one_index_are_calls_of_their_own() -> None:
    def call(id_: str, query: str) -> Json:
        function = {"name": "search", "arguments": json.dumps({"query": query})}
        return {"tool_calls": [{"index": 0, "id": id_, "function": function}]}

    for ids in (("a", "b"), ("", "")):
        turn, _ = talk(lambda asked, ids=ids: Answer(deltas=(call(ids[0], "wal"), call(ids[1], "log"))))  # type: ignore[misc]
        assert [json.loads(each.arguments)["query"] for each in turn.calls] == ["wal", "log"]
        assert len({each.id for each in turn.calls}) == 2


def test_what_is_not_understood_goes_back_as_it_came_unless_it_is_refused() -> None:
    delta = {
        "tool_calls": [{"index": 0, "id": "a", "function": {"name": "search", "arguments": '{"q'}, "extra_content": {"s": 1}}]
    }
    more = {"tool_calls": [{"index": 0, "function": {"arguments": '": 1}'}}], "reasoning_content": "Hm."}

    def model(asked: Asked) -> Made:
        if not asked.results:
            return Answer(deltas=(delta, more))
        echoed = any("reasoning_content" in message for message in asked.messages)
        return Fault(400, "messages.2.reasoning_content: extra inputs are not permitted") if echoed else TEXT

    with asking(model) as (client, server):
        turn = client.converse("test-model", ASK, (SEARCH,), lambda text: None, 300)
        client.converse("test-model", (*ASK, turn, Turn("tool", "found", call_id="a")), (SEARCH,), lambda text: None, 300)
    [first, second] = [seen.body["messages"][2] for seen in server.seen[1:]]
    assert first["reasoning_content"] == "Hm." and first["tool_calls"][0]["extra_content"] == {"s": 1}
    assert "reasoning_content" not in second and second["tool_calls"][0]["function"]["arguments"] == '{"q": 1}'


def test_broken_arguments_do_not_go_back() -> None:
    turns = (*ASK, Turn("assistant", "", (ToolCall("a", "search", '{"query": '),)), Turn("tool", "no", call_id="a"))
    with asking(lambda asked: TEXT) as (client, server):
        client.converse("test-model", turns, (SEARCH,), lambda text: None, 300)
    assert server.seen[0].body["messages"][2]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_a_user_speaks_within_the_last_result_where_none_may_follow_it() -> None:
    def model(asked: Asked) -> Made:
        after = [
            one["role"] == "tool" and other["role"] == "user"
            for one, other in zip(asked.messages, asked.messages[1:], strict=False)
        ]
        return Fault(400, "Unexpected role 'user' after role 'tool'") if any(after) else asked.results[-1]

    turns = (
        *ASK,
        Turn("assistant", "", (ToolCall("a", "search", "{}"),)),
        Turn("tool", "found", call_id="a"),
        Turn("user", "Now."),
    )
    turn, _ = talk(model, turns)
    assert turn.text == "found\n\nNow."


def test_a_refusal_that_only_mentions_a_tool_does_not_end_the_calling_of_tools() -> None:
    odd = Fault(
        400, "Tool call validation failed: attempted to call tool 'serch' which was not in request.tools", code="tool_use_failed"
    )
    with asking(lambda asked: odd if asked.number == 1 else TEXT) as (client, server):
        assert client.converse("test-model", ASK, (SEARCH,), lambda text: None, 300).text == TEXT
    assert all("tools" in seen.body for seen in server.seen) and server.calls == 2


# How answers end, and what refusals mean


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        *((word, Ending.WHOLE) for word in ("stop", "STOP", "end_turn", "eos", "FinishReason.STOP")),
        *((word, Ending.CALLS) for word in ("tool_calls", "tool_use", "function_call")),
        *((word, Ending.LENGTH) for word in ("length", "max_tokens", "MAX_TOKENS", "model_length")),
        *(
            (word, Ending.REFUSED)
            for word in ("content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "refusal")
        ),
        *((word, Ending.TROUBLE) for word in ("error", "insufficient_system_resource", "MALFORMED_FUNCTION_CALL")),
        ("", Ending.UNTOLD),
        ("another", Ending.OTHER),
    ],
)
def test_every_servers_word_for_the_end_is_told_apart(word: str, ending: Ending) -> None:
    assert ending_of(word) is ending


@pytest.mark.parametrize("word", ["content_filter", "SAFETY", "RECITATION"])
def test_refused_content_fails_its_document_in_the_servers_word_and_is_not_asked_again(word: str) -> None:
    def model(asked: Asked) -> Made:
        return Answer("", finish=word) if "odd" in asked.last else GOOD

    with asking(model) as (client, server):
        for _ in range(2):
            with pytest.raises(ModelFailure, match=rf"refuses the content \({word}\)"):
                client.ask([question("odd"), question("one")])
    assert server.calls == 2


@pytest.mark.parametrize("word", ["error", "insufficient_system_resource"])
def test_a_server_that_gives_up_in_the_middle_is_asked_again(word: str) -> None:
    assert asks(Answer('{"title"', finish=word)) == (GOOD, 2)


@pytest.mark.parametrize(("finish", "cut"), [("length", "length"), ("SAFETY", "SAFETY"), ("odd", "odd"), ("stop", "")])
def test_an_answer_that_was_cut_says_by_what(finish: str, cut: str) -> None:
    assert talk(lambda asked: Answer(TEXT, finish=finish))[0].cut == cut


@pytest.mark.parametrize("code", ["json_validate_failed", "tool_use_failed"])
def test_a_generation_that_the_server_throws_away_is_asked_for_again(code: str) -> None:
    assert asks(Fault(400, "Failed to generate JSON. Please adjust your prompt.", code=code)) == (GOOD, 2)


def test_the_pause_that_gemini_names_in_its_details_is_kept() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7200s"}]
    body = [{"error": {"code": 429, "message": "You exceeded your current quota.", "details": details}}]
    with (
        asking(lambda asked: Fault(429, body=json.dumps(body))) as (client, server),
        pytest.raises(ModelError, match="takes no requests for 120 minutes"),
    ):
        client.ask([question()])
    assert server.calls == 1


@pytest.mark.parametrize("status", [400, 429])
def test_an_account_without_credit_stops_the_run(status: int) -> None:
    fault = Fault(status, "Your credit balance is too low to access the API.", code="invalid_request_error")
    with asking(lambda asked: fault) as (client, server), pytest.raises(ModelError, match="no credit left"):
        client.ask([question(f"q{n}") for n in range(9)])
    assert server.calls == 1


def test_a_refused_key_is_one_line() -> None:
    said = """litellm.AuthenticationError: {"error": {"message": "Incorrect API key provided.", "type": "x", "param": null}}"""
    with asking(lambda asked: Fault(401, said)) as (client, _), pytest.raises(ModelError) as caught:
        client.ask([question()])
    assert caught.value.message.endswith("refuses the key: Incorrect API key provided.")


def test_a_prompt_that_is_too_long_names_the_limit() -> None:
    fault = Fault(400, "This model's maximum context length is 8192 tokens, however you requested 9,000 tokens")
    with asking(lambda asked: fault) as (client, _), pytest.raises(TooLong) as caught:
        client.ask([question()])
    assert caught.value.limit == 8192


# Addresses


def test_azure_is_asked_at_its_deployment_with_its_version_and_its_header() -> None:
    with asking(lambda asked: GOOD, key="sk-test", key_header="api-key") as (_, server):
        base = f"{server.base_url.removesuffix('/v1')}/openai/deployments/{{model}}?api-version=2024-10-21"
        with asking(lambda asked: GOOD, endpoint={"base_url": base}) as (client, _):
            assert json.loads(client.ask([question()])[0].text) == GOOD
    [seen] = server.seen
    assert seen.path == "/openai/deployments/test-model/chat/completions?api-version=2024-10-21"
    assert "authorization" not in seen.headers


def test_usage_that_a_server_does_not_count_is_not_known() -> None:
    with asking(lambda asked: Answer(GOOD_TEXT, usage=False)) as (client, _):
        client.ask([question()])
        assert (client.usage.calls, client.usage.uncounted) == (1, 1)


# Two processes


def test_a_question_that_another_process_asks_is_waited_for(tmp_path: Path) -> None:
    kept, asked_for, go_on = Kept(), threading.Event(), threading.Event()

    def model(asked: Asked) -> Made:
        asked_for.set()
        go_on.wait(20)
        return GOOD

    def shared(me: str) -> AskingFile:
        return AskingFile(tmp_path / "asking.sqlite", me, lambda owner: True)

    with (
        asking(model, replies=kept, shared=shared("one")) as (one, server),
        asking(lambda asked: GOOD, replies=kept, shared=shared("two")) as (two, other),
    ):
        first = threading.Thread(target=one.ask, args=([question()],))
        first.start()
        assert asked_for.wait(20)
        waiting = threading.Thread(target=two.ask, args=([question()],))
        waiting.start()
        go_on.set()
        first.join(20)
        waiting.join(20)
    assert (server.calls, other.calls) == (1, 0) and two.usage.cached == 1


def test_what_was_found_out_about_servers_can_be_forgotten(tmp_path: Path) -> None:
    shared = AskingFile(tmp_path / "asking.sqlite", "me", lambda owner: True)
    shared.of("server").keep("m", Dialect(stream=False))
    shared.of("server").keep_limit("m", 4096)
    assert (shared.of("server").dialect("m"), shared.of("server").limit("m")) == (Dialect(stream=False), 4096)
    assert shared.of("other").dialect("m") is None
    shared.forget()
    assert (shared.of("server").dialect("m"), shared.of("server").limit("m")) == (None, None)


def test_a_claim_ends_with_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "asking.sqlite"
    assert AskingFile(file, "dead", lambda owner: False).claim("key")
    assert not AskingFile(file, "other", lambda owner: True).claim("key")
    assert AskingFile(file, "other", lambda owner: False).claim("key")


def test_a_file_of_claims_that_is_no_such_file_hinders_nobody(tmp_path: Path) -> None:
    file = tmp_path / "asking.sqlite"
    file.write_bytes(b"x" * 9000)
    assert AskingFile(file, "me", lambda owner: True).claim("key")
    folder = tmp_path / "folder"
    folder.mkdir()
    shared = AskingFile(folder, "me", lambda owner: True)
    assert shared.claim("key") and shared.of("server").dialect("m") is None
