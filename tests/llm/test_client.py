"""The client asks a real server on loopback: each question once, in parallel, and what comes back fits its schema."""

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitkb.errors import BudgetSpent, GitkbError, ModelError, ModelFailure, RepositoryError
from gitkb.llm.client import Client
from gitkb.llm.requests import Reply, Request
from gitkb.llm.wire import Endpoint
from tests.support.model_client import GOOD, Kept, asking, question
from tests.support.model_server import Answer, Asked, Fault, Made, serving


def test_a_reply_is_json_that_fits_the_schema_in_one_form() -> None:
    with asking(lambda asked: '{ "number": 1,\n"title": "Durability" }') as (client, server):
        [reply] = client.ask([question()])
    assert json.loads(reply.text) == GOOD
    assert (reply.calls, reply.cached, server.calls) == (1, False, 1)
    assert reply.tokens_in > 0 and reply.tokens_out > 0


def test_replies_come_in_the_order_of_the_requests_and_are_asked_at_once() -> None:
    together = threading.Barrier(4, timeout=20)

    def model(asked: Asked) -> Made:
        if asked.number > 1:
            together.wait()
        return GOOD | {"title": asked.last}

    with asking(model) as (client, server):
        client.ask([question("first")])
        replies = client.ask([question(f"q{n}") for n in range(4)])
    assert [json.loads(reply.text)["title"] for reply in replies] == ["q0", "q1", "q2", "q3"]
    assert server.peak == 4


def test_there_are_never_more_requests_at_once_than_the_setting() -> None:
    with asking(lambda asked: GOOD, delay=0.002, endpoint={"concurrency": 3}) as (client, server):
        client.ask([question(f"q{n}") for n in range(40)])
    assert server.peak <= 3


def test_equal_requests_are_sent_once_and_paid_once() -> None:
    with asking(lambda asked: GOOD) as (client, server):
        replies = client.ask([question("same")] * 5)
        again = client.ask([question("same")])
    assert server.calls == 1
    assert [reply.cached for reply in replies] == [False, True, True, True, True] and again[0].cached


def test_what_arrived_is_kept_when_another_request_fails() -> None:
    kept = Kept()

    def model(asked: Asked) -> Made:
        return Fault(400, "no such thing") if "bad" in asked.last else GOOD

    with asking(model, replies=kept) as (client, _):
        with pytest.raises(ModelFailure, match="no such thing"):
            client.ask([question("bad"), question("one"), question("two")])
        assert len(kept.known) == 2


def test_a_budget_is_never_exceeded() -> None:
    def model(asked: Asked) -> Made:
        return Answer(json.dumps(GOOD), tokens_in=100, tokens_out=300)

    with asking(model, max_tokens=2000) as (client, server):
        with pytest.raises(BudgetSpent):
            client.ask([question(f"q{n}") for n in range(20)])
        assert 0 < client.usage.tokens_in + client.usage.tokens_out <= 2000
    assert server.calls == client.usage.calls >= 3


def test_a_budget_that_nothing_fits_into_sends_nothing_and_says_why() -> None:
    with asking(lambda asked: GOOD, max_tokens=100) as (client, server):
        with pytest.raises(BudgetSpent, match="0 of 100 are spent") as caught:
            client.ask([question()])
        assert "--max-tokens" in caught.value.hint
    assert server.calls == 0


def test_what_the_server_does_not_count_still_counts_for_the_budget() -> None:
    with asking(lambda asked: Answer(json.dumps(GOOD), usage=False), max_tokens=3000) as (client, server):
        with pytest.raises(BudgetSpent):
            client.ask([question(f"{n}" * 600) for n in range(10)])
        assert client.usage.tokens_in == 0
    assert 0 < server.calls < 10


def test_known_replies_cost_nothing_and_need_no_budget() -> None:
    kept = Kept()
    with asking(lambda asked: GOOD, replies=kept) as (client, _):
        client.ask([question()])
    with asking(lambda asked: GOOD, replies=kept, max_tokens=1) as (client, server):
        assert client.ask([question()])[0].cached
        assert (client.usage.calls, client.usage.cached) == (0, 1)
    assert server.calls == 0


def test_a_kept_reply_that_does_not_fit_is_asked_for_again() -> None:
    kept = Kept()
    kept.put(question(), Reply('{"title": "forged"}'))
    with asking(lambda asked: GOOD, replies=kept) as (client, server):
        [reply] = client.ask([question()])
    assert json.loads(reply.text) == GOOD and not reply.cached and server.calls == 1


def test_requests_under_way_are_shared_between_threads() -> None:
    both = threading.Event()

    def model(asked: Asked) -> Made:
        both.wait(20)
        return GOOD

    with asking(model) as (client, server), ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(client.ask, [question()]) for _ in range(2)]
        both.set()
        replies = [future.result()[0] for future in futures]
    assert server.calls == 1
    assert sorted(reply.cached for reply in replies) == [False, True]


def test_a_reply_is_kept_although_nobody_waits_for_it_any_more() -> None:
    kept, asked_for, answer, put = Kept(), threading.Event(), threading.Event(), threading.Event()

    class Watched(Kept):
        def put(self, request: Request, reply: Reply) -> None:
            kept.put(request, reply)
            put.set()

    def model(asked: Asked) -> Made:
        asked_for.set()
        answer.wait(20)
        return GOOD

    with asking(model, replies=Watched()) as (client, _), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.ask, [question()])
        assert asked_for.wait(20)
        client.close()
        with pytest.raises(ModelError, match="closed"):
            waiting.result(20)
        answer.set()
        assert put.wait(20)
    assert question().key in kept.known


