from hypothesis import given
from hypothesis import strategies as st

from gitkb.formats.records import safe_document
from gitkb.intake.document_names import candidates, document_name, reserve
from gitkb.text.names.slugs import document_segment, slug, topic_key


def test_a_name_mirrors_the_path() -> None:
    assert document_name("docs/guide/Intro to X.pdf") == "docs/guide/intro-to-x"


def test_reserved_names_get_page() -> None:
    assert document_name("docs/index.md") == "docs/index-page"
    assert document_name("log.txt") == "log-page"


def test_equal_names_are_told_apart_by_ending_then_by_hash_in_scan_order() -> None:
    names = reserve(["a/x.docx", "a/x.md", "a/x.pdf", "a/X.md"], {}, lambda name: False)
    assert names["a/x.docx"] == "a/x"
    assert names["a/x.md"] == "a/x-md"
    assert names["a/x.pdf"] == "a/x-pdf"
    assert names["a/X.md"].startswith("a/x-") and len(names["a/X.md"]) == len("a/x-") + 8


def test_a_known_source_keeps_its_document() -> None:
    assert reserve(["a/x.md"], {"a/x.md": "a/x-md"}, lambda name: True) == {"a/x.md": "a/x-md"}


def test_long_names_are_cut_and_hashed() -> None:
    name = document_name("ü" * 200 + ".md")
    assert len(name.encode()) <= 100
    assert name != document_name("ü" * 201 + ".md")


def test_device_names_and_empty_ones_get_a_hash() -> None:
    assert document_name("con.md").startswith("con-")
    assert document_name("!!!.md").startswith("x-")


def test_names_keep_scripts_and_tell_c_from_c_plus_plus() -> None:
    assert document_segment("知識ベース") == "知識ベース"
    assert topic_key("C++") != topic_key("C#") != topic_key("C")
    assert topic_key("Smart pointers", "en") == topic_key("smart-pointer", "en") == "smart-pointer"


@given(st.text(max_size=300))
def test_every_segment_is_safe_and_stable(text: str) -> None:
    segment = document_segment(text)
    assert segment and "--" not in segment and "/" not in segment and not segment.startswith("-")
    assert len(segment.encode()) <= 110
    assert segment.isprintable() and segment not in (".", "..")
    assert safe_document(segment)
    assert slug(slug(text)) == slug(text)


@given(st.lists(st.text(alphabet="aA b.é", min_size=1, max_size=6).map(lambda s: f"r/{s}.md"), unique=True))
def test_no_two_sources_share_a_name(paths: list[str]) -> None:
    names = reserve(paths, {}, lambda name: False)
    assert len(set(names.values())) == len(paths)


@given(st.text(max_size=20))
def test_candidates_are_distinct_enough(name: str) -> None:
    first = candidates(f"a/{name}.md")
    assert next(first) != next(first)
