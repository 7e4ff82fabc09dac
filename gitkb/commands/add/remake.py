"""Makes documents whose originals a merge has put together, as `add` would make them, in the sandbox and in a folder of its own.

Invariant: commits nothing and takes no lock. What a model compiles is not made here, for nobody has agreed to ask one: such a
document stays a conflict of its merge, and so does one that cannot be converted.
"""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gitkb.branch.stored_documents import record_of
from gitkb.branch.tips import settings_at
from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.commands.add.recompile import Originals
from gitkb.commands.merge.remade import Files, Made, Which, Wish
from gitkb.compile.fingerprint import making
from gitkb.errors import ConversionError
from gitkb.formats.settings import Settings
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.intake.source_links import Present
from gitkb.model.documents import SourceFile
from gitkb.model.listener import Listener
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot


class Remaking(Struct, frozen=True):
    """Makes what a merge asks for (`Remake` of `gitkb.commands.merge.remade`)."""

    store: Store
    catalog: Catalog
    listener: Listener

    def __call__(self, wishes: Sequence[Wish], commits: Mapping[Which, str]) -> Made:
        """The files of each document, None where it cannot be made."""
        sides = {which: self.store.snapshot(commit) for which, commit in commits.items()}
        settings = settings_at(sides["ours"])
        if settings.compiler != "extractive":
            return dict.fromkeys(wishes)
        with tempfile.TemporaryDirectory(prefix="gitkb-merge-") as folder:
            return self._made(wishes, sides, settings, Path(folder))

    def _made(self, wishes: Sequence[Wish], sides: Mapping[Which, Snapshot], settings: Settings, scratch: Path) -> Made:
        names: dict[str, str] = {}
        for which in ("theirs", "ours"):
            with self.catalog.at(sides[which], RECORDS, keep=False) as db:
                names |= {facts.source: facts.document for facts in reversed(RecordCorpus(db).documents())}
        names |= {wish.source: wish.document for wish in wishes}
        cache = scratch / "cache"
        cache.mkdir()
        shop = Workshop(scratch, cache, settings.language, settings.conversion, names, settings=making(settings).settings)
        originals = {which: Originals.of(self.store, side, scratch) for which, side in sides.items()}
        found: dict[Wish, Files | None] = {}
        with Pool(shop, settings.convert, scratch / "workers.lock", 1) as pool:
            for number, wish in enumerate(wishes):
                found[wish] = self._one(pool, wish, scratch, _Place(scratch / "originals" / str(number), originals))
        return found

    def _one(self, pool: Pool, wish: Wish, scratch: Path, place: "_Place") -> Files | None:
        try:
            prepared = pool.run(place.job(wish))
        except ConversionError as error:
            prepared = Prepared(wish.document, error=error.message)
        if prepared.error or prepared.large:
            self.listener.message(f"{wish.document} cannot be united: {prepared.error or 'its original is in Git LFS.'}")
            return None
        return {path: (scratch / path).read_bytes() for path in prepared.files}


class _Place(Struct, frozen=True):
    """The folder of one document, and the originals of the two sides."""

    folder: Path
    originals: Mapping[Which, Originals]

    def job(self, wish: Wish) -> Job:
        """The job of a document, with the pictures and links that it has on the sides."""
        pictures: dict[str, Path] = {}
        links: set[str] = set()
        for number, (which, document) in enumerate(wish.like):
            record = record_of(self.originals[which].tip, document)
            if record is None:
                raise ConversionError("its record cannot be read.", "Look with: gitkb check")
            file = self.folder / str(number) / "original"
            source = SourceFile(record.source.path, file, "", file.parent)
            like = self.originals[which].fetch(Job(source, document, record.source.sha256))
            if like.present is not None:
                pictures |= dict(like.present.pictures)
                links |= like.present.links
        original = self.folder / "original"
        original.write_bytes(wish.content)
        present = Present(tuple(pictures.items()), frozenset(links))
        sha256 = hashlib.sha256(wish.content).hexdigest()
        return Job(SourceFile(wish.source, original, "", self.folder), wish.document, sha256, present=present)
