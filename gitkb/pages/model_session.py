"""Decides whether a command asks a model, and opens the session in which it does.

Invariant: a model is asked only if the tracked settings (or the command line, for once) say `compiler: llm`; a key alone is not
enough. A session is closed however the command ends, so no thread still waits for a server. The module is cheap to import:
whatever speaks to a model is loaded only when one is to be asked. Nothing is sent here.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct

from gitkb.errors import BudgetSpent, GitkbError, ModelError, ModelFailure, UsageError
from gitkb.model.usage import KeptReplies, Usage, WaitingBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from gitkb.catalog.catalog import Catalog
    from gitkb.compile.llm.model_settings import ModelSettings
    from gitkb.formats.settings import Settings
    from gitkb.formats.user_settings import UserSettings
    from gitkb.llm.asking_file import AskingFile
    from gitkb.llm.batches.batch_asker import BatchAsker
    from gitkb.llm.batches.batch_book import BatchBook
    from gitkb.llm.client import Client
    from gitkb.llm.reply_cache import ReplyCache
    from gitkb.llm.requests import Reply, Request
    from gitkb.llm.wire import Endpoint
    from gitkb.model.listener import Listener
    from gitkb.model.options import AddOptions, RecompileOptions
    from gitkb.pages.author import Answers, Author
    from gitkb.store.local.locks import Liveness
    from gitkb.store.repository import Store
    from gitkb.store.snapshot import Snapshot

REPLIES, ASKING, ASKERS = "replies.sqlite", "asking.sqlite", "askers"
BATCHES, SENDING = "batches.sqlite", "batches"
_SENDING_SECONDS = 3600.0
_ASKERS: dict[Path, tuple[str, Liveness]] = {}
"""The name of this process among those that ask, and the lock by which it is alive, for each knowledge base."""


class Session(Struct, frozen=True):
    """`ahead` is how many documents may wait for answers at once; `careful`: the server is elsewhere, and documents that are
    likely private are not sent to it unasked; `rounds` gets questions answered in batches, None where each is asked alone."""

    client: Client
    settings: ModelSettings
    author: Author
    ahead: int
    careful: bool = False
    rounds: BatchAsker | None = None


def model_settings(settings: Settings, user: UserSettings, task: str = "digest", limit: int = 0) -> ModelSettings:
    """The settings of the model for a task; `ModelError` if no model is named. `limit` is what its server says that it takes in,
    0 for not known."""
    from gitkb.compile.llm.model_settings import ModelSettings
    from gitkb.formats.user_settings import DEFAULT

    model = settings.model_for(task)
    if not model:
        raise ModelError(
            "The compiler is llm, but no model is named.",
            "Give --model NAME, or set it for good: model: NAME in .gitkb/config.yaml.",
        )
    return ModelSettings(
        model=model,
        language=settings.language,
        entity_types=settings.entity_types,
        instructions=settings.llm.instructions,
        glossary=settings.glossary,
        pictures=settings.model_for("pictures") if settings.describes_pictures else "",
        context_tokens=user.context_tokens,
        max_output_tokens=user.max_output_tokens,
    ).within(limit if user.origins.get("llm.context_tokens", DEFAULT) == DEFAULT else 0)


def replies(store: Store) -> ReplyCache:
    """The replies that are kept here."""
    from gitkb.llm.reply_cache import ReplyCache

    return ReplyCache(store.local / REPLIES)


def client_of(store: Store, user: UserSettings, listener: Listener, max_tokens: int = 0) -> Client:
    """The client of the user's server, to be closed by the caller; `max_tokens` is what may be spent, 0 for no limit."""
    from gitkb.llm.client import Client

    return Client(
        endpoint_of(user),
        replies(store),
        max_tokens=max_tokens,
        notify=listener.message,
        shared=asking_file(store),
        tell=listener.talking,
        waits=batch_book(store, user).batch_of,
    )


