"""Whether a command asks a model, and how it comes to one.

Invariant: cheap to import and to ask; what speaks to a model is loaded only when one is to be asked. Nothing is sent here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitkb.catalog.catalog import Catalog
from gitkb.config import Settings
from gitkb.errors import UsageError
from gitkb.events import AddOptions, KeptReplies, Listener, RecompileOptions
from gitkb.model import Usage
from gitkb.store import Snapshot, Store
from gitkb.usersettings import UserSettings

if TYPE_CHECKING:
    from gitkb.ingest.session import Session


def for_once(settings: Settings, options: AddOptions | RecompileOptions) -> Settings:
    """The settings with what the options of one `add` or `recompile` overrule."""
    if options.model and options.compiler == "extractive":
        raise UsageError("--model names a model, but --compiler extractive asks none.", "Leave one of them out.")
    compiler = options.compiler or ("llm" if options.model else settings.compiler)
    return replace(settings, compiler=compiler, model=options.model or settings.model)


def asks_none() -> UsageError:
    """What is wrong with an estimate where no model is asked."""
    return UsageError("The extractive compiler asks no model.", "Estimate another one with: --compiler llm --model NAME")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is needed to open a session; `user` is asked only when a model is."""

    store: Store
    catalog: Catalog
    user: Callable[[], UserSettings]
    listener: Listener

    @contextmanager
    def session(
        self, settings: Settings, tip: Snapshot, *, max_tokens: int = 0, needed: bool = False
    ) -> "Iterator[Session | None]":
        """How to ask a model while a command changes a branch at `tip`; None where the settings want none.

        Where one is not `needed`, one that is not configured here is no error: pages are made without what it would write.
        """
        if settings.compiler != "llm":
            yield None
            return
        from gitkb.ingest.session import session

        user = self.user()
        if not needed and not user.reaches_a_model:
            why = "No model can be asked from here (no key, and no server of yours), so pages keep what was written."
            self.listener.message(f"{why} See: gitkb config")
            yield None
            return
        with session(self.store, self.catalog, settings, user, self.listener, max_tokens) as found:
            found.author.begin(tip)
            yield found


def kept_replies(store: Store) -> KeptReplies:
    """The replies of models that are kept here."""
    from gitkb.ingest.session import REPLIES, replies

    if not (store.local / REPLIES).exists():
        return KeptReplies()
    totals = replies(store).totals()
    return KeptReplies(totals.entries, totals.bytes, Usage(totals.calls, 0, totals.tokens_in, totals.tokens_out))