def test_a_reply_that_cannot_be_kept_stops_the_run() -> None:
    class Full(Kept):
        def put(self, request: Request, reply: Reply) -> None:
            raise RepositoryError("The disk is full.")

    with asking(lambda asked: GOOD, replies=Full(), endpoint={"concurrency": 1}) as (client, server):
        with pytest.raises(RepositoryError, match="full"):
            client.ask([question(f"q{n}") for n in range(9)])
        with pytest.raises(GitkbError):
            client.ask([question("another")])
    assert server.calls == 1


def test_threads_do_not_keep_the_process_alive() -> None:
    code = """
import sys, threading
from gitkb.llm.client import Client
from gitkb.llm.wire import Endpoint
from tests.support.model_client import Kept, question
client = Client(Endpoint(sys.argv[1], timeout=600), Kept())
threading.Thread(target=lambda: client.ask([question()]), daemon=True).start()
sys.stdin.readline()
"""
    asked_for, end = threading.Event(), threading.Event()

    def model(asked: Asked) -> Made:
        asked_for.set()
        end.wait(60)
        return GOOD

    with serving(model) as server:
        process = subprocess.Popen([sys.executable, "-c", code, server.base_url], stdin=subprocess.PIPE)
        assert asked_for.wait(60)
        process.communicate(b"\n", timeout=30)
        end.set()
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for one process there")
def test_ctrl_c_does_not_wait_for_a_reply() -> None:
    code = """
import sys
from gitkb.llm.client import Client
from gitkb.llm.wire import Endpoint
from tests.support.model_client import Kept, question
try:
    with Client(Endpoint(sys.argv[1], timeout=600), Kept()) as client:
        client.ask([question("one"), question("two")])
except KeyboardInterrupt:
    sys.exit(130)
"""
    asked_for, end = threading.Event(), threading.Event()

    def model(asked: Asked) -> Made:
        asked_for.set()
        end.wait(60)
        return GOOD

    with serving(model) as server:
        process = subprocess.Popen([sys.executable, "-c", code, server.base_url])
        assert asked_for.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        end.set()


def test_connections_are_used_again() -> None:
    with asking(lambda asked: GOOD, endpoint={"concurrency": 2}) as (client, server):
        client.ask([question(f"q{n}") for n in range(20)])
    assert server.connections <= 2


def test_a_proxy_is_used_where_the_endpoint_names_one_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(lambda asked: GOOD) as proxy:
        through = {"base_url": "http://models.invalid/v1", "proxy": proxy.base_url.removesuffix("/v1")}
        with asking(lambda asked: GOOD, endpoint=through) as (client, _):
            assert json.loads(client.ask([question()])[0].text) == GOOD
        assert proxy.seen[0].path == "http://models.invalid/v1/chat/completions"
    with asking(lambda asked: GOOD) as (client, server):
        client.ask([question()])
    assert server.calls == 1


def test_a_proxy_that_cannot_be_used_is_named_in_the_error() -> None:
    with (
        asking(lambda asked: GOOD, endpoint={"proxy": "gopher://me:secret@proxy"}) as (client, _),
        pytest.raises(ModelError, match="proxy") as caught,
    ):
        client.ask([question()])
    assert "secret" not in caught.value.message


def test_nothing_but_the_request_and_the_named_headers_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: somebody")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    with asking(lambda asked: GOOD, endpoint={"headers": {"X-Team": "docs"}}) as (client, server):
        client.ask([question()])
    sent = server.seen[0].headers
    assert sent["authorization"] == "Bearer sk-test" and sent["x-team"] == "docs" and sent["user-agent"].startswith("gitkb/")
    allowed = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "x-stainless-raw-response"}
    assert set(sent) - allowed == {"authorization", "x-team", "user-agent"}


def test_without_a_key_no_key_is_sent() -> None:
    with asking(lambda asked: GOOD, endpoint={"api_key": ""}) as (client, server):
        client.ask([question()])
    assert "authorization" not in server.seen[0].headers


def test_the_same_request_has_the_same_body() -> None:
    hashes = []
    for _ in range(2):
        with asking(lambda asked: GOOD) as (client, server):
            client.ask([question()])
        hashes.append(server.hashes)
    assert hashes[0] == hashes[1]
    assert server.seen[0].body["temperature"] == 0


def test_a_key_is_in_no_repr() -> None:
    assert "sk-test" not in repr(Endpoint("http://localhost/v1", "sk-test", {"X-Key": "sk-test"}))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_every_nth_bad_reply_costs_only_another_call(n: int) -> None:
    bad = (Fault(503, headers={"Retry-After": "0"}), "no JSON", Answer('{"title": "D', finish="length"), Fault(reset=True))
    with asking(lambda asked: GOOD, bad_every=n, bad=bad, endpoint={"concurrency": 1}) as (client, server):
        replies = client.ask([question(f"q{at}") for at in range(30)])
    assert all(json.loads(reply.text) == GOOD for reply in replies)
    assert server.calls == 30 + server.calls // n


def test_a_client_that_asked_nothing_closes() -> None:
    with Client(Endpoint("http://127.0.0.1:9/v1"), Kept()) as client:
        assert client.ask([]) == []