def batch_book(store: Store, user: UserSettings) -> BatchBook:
    """What waits in batches at the user's server."""
    from gitkb.llm.batches.batch_book import BatchBook

    return BatchBook(store.local / BATCHES, endpoint_of(user).shown)


def batch_asker(store: Store, user: UserSettings, client: Client, listener: Listener) -> BatchAsker:
    """What sends questions in batches and collects the answers, one process at a time."""
    from gitkb.llm.batches.batch_asker import BatchAsker
    from gitkb.store.local.locks import exclusive

    folder = store.local / SENDING

    def lock() -> AbstractContextManager[None]:
        folder.mkdir(parents=True, exist_ok=True)
        waits = "Another process sends or takes a batch; it is waited for."
        return exclusive(folder / "lock", listener.message, _SENDING_SECONDS, waits)

    return BatchAsker(client, batch_book(store, user), lock, folder, listener.message, listener.batching)


def cancel_batches(asking: Asking) -> int:
    """Has the user's server end all batches of this knowledge base, and keeps what they have answered; how many there were."""
    user = asking.user()
    with client_of(asking.store, user, asking.listener) as client:
        return batch_asker(asking.store, user, client, asking.listener).cancel()


def batches_here(store: Store) -> tuple[WaitingBatch, ...]:
    """The batches that wait for this knowledge base, at any server."""
    from gitkb.llm.batches.batch_book import waiting_batches

    return waiting_batches(store.local / BATCHES) if (store.local / BATCHES).exists() else ()


def endpoint_of(user: UserSettings) -> Endpoint:
    """The user's server, and how it is asked."""
    from gitkb.llm.wire import Endpoint

    return Endpoint(
        user.base_url,
        user.api_key,
        user.headers,
        user.timeout,
        user.concurrency,
        user.proxy,
        user.reasoning_effort,
        user.ca_file,
    )


def asking_file(store: Store) -> AskingFile:
    """What processes that ask models share here; this one is alive for the others until it ends."""
    from gitkb.llm.asking_file import AskingFile
    from gitkb.store.local.locks import Liveness

    folder = store.local / ASKERS
    if store.local not in _ASKERS:
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.lock"):
            if not Liveness.probe(file):
                file.unlink(missing_ok=True)
        name = f"{uuid4().hex}.lock"
        _ASKERS[store.local] = name, Liveness(folder / name)
    me = _ASKERS[store.local][0]
    return AskingFile(store.local / ASKING, me, lambda owner: owner in _names(folder) and Liveness.probe(folder / owner))


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*.lock")}


@contextmanager
def session(
    store: Store,
    catalog: Catalog,
    settings: Settings,
    user: UserSettings,
    listener: Listener,
    max_tokens: int = 0,
    *,
    batch: bool = False,
) -> Iterator[Session]:
    """A session with the model that the settings name, until the block ends; `ModelError` if they name none. What batches have
    answered by now is taken; with `batch` questions are asked in batches."""
    from gitkb.pages.author import Author

    model_settings(settings, user)  # no model is an error before anything is sent
    with client_of(store, user, listener, max_tokens) as client:
        limit = client.limit(settings.model_for("digest")) if user.is_near else 0
        wanted = model_settings(settings, user, limit=limit)
        rounds = batch_asker(store, user, client, listener)
        rounds.collect()
        each = _Each(client, user.concurrency)
        ask: Answers = _InBatches(rounds, each) if batch else each
        author = Author(store, catalog, ask, model_settings(settings, user, "overview", limit))
        careful = user.private == "ask" and not user.is_near
        yield Session(client, wanted, author, 2 * user.concurrency, careful, rounds if batch else None)


@contextmanager
def asking_each(store: Store, user: UserSettings, listener: Listener) -> Iterator[Answers]:
    """A function that asks many questions outside of a run, each on its own."""
    with client_of(store, user, listener) as client:
        yield _Each(client, user.concurrency)


