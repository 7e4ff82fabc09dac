"""The codec of `.gitkb/sources/` and `.gitkb/synced/`: where the documents below a root come from, and from which commit they
came.

Invariant: a source names a folder of this repository or the address of another one, never a secret and never a place that only
one machine has. A file from a clone is somebody else's data: an address that git would run as a program, or that holds a
password, is no source (`FormatError`). Each commit that was synced is a file of its own, so that two people who sync do not
collide; of several the newest counts, and the next sync leaves one.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import Struct

from gitkb.errors import FormatError
from gitkb.formats.records import Fields
from gitkb.formats.versions import FORMATS, Kind, canonical
from gitkb.model.documents import Tree
from gitkb.model.options import DeclaredSource
from gitkb.model.rows import Origin

SOURCES = ".gitkb/sources"
SYNCED = ".gitkb/synced"
_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_SCHEMES = ("https", "http", "ssh", "git")
_SCP = re.compile(r"(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]+:(?![:/\\-])[^\s\\]+")
_REF = re.compile(r"(?!-|.*(?:\.\.|@\{|//|\.lock$|[/.]$))[^\s~^:?*\[\\\x00-\x1f\x7f]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Synced(Struct, frozen=True):
    """The commit of a source at which its documents stand, the time of that commit (seconds), and a hash of the documents."""

    name: str
    commit: str
    time: int
    documents: str

    @property
    def path(self) -> str:
        return f"{SYNCED}/{self.name}/{self.commit}.json"


def declared_path(name: str) -> str:
    """Where a source of this name is declared."""
    return f"{SOURCES}/{name}.json"


def refuse_wrong(source: DeclaredSource) -> None:
    """Raises `FormatError` for what cannot be a source; its message is the reason in words."""
    if not _NAME.fullmatch(source.name) or unicodedata.normalize("NFC", source.name) != source.name:
        raise FormatError(f"{source.name!r} cannot be its name: letters, digits, '.', '-' and '_' can")
    if bool(source.path) == bool(source.repo):
        raise FormatError("it must name either a folder of this repository or another repository")
    if source.path and (source.ref or source.subdir):
        raise FormatError("a folder of this repository has no ref and no folder of its own")
    for folder in (source.path, source.subdir):
        _refuse_folder(folder)
    if source.repo:
        _refuse_address(source.repo)
    if source.ref and not _REF.fullmatch(source.ref):
        raise FormatError(f"{source.ref!r} is no name of a branch, tag or commit")


def _refuse_folder(folder: str) -> None:
    if not folder or folder == ".":
        return
    parts = folder.split("/")
    if folder.startswith(("/", "~")) or "\\" in folder or re.match(r"[A-Za-z]:", folder):
        raise FormatError(f"{folder} is a place of one machine: name the folder from the top of the repository")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise FormatError(f"{folder} leads out of the repository, or into .git")


def _refuse_address(address: str) -> None:
    """Addresses that git would run as a program (`ext::...`), read as an option, or that hold a secret, are none."""
    if any(unicodedata.category(char) in ("Cc", "Zs", "Zl", "Zp", "Cs") for char in address):
        raise FormatError("its address holds a blank or a control character")
    if address.startswith(("./", "../")) and "\\" not in address and "::" not in address:
        return
    if "://" not in address:
        if not _SCP.fullmatch(address):
            raise FormatError(
                f"{address} is no address that everybody can use: https://, ssh://, git:// or user@host:path, or a path from the"
                " top of this repository that begins with ./ or ../"
            )
        return
    try:
        parts = urlsplit(address)
        host, user, password = parts.hostname or "", parts.username, parts.password
    except ValueError as error:
        raise FormatError(f"its address is none: {error}") from error
    if parts.scheme not in _SCHEMES:
        raise FormatError(f"its address begins with {parts.scheme}://; https, http, ssh and git are known")
    if password is not None or (user is not None and parts.scheme != "ssh"):
        raise FormatError("its address holds a password or token, which everybody would read; git asks its credential helper")
    if not host or host.startswith("-") or (user or "").startswith("-") or parts.query or parts.fragment:
        raise FormatError("its address has no host, or something behind the path")


def encode_source(source: DeclaredSource) -> bytes:
    """Canonical JSON, one line a field."""
    data: dict[str, object] = {key: value for key in ("path", "repo", "ref", "subdir") if (value := getattr(source, key))}
    data |= {key: list(value) for key in ("include", "exclude") if (value := getattr(source, key))}
    return canonical({"format": FORMATS.number(Kind.SOURCE), **data})


def decode_source(content: bytes, path: str) -> DeclaredSource:
    """The source in these bytes; `path` is where it stands. Raises `FormatError`."""
    with FORMATS.naming(path, "source", "Declare it again with gitkb source add, or take the file from git."):
        fields = Fields(FORMATS.upgraded(Kind.SOURCE, json.loads(content.decode("utf-8"))))
        texts = {key: fields.text(key) for key in ("path", "repo", "ref", "subdir")}
        name = path.removeprefix(f"{SOURCES}/").removesuffix(".json")
        found = DeclaredSource(name, **texts, include=fields.texts("include"), exclude=fields.texts("exclude"))
        if declared_path(name) != path:
            raise FormatError("it stands under another name")
        refuse_wrong(found)
        return found


def encode_synced(synced: Synced) -> bytes:
    """Canonical JSON, one line a field."""
    return canonical({"documents": synced.documents, "format": FORMATS.number(Kind.SOURCE), "time": synced.time})


def decode_synced(content: bytes, path: str) -> Synced:
    """What was synced, from the file at `path`. Raises `FormatError`."""
    with FORMATS.naming(path, "note of a sync", "gitkb sync writes it anew."):
        name, _, file = path.removeprefix(f"{SYNCED}/").partition("/")
        fields = Fields(FORMATS.upgraded(Kind.SOURCE, json.loads(content.decode("utf-8"))))
        found = Synced(name, file.removesuffix(".json"), fields.whole("time"), fields.text("documents", required=True))
        if found.path != path or not _NAME.fullmatch(name) or not _COMMIT.fullmatch(found.commit):
            raise FormatError("it is named after no source and commit")
        return found


def sources_at(tree: Tree) -> list[DeclaredSource]:
    """The sources of a tree, by name. `FormatError` where one is none."""
    return [decode_source(tree.read_blob(oid), path) for path, oid in tree.files(SOURCES)]


def synced_at(tree: Tree) -> dict[str, Synced]:
    """By the name of a source what was synced last; a file that cannot be read tells nothing."""
    found: dict[str, Synced] = {}
    for path, oid in tree.files(SYNCED):
        try:
            each = decode_synced(tree.read_blob(oid), path)
        except FormatError:
            continue
        known = found.get(each.name)
        if known is None or (known.time, known.commit) < (each.time, each.commit):
            found[each.name] = each
    return found


def documents_hash(sources: Iterable[tuple[str, str]]) -> str:
    """A hash of documents, (path of the original, its sha256) each, whatever their order."""
    digest = hashlib.sha256()
    for path, sha256 in sorted(sources):
        digest.update(f"{path}\0{sha256}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def origins(tree: Tree, sources: Iterable[tuple[str, str]]) -> dict[str, Origin]:
    """By the name of a source the commit from which its documents come, and whether they still are as they came. `sources` are
    (path of the original, sha256) of all documents of files."""
    noted = synced_at(tree)
    below: dict[str, list[tuple[str, str]]] = {name: [] for name in noted}
    for path, sha256 in sources if noted else ():
        root = path.partition("/")[0]
        if root in below:
            below[root].append((path, sha256))
    return {
        name: Origin(name, each.commit, changed=documents_hash(below[name]) != each.documents) for name, each in noted.items()
    }
