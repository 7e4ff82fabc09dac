"""What a document brings into the wiki: its text, its pictures, its summary, its record."""

import re
from itertools import pairwise

import pytest
from msgspec.structs import replace

from gitkb.formats.records import decode, encode, owns, record_path
from gitkb.model.documents import Claim, Conversion, Digest, Heading, Picture, Place, Source, SummarySection, Topic
from gitkb.text.markdown.frontmatter import split
from gitkb.text.markdown.links import anchors, links, resolve
from gitkb.wiki.document_files import DocumentFiles, build, raw_path
from gitkb.wiki.hand_edits import Seal, state

DOC = "papers/aries"
SOURCE = Source("papers/ARIES.pdf", "ab" * 32, 10, "application/pdf", 2)
TEXT = """<a name="page-1"></a>

# ARIES

Redo comes first. See [part two](other.md#two), [the web](https://example.org), [nothing](gone.md) and [below](#undo).

![The log](picture-1.png) ![A map](img/map.png) ![Gone](img/gone.png)

<a name="page-2"></a>

## Undo

Undo comes last.
"""
HEADINGS = (Heading(1, "ARIES", "aries", 3), Heading(2, "Undo", "undo", 11))
CONVERSION = Conversion(
    TEXT,
    "application/pdf",
    "pdf/1",
    pages=2,
    headings=HEADINGS,
    pictures=(Picture("picture-1.png", b"one", "image/png"), Picture("picture-2.png", b"unused", "image/png")),
    authors=("C. Mohan",),
    dates={"published": "1992-03-01"},
)


def claim(text: str, anchor: str = "page-1", label: str = "p. 1") -> Claim:
    return Claim(text, Place("", anchor, label), 0.5)


DIGEST = Digest(
    "ARIES: recovery",
    "ARIES is a recovery method.",
    "en",
    "gitkb-extractive/1",
    summary=(claim("ARIES is a recovery method."), claim("Redo comes *first*.", "page-2", "p. 2")),
    outline=(
        SummarySection(1, "ARIES", Place("", "aries", "ARIES"), (claim("Redo repeats history."),)),
        SummarySection(2, "Undo", Place("", "undo", "Undo"), (claim("Undo comes last.", "undo", "Undo"),)),
    ),
    topics=(
        Topic("concept", "Crash recoveries", defined=True, weight=0.9, claims=(claim("Crash recovery is x.", "undo"),)),
        Topic("concept", "Redo", weight=0.5, claims=(claim("Redo\nrepeats.", "no-such-anchor"),)),
        Topic("entity", "IBM", weight=0.1),
    ),
)


class Folder:
    """Resolves like a folder that holds other.md and one picture."""

    def link(self, target: str) -> str | None:
        path, _, anchor = target.partition("#")
        return f"wiki/sources/papers/other.md#{anchor}" if path == "other.md" else None

    def picture(self, target: str) -> Picture | None:
        return Picture("map.png", b"map", "image/png") if target == "img/map.png" else None


def made(conversion: Conversion = CONVERSION, digest: Digest = DIGEST) -> DocumentFiles:
    return build(DOC, SOURCE, conversion, digest, Folder())


def page(built: DocumentFiles, path: str) -> tuple[dict[str, object], str]:
    return split(built.files[path].decode())


def test_a_document_has_its_text_its_pictures_its_summary_and_a_record_of_them() -> None:
    built = made()
    assert built.record.files == (
        "raw/papers/aries.pdf",
        "wiki/sources/papers/aries--map.png",
        "wiki/sources/papers/aries--picture-1.png",
        "wiki/sources/papers/aries.md",
        "wiki/summaries/papers/aries.md",
    )
    assert set(built.files) == set(built.record.files[1:])
    assert all(owns(DOC, path) for path in built.record.files)
    assert built.files["wiki/sources/papers/aries--map.png"] == b"map"
    path = record_path(DOC)
    assert decode(encode(built.record), path) == built.record


