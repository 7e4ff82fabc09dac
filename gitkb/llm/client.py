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
from gitkb.llm.asking_file import AskingFile
from gitkb.llm.budget import Budget, tokens_in_text
from gitkb.llm.dialects import ROOMIER, Dialect
from gitkb.llm.listening import Answered, Ending, Listening
from gitkb.llm.rate_limit import Patience
from gitkb.llm.reply import Unfit, answer_of, once_more, read_reply, thought_it_all, whole_part
from gitkb.llm.requests import Message, Replies, Reply, Request, Tool, Turn
from gitkb.llm.server import Server, Trial, context_told
from gitkb.llm.spoken import Spoken
from gitkb.llm.wire import Broken, Endpoint
from gitkb.model.listener import Talking
from gitkb.model.usage import Usage

_log = logging.getLogger(__name__)
Job = Callable[[], None]
_LIVES = 4
"""Time-outs for which a server may send signs of life without a word, as some do while a question waits for its turn."""
_IN_PART = ("digest", "reduce")
"""What is asked in these questions can be done without: rules fill what a broken answer lacks."""
_LOOK_AGAIN = 0.2
"""Seconds after which a question that another process asks is looked for again."""


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

    `max_tokens` is what may be spent in all, 0 for no limit; `notify` is told what a person wants to know of a long wait, and
    `tell` what is being said now. `shared` is the file through which processes share what they know of the server, and
    questions that they ask at once. `waits` names the batch in which a question (by its key) waits for its answer already, "" for
    none: it is not asked and paid a second time.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        replies: Replies,
        *,
        max_tokens: int = 0,
        notify: Callable[[str], None] = lambda message: None,
        patience: Patience | None = None,
        shared: AskingFile | None = None,
        tell: Callable[[Talking], None] = lambda event: None,
        waits: Callable[[str], str] = lambda key: "",
    ) -> None:
        self._replies, self._shared, self._waits = replies, shared, waits
        kept = shared.of(endpoint.shown) if shared is not None else None
        self._server = Server(endpoint, patience or Patience(), notify, kept, tell)
        self._threads = Threads(endpoint.concurrency, self._server.close)
        self._budget = Budget(max_tokens)
        self._asked: dict[str, Future[Reply]] = {}
        self._refused: dict[str, ModelFailure] = {}
        self._fresh: set[str] = set()
        """The keys of replies that came in a batch of this run, and are counted."""
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

    @property
    def server(self) -> Server:
        """The server, for what is not asked one by one."""
        return self._server

    def take(self, key: str, reply: Reply) -> None:
        """Keeps and counts a reply that came in a batch, to the request of that key."""
        self._replies.keep(key, reply)
        with self._lock:
            self._fresh.add(key)
        tokens = (reply.tokens_in, reply.tokens_out)
        self._budget.count(Usage(1, 0, *tokens, int(not any(tokens)), *tokens), sum(tokens))

    def ask_early(self, request: Request) -> None:
        """Asks a question for which its reply is wanted later, in `ask`, which does not count it again."""
        for reply in self.ask([request]):
            if not reply.cached:
                with self._lock:
                    self._fresh.add(request.key)

    def has_room(self, tokens: int) -> bool:
        """Whether so many tokens may still be spent."""
        return self._budget.has_room(tokens)

    def known(self, requests: Sequence[Request]) -> dict[str, str] | None:
        """The replies by the keys of their requests, where all are known; nothing is asked or counted."""
        found = {request.key: self._known(request) for request in requests}
        replies = {key: reply.text for key, reply in found.items() if reply is not None}
        return replies if len(replies) == len(found) else None

    def dialect(self, model: str) -> Dialect:
        """How the model is asked, as far as it was found out."""
        return self._server.dialects.of(model)

    def limit(self, model: str) -> int:
        """The tokens that the server says the model takes in, with its reply; 0 where it does not say."""
        kept = self._shared.of(self._server.endpoint.shown) if self._shared is not None else None
        known = kept.limit(model) if kept is not None else None
        if known is not None:
            return known
        told = context_told(self._server.wire.look, model)
        if kept is not None and told is not None:
            kept.keep_limit(model, told)
        return told or 0

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

    def knows(self, requests: Sequence[Request]) -> bool:
        """Whether all of them are answered already, so that nothing would be sent."""
        return self.known(requests) is not None

    def _reply_to(self, request: Request) -> tuple["Future[Reply]", bool]:
        """The reply to come, and whether somebody else asked for it already."""
        key = request.key
        with self._lock:
            if key in self._asked:
                return self._asked[key], True
            if key in self._refused:
                raise self._refused[key]
            future = self._asked[key] = Future[Reply]()
        try:
            known = self._known(request)
            if known is None and (batch := self._waits(key)):
                raise ModelFailure(*in_a_batch(batch))
            if known is None:
                self._server.may_be_asked(request.model, pictures=bool(request.picture_tokens))
                if not self._threads.do(lambda: self._answer(key, request, future)):
                    raise _CLOSED
            else:
                self._conclude(key, future, self._counted(key, known))
        except BaseException as error:
            self._conclude(key, future, error)
            raise
        return future, False

    def _counted(self, key: str, known: Reply) -> Reply:
        """A kept reply, counted; one of this run's batches was when it came."""
        with self._lock:
            if key in self._fresh:
                self._fresh.remove(key)
                return replace(known, cached=False)
        self._budget.count(Usage(cached=1))
        return known

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
            reply = self._once(key, request)
        except (ModelError, RepositoryError) as error:  # the next request would fare no better, or be paid in vain
            self._stop(error)
            self._conclude(key, future, error)
        except BaseException as error:  # the boundary of a thread: it is raised again where the reply is waited for
            if isinstance(error, ModelFailure):
                error.key = key
                self._refused[key] = error  # the same question would be refused again
            self._conclude(key, future, error)
        else:
            self._conclude(key, future, reply)

    def _once(self, key: str, request: Request) -> Reply:
        """The reply to a request, which is kept before it is used. Where another process asks the same, its reply is waited
        for."""
        while self._shared is not None and not self._shared.claim(key):
            self._server.pace.sleep(_LOOK_AGAIN)
        try:
            known = self._known(request) if self._shared is not None else None
            if known is not None:
                self._budget.count(Usage(cached=1))
                return known
            reply = self._exchange(request)
            if not reply.cut:
                self._replies.put(request, reply)
            return reply
        finally:
            if self._shared is not None:
                self._shared.release(key)

    def _conclude(self, key: str, future: "Future[Reply]", outcome: Reply | BaseException) -> None:
        with self._lock:
            self._asked.pop(key, None)
        _finish(future, outcome)

    def _exchange(self, request: Request) -> Reply:
        """The reply to one request, asked for once more where the first one cannot be used."""
        paid, unfit, roomier, cut, part = Usage(), 0, False, False, ""
        messages = request.messages
        dialects = self._server.dialects
        with dialects.probing(request.model):
            while True:
                done = self._answered(request, messages, tight=cut)
                paid += done.usage
                self._server.refuse_cut_question(request, messages, done.usage.tokens_in)
                if thought_it_all(done):
                    if roomier or not self._more_room(request, done):
                        dialects.confirm(request.model)
                        raise ModelFailure(*_only_thought(request.max_tokens * done.dialect.room))
                    roomier = True
                    continue
                try:
                    text = answer_of(done, request)
                except Unfit as found:
                    complaint, unfit, cut = found.complaint, unfit + 1, done.ending is Ending.LENGTH
                    _log.debug("a reply of %s for %s cannot be used: %s", request.model, request.purpose, complaint)
                    if not cut:
                        dialects.doubt(request.model, done.dialect)
                    part = max(part, whole_part(done.text, request.schema), key=len) if request.purpose in _IN_PART else ""
                    if unfit == 2:
                        dialects.confirm(request.model)
                        if part:
                            return Reply(part, paid.tokens_in, paid.tokens_out, paid.calls, cut=complaint)
                        raise ModelFailure(f"the model gave no usable reply, asked twice: {complaint}.") from found
                    messages = (*request.messages, *once_more(done, complaint, request))
                else:
                    dialects.confirm(request.model)
                    return Reply(text, paid.tokens_in, paid.tokens_out, paid.calls)

    def _more_room(self, request: Request, done: Answered) -> bool:
        """Raises the limit of replies for a model that thinks; False where it is raised already."""
        if done.dialect.room >= ROOMIER:
            return False
        before = self._server.dialects.of(request.model)
        if before.room < ROOMIER:
            self._server.dialects.learn(request.model, before, replace(before, room=ROOMIER))
            self._server.notify(
                f"{request.model} thinks for longer than llm.max_output_tokens ({request.max_tokens:,}) allows; it is given"
                f" {ROOMIER} times as many. llm.reasoning_effort: low makes it think less."
            )
        return True

    def _answered(self, request: Request, messages: Sequence[Message], *, tight: bool) -> Answered:
        """One complete answer of the server, whatever it says; `tight` after one that was cut off."""
        trial = Trial(self._server, request.model, pictures=bool(request.picture_tokens))
        server, effort = self._server, self._server.endpoint.effort
        before = tokens_in_text(request.schema, *(message.text for message in messages)) + request.picture_tokens
        with self._budget.reserved(before + request.max_tokens * server.dialects.of(request.model).room):
            while True:
                dialect = server.dialects.of(request.model)
                body = dialect.question(request, messages, effort, tight=tight)
                most, longest = request.max_tokens * dialect.room, _LIVES * server.endpoint.timeout
                listening = Listening(dialect, before, most, on_sign=server.activity.sign, longest=longest)
                try:
                    with trial.attempt(body, dialect, listening), server.wire.ask(body) as chunks:
                        done = listening.hear(chunks)
                        if done.ending is Ending.TROUBLE:
                            raise Broken(f"the server ended the answer: {done.finish}")
                        if done.ending is Ending.UNTOLD and not _is_whole(done, request):
                            raise Broken("the answer broke off")
                        return done
                finally:
                    self._count(listening)

    def converse(
        self,
        model: str,
        messages: Sequence[Turn],
        tools: Sequence[Tool],
        on_text: Callable[[str], None],
        max_tokens: int,
        on_thought: Callable[[], None] = lambda: None,
    ) -> Turn:
        """The model's next turn, streamed: `on_text` gets the text as it comes, in this thread; `on_thought` hears that what it
        got so far was thinking.

        It is tried again only before the first word; `ModelFailure` when the answer breaks off after it, or is refused.
        `ToolsUnsupported` where the server or the model cannot call tools.
        """
        server = self._server
        server.may_be_asked(model, tools=bool(tools))
        names = tuple(tool.name for tool in tools)
        before = tokens_in_text(*(turn.text for turn in messages), *(tool.parameters for tool in tools))
        trial = Trial(server, model, tools=bool(tools))
        tried = 0
        with self._budget.reserved(before + max_tokens * server.dialects.of(model).room):
            while True:
                dialect = server.dialects.of(model)
                body = dialect.conversation(model, messages, tools, max_tokens, server.endpoint.effort)
                spoken = Spoken(names, aloud=dialect.aloud)
                most, longest = max_tokens * dialect.room, _LIVES * server.endpoint.timeout
                listening = Listening(dialect, before, most, spoken, on_text, on_thought, server.activity.sign, longest)
                try:
                    with trial.attempt(body, dialect, listening), server.wire.ask(body) as chunks:
                        done = listening.hear(chunks)
                        turn = _turn(done)
                        if turn is not None:
                            self._keep(model, dialect, done.dialect)
                            return turn
                        tried += 1
                        if tried > 1:
                            raise ModelFailure(*_only_thought(max_tokens * dialect.room))
                        self._more_room(Request("answer", model, (), "", max_tokens), done)
                finally:
                    self._count(listening)

    def _keep(self, model: str, used: Dialect, found: Dialect) -> None:
        """An answer came; what it showed of the model is kept."""
        if found != used:
            self._server.dialects.learn(model, used, found)
        if found != Dialect() or found != used:
            self._server.dialects.confirm(model)

    def _count(self, listening: Listening) -> None:
        """Counts an answer, even one that broke off or that a person stopped; an attempt without any answer is not counted."""
        if listening.any:
            self._budget.count(listening.usage, listening.tokens)


