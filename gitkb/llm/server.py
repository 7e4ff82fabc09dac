"""One server as a run knows it: how it wants to be asked, how fast, and whether it has answered yet.

Invariant: a failed attempt is judged in one place. Either the request is asked in another way, or again after a pause, or an
error is raised that says what is wrong; attempts are bounded in number and time. Where request after request is given up, the
server is down and the run ends.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from gitkb.errors import GitkbError, ModelError, ModelFailure, NoReply, PicturesUnsupported, TooLong, ToolsUnsupported
from gitkb.formats.user_settings import near
from gitkb.llm.dialects import Dialect, Dialects, KeptDialects, adapted, refuses_pictures, refuses_tools
from gitkb.llm.listening import Listening
from gitkb.llm.rate_limit import Pace, Patience
from gitkb.llm.requests import Message, Request
from gitkb.llm.verdicts import Again, Unclear, verdict
from gitkb.llm.wire import Broken, Endless, Endpoint, NoModelServer, NoStream, Refused, Silent, Unreachable, Wire
from gitkb.model.listener import Talking

_log = logging.getLogger(__name__)
_WANTS_A_KEY = "api.openai.com"
_HOPELESS = 3
_SAID_ALOUD = 5.0
_MOST_ADAPTED = 12
_LETTERS_A_TOKEN = 4
_TIMEOUTS = 3
_SLOW = "A server that only is slow wants a longer llm.timeout, or fewer questions at once (llm.concurrency)."
_LEAST_CONTEXT = 1_024
_SURELY, _FULL = 0.9, 0.98
"""Tokens of a word, at the very least; and the share of what a server takes in with which a question fills it."""
_TOLD_EVERY = 0.5
_WINDOW = 20.0


_NAMES = ("loaded_context_length", "max_model_len", "context_length", "max_context_length", "context_window", "n_ctx")


def context_told(look: Callable[[str], Any], model: str) -> int | None:
    """The tokens of context that a server tells of a model: as it is loaded, else what it could have. 0 where it tells none, None
    where it cannot be asked."""
    listed = look("models")
    if listed is None:
        return None
    props = look("/props")
    settings = props.get("default_generation_settings") if isinstance(props, Mapping) else None
    loaded = [each for path in ("/api/ps", "/api/v0/models") for each in _rows(look(path), model)]
    found = (_context_in(each) for each in (settings, props, *loaded, *_rows(listed, model)))
    return next((each for each in found if each), 0)


def _rows(told: Any, model: str) -> list[Any]:
    """What a list of models says of one."""
    rows = told.get("models") or told.get("data") if isinstance(told, Mapping) else None
    own = [
        row
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, Mapping) and model in (row.get("id"), row.get("name"), row.get("model"))
    ]
    return [each for row in own for each in (row, row.get("meta"))]


def _context_in(told: Any) -> int:
    values = [told.get(name) for name in _NAMES] if isinstance(told, Mapping) else []
    return next((value for value in values if isinstance(value, int) and value >= _LEAST_CONTEXT), 0)


class Activity:
    """What is being said now, and how fast; tells `tell` of it at most twice a second."""

    def __init__(self, tell: Callable[[Talking], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._asked = self._letters = 0
        self._since: list[tuple[float, int]] = []
        self._told = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """One question is under way while the block runs."""
        self._change(1, 0)
        try:
            yield
        finally:
            self._change(-1, 0)

    def sign(self, letters: int) -> None:
        """So many characters came."""
        self._change(0, letters)

    def _change(self, asked: int, letters: int) -> None:
        now = time.monotonic()
        with self._lock:
            self._asked += asked
            self._letters += letters
            if not asked and now - self._told < _TOLD_EVERY:
                return
            self._told = now
            self._since = [each for each in self._since if now - each[0] < _WINDOW] + [(now, self._letters)]
            began, before = self._since[0]
            rate = (self._letters - before) / _LETTERS_A_TOKEN / (now - began) if now > began else 0.0
            event = Talking(self._asked, self._letters // _LETTERS_A_TOKEN, rate)
        self._tell(event)


class Server:
    """What all requests to one endpoint share."""

    def __init__(
        self,
        endpoint: Endpoint,
        patience: Patience,
        notify: Callable[[str], None],
        kept: KeptDialects | None = None,
        tell: Callable[[Talking], None] = lambda event: None,
    ) -> None:
        self.endpoint = endpoint
        self.patience = patience
        self.notify = notify
        self.activity = Activity(tell)
        self.pace = Pace(endpoint.concurrency, endpoint.timeout)
        self.dialects = Dialects(kept)
        self._lock = threading.Lock()
        self._proven = False
        self._told_of_pictures = self._told_of_cut = False
        self._given_up = 0
        self._contexts: dict[str, int] = {}
        self._wire: Wire | None = None

    @property
    def wire(self) -> Wire:
        """The connections; made when the first request needs them, because loading what speaks to servers takes a second."""
        with self._lock:
            if self._wire is None:
                self._wire = Wire(self.endpoint)
            return self._wire

    def warm(self) -> None:
        """Makes the connections before the first request; an error is left for that request to raise."""
        with contextlib.suppress(GitkbError):
            _ = self.wire

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            if self._wire is not None:
                self._wire.close()

    def may_be_asked(self, model: str, *, tools: bool = False, pictures: bool = False) -> None:
        """Raises what is plain before anything is sent."""
        if self.pace.stopped is not None:
            raise self.pace.stopped
        if not model:
            raise ModelError("No model is named.", "Set `model` in .gitkb/config.yaml, or give --model NAME.")
        if not self.endpoint.api_key and urlsplit(self.endpoint.base_url).hostname == _WANTS_A_KEY:
            raise ModelError(
                f"There is no key for {_WANTS_A_KEY}.",
                "Set OPENAI_API_KEY, or run: gitkb config api_key. For another server set OPENAI_BASE_URL or base_url.",
            )
        if tools and not self.dialects.of(model).tools:
            raise ToolsUnsupported(f"{model} cannot call tools.")
        if pictures and not self.dialects.of(model).pictures:
            raise self._blind(model, "")

    def no_tools(self, model: str, said: str) -> ToolsUnsupported:
        """Remembers that a model cannot call tools."""
        used = self.dialects.of(model)
        self.dialects.learn(model, used, replace(used, tools=False))
        self.dialects.confirm(model)
        return ToolsUnsupported(f"{model} cannot call tools: {said}")

    def no_pictures(self, model: str, said: str) -> PicturesUnsupported:
        """Remembers that a model does not look at pictures; what else it takes is still to be found out."""
        used = self.dialects.of(model)
        self.dialects.learn(model, used, replace(used, pictures=False))
        return self._blind(model, said)

    def _blind(self, model: str, said: str) -> PicturesUnsupported:
        """The error, of which a person is told once."""
        with self._lock:
            told, self._told_of_pictures = self._told_of_pictures, True
        if not told:
            why = f" ({said.rstrip('.')})" if said else ""
            self.notify(f"{model} takes no pictures{why}, so none are described; llm.models.pictures names a model that does.")
        return PicturesUnsupported(f"{model} takes no pictures.")

    def refuse_cut_question(self, request: Request, messages: Sequence[Message], counted: int) -> None:
        """Raises `TooLong` where a server has read less than it was sent, as Ollama does with what exceeds its `num_ctx`: it has
        counted as many tokens as it takes in, or fewer than there are words. One that does not say what it takes in may count in
        another way: a person is told once.
        """
        words = sum(len(message.text.split()) for message in messages)
        lost = 0 < counted < _SURELY * words
        if not lost and (counted < _LEAST_CONTEXT or not near(self.endpoint.base_url)):
            return
        context = self._context(request.model)
        if context and (counted >= _FULL * context or (lost and context < words + request.max_tokens)):
            raise TooLong(
                f"its server reads {context:,} tokens of a question and leaves out the rest.",
                "Give the model more there: num_ctx (OLLAMA_CONTEXT_LENGTH) of Ollama.",
                context,
            )
        if not lost:
            return
        with self._lock:
            told, self._told_of_cut = self._told_of_cut, True
        if not told:
            self.notify(
                f"{request.model} counted {counted:,} tokens of a question of {words:,} words: if its server cuts questions, set"
                " llm.context_tokens to what it takes in."
            )

    def _context(self, model: str) -> int:
        """The tokens that the server says a model takes in as it is loaded now, 0 where it does not say."""
        with self._lock:
            known = self._contexts.get(model)
        if known is None:
            known = context_told(self.wire.look, model) or 0
            with self._lock:
                self._contexts[model] = known
        return known

    def judged(self, failure: Exception, model: str, *, pictures: bool = False) -> Again | GitkbError:
        """What a failure means. Where the server has never answered, several refusals in a row concern all requests, unless they
        may be about `pictures`."""
        where = self.endpoint.shown
        found = verdict(failure, where=where, model=model, has_key=bool(self.endpoint.api_key), proven=self._proven)
        if isinstance(found, Unclear) and not self._proven and not pictures and self._many_in_a_row():
            return ModelError(
                f"{where} refuses every request: {failure}.", "gitkb config shows the key, the server and the model."
            )
        return found

    def went_well(self, waited: float = 0.0) -> None:
        """A request was answered; the answer began after `waited` seconds."""
        self._proven = True
        self._given_up = 0
        self.pace.faster(waited)

    def given_up(self, reason: str, tried: int, *, silent: bool = False) -> GitkbError:
        """The error for a request that was tried too often: the request fails, and where several do in a row the server is
        down. Where it was `silent` the settings are named that decide how long it may be.
        """
        what = _SLOW if silent else ""
        if self._many_in_a_row():
            later = "Run it again later; what was answered is not asked again."
            return ModelError(f"{self.endpoint.shown} answers no more: {reason}.", f"{what} {later}".strip())
        return NoReply(f"the model's server gave no reply, tried {tried} times: {reason}.", what)

    def _many_in_a_row(self) -> bool:
        with self._lock:
            self._given_up += 1
            return self._given_up >= _HOPELESS


class Trial:
    """The attempts of one request."""

    def __init__(self, server: Server, model: str, *, tools: bool = False, pictures: bool = False) -> None:
        self._server = server
        self._model = model
        self._tools, self._pictures = tools, pictures
        self._tried = self._adapted = 0
        self._began: float | None = None

    @contextmanager
    def attempt(self, body: Mapping[str, Any], dialect: Dialect, listening: Listening) -> Iterator[None]:
        """Wraps one attempt, and waits for its turn. The block ends without an error where the caller has to make another
        attempt; an answer of which a person has heard something is not begun again.
        """
        server = self._server
        pause = 0.0
        with server.pace.turn() as began, server.activity.asking():
            listening.began = time.monotonic()
            self._began = self._began or listening.began
            try:
                yield
                server.went_well(listening.first or 0.0)
            except (Refused, Unreachable, Broken, Endless, NoModelServer) as failure:
                if listening.heard:
                    raise ModelFailure(f"the model's answer broke off: {failure}.") from failure
                pause = self._judge(failure, dialect, body, began)
        if pause:
            server.pace.sleep(pause)

    def _judge(self, failure: Exception, dialect: Dialect, body: Mapping[str, Any], began: int) -> float:
        """Seconds until the next attempt; raises what ends the trial."""
        better = None
        if isinstance(failure, Refused):
            if self._tools and refuses_tools(failure):
                raise self._server.no_tools(self._model, failure.message) from failure
            if self._pictures and refuses_pictures(failure):
                raise self._server.no_pictures(self._model, failure.message) from failure
            better = adapted(dialect, body, failure)
        elif isinstance(failure, NoStream) and dialect.stream:
            better = replace(dialect, stream=False)
        if better is not None and self._adapted < _MOST_ADAPTED:
            self._adapted += 1
            _log.debug("%s is asked in another way from now on: %s", self._model, failure)
            self._server.dialects.learn(self._model, dialect, better)
            return 0.0
        found = self._server.judged(failure, self._model, pictures=self._pictures)
        if isinstance(found, GitkbError):
            raise found from failure
        return self._again(found, failure, began)

    def _again(self, again: Again, failure: Exception, began: int) -> float:
        server, patience = self._server, self._server.patience
        self._tried += 1
        pause = patience.pause(self._tried) if again.wait is None else again.wait
        if again.crowded:
            server.pace.slower(began, pause)
        spent = time.monotonic() - (self._began or 0.0)
        if self._tried >= patience.tries or spent + pause > max(patience.seconds, _TIMEOUTS * server.endpoint.timeout):
            raise server.given_up(again.reason, self._tried, silent=isinstance(failure, Silent)) from failure
        _log.debug("attempt %d at %s failed, next in %.1f s: %s", self._tried, self._model, pause, again.reason)
        if isinstance(failure, Silent):
            server.notify(f"{again.reason[:1].upper()}{again.reason[1:]}; it is asked again. {_SLOW}".strip())
        elif pause >= _SAID_ALOUD:
            server.notify(f"The model's server is asked again in {pause:.0f} s: {again.reason}.")
        return pause
