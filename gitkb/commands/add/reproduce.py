"""`check --reproduce`: documents converted and compiled again from their originals, and compared with what a revision holds.

Invariant: reads one commit, commits nothing, and takes nothing from a cache: all is made anew, in the sandbox, below a folder of
its own that is gone afterwards. What another version or other settings made cannot be compared, and that is said. Of what a model
wrote only the converted text is compared.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from gitkb.branch.tips import settings_at
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.add.commit_loop import jobs_of
from gitkb.commands.add.recompile import Originals, items_of
from gitkb.commands.inspect.check_revision import check_changed, check_whole, differing_records
from gitkb.commands.inspect.listing import cannot_be_reproduced
from gitkb.compile.fingerprint import making
from gitkb.errors import ConversionError
from gitkb.formats.compiler_names import asked_a_model
from gitkb.formats.settings import Settings
from gitkb.formats.topic_rows import DocumentFacts
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.model.documents import Record
from gitkb.model.findings import CheckResult, Problem
from gitkb.model.listener import Listener
from gitkb.pages.refresh import history_base
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.text.markdown import frontmatter
from gitkb.wiki.check import CheckOutcome, with_problems
from gitkb.wiki.hand_edits import Seal, edited_path, state

Base = Callable[[str], bytes | None]


def check(
    store: Store,
    catalog: Catalog,
    listener: Listener,
    between: tuple[Snapshot | None, Snapshot],
    *,
    keep: bool,
    reproduce: bool,
) -> CheckResult:
    """What the check of a revision (the second) found, or of what changed there since another one (the first). `reproduce`:
    with what does not come out again. The catalog may `keep` the tables of the revision."""
    base, tip = between
    found = check_whole(store, catalog, tip, keep=keep) if base is None else check_changed(store, catalog, base, tip)
    if reproduce:
        found = Reproduction(store, catalog, settings_at(tip), listener)(found, base, tip)
    return CheckResult(found.state, tip.commit, found.problems)


class Reproduction(Struct, frozen=True):
    """Makes documents of a revision again; `settings` are those of the revision."""

    store: Store
    catalog: Catalog
    settings: Settings
    listener: Listener
    jobs: int = 0

    def __call__(self, found: CheckOutcome, base: Snapshot | None, tip: Snapshot) -> CheckOutcome:
        """The outcome of a check of what differs from the base (None: of all), with what is not as it comes out again."""
        return with_problems(found, self._problems(tip, differing_records(base, tip)))

    def _problems(self, tip: Snapshot, records: Mapping[str, Record]) -> Iterator[Problem]:
        with self.catalog.at(tip, RECORDS, keep=False) as db:
            corpus = RecordCorpus(db)
            known, addresses, apart = corpus.documents(), corpus.addresses(), cannot_be_reproduced(db, self.settings)
        wanted = [facts for facts in known if facts.document in records]
        facts = [each for each in wanted if each.document not in apart]
        if len(facts) < len(wanted):
            left = len(wanted) - len(facts)
            self.listener.message(
                f"{left:,} of {len(wanted):,} documents were made by another version or with other settings and are not compared."
            )
        # Links between documents are told by the source paths of all.
        names = {each.source: each.document for each in reversed(known)}
        with tempfile.TemporaryDirectory(prefix="gitkb-check-") as folder:
            yield from self._compared(tip, facts, records, self._workshop(Path(folder), names, addresses))

    def _workshop(self, scratch: Path, names: Mapping[str, str], pages: Mapping[str, str]) -> Workshop:
        cache = scratch / "cache"
        cache.mkdir()
        settings, how = self.settings, making(replace(self.settings, compiler="extractive")).settings
        return Workshop(scratch, cache, settings.language, settings.conversion, names, pages, settings=how)

    def _compared(
        self, tip: Snapshot, facts: Sequence[DocumentFacts], records: Mapping[str, Record], shop: Workshop
    ) -> Iterator[Problem]:
        originals = Originals.of(self.store, tip, shop.scratch)
        jobs = jobs_of(items_of(facts, shop.scratch))
        lock = shop.scratch / "workers.lock"
        with Pool(shop, self.settings.convert, lock, self.jobs) as pool:

            def made(job: Job) -> Prepared:
                try:
                    return pool.run(originals.fetch(job))
                except ConversionError as error:
                    return Prepared(job.document, error=error.message, hint=error.hint)

            for job, prepared in zip(jobs, pool.prepare(jobs, made), strict=True):
                record = records[job.document]
                if prepared.error:
                    yield Problem(
                        "not-reproduced", f"wiki/sources/{job.document}.md", f"It cannot be made again: {prepared.error}"
                    )
                else:
                    yield from _differences(_Compared(tip, record, history_base(self.store, tip.commit)), prepared, shop.scratch)
                for path in prepared.files:
                    (shop.scratch / path).unlink(missing_ok=True)


class _Compared(Struct, frozen=True):
    """A document at a revision: its files as gitkb made them."""

    tip: Snapshot
    record: Record
    base: Base

    def made(self, path: str) -> bytes | None:
        content = self.tip.read(path)
        is_edited = content is not None and path.endswith(".md") and state(content) is not Seal.GENERATED
        return self.tip.read(edited_path(path)) or self.base(path) if is_edited else content


def _differences(there: _Compared, prepared: Prepared, scratch: Path) -> Iterator[Problem]:
    by_model = asked_a_model(there.record.compiler)
    for path in sorted({*prepared.files, *there.record.files}):
        if path.startswith("raw/") or (by_model and not _is_text(path, there.record)):
            continue
        again = (scratch / path).read_bytes() if path in prepared.files else None
        made = there.made(path)
        if again != made and not (by_model and _body(again) == _body(made)):
            what = "does not come out again" if again is not None else "is no part of what comes out"
            hint = f"Make it anew: gitkb recompile {there.record.document}"
            yield Problem("not-reproduced", path, f"It {what} when the original is converted. {hint}")


def _is_text(path: str, record: Record) -> bool:
    """Whether a file has only what the converter made: a chapter, or the whole text; not the contents that name the digest."""
    main = f"wiki/sources/{record.document}.md"
    has_chapters = any(file.startswith(f"{main[:-3]}--") and file.endswith(".md") for file in record.files)
    return path.startswith("wiki/sources/") and not (path == main and has_chapters)


def _body(content: bytes | None) -> str | None:
    return None if content is None else frontmatter.cut(content.decode("utf-8", "replace"))[1]
