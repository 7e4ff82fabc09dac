"""Runs the checks of `lint` over one tree.

Invariant: takes no lock and changes nothing that is tracked. If a model cannot be reached, only its findings are missing; it is
an error only if no other findings were wanted.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from gitkb.branch.renames import former_documents, renamed_to
from gitkb.branch.tips import settings_at
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.lint.dead_links import dead_link_findings
from gitkb.commands.lint.newer_versions import superseded
from gitkb.commands.lint.page_quality import empty_summaries, everywhere, missing_descriptions, orphans, weak_sources
from gitkb.commands.lint.similar_names import changed, near_duplicates
from gitkb.commands.lint.tree import Base
from gitkb.errors import ModelError, UsageError
from gitkb.formats.settings import Settings
from gitkb.model.findings import CODES, CONTRADICTION, Finding, LintResult
from gitkb.model.options import LintOptions
from gitkb.pages.model_session import Asking, asking_each, model_settings
from gitkb.store.snapshot import Snapshot

Checker = Callable[[Base], Iterator[Finding]]

CHECKERS: Mapping[str, Checker] = {
    "changed-since-approval": changed,
    "near-duplicate": near_duplicates,
    "superseded-source": superseded,
    "dead-link": dead_link_findings,
    "everywhere": everywhere,
    "weak-source": weak_sources,
    "empty-summary": empty_summaries,
    "missing-description": missing_descriptions,
    "orphan-page": orphans,
}
"""Every checker by the code of its findings. Contradictions are asked of a model, see `gitkb.commands.lint.contradictions`."""


def sorted_findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """By kind, the gravest first, then by path and line."""
    order = list(CODES)
    return tuple(sorted({*found}, key=lambda each: (order.index(each.code), each.path, each.line, each.message)))


def findings(base: Base, codes: Collection[str]) -> list[Finding]:
    """The findings of the wanted checkers."""
    return [found for code, checker in CHECKERS.items() if code in codes for found in checker(base)]


class Lint(Struct, frozen=True):
    """Looks at commits; `asking` opens a model only when one is asked, and the catalog may `keep` the tables of a commit."""

    asking: Asking
    keep: bool

    def __call__(self, tip: Snapshot, options: LintOptions, name: str | None) -> LintResult:
        """Runs the wanted checks. `name` is the model to ask about contradictions, "" the one that the settings want, if they do;
        None asks none."""
        codes, settings = options.codes, settings_at(tip)
        asks = name is not None and (name or settings.compiler == "llm")
        model = settings.with_model(name or "") if asks else None
        if model is None and codes == {CONTRADICTION}:
            raise UsageError("Only a model can judge contradictions.", "Name one with --model NAME, without --no-model.")
        with self.asking.catalog.at(tip, RECORDS, keep=self.keep) as db:
            renamed = lru_cache(lambda path: renamed_to(self.asking.store, path, tip.commit))
            found = findings(Base(tip, db, renamed, lambda: former_documents(self.asking.store, tip)), codes)
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

        user = self.asking.user()
        wanted = model_settings(settings, user, "overview")
        with self.asking.catalog.at(tip, RECORDS, keep=self.keep) as db:
            pairs = candidates(Base(tip, db))
        with asking_each(self.asking.store, user, self.asking.listener) as ask:
            judged = judge(pairs, ask, wanted)
        every = sorted_findings([*result.findings, *judged.findings])
        return LintResult(tip.commit, every, judged.usage, judged.unasked)
