"""Questions in batches: what is sent, waited for and kept, whatever becomes of a batch; against a real server on loopback."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gitkb.errors import ModelError, ModelFailure
from gitkb.llm.batches import batch_asker
from gitkb.llm.batches.batch_asker import BatchAsker, Gently
from gitkb.llm.batches.batch_book import BatchBook
from gitkb.llm.client import Client
from gitkb.llm.rate_limit import Patience
from gitkb.llm.wire import Endpoint
from gitkb.model.listener import Batching
from tests.support.batch_server import Batches
from tests.support.model_client import GOOD, GOOD_TEXT, Kept, question
from tests.support.model_server import Fault, Made, ModelServer, serving


@dataclass
class Bench:
    """A server with batches, and what one knowledge base knows of them."""

    folder: Path
    server: ModelServer
    kept: Kept = field(default_factory=Kept)
    said: list[str] = field(default_factory=list)
    seen: list[Batching] = field(default_factory=list)

    @contextmanager
    def asker(self, **settings: int) -> Iterator[tuple[Client, BatchAsker]]:
        """A client in a new process, so to say, and what asks in batches through it."""
        book = BatchBook(self.folder / "batches.sqlite", self.server.base_url)
        endpoint = Endpoint(base_url=self.server.base_url, api_key="sk-test")
        quick = Patience(first=0.001, longest=0.01)
        with Client(endpoint, self.kept, patience=quick, waits=book.batch_of, **settings) as client:
            gently = Gently(first=0.001, longest=0.01, tries=5)
            yield (
                client,
                BatchAsker(client, book, nullcontext, self.folder / "drafts", self.said.append, self.seen.append, gently),
            )

    @property
    def waiting(self) -> int:
        return len(BatchBook(self.folder / "batches.sqlite", self.server.base_url).noted())


Benches = Callable[..., Bench]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Benches]:
    """Makes a bench with a server that does as it is told."""
    with contextmanager(_benches)(tmp_path) as make:
        yield make


def _benches(folder: Path) -> Iterator[Benches]:
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(batches: Batches | None, model: Callable[..., Made] = lambda asked: GOOD) -> Bench:
            return Bench(folder, stack.enter_context(serving(model, batches=batches)))

        yield make


QUESTIONS = [question(f"What is {number}?") for number in range(6)]


def _told(asker: BatchAsker) -> int:
    """The rounds that it took."""
    rounds = 0
    while asker.round(QUESTIONS):
        rounds += 1
    return rounds


def test_all_questions_go_in_one_file_and_each_is_looked_up_after_its_answer_came(bench: Benches) -> None:
    batches = Batches(looks=3)
    made = bench(batches)
    with made.asker() as (client, asker):
        assert _told(asker) == 1
        replies = client.ask(QUESTIONS)
        assert {reply.text for reply in replies} == {GOOD_TEXT} and not any(reply.cached for reply in replies)
        assert client.usage.calls == 6 and client.usage.cached == 0 and client.usage.batch_in < client.usage.tokens_in
        assert made.server.calls == 1, "how to ask was found out with the first question"
    assert sum(batches.answered.values()) == 5 and made.waiting == 0 and not batches.files
    assert Batching(1, 5, 1) in made.seen and made.seen[-1] == Batching()


def _outcomes(*said: str) -> Callable[[int], str]:
    return lambda number: said[number] if number < len(said) else "answered"


@pytest.mark.parametrize(
    ("batches", "sent", "one_by_one"),
    [
        pytest.param(Batches(outcome=_outcomes("answered", "error", "no JSON at all", "{}")), 1, 3, id="some-fail"),
        pytest.param(
            Batches(outcome=_outcomes("answered", "expired", "expired"), ends=("expired", "completed")), 2, 0, id="late"
        ),
        pytest.param(Batches(outcome=lambda number: "expired", ends=("expired",)), 2, 5, id="never-in-time"),
        pytest.param(
            Batches(besides=("not JSON", "[]", '{"custom_id": "f", "response": {"status_code": 200, "body": {}}}')),
            1,
            0,
            id="noise",
        ),
    ],
)
def test_what_a_batch_leaves_open_is_asked_again_and_nothing_twice(
    bench: Benches, batches: Batches, sent: int, one_by_one: int
) -> None:
    made = bench(batches)
    with made.asker() as (client, asker):
        assert _told(asker) == sent
        assert {reply.text for reply in client.ask(QUESTIONS)} == {GOOD_TEXT}
        assert client.usage.calls + client.usage.cached >= 6
    assert len(batches.batches) == sent and made.server.calls == 1 + one_by_one and not made.server.repeated
    useful = [key for key, reply in made.kept.known.items() if reply.text == GOOD_TEXT]
    assert sorted(useful) == sorted(each.key for each in QUESTIONS), "nothing is kept that was not asked for"


def test_another_process_waits_for_what_is_sent_and_pays_nothing(bench: Benches) -> None:
    batches = Batches(looks=99)
    made = bench(batches)
    with made.asker() as (client, asker):
        client.ask(QUESTIONS[:1])
        batches.on_begin = client.close  # it is stopped while the server begins
        with pytest.raises(ModelError, match="closed"):
            asker.round(QUESTIONS)
    assert made.waiting == 1
    with made.asker() as (client, asker):
        asker.collect()
        with pytest.raises(ModelFailure, match="batch_1, which is not done"):
            client.ask(QUESTIONS[1:2])
        batches.looks = 1
        assert _told(asker) == 1
        client.ask(QUESTIONS)
    assert len(batches.batches) == 1 and max(batches.answered.values()) == 1 and made.server.calls == 1


def test_a_batch_that_never_began_is_sent_again(bench: Benches) -> None:
    batches = Batches()
    made = bench(batches)
    book = BatchBook(made.folder / "batches.sqlite", made.server.base_url)
    book.note("file-lost", "test-model", [each.key for each in QUESTIONS])
    with made.asker() as (client, asker):
        asker.collect()
        assert made.waiting == 0
        assert _told(asker) == 1
        client.ask(QUESTIONS)


def test_cancelling_keeps_what_was_answered_and_frees_the_rest(bench: Benches) -> None:
    batches = Batches(looks=99, outcome=_outcomes("answered", "answered", "expired", "expired", "expired"))
    made = bench(batches)
    with made.asker() as (client, asker):
        client.ask(QUESTIONS[:1])
        batches.on_begin = client.close
        with pytest.raises(ModelError):
            asker.round(QUESTIONS)
    with made.asker() as (client, asker):
        assert asker.cancel() == 1 and made.waiting == 0
        assert sum(client.known([each]) is not None for each in QUESTIONS) == 3
        client.ask(QUESTIONS)
    assert made.server.calls == 4 and max(batches.answered.values()) == 1


def test_a_batch_that_the_server_does_not_know_is_kept_until_somebody_gives_it_up(bench: Benches) -> None:
    batches = Batches(looks=99)
    made = bench(batches)
    with made.asker() as (client, asker):
        client.ask(QUESTIONS[:1])
        batches.on_begin = client.close
        with pytest.raises(ModelError):
            asker.round(QUESTIONS)
    with made.asker() as (client, asker):
        asker.collect()
        batches.batches.clear()
        asker.collect()
        assert "knows no batch batch_1" in made.said[-1] and made.waiting == 1
        with pytest.raises(ModelError, match="knows no batch batch_1"):
            asker.round(QUESTIONS)
        assert asker.cancel() == 1 and made.waiting == 0
        client.ask(QUESTIONS)


def test_a_server_that_cannot_be_asked_now_keeps_what_waits_and_stops_nobody(bench: Benches, tmp_path: Path) -> None:
    made = bench(None)
    book = BatchBook(made.folder / "batches.sqlite", made.server.base_url)
    book.begun(book.note("file-1", "test-model", ["a" * 64]), "batch_1")
    made.server.key = "another"
    with made.asker() as (_, asker):
        asker.collect()
    assert made.waiting == 1 and "was not looked at" in " ".join(made.said)


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        (Batches(ends=("failed",)), "The server takes no such batch: Enqueued token limit reached."),
        (Batches(ends=("cancelled",)), "The batch batch_1 was cancelled."),
        (None, "takes no batches: 404"),
    ],
)
def test_what_cannot_be_waited_for_is_said_and_waits_no_more(bench: Benches, batches: Batches | None, said: str) -> None:
    made = bench(batches)
    with made.asker() as (_, asker), pytest.raises(ModelError, match=said):
        asker.round(QUESTIONS)
    assert made.waiting == 0
    with made.asker() as (client, _):
        client.ask(QUESTIONS)


def test_files_stay_within_the_limits_of_the_protocol(bench: Benches, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = Batches()
    made = bench(batches)
    monkeypatch.setattr(batch_asker, "MOST_QUESTIONS", 2)
    with made.asker() as (client, asker):
        assert _told(asker) == 1
        client.ask(QUESTIONS)
    assert len(batches.batches) == 3 and sum(batches.answered.values()) == 5


def test_no_more_is_sent_than_may_be_spent(bench: Benches) -> None:
    batches = Batches()
    made = bench(batches)
    with made.asker(max_tokens=1_900) as (client, asker):
        _told(asker)
        assert client.usage.tokens_in + client.usage.tokens_out <= 1_900
    assert len(batches.batches) > 1, "the first batch held no more than the limit had room for"


def test_a_question_that_is_refused_at_once_is_in_no_batch(bench: Benches) -> None:
    batches = Batches()
    made = bench(
        batches, lambda asked: Fault(400, "content_filter: no", code="content_filter") if "What is 0?" in asked.text else GOOD
    )
    with made.asker() as (_, asker):
        assert _told(asker) == 1
    assert len(batches.answered) == 4 and made.server.calls == 2


def test_the_questions_are_those_that_are_asked_one_by_one(bench: Benches) -> None:
    batches = Batches(looks=99)
    made = bench(batches)
    with made.asker() as (client, asker):
        client.ask(QUESTIONS[:1])
        batches.on_begin = client.close
        with pytest.raises(ModelError):
            asker.round(QUESTIONS)
    [text] = batches.files.values()
    bodies = [json.loads(line)["body"] for line in text.splitlines()]
    [one] = made.server.seen
    assert [set(one.body) - set(body) for body in bodies] == [{"stream", "stream_options"}] * 5
    assert bodies[0]["response_format"] == one.body["response_format"]
