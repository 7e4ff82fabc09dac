"""Asks questions in batches: gathers them in files, sends these, waits as long as it takes, and keeps the answers.

Invariant: what was sent is in the book before the server begins with it, so neither a kill nor another process sends it again.
An answer is kept under the key of a question of its own batch and nothing else, and read as if anybody had sent it. What a batch
leaves open (a question that was refused, an answer of no use) is left to whoever asks one by one; what it had no time for is sent
once more. A question is never waited for twice without need: rounds end.
"""

import json
import logging
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gitkb.errors import GitkbError, ModelError, ModelFailure
from gitkb.llm.batches.batch_book import BatchBook, Noted
from gitkb.llm.budget import estimated_tokens
from gitkb.llm.client import Client
from gitkb.llm.dialects import Dialect
from gitkb.llm.listening import Answered, Ending, Listening
from gitkb.llm.reply import Unfit, read_reply
from gitkb.llm.requests import Reply, Request
from gitkb.llm.verdicts import Again
from gitkb.llm.wire import DONE, Broken, NoModelServer, Refused, Unreachable, Wire, sendable
from gitkb.model.listener import Batching

T = TypeVar("T")
_log = logging.getLogger(__name__)
MOST_QUESTIONS, MOST_BYTES = 50_000, 190 * 1024**2
_MOST_SENDINGS = 2
_PREFIX = "questions-"
_OBJECT = '{"type": "object"}'
_LACKING = (404, 405, 410, 501)
_ENDED = ("completed", "expired", "cancelled", "failed")
_USABLE = (Ending.WHOLE, Ending.CALLS, Ending.UNTOLD)
_FAILURES = (Refused, Unreachable, Broken, NoModelServer)


class Gently(Struct, frozen=True):
    """How a batch is looked at: at once, after `first` seconds, then less and less often, at least each `longest` seconds. Where
    the server cannot be asked so many times in a row (`tries`), the wait ends; the batch goes on there."""

    first: float = 2.0
    growth: float = 1.5
    longest: float = 300.0
    tries: int = 24

    def pause(self, looked: int) -> float:
        """Seconds before the next look, after so many."""
        return min(self.longest, self.first * self.growth ** min(looked, 50))


