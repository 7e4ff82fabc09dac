"""The context of commands that compile documents: the settings with what their options overrule, and the part of a model.

Invariant: an estimate asks no model and changes no branch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from gitkb.commands.change import ChangeContext, ModelWish, change_context, context_at
from gitkb.model.options import AddOptions, RecompileOptions
from gitkb.pages.model_session import Asking, ModelUse, asks_none, for_once, model_use


@contextmanager
def compile_context(
    asking: Asking, options: AddOptions | RecompileOptions, start: str = ""
) -> Iterator[tuple[ChangeContext, ModelUse]]:
    """The context of one `add` or `recompile`, whose branch begins at `start` if it is new; `ModelError` where a model is wanted
    that cannot be asked."""
    batch = isinstance(options, AddOptions) and options.batch
    wish = ModelWish(options.max_tokens, needed=True, batch=batch)
    adjust = partial(for_once, options=options)
    with change_context(asking, options.branch, start, dry_run=options.dry_run, adjust=adjust, model=wish) as context:
        yield context, model_use(asking, context.settings, context.session)


def estimate_context(asking: Asking, options: AddOptions | RecompileOptions, start: str = "") -> tuple[ChangeContext, ModelUse]:
    """The context of an estimate of one `add` or `recompile`, after dead runs are cleared up; `UsageError` where the compiler
    asks no model."""
    asking.store.recover(asking.listener.message)
    context = context_at(asking, options.branch, start, partial(for_once, options=options))
    if context.settings.compiler != "llm":
        raise asks_none()
    return context, model_use(asking, context.settings, None)