class _Each(Struct, frozen=True):
    """Asks many questions, each for itself: one that fails costs no other."""

    client: Client
    threads: int

    def __call__(self, requests: Sequence[Request]) -> list[Reply | GitkbError]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.threads) as threads:
            try:
                return list(threads.map(self._one, requests))
            except BaseException:
                self.client.close()  # those that wait give up, or leaving would wait for them
                raise

    def _one(self, request: Request) -> Reply | GitkbError:
        try:
            return self.client.ask([request])[0]
        except (ModelFailure, BudgetSpent) as error:
            return error


class _InBatches(Struct, frozen=True):
    """Asks many questions in batches, and one by one those that got no answer so."""

    rounds: BatchAsker
    each: _Each

    def __call__(self, requests: Sequence[Request]) -> list[Reply | GitkbError]:
        while self.rounds.round(requests):
            pass
        return self.each(requests)


def for_once(settings: Settings, options: AddOptions | RecompileOptions) -> Settings:
    """The settings with what the options of one `add` or `recompile` overrule."""
    from gitkb.model.options import AddOptions

    asks = (options.compiler or ("llm" if options.model else settings.compiler)) == "llm"
    if isinstance(options, AddOptions) and options.batch and not asks:
        raise UsageError("--batch is about questions to a model, and the extractive compiler asks none.", "Leave it out.")
    if options.model and options.compiler == "extractive":
        raise UsageError("--model names a model, but --compiler extractive asks none.", "Leave one of them out.")
    compiler = options.compiler or ("llm" if options.model else settings.compiler)
    return replace(settings.with_model(options.model), compiler=compiler)


def asks_none() -> UsageError:
    """The error for an estimate when no model is asked."""
    return UsageError("The extractive compiler asks no model.", "Estimate another one with: --compiler llm --model NAME")


class Asking(Struct, frozen=True):
    """Everything that is needed to open a session; `user` is read only when a model is asked."""

    store: Store
    catalog: Catalog
    user: Callable[[], UserSettings]
    listener: Listener

    @contextmanager
    def session(
        self, settings: Settings, tip: Snapshot, *, max_tokens: int = 0, needed: bool = False, batch: bool = False
    ) -> Iterator[Session | None]:
        """How to ask a model while a command changes a branch at `tip`; None where the settings want none.

        Where one is not `needed`, one that is not configured here is no error: pages are made without what it would write. With
        `batch` it is asked in batches.
        """
        if settings.compiler != "llm":
            yield None
            return

        user = self.user()
        if not needed and not user.reaches_a_model:
            why = "No model can be asked from here (no key, and no server of yours), so pages keep what was written."
            self.listener.message(f"{why} See: gitkb config")
            yield None
            return
        with session(self.store, self.catalog, settings, user, self.listener, max_tokens, batch=batch) as found:
            found.author.begin(tip)
            yield found


def kept_replies(store: Store) -> KeptReplies:
    """The replies of models that are kept here."""

    if not (store.local / REPLIES).exists():
        return KeptReplies()
    totals = replies(store).totals()
    cost = Usage(totals.calls, 0, totals.tokens_in, totals.tokens_out, totals.uncounted)
    return KeptReplies(totals.entries, totals.bytes, cost)


class ModelUse(Struct, frozen=True):
    """The part of a model in a run that makes documents. `settings`: for compilers (None: no model). `known`: the cached replies
    that are used if no model is asked."""

    settings: ModelSettings | None = None
    known: ReplyCache | None = None


def model_use(asking: Asking, settings: Settings, session: Session | None) -> ModelUse:
    """The part of a model in a run with these settings; without a session nobody is asked, but known replies are used."""
    if session is not None:
        return ModelUse(session.settings)
    if settings.compiler != "llm":
        return ModelUse()
    user = asking.user()
    known = asking_file(asking.store).of(endpoint_of(user).shown).limit(settings.model_for("digest")) if user.is_near else 0
    return ModelUse(model_settings(settings, user, limit=known or 0), replies(asking.store))