class BatchAsker:
    """Asks one server. `lock` is held while a batch is sent or collected, by one process at a time; `drafts` is a folder for the
    files to send; `tell` is told how many questions of how many are answered."""

    def __init__(
        self,
        client: Client,
        book: BatchBook,
        lock: Callable[[], AbstractContextManager[None]],
        drafts: Path,
        notify: Callable[[str], None] = lambda message: None,
        tell: Callable[[Batching], None] = lambda event: None,
        gently: Gently | None = None,
    ) -> None:
        self._client, self._book, self._lock, self._drafts = client, book, lock, drafts
        self._notify, self._tell, self._gently = notify, tell, gently or Gently()
        self._sent: Counter[str] = Counter()
        self._settled: set[str] = set()

    def known(self, requests: Sequence[Request]) -> dict[str, str] | None:
        """The replies by the keys of their requests, where all are known."""
        return self._client.known(requests)

    def round(self, questions: Iterable[Request]) -> bool:
        """Sends those questions that nobody has sent, and waits for the answers to all; False where there was none to wait for.
        What has no answer then is sent in the next round, or left."""
        waiting: set[str] = set()
        drafts: defaultdict[str, _Draft] = defaultdict(lambda: _Draft(self._drafts))
        seen: set[str] = set()
        planned = 0
        try:
            for request in questions:
                key = request.key
                if key in seen or key in self._settled or self._client.known([request]) is not None:
                    continue
                seen.add(key)
                if self._book.batch_of(key):
                    waiting.add(key)
                elif self._client.has_room(planned + estimated_tokens(request)) and self._is_for_a_batch(request):
                    planned += estimated_tokens(request)
                    drafts[request.model].add(key, self._line(request))
            if drafts:
                with self._lock():
                    for model, draft in drafts.items():
                        waiting |= self._send(model, draft)
        finally:
            for draft in drafts.values():
                draft.close()
        if waiting:
            self._wait(waiting)
        return bool(waiting)

    def _is_for_a_batch(self, request: Request) -> bool:
        """Whether it is known how the model is asked. Else the question is asked at once, to find that out: a mistake in a batch
        would show after hours, and in each of its answers."""
        if self._client.server.dialects.is_known(request.model):
            return True
        try:
            self._client.ask_early(request)
        except ModelFailure:
            self._settled.add(request.key)
        return False

    def _line(self, request: Request) -> str:
        server = self._client.server
        dialect = replace(server.dialects.of(request.model), stream=False)
        body = sendable(dialect.question(request, request.messages, server.endpoint.effort))
        line = {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        return json.dumps(line, ensure_ascii=False) + "\n"

    def _send(self, model: str, draft: "_Draft") -> set[str]:
        """Sends what nobody else has sent meanwhile; the keys of all that wait now. Holds the lock."""
        for left in self._drafts.glob(f"{_PREFIX}*"):
            left.unlink(missing_ok=True)  # of a process that was killed
        self._find_cut_off()
        waiting = {key for key in draft.keys if self._book.batch_of(key)}
        for keys, file in draft.files(waiting):
            with file:
                sent = self._steadily(lambda wire, path=Path(file.name): wire.upload(model, path), model)  # type: ignore[misc]
                batch = self._book.note(sent, model, keys)
                number = self._begun(batch)
                self._book.begun(batch, number)
                self._sent.update(keys)
                waiting.update(keys)
                what = "1 question is" if len(keys) == 1 else f"{len(keys):,} questions are"
                self._notify(
                    f"{what} in the batch {number}, which may take up to a day. It may be stopped here: the same command, or"
                    " any add, takes the answers that are there by then."
                )
        return waiting

    def _begun(self, batch: Noted) -> str:
        """Begins a batch; its id. Where it is not known whether an attempt reached the server, it is looked for there."""
        tried = False

        def begin(wire: Wire) -> Mapping[str, Any]:
            nonlocal tried
            found = self._found(wire, batch) if tried else None
            tried = True
            return found or wire.begin_batch(batch.model, batch.file)

        try:
            told = self._steadily(begin, batch.model)
        except ModelError as error:
            if isinstance(error.__cause__, Refused):
                self._book.forget(batch)  # else it may be under way there
            raise
        if isinstance(number := told.get("id"), str) and number:
            return number
        self._book.forget(batch)
        raise self._lacking("it names no id for a batch")

    def _found(self, wire: Wire, batch: Noted) -> Mapping[str, Any] | None:
        try:
            return next((each for each in wire.batches(batch.model) if each.get("input_file_id") == batch.file), None)
        except Refused as refused:
            if refused.status in _LACKING:
                return None  # it lists none
            raise

    def _find_cut_off(self) -> None:
        """Finds the ids of batches whose begin was cut off by a kill; forgets those that never began. Holds the lock."""
        for batch in self._book.noted():
            if not batch.id:
                told = self._steadily(lambda wire, it=batch: self._found(wire, it) or {}, batch.model)  # type: ignore[misc]
                number = told.get("id")
                if isinstance(number, str) and number:
                    self._book.begun(batch, number)
                else:
                    self._book.forget(batch)

    def collect(self) -> None:
        """Takes the answers of all batches that are done, and waits for none; a server that cannot be asked now is no error."""
        patient, self._gently = self._gently, replace(self._gently, tries=2, longest=self._gently.first)
        try:
            for batch in self._book.noted():
                with self._lock():
                    self._find_cut_off()
                    current = next((each for each in self._book.noted() if each.file == batch.file), None)
                    if current is None:
                        continue
                    told = self._steadily(lambda wire, it=current: self._looked(wire, it), batch.model)  # type: ignore[misc]
                    if told.get("status") in _ENDED:
                        self._taken(current, told)
        except ModelError as error:
            self._notify(f"What waits in batches was not looked at: {error.message}")
        finally:
            self._gently = patient

    def cancel(self) -> int:
        """Has the server end all batches, keeps what they have answered, and waits until they are over; how many there were."""
        with self._lock():
            self._find_cut_off()
            found = self._book.noted()
            for batch in found:
                self._steadily(lambda wire, it=batch: self._ended(wire, it), batch.model)  # type: ignore[misc]
        files = {batch.file for batch in found}
        looked = 0
        while left := [batch for batch in self._book.noted() if batch.file in files]:
            for batch in left:
                self._look_at(batch, given_up=True)
            if any(batch.file in files for batch in self._book.noted()):
                self._client.server.pace.sleep(self._gently.pause(looked))
            looked += 1
        return len(found)

    def _ended(self, wire: Wire, batch: Noted) -> None:
        """Has the server end a batch, which may be over already."""
        with suppress(Refused):
            wire.cancel_batch(batch.model, batch.id)

    def _wait(self, waiting: set[str]) -> None:
        """Waits until no batch has any of these questions."""
        for key in waiting:
            self._sent[key] = max(1, self._sent[key])
        looked = total = 0
        while left := [batch for batch in self._book.noted() if self._book.keys(batch) & waiting]:
            counts = [self._look_at(batch) for batch in left]
            total = max(total, sum(of for _, of in counts))
            self._tell(Batching(len(left), total, total - sum(of - done for done, of in counts)))
            if any(self._book.batch_of(key) for key in waiting):
                self._client.server.pace.sleep(self._gently.pause(looked))
            looked += 1
        self._settled |= {key for key in waiting if self._sent[key] >= _MOST_SENDINGS}
        self._tell(Batching())

    def _look_at(self, batch: Noted, *, given_up: bool = False) -> tuple[int, int]:
        """(answered, all) questions of a batch, whose answers are taken if it is over. `given_up`: that it was cancelled or never
        began is no error."""
        told = self._steadily(lambda wire: self._looked(wire, batch, given_up=given_up), batch.model)
        status = told.get("status")
        if status in _ENDED:
            with self._lock():
                if all(each.file != batch.file for each in self._book.noted()):
                    return 0, 0  # another process has taken the answers
                self._taken(batch, told)
            if status in ("failed", "cancelled") and not given_up:
                raise ModelError(*_not_done(batch, status, told))
            return 0, 0
        counts = told.get("request_counts")
        counts = counts if isinstance(counts, Mapping) else {}
        done = [each for name in ("completed", "failed") if isinstance(each := counts.get(name), int)]
        every = len(self._book.keys(batch))
        return min(sum(done), every), every

    def _looked(self, wire: Wire, batch: Noted, *, given_up: bool = False) -> Mapping[str, Any]:
        """What the server says of a batch. One that it does not know may be another key's, so it is only forgotten when it was
        given up."""
        try:
            return wire.batch(batch.model, batch.id)
        except Refused as refused:
            if refused.status != 404:
                raise
            if given_up:
                return {"status": "cancelled"}
            raise ModelError(
                f"{self._client.server.endpoint.shown} knows no batch {batch.id}.",
                "It may be another key's. gitkb recover --cancel-batches forgets it; its questions are paid again then.",
            ) from refused

    def _taken(self, batch: Noted, told: Mapping[str, Any]) -> None:
        """Keeps the answers of a batch that is over, then forgets it here and its files there. Holds the lock."""
        keys = self._book.keys(batch)
        files = [file for name in ("output_file_id", "error_file_id") if isinstance(file := told.get(name), str) and file]
        taken: set[str] = set()

        def take(wire: Wire) -> None:
            for key, reply in (each for file in files for each in _answers(wire, batch.model, file)):
                if key in keys and key not in taken and reply is not None:
                    self._client.take(key, reply)
                    taken.add(key)

        self._steadily(take, batch.model)
        if told.get("status") == "completed":
            self._settled |= keys
        count = len(taken)
        self._book.forget(batch)
        _log.debug("the batch %s is %s with %d of %d answers", batch.id, told.get("status"), count, len(keys))
        if count < len(keys) and told.get("status") == "expired":
            self._notify(f"The batch {batch.id} had no time for {len(keys) - count:,} of its {len(keys):,} questions.")
        for file in (batch.file, *files):
            with suppress(*_FAILURES):
                self._client.server.wire.delete_file(batch.model, file)

    def _steadily(self, call: Callable[[Wire], T], model: str) -> T:
        """The result of a call to the server, tried again for as long as it makes sense; `ModelError` where it makes none."""
        server = self._client.server
        for tried in range(self._gently.tries):
            if server.pace.stopped is not None:
                raise server.pace.stopped
            try:
                found = call(server.wire)
            except _FAILURES as failure:
                pause = self._judged(failure, model, tried)
            else:
                server.went_well()
                return found
            server.pace.sleep(pause)
        raise ModelError(
            f"{server.endpoint.shown} does not answer any more.", "Run it again later: what is in a batch goes on there."
        )

    def _judged(self, failure: Exception, model: str, tried: int) -> float:
        """Seconds before the next attempt; raises what ends them."""
        if isinstance(failure, Refused) and failure.status in _LACKING:
            raise self._lacking(str(failure)) from failure
        found = self._client.server.judged(failure, model)
        if isinstance(found, Again):
            if tried == 1:
                self._notify(f"The server cannot be asked for its batches now: {found.reason}. It is asked again.")
            return max(found.wait or 0.0, self._gently.pause(tried))
        assert isinstance(found, GitkbError)
        raise (
            found
            if isinstance(found, ModelError)
            else ModelError(f"The batch was refused: {found.message}", "Add fewer documents at once, or leave --batch out.")
        ) from failure

    def _lacking(self, why: str) -> ModelError:
        return ModelError(f"{self._client.server.endpoint.shown} takes no batches: {why}.", "Leave --batch out.")


class _Draft:
    """Lines that are to be sent, in a file that goes when it is closed; `keys` names their questions in order."""

    def __init__(self, folder: Path) -> None:
        self.keys: list[str] = []
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115

    def add(self, key: str, line: str) -> None:
        self.keys.append(key)
        self._file.write(line.encode("utf-8"))

    def files(self, without: set[str]) -> "Iterator[tuple[list[str], Any]]":
        """(keys, file with their lines), each file within the limits of the protocol; the caller closes it."""
        self._file.seek(0)
        keys: list[str] = []
        part, size = self._part(), 0
        for key, line in zip(self.keys, self._file, strict=True):
            if key in without:
                continue
            if keys and (len(keys) >= MOST_QUESTIONS or size + len(line) > MOST_BYTES):
                part.flush()
                yield keys, part
                keys, part, size = [], self._part(), 0
            part.write(line)
            keys.append(key)
            size += len(line)
        part.flush()
        if keys:
            yield keys, part
        else:
            part.close()

    def _part(self) -> Any:
        return tempfile.NamedTemporaryFile(dir=self._folder, prefix=_PREFIX, suffix=".jsonl")

    def close(self) -> None:
        self._file.close()


def _not_done(batch: Noted, status: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with a batch that somebody cancelled, or that the server did not take."""
    if status == "cancelled":
        return f"The batch {batch.id} was cancelled.", "What it had answered is kept; the same command asks for the rest."
    errors = told.get("errors")
    rows = errors.get("data") if isinstance(errors, Mapping) else None
    said = [str(row.get("message") or row.get("code")) for row in rows or () if isinstance(row, Mapping)]
    why = " ".join(said[0].split())[:300].rstrip(".") if said else "it does not say why"
    return f"The server takes no such batch: {why}.", "Add fewer documents at once, or leave --batch out."


def _answers(wire: Wire, model: str, file: str) -> Iterator[tuple[str, Reply | None]]:
    """The key of each question that a file of answers has one for, with the reply if it can be used."""
    for line in wire.lines_of(model, file):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(told, dict) or not isinstance(key := told.get("custom_id"), str):
            continue
        response = told.get("response")
        if isinstance(response, dict) and response.get("status_code") == 200:
            yield key, _reply(response.get("body"))


def _reply(body: Any) -> Reply | None:
    """The reply in a whole answer of the server; None where it is none."""
    if not isinstance(body, dict):
        return None
    try:
        done: Answered = Listening(Dialect()).hear(iter([body, DONE]))
        if done.refusal or done.ending not in _USABLE:
            return None
        text = done.calls[0].arguments if not done.text.strip() and done.calls else done.text
        return Reply(read_reply(text if text.strip() else done.thought, _OBJECT), done.usage.tokens_in, done.usage.tokens_out)
    except (Unfit, Broken, Refused):
        return None
