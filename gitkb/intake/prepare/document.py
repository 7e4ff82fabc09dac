"""Makes one document's files from its bytes, in a worker process: copy, convert, digest, render.

Invariant: the result depends on the source's bytes, its path, the pictures beside it, which links lead to documents and the
settings alone, never on what else the knowledge base holds or on timing. Everything is written below the run's scratch folder;
nothing becomes part of the knowledge base here.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitkb.compile.private_kinds import private_kind
from gitkb.convert.converter import NeedsOffice, convert, identify
from gitkb.convert.formats import FETCHED
from gitkb.errors import ConversionError
from gitkb.formats import records
from gitkb.formats.compiler_names import COMPILER
from gitkb.formats.settings import ConversionSettings
from gitkb.intake.hashing import open_document, unreadable
from gitkb.intake.prepare.cache import Cache
from gitkb.intake.source_links import Present, PresentLinks, WebLinks, links_of, picture_addresses
from gitkb.llm.requests import Request, Unanswered
from gitkb.model.documents import Conversion, Digest, Source, SourceFile, WebPage
from gitkb.model.usage import Usage
from gitkb.text.names.web_address import known_charset

if TYPE_CHECKING:
    from gitkb.compile.llm.model_settings import ModelSettings
    from gitkb.wiki.source_pages import Resolver


class Job(Struct, frozen=True):
    """One document to prepare.

    `sha256` is the hash that the scan took, so that a file that changed meanwhile is noticed. `replies` are the JSON texts that a
    model has answered so far, by the keys of their requests. `present` is set for a document that is made again from its original
    in the knowledge base: what that holds of it. Its original is moved and not copied. `saved` is what LibreOffice made of the
    original. `context` is how many tokens the model turned out to take in, 0 for as many as the settings say. `blind`: that model
    looks at no pictures. Other workers read the ranges of a long PDF, the range `part` each, into the folder `parts`; a job with
    that folder alone is given again when they are done.
    """

    source: SourceFile
    document: str
    sha256: str
    replies: Mapping[str, str] = field(default_factory=dict)
    present: Present | None = None
    saved: Path | None = None
    context: int = 0
    blind: bool = False
    part: int | None = None
    parts: Path | None = None


class Workshop(Struct, frozen=True):
    """What all jobs of a run share: folders, what the readers are told, and the documents of the run by source path (`names`)
    and those fetched from the web, in this run or before, by address (`pages`). Originals of more than `large_above` bytes go
    to Git LFS; none do where it is None. `model` says what to ask a model, None for the extractive compiler; `settings` is the
    fingerprint of the settings, for the records."""

    scratch: Path
    cache: Path
    language: str
    conversion: ConversionSettings
    names: Mapping[str, str]
    pages: Mapping[str, str] = field(default_factory=dict)
    large_above: int | None = None
    model: "ModelSettings | None" = None
    settings: str = ""


class Prepared(Struct, frozen=True):
    """A document's files in the scratch folder (paths in the repository, the record's included) or why there are none.

    A document with `requests` is not done: the job has to be given again with the replies to them. The same is true for
    `pictures`, the addresses of the pictures that a fetched page shows. `large` is the path of an original that goes to Git LFS
    ("" for none), `original` the size of the original in bytes. `notes` are sentences about what is missing, `usage` is what
    the model cost, `ungrounded` how many of its claims were dropped. `exhausted`: the worker ran out of memory. `asks`: a model
    would have to be asked, and this run asks none. `remembered` are the types of what came from the cache. `unaffordable` says
    why the tokens that the run may spend do not suffice. `empty`: its file is whole, and has nothing in it to read. A job whose
    `office` is an ending has to be given again with what LibreOffice makes of its original, `raw`. One that has `parts` should be
    given again when so many ranges of its pages are read. `entries` are those of the cache that it was made with. `private` is
    the kind of private document that one with requests looks like; `more` are so many requests that come after these.
    """

    document: str
    title: str = ""
    files: tuple[str, ...] = ()
    size: int = 0
    original: int = 0
    large: str = ""
    error: str = ""
    hint: str = ""
    phases: Mapping[str, float] | None = None
    requests: tuple[Request, ...] = ()
    pictures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    ungrounded: int = 0
    exhausted: bool = False
    asks: bool = False
    remembered: tuple[str, ...] = ()
    unaffordable: str = ""
    empty: bool = False
    office: str = ""
    raw: str = ""
    parts: int = 0
    entries: tuple[str, ...] = ()
    private: str = ""
    more: int = 0


def prepare(job: Job, shop: Workshop, beat: Callable[[], None] = lambda: None) -> Prepared:
    """Writes all files of one document; raises `ConversionError` with the reason when it cannot be converted. `beat` is told
    whenever another page was read by OCR."""
    from gitkb.convert.draft import NeedsParts, Parts
    from gitkb.wiki.document_files import build

    started = time.perf_counter()
    copy, size, large = _original(job, shop)
    raw = copy.relative_to(shop.scratch).as_posix()
    name = Path(job.source.path).name
    if job.part is not None:
        return _read_part(job, copy, shop.conversion, beat)
    form = identify(copy, name)
    cache = Cache(shop.cache, shop.scratch)
    page = job.source.page
    key = (job.sha256, form.converter, form.media_type, Path(name).suffix.lower(), *_fetched_key(page), *_chosen(shop.conversion))
    try:
        parts = Parts(job.parts)
        conversion = cache.remember(
            Conversion, key, lambda: convert(copy, name, shop.conversion, page=page, beat=beat, saved=job.saved, parts=parts)
        )
    except NeedsOffice as needed:
        return Prepared(job.document, office=needed.kind, raw=raw)
    except NeedsParts as needed:
        return Prepared(job.document, parts=needed.count)
    if page is not None and page.pictures is None and (shown := picture_addresses(conversion.markdown)):
        return Prepared(job.document, pictures=shown, entries=tuple(cache.entries))
    converted = time.perf_counter()
    compiled = _compiled(conversion, job, shop, key, cache)
    if isinstance(compiled, Prepared):
        return compiled
    conversion, digest = compiled.conversion, compiled.digest
    source = _source(job, size, conversion)
    built = build(job.document, source, conversion, digest, _resolver(job, shop), large=large)
    record = replace(built.record, settings=shop.settings)
    files = {**built.files, records.record_path(job.document): records.encode(record)}
    for path, content in files.items():
        _write(shop.scratch / path, content)
    phases = {"prepare": converted - started, "digest": time.perf_counter() - converted}
    total = size + sum(len(content) for content in files.values())
    paths = tuple(sorted([raw, *files]))
    return Prepared(
        job.document,
        built.record.title,
        paths,
        total,
        size,
        raw if large else "",
        phases=phases,
        notes=compiled.notes,
        ungrounded=digest.ungrounded,
        remembered=tuple(cache.found),
        entries=tuple(cache.entries),
    )


class _Compiled(Struct, frozen=True):
    """A conversion, with its pictures described where a model was asked about them, and its digest."""

    conversion: Conversion
    digest: Digest
    notes: tuple[str, ...] = ()


def _compiled(conversion: Conversion, job: Job, shop: Workshop, key: tuple[str, ...], cache: Cache) -> _Compiled | Prepared:
    """The digest, or what a model has to be asked first."""
    name, model = Path(job.source.path).name, shop.model
    if model is None:
        make = partial(_digest, conversion, name, shop.language)
        return _Compiled(conversion, cache.remember(Digest, (*key, COMPILER, shop.language, name), make))
    notes: tuple[str, ...] = ()
    if model.pictures:
        from gitkb.intake.prepare.shown_pictures import described

        seen = described(conversion, _resolver(job, shop).picture, model, job.replies, blind=job.blind)
        if isinstance(seen, Unanswered):
            return _waiting(job, seen, conversion, cache)
        conversion, notes = seen.conversion, seen.notes
    digest = _asked(conversion, name, model.within(job.context), job.replies)
    return _waiting(job, digest, conversion, cache) if isinstance(digest, Unanswered) else _Compiled(conversion, digest, notes)


def _waiting(job: Job, needed: Unanswered, conversion: Conversion, cache: Cache) -> Prepared:
    """A document of which a model has to be asked first. A text that a model has read from pictures may look private, too."""
    first = not job.replies or bool(conversion.described)
    private = private_kind(conversion.markdown) if first else ""
    return Prepared(job.document, requests=needed.requests, entries=tuple(cache.entries), private=private, more=needed.more)


def _read_part(job: Job, copy: Path, settings: ConversionSettings, beat: Callable[[], None]) -> Prepared:
    """Reads one range of the pages of a long document, for the worker that joins them."""
    from gitkb.convert.ocr.sight import sight_of
    from gitkb.convert.pdf.page_ranges import keep_range

    if job.part is not None and job.parts is not None:
        keep_range(copy, job.part, sight_of(settings, beat), job.parts, draw=settings.drawn)
    return Prepared(job.document)


def _source(job: Job, size: int, conversion: Conversion) -> Source:
    """The record's description of the original; for a fetched page also what is needed to read it again."""
    source = Source(job.source.path, job.sha256, size, conversion.media_type, conversion.pages)
    page = job.source.page
    if page is None:
        return source
    base = page.base if page.base != page.url else ""
    return replace(source, url=page.url, charset=known_charset(page.charset), base=base)


