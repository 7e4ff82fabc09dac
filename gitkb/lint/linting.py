"""One look at the quality of a commit: every checker that is wanted, and a model for what only one can judge.

Invariant: takes no lock and changes nothing that is tracked. A model that cannot be reached costs its findings alone, unless they
are all that was wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.records import RECORDS
from gitkb.config import Settings
from gitkb.errors import ModelError, UsageError
from gitkb.events import Listener
from gitkb.ingest.following import renamed_to
from gitkb.lint.base import Base
from gitkb.lint.checkers import findings
from gitkb.lint.findings import CONTRADICTION, chosen_codes, sorted_findings
from gitkb.lint.values import LintOptions, LintResult
from gitkb.store import Snapshot, Store
from gitkb.usersettings import UserSettings


@dataclass(frozen=True, slots=True)
class Lint:
    """Looks at commits; `user` is asked only when a model is, `keep` says that the commit is a tip whose tables are kept."""

    store: Store
    catalog: Catalog
    user: Callable[[], UserSettings]
    listener: Listener
    keep: bool

    def __call__(self, tip: Snapshot, options: LintOptions, model: Settings | None) -> LintResult:
        """What is found; `model` are settings that name the model to ask about contradictions, None for asking none."""
        codes = chosen_codes(options.only, options.excepted)
        if model is None and codes == {CONTRADICTION}:
            raise UsageError("Only a model can judge contradictions.", "Name one with --model NAME, without --no-model.")
        with self.catalog.at(tip, RECORDS, keep=self.keep) as db:
            found = findings(Base(tip, db, lru_cache(lambda path: renamed_to(self.store, path, tip.commit))), codes)
        result = LintResult(tip.commit, sorted_findings(found))
        if model is None or CONTRADICTION not in codes:
            return result
        try:
            return self._judged(tip, result, model)
        except ModelError as error:
            if codes == {CONTRADICTION}:
                raise
            unasked = f"Contradictions were not looked for. {error.message} {error.hint}".rstrip()
            return LintResult(tip.commit, result.findings, unasked=unasked)

    def _judged(self, tip: Snapshot, result: LintResult, settings: Settings) -> LintResult:
        """The same findings and what a model says of the claims; no connection is held while it thinks."""
        from gitkb.ingest.session import asking_each, model_settings
        from gitkb.lint.contradictions import candidates, judge

        user = self.user()
        wanted = model_settings(settings, user)
        with self.catalog.at(tip, RECORDS, keep=self.keep) as db:
            pairs = candidates(Base(tip, db))
        with asking_each(self.store, user, self.listener) as ask:
            judged = judge(pairs, ask, wanted)
        every = sorted_findings([*result.findings, *judged.findings])
        return LintResult(tip.commit, every, judged.usage, judged.unasked)
