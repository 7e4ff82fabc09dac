"""A long text is cut along its headings and pages, and nothing of it is lost."""

from hypothesis import given
from hypothesis import strategies as st

from gitkb.model.documents import Heading
from gitkb.text.markdown.links import anchors
from gitkb.wiki.source_pages import SMALL, chapters_of

WORDS = "Words of a long text. " * 40


def test_a_short_text_is_one_chapter() -> None:
    found = chapters_of('# A\n\n<a name="page-1"></a>\n', (Heading(1, "A", "a", 1),))
    assert [chapter.suffix for chapter in found.chapters] == [""]
    assert found.suffix_of == {"a": "", "page-1": ""}


def book(parts: int, paragraphs: int) -> tuple[str, list[Heading]]:
    lines: list[str] = []
    headings: list[Heading] = []
    for part in range(parts):
        headings.append(Heading(1, f"Part {part}", f"part-{part}", len(lines) + 1))
        lines += [f"# Part {part}", ""]
        headings.append(Heading(2, "Notes", "notes" + (f"-{part}" if part else ""), len(lines) + 1))
        lines += ["## Notes", "", *[WORDS, ""] * paragraphs]
    return "\n".join(lines), headings


def test_a_long_text_is_cut_at_its_headings() -> None:
    text, headings = book(4, 60)
    found = chapters_of(text, headings, limit=120_000)
    assert [chapter.suffix for chapter in found.chapters] == ["--01-part-0", "--02-part-1", "--03-part-2", "--04-part-3"]
    for chapter in found.chapters:
        here = anchors(chapter.markdown)
        assert {anchor for anchor, suffix in found.suffix_of.items() if suffix == chapter.suffix} <= here


def test_small_parts_stay_together() -> None:
    text, headings = book(40, 4)
    found = chapters_of(text, headings, limit=120_000)
    assert all(len(chapter.markdown) > SMALL for chapter in found.chapters[:-1])


def test_a_text_without_headings_is_cut_at_its_pages() -> None:
    text = "".join(f'<a name="page-{n}"></a>\n\n{WORDS}\n\n' for n in range(1, 301))
    found = chapters_of(text, (), limit=100_000)
    assert found.chapters[0].title.startswith("Pages 1 to ")
    assert found.suffix_of["page-1"] == found.chapters[0].suffix
    assert all(chapter.markdown.startswith('<a name="page-') for chapter in found.chapters)


def test_a_chapter_starts_with_the_page_of_its_heading() -> None:
    lines: list[str] = []
    headings = []
    for n in (1, 2, 3):
        lines += [f'<a name="page-{n}"></a>', "", f"Chapter {n}", "", f"# T{n}", ""]
        headings.append(Heading(1, f"T{n}", f"t{n}", len(lines) - 1))
        lines += [WORDS, ""] * 60
    found = chapters_of("\n".join(lines), headings, limit=80_000)
    assert [chapter.markdown.splitlines()[0] for chapter in found.chapters] == [f'<a name="page-{n}"></a>' for n in (1, 2, 3)]


def test_a_table_that_is_cut_keeps_its_head() -> None:
    row = "| " + "x" * 98 + " |\n"
    found = chapters_of("| Name |\n| --- |\n" + row * 2000, (), limit=60_000)
    assert len(found.chapters) > 2
    assert all(chapter.markdown.startswith("| Name |\n| --- |\n") for chapter in found.chapters)
    assert sum(chapter.markdown.count("xxx |") for chapter in found.chapters) == 2000


def test_code_that_is_cut_stays_code() -> None:
    found = chapters_of("```python\n" + "print('a line of code')\n\n" * 5000 + "```\n\nEnd.\n", (), limit=50_000)
    assert len(found.chapters) > 1
    for chapter in found.chapters:
        assert chapter.markdown.startswith("```python\n")
        assert chapter.markdown.count("```") == 2
    assert found.chapters[-1].markdown.endswith("```\n\nEnd.\n")


def test_a_chapter_takes_the_definitions_that_it_uses() -> None:
    text, headings = book(3, 60)
    text = text.replace("## Notes\n", "## Notes\n\nSee [the book][tb] and this[^1].\n")
    headings = [Heading(h.level, h.title, h.anchor, h.line + 2 * (i // 2)) for i, h in enumerate(headings)]
    found = chapters_of(f"{text}\n\n[tb]: https://example.org\n[^1]: A note.\n[no]: x.md\n", headings, limit=120_000)
    assert all(chapter.markdown.endswith("\n[tb]: https://example.org\n[^1]: A note.\n") for chapter in found.chapters[:-1])


@given(st.lists(st.sampled_from(("a b", "", "# H", "## I", "| x |", "long " * 30)), max_size=80), st.integers(100, 900))
def test_no_line_is_lost_and_no_chapter_is_too_long(lines: list[str], limit: int) -> None:
    headings = [Heading(line.count("#"), line[-1], f"h{i}", i + 1) for i, line in enumerate(lines) if line.startswith("#")]
    found = chapters_of("\n".join(lines), headings, limit)
    kept = [
        line for chapter in found.chapters for line in chapter.markdown.split("\n") if line and not line.startswith(("<a", "|"))
    ]
    assert kept == [line for line in lines if line and not line.startswith("|")]
    assert set(found.suffix_of.values()) <= {chapter.suffix for chapter in found.chapters}


def test_a_heading_as_long_as_a_text_gives_a_short_title() -> None:
    long = "word " * 5_000
    text = "".join(f"# {number} {long}\n\n{WORDS * 10}\n\n" for number in range(3))
    headings = [Heading(1, f"{number} {long}".strip(), f"a-{number}", 4 * number + 1) for number in range(3)]
    chapters = chapters_of(text, headings, limit=40_000).chapters
    assert len(chapters) > 1 and all(len(chapter.title) < 500 for chapter in chapters)