def _resolver(job: Job, shop: Workshop) -> "Resolver":
    """The object that knows where the document's links and pictures lead."""
    if job.source.page is not None:
        return WebLinks(job.source.page, shop.pages, job.present.pictures if job.present else ())
    return links_of(job.source, shop.names) if job.present is None else PresentLinks(job.source.path, job.present, shop.names)


def _fetched_key(page: WebPage | None) -> tuple[str, ...]:
    return (FETCHED.format.converter, page.url, page.base, page.charset) if page else ()


def _chosen(settings: ConversionSettings) -> tuple[str, ...]:
    return tuple(f"{name}={value!r}" for name, value in sorted(settings.choices.items()))


def discard(job: Job, shop: Workshop) -> None:
    """Deletes the copy of an original that became no document, so that failures do not fill the disk during a long run."""
    from gitkb.wiki.document_files import raw_path

    for large in (False, True):
        with contextlib.suppress(OSError):
            (shop.scratch / raw_path(job.document, job.source.path, large)).unlink()


def _digest(conversion: Conversion, name: str, language: str) -> Digest:
    from gitkb.compile.extractive.compiler import digest

    return digest(conversion, name=name, language=language)


def _asked(conversion: Conversion, name: str, model: "ModelSettings", replies: Mapping[str, str]) -> Digest | Unanswered:
    from gitkb.compile.llm.compiler import digest

    return digest(conversion, name=name, settings=model, replies=replies)


