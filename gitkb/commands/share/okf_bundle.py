"""Writes the wiki as a bundle of the Open Knowledge Format 0.2 that stands alone.

Invariant: the same commit gives the same bytes. No link leads out of the bundle: originals have a place in it, and what is not in
it and no address is words. Every page has a type, title and description, and says who made it and when it last changed. Every
page is listed by the index of its folder. The repository stays as it is.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from posixpath import basename, dirname

from msgspec import Struct

from gitkb.errors import FormatError, InTheWay
from gitkb.formats.topic_rows import shortened
from gitkb.model.results import Bundle
from gitkb.store.repository import Store
from gitkb.store.snapshot import Snapshot
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import is_external, one_line, relative, resolve
from gitkb.text.markdown.prose import passages, plain
from gitkb.text.markdown.retarget import NOTE, paragraphs, retarget

OKF = "0.2"
MARK = ".gitkb-bundle"
REFERENCES = "references"
_WIKI, _RAW = "wiki/", "raw/"
_INDEX = re.compile(r"index(?:--.*)?\.md")
_FOLDERS = {
    "concepts": "Concepts",
    "entities": "Entities",
    "explorations": "Answers",
    "sources": "Sources",
    "summaries": "Summaries",
}
_TYPES = {"concepts": "Concept", "entities": "Entity", "explorations": "Exploration", "sources": "Source", "summaries": "Summary"}
_HEADING = re.compile(r"^#+ +(\S.*?) *#*$", re.MULTILINE)
_NOTE = re.compile(r"\[\^([^\]\n]+)\]")
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def export_bundle(store: Store, tip: Snapshot, to: Path, *, originals: bool) -> Bundle:
    """Writes the bundle into a folder that is new, empty or an earlier bundle; `InTheWay` where it holds something else."""
    _clear(to)
    pages, files = 0, 0
    for path, content in _Bundle.of(store, tip, originals).files():
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        else:
            target.write_bytes(content)
        pages, files = (pages + 1, files) if path.endswith(".md") else (pages, files + 1)
    return Bundle(str(to), tip.commit, pages, files)


def _clear(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InTheWay(f"{folder} is no folder.", "Name a new one: --to DIR")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise InTheWay(f"{folder} holds something else than a bundle of gitkb.", "Name a new or empty folder: --to DIR")
        for old in folder.iterdir():
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_bytes(b"")


class _Listed(Struct, frozen=True):
    """A page as its index shows it."""

    path: str
    title: str
    description: str


class _Bundle(Struct, frozen=True):
    """The pages and files of one commit. `places`: where each file of the repository is in the bundle; `changed`: the last commit
    that changed it; `names`: the page that a [[wikilink]] means."""

    store: Store
    tip: Snapshot
    places: Mapping[str, str]
    names: Mapping[str, str]
    changed: Mapping[str, str]

    @classmethod
    def of(cls, store: Store, tip: Snapshot, originals: bool) -> "_Bundle":
        places = {path: _place(path) for path, _ in tip.files("wiki") if not _INDEX.fullmatch(basename(path))}
        # Of pages with the same name a document's full text comes last.
        pages = [path for path in places if path.endswith(".md")]
        pages.sort(key=lambda path: (path.startswith("wiki/sources/"), path), reverse=True)
        names = {basename(path).removesuffix(".md").casefold(): path for path in pages}
        if originals:
            places |= {path: _reference(path) for path, _ in tip.files("raw")}
        return cls(store, tip, places, names, store.last_changes("wiki", tip.commit))

    def files(self) -> Iterator[tuple[str, bytes | Path]]:
        """All files of the bundle: (path, content)."""
        times: dict[str, str] = {}
        listed: list[_Listed] = []
        for path, place in sorted(self.places.items()):
            content = self.tip.read(path) or b""
            if not place.endswith(".md"):
                yield place, self.store.large_original(path, content) or content
                continue
            commit = self.changed.get(path, self.tip.commit)
            if commit not in times:
                times[commit] = _time(self.store, commit)
            page, shown = self._page(path, place, content.decode("utf-8", "replace"), times[commit])
            listed.append(shown)
            yield place, page.encode("utf-8", "replace")
        yield from _indexes(listed)

    def _page(self, path: str, place: str, text: str, at: str) -> tuple[str, _Listed]:
        try:
            meta, body = frontmatter.split(text)
        except FormatError:
            meta, body = {}, frontmatter.cut(text)[1]
        body = retarget(body, lambda target: self._link(path, target), lambda target: self._link(path, target))
        ids = {str(each.get("id")) for each in _mappings(meta.get("sources"))}
        body = _without_stray_notes(body, ids)
        heading = _HEADING.search(body)
        title = one_line(str(meta.get("title") or (plain(heading[1]) if heading else "") or basename(path).removesuffix(".md")))
        said = (one_line(plain(passage.text)) for passage in passages(body))
        described = one_line(str(meta.get("description") or shortened(next(filter(None, said), title))))
        kind = one_line(str(meta.get("type") or _TYPES.get(path.split("/")[1], "Page")))
        head = {"type": kind, "title": title, "description": described}
        rest = {
            key: value for key, value in meta.items() if key not in head and key not in ("generated", "resource", "timestamp")
        }
        if resource := self._resource(path, place, meta):
            rest["resource"] = resource
        if maker := _maker(meta.get("generated")):
            rest["generated"] = {"by": maker, "at": frontmatter.Stamp(at)}
        return frontmatter.join({**head, **rest}, "\n" + body.lstrip("\n")), _Listed(place, title, described)

    def _resource(self, path: str, place: str, meta: Mapping[str, object]) -> str:
        """What a page describes: the original in the bundle, or the address that it was fetched from."""
        if url := meta.get("url"):
            return one_line(str(url))
        found = resolve(path, str(meta.get("resource") or "#"))
        target = self.places.get(found[0]) if found and found[0] != path else None
        return relative(place, target) if target else ""

    def _link(self, path: str, target: str) -> str | None:
        """Where a link of a page leads in the bundle; None where it leads out of it."""
        if target.startswith(NOTE):
            wanted, _, anchor = target.removeprefix(NOTE).partition("#")
            named = self.names.get(basename(wanted).removesuffix(".md").casefold())
            found = (named, anchor) if named else None
        elif is_external(target):
            return target if target.lower().startswith(("http://", "https://", "mailto:")) else None
        else:
            found = resolve(path, target)
        if found is None or found[0] not in self.places:
            return None
        anchor = f"#{found[1]}" if found[1] else ""
        return relative(self.places[path], self.places[found[0]] + anchor)


def _place(path: str) -> str:
    """The path in the bundle: below its root, and not under a name that the format reserves."""
    inside = path.removeprefix(_WIKI)
    return f"{inside.removesuffix('.md')}-page.md" if basename(inside) == "log.md" else inside


def _reference(path: str) -> str:
    """Where an original stands: Markdown under another ending, as it is no page of the bundle."""
    inside = f"{REFERENCES}/{path.removeprefix(_RAW)}"
    return f"{inside}.txt" if inside.lower().endswith(".md") else inside


def _time(store: Store, commit: str) -> str:
    found = next(iter(store.log(commit)))
    return datetime.fromtimestamp(found.time, UTC).strftime(_STAMP)


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _maker(generated: object) -> str:
    """Who made a page, as the format names agents: "producer/version"."""
    by = one_line(str(generated.get("by") or "")) if isinstance(generated, Mapping) else ""
    if not by or "/" in by or by.startswith(("human:", "process:")):
        return by
    return f"model/{by.replace(' ', '-')}"


def _without_stray_notes(body: str, ids: set[str]) -> str:
    """The text with footnotes that name no source as words: in this format a footnote names a source."""
    if "[^" not in body:
        return body

    def words(found: re.Match[str]) -> str:
        return found[0] if found[1] in ids else f"({found[1]})"

    return "".join(text if is_code else _NOTE.sub(words, text) for text, is_code in paragraphs(body))


def _indexes(listed: list[_Listed]) -> Iterator[tuple[str, bytes]]:
    """An index for every folder: its pages and the folders in it."""
    folders: dict[str, list[str]] = {"": []}
    for page in listed:
        below = dirname(page.path)
        folders.setdefault(below, []).append(_entry(page.title, basename(page.path), page.description))
        while below:
            below = dirname(below)
            folders.setdefault(below, [])
    for folder, entries in sorted(folders.items()):
        inside = [each for each in sorted(folders) if each and dirname(each) == folder]
        lines = [_entry(_FOLDERS.get(each, basename(each)), f"{basename(each)}/index.md", "") for each in inside]
        title = _FOLDERS.get(folder, basename(folder)) or "Knowledge base"
        text = "\n".join([f"# {_bare(title)}", "", *lines, *entries]) + "\n"
        header = f"---\nokf_version: '{OKF}'\n---\n\n" if not folder else ""
        yield f"{folder}/index.md".lstrip("/"), (header + text).encode("utf-8", "replace")


def _entry(title: str, target: str, description: str) -> str:
    return f"* [{_bare(title)}]({relative('index.md', target)})" + (f" - {_bare(description)}" if description else "")


def _bare(text: str) -> str:
    """Words without what any reader of Markdown would take for a link, code or HTML."""
    return re.sub(r"[\[\]<>`*|\\]", "", text.translate({ord("["): "(", ord("]"): ")"}))
