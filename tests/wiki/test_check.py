"""Check tells whole from pending from broken, and names what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from gitkb.errors import FormatError
from gitkb.formats.records import encode, record_path
from gitkb.model.documents import Claim, Conversion, Digest, Heading, Place, Record, Source, Topic, TreeChange
from gitkb.model.path_changes import PathChanges
from gitkb.model.rows import State
from gitkb.wiki.check import CheckOutcome, check
from gitkb.wiki.document_files import build
from gitkb.wiki.hand_edits import edited_path, seal

BY = "gitkb-extractive/1"


@dataclass(frozen=True)
class Folder:
    """A tree that is held in memory: the contents by path."""

    contents: Mapping[str, bytes]
    oid: str = ""

    def read(self, path: str) -> bytes | None:
        return self.contents.get(path)

    def read_blob(self, oid: str) -> bytes:
        return self.contents[oid]

    def blob(self, path: str) -> str | None:
        return path if path in self.contents else None

    def files(self, prefix: str = "") -> Iterable[tuple[str, str]]:
        return [(path, path) for path in sorted(self.contents) if not prefix or path.startswith(f"{prefix}/")]

    def changes_since(self, old: str | None) -> list[TreeChange]:
        raise KeyError(old)


class NoLinks:
    def link(self, target: str) -> str | None:
        return None

    def picture(self, target: str) -> None:
        return None


def record_and_files() -> tuple[Record, dict[str, bytes]]:
    text = "# Logs\n\nA write-ahead log is a file.\n\n## Use\n\nIt helps. See [more](more.md).\n"
    place = Place("", "use", "Use")
    topic = Topic("concept", "Write-ahead log", defined=True, claims=(Claim("A write-ahead log is a file.", place, 0.5, True),))
    headings = (Heading(1, "Logs", "logs", 1), Heading(2, "Use", "use", 5))
    conversion = Conversion(text, "text/markdown", "markdown/1", headings=headings)
    digest = Digest("Logs", "A write-ahead log is a file.", "en", BY, topics=(topic,))
    built = build("notes/logs", Source("notes/logs.md", "0" * 64, 3, "text/markdown"), conversion, digest, NoLinks())
    return built.record, {**built.files, "raw/notes/logs.md": b"raw"}


RECORD, FILES = record_and_files()
CONCEPT = "wiki/concepts/write-ahead-log.md"
PAGE = seal(
    "---\ntype: Concept\ntitle: Write-ahead log\nsources:\n"
    "  - {id: notes--logs, resource: ../sources/notes/logs.md}\n---\n\n# Write-ahead log\n\n"
    "A write-ahead log is a file. [Use](../sources/notes/logs.md#use)[^notes--logs]\n\n"
    "[^notes--logs]: [Logs](../sources/notes/logs.md)\n",
    BY,
)
ROOT = seal('---\nokf_version: "0.2"\n---\n\n# Home\n\n* [Write-ahead log](concepts/write-ahead-log.md)\n', BY)
PROJECTED = PathChanges({CONCEPT: PAGE, "wiki/index.md": ROOT})
TREE = {**FILES, record_path("notes/logs"): encode(RECORD), ".gitkb/config.yaml": b"format: 1\n"}
WHOLE = {**TREE, CONCEPT: PAGE, "wiki/index.md": ROOT}
RECORDS: dict[str, Record | FormatError] = {record_path("notes/logs"): RECORD}


def projected_with(path: str, content: bytes | None) -> PathChanges:
    return PathChanges.of([(path, content)]).over(PROJECTED)


def checked(contents: Mapping[str, bytes], projected: PathChanges = PROJECTED) -> CheckOutcome:
    return check(Folder(contents), RECORDS, projected)


def codes(contents: Mapping[str, bytes], projected: PathChanges = PROJECTED) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in checked(contents, projected).problems]


def sealed_again(page: bytes, old: str, new: str) -> bytes:
    assert old in page.decode()
    return seal(page.decode().replace(old, new), BY)


def test_a_tree_with_its_pages_is_whole() -> None:
    assert checked(WHOLE) == CheckOutcome(State.WHOLE, ())


def test_pages_that_are_missing_old_or_too_many_are_pending() -> None:
    assert checked(TREE).state is State.PENDING
    old = sealed_again(PAGE, "is a file.", "is an old file.")
    assert checked({**WHOLE, CONCEPT: old}).state is State.PENDING
    assert checked({**WHOLE, "wiki/concepts/gone.md": old}).state is State.PENDING
    assert checked({**WHOLE, "wiki/concepts/gone.md": old}, projected_with("wiki/concepts/gone.md", None)).state is State.PENDING


def test_an_old_page_that_links_what_is_gone_is_pending_not_broken() -> None:
    old = sealed_again(PAGE, "(../sources/notes/logs.md#use)", "(../sources/notes/gone.md#use)")
    assert checked({**WHOLE, CONCEPT: old}).state is State.PENDING


def test_pages_of_a_person_are_no_problem() -> None:
    mine = {
        "wiki/notes.md": b"# Mine\n",
        "wiki/sources/notes/mine.md": b"Mine.\n",
        CONCEPT: b"# My own page\n",
        "README.md": b"x",
    }
    assert checked({**WHOLE, **mine}).state is State.WHOLE


def test_an_edited_page_is_whole_once_its_projection_is_kept() -> None:
    edited = {**WHOLE, CONCEPT: PAGE + b"\n## Notes\n\nMine.\n"}
    assert checked(edited).state is State.PENDING
    assert checked({**edited, edited_path(CONCEPT): PAGE}).state is State.WHOLE
    assert checked({**edited, edited_path(CONCEPT): sealed_again(PAGE, "is a file", "was a file")}).state is State.PENDING


@pytest.mark.parametrize("path", sorted(RECORD.files))
def test_a_file_that_a_record_names_must_be_there(path: str) -> None:
    assert ("missing-file", path) in codes({file: content for file, content in WHOLE.items() if file != path})


@pytest.mark.parametrize(
    "path", ["raw/notes/other.pdf", ".gitkb/left.tmp", ".gitkb/documents/x.txt", "wiki/sources/notes/logs--p.png", "raw/x"]
)
def test_a_file_without_a_record_is_stray(path: str) -> None:
    assert codes({**WHOLE, path: b"x"}) == [("stray-file", path)]


def test_a_generated_page_of_no_document_is_stray() -> None:
    assert codes({**WHOLE, "wiki/summaries/x.md": FILES["wiki/summaries/notes/logs.md"]})[0] == (
        "stray-file",
        "wiki/summaries/x.md",
    )


def test_a_record_that_cannot_be_read_is_one_problem() -> None:
    path = record_path("notes/logs")
    outcome = check(Folder(WHOLE), {path: FormatError(f"{path} is not a valid record.")}, PROJECTED)
    assert [(p.code, p.path) for p in outcome.problems] == [("bad-record", path)]


def test_a_record_without_its_parts_is_a_bad_record() -> None:
    record = replace(RECORD, files=("raw/notes/logs.md",))
    outcome = check(Folder(TREE), {record_path("notes/logs"): record}, PROJECTED)
    assert {p.code for p in outcome.problems} == {"bad-record", "stray-file"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("(../sources/notes/logs.md#use)", "(../sources/notes/gone.md)", "broken-link"),
        ("(../sources/notes/logs.md#use)", "(../../../x.md)", "broken-link"),
        ("(../sources/notes/logs.md#use)", "(../sources/notes/logs.md#gone)", "broken-anchor"),
        ("resource: ../sources/notes/logs.md", "resource: ../sources/gone.md", "broken-link"),
        ("[^notes--logs]: [Logs](../sources/notes/logs.md)\n", "", "broken-footnote"),
        ("#use)[^notes--logs]", "#use)", "broken-footnote"),
        ("type: Concept\n", "type: ''\n", "okf-type"),
        ("type: Concept\n", "type: Concept\ntags: [\n", "okf-front-matter"),
    ],
)
def test_what_is_wrong_on_a_generated_page_is_named(old: str, new: str, code: str) -> None:
    page = sealed_again(PAGE, old, new)
    assert codes({**WHOLE, CONCEPT: page}, projected_with(CONCEPT, page)) == [(code, CONCEPT)]


def test_an_index_has_no_front_matter_but_the_root_one() -> None:
    index, root = "wiki/concepts/index.md", "wiki/index.md"
    bad = seal("---\ntitle: x\n---\n# Concepts\n", BY)
    assert codes({**WHOLE, index: bad}, projected_with(index, bad)) == [("okf-index", index)]
    old = seal('---\nokf_version: "0.1"\n---\n# Home\n', BY)
    assert codes({**WHOLE, root: old}, projected_with(root, old)) == [("okf-index", root)]


def test_a_link_of_a_person_that_leads_nowhere_is_no_problem_of_the_knowledge_base() -> None:
    text = b"See [the page](concepts/gone.md) and [[Some plan]], `[code](x.md)`, <https://example.org>, [here](concepts/).\n"
    assert checked({**WHOLE, "wiki/notes.md": text}).state is State.WHOLE


def test_links_inside_a_converted_text_are_content() -> None:
    path = "wiki/sources/notes/logs.md"
    text = seal("---\ntype: Source\nresource: ../../../raw/notes/logs.md\n---\n\n# Logs\n\n[x](gone.md)\n\n## Use\n", BY)
    assert checked({**WHOLE, path: text}).state is State.WHOLE


def test_an_anchor_is_found_wherever_github_finds_it() -> None:
    for text in ('<a name="use"></a>\n', "Use\n---\n", "## [**Use**](x.md)\n", "## `use`\n"):
        path = "wiki/sources/notes/logs.md"
        page = seal(f"---\ntype: Source\nresource: ../../../raw/notes/logs.md\n---\n\n{text}", BY)
        assert checked({**WHOLE, path: page}).state is State.WHOLE, text
