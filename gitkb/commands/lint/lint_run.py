"""Runs the checks of `lint` over one tree.

Invariant: takes no lock and changes nothing that is tracked. If a model cannot be reached, only its findings are missing; it is
an error only if no other findings were wanted.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from gitkb.branch.renames import former_documents, renamed_to
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.lint.dead_links import dead_link_findings
from gitkb.commands.lint.findings import CONTRADICTION, sorted_findings
from gitkb.commands.lint.newer_versions import superseded
from gitkb.commands.lint.page_quality import empty_summaries, missing_descriptions, orphans, weak_sources
from gitkb.commands.lint.similar_names import changed, near_duplicates
from gitkb.commands.lint.tree import Base
from gitkb.errors import ModelError, UsageError
from gitkb.formats.settings import Settings
from gitkb.formats.user_settings import UserSettings
from gitkb.model.findings import Finding, LintResult
from gitkb.model.listener import Listener
from gitkb.model.options import LintOptions
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot

Checker = Callable[[Base], Iterator[Finding]]

CHECKERS: Mapping[str, Checker] = {
    "changed-since-approval": changed,
    "near-duplicate": near_duplicates,
    "superseded-source": superseded,
    "dead-link": dead_link_findings,
    "weak-source": weak_sources,
    "empty-summary": empty_summaries,
    "missing-description": missing_descriptions,
    "orphan-page": orphans,
}
"""Every checker by the code of its findings. Contradictions are asked of a model, see `gitkb.commands.lint.contradictions`."""


def findings(base: Base, codes: Collection[str]) -> list[Finding]:
    """The findings of the wanted checkers."""
    return [found for code, checker in CHECKERS.items() if code in codes for found in checker(base)]


class Lint(Struct, frozen=True):
    """Looks at commits; `user` is asked only when a model is, `keep` says that the commit is a tip whose tables are kept."""

    store: Store
    catalog: Catalog
    user: Callable[[], UserSettings]
    listener: Listener
    keep: bool

    def __call__(self, tip: Snapshot, options: LintOptions, model: Settings | None) -> LintResult:
        """Runs the wanted checks. `model`: settings that name the model to ask about contradictions, None to ask none."""
        codes = options.codes
        if model is None and codes == {CONTRADICTION}:
            raise UsageError("Only a model can judge contradictions.", "Name one with --model NAME, without --no-model.")
        with self.catalog.at(tip, RECORDS, keep=self.keep) as db:
            renamed = lru_cache(lambda path: renamed_to(self.store, path, tip.commit))
            found = findings(Base(tip, db, renamed, lambda: former_documents(self.store, tip)), codes)
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
        from gitkb.commands.lint.contradictions import candidates, judge
        from gitkb.pages.model_session import asking_each, model_settings

        user = self.user()
        wanted = model_settings(settings, user)
        with self.catalog.at(tip, RECORDS, keep=self.keep) as db:
            pairs = candidates(Base(tip, db))
        with asking_each(self.store, user, self.listener) as ask:
            judged = judge(pairs, ask, wanted)
        every = sorted_findings([*result.findings, *judged.findings])
        return LintResult(tip.commit, every, judged.usage, judged.unasked)
