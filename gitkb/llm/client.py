"""Asks many questions at once, each once, within a budget; and holds conversations with tools.

Invariant: an equal request is never under way twice, a known reply is never asked for again, and no more than the budget is
spent. What `ask` returns is JSON that fits the request's schema; a truncated reply is never kept. An error that concerns the
whole run (`ModelError`) releases all threads that wait. There are at most as many threads as the endpoint allows requests. They
are daemons and never keep the process alive: Python's own pools are joined when a process ends, and a model may take minutes
for a reply that nobody wants any more.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from types import TracebackType

from msgspec.structs import replace

from gitkb.errors import GitkbError, ModelError, ModelFailure, RepositoryError
from gitkb.llm.budget import Budget, estimated_tokens, tokens_in_text
from gitkb.llm.rate_limit import Patience
from gitkb.llm.reply import Completion, Listening, Unfit, answer_of, completed, once_more, read_reply
from gitkb.llm.requests import Message, Replies, Reply, Request, Tool, Turn
from gitkb.llm.server import Server, Trial
from gitkb.llm.wire import Endpoint
from gitkb.model.usage import Usage

_log = logging.getLogger(__name__)
Job = Callable[[], None]


class Threads:
    """A pool for jobs that raise nothing."""

    def __init__(self, most: int, last: Job) -> None:
        """`last` is done once, by whoever leaves last after `close`."""
        self._most = most
        self._last = last
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._left = 0
        self._closed = False

    def do(self, job: Job) -> bool:
        """Does a job soon; false when it is too late for any."""
        with self._lock:
            if self._closed:
                return False
            self._jobs.put(job)
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, daemon=True, name="gitkb-model")
                self._threads.append(thread)
                thread.start()
        return True

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._idle += 1
        with self._lock:
            self._left += 1
            last = self._left == len(self._threads)
        if last:
            self._last()

    def close(self, *, wait: bool) -> None:
        """Takes no more jobs. With `wait`, waits for those under way; else they end by themselves."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = list(self._threads)
            for _ in threads:
                self._jobs.put(None)
        if not threads:
            self._last()
        for thread in threads if wait else ():
            thread.join()


_CLOSED = ModelError("The model's client is closed.")


