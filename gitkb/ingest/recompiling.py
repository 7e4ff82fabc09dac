"""How a `recompile` comes to what it needs: the settings of its branch, and a model, its known replies, or neither.

Invariant: a dry run and an estimate ask no model. The caller has cleared up after dead runs.
"""

from collections.abc import Callable, Sequence

from gitkb.config import Settings
from gitkb.events import RecompileOptions, RecompileSummary
from gitkb.ingest.asking import Asking, asks_none, for_once
from gitkb.ingest.branches import start_of
from gitkb.ingest.estimate import Estimate
from gitkb.ingest.recompile import RecompileRun
from gitkb.ingest.session import model_settings, replies
from gitkb.store import Snapshot

SettingsAt = Callable[[Snapshot], Settings]


def recompile(asking: Asking, settings_at: SettingsAt, names: Sequence[str], options: RecompileOptions) -> RecompileSummary:
    """Makes documents again; with `dry_run` it only says what would differ."""
    if options.dry_run:
        return _asking_nobody(asking, settings_at, options)(names)
    tip = start_of(asking.store, options.branch, "")
    settings = for_once(settings_at(tip), options)
    with asking.session(settings, tip, max_tokens=options.max_tokens, needed=True) as session:
        return RecompileRun(asking.store, asking.catalog, settings, options, asking.listener, session)(names)


def estimate_recompile(asking: Asking, settings_at: SettingsAt, names: Sequence[str], options: RecompileOptions) -> Estimate:
    """What it would ask of a model; `UsageError` where it asks none."""
    run = _asking_nobody(asking, settings_at, options)
    if run.model is None:
        raise asks_none()
    return run.estimate(names)


def _asking_nobody(asking: Asking, settings_at: SettingsAt, options: RecompileOptions) -> RecompileRun:
    """A run that asks no model, but knows what one has answered."""
    settings = for_once(settings_at(start_of(asking.store, options.branch, "")), options)
    if settings.compiler != "llm":
        return RecompileRun(asking.store, asking.catalog, settings, options, asking.listener)
    model, known = model_settings(settings, asking.user()), replies(asking.store)
    return RecompileRun(asking.store, asking.catalog, settings, options, asking.listener, model=model, replies=known)
