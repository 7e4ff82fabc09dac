"""Documents of any length are cut along their headings into parts that fit, and an edit moves no border but its own."""

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gitkb.compile.grounding.quote import readable
from gitkb.compile.llm.parts import estimate_tokens, split_parts
from gitkb.model.documents import Conversion, Heading
from tests.support.model_replies import SETTINGS, conversion, requests

WORDS = "log page record buffer commit flush disk reader writer index branch merge transaction recovery checkpoint".split()


def prose(seed: int, words: int) -> str:
    """Paragraphs of so many words."""
    chance = random.Random(seed)
    paragraphs = []
    for _ in range(max(1, words // 70)):
        sentences = (
            f"The {' '.join(chance.choices(WORDS, k=5))} is of the {' '.join(chance.choices(WORDS, k=5))}." for _ in range(5)
        )
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def book(chapters: int = 12, sections: int = 5, words: int = 900) -> str:
    """A long document: chapters with sections."""
    lines = ["# A book of logs"]
    for chapter in range(chapters):
        lines += [f"## Chapter {chapter} of {WORDS[chapter % len(WORDS)]}", prose(chapter, 120)]
        for section in range(sections):
            lines += [f"### Section {chapter}.{section}", prose(1000 * chapter + section, words)]
    return "\n\n".join(lines)


def parts_of(document: Conversion, limit: int = 12_000) -> list[str]:
    return [part.text for part in split_parts(readable(document.markdown), document.headings, limit)]


def test_a_short_document_is_one_part_with_its_headings() -> None:
    document = conversion("# One\n\nSome text.\n\n## Two\n\nMore text.\n")
    (part,) = split_parts(readable(document.markdown), document.headings)
    assert (part.headings, part.above) == (("One", "Two"), ())
    assert part.text == "# One\n\nSome text.\n\n## Two\n\nMore text."


def test_a_long_document_is_cut_at_headings_and_nothing_is_lost() -> None:
    document = conversion(book())
    found = split_parts(readable(document.markdown), document.headings)
    assert len(found) > 5
    assert all(estimate_tokens(part.text) <= 12_500 for part in found)
    assert all(part.text.startswith("#") for part in found)
    assert "".join("".join(part.text.split()) for part in found) == "".join(document.markdown.split())
    assert {title for part in found for title in part.headings} == {heading.title for heading in document.headings}
    assert all(part.above[:1] == ("A book of logs",) for part in found[1:])


def test_an_edit_in_one_section_changes_the_question_about_its_part_only() -> None:
    before = {request.key for request in requests(conversion(book()))}
    for chapter, section in ((0, 0), (5, 2), (11, 4)):
        heading = f"### Section {chapter}.{section}\n\n"
        after = {
            request.key for request in requests(conversion(book().replace(heading, f"{heading}A new sentence about logs.\n\n")))
        }
        assert (len(before - after), len(after - before)) == (1, 1)


def test_a_new_chapter_in_the_middle_leaves_most_questions_as_they_were() -> None:
    before = {request.key for request in requests(conversion(book()))}
    longer = book().replace("## Chapter 6", f"## A chapter between\n\n{prose(77, 2_000)}\n\n## Chapter 6")
    assert len(before - {request.key for request in requests(conversion(longer))}) <= 2


def test_text_without_headings_is_cut_at_paragraphs_and_one_huge_line_where_it_must_be() -> None:
    document = conversion(prose(3, 60_000))
    parts = parts_of(document)
    assert len(parts) > 4
    assert all(estimate_tokens(part) <= 12_500 for part in parts)
    assert all(part.endswith(".") for part in parts)
    edited = parts_of(conversion("A new first sentence. " + document.markdown))
    assert len(set(parts) - set(edited)) <= 2
    huge = parts_of(conversion("word " * 100_000))
    assert all(estimate_tokens(part) <= 12_500 for part in huge)


def test_parts_fit_the_context_of_a_small_model_with_the_question_and_its_reply() -> None:
    small = replace(SETTINGS, context_tokens=8_192, max_output_tokens=2_048)
    for text in (book(), "データベースは変更をログに書き込む。" * 4_000):
        for request in requests(conversion(text), small):
            size = estimate_tokens(request.messages[0].text) + estimate_tokens(request.messages[1].text)
            assert size + estimate_tokens(request.schema) + request.max_tokens <= 8_192


def test_tokens_are_estimated_rather_too_high_in_every_script() -> None:
    assert estimate_tokens("the quick brown fox jumps over the lazy dog") >= 10
    assert estimate_tokens("データベース") >= 6
    assert estimate_tokens("журнал") >= 3


def test_long_tables_and_listings_are_shown_by_their_first_rows() -> None:
    rows = "\n".join(f"| {number} | value |" for number in range(5_000))
    listing = "\n".join(f"line_{number} = {number}" for number in range(5_000))
    parts = parts_of(conversion(f"# Data\n\nA table.\n\n| n | v |\n|---|---|\n{rows}\n\n```\n{listing}\n```\n\nThe end of it.\n"))
    assert len(parts) == 1
    assert "| 20 | value |" in parts[0] and "| 4000 | value |" not in parts[0]
    assert "line_20" in parts[0] and "line_4000" not in parts[0]
    assert "The end of it." in parts[0]


def test_the_text_below_headings_about_rights_is_not_sent() -> None:
    (request,) = requests(
        conversion("# Logs\n\nLogs are kept.\n\n## License\n\nPermission is hereby granted.\n\n## Use\n\nRead on.\n")
    )
    assert "Permission is hereby" not in request.messages[1].text
    assert "Read on." in request.messages[1].text


HEADING = st.builds(Heading, st.integers(1, 6), st.text(max_size=20), st.just("a"), st.integers(-3, 60))


@given(st.text("ab #\n.|`~", max_size=400), st.lists(HEADING, max_size=12), st.integers(0, 2_000))
@settings(max_examples=150, deadline=None)
def test_any_text_with_any_headings_gives_parts_in_order(text: str, headings: list[Heading], limit: int) -> None:
    found = split_parts(readable(text), sorted(headings, key=lambda heading: heading.line), limit)
    assert all(part.first <= part.last and part.text.strip() for part in found)
    assert all(one.last <= other.first for one, other in pairwise(found))