def test_the_text_keeps_its_words_and_its_links_lead_into_the_wiki() -> None:
    meta, body = page(made(), "wiki/sources/papers/aries.md")
    assert {key: meta[key] for key in ("type", "title", "description", "resource")} == {
        "type": "Source",
        "title": "ARIES: recovery",
        "description": "ARIES is a recovery method.",
        "resource": "../../../raw/papers/aries.pdf",
    }
    assert "See [part two](other.md#two), [the web](https://example.org), nothing and [below](#undo).\n" in body
    assert "![The log](aries--picture-1.png) ![A map](aries--map.png) Gone\n" in body


def test_the_summary_reads_from_the_general_to_the_particular() -> None:
    text = made().files["wiki/summaries/papers/aries.md"].decode()
    body = text.partition("---\n\n")[2]
    assert text.startswith(
        "---\ntype: Summary\ntitle: 'ARIES: recovery'\ndescription: ARIES is a recovery method.\nauthors: [C. Mohan]\n"
    )
    assert (
        body
        == """# ARIES: recovery

ARIES is a recovery method. [p. 1](../../sources/papers/aries.md#page-1)

[Full text](../../sources/papers/aries.md), [original](../../../raw/papers/aries.pdf) (PDF, 2 pages)

## Key points

- Redo comes \\*first\\*. [p. 2](../../sources/papers/aries.md#page-2)

## Outline

- [ARIES](../../sources/papers/aries.md#aries): Redo repeats history. [p. 1](../../sources/papers/aries.md#page-1)
  - [Undo](../../sources/papers/aries.md#undo): Undo comes last.

## Concepts and names

- Concepts: [Crash recoveries](../../concepts/crash-recovery.md), Redo
- Names: IBM
"""
    )


def test_what_a_model_wrote_about_the_whole_stands_above_the_key_points_and_is_said_once() -> None:
    abstract = (claim("ARIES repeats *history*.", "page-2", "p. 2"), claim("Undo comes last.", "undo", "Undo"))
    digest = replace(DIGEST, abstract=abstract, summary=(*DIGEST.summary, abstract[0]))
    page = made(digest=digest).files["wiki/summaries/papers/aries.md"].decode()
    summary = (
        "## Summary\n\nARIES repeats \\*history\\*. [p. 2](../../sources/papers/aries.md#page-2) "
        "Undo comes last. [Undo](../../sources/papers/aries.md#undo)\n\n## Key points\n"
    )
    assert summary in page
    assert page.count("repeats \\*history\\*") == page.count("Undo comes last.") == 1


def test_a_summary_without_content_has_no_empty_section() -> None:
    body = page(made(digest=Digest("", "", "", "gitkb-extractive/1")), "wiki/summaries/papers/aries.md")[1]
    assert "##" not in body
    assert body.startswith("\n# aries\n\n[Full text]")


def test_an_outline_that_repeats_the_title_and_a_single_name_are_left_out() -> None:
    outline = (SummarySection(1, "ARIES: Recovery", Place("", "aries", "ARIES"), (claim("ARIES is a recovery method."),)),)
    digest = replace(DIGEST, summary=(), outline=outline, topics=(Topic("entity", "IBM"),))
    assert "##" not in page(made(digest=digest), "wiki/summaries/papers/aries.md")[1]


def test_the_record_names_the_places_and_drops_anchors_that_are_not_there() -> None:
    topics = {topic.name: topic for topic in made().record.topics}
    assert topics["Crash recoveries"].claims[0].place == Place("sources/papers/aries.md", "undo", "p. 1")
    assert topics["Redo"].claims[0].place.anchor == ""
    assert topics["Redo"].claims[0].text == "Redo repeats."


def test_a_heading_whose_anchor_the_text_does_not_have_is_not_linked() -> None:
    text = "# A [![b][c]][d]\n\nText.\n\n[c]: gone.png\n[d]: https://example.org\n"
    digest = replace(DIGEST, summary=(claim("Text.", "a-bcd", "A"),), outline=(), topics=())
    headings = (Heading(1, "A [![b][c]][d]", "a-bcd", 1),)
    built = made(Conversion(text, "text/markdown", "markdown/1", headings=headings), digest)
    assert "Text. [A](../../sources/papers/aries.md)\n" in page(built, "wiki/summaries/papers/aries.md")[1]