def _is_whole(done: Answered, request: Request) -> bool:
    """Whether an answer of which the server did not tell the end is complete."""
    try:
        read_reply(done.text, request.schema)
    except Unfit:
        return False
    return True


def _turn(done: Answered) -> Turn | None:
    """An answer as a turn; None where the model only thought. `ModelFailure` for one that was refused."""
    if done.ending is Ending.REFUSED and not done.text:
        raise ModelFailure(f"the model's server refuses the content ({' '.join(done.finish.split())[:60]}).")
    if done.ending is Ending.TROUBLE and not done.text:
        raise Broken(f"the server ended the answer: {done.finish}")
    if done.refusal and not done.text:
        return Turn("assistant", done.refusal, extra=done.extra)
    if not done.text.strip() and not done.calls and done.thought:
        return None
    whole = done.ending in (Ending.WHOLE, Ending.CALLS) or bool(done.calls)
    cut = "" if whole else "length" if done.ending is Ending.LENGTH else done.finish or "it broke off"
    return Turn("assistant", done.text, done.calls, cut=cut, extra=done.extra)


def in_a_batch(batch: str) -> tuple[str, str]:
    """Why a question is not asked now that is in a batch."""
    return (
        f"its question is in the batch {batch}, which is not done.",
        "gitkb add --batch waits for it; gitkb recover --cancel-batches gives it up.",
    )


def _only_thought(most: int) -> tuple[str, str]:
    return (
        f"the model thought until its limit of {most:,} tokens and said nothing.",
        "Set llm.reasoning_effort to low, or raise llm.max_output_tokens.",
    )


def _finish(future: "Future[Reply]", outcome: Reply | BaseException) -> None:
    """Gives a future its outcome; the first one stands."""
    with contextlib.suppress(InvalidStateError):
        if isinstance(outcome, Reply):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