class Client:
    """Asks one endpoint; a context manager. All methods may be called from many threads at once.

    `max_tokens` is what may be spent in all, 0 for no limit; `notify` is told what a person wants to know of a long wait.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        replies: Replies,
        *,
        max_tokens: int = 0,
        notify: Callable[[str], None] = lambda message: None,
        patience: Patience | None = None,
    ) -> None:
        self._replies = replies
        self._server = Server(endpoint, patience or Patience(), notify)
        self._threads = Threads(endpoint.concurrency, self._server.close)
        self._budget = Budget(max_tokens)
        self._asked: dict[str, Future[Reply]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads. Whoever waits for a reply gets an error at once; a reply that is under way is kept if it still
        arrives.
        """
        busy = bool(self._asked)
        self._stop(_CLOSED)
        self._threads.close(wait=not busy)

    def _stop(self, error: GitkbError) -> None:
        """Asks nothing more. Whoever waits, and every later request, gets the first such error."""
        self._server.pace.stop(error)
        with self._lock:
            waited_for, self._asked = self._asked, {}
        for future in waited_for.values():
            _finish(future, error)

    def warm(self) -> None:
        """Loads what speaks to servers, in a thread of its own: it takes a second, which is saved where a question is sure to
        come.
        """
        threading.Thread(target=self._server.warm, daemon=True, name="gitkb-warm").start()

    @property
    def usage(self) -> Usage:
        """What was asked, failed attempts included."""
        return self._budget.spent

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies, in the order of the requests, all asked in parallel.

        `ModelError` is raised at once, `BudgetSpent` when what was under way has ended, and `ModelFailure`, where a request got
        no usable reply, when the other replies are kept.
        """
        asked = [self._reply_to(request) for request in requests]
        replies: list[Reply] = []
        failed: GitkbError | None = None
        for future, shared in asked:
            try:
                reply = future.result()
            except (ModelError, RepositoryError):
                raise
            except GitkbError as error:
                failed = failed or error
            else:
                replies.append(replace(reply, cached=True) if shared else reply)
        if failed is not None:
            raise failed
        return replies

    def _reply_to(self, request: Request) -> tuple["Future[Reply]", bool]:
        """The reply to come, and whether somebody else asked for it already."""
        key = request.key
        with self._lock:
            if key in self._asked:
                return self._asked[key], True
            future = self._asked[key] = Future[Reply]()
        try:
            known = self._known(request)
            if known is None:
                self._server.may_be_asked(request.model)
                if not self._threads.do(lambda: self._answer(key, request, future)):
                    raise _CLOSED
            else:
                self._budget.count(Usage(cached=1))
                self._conclude(key, future, known)
        except BaseException as error:
            self._conclude(key, future, error)
            raise
        return future, False

    def _known(self, request: Request) -> Reply | None:
        """The kept reply. The file it comes from may be anybody's, so it is read as if a server had just sent it."""
        known = self._replies.get(request)
        if known is None:
            return None
        try:
            return replace(known, text=read_reply(known.text, request.schema))
        except Unfit:
            return None

    def _answer(self, key: str, request: Request, future: "Future[Reply]") -> None:
        """A thread's job. Whatever happens, whoever waits learns of it."""
        try:
            reply = self._exchange(request)
            self._replies.put(request, reply)
        except (ModelError, RepositoryError) as error:  # the next request would fare no better, or be paid in vain
            self._stop(error)
            self._conclude(key, future, error)
        except BaseException as error:  # the boundary of a thread: it is raised again where the reply is waited for
            self._conclude(key, future, error)
        else:
            self._conclude(key, future, reply)

    def _conclude(self, key: str, future: "Future[Reply]", outcome: Reply | BaseException) -> None:
        with self._lock:
            self._asked.pop(key, None)
        _finish(future, outcome)

    def _exchange(self, request: Request) -> Reply:
        """The reply to one request, asked for once more where the first one cannot be used."""
        paid = Usage()
        messages = request.messages
        complaint = ""
        with self._server.dialects.probing(request.model):
            for _ in range(2):
                done = self._completion(request, messages)
                paid += done.usage
                try:
                    text = answer_of(done, request)
                except Unfit as unfit:
                    complaint = unfit.complaint
                    _log.debug("a reply of %s for %s cannot be used: %s", request.model, request.purpose, complaint)
                    if done.finish != "length":
                        self._server.dialects.doubt(request.model, done.dialect)
                    messages = (*request.messages, *once_more(done, complaint, request))
                else:
                    self._server.dialects.confirm(request.model)
                    return Reply(text, paid.tokens_in, paid.tokens_out, paid.calls)
            self._server.dialects.confirm(request.model)
        raise ModelFailure(f"the model gave no usable reply, asked twice: {complaint}.")

    def _completion(self, request: Request, messages: Sequence[Message]) -> Completion:
        """One complete reply of the server, whatever it says."""
        estimate = estimated_tokens(replace(request, messages=tuple(messages)))
        trial = Trial(self._server, request.model)
        with self._budget.reserved(estimate):
            while True:
                dialect = self._server.dialects.of(request.model)
                body = dialect.question(request, messages)
                with trial.attempt(dialect, body):
                    envelope = self._server.wire.ask(body)
                    done = completed(envelope, dialect, estimate - request.max_tokens)
                    self._budget.count(done.usage, done.tokens)
                    return done

    def converse(
        self, model: str, messages: Sequence[Turn], tools: Sequence[Tool], on_text: Callable[[str], None], max_tokens: int
    ) -> Turn:
        """The model's next turn, streamed: `on_text` gets the text as it comes, in this thread.

        It is tried again only before the first word; `ModelFailure` when the answer breaks off after it. `ToolsUnsupported` where
        the server or the model cannot call tools.
        """
        self._server.may_be_asked(model, tools=bool(tools))
        estimate = tokens_in_text(*(turn.text for turn in messages), *(tool.parameters for tool in tools))
        trial = Trial(self._server, model, tools=bool(tools))
        with self._budget.reserved(estimate + max_tokens):
            while True:
                dialect = self._server.dialects.of(model)
                body = dialect.conversation(model, messages, tools, max_tokens)
                listening = Listening(on_text)
                try:
                    with trial.attempt(dialect, body, listening), self._server.wire.stream(body) as chunks:
                        return listening.hear(chunks)
                finally:
                    self._count(listening, estimate)

    def _count(self, listening: Listening, estimate: int) -> None:
        """Counts an answer, even one that broke off or that a person stopped; an attempt without any answer is not counted."""
        usage = listening.usage
        if listening.heard or usage.tokens_out:
            self._budget.count(usage, usage.tokens_in + usage.tokens_out or estimate + tokens_in_text(listening.said))


def _finish(future: "Future[Reply]", outcome: Reply | BaseException) -> None:
    """Gives a future its outcome; the first one stands."""
    with contextlib.suppress(InvalidStateError):
        if isinstance(outcome, Reply):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