def test_all_pages_are_sealed_and_the_same_each_time() -> None:
    built, again = made(), made()
    assert built == again
    assert all(state(content) is Seal.GENERATED for path, content in built.files.items() if path.endswith(".md"))


def test_two_pictures_of_one_name_are_kept_apart() -> None:
    class Maps(Folder):
        def picture(self, target: str) -> Picture:
            return Picture("Map.PNG", target.encode(), "image/png")

    text = "![a](x/map.png) ![b](y/map.png) ![c](x/map.png)\n"
    built = build(DOC, SOURCE, Conversion(text, "text/markdown", "markdown/1"), DIGEST, Maps())
    found = {path: content for path, content in built.files.items() if path.endswith(".png")}
    assert sorted(found.values()) == [b"x/map.png", b"y/map.png"]
    assert "wiki/sources/papers/aries--map.png" in found
    assert all(owns(DOC, path) for path in built.record.files)


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x"])
def test_a_link_that_would_run_or_read_something_becomes_words(target: str) -> None:
    text = f"[x]({target}) <a href='{target}'>y</a> ![z]({target})\n"
    built = made(Conversion(text, "text/markdown", "markdown/1"))
    assert target.partition(":")[0] not in page(built, "wiki/sources/papers/aries.md")[1]


def test_hostile_names_and_words_stay_words() -> None:
    nasty = "](javascript:x) <script> [[x]] \n---\ntype: Evil"
    digest = replace(
        DIGEST, title=nasty, description=nasty, summary=(claim(nasty),), topics=(Topic("concept", nasty, defined=True),)
    )
    built = made(digest=digest)
    meta, body = page(built, "wiki/summaries/papers/aries.md")
    assert meta["type"] == "Summary"
    assert not [link for link in links(body) if link.wiki or link.target.startswith("javascript")]
    assert "<script>" not in re.sub(r"\\<", "", body)


def test_a_long_text_is_a_table_of_contents_and_chapters_whose_links_agree() -> None:
    parts = [
        f'<a name="page-{n}"></a>\n\n# Part {n}\n\n{"Many words stand here. " * 6000}\n\n## End\n\n[on](#part-{n + 1})\n'
        for n in range(1, 7)
    ]
    text = "\n".join(parts)
    headings = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            title = line.lstrip("# ")
            ends = sum(h.title == "End" for h in headings)
            anchor = title.lower().replace(" ", "-") + (f"-{ends}" if title == "End" and ends else "")
            headings.append(Heading(line.count("#"), title, anchor, number))
    digest = replace(DIGEST, summary=(claim("Five.", "page-5", "p. 5"),), outline=(), topics=())
    built = made(replace(CONVERSION, markdown=text, headings=tuple(headings), pictures=()), digest)
    chapters = [path for path in built.record.files if "--" in path]
    assert len(chapters) == 6
    assert all(len(built.files[path]) < 400 * 1024 for path in chapters)
    summary = "wiki/summaries/papers/aries.md"
    for path in [*chapters, "wiki/sources/papers/aries.md", summary]:
        for link in links(page(built, path)[1]):
            found = resolve(path, link.target)
            assert found is not None
            if found[1] and found[1] != "part-7":
                assert found[1] in anchors(built.files[found[0]].decode()), link
    contents = page(built, "wiki/sources/papers/aries.md")[1]
    assert contents.count("\n- [Part ") == 6
    assert contents.count("\n  - [End]") == 6
    assert "aries--05-part-5.md#page-5" in page(built, summary)[1]
    for one, following in pairwise(chapters):
        assert f"({following.rpartition('/')[2]})" in built.files[one].decode().splitlines()[-1]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("docs/Intro to X.PDF", "raw/d.pdf"),
        ("docs/README", "raw/d.original"),
        ("docs.v2/x", "raw/d.original"),
        ("a.tar gz!", "raw/d.targz"),
        ("a.\u202egpj", "raw/d.gpj"),
    ],
)
def test_the_original_keeps_a_plain_ending(source: str, path: str) -> None:
    assert raw_path("d", source) == path