def _original(job: Job, shop: Workshop) -> tuple[Path, int, bool]:
    """(the original in the scratch folder, its size in bytes, whether it goes to Git LFS); copied when the job is first given."""
    from gitkb.wiki.document_files import raw_path

    plain, large = (shop.scratch / raw_path(job.document, job.source.path, is_large) for is_large in (False, True))
    for copy in (plain, large) if _was_given(job) else ():
        if copy.is_file():
            return copy, copy.stat().st_size, copy == large
    size = _copy(job, plain, shop.conversion.max_bytes) if job.present is None else _move(job.source.file, plain)
    to_lfs = shop.large_above is not None and size > shop.large_above
    if to_lfs if job.present is None else job.present.is_large:
        return plain.rename(large), size, True
    return plain, size, False


def _was_given(job: Job) -> bool:
    """Whether a job was given before, so that its original is there."""
    return bool(job.replies or job.saved or job.parts or job.blind or job.context)


def _move(file: Path, target: Path) -> int:
    """Moves an original that was brought into the scratch folder; its size in bytes."""
    with _writing(target):
        return file.replace(target).stat().st_size


def _copy(job: Job, target: Path, limit: int) -> int:
    """Copies the original into the scratch folder; raises when it vanished, grew or changed since the scan."""
    sha, size = hashlib.sha256(), 0
    with _writing(target), target.open("wb") as copy:
        for chunk in _chunks(job.source.file):
            size += len(chunk)
            if size > limit:
                raise ConversionError("it grew beyond convert.max_bytes while it was read.", "Add it again when it is complete.")
            sha.update(chunk)
            copy.write(chunk)
    if sha.hexdigest() != job.sha256:
        raise ConversionError("it changed while it was read.", "Add it again.")
    return size


def _chunks(file: Path) -> Iterator[bytes]:
    """The bytes of a source in pieces. An error while reading is the source's, not that of the folder it is copied to."""
    try:
        with open_document(file) as original:
            while chunk := original.read(1 << 20):
                yield chunk
    except OSError as error:
        raise ConversionError(unreadable(error)) from error


def _write(file: Path, content: bytes) -> None:
    with _writing(file):
        file.write_bytes(content)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Turns a full or failing disk into a failure to write this file: it is not the document's fault."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConversionError(f"gitkb could not write {file.name}: {reason}.", "Add it again when that is mended.") from error
