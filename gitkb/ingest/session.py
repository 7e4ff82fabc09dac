"""What a command needs of a model while it runs: the client, what to ask for, and the author of pages.

Invariant: a model is asked only where the tracked settings (or the command line, for once) say `compiler: llm`; a key alone never
does. A session is closed on every way out, so no thread waits for a server when the command is over.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from gitkb.catalog.catalog import Catalog
from gitkb.compile.client import Client, Endpoint
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.requests import Reply, Request
from gitkb.config import Settings
from gitkb.errors import BudgetSpent, GitkbError, ModelError, ModelFailure
from gitkb.events import Listener
from gitkb.ingest.authoring import Answers, Author
from gitkb.ingest.replies import ReplyCache
from gitkb.store import Store
from gitkb.usersettings import UserSettings

REPLIES = "replies.sqlite"


@dataclass(frozen=True, slots=True)
class Session:
    """`ahead` is how many documents may wait for answers at once."""

    client: Client
    settings: ModelSettings
    author: Author
    ahead: int


def asks_model(settings: Settings) -> bool:
    """Whether these settings want a model to be asked."""
    return settings.compiler == "llm"


def model_settings(settings: Settings, user: UserSettings) -> ModelSettings:
    """What compilers are told about the model; `ModelError` where none is named."""
    if not settings.model:
        raise ModelError(
            "The compiler is llm, but no model is named.",
            "Give --model NAME, or set it for good: model: NAME in .gitkb/config.yaml.",
        )
    return ModelSettings(
        model=settings.model,
        language=settings.language,
        entity_types=settings.entity_types,
        instructions=settings.llm.instructions,
        context_tokens=user.context_tokens,
        max_output_tokens=user.max_output_tokens,
    )


def replies(store: Store) -> ReplyCache:
    """The replies that are kept here."""
    return ReplyCache(store.local / REPLIES)


def client_of(store: Store, user: UserSettings, listener: Listener, max_tokens: int = 0) -> Client:
    """The client of the user's server, to be closed by the caller; `max_tokens` is what may be spent, 0 for no limit."""
    endpoint = Endpoint(user.base_url, user.api_key, user.headers, user.timeout, user.concurrency, user.proxy)
    return Client(endpoint, replies(store), max_tokens=max_tokens, notify=listener.message)


@contextmanager
def session(
    store: Store, catalog: Catalog, settings: Settings, user: UserSettings, listener: Listener, max_tokens: int = 0
) -> Iterator[Session]:
    """A session for settings that ask a model."""
    wanted = model_settings(settings, user)
    with client_of(store, user, listener, max_tokens) as client:
        ask = _Each(client, user.concurrency)
        yield Session(client, wanted, Author(store, catalog, ask, wanted), 2 * user.concurrency)


@contextmanager
def asking_each(store: Store, user: UserSettings, listener: Listener) -> Iterator[Answers]:
    """How to ask many questions, each for itself, outside of a run."""
    with client_of(store, user, listener) as client:
        yield _Each(client, user.concurrency)


@dataclass(frozen=True, slots=True)
class _Each:
    """Asks many questions, each for itself: one that fails costs no other."""

    client: Client
    threads: int

    def __call__(self, requests: Sequence[Request]) -> list[Reply | GitkbError]:
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
